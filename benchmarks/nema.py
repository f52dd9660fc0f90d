"""Our actuated control beside SUMO's own `type="NEMA"` program, on the same junction, sheet, traffic and seeds.

The junction is the four-arm one of the scenario `rush`, with a left-turn bay on every arm, eight
phases and nobody on foot. Both have the same minimum and maximum greens, yellow and red
clearance. SUMO's program has its own detectors, 20 m before the stop line, and the better of two passage
times (`vehext` of 2 and 3 s) for each load; ours sees 80 m of each lane and runs through the signal core in
C, each tick watched by the laws. Delay is SUMO's time loss and the wait to enter, of all vehicles due.

Goal: no more than 1.05 of the delay under SUMO's program, over all seeds, at each load.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from edge.errors import StoplineError
from sim_videos.scenario import Scenario, load_scenario

#: Shares of the scenario's demand: night, day, peak.
LOADS = (0.3, 0.6, 1.0)
VEHEXT_S = (2.0, 3.0)
_WARM_UP_S = 120.0
_NO_WORSE = 1.05


@dataclass(frozen=True, slots=True)
class Row:
    """One run: load, seed, whose control, and what `benchmarks.nema_street.Outcome` says of it."""

    load: float
    seed: int
    control: str
    vehicles: int
    delay_s: float
    stops: float
    greens: int
    gap_outs: float
    max_outs: float
    laws_broken: int


def scenario(load: float, seconds: float) -> Scenario:
    """The scenario `rush` with a share of its vehicles, and nobody on foot."""
    known = load_scenario("rush")
    arms = tuple(arm.model_copy(update={"crossing": False}) for arm in known.junction.arms)
    demand = tuple(d.model_copy(update={"vehicles_per_h": d.vehicles_per_h * load}) for d in known.demand)
    changes = {
        "junction": known.junction.model_copy(update={"arms": arms}),
        "demand": demand,
        "walkers": (),
        "duration_s": seconds,
        "warm_up_s": _WARM_UP_S,
    }
    return known.model_copy(update=changes)


def runs(loads: Sequence[float], seeds: int, seconds: float) -> Iterator[Row]:
    """Every run, one after the other; ConfigError and ModuleNotFoundError as from the street."""
    from benchmarks.nema_street import Street, Times

    for load in loads:
        for seed in range(1, seeds + 1):
            with tempfile.TemporaryDirectory(prefix="stopline-nema-") as folder:
                street = Street(scenario(load, seconds), seed, Times(), Path(folder))
                yield Row(load, seed, "ours", **asdict(street.ours()))
                for vehext_s in VEHEXT_S:
                    street.times = replace(street.times, vehext_s=vehext_s)
                    yield Row(load, seed, f"SUMO NEMA, vehext {vehext_s:g} s", **asdict(street.nema()))


def main() -> None:
    """Run, print, end with the goals."""
    parser = arguments(__doc__)
    parser.add_argument("--seeds", type=int, metavar="N", help="5, with --quick 2")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="of each run after 120 s of warm-up; 1800, quick 300"
    )
    options = parser.parse_args()
    loads = LOADS[1:2] if options.quick else LOADS
    seeds = options.seeds or (2 if options.quick else 5)
    seconds = options.seconds or (300.0 if options.quick else 1800.0)
    count = len(loads) * seeds * (1 + len(VEHEXT_S))
    rows: list[Row] = []
    try:
        told = Console(stderr=True)
        rows += track(runs(loads, seeds, seconds), "runs", total=count, console=told)
    except ModuleNotFoundError as error:
        cannot_run(f"{error.name} is missing; install the extra: pip install 'stopline[sim]'")
    except StoplineError as error:
        cannot_run(str(error))
    say = Console(highlight=False, width=110)
    say.print(f"\n{seeds} seeds, {seconds:g} s each; {machine()}\n")
    say.print(_table(rows))
    finish(_goals(rows), {"rows": [asdict(row) for row in rows], "seeds": seeds, "seconds": seconds}, options.json)


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("load", "control", "delay, s", "worst seed", "stops", "greens", "gap out", "max out"):
        table.add_column(name, justify="left" if name == "control" else "right", no_wrap=True)
    for load in sorted({row.load for row in rows}):
        for control in dict.fromkeys(row.control for row in rows):
            of = [row for row in rows if row.load == load and row.control == control]
            table.add_row(
                f"{load:g}",
                control,
                f"{fmean(row.delay_s for row in of):.2f}",
                f"{max(row.delay_s for row in of):.2f}",
                f"{fmean(row.stops for row in of):.2f}",
                f"{fmean(row.greens for row in of):.0f}",
                f"{fmean(row.gap_outs for row in of):.0%}",
                f"{fmean(row.max_outs for row in of):.0%}",
            )
    return table


def _goals(rows: list[Row]) -> list[Goal]:
    goals = []
    for load in sorted({row.load for row in rows}):
        means = {
            control: fmean(row.delay_s for row in rows if row.load == load and row.control == control)
            for control in {row.control for row in rows}
        }
        best_s = min(delay_s for control, delay_s in means.items() if control != "ours")
        name = f"delay at load {load:g}, ours over the better of SUMO's NEMA"
        goals.append(Goal(name, means["ours"] / best_s, _NO_WORSE, at_least=False))
    goals.append(Goal("laws broken", sum(row.laws_broken for row in rows), 0, at_least=False))
    return goals


if __name__ == "__main__":
    main()
