"""Every way to get a site wrong that we know of, and the sentence that says so.

Each case changes the example site in one place and gives the words that must appear:
where it is, what was found, what to write.
"""
# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

import re
from pathlib import Path

import pytest

from calibration.finding import Finding
from calibration.load import SITES_DIR, find_site, load_site, read_site
from calibration.site import Site
from edge.errors import SiteError

EXAMPLE = (SITES_DIR / "example.toml").read_text("utf-8")
#: The text of one entry of the example: from its id to the next blank line.
NB1 = re.search(r'id = "NB1".*?(?=\n\n)', EXAMPLE, re.DOTALL)
NBT = re.search(r'id = "NBT".*?(?=\n\n)', EXAMPLE, re.DOTALL)
PHASE_2 = re.search(r"number = 2\n.*?(?=\n\n)", EXAMPLE, re.DOTALL)
assert NB1 is not None
assert NBT is not None
assert PHASE_2 is not None


def changed(tmp_path: Path, old: str, new: str, within: str = EXAMPLE) -> Path:
    """The example with `old`, which stands in it once (or once within a part of it), replaced."""
    assert within.count(old) == 1, f"{old!r} stands there {within.count(old)} times"
    path = tmp_path / "site.toml"
    path.write_text(EXAMPLE.replace(within, within.replace(old, new)), "utf-8")
    return path


def only(path: Path, severity: str) -> Finding:
    _, findings = read_site(path)
    assert [finding.severity for finding in findings] == [severity], [f.sentence() for f in findings]
    return findings[0]


def line_of(part: re.Match[str], key: str) -> str:
    return next(line for line in part.group().splitlines() if line.startswith(f"{key} ="))


STOP = line_of(NB1, "stop_line_px")
POLYGON = line_of(NB1, "polygon_px")
ENTRY = line_of(NBT, "entry")
EXIT = line_of(NBT, "exit")
NB1_TEXT, NBT_TEXT, PHASE_2_TEXT = NB1.group(), NBT.group(), PHASE_2.group()

