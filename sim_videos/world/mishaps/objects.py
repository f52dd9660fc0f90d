"""What lies or stands in a lane: a lost load, or the cones and barrier of a closed lane."""

from __future__ import annotations

import math

from sim_videos.state import ActiveIncident, PointM, Thing
from sim_videos.timetable import IncidentSpec
from sim_videos.world.mishaps.stage import Barrier, Shown, Stage, along, barrier_at
from sim_videos.world.survey import InboundLane

_LOAD_M = 1.4
_CONE_EVERY_M = 4.0
#: What keeps traffic out of a closed lane: so long, so far apart.
_PIECE_M, _PIECE_EVERY_M = 2.0, 9.0


class LostLoad:
    """A load in the lane. It is there from the moment that nobody would drive into it."""

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, lane: InboundLane) -> None:
        self.over = False
        self._number, self._spec, self._stage, self._lane = number, spec, stage, lane
        self._barrier: Barrier | None = None
        self._since_s: float | None = None
        self._thing_id = stage.new_id()

    def update(self, t_s: float) -> Shown:
        """One frame."""
        if self._barrier is None:
            self._barrier = barrier_at(self._stage, self._lane, self._spec.from_stop_m, _LOAD_M)
            return Shown()
        if not self._barrier.holds():
            return Shown()
        if self._since_s is None:
            self._since_s = t_s
        if t_s - self._since_s >= self._spec.for_s - 1e-6:
            self._barrier.remove()
            self.over = True
            return Shown()
        place, heading_rad = along(self._lane.line_m, self._spec.from_stop_m - _LOAD_M / 2)
        thing = Thing(self._thing_id, "load", place, round(heading_rad + 0.4, 5))
        incident = ActiveIncident(self._number, self._spec.kind, self._lane.name, place, self._since_s)
        return Shown(incidents=(incident,), things=(thing,))


class LaneClosed:
    """Cones in a taper, a barrier behind them and cones along the lane; nobody drives there.

    It reaches from the spot toward the stop line, 25 m or as far as leaves 10 m before it.
    """

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, lane: InboundLane) -> None:
        self.over = False
        self._number, self._spec, self._stage, self._lane = number, spec, stage, lane
        self._length_m = min(25.0, max(6.0, spec.from_stop_m - 10.0))
        self._barriers: list[Barrier] = []
        self._since_s: float | None = None
        self._things = tuple(self._cones())

    def _cones(self) -> list[Thing]:
        width_m = self._lane.lane.width_m
        inward = -1 if self._stage.survey.net.left_hand else 1
        start_m = self._spec.from_stop_m
        spots = [(start_m - 1.5 * i, -width_m / 2 + (i + 0.5) * width_m / 4, "cone") for i in range(4)]
        spots.append((start_m - 8.0, 0.0, "barrier"))
        rows = int((self._length_m - 8.0) // _CONE_EVERY_M)
        spots.extend((start_m - 8.0 - _CONE_EVERY_M * i, width_m / 2 - 0.2, "cone") for i in range(rows + 1))
        things = []
        for before_m, aside_m, make in spots:
            (x, y), heading_rad = along(self._lane.line_m, max(before_m, 2.0))
            out_m = aside_m * inward
            pos_m: PointM = (
                round(x - out_m * math.sin(heading_rad), 4),
                round(y + out_m * math.cos(heading_rad), 4),
            )
            things.append(Thing(self._stage.new_id(), make, pos_m, round(heading_rad, 5)))
        return things

    def update(self, t_s: float) -> Shown:
        """One frame."""
        if not self._closed():
            return Shown()
        if self._since_s is None:
            self._since_s = t_s
        if t_s - self._since_s >= self._spec.for_s - 1e-6:
            for barrier in self._barriers:
                barrier.remove()
            self.over = True
            return Shown()
        place, _ = along(self._lane.line_m, max(0.0, self._spec.from_stop_m - self._length_m / 2))
        incident = ActiveIncident(self._number, self._spec.kind, self._lane.name, place, self._since_s)
        return Shown(incidents=(incident,), things=self._things)

    def _closed(self) -> bool:
        """Bars the upstream end, waits until the lane has emptied beyond it, then bars the rest."""
        start_m, end_m = self._spec.from_stop_m, self._spec.from_stop_m - self._length_m
        if not self._barriers:
            self._barriers.append(barrier_at(self._stage, self._lane, start_m, _PIECE_M))
            return False
        held = [barrier.holds() for barrier in self._barriers]
        if len(held) > 1:
            return all(held)
        inside = [
            to_stop_m for to_stop_m, _ in self._stage.on_lane(str(self._lane.name)) if end_m - 8 < to_stop_m < start_m
        ]
        if held[0] and not inside:
            pieces = range(1, math.ceil(self._length_m / _PIECE_EVERY_M) + 1)
            places_m = [max(start_m - _PIECE_EVERY_M * piece, end_m + _PIECE_M) for piece in pieces]
            self._barriers += [barrier_at(self._stage, self._lane, place_m, _PIECE_M) for place_m in places_m]
        return False
