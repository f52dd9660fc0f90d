"""What mishaps act on: the traffic of this instant, ways to hold a vehicle, and to bar a lane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import libsumo

from edge.types import Kind
from sim_videos.makes import MAKES
from sim_videos.state import ActiveIncident, PointM, RoadUser, Thing
from sim_videos.world.demand import depart_lane, route_edges
from sim_videos.world.makeup import OBSTACLE_TYPE, vehicle_type
from sim_videos.world.places import spot_on
from sim_videos.world.survey import InboundLane, Survey
from sim_videos.world.users import Person, Reading, Users

#: libsumo's words for all of a driver's care, and for lane changes as SUMO makes them.
_CAREFUL, _CHANGES = 31, 1621
#: No lane changes but those asked for, and these with regard for others.
_ASKED_ONLY = 1536
_COMFORT_MPS2 = 2.5
STANDS_MPS = 0.15


@dataclass(frozen=True, slots=True)
class Shown:
    """What mishaps add to a frame.

    hazards are SUMO ids whose hazard lights flash; fronts_m say where a vehicle is seen
    instead of where SUMO has it.
    """

    incidents: tuple[ActiveIncident, ...] = ()
    things: tuple[Thing, ...] = ()
    users: tuple[RoadUser, ...] = ()
    hazards: frozenset[str] = frozenset()
    fronts_m: Mapping[str, PointM] = field(default_factory=dict)


class Mishap(Protocol):
    """One incident of the timetable. update is called once a frame from its at_s on until `over`."""

    over: bool

    def update(self, t_s: float) -> Shown: ...


class Stage:
    """The traffic now, and what can be done to it."""

    def __init__(self, found: Survey, users: Users, next_id: int, step_s: float) -> None:
        self.survey = found
        self.users = users
        self.step_s = step_s
        self.readings: Mapping[str, Reading] = {}
        #: Vehicles that already play a part.
        self.taken: set[str] = set()
        self._next_id = next_id

    def new_id(self) -> int:
        """A number that no road user or thing has."""
        self._next_id += 1
        return self._next_id - 1

    def on_lane(self, name: str) -> list[tuple[float, Reading]]:
        """(metres to the stop line, vehicle) of every visible one in an inbound lane, nearest first."""
        found = []
        for reading in self.readings.values():
            place, to_stop_m = self.users.place(reading)
            if place is not None and place.name == name and to_stop_m is not None and self.person(reading) is not None:
                found.append((to_stop_m, reading))
        return sorted(found, key=lambda pair: (pair[0], pair[1].sumo_id))

    def person(self, reading: Reading) -> Person | None:
        """Who drives; None for an invisible obstacle."""
        return self.users.people.get(reading.sumo_id)

    def is_motor(self, reading: Reading) -> bool:
        """Whether it is a motor vehicle on more than two wheels."""
        person = self.person(reading)
        return person is not None and MAKES[person.make].kind in {Kind.CAR, Kind.TRUCK, Kind.BUS}

    def length_m(self, reading: Reading) -> float:
        """Of a visible vehicle."""
        person = self.person(reading)
        return MAKES[person.make].length_m if person is not None else 0.0

    def to_middle_m(self, reading: Reading, movement: str) -> float | None:
        """Metres that the front has to go to the middle of its way over the junction; None off that way."""
        net = self.survey.net
        place, to_stop_m = self.users.place(reading)
        for way in self.survey.ways:
            if way.movement != movement:
                continue
            via_m = [net.lanes[part].length_m for part in way.connection.via]
            if to_stop_m is not None and place is not None and reading.lane == way.connection.lane:
                return to_stop_m + sum(via_m) / 2
            if reading.lane in way.connection.via:
                part = way.connection.via.index(reading.lane)
                return sum(via_m) / 2 - sum(via_m[:part]) - reading.lane_pos_m
        return None

    def spawn(
        self,
        make: str,
        movement: str,
        *,
        lane: InboundLane | None = None,
        kind: str | None = None,
        beacon: bool = False,
    ) -> str:
        """A vehicle of a make that comes in at the far end of a movement's leg, when there is room."""
        number = self.new_id()
        name = f"v{number}"
        self.users.people[name] = Person(number, make, movement, number % 100, beacon)
        sumo_type = kind if kind is not None else vehicle_type(make, number)
        edge = route_edges(self.survey, movement)[0]
        depart = depart_lane(self.survey, movement, edge, number)
        if lane is not None and self.survey.net.lanes[lane.chain[0]].edge == edge:
            depart = str(self.survey.net.lanes[lane.chain[0]].index)
        libsumo.vehicle.add(name, f"r.{movement}", sumo_type, departLane=depart, departSpeed="max")
        return name


