"""Who comes when: seeded Poisson arrivals of vehicles, cyclists and walkers, written as SUMO routes.

Every entry of a scenario draws from a generator of its own, so that adding one leaves
the arrivals of the others as they were. Times are seconds of the scene.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from edge.errors import ConfigError
from edge.types import Kind
from sim_videos.compass import OPPOSITE, near_turn
from sim_videos.makes import MAKES
from sim_videos.scenario import Scenario
from sim_videos.street import LaneUse
from sim_videos.world.makeup import CITY_MIX, VARIANTS, check_mix, vehicle_type, vehicle_types
from sim_videos.world.survey import Survey

_TYPES, _VEHICLES, _CYCLISTS, _WALKERS = range(4)
#: Side of the junction on which the leg of an approach lies.
_SIDE = {"NB": "S", "SB": "N", "EB": "W", "WB": "E"}
#: Compass side to the right of each approach's traffic.
_RIGHT_HAND_SIDE = {"NB": "E", "SB": "W", "EB": "S", "WB": "N"}


@dataclass(frozen=True, slots=True)
class Trip:
    """One road user to come. edges are SUMO's; a walker's are the footways it goes by.

    depart_pos_m and arrival_pos_m matter for walkers only.
    """

    user_id: int
    depart_s: float
    make: str
    movement: str
    edges: tuple[str, ...]
    variant: int
    colour: int
    depart_pos_m: float = 0.0
    arrival_pos_m: float = 0.0

    @property
    def sumo_id(self) -> str:
        """SUMO's id: `p…` a person, `v…` a vehicle."""
        return f"{'p' if self.make == 'person' else 'v'}{self.user_id}"


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A trip before all are numbered in order of time; order breaks ties the same way every run."""

    depart_s: float
    order: tuple[int, int]
    make: str
    movement: str
    edges: tuple[str, ...]
    variant: int
    colour: int
    depart_pos_m: float = 0.0
    arrival_pos_m: float = 0.0


def trips_of(scenario: Scenario, found: Survey, seed: int) -> tuple[Trip, ...]:
    """Every road user of a run, numbered from 1 in order of departure; ConfigError for a mix that cannot be."""
    arrivals = [
        *_vehicles(scenario, found, seed),
        *_cyclists(scenario, found, seed),
        *_walkers(scenario, found, seed),
    ]
    arrivals.sort(key=lambda arrival: (arrival.depart_s, arrival.order))
    return tuple(
        Trip(
            number,
            arrival.depart_s,
            arrival.make,
            arrival.movement,
            arrival.edges,
            arrival.variant,
            arrival.colour,
            arrival.depart_pos_m,
            arrival.arrival_pos_m,
        )
        for number, arrival in enumerate(arrivals, start=1)
    )


def route_edges(found: Survey, movement: str, use: LaneUse = LaneUse.VEHICLES) -> tuple[str, ...]:
    """The edges of a movement from the far end of its leg to its exit; empty where nobody of that use may go so."""
    net = found.net

    def open_to(lane: str) -> bool:
        return net.lanes[lane].bicycles if use is LaneUse.BICYCLES else net.lanes[lane].use is use

    for way in found.ways:
        if way.movement == movement and open_to(way.connection.lane) and open_to(way.connection.to_lane):
            inbound = tuple(reversed(found.inbound_edges[way.approach]))
            return (*inbound, net.lanes[way.connection.to_lane].edge)
    return ()


def depart_lane(found: Survey, movement: str, edge: str, choice: int) -> str:
    """A lane of an edge that leads straight to where the movement goes from, one or another by choice."""
    lanes = [
        found.net.lanes[lane.chain[0]].index
        for lane in found.inbound
        if movement in lane.movements and lane.use is LaneUse.VEHICLES and found.net.lanes[lane.chain[0]].edge == edge
    ]
    return str(lanes[choice % len(lanes)]) if lanes else "best"


def _times(rng: np.random.Generator, per_h: float, start_s: float, end_s: float) -> list[float]:
    """A Poisson process: exponential gaps."""
    times: list[float] = []
    if per_h <= 0:
        return times
    at_s = start_s + rng.exponential(3600 / per_h)
    while at_s < end_s:
        times.append(round(float(at_s), 2))
        at_s += rng.exponential(3600 / per_h)
    return times


def _window(scenario: Scenario, from_s: float | None, to_s: float | None) -> tuple[float, float]:
    start_s = -scenario.warm_up_s if from_s is None else max(from_s, -scenario.warm_up_s)
    return start_s, scenario.duration_s if to_s is None else min(to_s, scenario.duration_s)


def _vehicles(scenario: Scenario, found: Survey, seed: int) -> Iterator[_Arrival]:
    for number, spec in enumerate(scenario.demand):
        mix = CITY_MIX if spec.mix is None else spec.mix
        check_mix(f"demand.{number}", mix)
        rng = np.random.default_rng([seed, _VEHICLES, number])
        makes, shares = list(mix), np.array(list(mix.values()), np.float64)
        edges = route_edges(found, spec.movement)
        for at_s in _times(rng, spec.vehicles_per_h, *_window(scenario, spec.from_s, spec.to_s)):
            make = str(makes[int(rng.choice(len(makes), p=shares / shares.sum()))])
            colour, variant = int(rng.integers(100)), int(rng.integers(VARIANTS))
            yield _Arrival(at_s, (_VEHICLES, number), make, spec.movement, edges, variant, colour)


def _cyclists(scenario: Scenario, found: Survey, seed: int) -> Iterator[_Arrival]:
    turning = near_turn(left_hand=found.net.left_hand)
    for approach, per_h in sorted(scenario.cyclists_per_h.items()):
        if approach not in found.approaches:
            raise ConfigError(f"cyclists_per_h.{approach}: there is no such leg; use {', '.join(found.approaches)}")
        if not 0 <= per_h <= 2000:
            raise ConfigError(f"cyclists_per_h.{approach}: {per_h:g} an hour is out of range; use 0 to 2000")
        number = found.approaches.index(approach)
        rng = np.random.default_rng([seed, _CYCLISTS, number])
        ways = [
            (movement, route_edges(found, movement, LaneUse.BICYCLES), share)
            for movement, share in ((f"{approach}T", 0.8), (f"{approach}{turning}", 0.2))
        ]
        ways = [way for way in ways if way[1]]
        if not ways:
            continue
        shares = np.array([share for *_, share in ways])
        for at_s in _times(rng, per_h, *_window(scenario, None, None)):
            movement, edges, _ = ways[int(rng.choice(len(ways), p=shares / shares.sum()))]
            colour, variant = int(rng.integers(100)), int(rng.integers(VARIANTS))
            yield _Arrival(at_s, (_CYCLISTS, number), "bicycle", movement, edges, variant, colour)


def _walkers(scenario: Scenario, found: Survey, seed: int) -> Iterator[_Arrival]:
    for number, spec in enumerate(scenario.walkers):
        ends = walking_ends(found, spec.approach)
        if len(ends) < 2:
            crossed = [w.approach for w in found.walkways if len(walking_ends(found, w.approach)) == 2]
            known = ", ".join(crossed) or "no leg"
            raise ConfigError(
                f"walkers.{number}.approach: {spec.approach} has no crossing to walk over; {known} has one"
            )
        rng = np.random.default_rng([seed, _WALKERS, number])
        for at_s in _times(rng, spec.walkers_per_h, *_window(scenario, spec.from_s, spec.to_s)):
            start, end = ends if rng.random() < 0.5 else ends[::-1]
            yield _Arrival(
                at_s,
                (_WALKERS, number),
                "person",
                walk_name(spec.approach, toward=end[1]),
                (start[0], end[0]),
                int(rng.integers(VARIANTS)),
                int(rng.integers(100)),
                _from_junction(found, start[0], float(rng.uniform(18, 45))),
                _from_junction(found, end[0], float(rng.uniform(18, 45))),
            )


def walk_name(leg: str, toward: str) -> str:
    """The movement over a leg's crossing: `P`, the side of the junction it lies on, and where it leads."""
    return f"P{_SIDE[leg]}{toward}"


