"""What a stranger does wrong with a scenario, through the installed command: one sentence, its code, nothing left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli import main as cli

pytest.importorskip("libsumo")

ROOT = Path(__file__).parents[2]
ARMS = "".join(f'[[junction.arms]]\napproach = "{name}"\n' for name in ("NB", "SB", "EB", "WB"))
CAMERA = '[[cameras]]\nid = "mast"\nfacing = "NB"\nbeyond_m = 30\nfov_deg = 62\naim_m = 12\nheight_m = 10\n'
HEAD = 'schema_version = 1\nid = "mine"\nabout = "Mine."\nduration_s = 3\nwarm_up_s = 5\n'
NBT = 'demand = [{ movement = "NBT", vehicles_per_h = 300 }]\n'
GOOD = HEAD + NBT + ARMS + CAMERA
INCIDENT = '[[incidents]]\nkind = "stopped_vehicle"\nat_s = 1\nfor_s = 1\n'
# Two roads that meet without a signal, as netconvert takes them.
NODES = (
    '<nodes><node id="C" x="0" y="0" type="priority"/>'
    + "".join(
        f'<node id="{name}" x="{x}" y="{y}"/>'
        for name, x, y in (("S", 0, -200), ("N", 0, 200), ("W", -200, 0), ("E", 200, 0))
    )
    + "</nodes>"
)
EDGES = (
    "<edges>"
    + "".join(f'<edge id="{a}{b}" from="{a}" to="{b}"/>' for end in "SNWE" for a, b in ((end, "C"), ("C", end)))
    + "</edges>"
)


def stopline(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and the one line that begins with `stopline:`, of the command's entry in this process."""
    capsys.readouterr()
    code = cli.main(list(arguments))
    complaints = [line for line in capsys.readouterr().err.splitlines() if line.startswith("stopline:")]
    assert len(complaints) == (code != 0), complaints
    return code, "".join(complaints)