#: (what, old, new, within, where, words in what was found, words in the fix)
KEYS = [
    ("key misspelt", POLYGON, POLYGON.replace("polygon_px", "poligon_px"), NB1_TEXT, 'lanes[1] "NB1"', "unknown key 'poligon_px'", "did you mean 'polygon_px'"),
    ("key without unit", POLYGON, POLYGON.replace("polygon_px", "polygon"), NB1_TEXT, 'lanes[1] "NB1"', "unknown key 'polygon'", "did you mean 'polygon_px', in pixels?"),
    ("key in metres", STOP, STOP.replace("_px", "_m"), NB1_TEXT, 'lanes[1] "NB1"', "unknown key 'stop_line_m'", "write it in pixels: stop_line_px"),
    ("key of nobody", STOP, STOP + '\ncolour = "red"', NB1_TEXT, 'lanes[1] "NB1"', "unknown key 'colour'", "use one of id, approach"),
    ("time in ms", "yellow_s = 4.0", "yellow_ms = 4000", PHASE_2_TEXT, "signal.phases[2] (phase 2)", "unknown key 'yellow_ms'", "write it in seconds: yellow_s = 4"),
    ("speed in km/h", 'name = "First Street from the south"\nspeed_limit_mps = 13.4', "speed_limit_kmh = 50", EXAMPLE, 'approaches[1] "NB"', "'speed_limit_kmh'", "speed_limit_mps = 13.9"),
    ("speed in mph", 'name = "First Street from the south"\nspeed_limit_mps = 13.4', "speed_limit_mph = 30", EXAMPLE, 'approaches[1] "NB"', "'speed_limit_mph'", "speed_limit_mps = 13.4"),
    ("key missing", "yellow_s = 4.0\n", "", PHASE_2_TEXT, "signal.phases[2] (phase 2).yellow_s", "is missing", "add yellow_s, in seconds"),
    ("yellow too short", "yellow_s = 4.0", "yellow_s = 2.9", PHASE_2_TEXT, "signal.phases[2] (phase 2).yellow_s", "2.9 is too small", "write at least 3, in seconds (3 s to 6 s is what MUTCD"),
    ("yellow too long", "yellow_s = 4.0", "yellow_s = 7", PHASE_2_TEXT, "signal.phases[2] (phase 2).yellow_s", "7 is too large", "write at most 6, in seconds"),
    ("text for a number", "yellow_s = 4.0", 'yellow_s = "4 s"', PHASE_2_TEXT, "signal.phases[2] (phase 2).yellow_s", '"4 s" is not a number', "write a plain number, in seconds"),
    ("text with a number", "yellow_s = 4.0", 'yellow_s = "4.0"', PHASE_2_TEXT, "signal.phases[2] (phase 2).yellow_s", '"4.0" is not a number', "plain number"),
    ("not a number", "yellow_s = 4.0", "yellow_s = nan", PHASE_2_TEXT, "signal.phases[2] (phase 2).yellow_s", "NaN is not a number", "plain number"),
    ("half a phase", "number = 2", "number = 2.5", PHASE_2_TEXT, "signal.phases[2] (phase 2.5).number", "2.5 is not a whole number", "write a whole number"),
    ("number for text", 'name = "First Street / Main Avenue"', "name = 7", EXAMPLE, "name", "7 is not text", "in quotes"),
    ("three coordinates", "size_px = [640, 360]", "size_px = [640, 360, 3]", EXAMPLE, 'cameras[1] "mast".size_px', "has 3", "give at most 2"),
    ("one coordinate", STOP, re.sub(r"\[\[\d+, ", "[[", STOP), NB1_TEXT, 'lanes[1] "NB1".stop_line_px[1]', "too few numbers", "write two, in pixels"),
    ("no table", ENTRY, 'entry = "south"', NBT_TEXT, 'movements[2] "NBT".entry', '"south" is not a table', "key = value"),
    ("no kind", 'kinds = ["person"]', 'kinds = ["lorry"]', EXAMPLE, 'movements[14] "P2".kinds[1]', '"lorry" is not known here', "'car', 'truck'"),
    ("no anchor", 'anchor = "foot"', 'anchor = "feet"', EXAMPLE, 'cameras[1] "mast".anchor', '"feet" is not known here', "'foot' or 'centre'"),
    ("no time zone", "America/Chicago", "America/Chicgao", EXAMPLE, "timezone", "unknown time zone 'America/Chicgao'", "Europe/London"),
    ("no schema", "schema_version = 1", "schema_version = 2", EXAMPLE, "schema_version", "2 is not known here", "write 1"),
    ("no movement's name", 'id = "NBT"', 'id = "NB-T"', NBT_TEXT, 'movements[2] "NB-T".id', '"NB-T" is not a valid name', "NBL, NBT"),
    ("no site's name", 'id = "example"', 'id = "First Street"', EXAMPLE, "id", '"First Street" is not a valid name', "lower case"),
    ("no split's phase", "\n8 = 32", "\n8 = 32\neight = 3", EXAMPLE, "plan.splits_s.eight", '"eight" is not a whole number', "whole number"),
]  # fmt: skip

