"""A net made on the spot under every controller through the real core: laws, repeatability, the command, bad input."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.signal_runs import ACTUATED, ADAPTIVE, OWN_3S, SUMO_ACTUATED, Cell, Kept, fingerprint, run_cell
from benchmarks.signal_table import goals, tabled
from edge.cli import main as cli
from edge.clock import SystemClock
from sim_videos.nets.controllers import CONTROLLERS
from sim_videos.nets.eyes import CAMERA, FULL, Sight
from sim_videos.nets.junction import Times
from sim_videos.nets.made import Traffic, made_corridor
from sim_videos.nets.run import Result, Scenario, run
from sim_videos.nets.sumo_program import SumoProgram

pytest.importorskip("sumo")

SECONDS = 180


@pytest.fixture(scope="module")
def corridor(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return made_corridor(tmp_path_factory.mktemp("corridor"), seconds=SECONDS, traffic=Traffic(side_vph=500.0))


def one_run(scenario: Scenario, name: str, *, seed: int = 1, sight: Sight = FULL) -> Result:
    return run(
        scenario,
        CONTROLLERS[name],
        seed=seed,
        sight=sight,
        sumo=SumoProgram.found(),
        clock=SystemClock(),
        times=Times(red_clearance_s=1.0),
    )


def test_two_seeds_of_the_benchmark_hold_its_goals(corridor: Scenario, tmp_path: Path) -> None:
    kept = Kept(tmp_path / "rows.jsonl")
    sumo, root = SumoProgram.found(), Path(__file__).parents[2]
    for column in (OWN_3S, SUMO_ACTUATED, ACTUATED, ADAPTIVE):
        for seed in (1, 2):
            kept.add(run_cell(Cell(corridor, column, 0.0, seed), sumo, fingerprint(column, root)))
    rows = list(Kept(tmp_path / "rows.jsonl").rows.values())
    assert rows == list(kept.rows.values())
    missed = [goal for goal in goals(tabled(rows), sumo.version) if not goal.holds and "decision" not in goal.name]
    assert missed == []
    assert all(row.laws == 0 and row.refused == 0 for row in rows)


@pytest.mark.parametrize("name", ["fixed", "actuated"])
def test_the_same_seed_gives_the_same_run_whoever_looks(corridor: Scenario, name: str) -> None:
    first, again = one_run(corridor, name), one_run(corridor, name)
    assert first.delay == again.delay
    assert first.violations == ()
    assert first.laws_broken == 0
    # Fixed time asks nobody, so eyes make no difference to it; the actuated one sees less through a camera.
    blind = one_run(corridor, name, sight=CAMERA)
    assert (blind.delay == first.delay) == (name == "fixed")
    assert one_run(corridor, name, seed=2).delay != first.delay


def test_the_command_writes_its_report(corridor: Scenario, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["--net", str(corridor.net), "--routes", str(corridor.routes), "--begin", "0", "--end", "60"]
    code = cli.main(["simulate", *arguments, "--control", "fixed,actuated", "--out", str(out), "--json", "--hires"])
    assert code == 0
    figures = json.loads(capsys.readouterr().out)
    assert [one["control"] for one in figures["runs"]] == ["fixed", "actuated"]
    assert all(one["violations"] == [] and one["seconds"] == 60 for one in figures["runs"])
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<h2>Why</h2>" in page
    assert "decisions, with the reason of each" in page
    assert page.count("<svg") == 2 + 2 * 2  # spread, queues; two junctions of two runs
    events = [json.loads(line) for line in (out / "actuated-full" / "events.jsonl").read_text().splitlines()]
    assert {one["kind"] for one in events} == {"run", "request", "signal", "end"}
    assert all(one["reason"] for one in events if one["kind"] == "request")
    header, *rows = csv.reader((out / "actuated-full" / "hires.csv").read_text().splitlines())
    assert header == ["TimeStamp", "DeviceId", "EventId", "Parameter"]
    junctions = {one["junction"] for one in events if one["kind"] == "signal"}
    assert {row[1] for row in rows} == junctions
    # Every green of the log, with its own instant: 1 of each phase, and 8 and 10 when it ends.
    before: dict[tuple[str, str], str] = {}
    greens = 0
    for one in (event for event in events if event["kind"] == "signal"):
        for phase, interval in one["phases"].items():
            greens += interval == "green" != before.get((one["junction"], phase), "green")
            before[one["junction"], phase] = interval
    assert sum(row[2] == "1" for row in rows) == greens > 4
    assert {"8", "9", "82", "81"} <= {row[2] for row in rows}
    assert min(row[0] for row in rows) >= "1970-01-01 00:00:00.0"
    assert not (out / "fixed-full" / "hires.csv").read_text().count(",31,"), "no rings, no barriers"


def test_delay_is_what_sumo_wrote_itself(corridor: Scenario, tmp_path: Path) -> None:
    """The bare run of the same net: figures from its list of trips with another reader."""
    sumo = SumoProgram.found()
    row = run_cell(Cell(corridor, OWN_3S, 0.0, 3), sumo, "x")
    trips = ET.parse(corridor.routes).getroot().findall("trip")  # noqa: S314 - our own file
    assert row.vehicles == sum(1 for trip in trips if float(trip.get("depart", "0")) < corridor.end_s)
    assert row.waiting + row.unfinished < row.vehicles


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--net", "none.net.xml"], "--net and --routes go together"),
        (["rush", "--net", "a", "--routes", "b"], "take the place of SCENARIO"),
        (["rush", "--hires"], "--hires is of --net"),
        (["--net", "a", "--routes", "b", "--show"], "--net has no cameras"),
        (["--net", "a", "--routes", "{routes}", "--control", "clever"], "there is no controller 'clever'"),
        (["--net", "a.net.xml", "--routes", "{routes}"], "a.net.xml: cannot be read"),
        (["--net", "{net}", "--routes", "b.rou.xml"], "b.rou.xml: cannot be read"),
        (
            ["--net", "{net}", "--routes", "{routes}", "--begin", "9", "--end", "5"],
            "--end: 5 is not after the begin, 9",
        ),
        (["--net", "{net}", "--routes", "{routes}", "--eyes", "keen"], "there are no 'keen'"),
        (["--net", "{net}", "--routes", "{routes}", "--sumo", "nowhere"], "nowhere: there is no such program"),
        (["--net", "{net}", "--routes", "{routes}", "--end", "9", "--seconds", "5"], "--end and --seconds both"),
        ([], "name a scenario"),
    ],
)
def test_bad_input_is_one_sentence(
    corridor: Scenario, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    out = tmp_path / "out"
    filled = [one.format(net=corridor.net, routes=corridor.routes) for one in arguments]
    code = cli.main(["simulate", *filled, "--out", str(out)])
    printed = capsys.readouterr().err
    assert code in {65, 78}
    assert said in printed
    assert printed.count("\n") == 1
    assert not out.exists()


def test_what_sumo_says_of_a_bad_route_is_told(
    corridor: Scenario, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    routes = tmp_path / "bad.rou.xml"
    routes.write_text('<routes><trip id="a" depart="0" from="nowhere" to="WJ1"/></routes>', encoding="utf-8")
    out = tmp_path / "out"
    assert cli.main(["simulate", "--net", str(corridor.net), "--routes", str(routes), "--out", str(out)]) == 65
    assert "nowhere" in capsys.readouterr().err
    assert not out.exists()


def test_without_sumo_the_extra_is_named(corridor: Scenario, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['sumo'] = None\n"
        "from edge.cli.main import run\n"
        f"sys.argv = ['stopline', 'simulate', '--net', {str(corridor.net)!r}, '--routes', {str(corridor.routes)!r}]\n"
        "run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert done.returncode in {78, 79}
    assert "pip install 'stopline[sim]'" in done.stderr
