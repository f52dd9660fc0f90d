"""The lanes of a junction from second to second: what was seen last, and what must be there unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.clock import NS_PER_S
from edge.control.adaptive.guess import Guess, Learned
from edge.control.adaptive.heads import Heads
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
    """One lane in one case. free_s: nobody passes before; blocked: phase → s until its exit has room."""

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
    """Makes pictures of each lane."""

    def __init__(self, model: JunctionModel, sensing: Sensing, settings: AdaptiveSettings, traffic: Traffic) -> None:
        self._model = model
        self._sensing = sensing
        self._settings = settings
        self._traffic = traffic
        self._last: dict[str, _Last] = {}
        self._served_ns: dict[str, int] = {}
        self._beyond = dict.fromkeys((lane.lane for lane in model.lanes), 0.0)
        self._heads = Heads(model)
        self._told_ns: int | None = None
        self._gone: dict[str, int] = {}
        self._came = dict.fromkeys((lane.lane for lane in model.lanes), 0.0)
        self._noted_ns = 0

    def note(self, signal: SignalState, passed: Sequence[Passed] | None) -> None:
        """Take in who left since the last call."""
        half_ns = min(max(signal.t_ns - self._noted_ns, 0), NS_PER_S) // 2
        self._noted_ns = signal.t_ns
        for one in passed or ():
            self._heads.passed(one.lane)
            self._gone[one.lane] = self._gone.get(one.lane, 0) + 1
            began_ns = signal.since_ns.get(one.phase, 0) if one.phase is not None else 0
            before = self._last.get(one.lane)
            # It was seen some time in the step; the middle is the best guess.
            self._last[one.lane] = _Last(one.t_ns - half_ns, one.phase, before is None or before.t_ns < began_ns)

    def look(
        self, demand: Demand, signal: SignalState, around: Surroundings | None, cases: int
    ) -> list[list[LanePicture]]:
        """All lanes, in the order of the model, each as so many cases have it."""
        around = around if around is not None else Surroundings(signal.t_ns)
        if around.coming:
            self._told_ns = signal.t_ns
        self._heads.look(signal, demand.lanes, around)
        return [
            self._pictures(i, lane, demand.lanes.get(lane.lane), signal, around, cases)
            for i, lane in enumerate(self._model.lanes)
        ]

    def _pictures(
        self,
        number: int,
        lane: LaneModel,
        seen: LaneDemand | None,
        signal: SignalState,
        around: Surroundings,
        cases: int,
    ) -> list[LanePicture]:
        t_ns, name = signal.t_ns, lane.lane
        if name not in self._served_ns or any(signal.intervals.get(way.phase) is Interval.GREEN for way in lane.ways):
            self._served_ns[name] = t_ns
        rate, shares = self._traffic.rate_veh_s(name), self._traffic.shares(name)
        self._came[name] += rate * self._settings.plan_every_s
        learned = Learned(
            shares,
            self._heads.shares(lane, shares, seen),
            rate,
            self._sensing.found_share,
            self._gone.get(name, 0),
            self._came[name],
        )
        beyond = self._hidden(lane, seen, rate)
        inside = self._inside(lane, signal, around)
        free_s = self._free_s(lane, signal)
        waited_s = seen.wait_s if seen is not None and seen.wait_s is not None else 0.0
        blocked = {
            way.phase: self._settings.exit_wait_s
            for way in lane.ways
            if way.exit is not None and around.room.get(way.exit, 1) <= 0
        }
        pictures = []
        for case in range(cases):
            coming = lane_picture(
                lane,
                seen,
                Guess(learned, number, case, cases),
                unserved_s=(t_ns - self._served_ns[name]) / NS_PER_S,
                beyond=beyond,
                announced_s=around.coming.get(name, ()),
                told_s=self._told_s(lane, t_ns),
                sensing=self._sensing,
                settings=self._settings,
            )
            free = free_s if coming and coming[0].standing else 0.0
            pictures.append(LanePicture(inside + coming, waited_s, free, blocked))
        return pictures

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

    def _inside(self, lane: LaneModel, signal: SignalState, around: Surroundings) -> list[Coming]:
        """Vehicles that have left the lane and wait in the box for a gap: nobody behind them gets past."""
        last = self._last.get(lane.lane)
        if around.stands is None or last is None or last.turn is None:
            return []
        turn = last.turn
        if not any(way.phase == turn and way.yields_to for way in lane.ways):
            return []
        if signal.intervals.get(turn) is not Interval.GREEN or last.t_ns < signal.since_ns[turn]:
            return []
        count = min(around.stands.get(turn, 0), self._settings.most_inside)
        return [Coming(0.0, turn, standing=True) for _ in range(count)]

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
