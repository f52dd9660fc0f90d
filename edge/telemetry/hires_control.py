"""High-resolution events of what a controller decided and knows, from the facts of its requests.

Calls, holds, why greens ended, pattern and coordination, preemption, fallback. A
controller that says nothing of one of them has no events of it; it is not told as zero.
"""

from __future__ import annotations

from collections.abc import Mapping

from calibration.signal_timing import conflicts
from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.telemetry.hires_codes import FREE_PATTERN, LIMIT, Alarm, Code, CoordState
from edge.telemetry.hires_event import HiResEvent
from edge.types import ControlFacts, Ending, Interval, Pattern, PhaseRequest, PreemptNow, SignalState

#: A plan or a planner that ends a green forces it off, as a coordinator does.
_ENDINGS: Mapping[Ending, Code] = {
    Ending.GAP_OUT: Code.GAP_OUT,
    Ending.MAX_OUT: Code.MAX_OUT,
    Ending.FORCE_OFF: Code.FORCE_OFF,
    Ending.DECIDED: Code.FORCE_OFF,
    Ending.PREEMPT: Code.PREEMPT_FORCE_OFF,
}
_STAGES: Mapping[str, Code] = {
    "entry": Code.PREEMPT_ENTRY,
    "dwell": Code.PREEMPT_DWELL,
    "exit": Code.PREEMPT_EXIT,
}
_COORDINATION: Mapping[str, CoordState] = {
    "free": CoordState.FREE,
    "in_step": CoordState.IN_STEP,
    "add": CoordState.TRANSITION_ADD,
    "subtract": CoordState.TRANSITION_SUBTRACT,
    "dwell": CoordState.TRANSITION_DWELL,
}


class ControlEvents:
    """Fed with every request in the order of time, beside the lamps on which it was decided.

    apart: pairs of phases that are never green together, where rings do not say so.
    """

    def __init__(self, signal: Signal, apart: frozenset[frozenset[int]] | None = None) -> None:
        self._conflicts = conflicts(signal) if apart is None else apart
        self._called: frozenset[int] = frozenset()
        self._ped_called: frozenset[int] = frozenset()
        self._held: frozenset[int] = frozenset()
        #: Endings and checks told of the green that began at …, by phase.
        self._ended: dict[tuple[int, Code], int] = {}
        self._preempt: PreemptNow | None = None
        self._fallback = False
        self._coordination = _Coordination()

    def update(self, request: PhaseRequest, state: SignalState) -> list[HiResEvent]:
        """What this request says that the one before did not."""
        facts, t_ns = request.facts, request.t_ns
        if facts is None:
            return []
        # While it is preempted, nobody is asked for calls and pattern: they are as they were, and not told anew.
        suspended = facts.preempt is not None and facts.called is None and facts.pattern is None
        events = [] if suspended else self._calls(facts, t_ns)
        events += self._greens(facts, t_ns, state)
        events += _preempt_events(self._preempt, facts.preempt, t_ns)
        self._preempt = facts.preempt
        if suspended:
            return events
        events += self._coordination.update(facts, t_ns)
        fallback = facts.level_reason is not None
        if fallback is not self._fallback:
            self._fallback = fallback
            events.append(HiResEvent(t_ns, Code.ALARM_ON if fallback else Code.ALARM_OFF, Alarm.FALLBACK))
        return events

    def _calls(self, facts: ControlFacts, t_ns: int) -> list[HiResEvent]:
        called, held = facts.called or frozenset(), facts.held or frozenset()
        ped_called = facts.ped_called or frozenset()
        changes = (
            (Code.HOLD_RELEASED, self._held - held),
            (Code.HOLD_ACTIVE, held - self._held),
            (Code.CALL_DROPPED, self._called - called),
            (Code.CALL_REGISTERED, called - self._called),
            (Code.PED_CALL_REGISTERED, ped_called - self._ped_called),
        )
        self._called, self._ped_called, self._held = called, ped_called, held
        return [HiResEvent(t_ns, code, phase) for code, phases in changes for phase in sorted(phases)]

    def _greens(self, facts: ControlFacts, t_ns: int, state: SignalState) -> list[HiResEvent]:
        """Why greens ended, and that somebody waits against them, each once a green."""
        told: list[tuple[Code, int]] = [(_ENDINGS[ending], phase) for phase, ending in sorted(facts.endings.items())]
        green = sorted(phase for phase, shown in state.intervals.items() if shown is Interval.GREEN)
        told += [(Code.PHASE_CHECK, phase) for phase in green if self._is_contested(phase)]
        events = []
        for code, phase in told:
            since_ns = state.since_ns.get(phase)
            if phase in green and since_ns is not None and self._ended.get((phase, code)) != since_ns:
                self._ended[phase, code] = since_ns
                events.append(HiResEvent(t_ns, code, phase))
        return events

    def _is_contested(self, phase: int) -> bool:
        return any(frozenset((phase, other)) in self._conflicts for other in self._called)


