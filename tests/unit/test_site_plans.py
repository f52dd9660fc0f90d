"""Timing sheets that cannot be served, and the sum that says why."""
# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from calibration.finding import Finding
from calibration.load import SITES_DIR, load_site, read_site
from calibration.plans import Plan, ScheduleEntry, plans_of
from tests.unit.test_site_docs import PAGE

EXAMPLE = (SITES_DIR / "example.toml").read_text("utf-8")
#: The example without its plan, and two plans with a schedule in its place.
SHEET = (
    EXAMPLE[: EXAMPLE.index("[plan]")]
    + """
[[plans]]
number = 1
name = "day"
cycle_s = 90
splits_s = { 1 = 14, 2 = 32, 3 = 14, 4 = 30, 5 = 16, 6 = 30, 7 = 12, 8 = 32 }

[[plans]]
number = 2
name = "am-peak"
cycle_s = 110
offset_s = 40
splits_s = { 1 = 20, 2 = 40, 3 = 20, 4 = 30, 5 = 25, 6 = 35, 7 = 17, 8 = 33 }
sequence = [[[2, 1], [3, 4]], [[5, 6], [7, 8]]]
coordinated = [2, 6]
reference = "begin_green"
coordinated_actuated_s = 5
force_off = "floating"
permissive_s = { 3 = [50, 65] }
recall = { 4 = "min", 8 = "ped" }

[[schedule]]
weekdays = ["mon", "tue", "wed", "thu", "fri"]
from = "06:30"
plan = "am-peak"

[[schedule]]
from = "09:15"
plan = "day"

[[schedule]]
dates = ["12-25", 2026-12-31]
from = 00:00:00
plan = "free"
"""
)
AM = "plans[2] (plan 2)"

