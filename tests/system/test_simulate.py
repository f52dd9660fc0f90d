"""`stopline simulate` whole: SUMO's street, eyes, controller and lamps, in a few short runs."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.cli import main as cli
from edge.cli.stopping import StopSignals
from edge.clock import SystemClock
from edge.control.adaptive.controller import AdaptiveController
from edge.control.junction import Surroundings as Known
from edge.errors import ModelError
from edge.frames import Detections, Frame
from sim_videos.scenario import Scenario
from sim_videos.simulate.compose import Surroundings, simulate
from sim_videos.simulate.controllers import CONTROLLERS
from sim_videos.simulate.junction import junction_of
from sim_videos.simulate.order import SimulateOptions
from sim_videos.street import Street
from tests import plain_street

SECONDS = 12.0


def street(**other: object) -> Scenario:
    demand = [{"movement": m, "vehicles_per_h": 500} for m in ("NBT", "SBT", "EBT", "WBT", "NBL")]
    return plain_street.scenario(warm_up_s=30, seed=4, demand=demand, **other)


def ordered(out: Path, *controls: str, **other: object) -> SimulateOptions:
    return SimulateOptions(street(), controls, out, seconds=SECONDS, truth_detector=True, **other)  # type: ignore[arg-type]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json*") if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_twice_and_another_seed_others(tmp_path: Path) -> None:
    around = Surroundings(SystemClock())
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    runs = simulate(ordered(first, "actuated"), around)
    simulate(ordered(again, "actuated"), around)
    simulate(ordered(other, "actuated", seed=5), around)
    assert set(files(first)) == {
        "run.json",
        *(f"actuated-{eyes}/{name}.jsonl" for eyes in ("truth", "perfect") for name in ("events", "bridge")),
    }
    assert files(first) == files(again)
    hires = [(folder / "actuated-truth" / "hires.csv").read_text() for folder in (first, again)]
    assert hires[0] == hires[1]
    greens = [line for line in hires[0].splitlines() if line.split(",")[2] == "1"]
    assert greens, "no green began"
    assert {line.split(",")[1] for line in greens} == {street().id}
    assert files(first) != files(other)
    assert [(run.control, run.eyes) for run in runs] == [("actuated", "true boxes"), ("actuated", "perfect eyes")]
    requests = (first / "actuated-truth" / "bridge.jsonl").read_text().splitlines()
    assert len(requests) == round(SECONDS * 10)
    assert all("refused" not in json.loads(line) for line in requests)


def test_a_mishap_is_told_scored_and_drawn(tmp_path: Path) -> None:
    walker = {"kind": "pedestrian_on_carriageway", "at_s": 3, "for_s": 12, "lane": "NB1", "from_stop_m": 20}
    scenario = street(incidents=[walker])
    order = SimulateOptions(scenario, ("fixed",), tmp_path, seconds=15.0, truth_detector=True, perfect=False)
    (run,) = simulate(order, Surroundings(SystemClock()))
    events = [json.loads(line) for line in (tmp_path / "fixed-truth" / "events.jsonl").read_text().splitlines()]
    assert events[0]["incidents"] is True
    (was,) = (event for event in events if event["kind"] == "happening")
    told = [event for event in events if event["kind"] == "incident"]
    assert (told[0]["incident"], told[0]["stage"], was["is"]) == (walker["kind"], "start", walker["kind"])
    assert was["t_ns"] <= told[0]["t_ns"] <= was["t_ns"] + 5 * 10**9
    assert run.noticed is not None
    assert run.to_json()["incidents"][0]["detected_after_s"] == pytest.approx(
        run.noticed.after_s(run.incidents[0]), abs=1e-3
    )
    assert "Seen from above when pedestrian on carriageway was told" in (tmp_path / "report.html").read_text()


def test_lamps_on_the_street_are_those_that_the_controller_was_given(tmp_path: Path) -> None:
    (run,) = simulate(ordered(tmp_path, "fixed"), Surroundings(SystemClock()))
    assert run.eyesight is not None
    assert run.eyesight.looks == round(SECONDS * 10)
    assert run.all.vehicles > 0
    greens = {phase for phase, changes in run.series.shown.items() if any(shown == "green" for _, shown in changes)}
    assert greens, "somebody had green"
    events = [json.loads(line) for line in (tmp_path / "fixed-truth" / "events.jsonl").read_text().splitlines()]
    assert events[0]["kind"] == "run"
    assert events[-1] == {"kind": "end", "t_ns": round(SECONDS * 1e9), "frames": 120, "stopped": None}


def test_adaptive_control_learns_rates_from_cameras_and_from_perfect_eyes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[AdaptiveController] = []
    boxes: list[dict[int, int]] = []

    def adaptive(street: Street, around: Callable[[int], Known | None]) -> AdaptiveController:
        seen: dict[int, int] = {}
        boxes.append(seen)

        def asked(t_ns: int) -> Known | None:
            known = around(t_ns)
            for phase, vehicles in ((known.box if known is not None else None) or {}).items():
                seen[phase] = max(vehicles, seen.get(phase, 0))
            return known

        made.append(AdaptiveController(junction_of(street), surroundings=asked))
        return made[-1]

    monkeypatch.setitem(CONTROLLERS, "adaptive", adaptive)
    demand = [{"movement": m, "vehicles_per_h": n} for m, n in (("NBT", 1200), ("WBT", 900))]
    scenario = plain_street.scenario(warm_up_s=20, seed=4, demand=demand)
    options = SimulateOptions(scenario, ("adaptive",), tmp_path, seconds=40, truth_detector=True)
    simulate(options, Surroundings(SystemClock()))
    camera, perfect = ({lane: one._traffic.rate_veh_s(lane) for lane, _ in one._lanes} for one in made)
    # The one camera faces northbound traffic; how much of it has passed in 40 s lies with the lamps. Nobody turns left.
    assert min(camera["NB1"], camera["NB2"]) > camera["NBL1"] + 0.005
    assert camera["NBL1"] < 0.05
    assert camera["WB1"] == pytest.approx(0.06), "nobody looks there"
    assert perfect["NB1"] + perfect["NB2"] == pytest.approx(camera["NB1"] + camera["NB2"], abs=0.06)
    assert perfect["WB1"] != pytest.approx(0.06)
    assert perfect["SB1"] < 0.05, "nobody came"
    assert boxes[0].keys() == {2}
    assert boxes[1].keys() == {2, 8}


@pytest.mark.parametrize("frames", [1, 30])
def test_a_stop_ends_the_run_at_hand_and_keeps_what_there_is(tmp_path: Path, frames: int) -> None:
    asked = iter(range(1000))
    stop = lambda: "Ctrl-C" if next(asked) >= frames else None  # noqa: E731
    runs = simulate(ordered(tmp_path, "fixed", "actuated"), Surroundings(SystemClock(), stop=stop))
    assert [(run.name, run.stopped, run.frames) for run in runs] == [("fixed, no eyes", "Ctrl-C", frames)]
    assert f"was stopped after {frames / 10:.1f} s" in (tmp_path / "report.html").read_text()
    assert not list(tmp_path.glob(".part-*"))


def test_a_stop_during_the_warm_up_keeps_what_an_earlier_run_left(tmp_path: Path) -> None:
    out, films = tmp_path / "out", tmp_path / "films"
    around = Surroundings(SystemClock(), stop=lambda: "Ctrl-C")
    options = ordered(out, "fixed", record=films)
    assert simulate(options, around) == ()
    assert not out.exists()
    for folder, names in ((out, ("report.html", "run.json")), (films, ("mast.mp4", "mast.truth.jsonl"))):
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / name).write_text("of before")
    (out / "fixed-truth").mkdir()
    assert simulate(options, around) == ()
    assert sorted(path.name for path in out.iterdir()) == ["fixed-truth", "report.html", "run.json"]
    assert sorted(path.name for path in films.iterdir()) == ["mast.mp4", "mast.truth.jsonl"]
    assert {path.read_text() for path in (*out.glob("r*"), *films.iterdir())} == {"of before"}


def test_the_command_says_that_nothing_was_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = StopSignals.__enter__

    def at_once(self: StopSignals) -> StopSignals:
        entered = begun(self)
        signal.raise_signal(signal.SIGINT)
        return entered

    monkeypatch.setattr(StopSignals, "__enter__", at_once)
    out = tmp_path / "out"
    arguments = ["simulate", "quiet", "--truth-detector", "--control", "fixed", "--seconds", "1", "--out", str(out)]
    assert cli.main(arguments) == 130
    said = capsys.readouterr()
    assert said.out == ""
    assert f"nothing was run: Ctrl-C came during the warm-up; {out} is as it was" in said.err


def test_what_lies_after_the_end_of_the_run_is_said_in_terminal_and_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = (
        "incidents.0, stopped vehicle, lies after the end of the run: it begins at 20 s, and the run ended at 1 s"
    )
    arguments = ["--truth-detector", "--control", "fixed", "--seconds", "1", "--out", str(tmp_path)]
    assert cli.main(["simulate", "stopped_lorry", *arguments]) == 0
    assert sentence in capsys.readouterr().out
    assert sentence in (tmp_path / "report.html").read_text()
    assert cli.main(["simulate", "quiet", *arguments]) == 0
    assert "after the end of the run" not in capsys.readouterr().out + (tmp_path / "report.html").read_text()


def test_a_run_that_fails_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("of before")
    options = SimulateOptions(street(), ("actuated",), tmp_path, seconds=1.0)
    with pytest.raises(ModelError, match="--truth-detector"):
        simulate(options, Surroundings(SystemClock()))
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "of before"


def test_a_run_that_fails_leaves_no_folder_that_it_made(tmp_path: Path) -> None:
    options = SimulateOptions(street(), ("actuated",), tmp_path / "new", seconds=1.0)
    with pytest.raises(ModelError, match="--truth-detector"):
        simulate(options, Surroundings(SystemClock()))
    assert not list(tmp_path.iterdir())


class SeesNothing:
    """A detector that is given real pictures and finds nothing in them."""

    name = "sees nothing"

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def detect(self, frame: Frame) -> Detections:
        self.shapes.append(frame.image.shape)
        return Detections.empty(frame.t_ns)

    def close(self) -> None:
        """Nothing to free."""


def test_painted_pictures_go_through_the_detector_and_are_kept(tmp_path: Path) -> None:
    detector, films = SeesNothing(), tmp_path / "films"
    options = SimulateOptions(street(), ("actuated",), tmp_path / "out", seconds=1.0, every=2, record=films)
    seen, perfect = simulate(options, Surroundings(SystemClock(), detector))
    assert detector.shapes == [(360, 640, 3)] * 5
    assert seen.eyesight is not None
    assert seen.eyesight.detector_ms is not None
    assert (seen.eyes, seen.eyesight.looks, perfect.eyesight) == ("camera", 5, None)
    assert sorted(path.name for path in films.iterdir()) == ["mast.mp4", "mast.truth.json", "mast.truth.jsonl"]
    assert "sees nothing" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 78, "there is no such scenario"),
        (["quiet", "--control", "fixed", "--compare", "fixed"], 78, "give one of them"),
        (["quiet", "--control", ""], 78, "--control: names no controller"),
        (["quiet", "--control", "fixed,actuated"], 78, "give several with --compare"),
        (["quiet", "--compare", "fixed, actuated,fixed"], 78, "--compare: names fixed twice"),
        (["quiet", "--speed", "fast"], 78, "neither a number nor max"),
        (["quiet", "--truth-detector", "--out", "/proc/none"], 74, "choose an --out"),
        (["quiet", "--model", "nothing.tflite"], 79, "there is no such file"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = [] if "--out" in arguments else ["--out", str(tmp_path / "out")]
    assert cli.main(["simulate", *arguments, "--seconds", "1", *out]) == code
    said = capsys.readouterr().err
    assert words in said
    assert len(said.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