def process(cwd: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """The same of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "edge.cli.main", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    complaints = [line for line in done.stderr.splitlines() if line.startswith("stopline:")]
    assert len(complaints) == (done.returncode != 0), done.stderr
    return done.returncode, "".join(complaints)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (GOOD.replace("fov_deg = 62", "fov_deg = 20\npos_m = [60, 300]").replace("aim_m = 12", "aim_m = -20"), 78,
         ["mine.toml: cameras.mast", "lane"]),
        (GOOD.replace('"NBT"', '"NBU"'), 78, ["mine.toml: demand.0.movement", "NBU", "NBT"]),
        (GOOD.replace('"NBT"', '"north"'), 78, ["mine.toml", "demand.0.movement"]),
        (GOOD + INCIDENT.replace("at_s = 1", "at_s = 30") + 'lane = "NB1"\n', 78,
         ["incidents.0.at_s", "outside the run"]),
        (GOOD + INCIDENT + 'lane = "NB7"\n', 78, ["mine.toml: incidents.0", "NB7", "NB1"]),
        (GOOD + INCIDENT + 'movement = "NBT"\n', 78, ["mine.toml: incidents.0", "does not use movement, only lane"]),
        (GOOD.replace("duration_s", "fps = 7\nduration_s"), 78, ["mine.toml: fps", "10"]),
        (GOOD.replace("= 300", "= 90000"), 78, ["demand.0.vehicles_per_h", "4000"]),
        (GOOD.replace("= 300 }", "= 300, mix = { saloon = 0.4 } }"), 78, ["mine.toml: demand.0.mix", "1"]),
        (GOOD.replace("= 300 }", "= 300, mix = { coach = 1.0 } }"), 78, ["demand", "coach", "saloon"]),
        (GOOD.replace("seed", "sede").replace("warm_up_s", "warmup_s"), 78, ["warmup_s"]),
        (GOOD.replace('facing = "NB"', 'facing = "NE"'), 78, ["cameras.0.facing"]),
        (HEAD + NBT + '[junction]\nnet = "plain.net.xml"\njunction = "C"\n' + CAMERA, 78, ["plain.net.xml", "signal"]),
        (HEAD + NBT + '[junction]\nnet = "gone.net.xml"\njunction = "C"\n' + CAMERA, 78, ["gone.net.xml"]),
        ("id = ", 78, ["mine.toml", "TOML"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_a_scenario_that_cannot_be(
    tmp_path: Path,
    plain_net: Path,
    text: str,
    code: int,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(text)
    (tmp_path / "plain.net.xml").write_bytes(plain_net.read_bytes())
    before = sorted(tmp_path.iterdir())
    ended, said = stopline(capsys, "scene", "render", "mine.toml", "-o", "films", "--seconds", "1")
    assert ended == code, said
    for word in words:
        assert word in said
    # Nothing half written: no file, and at most the empty folder asked for.
    assert not (tmp_path / "films").exists() or not list((tmp_path / "films").iterdir())
    assert [path for path in sorted(tmp_path.iterdir()) if path.name != "films"] == before


@pytest.fixture(scope="module")
def plain_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import sumo

    folder = tmp_path_factory.mktemp("net")
    (folder / "n.nod.xml").write_text(NODES)
    (folder / "n.edg.xml").write_text(EDGES)
    tool = str(Path(sumo.SUMO_HOME) / "bin" / "netconvert")
    subprocess.run(
        [tool, "-n", "n.nod.xml", "-e", "n.edg.xml", "-o", "plain.net.xml"], cwd=folder, check=True, capture_output=True
    )
    return folder / "plain.net.xml"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("render", "nowhere"), 78, ["nowhere", "no such scenario", "rush"]),
        (("render", "demo", "--camera", "east"), 78, ["no camera 'east'", "north-mast"]),
        (("render", "demo", "--seconds", "1", "-o", "text.txt"), 74, ["text.txt", "choose"]),
        (("render", "demo", "--seconds", "1", "-o", "/proc/films"), 74, ["/proc/films", "choose"]),
        (("dataset", "--out", "full", "--images", "1", "--seed", "1"), 74, ["full", "new folder"]),
        (("dataset", "--out", "new", "--images", "1", "--seed", "1", "--split", "test"), 78, ["train nor val"]),
        (("dataset", "--out", "new", "--images", "1", "--seed", "1", "--scenarios", "rush,bush"), 78, ["bush"]),
        (
            ("dataset", "--out", "new", "--images", "1", "--seed", "1", "--scenarios", ","),
            78,
            ["--scenarios: names none"],
        ),
        (("sheet", "-o", "s.txt", "--scenarios", "quiet"), 78, ["--out: s.txt", ".jpg"]),
        (("sheet", "-o", "text.txt", "--scenarios", "quiet"), 78, ["--out: text.txt", ".jpg"]),
        (("sheet", "-o", "s.jpg", "--scenarios", ","), 78, ["names none"]),
        (("sheet", "-o", "s.jpg", "--scenarios", ""), 78, ["--scenarios: names none"]),
        (("site", "demo", "-o", "/proc/demo.toml"), 74, ["/proc/demo.toml", "choose"]),
        (("sheet", "-o", "/proc/sheet.jpg", "--scenarios", "quiet"), 74, ["/proc/sheet.jpg", "choose"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_command_that_cannot_be_done(
    tmp_path: Path,
    arguments: tuple[str, ...],
    code: int,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("text\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("text\n")
    ended, said = stopline(capsys, "scene", *arguments)
    assert ended == code, said
    for word in words:
        assert word in said
    assert {path.name for path in tmp_path.iterdir()} <= {"text.txt", "full", "out"}
    assert (tmp_path / "text.txt").read_text() == "text\n"


def test_without_sumo_the_extra_is_named_and_the_list_still_works(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    absent.mkdir()
    for name in ("libsumo", "sumo", "sumolib"):
        (absent / f"{name}.py").write_text(f"raise ModuleNotFoundError('not here', name='{name}')\n")
    path = os.pathsep.join((str(absent), str(ROOT)))
    ended, said = process(tmp_path, "scene", "render", "demo", "--seconds", "1", "-o", "films", PYTHONPATH=path)
    assert ended == 78
    assert "stopline[sim]" in said
    assert not (tmp_path / "films").exists()
    assert process(tmp_path, "scene", "list", PYTHONPATH=path) == (0, "")
