"""Incidents on a timetable: each begins, is where it was ordered, says who, ends, and leaves the street usable."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from edge.errors import ConfigError
from edge.types import Kind
from sim_videos.makes import MAKES
from sim_videos.plan_lamps import PlanLamps
from sim_videos.scenario import Scenario, load_scenario
from sim_videos.state import ActiveIncident, IncidentKind, RoadUser, WorldFrame
from sim_videos.timetable import IncidentSpec
from tests.world_scenes import VEHICLES_PER_H, PlainLamps, demand, overlapping, scene

pytest.importorskip("libsumo")

from sim_videos.world import SumoWorld

AT_S, FOR_S = 15.0, 25.0


def _street_with(share: float = 0.6, **incident: Any) -> Scenario:
    spec = IncidentSpec.model_validate({"at_s": AT_S, "for_s": FOR_S} | incident)
    per_h = {movement: float(vehicles) for movement, vehicles in VEHICLES_PER_H.items()}
    return scene(duration_s=400, warm_up_s=40, incidents=(spec,), demand=demand(per_h, share))


@dataclass
class Seen:
    """What a run showed: frames with the incident going on, those after it, and pairs that overlapped."""

    during: list[WorldFrame] = field(default_factory=list)
    after: list[WorldFrame] = field(default_factory=list)
    overlaps: set[tuple[str, str]] = field(default_factory=set)
    lanes: dict[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)

    @property
    def incident(self) -> ActiveIncident:
        return self.during[0].incidents[0]

    def who(self, frame: WorldFrame) -> list[RoadUser]:
        return [user for user in frame.users if user.user_id in frame.incidents[0].user_ids]


def _run(scenario: Scenario, after_s: float = 10.0, limit_s: float = 250.0) -> Seen:
    seen = Seen()
    with SumoWorld(scenario, seed=3) as world:
        lamps = PlainLamps(world.street)
        world.warm_up(lamps)
        seen.lanes = {str(lane.name): lane.line_m for lane in world.street.inbound}
        while world.next_t_s < limit_s and len(seen.after) < after_s * 10:
            frame = world.step(*lamps(world.next_t_ns))
            if frame.incidents:
                seen.during.append(frame)
            elif seen.during:
                seen.after.append(frame)
            if round(frame.t_s * 10) % 10 == 0:
                seen.overlaps |= {(a.make, b.make) for a, b in overlapping(frame, shrink_m=0.2)}
    assert seen.during, "the incident never began"
    assert seen.after, "the incident never ended"
    assert seen.during[0].t_s >= AT_S
    assert seen.incident.started_s == seen.during[0].t_s
    assert {frame.incidents[0].started_s for frame in seen.during} == {seen.incident.started_s}
    assert seen.overlaps == set()
    return seen


def _lasts_s(seen: Seen) -> float:
    return seen.during[-1].t_s - seen.during[0].t_s + 0.1


@pytest.mark.parametrize(("lane", "from_stop_m", "make"), [("NB1", 30, None), ("NBL1", 15, None), ("SB2", 40, "lorry")])
def test_a_vehicle_stops_in_its_lane_and_flashes(lane: str, from_stop_m: float, make: str | None) -> None:
    seen = _run(_street_with(kind=IncidentKind.STOPPED_VEHICLE, lane=lane, from_stop_m=from_stop_m, make=make))
    assert seen.incident.lane == lane
    assert _lasts_s(seen) == pytest.approx(FOR_S, abs=0.3)
    for frame in seen.during:
        (user,) = seen.who(frame)
        assert user.hazard
        assert user.speed_mps < 0.3
        assert user.lane == lane
        assert user.to_stop_m == pytest.approx(from_stop_m, abs=3)
        assert make in {None, user.make}
    (number,) = seen.incident.user_ids
    again = [user for user in seen.after[-1].users if user.user_id == number]
    assert not again or (not again[0].hazard and math.dist(again[0].pos_m, seen.incident.pos_m) > 5)


@pytest.mark.parametrize(
    "where",
    [{"lane": "SB1", "from_stop_m": 35}, {"lane": "NB2", "from_stop_m": 12}, {"movement": "NBT"}],
    ids=["lane", "lane with a queue", "box"],
)
def test_a_crash_is_two_vehicles_in_contact(where: dict[str, Any]) -> None:
    seen = _run(_street_with(share=1.0, kind=IncidentKind.CRASH, **where))
    assert seen.incident.lane == where.get("lane")
    assert _lasts_s(seen) == pytest.approx(FOR_S, abs=0.3)
    for frame in seen.during:
        first, second = seen.who(frame)
        assert first.hazard
        assert second.hazard
        assert max(first.speed_mps, second.speed_mps) < 0.3
        assert _bumpers_m(first, second) < 0.6
        assert {first.lane, second.lane} == {where.get("lane", first.lane)}
    if where.get("lane") is None:
        assert math.hypot(*seen.incident.pos_m) < 20


def test_a_crash_beside_a_bay_is_not_of_one_who_turns_into_it() -> None:
    scenario = load_scenario("crash")
    (spec,) = scenario.incidents
    with SumoWorld(scenario) as world:
        lamps = PlanLamps(world.street.signal, world.street.plan)
        world.warm_up(lamps)
        frame = world.step(*lamps(world.next_t_ns))
        while not frame.incidents and frame.t_s < 90:
            frame = world.step(*lamps(world.next_t_ns))
    assert frame.incidents
    first, second = Seen().who(frame)
    assert first.lane == second.lane == spec.lane
    assert _bumpers_m(first, second) < 0.6


def _bumpers_m(first: RoadUser, second: RoadUser) -> float:
    """Between two that stand one behind the other."""
    half_m = (MAKES[first.make].length_m + MAKES[second.make].length_m) / 2
    return math.dist(first.pos_m, second.pos_m) - half_m


def test_a_lost_load_is_driven_round_or_waited_for() -> None:
    seen = _run(_street_with(kind=IncidentKind.LOST_LOAD, lane="NB1", from_stop_m=40))
    (thing,) = seen.during[0].things
    assert thing.make == "load"
    assert math.dist(thing.pos_m, seen.lanes["NB1"][-1]) == pytest.approx(40, abs=2)
    assert not seen.after[0].things
    for frame in seen.during:
        assert all(math.dist(user.pos_m, thing.pos_m) > 1.8 for user in frame.users if user.kind is not Kind.PERSON)


def test_a_closed_lane_stays_empty_between_its_cones() -> None:
    seen = _run(_street_with(kind=IncidentKind.LANE_CLOSED, lane="NB1", from_stop_m=45))
    makes = [thing.make for thing in seen.during[0].things]
    assert makes.count("barrier") == 1
    assert makes.count("cone") >= 6
    for frame in seen.during:
        inside = [u for u in frame.users if u.lane == "NB1" and u.to_stop_m is not None and 21 < u.to_stop_m < 44]
        assert [user for user in inside if user.kind is not Kind.BICYCLE] == []


def test_a_person_walks_onto_the_carriageway_and_back() -> None:
    seen = _run(_street_with(kind=IncidentKind.PEDESTRIAN, lane="SB1", from_stop_m=35))
    lane_x = seen.lanes["SB1"][-1][0]
    offsets = []
    for frame in seen.during:
        (person,) = seen.who(frame)
        assert person.kind is Kind.PERSON
        offsets.append(abs(person.pos_m[0] - lane_x))
        assert abs(person.pos_m[1] - (seen.lanes["SB1"][-1][1] + 35)) < 4
    assert min(offsets) < 0.3
    assert offsets[0] > 1.2
    assert offsets[-1] > 1.2
    assert _lasts_s(seen) == pytest.approx(FOR_S, abs=5)


def test_spillback_begins_when_the_queue_has_reached_the_junction() -> None:
    seen = _run(_street_with(share=1.0, kind=IncidentKind.SPILLBACK, movement="NBT", from_stop_m=30))
    assert seen.incident.lane is None
    assert _lasts_s(seen) == pytest.approx(FOR_S, abs=0.3)
    who = seen.who(seen.during[0])
    assert who
    assert all(user.speed_mps < 0.3 for user in who)
    # In the exit of northbound traffic, north of the junction.
    assert seen.incident.pos_m[1] > 10
    moving = [user.speed_mps for user in seen.after[-1].users if user.user_id in seen.during[-1].incidents[0].user_ids]
    assert not moving or max(moving) > 2


def test_a_vehicle_blocks_the_box() -> None:
    seen = _run(_street_with(kind=IncidentKind.BLOCKED_BOX, movement="NBT"))
    assert _lasts_s(seen) == pytest.approx(FOR_S, abs=0.3)
    assert seen.incident.lane is None
    assert math.hypot(*seen.incident.pos_m) < 9
    assert all(seen.who(frame)[0].hazard for frame in seen.during)


def test_an_ambulance_comes_through_with_its_beacon() -> None:
    seen = _run(_street_with(kind=IncidentKind.EMERGENCY, movement="NBT", for_s=120))
    first, last = seen.who(seen.during[0])[0], seen.who(seen.during[-1])[0]
    assert (first.make, first.beacon) == ("ambulance", True)
    assert first.pos_m[1] < -150
    assert last.pos_m[1] > 100
    assert _lasts_s(seen) < 75


def test_a_driver_goes_the_wrong_way_and_comes_back_to_his_side() -> None:
    seen = _run(_street_with(share=0.3, kind=IncidentKind.WRONG_WAY, lane="NB2", for_s=12))
    lane_x = seen.lanes["NB2"][-1][0]
    wrong = 0
    for frame in seen.during:
        (user,) = seen.who(frame)
        # Southward on the leg of northbound traffic.
        assert math.sin(user.heading_rad) < 0.2
        wrong += abs(user.pos_m[0] - lane_x) < 0.5
    assert wrong > 30
    (number,) = seen.incident.user_ids
    after = [user for frame in seen.after for user in frame.users if user.user_id == number]
    assert all(user.pos_m[0] < 0 for user in after)


@pytest.mark.parametrize(
    ("incident", "said"),
    [
        ({"kind": "stopped_vehicle", "lane": "NB9"}, "incidents.0.lane: the junction has no lane NB9; it has NB1, NB2"),
        ({"kind": "stopped_vehicle"}, "incidents.0: stopped_vehicle needs a lane; give one of NB1"),
        ({"kind": "spillback"}, "incidents.0: spillback needs a movement; give one of NBL"),
        ({"kind": "blocked_box", "movement": "NBU"}, "incidents.0.movement: the junction has no movement NBU"),
        ({"kind": "lost_load", "lane": "NBL1", "from_stop_m": 120}, "incidents.0.from_stop_m: lane NBL1 is 42 m long"),
        ({"kind": "stopped_vehicle", "lane": "NB1", "make": "tank"}, "incidents.0.make: there is no vehicle 'tank'"),
    ],
)
def test_an_incident_where_nothing_is(incident: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        SumoWorld(_street_with(**incident))


def test_the_same_incident_gives_the_same_frames_twice() -> None:
    def frames() -> str:
        return repr(_run(_street_with(kind=IncidentKind.STOPPED_VEHICLE, lane="NB1", for_s=5.0)).during)

    assert frames() == frames()
