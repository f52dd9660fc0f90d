"""Where the first vehicle of a shared lane wants to go, from its not moving although it could.

Whoever stands at the stop line, has had green for one of the lane's turns for some seconds,
had nobody to give way to and is still there wants another turn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from edge.clock import NS_PER_S
from edge.control.junction import JunctionModel, LaneModel, Surroundings
from edge.types import Interval, LaneDemand, SignalState

#: A head has driven off so long after its green at the latest; so much later where others stand before it unseen.
_OFF_S, _HIDDEN_S = 1.5, 1.5
#: Likelihood of standing falls by e in so many seconds beyond, to this at least: some sleep.
_SLEEP_S, _LEAST = 0.5, 0.002
#: Share of vehicles that stand in a lane that does not lead their way.
_ASTRAY = 0.02
#: Who moves nearer to the stop line than this is the head.
_AT_LINE_M = 7.5
#: Steps longer than this are no watching.
_STEP_S = 2.0


class Heads:
    """Watches the first vehicle of each lane."""

    def __init__(self, model: JunctionModel) -> None:
        self._lanes = {lane.lane: lane for lane in model.lanes}
        #: Lane → phases that only other lanes of its approach lead to.
        self._others = {lane.lane: _others(lane, model) for lane in model.lanes}
        #: Lane → phase → s for which its head has stood though this was green and nothing in its way.
        self._stood_s: dict[str, dict[int, float]] = {lane: {} for lane in self._lanes}
        self._last_ns = 0

    def passed(self, lane: str) -> None:
        """The head of a lane has gone."""
        if lane in self._stood_s:
            self._stood_s[lane].clear()

    def look(self, signal: SignalState, lanes: Mapping[str, LaneDemand], around: Surroundings) -> None:
        """Take in one step."""
        step_s = (signal.t_ns - self._last_ns) / NS_PER_S
        self._last_ns = signal.t_ns
        stands = around.stands or {}
        green = {phase for phase, shown in signal.intervals.items() if shown is Interval.GREEN}
        for name, lane in self._lanes.items():
            stood_s, seen = self._stood_s[name], lanes.get(name)
            unwatched = around.passed is None or name in around.unwatched
            if unwatched or not 0 < step_s <= _STEP_S or seen is None or not _stands(seen):
                stood_s.clear()
                continue
            if any(stands.get(way.phase) for way in lane.ways):
                continue  # whoever waits in the box keeps all behind him
            kept = {
                way.phase
                for way in lane.ways
                if way.yields_to & green or (way.exit is not None and around.room.get(way.exit, 1) <= 0)
            }
            for phase in {way.phase for way in lane.ways} & green - kept:
                age_s = (signal.t_ns - signal.since_ns.get(phase, signal.t_ns)) / NS_PER_S
                stood_s[phase] = stood_s.get(phase, 0.0) + min(step_s, age_s)

    def shares(self, lane: LaneModel, shares: Mapping[int, float], seen: LaneDemand | None) -> Mapping[int, float]:
        """Phase → how likely the head of the lane wants it, from the shares of all its vehicles."""
        stood_s = self._stood_s.get(lane.lane)
        if not stood_s:
            return shares
        at_line = seen is not None and seen.presence is True
        off_s = _OFF_S if at_line else _OFF_S + _HIDDEN_S
        weights = {
            phase: share * max(_LEAST, math.exp(-max(0.0, stood_s.get(phase, 0.0) - off_s) / _SLEEP_S))
            for phase, share in shares.items()
        }
        weights.update(dict.fromkeys(self._others[lane.lane], _ASTRAY))
        total = sum(weights.values())
        return {phase: weight / total for phase, weight in weights.items()} if total > 0 else shares


def _others(lane: LaneModel, model: JunctionModel) -> tuple[int, ...]:
    if lane.approach is None:
        return ()
    beside = {way.phase for other in model.lanes if other.approach == lane.approach for way in other.ways}
    return tuple(sorted(beside - {way.phase for way in lane.ways}))


def _stands(seen: LaneDemand) -> bool:
    """Whether the first that is seen stands."""
    if not seen.queue_vehicles:
        return False
    return not seen.arrivals or seen.arrivals[0][0] > _AT_LINE_M
