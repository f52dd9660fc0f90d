"""A driver who leaves the junction on the wrong side of the road and meets oncoming traffic.

In SUMO he drives on his exit lane, which so keeps a place for him to come back to; he is
shown in the lane of those who come toward him, and they are made to brake for him.
"""

from __future__ import annotations

import math

import libsumo

from sim_videos.state import ActiveIncident, PointM
from sim_videos.timetable import IncidentSpec
from sim_videos.world.bodies import back
from sim_videos.world.mishaps.stage import Hold, Shown, Stage, nearest
from sim_videos.world.survey import InboundLane
from sim_videos.world.users import Reading

_SPEED_MPS = 8.0
#: Metres he drives while he changes sides.
_SHIFT_M = 14.0
#: Between his bonnet and that of whoever stops for him; enough to swerve.
_FACE_TO_FACE_M = 11.0
#: Nobody may be nearer to the stop line than this when he turns in.
_CLEAR_M = 75.0
_BRAKE_MPS2 = 3.0


class WrongWay:
    """The incident is while he is off his own side. Without a clear moment to turn in, he waits for one."""

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, lane: InboundLane) -> None:
        self.over = False
        self._number, self._spec, self._stage, self._lane = number, spec, stage, lane
        self._hold: Hold | None = None
        self._since_s: float | None = None
        self._share = 0.0
        self._braked: set[str] = set()
        self._swept = [
            other.name
            for other in stage.survey.inbound
            if other.approach == lane.approach and other.lane.index >= lane.lane.index and other.name is not None
        ]

    def update(self, t_s: float) -> Shown:
        """One frame."""
        if self._hold is None:
            name = self._driver()
            if name is None:
                return Shown()
            self._hold = Hold(self._stage, name)
            self._since_s = t_s
        reading = self._hold.reading
        if reading is None or self._since_s is None:
            self._end()
            return Shown()
        lane = self._stage.survey.net.lanes[reading.lane] if not reading.lane.startswith(":") else None
        left_m = math.inf if lane is None else lane.length_m - reading.lane_pos_m
        back_now = t_s - self._since_s >= self._spec.for_s or left_m < 40
        step = reading.speed_mps * self._stage.step_s / _SHIFT_M
        self._share = min(1.0, self._share + step) if not back_now else max(0.0, self._share - step)
        if back_now and self._share <= 0.0:
            self._hold.release()
            self._end()
            return Shown()
        other_side = nearest(self._lane.line_m, reading.front_m)
        smooth = self._share**2 * (3 - 2 * self._share)
        front: PointM = (
            reading.front_m[0] + (other_side[0] - reading.front_m[0]) * smooth,
            reading.front_m[1] + (other_side[1] - reading.front_m[1]) * smooth,
        )
        gap_m = self._stop_oncoming(front)
        room_m = gap_m - _FACE_TO_FACE_M if not back_now else math.inf
        speed_mps = min(_SPEED_MPS, math.sqrt(2 * _BRAKE_MPS2 * room_m) if room_m > 0 else 0.0)
        libsumo.vehicle.setSpeed(self._hold.name, min(speed_mps, 4.0) if back_now else speed_mps)
        person = self._stage.person(reading)
        incident = ActiveIncident(
            self._number,
            self._spec.kind,
            self._lane.name,
            back(front, reading.heading_rad, self._stage.length_m(reading) / 2),
            self._since_s,
            () if person is None else (person.user_id,),
        )
        return Shown(incidents=(incident,), fronts_m={self._hold.name: front})

    def _driver(self) -> str | None:
        """A car that just leaves the box on this leg's innermost exit lane while the way over is clear."""
        for name in self._swept:
            if any(to_stop_m < _CLEAR_M for to_stop_m, _ in self._stage.on_lane(name)):
                return None
        net = self._stage.survey.net
        edges = self._stage.survey.outbound_edges.get(self._lane.approach, ())
        for reading in self._stage.readings.values():
            if reading.lane.startswith(":") or reading.sumo_id in self._stage.taken:
                continue
            lane = net.lanes[reading.lane]
            innermost = lane.edge in edges and lane.index == len(net.edges[lane.edge]) - 1
            if innermost and reading.lane_pos_m < 10 and self._is_car(reading):
                return reading.sumo_id
        return None

    def _is_car(self, reading: Reading) -> bool:
        return self._stage.is_motor(reading) and self._stage.length_m(reading) < 6

    def _stop_oncoming(self, front: PointM) -> float:
        """Brakes those who come toward him; returns the gap to the first, inf where none is near."""
        first_m = math.inf
        seen = set()
        here_m = _to_end_m(self._lane.line_m, front)
        for to_stop_m, reading in self._stage.on_lane(str(self._lane.name)):
            gap_m = to_stop_m - here_m
            if gap_m < 0 or gap_m > 90 or reading.sumo_id in self._stage.taken - self._braked:
                continue
            seen.add(reading.sumo_id)
            first_m = min(first_m, gap_m)
            # Each may use up half of what is between them, and brakes earlier than he does.
            room_m = (gap_m - _FACE_TO_FACE_M) / 2
            allowed_mps = math.sqrt(2 * _BRAKE_MPS2 * room_m) if room_m > 0 else 0.0
            libsumo.vehicle.setLaneChangeMode(reading.sumo_id, 512)
            libsumo.vehicle.setSpeed(reading.sumo_id, allowed_mps if allowed_mps < reading.speed_mps + 1 else -1)
        self._free(self._braked - seen)
        self._braked = seen
        return first_m

    def _free(self, names: set[str]) -> None:
        for name in sorted(names):
            if name in self._stage.readings:
                Hold(self._stage, name).release()

    def _end(self) -> None:
        self._free(self._braked)
        self._braked = set()
        self.over = True


def _to_end_m(line_m: tuple[PointM, ...], point: PointM) -> float:
    """Length of a line from the place nearest to a point to its end."""
    place = nearest(line_m, point)
    best_m, after_m = math.inf, 0.0
    length_m = 0.0
    for start, end in zip(reversed(line_m[:-1]), reversed(line_m[1:]), strict=True):
        off_m = math.dist(start, place) + math.dist(place, end) - math.dist(start, end)
        if off_m < best_m - 1e-9:
            best_m, after_m = off_m, length_m + math.dist(place, end)
        length_m += math.dist(start, end)
    return after_m
