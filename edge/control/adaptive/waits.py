"""Who waits, since when, and who may wait no longer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from edge.clock import NS_PER_S
from edge.control.junction import JunctionModel
from edge.types import Demand, Interval, LaneDemand, SignalState


class Waits:
    """Phases with a call, and since when without green. A lane that nobody sees calls for all its phases (recall)."""

    def __init__(self, model: JunctionModel, limit_s: float) -> None:
        self._lanes = [(lane.lane, frozenset(way.phase for way in lane.ways)) for lane in model.lanes]
        self._limit_ns = round(limit_s * NS_PER_S)
        self._since_ns: dict[int, int] = {}
        self.called: frozenset[int] = frozenset()

    def look(self, demand: Demand, signal: SignalState) -> None:
        """Take in one step."""
        self.called = frozenset(
            phase for lane, ways in self._lanes for phase in called_by(demand.lanes.get(lane), ways)
        )
        for phase in self.called:
            if signal.intervals.get(phase) is not Interval.GREEN:
                self._since_ns.setdefault(phase, signal.t_ns)
        self._since_ns = {
            phase: since_ns
            for phase, since_ns in self._since_ns.items()
            if phase in self.called and signal.intervals.get(phase) is not Interval.GREEN
        }

    def overdue(self, t_ns: int) -> tuple[int, ...]:
        """Phases that have waited to the limit, longest first."""
        late = [(since_ns, phase) for phase, since_ns in self._since_ns.items() if t_ns - since_ns >= self._limit_ns]
        return tuple(phase for _, phase in sorted(late))

    def waited_s(self, phase: int, t_ns: int) -> float:
        """How long a phase has been called without green; 0 where it is not."""
        return (t_ns - self._since_ns.get(phase, t_ns)) / NS_PER_S


def stage_for(overdue: Sequence[int], stages: Sequence[frozenset[int]], now: Collection[int]) -> int:
    """The stage that serves the longest wait, then the most others of them, then most of what is green."""
    return max(
        (i for i, stage in enumerate(stages) if overdue[0] in stage),
        key=lambda i: (len(stages[i] & set(overdue)), len(stages[i] & set(now)), -i),
    )


def called_by(lane: LaneDemand | None, ways: frozenset[int]) -> Collection[int]:
    """Of a lane's phases those that it calls for: all where nobody knows whether anybody stands in it."""
    if lane is None or (lane.queue_vehicles is None and lane.presence is None):
        return ways
    standing = lane.queue_vehicles or 0
    if not standing and not lane.presence and not lane.arrivals:
        return ()
    turns: Mapping[int, None] | None = None
    if lane.turns is not None and all(turn is not None for turn in lane.turns):
        turns = dict.fromkeys(turn for turn in lane.turns if turn is not None)
    return ways if turns is None else ways & turns.keys()