def walking_ends(found: Survey, leg: str) -> tuple[tuple[str, str], ...]:
    """The two footways that a leg's crossing joins, each (edge, compass side); empty without a crossing.

    Footways of the neighbouring legs where they have one, else those of the leg itself,
    so that people come round the corner rather than along the crossed street.
    """
    net = found.net
    if not any(walkway.approach == leg for walkway in found.walkways):
        return ()
    sides = {"NB": "EW", "SB": "EW", "EB": "NS", "WB": "NS"}[leg]
    ends = []
    for side in sides:
        heads = {"E": "EB", "W": "WB", "N": "NB", "S": "SB"}[side]
        neighbour = OPPOSITE[heads]
        # On the neighbouring leg, the footway nearer to the crossed leg.
        nearer_inbound = _RIGHT_HAND_SIDE[neighbour] == _SIDE[leg]
        if net.left_hand:
            nearer_inbound = not nearer_inbound
        candidates = [_footway(found, neighbour, inbound=nearer_inbound)]
        own_inbound = (_RIGHT_HAND_SIDE[leg] == side) != net.left_hand
        candidates.append(_footway(found, leg, inbound=own_inbound))
        edge = next((edge for edge in candidates if edge is not None), None)
        if edge is not None:
            ends.append((edge, side))
    return tuple(ends)