class _Coordination:
    """Pattern and coordination state. Nothing is told before a controller first says which."""

    def __init__(self) -> None:
        self._begun = False
        self._pattern: Pattern | None = None
        self._state: CoordState | None = None
        self._last: tuple[int, float] | None = None

    def update(self, facts: ControlFacts, t_ns: int) -> list[HiResEvent]:
        pattern, second = facts.pattern, facts.cycle_second
        events: list[HiResEvent] = []
        if not self._begun or pattern != self._pattern:
            events += _pattern_events(pattern, t_ns)
            self._begun, self._pattern, self._last = True, pattern, None
        state = CoordState.FREE if pattern is None else _COORDINATION.get(facts.coordination or "", self._state)
        if pattern is not None and second is not None:
            events += self._local_zero(second, t_ns)
        self._last = None if second is None else (t_ns, second)
        if state is not None and state is not self._state:
            self._state = state
            events.append(HiResEvent(t_ns, Code.COORD_STATE_CHANGE, state))
        return events

    def _local_zero(self, second: float, t_ns: int) -> list[HiResEvent]:
        if self._last is None or second >= self._last[1]:
            return []
        return [
            HiResEvent(
                max(self._last[0], t_ns - round(second * NS_PER_S)), Code.COORD_STATE_CHANGE, CoordState.LOCAL_ZERO
            )
        ]


def _pattern_events(pattern: Pattern | None, t_ns: int) -> list[HiResEvent]:
    if pattern is None:
        return [HiResEvent(t_ns, Code.PATTERN_CHANGE, FREE_PATTERN)]
    cycle_s = round(pattern.cycle_s)
    told: list[tuple[int, int]] = [(Code.PATTERN_CHANGE, pattern.number), (Code.CYCLE_LENGTH_CHANGE, cycle_s)]
    if cycle_s > LIMIT:
        told.append((Code.CYCLE_LENGTH_BEYOND_255, cycle_s - LIMIT))
    told.append((Code.OFFSET_CHANGE, round(pattern.offset_s)))
    told += [(Code.SPLIT_1_CHANGE + phase - 1, round(s)) for phase, s in sorted(pattern.splits_s.items())]
    return [HiResEvent(t_ns, code, min(parameter, LIMIT)) for code, parameter in told]


def _preempt_events(before: PreemptNow | None, now: PreemptNow | None, t_ns: int) -> list[HiResEvent]:
    """102 when a preemption appears, 104 when it goes to its exit or goes, and its stages."""
    events: list[HiResEvent] = []
    same = before is not None and now is not None and before.number == now.number
    if before is not None and before.stage != "exit" and (not same or (now is not None and now.stage == "exit")):
        events.append(HiResEvent(t_ns, Code.PREEMPT_INPUT_OFF, before.number))
    if now is None:
        return events
    again = same and before is not None and before.stage == "exit" and now.stage != "exit"
    if (not same or again) and now.stage != "exit":
        events.append(HiResEvent(t_ns, Code.PREEMPT_INPUT_ON, now.number))
    if now.stage in _STAGES and (not same or (before is not None and before.stage != now.stage)):
        events.append(HiResEvent(t_ns, _STAGES[now.stage], now.number))
    return events