#: (what, old, new, where, words in what was found, words in the fix)
FAULTS = [
    ("split without its walk", "3 = 20, 4 = 30", "3 = 32, 4 = 18", f"{AM}.splits_s.4", "phase 4: split 18 s < walk 7 + pedestrian clearance 11 + yellow 3.5 + red clearance 1.5 = 23 s", "at least 23"),
    ("barrier missed", "5 = 25, 6 = 35", "5 = 25, 6 = 32", f"{AM}.splits_s", "ring 2 reaches barrier 1 after 25 (phase 5) + 32 (phase 6) = 57 s, another ring after 60 s", "add 3 s to phase 5 or 6"),
    ("cycle missed", "cycle_s = 110", "cycle_s = 100", f"{AM}.splits_s", "20 (phase 1) + 40 (phase 2) + 20 (phase 3) + 30 (phase 4) = 110 s, the cycle is 100 s", "-10 s"),
    ("offset beyond the cycle", "offset_s = 40", "offset_s = 150", f"{AM}.offset_s", "150 is not less than cycle_s = 110", "write 40"),
    ("coordinated phase unknown", "coordinated = [2, 6]", "coordinated = [2, 9]", f"{AM}.coordinated[2]", "there is no phase 9", "use 1, 2"),
    ("coordinated across the barrier", "coordinated = [2, 6]", "coordinated = [2, 4]", f"{AM}.coordinated", "phases 2 and 4 can never be green together", "one barrier group"),
    ("coordinated twice", "coordinated = [2, 6]", "coordinated = [2, 2]", f"{AM}.coordinated", "names a phase twice", "once"),
    ("sequence over the barrier", "[[2, 1], [3, 4]]", "[[2, 3], [1, 4]]", f"{AM}.sequence", "ring 1 has phases [2, 3] before barrier 1, signal.rings has [1, 2]", "their order"),
    ("sequence of other groups", "[[2, 1], [3, 4]]", "[[2, 1, 3, 4]]", f"{AM}.sequence", "other rings or barrier groups", "reorder [[[1, 2], [3, 4]]"),
    ("extension beyond the split", "coordinated_actuated_s = 5", "coordinated_actuated_s = 16", f"{AM}.coordinated_actuated_s", "phase 6: 16 s + walk 7 + pedestrian clearance 9 + yellow 4 + red clearance 1.5 = 37.5 s > split 35 s", "at most 13.5"),
    ("permissive too late", "3 = [50, 65]", "3 = [50, 72]", f"{AM}.permissive_s.3", "phase 3: begun at 72 its min green 5 ends after its force-off at 75.8", "by 70.8"),
    ("permissive beyond the cycle", "3 = [50, 65]", "3 = [50, 120]", f"{AM}.permissive_s.3", "[50, 120] goes beyond the cycle of 110 s", "cycle seconds"),
    ("permissive of no phase", "3 = [50, 65]", "9 = [50, 65]", f"{AM}.permissive_s.9", "there is no phase 9", "use 1, 2"),
    ("permissive of a coordinated phase", "3 = [50, 65]", "2 = [50, 65]", f"{AM}.permissive_s.2", "phase 2 is coordinated and always permitted", "remove it"),
    ("recall of no phase", '4 = "min"', '9 = "min"', f"{AM}.recall.9", "there is no phase 9", "use 1, 2"),
    ("pedestrians that are none", '4 = "min"', '3 = "ped"', f"{AM}.recall.3", "phase 3 has no pedestrians", "'min'"),
    ("number twice", "number = 2\nname = \"am-peak\"", "number = 1\nname = \"am-peak\"", "plans[2] (plan 1).number", "plan 'am-peak' and plan 'day' both have number 1", "write another, for example 2"),
    ("plan that is none", 'plan = "am-peak"\n', 'plan = "am-peek"\n', "schedule[1].plan", "there is no plan 'am-peek'", "use day, am-peak, or 'free'"),
    ("at the same time", 'from = "09:15"', 'from = "06:30"', "schedule[2]", "mon at 06:30 begins plan 'day', and schedule[1] begins plan 'am-peak' then, too", "change the days or the time"),
    ("no date", '"12-25"', '"02-30"', "schedule[3].dates[1]", "'02-30' is not a date", "'2026-12-25'"),
    ("no date either", '"12-25"', '"25.12.2026"', "schedule[3].dates[1]", "'25.12.2026' is not a date", "'2026-12-25'"),
    ("no leap year", '"12-25"', '"2026-02-29"', "schedule[3].dates[1]", "'2026-02-29' is not a date", "'12-25' for every year"),
    ("dates backwards", '"12-25"', '"2026-12-25/2026-12-24"', "schedule[3].dates[1]", "'2026-12-25/2026-12-24' does not run forward", "its last"),
    ("no time of day", '"09:15"', '"24:00"', "schedule[2].from", "'24:00' is not a time of day", "'06:30'"),
    ("key misspelt", 'from = "09:15"', 'form = "09:15"', "schedule[2]", "unknown key 'form'", "did you mean 'from'"),
    ("no weekday", '"mon", "tue"', '"mo", "tue"', "schedule[1].weekdays[1]", '"mo" is not known here', "'mon'"),
    ("dwell nowhere", 'name = "day"', 'name = "day"\ntransition = "dwell"', "plans[1] (plan 1).transition", "waits in the coordinated phases, and there are none", "add coordinated"),
    ("reference to nobody", 'name = "day"', 'name = "day"\nreference = "end_green"', "plans[1] (plan 1).reference", "there is none", "write 'cycle'"),
    ("extension of nobody", 'name = "day"', 'name = "day"\ncoordinated_actuated_s = 3', "plans[1] (plan 1).coordinated_actuated_s", "means nothing without coordinated phases", "remove"),
    ("a plan named free", 'name = "am-peak"', 'name = "free"', "plans[2] (plan 2).name", "is no plan's name", "otherwise"),
]  # fmt: skip

#: Those in which more than one thing is wrong.
SEVERAL = ("a plan named free", "sequence over the barrier")


