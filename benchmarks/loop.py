"""What cameras cost the people who wait: the closed loop with a detector, with perfect eyes, and fixed time.

Scenario `rush`, the same traffic for each of:

    fixed       the plan of the scenario, whoever waits
    perfect     actuated control that is told every lane as it is
    camera      actuated control on what the detector and vision make of four rendered cameras

Delay is SUMO's time loss with the wait to enter the street, per vehicle, of all that were due,
also those still on their way at the end. The full run takes 10 seeds of the whole scenario and
paints every picture; the detector looks at every second frame (5 a second), as small computers
can; it takes hours. --quick takes one seed for 150 s of the street and the true boxes in
place of pictures; that is too little to tell controllers apart, so it has the first goal only.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from rich.console import Console

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from edge.cli.progress import ReplayProgress
from edge.clock import SystemClock
from edge.errors import StoplineError
from edge.seams import Detector
from edge.vision.detect import open_detector
from edge.vision.pipeline import VisionSettings
from sim_videos.scenario import load_scenario
from sim_videos.simulate.compose import Surroundings, simulate
from sim_videos.simulate.order import SimulateOptions
from sim_videos.simulate.result import NONE, PERFECT, Run

SCENARIO = "rush"
CLOCK = SystemClock()
_NAMES = {NONE: "fixed", PERFECT: "perfect"}


def one_seed(options: SimulateOptions, detector: Detector | None) -> dict[str, Run]:
    """The runs of one seed by what they are called here."""

    def progress(name: str, frames: int) -> ReplayProgress:
        return ReplayProgress(f"seed {options.run_seed}, {name}", frames, CLOCK)

    around = Surroundings(CLOCK, detector, progress=lambda name, frames: progress(name, frames).update)
    return {_NAMES.get(run.eyes, "camera"): run for run in simulate(options, around)}


def delays_s(rows: Sequence[dict[str, Run]], name: str) -> list[float]:
    """Mean delay of each seed; ends the benchmark where a run had no vehicle."""
    delays = [row[name].all.delay_s for row in rows]
    known = [delay for delay in delays if delay is not None]
    if len(known) < len(delays):
        cannot_run(f"a run with {name} had no vehicle")
    return known


def main() -> None:
    """Run all seeds, print the table, end with the goals."""
    parser = arguments(__doc__)
    parser.add_argument("--seeds", type=int, default=None, help="number of seeds (default 10; 1 with --quick)")
    parser.add_argument("--seconds", type=float, default=None, help="length of each run (default the scenario's)")
    parser.add_argument("--model", default=None, help="detector by name or file (default the best installed)")
    parser.add_argument("--every", type=int, default=2, help="look at each Nth frame (default 2)")
    parser.add_argument("--truth-detector", action="store_true", help="true boxes in place of pictures")
    options = parser.parse_args()
    truth = options.quick or options.truth_detector
    detector = None
    if not truth:
        threads = len(os.sched_getaffinity(0))
        try:
            detector = open_detector(options.model, threads=threads, min_score=VisionSettings().tracker.unsure_score)
        except StoplineError as error:
            cannot_run(str(error))
    try:
        scenario = load_scenario(SCENARIO)
        if options.quick:
            scenario = scenario.model_copy(update={"warm_up_s": 90.0})
        rows = []
        with tempfile.TemporaryDirectory(prefix="stopline-loop-") as folder:
            for seed in range(1, (options.seeds or (1 if options.quick else 10)) + 1):
                order = SimulateOptions(
                    scenario,
                    ("fixed", "actuated"),
                    Path(folder) / str(seed),
                    seed=seed,
                    seconds=options.seconds or (150.0 if options.quick else None),
                    truth_detector=truth,
                    every=options.every,
                )
                rows.append(one_seed(order, detector))
    except StoplineError as error:
        cannot_run(str(error))
    except ModuleNotFoundError as error:
        cannot_run(f"SUMO is missing ({error.name}): pip install 'stopline[sim]'")
    _report(rows, "true boxes" if truth else detector.name if detector is not None else "", options)


def _report(rows: Sequence[dict[str, Run]], eyes: str, options: argparse.Namespace) -> None:
    fixed, perfect, camera = (delays_s(rows, name) for name in ("fixed", "perfect", "camera"))
    say = Console(highlight=False, soft_wrap=True)
    say.print(f"\n{SCENARIO}, {rows[0]['fixed'].seconds:g} s, {len(rows)} seeds; eyes: {eyes}; {machine()}\n")
    say.print(f"{'seed':>6}{'fixed':>10}{'perfect':>10}{'camera':>10}{'camera/perfect':>16}{'effectiveness':>15}")
    for row, one, two, three in zip(rows, fixed, perfect, camera, strict=True):
        sight = row["camera"].eyesight
        effect = "–" if sight is None or sight.effectiveness is None else f"{sight.effectiveness:.3f}"
        say.print(f"{row['fixed'].seed:>6}{one:>8.1f} s{two:>8.1f} s{three:>8.1f} s{three / two:>16.3f}{effect:>15}")
    say.print(f"{'mean':>6}{fmean(fixed):>8.1f} s{fmean(perfect):>8.1f} s{fmean(camera):>8.1f} s", end="")
    say.print(f"{fmean(camera) / fmean(perfect):>16.3f}")
    took_s = sum(run.elapsed_s for row in rows for run in row.values())
    say.print(f"\nall runs took {took_s:.0f} s")
    goals = [Goal("delay through the camera / with perfect eyes", fmean(camera) / fmean(perfect), 1.10, at_least=False)]
    if not options.quick:
        goals += [
            Goal("delay with perfect eyes / fixed time", fmean(perfect) / fmean(fixed), 1.00, at_least=False),
            Goal("delay through the camera / fixed time", fmean(camera) / fmean(fixed), 1.00, at_least=False),
        ]
    figures = {"eyes": eyes, "seeds": [{name: run.to_json() for name, run in row.items()} for row in rows]}
    finish(goals, figures, options.json)


if __name__ == "__main__":
    main()
