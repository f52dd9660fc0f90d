"""What SUMO moves, told as road users: footprints, trailers, lamps, and where each is bound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import libsumo

from sim_videos.makes import MAKES
from sim_videos.state import PointM, RoadUser
from sim_videos.world.bodies import Bodies
from sim_videos.world.places import Place

_SIGNAL_RIGHT, _SIGNAL_LEFT = 1, 2
_BRAKES_MPS2 = -0.5
_STANDS_MPS = 0.3


@dataclass(frozen=True, slots=True)
class Person:
    """Who a road user is for life: what SUMO does not know of it."""

    user_id: int
    make: str
    movement: str | None
    colour: int
    beacon: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One vehicle as SUMO has it: front_m in metres of the junction, lane and place on it."""

    sumo_id: str
    front_m: PointM
    heading_rad: float
    speed_mps: float
    accel_mps2: float
    lane: str
    lane_pos_m: float
    signals: int


class Users:
    """Reads the running simulation. people grows as mishaps bring users of their own."""

    def __init__(
        self, people: Mapping[str, Person], places: Mapping[str, Place], origin_m: PointM, step_s: float
    ) -> None:
        self.people = dict(people)
        self._places = places
        self._origin_m = origin_m
        self._bodies = Bodies(step_s)

    def readings(self) -> tuple[Reading, ...]:
        """Every vehicle now on the road, those of mishaps' invisible obstacles too, in order of SUMO's id."""
        return tuple(self._reading(name) for name in sorted(libsumo.vehicle.getIDList(), key=_order))

    def _reading(self, name: str) -> Reading:
        x, y = libsumo.vehicle.getPosition(name)
        return Reading(
            sumo_id=name,
            front_m=(x - self._origin_m[0], y - self._origin_m[1]),
            heading_rad=_heading_rad(libsumo.vehicle.getAngle(name)),
            speed_mps=libsumo.vehicle.getSpeed(name),
            accel_mps2=libsumo.vehicle.getAcceleration(name),
            lane=libsumo.vehicle.getLaneID(name),
            lane_pos_m=libsumo.vehicle.getLanePosition(name),
            signals=libsumo.vehicle.getSignals(name),
        )

    def place(self, reading: Reading) -> tuple[Place | None, float | None]:
        """Its lane before a stop line and the metres to that line; None, None off an approach."""
        place = self._places.get(reading.lane)
        return (None, None) if place is None else (place, max(0.0, place.to_stop_m - reading.lane_pos_m))

    def user(self, reading: Reading, *, hazard: bool = False) -> RoadUser | None:
        """One vehicle as a road user; None for an invisible obstacle."""
        person = self.people.get(reading.sumo_id)
        if person is None:
            return None
        make = MAKES[person.make]
        front_m, heading_rad, tail_rad = self._bodies.follow(
            reading.sumo_id, reading.front_m, reading.heading_rad, reading.speed_mps, make
        )
        half_m = make.length_m / 2
        place, to_stop_m = self.place(reading)
        standing = reading.speed_mps < _STANDS_MPS
        return RoadUser(
            user_id=person.user_id,
            make=make.name,
            kind=make.kind,
            colour=person.colour,
            pos_m=(
                round(front_m[0] - half_m * math.cos(heading_rad), 4) + 0.0,
                round(front_m[1] - half_m * math.sin(heading_rad), 4) + 0.0,
            ),
            heading_rad=round(heading_rad, 5) + 0.0,
            speed_mps=round(reading.speed_mps, 4),
            accel_mps2=round(reading.accel_mps2, 4),
            tail_heading_rad=None if tail_rad is None else round(tail_rad, 5),
            braking=standing or reading.accel_mps2 < _BRAKES_MPS2,
            indicator=0 if hazard else _indicator(person.movement, reading, to_stop_m),
            hazard=hazard,
            beacon=person.beacon,
            approach=None if place is None else place.approach,
            lane=None if place is None else place.name,
            movement=person.movement,
            to_stop_m=None if to_stop_m is None else round(to_stop_m, 3),
        )

    def walkers(self) -> Iterator[RoadUser]:
        """Everybody on foot, in order of id."""
        for name in sorted(libsumo.person.getIDList(), key=_order):
            person = self.people[name]
            x, y = libsumo.person.getPosition(name)
            speed_mps = libsumo.person.getSpeed(name)
            pos_m, heading_rad = self._bodies.walk(
                name,
                (x - self._origin_m[0], y - self._origin_m[1]),
                _heading_rad(libsumo.person.getAngle(name)),
                speed_mps,
            )
            yield RoadUser(
                user_id=person.user_id,
                make=person.make,
                kind=MAKES[person.make].kind,
                colour=person.colour,
                pos_m=(round(pos_m[0], 4) + 0.0, round(pos_m[1], 4) + 0.0),
                heading_rad=round(heading_rad, 5) + 0.0,
                speed_mps=round(speed_mps, 4),
                movement=person.movement,
            )

    def forget(self, gone: set[str]) -> None:
        """Drops what was remembered of users that have left."""
        self._bodies.forget(gone)


def _heading_rad(navigational_deg: float) -> float:
    """SUMO's angle (degrees clockwise from north) as ours."""
    return math.remainder(math.radians(90.0 - navigational_deg), math.tau)


def _indicator(movement: str | None, reading: Reading, to_stop_m: float | None) -> int:
    """SUMO's own blinkers, and those of a turn from 45 m before the stop line."""
    if reading.signals & _SIGNAL_LEFT:
        return 1
    if reading.signals & _SIGNAL_RIGHT:
        return -1
    near = (to_stop_m is not None and to_stop_m < 45) or reading.lane.startswith(":")
    return {"L": 1, "R": -1, "U": 1}.get(movement[2:3], 0) if near and movement is not None else 0


def _order(name: str) -> int:
    return int(name[1:])
