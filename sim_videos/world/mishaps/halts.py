"""Vehicles that stand where they should not: broken down in a lane, crashed, or blocking the box."""

from __future__ import annotations

import math

import libsumo

from sim_videos.state import ActiveIncident, PointM
from sim_videos.timetable import IncidentSpec
from sim_videos.world.bodies import back
from sim_videos.world.mishaps.stage import Hold, Shown, Stage
from sim_videos.world.survey import InboundLane
from sim_videos.world.users import Reading

#: Two bumpers this near are in contact.
_CONTACT_M = 0.25
#: A place is chosen for a vehicle no more than this before it must brake.
_AHEAD_M = 60.0
#: A crash that has not happened by then is tried with others.
_TRY_S = 20.0
#: Nobody is picked who could not stop before the spot.
_MARGIN_M = 3.0
#: What it takes to change lanes before that.
_CHANGE_M = 45.0
_BRAKE_MPS2, _HARD_MPS2 = 2.0, 5.0


class _Standing:
    """Held vehicles that stand where they should not: the incident from then on, for as long as was ordered."""

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, lane: InboundLane | None) -> None:
        self.over = False
        self._number, self._spec, self._stage = number, spec, stage
        self._lane = None if lane is None else lane.name
        self._since_s: float | None = None

    @property
    def begun(self) -> bool:
        """Whether they stand, or have stood."""
        return self._since_s is not None

    def update(self, t_s: float, where: PointM, *holds: Hold, stand: bool) -> Shown:
        """One frame, in which they stand or not yet; when it is over they are let go."""
        if self._since_s is None and stand:
            self._since_s = t_s
        if self._since_s is None:
            return Shown()
        if t_s - self._since_s >= self._spec.for_s - 1e-6:
            for hold in holds:
                hold.release()
            self.over = True
            return Shown()
        who = _numbers(self._stage, *(hold.reading for hold in holds))
        incident = ActiveIncident(self._number, self._spec.kind, self._lane, where, self._since_s, who)
        return Shown(incidents=(incident,), hazards=frozenset(hold.name for hold in holds))


class StoppedVehicle:
    """A vehicle of the lane comes to a stand at the spot and flashes; the incident is while it stands.

    With a make, one of that make is awaited, or sent for where none is on its way.
    """

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, lane: InboundLane) -> None:
        self.over = False
        self._spec, self._stage, self._lane = spec, stage, lane
        self._standing = _Standing(number, spec, stage, lane)
        self._hold: Hold | None = None
        self._sent: str | None = None

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
        left_m = self._left_m(reading)
        place, _ = self._stage.users.place(reading)
        if place is not None and place.name != self._lane.name and left_m < 3:
            # It was not let over: another one, later.
            hold.release()
            self._hold = None
            return Shown()
        hold.keep_to(self._lane)
        hold.brake(left_m)
        where = _middle(self._stage, reading)
        shown = self._standing.update(t_s, where, hold, stand=hold.stands and left_m < 4)
        self.over = self._standing.over
        return shown

    def _left_m(self, reading: Reading) -> float:
        _, to_stop_m = self._stage.users.place(reading)
        return (to_stop_m or 0.0) - self._spec.from_stop_m

    def _pick(self) -> Hold | None:
        """The nearest vehicle that can still stop there; failing that one beside the lane, who is to change."""
        beside = [
            other.name
            for other in self._stage.survey.inbound
            if other.approach == self._lane.approach and other.name not in {None, self._lane.name}
        ]
        for name, room_m in ((self._lane.name, _MARGIN_M), *((name, _CHANGE_M) for name in beside)):
            for to_stop_m, reading in self._stage.on_lane(str(name)):
                braking_m = reading.speed_mps**2 / (2 * _BRAKE_MPS2)
                if self._suits(reading) and to_stop_m - self._spec.from_stop_m > braking_m + room_m:
                    return Hold(self._stage, reading.sumo_id, _BRAKE_MPS2)
        if self._spec.make is not None and self._sent is None:
            straight = [name for name in self._lane.movements if name.endswith("T")]
            movement = (*straight, *self._lane.movements)[0]
            self._sent = self._stage.spawn(self._spec.make, movement, lane=self._lane)
        return None

    def _suits(self, reading: Reading) -> bool:
        person = self._stage.person(reading)
        return (
            person is not None
            and reading.sumo_id not in self._stage.taken
            and self._stage.is_motor(reading)
            and self._spec.make in {None, person.make}
            and person.movement in self._lane.movements
        )


class BlockedBox:
    """A vehicle of a movement comes to a stand in the middle of the junction and stays."""

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, movement: str) -> None:
        self.over = False
        self._stage, self._movement = stage, movement
        self._standing = _Standing(number, spec, stage, None)
        self._hold: Hold | None = None

    def update(self, t_s: float) -> Shown:
        """One frame."""
        if self._hold is None:
            name = _bound_for_box(self._stage, self._movement)
            self._hold = None if name is None else Hold(self._stage, name)
        hold = self._hold
        if hold is None:
            return Shown()
        held = hold.reading
        if held is None:
            self.over = True
            return Shown()
        to_middle_m = self._stage.to_middle_m(held, self._movement)
        # Its own middle is to stand in the middle.
        hold.brake((0.0 if to_middle_m is None else to_middle_m) + self._stage.length_m(held) / 2)
        there = to_middle_m is not None and to_middle_m < 0
        shown = self._standing.update(t_s, _middle(self._stage, held), hold, stand=hold.stands and there)
        self.over = self._standing.over
        return shown


