"""From flows to a plan: cycle by Webster, splits by flow ratios, and what both plans cost in delay.

    present plan ─→ flow ratios ─→ cycle, splits ─→ their own flow ratios ─→ … ─→ the one of least delay

Phases of which a movement is unknown keep at least their present split and share of the cycle. Offsets stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor

from calibration.plans import Plan, plans_of
from calibration.signal_timing import shortest_split_s
from calibration.site import Signal, Site
from edge.control.advise.figures import Served, Timed, needs_of, served, vehicle_hours
from edge.control.advise.flows import Flow, Observed, flows_of
from edge.control.advise.groups import lane_groups
from edge.control.advise.headways import measured_headways
from edge.control.advise.saturation import BASE_VPH, GroupFlow, group_flow
from edge.control.advise.splits import Critical, critical_path, shortest_cycle_s, splits_s, webster_cycle_s
from edge.errors import ConfigError, InputError

#: Saturation flows of left turns through gaps hang on the timing that they make; so often it is reckoned anew.
_ROUNDS = 6
#: Between these shares of his optimum, Webster found delay to be nearly flat (1958); within it the least is taken.
_FLAT = (0.75, 1.5)
_STEP_S = 5
#: A gain smaller than this is none, veh·h in an hour.
LEAST_GAIN_VEHH = 0.01


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asks for. cycle_s: this cycle and no other; least_s: shortest time that a movement is seen for."""

    max_cycle_s: float = 120.0
    cycle_s: float | None = None
    base_vph: float = BASE_VPH
    least_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Option:
    """One timing with its figures. delay_vehh: veh·h in an hour, of movements whose flow is known."""

    plan: Plan
    figures: Mapping[tuple[str, ...], Served | None]
    delay_vehh: float


@dataclass(frozen=True, slots=True)
class Advice:
    """present is None for a site without plan; proposed where nothing better than the present was found.

    webster_s: Webster's cycle before it is bounded, None where flows are beyond it. notes say in
    sentences what was done and what to beware of. kept: phases with an unknown movement.
    """

    site: str
    source: str
    flows: Mapping[str, Flow]
    groups: tuple[GroupFlow, ...]
    critical: Critical
    webster_s: float | None
    shortest_s: int
    present: Option | None
    proposed: Option | None
    kept: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def gain_vehh(self) -> float | None:
        """Delay saved, veh·h in an hour; None without both plans."""
        if self.present is None or self.proposed is None:
            return None
        return self.present.delay_vehh - self.proposed.delay_vehh


def advise(site: Site, plan_name: str | None, observed: Observed, wishes: Wishes) -> Advice:
    """Propose timing for one plan of a site.

    ConfigError where the site has no signal or no such plan, or its least splits take longer than wanted;
    InputError where the counts say nothing of use.
    """
    if site.signal is None:
        raise ConfigError(f"site {site.id}: has no [signal], so there is nothing to time")
    present = _present(site, plan_name)
    flows = flows_of(site, observed.counted, wishes.least_s)
    if not any(flow.vph for flow in flows.values()):
        raise InputError(
            f"{observed.source}: no vehicle of a movement of site {site.id} in {wishes.least_s / 60:g} min that were "
            "seen; give counts of this site, or a longer time"
        )
    return _Desk(site, site.signal, present, flows, observed, wishes).advise()


def _present(site: Site, name: str | None) -> Plan | None:
    plans = plans_of(site)
    if name is None:
        return plans[0] if plans else None
    for plan in plans:
        if plan.name == name:
            return plan
    known = ", ".join(plan.name for plan in plans) or "none"
    raise ConfigError(f"site {site.id}: there is no plan '{name}'; choose one of: {known}")


