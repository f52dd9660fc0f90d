"""What each rule notices, and what keeps it quiet."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from edge.clock import NS_PER_S
from edge.incident import Evidence, Stage, StillObject
from edge.incidents.road import Road
from edge.incidents.rules.blocked_box import BlockedBox
from edge.incidents.rules.closed_lane import VehicleOnClosedLane
from edge.incidents.rules.crash import Crash
from edge.incidents.rules.lost_load import LostLoad
from edge.incidents.rules.low_visibility import LowVisibility
from edge.incidents.rules.near_miss import NearMiss
from edge.incidents.rules.pedestrian import PedestrianOnCarriageway
from edge.incidents.rules.red_running import RedRunning
from edge.incidents.rules.slow_lane import SlowLane
from edge.incidents.rules.spillback import Spillback
from edge.incidents.rules.stopped import StoppedVehicle
from edge.incidents.rules.wrong_way import WrongWay
from edge.incidents.scene import SceneNow
from edge.types import Crossing, Interval, Kind
from tests.incident_street import (
    CAMERA,
    RED,
    Actor,
    begun,
    drives,
    findings,
    queue_and_discharge,
    reasons,
    rectangle,
    scenes,
    site,
    stands,
    told,
)


def road(**incidents: object) -> Road:
    return Road(site(**incidents), CAMERA)


def area(kind: str, x1: float, y1: float, x2: float, y2: float) -> dict[str, object]:
    return {"id": kind, "kind": kind, "camera": CAMERA, "polygon_px": rectangle(x1, y1, x2, y2)}


def number(evidence: Evidence, key: str) -> float:
    value = evidence[key]
    assert isinstance(value, int | float)
    return float(value)


class TestStopped:
    def test_by_green_five_seconds_after_the_way_is_free(self) -> None:
        (found,) = begun(told(StoppedVehicle(road()), scenes([stands(1, 1.75, -30, from_s=5)], 30)))
        assert found.place.lane == "NB1"
        assert found.place.from_stop_m == pytest.approx(30, abs=0.5)
        assert found.tracks == (1,)
        assert found.since_ns / NS_PER_S == pytest.approx(5.0, abs=0.3)
        assert found.t_ns / NS_PER_S == pytest.approx(10.1, abs=0.5)

    def test_by_red_only_with_more_room_than_one_leaves_by_mistake(self) -> None:
        rule = StoppedVehicle(road())
        assert not told(rule, scenes([stands(1, 1.75, -12, from_s=5)], 60, RED))
        (found,) = begun(told(StoppedVehicle(road()), scenes([stands(1, 1.75, -30, from_s=5)], 60, RED)))
        assert found.t_ns / NS_PER_S == pytest.approx(14, abs=1)

    def test_behind_a_queue_it_is_told_when_the_queue_has_left_it(self) -> None:
        shows = ((-9.0, Interval.RED), (40.0, Interval.GREEN))
        queue = queue_and_discharge([0.0, 3.0, 6.0], 1.75, 80, (0.0, 40.0))
        broken = stands(9, 1.75, -24.5, from_s=18)
        found = begun(told(StoppedVehicle(road()), scenes([*queue, broken], 80, shows)))
        assert [one.tracks for one in found] == [(9,)]
        assert 43 < found[0].t_ns / NS_PER_S < 60

    def test_those_behind_it_wait_for_it_and_are_no_incidents(self) -> None:
        row = [stands(i, 1.75, -30 - 7.5 * i, from_s=5 + 2 * i) for i in range(4)]
        found = begun(told(StoppedVehicle(road()), scenes(row, 60)))
        assert [one.tracks for one in found] == [(0,)]

    def test_two_who_drive_round_make_it_sooner_and_surer(self) -> None:
        def round_it(born_s: float) -> Actor:
            def at(t_s: float) -> tuple[float, float] | None:
                y = -80 + 9 * (t_s - born_s)
                return (1.75 if y < -42 or y > -12 else -1.75, y) if t_s >= born_s and y < 25 else None

            return Actor(10 + int(born_s), at)

        flow = [round_it(1.2), round_it(2.4)]
        (found,) = begun(told(StoppedVehicle(road()), scenes([stands(1, 1.75, -30, from_s=5), *flow], 14)))
        last = told(StoppedVehicle(road()), scenes([stands(1, 1.75, -30, from_s=5), *flow], 20))
        assert found.t_ns / NS_PER_S == pytest.approx(9.1, abs=0.2)
        assert number(findings(last)[-1].evidence, "drove_round") == 2
        assert findings(last)[-1].confidence > found.confidence

    def test_a_changed_track_number_goes_on_with_the_same_finding(self) -> None:
        first = Actor(1, lambda t_s: stands(1, 1.75, -30, from_s=3).at(t_s) if t_s < 15 else None)
        then = Actor(2, lambda t_s: (1.8, -30.2) if t_s >= 16 else None)
        found = findings(told(StoppedVehicle(road()), scenes([first, then], 40)))
        assert len({one.key for one in found}) == 1
        assert number(found[-1].evidence, "standing_s") > 30

    def test_it_ends_when_it_drives_on_though_it_stands_again_at_the_line(self) -> None:
        def at(t_s: float) -> tuple[float, float]:
            return 1.75, -40.0 + min(38.0, 8.0 * max(0.0, t_s - 25.0))

        found = findings(told(StoppedVehicle(road()), scenes([Actor(1, at)], 60, RED)))
        assert [one.stage for one in found if one.stage is not Stage.UPDATE] == [Stage.START, Stage.END]
        assert found[-1].t_ns / NS_PER_S == pytest.approx(26, abs=0.5)
        assert found[-1].place.from_stop_m == pytest.approx(40, abs=2)

    def test_a_place_that_leaps_for_a_moment_ends_nothing(self) -> None:
        shakes = Actor(1, lambda t_s: (1.75, -27.0 if 20.0 <= t_s < 20.4 else -30.0))
        found = findings(told(StoppedVehicle(road()), scenes([shakes], 60, RED)))
        assert [one.stage for one in found if one.stage is not Stage.UPDATE] == [Stage.START]

    def test_somebody_on_foot_ahead_is_a_reason(self) -> None:
        walker = Actor(5, lambda _t_s: (1.5, -22.0), Kind.PERSON)
        said = told(StoppedVehicle(road()), scenes([stands(1, 1.75, -30, from_s=5), walker], 40))
        assert not begun(said)
        assert reasons(said) == ["somebody or something is in its way"]

    def test_a_bus_may_stop_for_passengers(self) -> None:
        bus = stands(1, 1.75, -30, Kind.BUS, from_s=5)
        assert not told(StoppedVehicle(road()), scenes([bus], 70))
        assert begun(told(StoppedVehicle(road()), scenes([bus], 100)))

    def test_where_the_way_ahead_is_hidden_by_a_nearer_vehicle_nothing_is_known(self) -> None:
        # A lorry beside stands between the camera and the road ahead of it: its box covers where others would show.
        (scene, *_) = scenes([stands(1, 1.75, -30), stands(2, -1.75, -22, Kind.TRUCK)], 0.1)
        car, lorry = scene.tracks
        x1, y1, x2, y2 = car.box_px
        wall = replace(lorry, box_px=(x1 - 30, y1 - 120, x2 + 30, y2 + 40))
        street = [
            replace(each, tracks=tuple(wall if track.track_id == 2 else track for track in each.tracks))
            for each in scenes([stands(1, 1.75, -30), stands(2, -1.75, -22, Kind.TRUCK)], 40)
        ]
        said = told(StoppedVehicle(road()), street)
        assert 1 not in {track for one in begun(said) for track in one.tracks}

    def test_without_lamps_it_takes_two_minutes(self) -> None:
        assert not told(StoppedVehicle(road()), scenes([stands(1, 1.75, -30, from_s=2)], 110, None, fps=5))
        assert begun(told(StoppedVehicle(road()), scenes([stands(1, 1.75, -30, from_s=2)], 140, None, fps=5)))

    def test_within_works_it_is_explained(self) -> None:
        works = road(areas=(area("works", -1, -40, 4, -20),))
        said = told(StoppedVehicle(works), scenes([stands(1, 1.75, -30, from_s=2)], 30))
        assert not begun(said)
        assert reasons(said) == ["it stands within works"]


class TestWrongWay:
    def test_within_two_seconds_of_entering_the_lane(self) -> None:
        (found,) = begun(told(WrongWay(road()), scenes([drives(1, 1.75, -8.0, from_s=2, y=0)], 8)))
        assert found.t_ns / NS_PER_S < 4.0
        assert number(found.evidence, "against_mps") == pytest.approx(8, abs=0.5)

    @pytest.mark.parametrize(
        "actor",
        [
            drives(1, -6.0, -8.0, y=0),  # its own exit lane
            drives(1, -3.4, -8.0, y=0),  # along the line between the lanes
            drives(1, 1.75, -2.0, y=-10),  # reversing
            drives(1, 1.75, -8.0, y=0, kind=Kind.BICYCLE),
            Actor(1, lambda t_s: (1.75, -30 - min(5.0, 4 * t_s))),  # five metres, no further
            Actor(1, lambda t_s: (1.75, -30 - 0.4 * 10 * t_s - 4 * (round(10 * t_s) // 7))),  # hops along a queue
        ],
        ids=["exit lane", "on the line", "reverses", "bicycle", "a car length", "hops"],
    )
    def test_what_is_none(self, actor: Actor) -> None:
        assert not told(WrongWay(road()), scenes([actor], 10))


class TestCrash:
    def still(self, track_id: int, y: float) -> Actor:
        return Actor(track_id, lambda _t_s: (1.75, y))

    def test_two_in_contact_where_a_third_of_a_queue_would_not_stand(self) -> None:
        pair = [stands(1, 1.75, -30, from_s=4), stands(2, 1.75, -34.7, from_s=5)]
        (found,) = begun(told(Crash(road()), scenes(pair, 15)))
        assert found.t_ns / NS_PER_S < 10
        assert set(found.tracks) == {1, 2}
        assert number(found.evidence, "apart_m") == pytest.approx(4.7, abs=0.3)

    def test_a_queue_stands_further_apart(self) -> None:
        pair = [stands(1, 1.75, -30, from_s=4), stands(2, 1.75, -36.2, from_s=5)]
        assert not told(Crash(road()), scenes(pair, 30))

    def test_side_by_side_in_two_lanes_is_none(self) -> None:
        pair = [stands(1, 1.75, -30, from_s=4), stands(2, -1.75, -30, from_s=5)]
        assert not told(Crash(road()), scenes(pair, 30))

    def test_in_contact_in_a_queue_at_red_is_not_told_while_the_queue_is_a_reason(self) -> None:
        row = [stands(1, 1.75, -2, from_s=4), stands(2, 1.75, -6.7, from_s=5)]
        assert not told(Crash(road()), scenes(row, 30, RED))

    def test_by_red_they_are_told_where_the_first_leaves_more_room_than_a_queue(self) -> None:
        queue = [stands(3, 1.75, -2, from_s=2)]
        pair = [stands(1, 1.75, -13, from_s=4), stands(2, 1.75, -17.3, from_s=5)]
        (found,) = begun(told(Crash(road()), scenes([*queue, *pair], 15, RED)))
        assert set(found.tracks) == {1, 2}
        assert found.t_ns / NS_PER_S <= 10
        queued = [stands(1, 1.75, -13, from_s=4), stands(2, 1.75, -18.2, from_s=5)]
        assert not told(Crash(road()), scenes([*queue, *queued], 30, RED))
        lorry = [stands(1, 1.75, -13, Kind.TRUCK, from_s=4), stands(2, 1.75, -17.3, from_s=5)]
        assert not told(Crash(road()), scenes([*queue, *lorry], 30, RED))

    def test_hard_braking_makes_it_surer(self) -> None:
        # 12 m/s to nothing in 1.5 s: 8 m/s².
        def at(t_s: float) -> tuple[float, float]:
            left_s = max(0.0, 6.5 - t_s)
            return 1.75, -34.7 - (4 * left_s**2 if left_s < 1.5 else 9.0 + 12 * (left_s - 1.5))

        soft = begun(told(Crash(road()), scenes([self.still(1, -30.0), self.still(2, -34.7)], 15)))
        (hard,) = begun(told(Crash(road()), scenes([self.still(1, -30.0), Actor(2, at)], 15)))
        assert number(hard.evidence, "braked_mps2") > 4.5
        assert hard.confidence > soft[0].confidence


class TestSpillback:
    def test_a_lane_that_a_green_does_not_clear(self) -> None:
        shows = ((-9.0, Interval.RED), (10.0, Interval.GREEN), (30.0, Interval.RED))
        filled = scenes([], 60, shows, queue_m=lambda _t_s: (80.0, True))
        (found,) = begun(told(Spillback(road()), filled))
        assert found.place.lane == "NB1"
        assert found.t_ns / NS_PER_S == pytest.approx(25, abs=1)

    def test_a_lane_that_fills_by_red_and_clears_by_green_is_none(self) -> None:
        shows = ((-9.0, Interval.RED), (60.0, Interval.GREEN))
        filled = scenes([], 120, shows, queue_m=lambda t_s: (80.0, True) if t_s < 68 else (20.0, False))
        assert not told(Spillback(road()), filled)

    def test_a_length_that_the_site_sets_needs_no_green(self) -> None:
        filled = scenes([], 20, RED, queue_m=lambda _t_s: (45.0, False))
        assert not told(Spillback(road(), {"NB1": 50.0}), filled)
        (found,) = begun(told(Spillback(road(), {"NB1": 40.0}), filled))
        assert found.evidence["limit_m"] == 40.0
        assert found.t_ns / NS_PER_S == pytest.approx(5, abs=0.3)

    def test_the_tail_of_an_exit_queue_at_the_junction(self) -> None:
        def comes(number: int) -> Actor:
            return Actor(number, lambda t_s: (-6.0, max(7.0 * number - 19.0, 25.0 + 8.0 * number - 9.0 * t_s)))

        row = [comes(number) for number in range(3)]
        (found,) = begun(told(Spillback(road()), scenes(row, 30)))
        assert found.evidence["where"] == "exit beside NB"
        assert number(found.evidence, "vehicles") == 3

    def test_an_exit_queue_further_out_or_a_parked_car_is_none(self) -> None:
        far = [Actor(1, lambda t_s: (-6.0, max(-30.0, 25.0 - 9.0 * t_s)))]
        parked = [Actor(2, lambda _t_s: (-6.0, -6.0))]
        assert not told(Spillback(road()), scenes([*far, *parked], 60))


class TestBlockedBox:
    def test_one_that_stands_in_it_by_red_of_its_own(self) -> None:
        shows = ((-9.0, Interval.GREEN), (8.0, Interval.YELLOW), (11.0, Interval.RED))
        (found,) = begun(told(BlockedBox(road()), scenes([stands(1, 1.75, 12, from_s=6)], 30, shows)))
        assert found.t_ns / NS_PER_S < 19
        assert found.evidence["from_lane"] == "NB1"

    def test_one_that_waits_some_seconds_is_none(self) -> None:
        waits = Actor(1, lambda t_s: (1.75, min(12.0, -60 + 12 * t_s) + max(0.0, 6 * (t_s - 12))))
        assert not told(BlockedBox(road()), scenes([waits], 20))

    def test_one_from_a_lane_out_of_sight_may_wait_for_a_gap_where_nobody_knows_the_lamps(self) -> None:
        comes = Actor(1, lambda t_s: (-8.0 + min(12.0, 4.0 * t_s), 14.0))
        known = scenes([comes], 22)
        (found,) = begun(told(BlockedBox(road()), known))
        assert found.t_ns / NS_PER_S < 16
        unknown = [replace(scene, signal=None) for scene in scenes([comes], 22)]
        assert not told(BlockedBox(road()), unknown)


class TestPedestrian:
    def walk(self, x: float, y: float, kind: Kind = Kind.PERSON) -> Actor:
        return Actor(1, lambda t_s: (x, y + 0.5 * t_s), kind)

    def test_two_seconds_in_a_lane(self) -> None:
        (found,) = begun(told(PedestrianOnCarriageway(road()), scenes([self.walk(1.75, -30)], 10)))
        assert found.t_ns / NS_PER_S == pytest.approx(2.0, abs=0.3)

    @pytest.mark.parametrize(("x", "y"), [(1.75, 3.0), (6.5, -30), (3.3, -30), (0.0, 14.0)],
                             ids=["crossing", "footway", "kerb", "box without drawn crossings"])  # fmt: skip
    def test_where_people_belong_or_may(self, x: float, y: float) -> None:
        assert not told(PedestrianOnCarriageway(road()), scenes([self.walk(x, y)], 6))

    def test_in_the_box_where_the_crossings_are_drawn(self) -> None:
        drawn = road(areas=(area("crossing", -10, 2, 6, 8),))
        assert begun(told(PedestrianOnCarriageway(drawn), scenes([self.walk(1.0, 12.0)], 6)))

    def test_cyclists_belong_in_lanes_but_not_on_closed_ground(self) -> None:
        rider = self.walk(1.75, -30, Kind.BICYCLE)
        assert not told(PedestrianOnCarriageway(road()), scenes([rider], 6))
        ground = road(areas=(area("no_traffic", -1, -40, 4, -20),))
        assert begun(told(PedestrianOnCarriageway(ground), scenes([rider], 6)))

    def test_a_driver_in_his_box_and_feet_behind_a_bonnet_are_not_believed(self) -> None:
        street = []
        for scene in scenes([self.walk(1.75, -30), stands(2, 1.75, -29)], 6):
            person, car = scene.tracks
            x1, y1, x2, y2 = car.box_px
            street.append(replace(scene, tracks=(replace(person, box_px=(x1 + 2, y1 + 2, x2 - 2, y2 - 8)), car)))
        assert not told(PedestrianOnCarriageway(road()), street)


class TestRedRunning:
    def passed(self, entered_s: float, movement: str = "NBT", left_s: float = 2.0) -> Crossing:
        t_ns = round((entered_s + left_s) * NS_PER_S)
        return Crossing(t_ns, movement, Kind.CAR, "NB1", 7, round(entered_s * NS_PER_S), 12.0, 0.0)

    def street(
        self, crossing: Crossing, *, red_s: float = 10.0, seconds: float = 20.0, modelled: bool = False
    ) -> list[SceneNow]:
        shows = ((-9.0, Interval.GREEN), (red_s - 3, Interval.YELLOW), (red_s, Interval.RED))
        made = scenes(
            [], seconds, shows, crossings=lambda t_s: (crossing,) if math.isclose(t_s, crossing.t_ns / 1e9) else ()
        )
        return [
            replace(one, signal=None if one.signal is None else replace(one.signal, modelled=modelled)) for one in made
        ]

    def test_with_the_time_into_red(self) -> None:
        (found,) = begun(told(RedRunning(road()), self.street(self.passed(12.5))))
        assert found.evidence["into_red_s"] == 2.5

    def test_by_yellow_or_within_the_error_it_is_none(self) -> None:
        assert not told(RedRunning(road()), self.street(self.passed(9.8)))
        assert not told(RedRunning(road()), self.street(self.passed(10.3)))

    def test_modelled_lamps_prove_nothing(self) -> None:
        said = told(RedRunning(road()), self.street(self.passed(12.5), modelled=True))
        assert reasons(said) == ["the lamps are not measured"]

    def test_who_stopped_over_the_line_is_none(self) -> None:
        said = told(RedRunning(road()), self.street(self.passed(12.0, left_s=15.0), seconds=40))
        assert reasons(said) == ["it stopped over the line and went on later"]


class TestNearMiss:
    def meet(self, after_s: float) -> list[Actor]:
        """The second one's front comes to where their ways cross so long after the first one's front."""
        second = Actor(2, lambda t_s: (-12.0 + 8.0 * (t_s - 5.0), 12.0) if 4.0 <= t_s < 9.0 else None)
        first_s = 5.0 + 13.75 / 8.0 - after_s
        return [drives(1, 1.75, 12.0, from_s=first_s - 92.0 / 12.0), second]

    def test_a_fifth_of_a_second_behind(self) -> None:
        (found,) = begun(told(NearMiss(road()), scenes(self.meet(4.5 / 12 + 0.2), 10)))
        assert number(found.evidence, "pet_s") == pytest.approx(0.2, abs=0.05)

    def test_a_second_behind_is_none(self) -> None:
        assert not told(NearMiss(road()), scenes(self.meet(4.5 / 12 + 1.0), 10))

    def test_following_is_none(self) -> None:
        row = [drives(1, 1.75, 12.0), drives(2, 1.8, 12.0, from_s=0.5)]
        assert not told(NearMiss(road()), scenes(row, 10))


class TestOthers:
    def test_a_slow_lane_against_its_own_normal(self) -> None:
        usual = [drives(i, 1.75, 12.0, from_s=4.0 * i) for i in range(20)]
        slow = [drives(100 + i, 1.75, 3.5, from_s=85 + 9.0 * i) for i in range(4)]
        (found,) = begun(told(SlowLane(road()), scenes([*usual, *slow], 140, fps=5)))
        assert number(found.evidence, "normal_mps") == pytest.approx(12, abs=0.5)
        assert number(found.evidence, "speed_mps") == pytest.approx(3.5, abs=0.3)

    def test_one_slow_vehicle_and_those_behind_it_are_no_slow_lane(self) -> None:
        tractor = drives(1, 1.75, 3.0, kind=Kind.TRUCK)
        behind = [drives(2 + i, 1.75, 3.0, from_s=2.5 + 2.5 * i) for i in range(4)]
        assert not told(SlowLane(road()), scenes([tractor, *behind], 60, fps=5))

    def test_a_closed_lane_and_the_one_beside_it(self) -> None:
        street = scenes([drives(1, 1.75), drives(2, -1.75)], 8, closed=frozenset({"NB1"}))
        assert [one.tracks for one in begun(told(VehicleOnClosedLane(road()), street))] == [(1,)]

    def test_who_stands_there_when_the_lane_closes_has_a_red_to_leave_it(self) -> None:
        # Its number changes meanwhile, as it does in a queue by night.
        first = Actor(1, lambda t_s: (1.75, -2.0) if t_s < 40 else None)
        waits = [first, Actor(2, lambda t_s: (1.75, -2.0) if t_s >= 40 else None)]
        open_yet = scenes(waits, 10)
        closed = scenes(waits, 80, RED, closed=frozenset({"NB1"}), first_s=10)
        assert not told(VehicleOnClosedLane(road()), [*open_yet, *closed])
        comes = drives(9, 1.75, 8.0, from_s=70)
        street = [*open_yet, *scenes([*waits, comes], 80, RED, closed=frozenset({"NB1"}), first_s=10)]
        assert [one.tracks for one in begun(told(VehicleOnClosedLane(road()), street))] == [(9,)]

    def test_who_still_stands_on_a_closed_lane_later_is_told(self) -> None:
        street = scenes([Actor(1, lambda _t_s: (1.75, -30.0))], 140, closed=frozenset({"NB1"}), fps=5)
        (found,) = begun(told(VehicleOnClosedLane(road()), street))
        assert found.t_ns / NS_PER_S == pytest.approx(120, abs=1)

    def test_a_load_in_a_lane_but_not_beside_it_nor_under_a_car(self) -> None:
        def lies(x: float, since_s: float = 0.0, size_m: float = 1.0) -> StillObject:
            return StillObject(1, (x, -30.0), (size_m, min(size_m, 0.6)), round(since_s * NS_PER_S), 0.8)

        (found,) = begun(told(LostLoad(road()), scenes([], 10, objects=lambda _t_s: (lies(1.5),))))
        assert found.place.lane == "NB1"
        assert not told(LostLoad(road()), scenes([], 10, objects=lambda _t_s: (lies(6.0),)))
        assert not told(LostLoad(road()), scenes([], 10, objects=lambda _t_s: (lies(1.5, size_m=0.1),)))
        said = told(LostLoad(road()), scenes([stands(1, 1.75, -30)], 10, objects=lambda _t_s: (lies(1.5),)))
        assert reasons(said) == ["a vehicle stands there"]

    def test_contrast_has_to_stay_low_and_to_come_back_for_a_while(self) -> None:
        puff = scenes([], 60, contrast=lambda t_s: 0.2 if 5 <= t_s < 12 else 0.9)
        assert not told(LowVisibility(), puff)
        fog = scenes([], 120, contrast=lambda t_s: 0.3 if 5 <= t_s < 40 else 0.9 if t_s > 44 else 0.5)
        said = findings(told(LowVisibility(), fog))
        assert said[0].t_ns / NS_PER_S == pytest.approx(15, abs=0.2)
        assert said[-1].t_ns / NS_PER_S == pytest.approx(74, abs=1)
        assert not told(LowVisibility(), scenes([], 60, contrast=lambda _t_s: None))