class Hold:
    """Brings one vehicle to a stand and keeps it there until released."""

    def __init__(self, stage: Stage, name: str, brake_mps2: float = _COMFORT_MPS2) -> None:
        self._stage = stage
        self.name = name
        # What the vehicle can do, and a little less, for it holds its speed by steps.
        self._brake_mps2 = min(brake_mps2, 0.85 * libsumo.vehicle.getDecel(name))
        stage.taken.add(name)
        libsumo.vehicle.setLaneChangeMode(name, _ASKED_ONLY)

    @property
    def reading(self) -> Reading | None:
        """The vehicle now; None once it has left."""
        return self._stage.readings.get(self.name)

    def brake(self, left_m: float) -> None:
        """Lets it come no faster than stops it in left_m."""
        reading = self.reading
        if reading is None:
            return
        allowed_mps = math.sqrt(2 * self._brake_mps2 * left_m) if left_m > 0.15 else 0.0
        libsumo.vehicle.setSpeed(self.name, allowed_mps if allowed_mps < reading.speed_mps + 0.5 else -1)

    def keep_to(self, lane: InboundLane) -> None:
        """Has it change to an inbound lane while it is beside it."""
        reading = self.reading
        if reading is None or reading.lane in lane.chain or reading.lane.startswith(":"):
            return
        beside = {net.edge: net.index for net in (self._stage.survey.net.lanes[part] for part in lane.chain)}
        index = beside.get(self._stage.survey.net.lanes[reading.lane].edge)
        if index is not None:
            libsumo.vehicle.changeLane(self.name, index, 5.0)

    def reckless(self) -> None:
        """Takes away the driver's care, so that it may come as near as a crash."""
        libsumo.vehicle.setSpeedMode(self.name, 0)

    def run_into(self, left_m: float) -> None:
        """Rolls on, not minding, and stands when nothing is left."""
        reading = self.reading
        if reading is not None:
            allowed_mps = math.sqrt(2 * self._brake_mps2 * left_m) if left_m > 0 else 0.0
            libsumo.vehicle.setSpeed(self.name, min(allowed_mps, max(reading.speed_mps, 3.0)))

    @property
    def stands(self) -> bool:
        """Whether it has come to a stand."""
        return self.reading is not None and self.reading.speed_mps < STANDS_MPS

    def release(self) -> None:
        """Lets it drive on as it was."""
        self._stage.taken.discard(self.name)
        if self.reading is not None:
            libsumo.vehicle.setSpeed(self.name, -1)
            libsumo.vehicle.setSpeedMode(self.name, _CAREFUL)
            libsumo.vehicle.setLaneChangeMode(self.name, _CHANGES)


class Barrier:
    """Something invisible in a lane that SUMO's drivers stop for or pass on another lane.

    It comes as soon as there is room, and `holds` from then on.
    """

    def __init__(self, stage: Stage, lane: str, end_pos_m: float, length_m: float) -> None:
        self._stage = stage
        self._name = f"x{stage.new_id()}"
        net_lane = stage.survey.net.lanes[lane]
        kind = f"{OBSTACLE_TYPE}.{self._name}"
        libsumo.vehicletype.copy(OBSTACLE_TYPE, kind)
        libsumo.vehicletype.setLength(kind, length_m)
        libsumo.route.add(f"r.{self._name}", [net_lane.edge])
        front_m = min(max(end_pos_m, length_m + 0.2), net_lane.length_m - 0.2)
        where = {"departLane": f"{net_lane.index}", "departPos": f"{front_m:.2f}", "departSpeed": "0"}
        libsumo.vehicle.add(self._name, f"r.{self._name}", kind, **where)

    def holds(self) -> bool:
        """Keeps it where it is; whether it has come into the lane."""
        present = self._name in self._stage.readings
        if present:
            libsumo.vehicle.setSpeed(self._name, 0)
        return present

    def remove(self) -> None:
        """Opens the lane."""
        libsumo.vehicle.remove(self._name)


def barrier_at(stage: Stage, lane: InboundLane, from_stop_m: float, length_m: float) -> Barrier:
    """A barrier whose upstream end is from_stop_m before the stop line of an inbound lane."""
    part, pos_m = spot_on(stage.survey, lane, from_stop_m)
    return Barrier(stage, part, pos_m + length_m, length_m)


def along(line_m: tuple[PointM, ...], from_end_m: float) -> tuple[PointM, float]:
    """The place that far before a line's end, and the line's direction there."""
    left_m = from_end_m
    for end, start in pairwise(reversed(line_m)):
        piece_m = math.dist(start, end)
        heading = math.atan2(end[1] - start[1], end[0] - start[0])
        if left_m <= piece_m or start == line_m[0]:
            return (end[0] - left_m * math.cos(heading), end[1] - left_m * math.sin(heading)), heading
        left_m -= piece_m
    raise ValueError("a line needs two points")


def nearest(line_m: tuple[PointM, ...], point: PointM) -> PointM:
    """The place of a line that is nearest to a point."""
    best, best_m = line_m[0], math.inf
    for (x1, y1), (x2, y2) in pairwise(line_m):
        square = (x2 - x1) ** 2 + (y2 - y1) ** 2
        share = max(0.0, min(1.0, ((point[0] - x1) * (x2 - x1) + (point[1] - y1) * (y2 - y1)) / (square or 1.0)))
        place = (x1 + share * (x2 - x1), y1 + share * (y2 - y1))
        if math.dist(place, point) < best_m:
            best, best_m = place, math.dist(place, point)
    return best


def exit_edge(found: Survey, movement: str) -> str:
    """The edge by which a movement leaves."""
    return route_edges(found, movement)[-1]
