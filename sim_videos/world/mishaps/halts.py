"""Vehicles that stand where they should not: broken down in a lane, crashed, or blocking the box."""

from __future__ import annotations

import math
from itertools import pairwise

import libsumo

from sim_videos.scenario import IncidentSpec
from sim_videos.state import ActiveIncident, IncidentKind, PointM
from sim_videos.world.bodies import back
from sim_videos.world.mishaps.stage import STANDS_MPS, Hold, Shown, Stage
from sim_videos.world.survey import InboundLane
from sim_videos.world.users import Reading

#: Two bumpers this near are in contact.
_CONTACT_M = 0.25
#: From the junction's middle: a vehicle here stands in everybody's way.
_MIDDLE_M = 7.0
#: Nobody is picked who could not stop before the spot.
_MARGIN_M = 3.0
_BRAKE_MPS2 = 3.0


class StoppedVehicle:
    """A vehicle of the lane comes to a stand at the spot and flashes; the incident is while it stands.

    With a make, one of that make is awaited, or sent for where none is on its way.
    """

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, lane: InboundLane) -> None:
        self.over = False
        self._number, self._spec, self._stage, self._lane = number, spec, stage, lane
        self._hold: Hold | None = None
        self._sent: str | None = None
        self._since_s: float | None = None

    def update(self, t_s: float) -> Shown:
        """One frame."""
        hold = self._hold or self._pick()
        if hold is None:
            return Shown()
        self._hold = hold
        reading = hold.reading
        if reading is None:
            self.over = True
            return Shown()
        hold.brake(self._left_m(reading))
        if self._since_s is None and hold.stands and self._left_m(reading) < 4:
            self._since_s = t_s
        if self._since_s is None:
            return Shown()
        if t_s - self._since_s >= self._spec.for_s - 1e-6:
            hold.release()
            self.over = True
            return Shown()
        assert self._lane.name is not None  # noqa: S101 - for the type checker: named lanes only
        incident = ActiveIncident(
            self._number,
            self._spec.kind,
            self._lane.name,
            _middle(self._stage, reading),
            self._since_s,
            _numbers(self._stage, reading),
        )
        return Shown(incidents=(incident,), hazards=frozenset({hold.name}))

    def _left_m(self, reading: Reading) -> float:
        _, to_stop_m = self._stage.users.place(reading)
        return (to_stop_m or 0.0) - self._spec.from_stop_m

    def _pick(self) -> Hold | None:
        make = self._spec.make
        for to_stop_m, reading in self._stage.on_lane(str(self._lane.name)):
            person = self._stage.person(reading)
            if person is None or reading.sumo_id in self._stage.taken or not self._stage.is_motor(reading):
                continue
            if (make is not None and person.make != make) or person.movement not in self._lane.movements:
                continue
            braking_m = reading.speed_mps**2 / (2 * _BRAKE_MPS2)
            if to_stop_m - self._spec.from_stop_m > braking_m + _MARGIN_M:
                return Hold(self._stage, reading.sumo_id, _BRAKE_MPS2)
        if make is not None and self._sent is None:
            straight = [name for name in self._lane.movements if name.endswith("T")]
            self._sent = self._stage.spawn(make, (*straight, *self._lane.movements)[0])
        return None


class BlockedBox:
    """A vehicle of a movement comes to a stand in the middle of the junction and stays."""

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, movement: str) -> None:
        self.over = False
        self._number, self._spec, self._stage, self._movement = number, spec, stage, movement
        self._hold: Hold | None = None
        self._since_s: float | None = None

    def update(self, t_s: float) -> Shown:
        """One frame."""
        if self._hold is None:
            for reading in self._stage.in_box(self._movement):
                near = math.hypot(*reading.front_m) < _MIDDLE_M
                if near and self._stage.is_motor(reading) and reading.sumo_id not in self._stage.taken:
                    self._hold = Hold(self._stage, reading.sumo_id)
                    break
        hold = self._hold
        if hold is None:
            return Shown()
        held = hold.reading
        if held is None:
            self.over = True
            return Shown()
        hold.brake(0.0)
        if self._since_s is None and hold.stands:
            self._since_s = t_s
        if self._since_s is None:
            return Shown()
        if t_s - self._since_s >= self._spec.for_s - 1e-6:
            hold.release()
            self.over = True
            return Shown()
        where = _middle(self._stage, held)
        who = _numbers(self._stage, held)
        incident = ActiveIncident(self._number, self._spec.kind, None, where, self._since_s, who)
        return Shown(incidents=(incident,), hazards=frozenset({hold.name}))


