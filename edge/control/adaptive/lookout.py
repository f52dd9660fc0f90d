"""The lanes of a junction from second to second: what was seen last, and what must be there unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.clock import NS_PER_S
from edge.control.adaptive.learn import Traffic
from edge.control.adaptive.picture import Coming, lane_picture
from edge.control.adaptive.settings import AdaptiveSettings
from edge.control.junction import JunctionModel, LaneModel, Passed, Sensing, Surroundings
from edge.types import Demand, Interval, LaneDemand, SignalState

#: More than this many are never thought to stand beyond the view.
_MOST_BEYOND = 15.0
#: So fast do those go on into view when the queue moves, s a vehicle.
_INTO_VIEW_S = 2.0
#: A neighbour that has told of nobody for so long is not reckoned with.
_SILENT_S = 120.0


@dataclass(frozen=True, slots=True)
class LanePicture:
    """One lane for the search. free_s: nobody passes before; blocked: phase → s until its exit has room."""

    coming: Sequence[Coming]
    waited_s: float
    free_s: float
    blocked: Mapping[int, float]


@dataclass(slots=True)
class _Last:
    """The last vehicle that left a lane: when, on which turn, whether it was the first of its green."""

    t_ns: int
    turn: int | None
    first: bool


class Lookout:
    """Makes a picture of each lane."""

    def __init__(self, model: JunctionModel, sensing: Sensing, settings: AdaptiveSettings, traffic: Traffic) -> None:
        self._model = model
        self._sensing = sensing
        self._settings = settings
        self._traffic = traffic
        self._last: dict[str, _Last] = {}
        self._served_ns: dict[str, int] = {}
        self._beyond = dict.fromkeys((lane.lane for lane in model.lanes), 0.0)
        self._told_ns: int | None = None
        self._noted_ns = 0

    def note(self, signal: SignalState, passed: Sequence[Passed] | None) -> None:
        """Take in who left since the last call."""
        half_ns = min(max(signal.t_ns - self._noted_ns, 0), NS_PER_S) // 2
        self._noted_ns = signal.t_ns
        for one in passed or ():
            began_ns = signal.since_ns.get(one.phase, 0) if one.phase is not None else 0
            before = self._last.get(one.lane)
            # It was seen some time in the step; the middle is the best guess.
            self._last[one.lane] = _Last(one.t_ns - half_ns, one.phase, before is None or before.t_ns < began_ns)

    def look(self, demand: Demand, signal: SignalState, around: Surroundings | None) -> list[LanePicture]:
        """All lanes, in the order of the model."""
        if around is not None and around.coming:
            self._told_ns = signal.t_ns
        return [self._picture(lane, demand.lanes.get(lane.lane), signal, around) for lane in self._model.lanes]

    def _picture(
        self, lane: LaneModel, seen: LaneDemand | None, signal: SignalState, around: Surroundings | None
    ) -> LanePicture:
        t_ns = signal.t_ns
        if lane.lane not in self._served_ns or any(
            signal.intervals.get(way.phase) is Interval.GREEN for way in lane.ways
        ):
            self._served_ns[lane.lane] = t_ns
        rate = self._traffic.rate_veh_s(lane.lane)
        told_s = self._told_s(lane, t_ns) if around is not None else None
        coming = lane_picture(
            lane,
            seen,
            self._traffic.shares(lane.lane),
            rate,
            unserved_s=(t_ns - self._served_ns[lane.lane]) / NS_PER_S,
            beyond=self._hidden(lane, seen, rate),
            announced_s=around.coming.get(lane.lane, ()) if around is not None else (),
            told_s=told_s,
            sensing=self._sensing,
            settings=self._settings,
        )
        blocked = {}
        if around is not None:
            for way in lane.ways:
                if way.exit is not None and around.room.get(way.exit, 1) <= 0:
                    blocked[way.phase] = self._settings.exit_wait_s
        free_s = self._free_s(lane, signal) if coming and coming[0].standing else 0.0
        waited_s = seen.wait_s if seen is not None and seen.wait_s is not None else 0.0
        return LanePicture(self._inside(lane, signal, around) + coming, waited_s, free_s, blocked)

    def _told_s(self, lane: LaneModel, t_ns: int) -> float | None:
        """How far ahead neighbours tell of vehicles for a lane; None where none does, or has not for long."""
        if not lane.fed_by or self._told_ns is None or t_ns - self._told_ns > _SILENT_S * NS_PER_S:
            return None
        return min(travel_s for _, _, travel_s in lane.fed_by)

    def _free_s(self, lane: LaneModel, signal: SignalState) -> float:
        """Until the next of a queue can pass, after the last one that did."""
        last = self._last.get(lane.lane)
        if last is None:
            return 0.0
        headway_s = self._traffic.headway_s + (self._settings.second_s if last.first else 0.0)
        return max(0.0, headway_s - (signal.t_ns - last.t_ns) / NS_PER_S)

    def _inside(self, lane: LaneModel, signal: SignalState, around: Surroundings | None) -> list[Coming]:
        """Vehicles that have left the lane and wait in the box for a gap: nobody behind them gets past."""
        last = self._last.get(lane.lane)
        if around is None or around.stands is None or last is None or last.turn is None:
            return []
        turn = last.turn
        if not any(way.phase == turn and way.yields_to for way in lane.ways):
            return []
        if signal.intervals.get(turn) is not Interval.GREEN or last.t_ns < signal.since_ns[turn]:
            return []
        count = min(around.stands.get(turn, 0), self._settings.most_inside)
        return [Coming(0.0, 1.0, turn, standing=True) for _ in range(count)]

    def _hidden(self, lane: LaneModel, seen: LaneDemand | None, rate_veh_s: float) -> float:
        """Vehicles that are thought to queue beyond the end of the view, while the queue reaches that far."""
        if seen is None or seen.queue_vehicles is None:
            return 0.0
        view_m = min(self._sensing.view_m, lane.length_m)
        standing_m = seen.queue_vehicles / self._sensing.found_share * self._settings.standing_m
        beyond, step_s = self._beyond[lane.lane], self._settings.plan_every_s
        if standing_m >= view_m - self._settings.standing_m:
            beyond = min(beyond + rate_veh_s * step_s, _MOST_BEYOND)
        else:
            beyond = max(0.0, beyond - step_s / _INTO_VIEW_S)
        self._beyond[lane.lane] = beyond
        return beyond