class _Desk:
    """The reckoning of one advice."""

    def __init__(
        self,
        site: Site,
        signal: Signal,
        present: Plan | None,
        flows: Mapping[str, Flow],
        observed: Observed,
        wishes: Wishes,
    ) -> None:
        self._site, self._signal, self._plan, self._flows = site, signal, present, flows
        self._observed, self._wishes = observed, wishes
        headways = measured_headways(observed.passages)
        base = wishes.base_vph
        self._groups = tuple(group_flow(site, group, flows, headways, base) for group in lane_groups(site, signal))
        self._kept = tuple(sorted({one.group.phase for one in self._groups if one.vph is None}))
        self._rings = signal.rings if present is None or present.sequence is None else present.sequence
        self._notes: list[str] = list(observed.notes)
        if present is None and self._kept:
            unknown = sorted({movement for one in self._groups for movement in one.unknown})
            raise InputError(
                f"{observed.source}: nothing is known of {', '.join(unknown)}, and site {site.id} has no plan whose "
                "splits could be kept; count them, or lower the time that is asked for"
            )

    def advise(self) -> Advice:
        """All of it."""
        present = None if self._plan is None else self._option(self._plan)
        start = self._start()
        needs = needs_of(self._groups, self._signal, start, self._least(start.cycle_s), self._wishes.base_vph)
        critical = critical_path(self._rings, needs)
        webster_s = webster_cycle_s(critical)
        options = [option for cycle_s in self._cycles(webster_s) for option in self._at(cycle_s, start)]
        shortest_s = shortest_cycle_s(self._rings, needs)
        if not options and self._wishes.cycle_s is None and shortest_s <= self._wishes.max_cycle_s:
            options = self._at(shortest_s, start)
        if not options and (present is None or self._wishes.cycle_s is not None):
            raise self._no_room(shortest_s)
        best = min(options, key=lambda option: option.delay_vehh, default=None)
        if best is None or (present is not None and best.delay_vehh > present.delay_vehh - LEAST_GAIN_VEHH):
            best = None
            self._notes.append("nothing better than the present plan was found: keep it")
        self._note(best, webster_s)
        return Advice(
            self._site.id,
            self._observed.source,
            self._flows,
            self._groups,
            critical,
            webster_s,
            shortest_s,
            present,
            best,
            self._kept,
            tuple(self._notes),
        )

    def _no_room(self, shortest_s: int) -> ConfigError:
        asked = "--max-cycle" if self._wishes.cycle_s is None else "--cycle"
        limit_s = self._wishes.max_cycle_s if self._wishes.cycle_s is None else self._wishes.cycle_s
        return ConfigError(
            f"site {self._site.id}: least splits (minimum green or walk and pedestrian clearance, yellow, red "
            f"clearance, present splits that are kept) add up to {shortest_s} s, which does not fit into "
            f"{limit_s:g} s; raise {asked}"
        )

    def _start(self) -> Timed:
        if self._plan is not None:
            return Timed(self._plan.cycle_s, dict(self._plan.splits_s))
        least = {phase.number: shortest_split_s(phase) for phase in self._signal.phases}
        cycle_s = sum(
            max(sum(least[p] for p in ring) for ring in group) for group in zip(*self._signal.rings, strict=True)
        )
        return Timed(cycle_s, least)

    def _least(self, cycle_s: float) -> dict[int, float]:
        """Least splits; those of kept phases are the present ones, and no smaller a share of a longer cycle."""
        least = {phase.number: shortest_split_s(phase) for phase in self._signal.phases}
        if self._plan is not None:
            for phase in self._plan.coordinated:
                least[phase] += self._plan.coordinated_actuated_s
            for phase in self._kept:
                least[phase] = self._plan.splits_s[phase] * max(1.0, cycle_s / self._plan.cycle_s)
        return least

    def _cycles(self, webster_s: float | None) -> list[int]:
        """Cycles to try: the one asked for; that of coordination; else those about Webster's, and the present one."""
        if self._wishes.cycle_s is not None:
            return [round(self._wishes.cycle_s)]
        longest = floor(self._wishes.max_cycle_s)
        if self._plan is not None and self._plan.coordinated:
            if self._plan.cycle_s == round(self._plan.cycle_s):
                return [round(self._plan.cycle_s)]
            raise ConfigError(
                f"site {self._site.id}: plan {self._plan.name} is coordinated at {self._plan.cycle_s:g} s, and splits "
                "are proposed in whole seconds; choose a cycle with --cycle"
            )
        bounded = longest if webster_s is None else min(ceil(webster_s), longest)
        present = [] if self._plan is None else [round(self._plan.cycle_s)]
        least, most = (ceil(share * (webster_s or longest) / _STEP_S) * _STEP_S for share in _FLAT)
        tried = [bounded, *present, *range(least, most, _STEP_S)]
        return [cycle_s for cycle_s in dict.fromkeys(tried) if cycle_s <= longest]

    def _at(self, cycle_s: int, start: Timed) -> list[Option]:
        """Timings of one cycle; none where its least splits do not fit into it."""
        options: list[Option] = []
        timed = start
        for _ in range(_ROUNDS):
            needs = needs_of(self._groups, self._signal, timed, self._least(cycle_s), self._wishes.base_vph)
            if shortest_cycle_s(self._rings, needs) > cycle_s:
                break
            splits = splits_s(self._rings, needs, cycle_s)
            timed = Timed(float(cycle_s), {phase: float(split) for phase, split in splits.items()})
            option = self._option(self._plan_of(timed))
            if any(option.plan.splits_s == other.plan.splits_s for other in options):
                break
            options.append(option)
        return options

    def _plan_of(self, timed: Timed) -> Plan:
        splits = dict(sorted(timed.splits_s.items()))
        if self._plan is None:
            return Plan(name="advised", cycle_s=timed.cycle_s, splits_s=splits)
        changed = {"cycle_s": timed.cycle_s, "splits_s": splits, "permissive_s": {}}
        return self._plan.model_copy(update=changed | {"offset_s": self._plan.offset_s % timed.cycle_s})

    def _option(self, plan: Plan) -> Option:
        timed = Timed(plan.cycle_s, dict(plan.splits_s))
        figures = served(self._groups, self._signal, timed, self._wishes.base_vph)
        return Option(plan, figures, vehicle_hours(self._groups, figures))

    def _note(self, best: Option | None, webster_s: float | None) -> None:
        plan = self._plan
        if webster_s is None:
            self._notes.append("flows are at or beyond what any cycle serves: timing alone will not mend this")
        if plan is not None and plan.coordinated and self._wishes.cycle_s is None:
            self._notes.append(f"plan {plan.name} is coordinated, so its cycle is kept; --cycle chooses another")
        for phase in self._kept:
            unknown = sorted({m for one in self._groups if one.group.phase == phase for m in one.unknown})
            self._notes.append(
                f"phase {phase} is kept at its present split or more, for {', '.join(unknown)} "
                f"{'is' if len(unknown) == 1 else 'are'} unknown; what has no figure is in no sum"
            )
        for one in self._groups:
            if not one.group.lanes:
                self._notes.append(f"{one.group.name}: the site names no lane for it, one is assumed")
        if best is not None and plan is not None:
            if plan.permissive_s:
                self._notes.append("permissive_s is left out: its windows were those of the present splits")
            if best.plan.offset_s != plan.offset_s:
                self._notes.append(
                    f"offset {plan.offset_s:g} s does not fit into the cycle, {best.plan.offset_s:g} does"
                )
