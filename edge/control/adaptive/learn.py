"""What a junction learns of its traffic from the vehicles that pass: arrivals by lane, turns, and how queues leave."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

from edge.clock import NS_PER_S
from edge.control.adaptive.settings import AdaptiveSettings
from edge.control.junction import JunctionModel, LaneModel, Passed, Sensing
from edge.types import Demand, Interval, SignalState

#: Before anything was seen: so many vehicles a second and lane, worth so many seconds of seeing.
_PRIOR_VEH_S = 0.06
_PRIOR_S = 60.0
#: The shares beforehand are worth so many vehicles, and no more than so many are remembered.
_PRIOR_VEHICLES = 5.0
_MOST_VEHICLES = 100.0
#: The same for headways, and the bounds of what can be one.
_PRIOR_HEADWAYS = 40.0
_MOST_HEADWAYS = 400.0
_HEADWAY_S = (1.0, 5.0)


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
        """Vehicles a second that were seen."""
        return self._passed / self._watched_s

    @property
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


class Discharge:
    """Saturation headway of a junction's queues, from vehicles that stood when their green began.

    Third vehicle and on, as HCM 6th edition, chapter 31 measures it, from the second on.
    """

    def __init__(self, model: JunctionModel, headway_s: float, found_share: float) -> None:
        # Where a turn yields or two phases share the lane, gaps are of other causes.
        self._lanes = {
            lane.lane: lane.ways[0].phase
            for lane in model.lanes
            if len({way.phase for way in lane.ways}) == 1 and not any(way.yields_to for way in lane.ways)
        }
        self._found_share = found_share
        self._sum_s = headway_s * _PRIOR_HEADWAYS
        self._count = _PRIOR_HEADWAYS
        #: Lane → vehicles that stood before this green, how many have passed since, and when the last did.
        self._queues: dict[str, tuple[int, int, int]] = {}

    @property
    def headway_s(self) -> float:
        """The mean, with what was reckoned beforehand as long as little was seen."""
        return self._sum_s / self._count

    def learn(self, demand: Demand, signal: SignalState, passed: Iterable[Passed]) -> None:
        """Take in the crossings since the last call."""
        gone = list(passed)
        for lane, phase in self._lanes.items():
            if signal.intervals.get(phase) is not Interval.GREEN:
                known = demand.lanes.get(lane)
                queue = known.queue_vehicles if known is not None else None
                self._queues[lane] = (queue or 0, 0, 0)
        for one in gone:
            if one.lane not in self._queues:
                continue
            stood, count, last_ns = self._queues[one.lane]
            gap_s = (one.t_ns - last_ns) / NS_PER_S * self._found_share
            if 2 <= count < stood and _HEADWAY_S[0] <= gap_s <= _HEADWAY_S[1]:
                self._sum_s, self._count = self._sum_s + gap_s, self._count + 1
                if self._count > _MOST_HEADWAYS:
                    self._sum_s, self._count = self._sum_s * _MOST_HEADWAYS / self._count, _MOST_HEADWAYS
            self._queues[one.lane] = (stood, count + 1, one.t_ns)


class Traffic:
    """All that is learned at one junction."""

    def __init__(self, model: JunctionModel, sensing: Sensing, settings: AdaptiveSettings) -> None:
        self._lanes = {lane.lane: LaneFlow(lane, settings.rate_memory_s) for lane in model.lanes}
        self._discharge = Discharge(model, settings.headway_s, sensing.found_share)
        self._found_share = sensing.found_share
        self._last_ns: int | None = None

    def learn(
        self,
        demand: Demand,
        signal: SignalState,
        passed: Iterable[Passed] | None,
        unwatched: Collection[str] = (),
    ) -> None:
        """What was seen up to an instant; None: nobody looked, and nothing is learned, nor of unwatched lanes."""
        last_ns, self._last_ns = self._last_ns, signal.t_ns
        if passed is None or last_ns is None or signal.t_ns <= last_ns:
            return
        gone = tuple(passed)
        for name, lane in self._lanes.items():
            if name not in unwatched:
                lane.pass_time((signal.t_ns - last_ns) / NS_PER_S)
        for one in gone:
            if one.lane in self._lanes:
                self._lanes[one.lane].see(one.phase)
        self._discharge.learn(demand, signal, gone)

    @property
    def headway_s(self) -> float:
        """Saturation headway."""
        return self._discharge.headway_s

    def rate_veh_s(self, lane: str) -> float:
        """Arrivals of a lane, with those that are never seen."""
        return self._lanes[lane].rate_veh_s / self._found_share

    def shares(self, lane: str) -> Mapping[int, float]:
        """Phase → share of a lane's vehicles."""
        return self._lanes[lane].shares
