"""A person who walks onto the carriageway, lingers there and walks back."""

from __future__ import annotations

import math

from edge.types import Kind
from sim_videos.state import ActiveIncident, PointM, RoadUser
from sim_videos.street import LaneUse
from sim_videos.timetable import IncidentSpec
from sim_videos.world.mishaps.stage import Barrier, Shown, Stage, along, barrier_at
from sim_videos.world.survey import InboundLane

_WALK_MPS = 1.2
#: Drivers leave this much room along the lane.
_ROOM_M = 5.0
#: He comes along the footway so far before he turns onto the road.
_COMES_M = 9.0


class PedestrianOnCarriageway:
    """The incident is while he is off the footway. He waits for a gap: lanes are barred first."""

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, lane: InboundLane) -> None:
        self.over = False
        self._number, self._spec, self._stage, self._lane = number, spec, stage, lane
        self._user_id = stage.new_id()
        self._barriers: list[Barrier] = []
        self._since_s: float | None = None
        self._beside = tuple(_kerbward(stage, lane))
        self._kerb_m = lane.lane.width_m / 2 + sum(other.lane.width_m for other in self._beside)
        #: How far out from the footway's middle, and how far along before the spot.
        self._out_m, self._before_m = 0.0, _COMES_M
        self._heading_rad = 0.0

    def update(self, t_s: float) -> Shown:
        """One frame."""
        target_m = self._kerb_m + 0.8
        step_m = _WALK_MPS * self._stage.step_s
        moving = True
        linger = self._since_s is not None and t_s - self._since_s < self._spec.for_s - target_m / _WALK_MPS
        if self._before_m > 0 and self._since_s is None:
            self._before_m = max(0.0, self._before_m - step_m)
        elif not self._barred():
            moving = False
        elif self._since_s is None or (linger and self._out_m < target_m):
            self._out_m = min(self._out_m + step_m, target_m)
        elif linger:
            moving = False
        else:
            self._out_m -= step_m
        on_road = self._out_m > 0.8
        if on_road and self._since_s is None:
            self._since_s = t_s
        pos_m, heading_rad = self._where(t_s, lingers=linger and not moving, returns=not linger)
        if self._since_s is not None and not on_road:
            for barrier in self._barriers:
                barrier.remove()
            self.over = True
            return Shown()
        user = RoadUser(
            user_id=self._user_id,
            make="person",
            kind=Kind.PERSON,
            colour=self._user_id % 100,
            pos_m=pos_m,
            heading_rad=heading_rad,
            speed_mps=_WALK_MPS if moving else 0.3 if on_road else 0.0,
        )
        if self._since_s is None:
            return Shown(users=(user,))
        kind = self._spec.kind
        incident = ActiveIncident(self._number, kind, self._lane.name, pos_m, self._since_s, (self._user_id,))
        return Shown(incidents=(incident,), users=(user,))

    def _barred(self) -> bool:
        if not self._barriers:
            vehicle = [lane for lane in (self._lane, *self._beside) if lane.use is LaneUse.VEHICLES]
            from_m = self._spec.from_stop_m + _ROOM_M / 2
            self._barriers = [barrier_at(self._stage, lane, from_m, _ROOM_M) for lane in vehicle]
            return False
        held = [barrier.holds() for barrier in self._barriers]
        return all(held)

    def _where(self, t_s: float, *, lingers: bool, returns: bool) -> tuple[PointM, float]:
        """Out from the kerb at right angles; lingering he sways along the lane."""
        sway_m = 0.0
        if self._since_s is not None:
            fade = min(1.0, max(0.0, (self._out_m - 0.8) / max(self._kerb_m, 0.1)))
            sway_m = 1.2 * fade * math.sin((t_s - self._since_s) / 3.0)
        place, along_rad = along(self._lane.line_m, self._spec.from_stop_m + self._before_m + sway_m)
        kerb = 1 if self._stage.survey.net.left_hand else -1
        aside_m = kerb * (self._kerb_m + 0.8 - self._out_m)
        pos_m = (
            round(place[0] - aside_m * math.sin(along_rad), 4),
            round(place[1] + aside_m * math.cos(along_rad), 4),
        )
        if self._before_m > 0 or lingers:
            return pos_m, round(along_rad, 5)
        outward = along_rad - kerb * math.pi / 2
        heading_rad = outward if not (returns and self._since_s is not None) else outward + math.pi
        return pos_m, round(math.remainder(heading_rad, math.tau), 5)


def _kerbward(stage: Stage, lane: InboundLane) -> list[InboundLane]:
    """Lanes of the same approach between a lane and the kerb."""
    same = [other for other in stage.survey.inbound if other.approach == lane.approach]
    return [other for other in same if other.lane.index < lane.lane.index and other.lane.edge == lane.lane.edge]
