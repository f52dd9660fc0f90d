"""Detectors as control reads them: on or off, calling, extending, and whether they can be believed.

    LaneDemand ─→ on ─→ delay ─→ calls a phase that is not green
                     └→ extend ─→ holds a green
                     └→ stuck on, stuck off, unknown

A detector that nobody can believe calls nothing and extends nothing by itself: its phase
is recalled in its place (`edge.control.calls`) until it recovers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from calibration.detectors import Detector
from edge.clock import NS_PER_S
from edge.types import Demand, Interval, LaneDemand, SignalState

#: A stuck detector is believed again once it has been off for so long.
_BACK_NS = 2 * NS_PER_S
#: Others must have come on so often for a silent detector to be suspicious.
_OTHERS = 20
#: A longer step between two looks is counted as this one.
_MOST_STEP_NS = 2 * NS_PER_S


class DetectorFault(StrEnum):
    """Why a detector is not believed; the high-resolution events 84 and 86 tell of the last two."""

    UNKNOWN = "unknown"
    STUCK_ON = "stuck on"
    STUCK_OFF = "stuck off"


@dataclass(frozen=True, slots=True)
class DetectorState:
    """One detector now. on: a vehicle is in its zone, None where the lane cannot be seen.

    calls: its phase is called, the delay being over. extends: its phase's green is held.
    fault_s: how long it has shown what is held against it. lane: what the lane asks, None where it
    has not been told of.
    """

    detector: Detector
    on: bool | None
    calls: bool
    extends: bool
    fault: DetectorFault | None
    fault_s: float
    lane: LaneDemand | None

    def said(self) -> str:
        """ "detector 3 (NB2) stuck on for 320 s"; "NB2 unknown" for a lane that cannot be seen."""
        if self.fault is None or self.fault is DetectorFault.UNKNOWN:
            return f"{self.detector.lane} unknown"
        return f"detector {self.detector.channel} ({self.detector.lane}) {self.fault} for {self.fault_s:.0f} s"


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """passage_s of phases that give none; near_m: a moving vehicle this near is at the line, however slow.

    stale_s: older knowledge is unknown.
    """

    passage_s: float = 3.0
    near_m: float = 15.0
    stale_s: float = 2.0


@dataclass(slots=True)
class _Memory:
    """What is remembered of one detector, ns.

    waits_since: on without a break while its phase is not green. extended: last held a green.
    present_since: stop line occupied without a break, and whether a whole green passed so.
    absent: so long the line has been free again. quiet: so long it has been known and off;
    others: how often any had come on when that began.
    """

    waits_since_ns: int | None = None
    extended_ns: int | None = None
    present_since_ns: int | None = None
    through_green: bool = False
    stuck_on: bool = False
    absent_ns: int = 0
    quiet_ns: int = 0
    others: int = 0
    seen: bool = False


class Detectors:
    """All detectors of a junction, step by step; time is that of the signal.

    Args:
        detectors: each with its phase (`calibration.detectors.detectors_of`). None makes a
            presence detector of every lane with a phase that a demand names, numbered as they come.
        passage_s: phase → passage time, where it is not the usual one.
    """

    def __init__(
        self,
        detectors: Sequence[Detector] | None,
        settings: DetectorSettings | None = None,
        passage_s: Mapping[int, float] | None = None,
    ) -> None:
        self._detectors = list(detectors or ())
        self._as_they_come = detectors is None
        self._settings = settings if settings is not None else DetectorSettings()
        self._passage_s = dict(passage_s or {})
        self._memory: dict[int, _Memory] = {}
        self._came_on = 0
        self._green: dict[int, int] = {}
        self._last_ns: int | None = None

    def update(self, demand: Demand, signal: SignalState) -> tuple[DetectorState, ...]:
        """State of each detector at the signal's instant. A demand that is older ages its lanes."""
        if self._as_they_come:
            self._meet(demand)
        step_ns = 0 if self._last_ns is None else min(max(signal.t_ns - self._last_ns, 0), _MOST_STEP_NS)
        self._last_ns = signal.t_ns
        older_s = max(0.0, (signal.t_ns - demand.t_ns) / NS_PER_S)
        states = tuple(self._state(detector, demand, signal, older_s, step_ns) for detector in self._detectors)
        self._green = {p: signal.since_ns[p] for p, shown in signal.intervals.items() if shown is Interval.GREEN}
        return states

    def _meet(self, demand: Demand) -> None:
        known = {detector.lane for detector in self._detectors}
        for lane in demand.lanes.values():
            if lane.phase is not None and lane.lane not in known:
                number = len(self._detectors) + 1
                self._detectors.append(Detector.model_construct(channel=number, lane=lane.lane, phase=lane.phase))

    def _state(
        self, detector: Detector, demand: Demand, signal: SignalState, older_s: float, step_ns: int
    ) -> DetectorState:
        memory = self._memory.setdefault(detector.channel, _Memory(others=self._came_on))
        phase = detector.phase
        green = signal.intervals.get(phase) is Interval.GREEN if phase is not None else False
        lane = demand.lanes.get(detector.lane)
        if lane is None or not self._is_known(lane, older_s):
            memory.waits_since_ns = memory.present_since_ns = None
            memory.through_green = memory.seen = False
            return DetectorState(detector, None, False, False, DetectorFault.UNKNOWN, 0.0, lane)
        on = _is_on(detector, lane)
        present = lane.presence if detector.kind == "presence" else on
        self._judge_green(memory, phase, green=green)
        self._judge_presence(memory, detector, present=bool(present), t_ns=signal.t_ns, step_ns=step_ns)
        self._judge_silence(memory, on or bool(lane.arrivals), step_ns)
        fault, fault_s = self._fault(memory, detector, signal.t_ns)
        calls = self._calls(memory, detector, lane, on, green, signal.t_ns)
        extends = self._extends(memory, detector, lane, on, green, signal.t_ns)
        if fault is not None:
            calls = extends = False
        return DetectorState(detector, on, calls, extends, fault, fault_s, lane)

    def _is_known(self, lane: LaneDemand, older_s: float) -> bool:
        if lane.age_s is None or lane.age_s + older_s > self._settings.stale_s:
            return False
        return lane.presence is not None or lane.queue_vehicles is not None or lane.arrivals is not None

    def _calls(self, memory: _Memory, detector: Detector, lane: LaneDemand, on: bool, green: bool, t_ns: int) -> bool:
        """Whether it wants its phase: on for the delay; without one also by whoever comes into view."""
        if not on or green:
            memory.waits_since_ns = None
        elif memory.waits_since_ns is None:
            memory.waits_since_ns = t_ns
        if detector.use == "extend":
            return False
        if detector.delay_s == 0 or green:
            return on or (detector.kind == "presence" and bool(lane.arrivals))
        return memory.waits_since_ns is not None and t_ns - memory.waits_since_ns >= detector.delay_s * NS_PER_S

    def _extends(self, memory: _Memory, detector: Detector, lane: LaneDemand, on: bool, green: bool, t_ns: int) -> bool:
        """Whether it holds its phase's green: a vehicle is there, or will be at the line within the passage time."""
        passage_s = self._passage_s.get(detector.phase or 0, self._settings.passage_s)
        lasting_s = detector.extend_s + (passage_s if detector.kind == "advance" else 0.0)
        near_m = self._settings.near_m
        soon = detector.kind == "presence" and any(
            before_m <= max(near_m, passage_s * mps) for before_m, mps in lane.arrivals or ()
        )
        if not green:
            memory.extended_ns = None
        elif on or soon:
            memory.extended_ns = t_ns
        if detector.use == "call":
            return False
        lasts = memory.extended_ns is not None and t_ns - memory.extended_ns < lasting_s * NS_PER_S
        return on or soon or lasts

    def _judge_green(self, memory: _Memory, phase: int | None, *, green: bool) -> None:
        """Notes a green of its phase that has just ended, and passed with the stop line occupied from end to end."""
        began_ns = None if phase is None or green else self._green.get(phase)
        if began_ns is not None and memory.present_since_ns is not None and began_ns >= memory.present_since_ns:
            memory.through_green = True

    def _judge_presence(self, memory: _Memory, detector: Detector, *, present: bool, t_ns: int, step_ns: int) -> None:
        """Stuck on: occupied without a break for too long, and all through a green of its phase.

        A vehicle that waits through a long red is none of that: it leaves in green.
        """
        if not present:
            memory.absent_ns += step_ns
            memory.present_since_ns, memory.through_green = None, False
            if memory.absent_ns >= _BACK_NS:
                memory.stuck_on = False
            return
        memory.absent_ns = 0
        if memory.present_since_ns is None:
            memory.present_since_ns = t_ns
        most_s = detector.max_presence_s
        if most_s is not None and memory.through_green and t_ns - memory.present_since_ns >= most_s * NS_PER_S:
            memory.stuck_on = True

    def _judge_silence(self, memory: _Memory, seen: bool, step_ns: int) -> None:
        """Time that it was known and saw nobody, and how much others saw in that time."""
        came_on, memory.seen = seen and not memory.seen, seen
        self._came_on += came_on
        if not seen:
            memory.quiet_ns += step_ns
            return
        memory.quiet_ns, memory.others = 0, self._came_on

    def _fault(self, memory: _Memory, detector: Detector, t_ns: int) -> tuple[DetectorFault | None, float]:
        if memory.stuck_on:
            since_ns = t_ns if memory.present_since_ns is None else memory.present_since_ns
            return DetectorFault.STUCK_ON, (t_ns - since_ns) / NS_PER_S
        most_s = detector.no_activity_s
        quiet = most_s is not None and memory.quiet_ns >= most_s * NS_PER_S
        if quiet and self._came_on - memory.others >= _OTHERS:
            return DetectorFault.STUCK_OFF, memory.quiet_ns / NS_PER_S
        return None, 0.0


def _is_on(detector: Detector, lane: LaneDemand) -> bool:
    """Whether a vehicle is in the zone."""
    if detector.kind == "presence":
        return bool(lane.presence) or bool(lane.queue_vehicles)
    near_m = detector.distance_m or 0.0
    return any(near_m <= before_m <= near_m + detector.length_m for before_m, _ in lane.arrivals or ())
