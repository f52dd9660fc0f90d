"""Fixed-time control: every phase at its own second of the cycle, whoever waits.

Also what the cabinet falls back to when the cameras are dark.
"""

from __future__ import annotations

from edge.clock import NS_PER_S
from edge.control.plan import CompiledPlan, PhaseWindow
from edge.control.plan_clock import Cycle, Moment, OnePlan
from edge.types import ControlFacts, Demand, Ending, Interval, PhaseRequest, SignalState

#: How late a phase may be picked up and still be served in its window, ns.
_LATE_NS = NS_PER_S


class FixedTimeController:
    """Implements `Controller` by one compiled plan, or by the plans of a `Cycle`; demand is not asked.

    zero_ns is, for one plan, the instant at which the cycle clock stood at zero before the offset: local
    midnight for coordinated junctions. ttl_ms must outlast the step of the control loop.
    """

    name = "fixed"

    def __init__(self, plan: CompiledPlan | Cycle, zero_ns: int = 0, ttl_ms: int = 300) -> None:
        self._cycle = OnePlan(plan, zero_ns) if isinstance(plan, CompiledPlan) else plan
        self._ttl_ms = ttl_ms
        self._asked: frozenset[int] = frozenset()

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:  # noqa: ARG002 - part of the seam
        """Phases of this second of the cycle, and, while a ring clears, its next one."""
        moment = self._cycle.at(signal.t_ns)
        rings = moment.plan.rings
        now = [window for ring in rings if (window := self._on(ring, moment.local_ns, signal)) is not None]
        asked = {window.phase for window in now}
        soon = []
        for number, ring in enumerate(rings):
            if ring and all(window.ring != number for window in now):
                window = _next(number, moment)
                # A ring that is done first waits at the barrier for the other.
                if not any(frozenset((window.phase, other)) in moment.plan.conflicts for other in asked):
                    soon.append(window)
                    asked.add(window.phase)
        ended = self._asked - asked
        # Asking during startup serves nobody yet, so it commits to nothing.
        self._asked = frozenset(asked) if signal.mode == "running" else frozenset()
        facts = ControlFacts(
            self.name,
            endings={p: Ending.DECIDED for p in sorted(ended) if signal.intervals.get(p) is Interval.GREEN},
            pattern=moment.plan.pattern,
            cycle_second=moment.local_ns / NS_PER_S,
            coordination=moment.state,
        )
        reason = _reason(moment, now, soon)
        return PhaseRequest(signal.t_ns, frozenset(asked), reason, self._ttl_ms, facts=facts)

    def _on(self, ring: tuple[PhaseWindow, ...], local_ns: int, signal: SignalState) -> PhaseWindow | None:
        """The window to serve in a ring now; None between force-off and the next start."""
        for window in ring:
            if window.start_ns <= local_ns < window.force_off_ns:
                left_ns = window.force_off_ns - local_ns
                # Begun too late, its least green would run into the next phase's time.
                served = window.phase in self._asked or signal.intervals.get(window.phase) is Interval.GREEN
                return window if served or left_ns >= window.least_green_ns - _LATE_NS else None
        return None


def _reason(moment: Moment, now: list[PhaseWindow], soon: list[PhaseWindow]) -> str:
    until = _spoken("until", [(window.force_off_ns, window.phase) for window in now])
    since = _spoken("from", [(window.start_ns, window.phase) for window in soon])
    parts = ", ".join([*until, *(f"next {text}" for text in since)])
    at = f"cycle second {moment.local_ns / NS_PER_S:.1f} of {moment.plan.cycle_ns / NS_PER_S:g}"
    why = f" ({moment.reason})" if moment.reason else ""
    return f"fixed plan '{moment.plan.name}'{why}, {at}: {parts or 'clearing'}"


def _next(ring: int, moment: Moment) -> PhaseWindow:
    """What a ring serves next: in this barrier group, or by the following plan in a later one."""
    group = moment.plan.group_at(moment.local_ns)
    here = (w for w in moment.plan.rings[ring] if w.group == group and w.start_ns > moment.local_ns)
    beyond = (w for w in moment.following.rings[ring] if w.group > group)
    return next(here, None) or next(beyond, None) or moment.following.rings[ring][0]


def _spoken(word: str, times: list[tuple[int, int]]) -> list[str]:
    """(time in ns, phase) → "phase 2 and 6 until 41.0", phases of the same time together."""
    by_time: dict[int, list[int]] = {}
    for time_ns, phase in sorted(times):
        by_time.setdefault(time_ns, []).append(phase)
    return [
        f"phase {' and '.join(map(str, phases))} {word} {time_ns / NS_PER_S:.1f}" for time_ns, phases in by_time.items()
    ]