#: As above, for what only the whole site shows.
WHOLE = [
    ("movement twice", 'id = "NBT"', 'id = "NBL"', NBT_TEXT, 'movements[2] "NBL".id', '"NBL" is also the id of movements[1]', "give each its own"),
    ("lane of no approach", 'approach = "NB"', 'approach = "NEB"', NB1_TEXT, 'lanes[1] "NB1".approach', 'there is no approach "NEB"', 'did you mean "NB"'),
    ("lane of no camera", 'camera = "mast"', 'camera = "must"', NB1_TEXT, 'lanes[1] "NB1".camera', 'there is no camera "must"', 'did you mean "mast"'),
    ("lane of no phase", "phase = 3", "phase = 9", NB1_TEXT, 'lanes[1] "NB1".phase', "there is no phase 9", "use one of 1, 2"),
    ("movement of no lane", 'lanes = ["NB2"]', 'lanes = ["NB3"]', NBT_TEXT, 'movements[2] "NBT".lanes[1]', 'there is no lane "NB3"', 'did you mean "NB2"'),
    ("movement of another's lane", 'lanes = ["NB2"]', 'lanes = ["SB2"]', NBT_TEXT, 'movements[2] "NBT".lanes[1]', 'lane "SB2" belongs to approach SB', "own approach"),
    ("movement of another approach", 'id = "NBT"', 'id = "EBT2"', NBT_TEXT, 'movements[2] "EBT2".approach', '"NB" does not fit the movement\'s name EBT2', 'approach = "EB"'),
    ("crossing without people", 'kinds = ["person"]', 'kinds = ["bicycle"]', EXAMPLE, 'movements[14] "P2".kinds', "counts no person", 'kinds = ["person"]'),
    ("nothing counted", EXIT, EXIT + "\nkinds = []", NBT_TEXT, 'movements[2] "NBT".kinds', "is empty", "leave it out"),
    ("polygon crosses itself", POLYGON, "polygon_px = [[322, 231], [375, 321], [358, 231], [323, 321]]", NB1_TEXT, 'lanes[1] "NB1".polygon_px', "the edge from point 1 [322, 231] to point 2 [375, 321] meets the edge from point 3 [358, 231] to point 4 [323, 321]", "in the order"),
    ("polygon with a point twice", POLYGON, POLYGON.replace("]]", "], [323, 321]]"), NB1_TEXT, 'lanes[1] "NB1".polygon_px', "point 4 [323, 321] is given twice", "remove one"),
    ("polygon without area", POLYGON, "polygon_px = [[322, 231], [358, 231], [340, 232]]", NB1_TEXT, 'lanes[1] "NB1".polygon_px', "encloses 18 square pixels", "as large as the lane"),
    ("polygon partly outside", POLYGON, "polygon_px = [[322, 231], [358, 231], [375, 371], [323, 371]]", NB1_TEXT, 'lanes[1] "NB1".polygon_px', "point 3 [375, 371] lies outside the 640×360 picture", "y within 0 to 360"),
    ("polygon wholly outside", POLYGON, "polygon_px = [[966, 693], [1074, 693], [1125, 963], [969, 963]]", NB1_TEXT, 'lanes[1] "NB1".polygon_px', "lies wholly outside the 640×360 picture", "of this picture size"),
    ("polygon over the horizon", POLYGON, "polygon_px = [[322, 231], [358, 231], [340, 5]]", NB1_TEXT, 'lanes[1] "NB1".polygon_px', "the horizon passes through it: point 3 [340, 5]", "nearer to the camera"),
    ("lane not seen", 'anchor = "foot"', 'anchor = "foot"\nignore_px = [[[300, 225], [360, 225], [376, 330], [300, 330]]]', EXAMPLE, 'lanes[1] "NB1".polygon_px', "wholly covered by ignore_px", "shrink ignore_px"),
    ("stop line outside", STOP, "stop_line_px = [[322, 233], [722, 233]]", NB1_TEXT, 'lanes[1] "NB1".stop_line_px', "reaches outside the 640×360 picture", "x within 0 to 640"),
    ("stop line elsewhere", STOP, "stop_line_px = [[22, 233], [59, 233]]", NB1_TEXT, 'lanes[1] "NB1".stop_line_px', "does not cross its lane's polygon_px", "downstream end"),
    ("stop line a point", STOP, "stop_line_px = [[322, 233], [322, 233]]", NB1_TEXT, 'lanes[1] "NB1".stop_line_px', "the same point", "two ends"),
    ("stop line amid the lane", STOP, "stop_line_px = [[322, 264], [364, 264]]", NB1_TEXT, 'lanes[1] "NB1".stop_line_px', "which side is upstream cannot be told", "end polygon_px at the stop line"),
    ("gate a point", EXIT, "exit = { line_px = [[321, 154], [322, 154]] }", NBT_TEXT, 'movements[2] "NBT".exit.line_px', "is 1.0 px long", "two ends"),
    ("gate outside", EXIT, "exit = { line_px = [[963, 462], [1119, 462]] }", NBT_TEXT, 'movements[2] "NBT".exit.line_px', "lies wholly outside the 640×360 picture", "x within 0 to 640"),
    ("gate at the lower edge", ENTRY, "entry = { line_px = [[358, 356], [399, 356]] }", NBT_TEXT, 'movements[2] "NBT".entry.line_px', "is too near the lower edge of the 640×360 picture: a box's lower edge must get 0.5 m of road past the line and stay 7 px (2% of the height) inside, so it can never be crossed", "further into the picture"),
    ("gate over the horizon", EXIT, "exit = { line_px = [[321, 10], [373, 10]] }", NBT_TEXT, 'movements[2] "NBT".exit', "beyond the horizon", "nearer to the camera"),
    ("gates the same", EXIT, ENTRY.replace("entry", "exit"), NBT_TEXT, 'movements[2] "NBT".exit.line_px', "is the same line as the entry gate", "where the movement leaves"),
    ("gates cross", EXIT, "exit = { line_px = [[380, 154], [380, 239]] }", NBT_TEXT, 'movements[2] "NBT".exit.line_px', "crosses the entry gate", "draw them apart"),
    ("gate aslant", EXIT, "exit = { line_px = [[372, 200], [366, 164]] }", NBT_TEXT, 'movements[2] "NBT".exit', "which way traffic passes it is a guess", "give toward_px"),
    ("side on the line", EXIT, EXIT.replace(" }", ", toward_px = [350, 154] }"), NBT_TEXT, 'movements[2] "NBT".exit.toward_px', "from the gate's own line", "well on the side"),
    ("U-turn without side", ", toward_px = [337, 206]", "", EXAMPLE, 'movements[13] "NBU".entry', "a U-turn leaves behind its entry gate", "give toward_px"),
    ("travel too long", 'id = "EBT"', 'id = "EBT"\nmin_travel_m = 99', EXAMPLE, 'movements[8] "EBT".min_travel_m', "m of the movement that the camera sees, so nothing would be counted", "write at most 2"),
    ("pair mismeasured", "m = [0.0, -14.0]", "m = [0.0, -10.0]", EXAMPLE, 'cameras[1] "mast".homography.pairs', "more than max_error_m = 0.3", "measure it again"),
    ("phase in no ring", "[[5, 6], [7, 8]]", "[[5, 6], [7]]", EXAMPLE, "signal.rings", "phase 8 stands in no ring", "add it to a ring"),
    ("phase in two rings", "[[5, 6], [7, 8]]", "[[5, 6], [7, 8, 4]]", EXAMPLE, "signal.rings", "phase 4 stands there 2 times", "once"),
    ("phase without times", "[[5, 6], [7, 8]]", "[[5, 6, 9], [7, 8]]", EXAMPLE, "signal.rings", "phase 9 has no times", "number = 9"),
    ("rings uneven", "[[5, 6], [7, 8]]", "[[5, 6, 7, 8]]", EXAMPLE, "signal.rings", "ring 1 has 2, ring 2 has 1", "same number"),
    ("phase described twice", "[plan]", PHASE_2_TEXT.replace("number", "[[signal.phases]]\nnumber") + "\n\n[plan]", EXAMPLE, "signal.phases[2] (phase 2)", "phase 2 is described twice", "remove one"),
    ("greens crossed", "max_green_s = 50", "max_green_s = 8", PHASE_2_TEXT, "signal.phases[2] (phase 2).max_green_s", "8 is less than min_green_s = 10", "at least 10"),
    ("walk alone", "ped_clearance_s = 9", "", PHASE_2_TEXT, "signal.phases[2] (phase 2).walk_s", "is given without ped_clearance_s", "add ped_clearance_s"),
    ("split without walk", "1 = 14\n2 = 32", "1 = 25\n2 = 21", EXAMPLE, "plan.splits_s.2", "phase 2: split 21 s < walk 7 + pedestrian clearance 9 + yellow 4 + red clearance 1.5 = 21.5 s", "at least 21.5"),
    ("split without green", "5 = 16\n6 = 30", "5 = 8\n6 = 38", EXAMPLE, "plan.splits_s.5", "phase 5: split 8 s < min green 5 + yellow 3.6 + red clearance 1 = 9.6 s", "at least 9.6"),
    ("split missing", "8 = 32", "", EXAMPLE, "plan.splits_s", "phase 8 has no split", "add 8"),
    ("split of no phase", "8 = 32", "8 = 32\n9 = 10", EXAMPLE, "plan.splits_s.9", "there is no phase 9", "use 1, 2"),
    ("barrier missed", "5 = 16", "5 = 14", EXAMPLE, "plan.splits_s", "ring 2 reaches barrier 1 after 14 (phase 5) + 30 (phase 6) = 44 s, another ring after 46 s", "add 2 s to phase 5 or 6"),
    ("cycle missed", "cycle_s = 90", "cycle_s = 95", EXAMPLE, "plan.splits_s", "ring 1 adds up to 14 (phase 1) + 32 (phase 2) + 14 (phase 3) + 30 (phase 4) = 90 s, the cycle is 95 s", "+5 s"),
    ("offset too long", "offset_s = 12", "offset_s = 102", EXAMPLE, "plan.offset_s", "102 is not less than cycle_s = 90", "write 12"),
]  # fmt: skip

