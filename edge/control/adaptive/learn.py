"""What a junction learns of its traffic from the vehicles that pass: arrivals by lane, and turns."""

from __future__ import annotations

import math
from collections.abc import Iterable

from edge.clock import NS_PER_S
from edge.control.junction import JunctionModel, LaneModel, Passed

#: Before anything was seen: so many vehicles a second and lane, worth so many seconds of seeing.
_PRIOR_VEH_S = 0.06
_PRIOR_S = 60.0
#: The shares beforehand are worth so many vehicles, and no more than so many are remembered.
_PRIOR_VEHICLES = 5.0
_MOST_VEHICLES = 100.0


class LaneFlow:
    """Arrivals and turns of one lane, old ones forgotten exponentially."""

    def __init__(self, lane: LaneModel, memory_s: float) -> None:
        self._memory_s = memory_s
        self._passed = _PRIOR_VEH_S * _PRIOR_S
        self._watched_s = _PRIOR_S
        total = sum(way.share for way in lane.ways)
        self._turns: dict[int, float] = {}
        for way in lane.ways:
            share = way.share / total if total > 0 else 1 / len(lane.ways)
            self._turns[way.phase] = self._turns.get(way.phase, 0.0) + share * _PRIOR_VEHICLES

    @property
    def rate_veh_s(self) -> float:
        """Vehicles a second."""
        return self._passed / self._watched_s

    def shares(self) -> dict[int, float]:
        """Phase → its share of the vehicles, 0..1."""
        total = sum(self._turns.values())
        return {phase: count / total for phase, count in self._turns.items()}

    def pass_time(self, seconds: float) -> None:
        """So much time has gone by."""
        kept = math.exp(-seconds / self._memory_s)
        self._passed *= kept
        self._watched_s = self._watched_s * kept + seconds

    def see(self, phase: int | None) -> None:
        """One vehicle has passed, on this turn if that was seen."""
        self._passed += 1
        if phase in self._turns:
            self._turns[phase] += 1
            total = sum(self._turns.values())
            if total > _MOST_VEHICLES:
                self._turns = {way: count * _MOST_VEHICLES / total for way, count in self._turns.items()}


class Flows:
    """Those of all lanes. found_share: so many of the vehicles are seen."""

    def __init__(self, model: JunctionModel, memory_s: float, found_share: float) -> None:
        self._lanes = {lane.lane: LaneFlow(lane, memory_s) for lane in model.lanes}
        self._found_share = found_share
        self._last_ns: int | None = None

    def learn(self, t_ns: int, passed: Iterable[Passed] | None) -> None:
        """What was seen up to an instant; None: nobody looked, and nothing is learned."""
        last_ns, self._last_ns = self._last_ns, t_ns
        if passed is None or last_ns is None or t_ns <= last_ns:
            return
        for lane in self._lanes.values():
            lane.pass_time((t_ns - last_ns) / NS_PER_S)
        for one in passed:
            if one.lane in self._lanes:
                self._lanes[one.lane].see(one.phase)

    def rate_veh_s(self, lane: str) -> float:
        """Arrivals of a lane, with those that are never seen."""
        return self._lanes[lane].rate_veh_s

    def shares(self, lane: str) -> dict[int, float]:
        """Phase → share of a lane's vehicles."""
        return self._lanes[lane].shares()