class Crash:
    """One vehicle brakes hard, the next runs into its back; both stand in contact, flashing.

    In a lane at the spot where a lane is given, else in the box on the movement.
    """

    def __init__(
        self, number: int, spec: IncidentSpec, stage: Stage, lane: InboundLane | None, movement: str | None
    ) -> None:
        self.over = False
        self._number, self._spec, self._stage = number, spec, stage
        self._lane, self._movement = lane, movement
        self._pair: tuple[Hold, Hold] | None = None
        self._since_s: float | None = None

    def update(self, t_s: float) -> Shown:
        """One frame."""
        if self._pair is None:
            self._pair = self._in_lane() if self._lane is not None else self._in_box()
        if self._pair is None:
            return Shown()
        first, second = self._pair
        ahead, behind = first.reading, second.reading
        if ahead is None or behind is None:
            self._release()
            return Shown()
        first.brake(self._left_m(ahead))
        gap_m = math.dist(behind.front_m, back(ahead.front_m, ahead.heading_rad, self._stage.length_m(ahead)))
        second.brake(max(0.0, gap_m - 0.1) + ahead.speed_mps**2 / 8)
        if gap_m < _CONTACT_M:
            second.brake(0.0)
        both = ahead.speed_mps < STANDS_MPS and behind.speed_mps < STANDS_MPS and gap_m < 2 * _CONTACT_M
        if self._since_s is None and both:
            self._since_s = t_s
        if self._since_s is None:
            return Shown()
        if t_s - self._since_s >= self._spec.for_s - 1e-6:
            self._release()
            return Shown()
        who = _numbers(self._stage, ahead, behind)
        lane = None if self._lane is None else self._lane.name
        incident = ActiveIncident(self._number, IncidentKind.CRASH, lane, behind.front_m, self._since_s, who)
        return Shown(incidents=(incident,), hazards=frozenset({first.name, second.name}))

    def _left_m(self, reading: Reading) -> float:
        if self._lane is None:
            return 0.0
        _, to_stop_m = self._stage.users.place(reading)
        return (to_stop_m or 0.0) - self._spec.from_stop_m

    def _in_lane(self) -> tuple[Hold, Hold] | None:
        assert self._lane is not None  # noqa: S101 - for the type checker
        queue = self._stage.on_lane(str(self._lane.name))
        for (near_m, ahead), (far_m, behind) in pairwise(queue):
            if not self._usable(ahead, behind):
                continue
            braking_m = ahead.speed_mps**2 / (2 * _BRAKE_MPS2)
            room = near_m - self._spec.from_stop_m > braking_m + _MARGIN_M
            if room and far_m - near_m < 60:
                return self._hold(ahead, behind)
        return None

    def _in_box(self) -> tuple[Hold, Hold] | None:
        for ahead in self._stage.in_box(str(self._movement)):
            if math.hypot(*ahead.front_m) > _MIDDLE_M + 3:
                continue
            for behind in self._stage.readings.values():
                person = self._stage.person(behind)
                if person is None or behind is ahead or person.movement != self._movement:
                    continue
                rear = back(ahead.front_m, ahead.heading_rad, self._stage.length_m(ahead))
                follows = _leader(behind.sumo_id) == ahead.sumo_id
                if follows and self._usable(ahead, behind) and math.dist(rear, behind.front_m) < 30:
                    return self._hold(ahead, behind)
        return None

    def _usable(self, ahead: Reading, behind: Reading) -> bool:
        return all(
            reading.sumo_id not in self._stage.taken and self._stage.is_motor(reading) and reading.speed_mps > 1.5
            for reading in (ahead, behind)
        )

    def _hold(self, ahead: Reading, behind: Reading) -> tuple[Hold, Hold]:
        first = Hold(self._stage, ahead.sumo_id, _BRAKE_MPS2)
        second = Hold(self._stage, behind.sumo_id, 4.0)
        second.reckless()
        return first, second

    def _release(self) -> None:
        for hold in self._pair or ():
            hold.release()
        self.over = True


def _leader(name: str) -> str | None:
    """Who drives directly ahead of a vehicle, within 60 m."""
    leader = libsumo.vehicle.getLeader(name, 60.0)
    return leader[0] if leader else None


def _middle(stage: Stage, reading: Reading) -> PointM:
    return back(reading.front_m, reading.heading_rad, stage.length_m(reading) / 2)


def _numbers(stage: Stage, *readings: Reading) -> tuple[int, ...]:
    return tuple(person.user_id for reading in readings if (person := stage.person(reading)) is not None)