DOUBTS = [
    ("gate half at the edge", ENTRY, "entry = { line_px = [[360, 347], [352, 360]], toward_px = [400, 231] }", NBT_TEXT, 'movements[2] "NBT".entry.line_px', "lower edge", "further into"),
    ("gates nearer than the travel", EXIT, EXIT + "\nmin_travel_m = 40", NBT_TEXT, 'movements[2] "NBT".min_travel_m', "a vehicle first seen at the entry gate would not be counted", "write at most 2"),
    ("lanes over one another", POLYGON, POLYGON.replace("[358, 231], [375, 321]", "[378, 231], [395, 321]"), NB1_TEXT, 'lanes[2] "NB2".polygon_px', 'lies over lane "NB1"', "its own part"),
    ("lane half covered", 'anchor = "foot"', 'anchor = "foot"\nignore_px = [[[300, 270], [376, 270], [376, 330], [300, 330]]]', EXAMPLE, 'lanes[1] "NB1".polygon_px', "is covered by ignore_px", "shrink"),
    ("pedestrians longer than green", "max_green_s = 50", "max_green_s = 15", PHASE_2_TEXT, "signal.phases[2] (phase 2).max_green_s", "15 is less than walk and pedestrian clearance together, 16", "raise it"),
    ("approach unused", "[[lanes]] # left turns\nid = \"NB1\"", '[[approaches]]\nid = "NEB"\nspeed_limit_mps = 9\n\n[[lanes]]\nid = "NB1"', EXAMPLE, 'approaches[5] "NEB"', "no lane or movement belongs to it", "remove it"),
]  # fmt: skip

