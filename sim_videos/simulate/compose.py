"""A simulation put together: every run that was ordered, then figures and report.

Everything is written into a hidden folder within the one that was asked for, and moved
when the last run is over; a stop ends the run at hand and keeps what there is.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from edge.clock import Clock
from edge.replay.outputs import storing, write_whole
from edge.seams import Detector
from sim_videos.simulate import report
from sim_videos.simulate.one import RunOrder, Sighted, run
from sim_videos.simulate.open import open_eyes
from sim_videos.simulate.order import EyesKind, SimulateOptions
from sim_videos.simulate.result import Run
from sim_videos.simulate.show import Shown
from sim_videos.simulate.whole import moved_when_whole
from sim_videos.street import Street

REPORT, FIGURES = "report.html", "run.json"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a simulation is given from outside.

    detector is asked where a camera looks, and is not closed here. shown is the page's.
    stop is asked before every frame and says why. progress: told the name and frames of a
    run, it gives who is told how many are done.
    """

    stopwatch: Clock
    detector: Detector | None = None
    shown: Shown | None = None
    stop: Callable[[], str | None] = field(default=lambda: None)
    progress: Callable[[str, int], Callable[[int], None]] = field(default=lambda _name, _frames: lambda _done: None)


def simulate(options: SimulateOptions, around: Surroundings) -> tuple[Run, ...]:
    """Run all that is ordered into `options.out`; the runs, in order.

    None where it was stopped before the first frame of all: then `out` is as it was.
    Raises ConfigError of the scenario and StorageError of the folders; then `out` is as it was.
    """
    runs: list[Run] = []
    with moved_when_whole(options.out) as part:
        for control, kind in options.runs:
            folder = part / f"{control}-{kind}"
            with storing(folder):
                folder.mkdir()
            runs.append(_run(options, around, control, kind, folder))
            if runs[-1].stopped is not None:
                break
        if not any(one.frames for one in runs):
            for folder in part.iterdir():
                shutil.rmtree(folder)
            return ()
        _write(options, around, part, runs)
    return tuple(runs)


def _run(options: SimulateOptions, around: Surroundings, control: str, kind: EyesKind, folder: Path) -> Run:
    order = RunOrder(options.scenario, control, options.run_seed, options.length_s, folder)
    with ExitStack() as opened:

        def sighted(street: Street) -> Sighted:
            title = f"{options.scenario.id}: {control} control"
            return open_eyes(options, kind, street, title, opened, around.detector, around.shown, around.stopwatch)

        return run(
            order,
            sighted,
            stopwatch=around.stopwatch,
            stop=around.stop,
            on_frame=around.progress(f"{control}, {kind}", order.frames),
            speed=options.speed,
        )


def _write(options: SimulateOptions, around: Surroundings, folder: Path, runs: list[Run]) -> None:
    scenario = options.scenario
    figures = {
        "scenario": scenario.id,
        "runs": [one.to_json() for one in runs],
        "camera_cost": report.camera_cost(runs),
    }
    write_whole(folder / FIGURES, json.dumps(figures, indent=1) + "\n")
    facts: dict[str, object] = {"scenario": scenario.id, "seed": options.run_seed, "frames a second": scenario.fps}
    if any(kind == "camera" for _, kind in options.runs) and around.detector is not None:
        facts["detector"] = around.detector.name
        facts["looks"] = "every frame" if options.every == 1 else f"one frame in {options.every}"
    facts["lamps timed by"] = ", ".join(sorted({one.lamps for one in runs}))
    for one in runs:
        times = one.seconds / one.elapsed_s if one.elapsed_s > 0 else 0.0
        facts[f"took, {one.name}"] = f"{one.elapsed_s:.1f} s ({times:.1f} × real time)"
    beyond = scenario.beyond(max(one.seconds for one in runs))
    page = report.render(f"Simulation of {scenario.id}", scenario.about, runs, facts, beyond)
    write_whole(folder / REPORT, page)
