"""High-resolution events of the lamps: phases, pedestrians, barriers, flash.

An event has the instant at which its interval began, which the signal core says, and not
that of the step in which it was seen. What was not measured is not told: after a gap of
more than `GAP_NS` only what begins from then on.
"""

from __future__ import annotations

from calibration.signal_timing import places
from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.telemetry.hires_codes import Alarm, Code, FlashStatus
from edge.telemetry.hires_event import GAP_NS, HiResEvent
from edge.types import Interval, PedInterval, SignalState
from firmware_bridge.seen import WHYS

#: What the end of an interval is called, and the beginning of one.
_LEFT: dict[Interval, Code] = {
    Interval.GREEN: Code.GREEN_TERMINATION,
    Interval.YELLOW: Code.END_YELLOW,
    Interval.RED_CLEARANCE: Code.END_RED_CLEARANCE,
}
_BEGUN: dict[Interval, tuple[Code, ...]] = {
    Interval.GREEN: (Code.PHASE_ON, Code.BEGIN_GREEN),
    Interval.YELLOW: (Code.BEGIN_YELLOW,),
    Interval.RED_CLEARANCE: (Code.BEGIN_RED_CLEARANCE,),
}
_PED: dict[PedInterval, Code] = {
    PedInterval.WALK: Code.BEGIN_WALK,
    PedInterval.CLEARANCE: Code.BEGIN_PED_CLEARANCE,
    PedInterval.DONT_WALK: Code.BEGIN_DONT_WALK,
    PedInterval.DARK: Code.PED_DARK,
}
_LATCHED = "latched"
_SWITCH_WHY = 5


class LampEvents:
    """Fed with every measured state in the order of time."""

    def __init__(self, signal: Signal) -> None:
        self._min_green_ns = {phase.number: round(phase.min_green_s * NS_PER_S) for phase in signal.phases}
        self._group_of = {phase: group for phase, (_, group) in places(signal).items()}
        self._before: SignalState | None = None
        self._group: int | None = None
        #: When the minimum of a green that is shown now is over, while it is not.
        self._min_over_ns: dict[int, int] = {}
        self._flash: FlashStatus | None = None
        self._fault = False

    def update(self, state: SignalState) -> list[HiResEvent]:
        """What changed since the state before."""
        before, self._before = self._before, state
        if before is not None and state.t_ns - before.t_ns > GAP_NS:
            before = None
        if before is None:
            self._begin(state)
            return self._unit(state)
        events: list[HiResEvent] = []
        for phase, now in state.intervals.items():
            was = before.intervals.get(phase)
            events += self._min_complete(phase, was, now, before, state)
            if was is not None and was is not now:
                events += self._turned(phase, was, now, _turned_ns(phase, before, state))
        for phase, shown in state.pedestrian.items():
            if before.pedestrian.get(phase, shown) is not shown:
                events.append(HiResEvent(_ped_ns(phase, shown, before, state), _PED[shown], phase))
        return events + self._unit(state)

    def _begin(self, state: SignalState) -> None:
        """Start from what is shown, without a word on how it came to be."""
        green = [phase for phase, shown in state.intervals.items() if shown is Interval.GREEN]
        self._group = self._group_of.get(green[0]) if green else None
        over_ns = {p: state.since_ns.get(p, state.t_ns) + self._min_green_ns.get(p, 0) for p in green}
        self._min_over_ns = {phase: at_ns for phase, at_ns in over_ns.items() if at_ns > state.t_ns}

    def _turned(self, phase: int, was: Interval, now: Interval, at_ns: int) -> list[HiResEvent]:
        codes = [_LEFT[was]] if was in _LEFT else []
        if codes and now not in {Interval.YELLOW, Interval.RED_CLEARANCE}:
            codes.append(Code.PHASE_INACTIVE)
        events = [HiResEvent(at_ns, code, phase) for code in codes]
        if now is Interval.GREEN:
            events += self._crossed(phase, at_ns)
        return events + [HiResEvent(at_ns, code, phase) for code in _BEGUN.get(now, ())]

    def _crossed(self, phase: int, at_ns: int) -> list[HiResEvent]:
        """The barrier that is crossed by the first green of another group."""
        group = self._group_of.get(phase)
        left, self._group = self._group, group if group is not None else self._group
        if left is None or group is None or left == group:
            return []
        return [HiResEvent(at_ns, Code.BARRIER_TERMINATION, left + 1)]

    def _min_complete(
        self, phase: int, was: Interval | None, now: Interval, before: SignalState, state: SignalState
    ) -> list[HiResEvent]:
        """Also for a green that ended in this step with its minimum."""
        ended_ns = state.t_ns if now is Interval.GREEN else _turned_ns(phase, before, state)
        events: list[HiResEvent] = []
        over_ns = self._min_over_ns.get(phase)
        if over_ns is not None and over_ns <= ended_ns:
            events.append(HiResEvent(over_ns, Code.MIN_COMPLETE, phase))
            del self._min_over_ns[phase]
        if now is not Interval.GREEN:
            self._min_over_ns.pop(phase, None)
        elif was is not None and was is not Interval.GREEN:
            self._min_over_ns[phase] = _turned_ns(phase, before, state) + self._min_green_ns.get(phase, 0)
        return events

    def _unit(self, state: SignalState) -> list[HiResEvent]:
        """Flash status and the alarm of the core, told at the beginning and when they change."""
        events: list[HiResEvent] = []
        flash = _flash_status(state)
        if flash is not self._flash:
            self._flash = flash
            events.append(HiResEvent(state.t_ns, Code.FLASH_STATUS_CHANGE, flash))
        latched = state.fault is not None and state.fault.startswith(_LATCHED)
        if latched is not self._fault:
            self._fault = latched
            events.append(HiResEvent(state.t_ns, Code.ALARM_ON if latched else Code.ALARM_OFF, Alarm.CORE_FAULT))
        return events


def _turned_ns(phase: int, before: SignalState, now: SignalState) -> int:
    """When the phase's present interval began, within the step from `before` to `now`."""
    return max(before.t_ns, min(now.t_ns, now.since_ns.get(phase, now.t_ns)))


def _ped_ns(phase: int, shown: PedInterval, before: SignalState, now: SignalState) -> int:
    """Pedestrian heads tell no instants; a walk that begins within a step begins with the green that does."""
    began_green = now.intervals.get(phase) is Interval.GREEN and before.intervals.get(phase) is not Interval.GREEN
    return _turned_ns(phase, before, now) if shown is PedInterval.WALK and began_green else now.t_ns


def _flash_status(state: SignalState) -> FlashStatus:
    if state.mode == "running":
        return FlashStatus.NOT_FLASH
    if state.mode == "startup":
        return FlashStatus.STARTUP
    if state.fault is not None and state.fault.startswith(_LATCHED):
        return FlashStatus.FAULT_MONITOR
    return FlashStatus.LOCAL_MANUAL if state.fault == WHYS[_SWITCH_WHY] else FlashStatus.OTHER
