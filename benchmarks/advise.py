"""What `stopline site advise` proposes, tried in SUMO: does the proposed plan really have less delay than the present?

The junction is the four-arm one of the scenario `rush` with eight phases, nobody on foot. Two present plans are
bettered: one that gives both barrier groups the same time, as if all arms were alike, and one made for other
traffic, in which the minor road has more of it. Counts are those of the traffic of one seed; both plans
then run the traffic of other seeds. Beside SUMO's delay stands what the Highway Capacity Manual expects.

Goal: at each load the proposed plans have less delay than the present ones, over all seeds.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from math import ceil
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
#: Name of a present plan → how long its barrier groups last, s: that of the major road, that of the minor one.
PRESENT = {"alike": (45.0, 45.0), "made for others": (34.0, 56.0)}


@dataclass(frozen=True, slots=True)
class Row:
    """One load. Delays in s a vehicle, present and proposed: in SUMO (mean of the seeds) and as expected."""

    present: str
    load: float
    cycle_s: tuple[float, float]
    sumo_s: tuple[float, float]
    expected_s: tuple[float, float]


def present_plan(signal: Signal, groups_s: tuple[float, float]) -> Plan:
    """A plan whose barrier groups last so long; left turns have 15 s, or their least."""
    least = {phase.number: shortest_split_s(phase) for phase in signal.phases}
    splits: dict[int, float] = {}
    for ring in signal.rings:
        for (turn, through), length_s in zip(ring, groups_s, strict=True):
            splits[turn] = float(max(15, ceil(least[turn])))
            splits[through] = length_s - splits[turn]
    return Plan(name="present", cycle_s=sum(groups_s), splits_s=splits)


def advice_for(street: PlanStreet, site: Site, present: Plan, seconds: float) -> Advice:
    """What is proposed for the traffic of the street, all of it counted."""
    counts = Counter(trip.movement for trip in street.trips)
    hours = tuple(
        Counted(movement.id, None, seconds, seconds, counts[movement.id], None) for movement in site.movements
    )
    signal = street.signal
    timed = site.model_copy(update={"signal": signal, "plan": present, "plans": (), "schedule": ()})
    return advise(timed, None, Observed("the traffic of one seed", hours), Wishes())


def compare(name: str, load: float, seeds: int, seconds: float) -> Row:
    """Both plans at one load; StoplineError where the street cannot be built."""
    from benchmarks.advise_street import PlanStreet, site_of_street

    scenario = nema.scenario(load, seconds)
    with tempfile.TemporaryDirectory(prefix="stopline-advise-") as folder:
        first = PlanStreet(scenario, 1, Path(folder))
        site = site_of_street(scenario, Path(folder))
        present = present_plan(first.signal, PRESENT[name])
        advice = advice_for(first, site, present, seconds + scenario.warm_up_s)
        if advice.present is None or advice.proposed is None:
            raise StoplineError("nothing better than the present plan was found")
        plans = (present, advice.proposed.plan)
        vph = sum(flow.vph or 0.0 for flow in advice.flows.values())
        delays = [
            [PlanStreet(scenario, seed, Path(folder)).fixed(plan) for plan in plans] for seed in range(2, seeds + 2)
        ]
        return Row(
            name,
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
    loads = LOADS[1:2] if options.quick else LOADS
    rows: list[Row] = []
    try:
        rows += [compare(name, load, seeds, seconds) for name in PRESENT for load in loads]
    except ModuleNotFoundError as error:
        cannot_run(f"{error.name} is missing; install the extra: pip install 'stopline[sim]'")
    except StoplineError as error:
        cannot_run(str(error))
    say = Console(highlight=False, width=110)
    say.print(f"\n{seeds} seeds, {seconds:g} s each; {machine()}\n")
    say.print(_table(rows))
    goals = [
        Goal(
            f"delay at load {row.load:g}, {row.present}: proposed over it",
            row.sumo_s[1] / row.sumo_s[0],
            1,
            at_least=False,
        )
        for row in rows
    ]
    finish(goals, {"rows": [asdict(row) for row in rows], "seeds": seeds, "seconds": seconds}, options.json)


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("present plan", "load", "cycle, s", "delay in SUMO, s", "less", "expected by HCM, s", "less"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.present,
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
