"""Coordinated-actuated control: what the pattern of the hour asks of detectors' control, second by second.

    cycle second     start        yield = force-off    start
    phase 2 (coord.)   ├── held ────┤ forced off ─────────┤        early return is held, too
    phase 3            ┄┄┄┄┄┄┄┄┄┄┄┄┄├ permitted ┄┄┤ FO ┤┄┄┄┄
    phase 4            ┄┄┄┄┄┄┄┄┄┄┄┄┄├ permitted ┄┄┄┄┄┄┄┄┄┤ FO ┤    what 3 leaves is for 4 (fixed)

Words are those of the Signal Timing Manual (NCHRP Report 812), chapter 7. A phase may be
begun from the yield point of its ring until its least green no longer fits before its force-off.
"""

from __future__ import annotations

from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.control.coordinate import Coordination, free
from edge.control.force_off import Layout, lay_out
from edge.control.plan import CompiledPlan
from edge.control.plan_clock import Cycle, Moment
from edge.types import Interval, SignalState

#: A phase is begun though its least green ends so much after its force-off: control looks ten times a second.
_LATE_NS = NS_PER_S
#: Not asked for longer than this, others drove the lamps.
_AWAY_NS = 2 * NS_PER_S


class Coordinator:
    """Implements `Coordinate` by the plans of a cycle: ask it once a step.

    A plan without coordinated phases is free operation.
    """

    def __init__(self, cycle: Cycle, signal: Signal) -> None:
        self._cycle = cycle
        self._signal = signal
        self._phases = {phase.number: phase for phase in signal.phases}
        self._layouts: dict[str, Layout] = {}
        self._plan: CompiledPlan | None = None
        #: Time since the coordinated phases yielded, in the cycle, and the instant at which they did.
        self._since_ns = 0
        self._yielded_ns = 0
        self._asked_ns = 0

    def __call__(self, state: SignalState) -> Coordination:
        """What the pattern wants at the instant of the measured lamps."""
        moment = self._cycle.at(state.t_ns)
        plan = moment.plan.plan
        if moment.free or not plan.coordinated:
            self._plan = None
            return free(moment.reason if moment.free else f"plan '{plan.name}' coordinates no phase")
        layout = self._layout(moment.plan)
        self._note_yield(moment, layout, state.t_ns)
        held = {p for p in plan.coordinated if self._is_held(p, layout, moment, state)}
        held |= {p for p, kind in plan.recall.items() if kind == "max" and layout.left_ns(p, moment.local_ns) > 0}
        permitted = {p for p in self._phases if self._is_permitted(p, layout, moment, state, peds=False)}
        walking = {p for p in permitted if self._is_permitted(p, layout, moment, state, peds=True)}
        return Coordination(
            pattern=moment.plan.pattern,
            cycle_second=moment.local_ns / NS_PER_S,
            force_off=frozenset(p for p in self._phases if p not in held and self._is_over(p, layout, moment, state)),
            hold=frozenset(held),
            permitted=frozenset(permitted),
            ped_permitted=frozenset(walking),
            reason=_said(moment),
            max_set=None if plan.inhibit_max else plan.max_set,
            recall=frozenset(plan.coordinated) | {p for p, kind in plan.recall.items() if kind != "ped"},
            ped_recall=frozenset(p for p, kind in plan.recall.items() if kind == "ped"),
            sequence=plan.sequence,
            state=moment.state,
        )

    def _layout(self, plan: CompiledPlan) -> Layout:
        if plan.name not in self._layouts:
            self._layouts[plan.name] = lay_out(plan, self._signal)
        return self._layouts[plan.name]

    def _note_yield(self, moment: Moment, layout: Layout, t_ns: int) -> None:
        """Remember when the last of the coordinated phases yielded."""
        since_ns = (moment.local_ns - layout.yield_ns) % layout.cycle_ns
        away = t_ns - self._asked_ns > _AWAY_NS
        if away or moment.plan is not self._plan or since_ns < self._since_ns:
            self._yielded_ns = t_ns - since_ns
        self._plan, self._since_ns, self._asked_ns = moment.plan, since_ns, t_ns

    def _is_held(self, phase: int, layout: Layout, moment: Moment, state: SignalState) -> bool:
        """In its own part of the cycle, and from an early return on."""
        if layout.in_own_green(phase, moment.local_ns):
            return True
        returned = state.intervals.get(phase) is Interval.GREEN and state.since_ns[phase] > self._yielded_ns
        return returned and layout.all_yielded(phase, moment.local_ns)

    def _is_over(self, phase: int, layout: Layout, moment: Moment, state: SignalState) -> bool:
        """Beyond its force-off; with floating ones also once it has had its split."""
        left_ns = layout.left_ns(phase, moment.local_ns)
        if left_ns <= 0:
            return True
        plan = moment.plan.plan
        if plan.force_off == "fixed" or phase in plan.coordinated or state.intervals.get(phase) is not Interval.GREEN:
            return False
        return state.t_ns - state.since_ns[phase] >= layout.green_ns[phase]

    def _is_permitted(self, phase: int, layout: Layout, moment: Moment, state: SignalState, *, peds: bool) -> bool:
        """Whether what it would be begun for still fits before its force-off."""
        times = self._phases[phase]
        walk_s = (times.walk_s or 0.0) + (times.ped_clearance_s or 0.0)
        plan = moment.plan.plan
        if phase in plan.coordinated:
            left_ns = layout.until_force_off_ns(phase, moment.local_ns)
            return not peds or left_ns >= walk_s * NS_PER_S
        opens_closes_s = plan.permissive_s.get(phase)
        left_ns = layout.left_ns(phase, moment.local_ns) - self._clearing_ns(phase, moment.plan, state) + _LATE_NS
        least_s = max(times.min_green_s, walk_s if peds or times.ped_recall else 0.0)
        if opens_closes_s is not None and not peds:
            opens_ns, closes_ns = (round(edge_s * NS_PER_S) for edge_s in opens_closes_s)
            return (moment.local_ns - opens_ns) % layout.cycle_ns <= (closes_ns - opens_ns) % layout.cycle_ns
        return left_ns >= least_s * NS_PER_S

    def _clearing_ns(self, phase: int, plan: CompiledPlan, state: SignalState) -> int:
        """How long what is in its way takes to clear, were it ended now."""
        longest_ns = 0
        for other, times in self._phases.items():
            if frozenset((phase, other)) not in plan.conflicts:
                continue
            whole_ns = round((times.yellow_s + times.red_clearance_s) * NS_PER_S)
            gone_ns = state.t_ns - state.since_ns.get(other, state.t_ns)
            match state.intervals.get(other):
                case Interval.GREEN:
                    longest_ns = max(longest_ns, whole_ns)
                case Interval.YELLOW:
                    longest_ns = max(longest_ns, whole_ns - gone_ns)
                case Interval.RED_CLEARANCE:
                    longest_ns = max(longest_ns, round(times.red_clearance_s * NS_PER_S) - gone_ns)
                case _:
                    pass
        return longest_ns


def _said(moment: Moment) -> str:
    why = f" ({moment.reason})" if moment.reason else ""
    second = f"cycle second {moment.local_ns / NS_PER_S:.1f} of {moment.plan.cycle_ns / NS_PER_S:g}"
    return f"plan '{moment.plan.name}'{why}, {second}"