def found(tmp_path: Path, text: str) -> tuple[Finding, ...]:
    path = tmp_path / "site.toml"
    path.write_text(text, "utf-8")
    return read_site(path)[1]


def test_the_sheet_is_good(tmp_path: Path) -> None:
    assert [finding.sentence() for finding in found(tmp_path, SHEET)] == []
    site = load_site(tmp_path / "site.toml")
    assert [plan.name for plan in plans_of(site)] == ["day", "am-peak"]
    assert site.schedule[2].dates == ("12-25", "2026-12-31")


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case[0].replace(" ", "-"))
def test_a_sheet_that_cannot_be_served_is_refused_with_the_sum(case: tuple[str, ...], tmp_path: Path) -> None:
    _, old, new, where, message, fix = case
    assert SHEET.count(old) == 1, f"{old!r} stands there {SHEET.count(old)} times"
    findings = [f for f in found(tmp_path, SHEET.replace(old, new)) if f.severity == "error"]
    finding = next(f for f in findings if f.where == where and message in f.message)
    assert fix in finding.fix
    assert len(findings) == 1 or case[0] in SEVERAL, [f.sentence() for f in findings]


def test_a_plan_that_never_runs_is_doubted(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, SHEET.replace('plan = "am-peak"\n', 'plan = "day"\n'))
    assert (finding.severity, finding.where) == ("warning", AM)
    assert "no [[schedule]] entry runs plan 'am-peak'" in finding.message


def test_names_are_unique_and_a_schedule_needs_plans(tmp_path: Path) -> None:
    text = SHEET.replace('name = "am-peak"', 'name = "day"').replace('plan = "am-peak"', 'plan = "day"')
    assert "plans[2] (plan 2).name: two plans are named 'day'; rename one" in {
        f.sentence() for f in found(tmp_path, text)
    }
    start, end = SHEET.index("[[plans]]"), SHEET.index("[[schedule]]")
    (finding,) = found(tmp_path, SHEET[:start] + SHEET[end:])
    assert finding.sentence() == "schedule: there is no plan for it; add [[plans]], or remove [[schedule]]"


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ('dates = ["12-25"]', 'dates = ["12-25"]\nweekdays = ["fri"]', True),
        ('dates = ["2026-12-20/2026-12-26"]', 'dates = ["2026-12-26/2026-12-31"]', True),
        ('dates = ["2026-12-20/2026-12-26"]', 'dates = ["2026-12-25"]', False),
        ('weekdays = ["sat"]', 'weekdays = ["sun"]', False),
        ("", 'weekdays = ["sun"]', True),
        ('dates = ["2026-12-19/2026-12-20"]', 'dates = ["2026-12-18/2026-12-31"]\nweekdays = ["fri"]', False),
    ],
)
def test_two_entries_for_the_same_instant_are_refused(first: str, second: str, together: bool, tmp_path: Path) -> None:
    start = SHEET.index("[[schedule]]")
    entries = "".join(
        f'[[schedule]]\n{days}\nfrom = "07:00"\nplan = "{plan}"\n'
        for days, plan in ((first, "day"), (second, "am-peak"))
    )
    assert bool(found(tmp_path, SHEET[:start] + entries)) is together


def test_max_request_must_outlast_a_lengthened_green(tmp_path: Path) -> None:
    text = SHEET.replace("max_green_s = 50\nyellow_s = 4.0", "max_green_s = 38\nmax_request_s = 40\nyellow_s = 4.0")
    findings = found(tmp_path, text)
    assert {f.severity for f in findings} == {"warning"}
    assert findings[0].message == "phase 2 is green for 41.4 s in a transition, longer than its max_request_s"


@pytest.mark.parametrize("model", [Plan, ScheduleEntry], ids=lambda model: model.__name__)
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    for name, key in model.model_fields.items():
        assert f"`{key.alias or name}`" in PAGE, f"{model.__name__}.{name}"
