"""What `stopline site advise` proposes, tried in SUMO: does the proposed plan really have less delay than the present?

The junction is the four-arm one of the scenario `rush` with eight phases, nobody on foot. The present plan gives
every barrier group the same time, as if all arms were alike. Counts are those of the traffic of one seed; both plans
then run the traffic of other seeds. Beside SUMO's delay stands what the Highway Capacity Manual expects.

Goal: at each load the proposed plan has less delay than the present one, over all seeds.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks import nema
from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from calibration.plans import Plan
from calibration.signal_timing import shortest_split_s
from calibration.site import Signal, Site
from edge.control.advise.flows import Counted, Observed
from edge.control.advise.propose import Advice, Wishes, advise
from edge.errors import StoplineError

if TYPE_CHECKING:
    from benchmarks.advise_street import PlanStreet

LOADS = (0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One load. Delays in s a vehicle, present and proposed: in SUMO (mean of the seeds) and as expected."""

    load: float
    cycle_s: tuple[float, float]
    sumo_s: tuple[float, float]
    expected_s: tuple[float, float]


def alike(signal: Signal) -> Plan:
    """A plan of 90 s in which both barrier groups last equally long, and so do the phases of each ring in them."""
    splits: dict[int, float] = {}
    least = {phase.number: shortest_split_s(phase) for phase in signal.phases}
    for ring in signal.rings:
        for group in ring:
            turn, through = group
            splits[turn] = float(max(15, -(-least[turn] // 1)))
            splits[through] = 45 - splits[turn]
    return Plan(name="alike", cycle_s=90, splits_s=splits)


def advice_for(street: PlanStreet, site: Site, present: Plan, seconds: float) -> Advice:
    """What is proposed for the traffic of the street, all of it counted."""
    counts = Counter(trip.movement for trip in street.trips)
    hours = tuple(
        Counted(movement.id, None, seconds, seconds, counts[movement.id], None) for movement in site.movements
    )
    signal = street.signal
    timed = site.model_copy(update={"signal": signal, "plan": present, "plans": (), "schedule": ()})
    return advise(timed, None, Observed("the traffic of one seed", hours), Wishes())


def compare(load: float, seeds: int, seconds: float) -> Row:
    """Both plans at one load; StoplineError where the street cannot be built."""
    from benchmarks.advise_street import PlanStreet, site_of_street

    scenario = nema.scenario(load, seconds)
    with tempfile.TemporaryDirectory(prefix="stopline-advise-") as folder:
        first = PlanStreet(scenario, 1, Path(folder))
        site = site_of_street(scenario, Path(folder))
        present = alike(first.signal)
        advice = advice_for(first, site, present, seconds + scenario.warm_up_s)
        if advice.present is None or advice.proposed is None:
            raise StoplineError("nothing better than the present plan was found")
        plans = (present, advice.proposed.plan)
        vph = sum(flow.vph or 0.0 for flow in advice.flows.values())
        delays = [
            [PlanStreet(scenario, seed, Path(folder)).fixed(plan) for plan in plans] for seed in range(2, seeds + 2)
        ]
        return Row(
            load,
            (present.cycle_s, advice.proposed.plan.cycle_s),
            (fmean(one for one, _ in delays), fmean(other for _, other in delays)),
            (advice.present.delay_vehh * 3600 / vph, advice.proposed.delay_vehh * 3600 / vph),
        )


def main() -> None:
    """Run, print, end with the goals."""
    parser = arguments(__doc__)
    parser.add_argument("--seeds", type=int, metavar="N", help="5, with --quick 2")
    options = parser.parse_args()
    seeds = options.seeds or (2 if options.quick else 5)
    seconds = 600.0 if options.quick else 1800.0
    rows: list[Row] = []
    try:
        rows += [compare(load, seeds, seconds) for load in (LOADS[1:2] if options.quick else LOADS)]
    except ModuleNotFoundError as error:
        cannot_run(f"{error.name} is missing; install the extra: pip install 'stopline[sim]'")
    except StoplineError as error:
        cannot_run(str(error))
    say = Console(highlight=False, width=110)
    say.print(f"\n{seeds} seeds, {seconds:g} s each; {machine()}\n")
    say.print(_table(rows))
    goals = [
        Goal(f"delay at load {row.load:g}, proposed over present", row.sumo_s[1] / row.sumo_s[0], 1, at_least=False)
        for row in rows
    ]
    finish(goals, {"rows": [asdict(row) for row in rows], "seeds": seeds, "seconds": seconds}, options.json)


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("load", "cycle, s", "delay in SUMO, s", "less", "expected by HCM, s", "less"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            f"{row.load:g}",
            f"{row.cycle_s[0]:g} → {row.cycle_s[1]:g}",
            f"{row.sumo_s[0]:.1f} → {row.sumo_s[1]:.1f}",
            f"{1 - row.sumo_s[1] / row.sumo_s[0]:.0%}",
            f"{row.expected_s[0]:.1f} → {row.expected_s[1]:.1f}",
            f"{1 - row.expected_s[1] / row.expected_s[0]:.0%}",
        )
    return table


if __name__ == "__main__":
    main()