Case = tuple[str, str, str, str, str, str, str]


def check(tmp_path: Path, case: Case, severity: str) -> None:
    _, old, new, within, where, found, fix = case
    finding = only(changed(tmp_path, old, new, within), severity)
    assert finding.where == where
    assert found in finding.message
    assert fix in finding.fix
    assert "\n" not in finding.sentence()


@pytest.mark.parametrize("case", KEYS, ids=lambda case: case[0])
def test_a_wrong_key_or_value_is_named_with_its_fix(tmp_path: Path, case: Case) -> None:
    check(tmp_path, case, "error")


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case[0])
def test_what_only_the_whole_site_shows_is_named_with_its_fix(tmp_path: Path, case: Case) -> None:
    check(tmp_path, case, "error")


@pytest.mark.parametrize("case", DOUBTS, ids=lambda case: case[0])
def test_a_doubt_is_told_and_passes(tmp_path: Path, case: Case) -> None:
    check(tmp_path, case, "warning")
    load_site(tmp_path / "site.toml")


def test_every_site_that_comes_along_is_served() -> None:
    files = sorted(SITES_DIR.glob("*.toml"))
    assert "example" in {file.stem for file in files}
    for file in files:
        assert isinstance(load_site(file), Site)
        assert load_site(file).id == file.stem


def test_the_example_raises_no_doubt() -> None:
    assert read_site(SITES_DIR / "example.toml")[1] == ()


def test_phases_and_plan_need_a_signal(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    start, end = EXAMPLE.index("[signal]"), EXAMPLE.index("[plan]")
    path.write_text(EXAMPLE[:start] + EXAMPLE[end:], "utf-8")
    _, findings = read_site(path)
    assert findings[-1].sentence() == (
        "plan: there is a plan but no [signal]; add [signal] with its phases, or remove the plan"
    )
    assert {finding.message for finding in findings[:8]} >= {"phase 3 is named but there is no [signal]"}
    assert len(findings) == 8 + 13 + 1


def test_all_faults_are_told_at_once_one_a_line_each_with_the_file(tmp_path: Path) -> None:
    path = changed(tmp_path, "yellow_s = 4.0", "yellow_s = 2.9\nwalk = 3", PHASE_2_TEXT)
    path.write_text(path.read_text("utf-8").replace("cycle_s = 90", "cycle = 90"), "utf-8")
    with pytest.raises(SiteError) as caught:
        load_site(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path}: ") for line in lines)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'id = "a\n', ["not valid TOML", "line 1"]),
        (b"schema_version = 1\nschema_version = 1\n", ["not valid TOML", "line 2"]),
        (b"\xff\xfe\x00", ["not text in UTF-8"]),
        (b"", ["cameras: is missing; add cameras"]),
    ],
)
def test_a_file_that_is_no_site_is_refused(tmp_path: Path, content: bytes, words: list[str]) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(content)
    with pytest.raises(SiteError) as caught:
        load_site(path)
    assert str(path) in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_site_is_found_by_path_or_by_name(tmp_path: Path) -> None:
    assert find_site("example") == SITES_DIR / "example.toml"
    assert find_site(SITES_DIR / "example.toml") == SITES_DIR / "example.toml"
    with pytest.raises(SiteError, match="did you mean 'example'"):
        find_site("exampel")
    with pytest.raises(SiteError, match="no such site"):
        find_site(tmp_path / "nowhere.toml")
    with pytest.raises(SiteError, match="is a folder"):
        find_site(tmp_path)