class Crash:
    """One vehicle brakes hard, the next runs into its back; both stand in contact, flashing.

    In a lane at the spot where a lane is given, else in the box on the movement.
    """

    def __init__(
        self, number: int, spec: IncidentSpec, stage: Stage, lane: InboundLane | None, movement: str | None
    ) -> None:
        self.over = False
        self._spec, self._stage = spec, stage
        self._lane, self._movement = lane, movement
        self._standing = _Standing(number, spec, stage, lane)
        self._pair: tuple[Hold, Hold] | None = None
        self._tried_s = 0.0

    def update(self, t_s: float) -> Shown:
        """One frame."""
        if self._pair is None:
            self._pair, self._tried_s = self._pick(), t_s
            return Shown()
        first, second = self._pair
        ahead, behind = first.reading, second.reading
        missed = not self._standing.begun and t_s - self._tried_s > _TRY_S
        if ahead is None or behind is None or missed:
            first.release()
            second.release()
            self._pair = None
            self.over = self._standing.begun
            return Shown()
        left_m = self._left_m(ahead)
        first.brake(left_m)
        gap_m = _gap_m(self._stage, ahead, behind)
        # The second one brakes late and hard, as if the first were not slowing down.
        second.run_into(max(0.0, gap_m - _CONTACT_M / 2) + ahead.speed_mps**2 / (2 * _BRAKE_MPS2))
        # In a queue short of the place in their lane they would stand as well, and drive on.
        both = first.stands and second.stands and gap_m < 2 * _CONTACT_M
        both = both and (self._lane is None or left_m < 4)
        where = (round(behind.front_m[0], 4) + 0.0, round(behind.front_m[1], 4) + 0.0)
        shown = self._standing.update(t_s, where, first, second, stand=both)
        self.over = self._standing.over
        return shown

    def _left_m(self, reading: Reading) -> float:
        if self._lane is None:
            to_middle_m = self._stage.to_middle_m(reading, str(self._movement))
            return (0.0 if to_middle_m is None else to_middle_m) + self._stage.length_m(reading)
        _, to_stop_m = self._stage.users.place(reading)
        return (to_stop_m or 0.0) - self._spec.from_stop_m

    def _pick(self) -> tuple[Hold, Hold] | None:
        """Two motor vehicles one behind the other, the first of which can still stop at the place."""
        for behind in self._stage.readings.values():
            ahead = self._stage.readings.get(_leader(behind.sumo_id) or "")
            if ahead is None or not self._usable(ahead) or not self._usable(behind):
                continue
            braking_m = ahead.speed_mps**2 / (2 * _BRAKE_MPS2)
            room_m = self._left_m(ahead) - braking_m
            if 0.5 < room_m < _AHEAD_M and 1.0 < _gap_m(self._stage, ahead, behind) < 45:
                first = Hold(self._stage, ahead.sumo_id, _BRAKE_MPS2)
                second = Hold(self._stage, behind.sumo_id, _HARD_MPS2)
                second.reckless()
                return first, second
        return None

    def _usable(self, reading: Reading) -> bool:
        person = self._stage.person(reading)
        place, _ = self._stage.users.place(reading)
        if person is None or reading.sumo_id in self._stage.taken or not self._stage.is_motor(reading):
            return False
        if self._lane is not None:
            # Who is bound for a lane beside it would not stay in it.
            return place is not None and place.name == self._lane.name and person.movement in self._lane.movements
        there = self._stage.to_middle_m(reading, str(self._movement)) is not None
        return there and person.movement == self._movement and reading.speed_mps > 3


def _bound_for_box(stage: Stage, movement: str) -> str | None:
    """A motor vehicle of a movement on its way over the junction that can still stop in the middle."""
    for reading in stage.readings.values():
        person = stage.person(reading)
        if person is None or person.movement != movement or reading.sumo_id in stage.taken:
            continue
        to_middle_m = stage.to_middle_m(reading, movement)
        if to_middle_m is None or not stage.is_motor(reading) or reading.speed_mps < 2:
            continue
        inside = reading.lane.startswith(":")
        room_m = to_middle_m + stage.length_m(reading) / 2 - reading.speed_mps**2 / (2 * _BRAKE_MPS2)
        if 0 < room_m < _AHEAD_M and (inside or reading.speed_mps > 4):
            return reading.sumo_id
    return None


def _gap_m(stage: Stage, ahead: Reading, behind: Reading) -> float:
    """From the bumper of one to the back of the other along the way it points; negative when it has run into it."""
    rear = back(ahead.front_m, ahead.heading_rad, stage.length_m(ahead))
    cos, sin = math.cos(behind.heading_rad), math.sin(behind.heading_rad)
    return (rear[0] - behind.front_m[0]) * cos + (rear[1] - behind.front_m[1]) * sin


def _leader(name: str) -> str | None:
    """Who drives directly ahead of a vehicle, within 60 m."""
    leader = libsumo.vehicle.getLeader(name, 60.0)
    return leader[0] if leader else None


def _middle(stage: Stage, reading: Reading) -> PointM:
    x, y = back(reading.front_m, reading.heading_rad, stage.length_m(reading) / 2)
    return round(x, 4) + 0.0, round(y, 4) + 0.0


def _numbers(stage: Stage, *readings: Reading | None) -> tuple[int, ...]:
    people = (stage.person(reading) for reading in readings if reading is not None)
    return tuple(person.user_id for person in people if person is not None)