def _footway(found: Survey, leg: str, *, inbound: bool) -> str | None:
    edges = found.inbound_edges.get(leg, ())[:1] if inbound else found.outbound_edges.get(leg, ())
    for edge in edges:
        if any(found.net.lanes[lane].use is LaneUse.WALKERS for lane in found.net.edges[edge]):
            return edge
    return None


def _from_junction(found: Survey, edge: str, distance_m: float) -> float:
    """A position on an edge, that far from the junction."""
    length_m = found.net.lanes[found.net.edges[edge][0]].length_m
    away = found.net.sources[edge] == found.net.junction
    return round(min(max(distance_m if away else length_m - distance_m, 1.0), length_m - 1.0), 2)


def _first_lane(found: Survey, trip: Trip) -> str:
    if MAKES[trip.make].kind is Kind.BICYCLE:
        return "best"
    return depart_lane(found, trip.movement, trip.edges[0], trip.colour)


def write_routes(path: Path, trips: tuple[Trip, ...], found: Survey, seed: int, zero_s: float) -> None:
    """SUMO's route file of all trips; zero_s is SUMO's time at 0 of the scene."""
    root = ET.Element("routes")
    root.extend(vehicle_types(np.random.default_rng([seed, _TYPES])))
    for movement in found.movements:
        edges = route_edges(found, movement)
        if edges:
            ET.SubElement(root, "route", id=f"r.{movement}", edges=" ".join(edges))
    for trip in trips:
        depart = f"{trip.depart_s + zero_s:.2f}"
        kind = vehicle_type(trip.make, trip.variant)
        if MAKES[trip.make].kind is Kind.PERSON:
            person = ET.SubElement(root, "person", id=trip.sumo_id, depart=depart, type=kind)
            person.set("departPos", f"{trip.depart_pos_m}")
            ET.SubElement(person, "walk", edges=" ".join(trip.edges), arrivalPos=f"{trip.arrival_pos_m}")
            continue
        vehicle = ET.SubElement(root, "vehicle", id=trip.sumo_id, depart=depart, type=kind)
        vehicle.set("departLane", _first_lane(found, trip))
        vehicle.set("departSpeed", "max")
        ET.SubElement(vehicle, "route", edges=" ".join(trip.edges))
    path.write_text(ET.tostring(root, encoding="unicode"), encoding="utf-8")
