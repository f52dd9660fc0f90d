"""Who calls for which phase: the demand of lanes brought together by phase, as loops would have said it.

A phase is called by a vehicle at its stop line, a queue, or one that comes into view;
its green is extended by a vehicle that will pass within the passage time. What is not
known calls too: a lane that no camera can see is served as if somebody waited there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from calibration.site import Phase
from edge.clock import NS_PER_S
from edge.types import Demand, Interval, LaneDemand, SignalState


@dataclass(frozen=True, slots=True)
class CallSettings:
    """passage_s: a green is held for whom it takes no longer than this to the stop line.

    near_m: and for whoever moves this near to it, however slowly, so that a queue that
    starts to move is not a gap. stale_s: older knowledge is unknown. remember_s: a call is kept so
    long after its vehicle was last seen, for cameras lose some for a moment. forgotten_s:
    a phase that was not green for so long is called anyway, for cameras miss some altogether.
    recall: phases called in every cycle; ped_recall: so are all that serve pedestrians,
    whom no button announces.
    """

    passage_s: float = 3.0
    near_m: float = 15.0
    stale_s: float = 2.0
    remember_s: float = 5.0
    forgotten_s: float = 120.0
    recall: frozenset[int] = field(default_factory=frozenset)
    ped_recall: bool = True


@dataclass(frozen=True, slots=True)
class PhaseCall:
    """One phase's call. known is False where a lane of it cannot be seen, or it has none.

    extends names the lanes that hold its green now. reason says why it is called, in the
    engineer's words; None where it is not.
    """

    phase: int
    known: bool
    extends: tuple[str, ...]
    reason: str | None

    @property
    def called(self) -> bool:
        """Whether somebody wants this phase."""
        return self.reason is not None


class Calls:
    """The calls of all phases, step by step; time is that of the signal."""

    def __init__(self, phases: Sequence[Phase], settings: CallSettings) -> None:
        self._phases = tuple(phases)
        self._settings = settings
        self._seen_ns: dict[int, int] = {}
        self._green_ns: dict[int, int] = {}

    def update(self, demand: Demand, signal: SignalState) -> Mapping[int, PhaseCall]:
        """Call of each phase at the signal's instant. A demand that is older ages its lanes."""
        older_s = max(0.0, (signal.t_ns - demand.t_ns) / NS_PER_S)
        lanes: dict[int, list[LaneDemand]] = {phase.number: [] for phase in self._phases}
        for lane in demand.lanes.values():
            if lane.phase in lanes:
                lanes[lane.phase].append(lane)
        return {phase.number: self._call(phase, lanes[phase.number], older_s, signal) for phase in self._phases}

    def _call(self, phase: Phase, lanes: list[LaneDemand], older_s: float, signal: SignalState) -> PhaseCall:
        number, now_ns = phase.number, signal.t_ns
        blind = [lane.lane for lane in lanes if not self._is_known(lane, older_s)]
        seen = [lane for lane in lanes if lane.lane not in blind]
        extends = tuple(lane.lane for lane in seen if self._extends(lane))
        reason = _vehicles(seen)
        if signal.intervals.get(number) is Interval.GREEN:
            self._green_ns[number] = now_ns
            self._seen_ns.pop(number, None)
        elif reason is not None:
            self._seen_ns[number] = now_ns
        not_green_ns = now_ns - self._green_ns.setdefault(number, now_ns)
        if reason is None:
            reason = self._without_vehicles(phase, blind, seen, now_ns, not_green_ns)
        return PhaseCall(number, bool(seen) and not blind, extends, reason)

    def _without_vehicles(
        self, phase: Phase, blind: list[str], seen: list[LaneDemand], now_ns: int, not_green_ns: int
    ) -> str | None:
        s, seen_ns = self._settings, self._seen_ns.get(phase.number)
        reason = None
        if blind:
            reason = f"recall, {' and '.join(blind)} unknown"
        elif not seen:
            reason = "recall, no lane of it is watched"
        elif seen_ns is not None and now_ns - seen_ns <= s.remember_s * NS_PER_S:
            reason = "a vehicle just lost from sight"
        elif s.ped_recall and phase.walk_s is not None:
            reason = "pedestrian recall"
        elif phase.number in s.recall:
            reason = "recall"
        elif not_green_ns >= s.forgotten_s * NS_PER_S:
            reason = f"not green for {not_green_ns / NS_PER_S:.0f} s"
        return reason

    def _is_known(self, lane: LaneDemand, older_s: float) -> bool:
        if lane.age_s is None or lane.age_s + older_s > self._settings.stale_s:
            return False
        return lane.presence is not None or lane.queue_vehicles is not None or lane.arrivals is not None

    def _extends(self, lane: LaneDemand) -> bool:
        """Whether a vehicle is at the line, stands in the queue, or will be there within the passage time."""
        if lane.presence or lane.queue_vehicles:
            return True
        s = self._settings
        return any(before_m <= max(s.near_m, s.passage_s * mps) for before_m, mps in lane.arrivals or ())


def _vehicles(lanes: list[LaneDemand]) -> str | None:
    """What vehicles call, with numbers; None where there are none."""
    queued = sum(lane.queue_vehicles or 0 for lane in lanes)
    if queued:
        waits_s = [lane.wait_s for lane in lanes if lane.wait_s is not None]
        return f"{queued} queued" + (f", oldest {max(waits_s):.0f} s" if waits_s else "")
    if any(lane.presence for lane in lanes):
        return "a vehicle at the line"
    coming = [before_m for lane in lanes for before_m, _ in lane.arrivals or ()]
    return f"{len(coming)} coming, the first at {min(coming):.0f} m" if coming else None
