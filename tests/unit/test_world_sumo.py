"""Traffic in the simulated street: repeatable to the byte, under the lamps it is given, counted in full."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.types import Interval, Kind, PedInterval
from sim_videos.scenario import DemandSpec, Scenario, WalkersSpec
from sim_videos.state import WorldFrame
from tests.world_scenes import PlainLamps, demand, overlapping, scene

libsumo = pytest.importorskip("libsumo")

from sim_videos.world import SumoWorld  # noqa: E402 - after the check for SUMO


def _frames(scenario: Scenario, seconds: float, seed: int | None = None) -> list[WorldFrame]:
    with SumoWorld(scenario, seed=seed) as world:
        lamps = PlainLamps(world.street)
        world.warm_up(lamps)
        return [world.step(*lamps(world.next_t_ns)) for _ in range(round(seconds * scenario.fps))]


def _digest(frames: list[WorldFrame]) -> str:
    return hashlib.sha256(repr(frames).encode()).hexdigest()


def test_the_same_seed_gives_the_same_bytes_twice_and_in_another_process(tmp_path: Path) -> None:
    first = _digest(_frames(scene(), 60, seed=4))
    assert _digest(_frames(scene(), 60, seed=4)) == first
    assert _digest(_frames(scene(), 60, seed=5)) != first
    code = (
        "from tests.unit.test_world_sumo import _digest, _frames; from tests.world_scenes import scene;"
        "print(_digest(_frames(scene(), 60, seed=4)))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert there.stdout.split()[-1] == first


def test_one_more_stream_leaves_the_arrivals_of_the_others_as_they_were() -> None:
    few = scene(demand=demand({"NBT": 400.0}), walkers=(), cyclists_per_h={})
    more = scene(demand=demand({"NBT": 400.0, "EBT": 300.0}), walkers=(), cyclists_per_h={})

    def looks(scenario: Scenario) -> list[tuple[str, int]]:
        frames = _frames(scenario, 20)
        users = {user.user_id: user for frame in frames for user in frame.users if user.movement == "NBT"}
        return [(user.make, user.colour) for _, user in sorted(users.items())]

    assert len(looks(few)) > 3
    assert looks(few) == looks(more)
    # And streams of one rate are not each other's copies.
    alike = scene(demand=demand({"NBT": 400.0, "SBT": 400.0}), walkers=(), cyclists_per_h={})
    last = _frames(alike, 20)[-1]
    northbound, southbound = (sorted(u.colour for u in last.users if u.movement == m) for m in ("NBT", "SBT"))
    assert northbound != southbound


def test_frames_are_of_one_street_and_nobody_drives_into_another() -> None:
    frames = _frames(scene(), 90)
    assert frames[0].t_s == 0
    assert frames[-1].t_s == pytest.approx(89.9)
    kinds = {user.kind for frame in frames for user in frame.users}
    assert {Kind.CAR, Kind.BICYCLE, Kind.PERSON} <= kinds
    for frame in frames[::7]:
        ids = [user.user_id for user in frame.users]
        assert ids == sorted(set(ids))
        assert list(overlapping(frame)) == []
    for before, after in pairwise(frames):
        was = {user.user_id: user for user in before.users}
        for user in after.users:
            if user.user_id in was:
                assert math.dist(user.pos_m, was[user.user_id].pos_m) <= user.speed_mps * 0.1 + 0.45
                assert (user.make, user.colour) == (was[user.user_id].make, was[user.user_id].colour)


def test_on_an_approach_a_vehicle_knows_its_lane_and_how_far_it_is_to_the_stop_line() -> None:
    scenario = scene()
    with SumoWorld(scenario) as world:
        lamps = PlainLamps(world.street)
        world.warm_up(lamps)
        frames = [world.step(*lamps(world.next_t_ns)) for _ in range(100)]
        lanes = {lane.name: lane for lane in world.street.inbound}
        headings = {arm.approach: arm.heading_rad for arm in world.street.arms}
    checked = 0
    for user in (user for frame in frames for user in frame.users if user.lane is not None):
        assert user.to_stop_m is not None
        assert user.lane is not None
        end = lanes[user.lane].line_m[-1]
        half_m = math.dist(user.pos_m, end) - user.to_stop_m
        # The front is half a length ahead of the middle; lanes here are straight.
        assert 0.5 < half_m < 9
        assert user.approach is not None
        assert abs(math.remainder(user.heading_rad - headings[user.approach], math.tau)) < 0.45
        checked += 1
    assert checked > 500


def test_sumo_shows_what_was_given_and_nothing_else() -> None:
    with SumoWorld(scene()) as world:
        signal = world._survey.net.signal
        every = [phase.number for phase in world.street.signal.phases]

        def shown(intervals: dict[int, Interval], pedestrian: dict[int, PedInterval]) -> dict[str, set[str]]:
            world.step(intervals, pedestrian)
            state = libsumo.trafficlight.getRedYellowGreenState(signal)
            letters: dict[str, set[str]] = {}
            for way in world._survey.ways:
                letters.setdefault(way.movement, set()).add(state[way.connection.index or 0])
            for walkway in world._survey.walkways:
                letters[f"walk {walkway.approach}"] = {state[walkway.crossing.index or 0]}
            return letters

        red = shown(dict.fromkeys(every, Interval.RED), {})
        assert set().union(*red.values()) == {"r"}
        main = shown({2: Interval.GREEN, 6: Interval.YELLOW}, {2: PedInterval.WALK, 4: PedInterval.CLEARANCE})
        assert main["NBT"] == {"G"}
        assert main["NBR"] == {"g"}  # walkers on the eastern leg go with phase 2
        assert main["SBT"] == {"y"}
        assert main["NBL"] == main["EBT"] == {"r"}
        assert (main["walk WB"], main["walk NB"]) == ({"G"}, {"r"})
        assert shown({5: Interval.GREEN}, {})["NBL"] == {"G"}
        assert shown({4: Interval.GREEN}, {})["EBL"] == {"g"}  # across oncoming traffic
        flashing = shown(dict.fromkeys(every, Interval.FLASH_YELLOW), {})
        assert flashing["NBT"] == {"o"}
        assert shown(dict.fromkeys(every, Interval.FLASH_RED), {})["NBT"] == {"s"}


def test_walkers_cross_on_walk_only() -> None:
    scenario = scene(
        demand=demand({"NBT": 10.0}), cyclists_per_h={}, walkers=(WalkersSpec(approach="NB", walkers_per_h=900),)
    )
    since_walk_s: list[float] = []
    names = set()
    with SumoWorld(scenario) as world:
        lamps = PlainLamps(world.street)
        crossing = next(c for c in world.street.crosswalks if c.approach == "NB")
        (x1, y1), (x2, _) = crossing.axis_m
        low, high = min(x1, x2) + 1.5, max(x1, x2) - 1.5
        on: set[int] = set()
        walk_from_s = -math.inf
        was = PedInterval.DONT_WALK
        for _ in range(1500):
            frame = world.step(*lamps(world.next_t_ns))
            shows = frame.pedestrian.get(4, PedInterval.DONT_WALK)
            walk_from_s = frame.t_s if shows is PedInterval.WALK is not was else walk_from_s
            was = shows
            people = [user for user in frame.users if user.kind is Kind.PERSON]
            now = {u.user_id for u in people if low < u.pos_m[0] < high and abs(u.pos_m[1] - y1) < 3}
            names |= {user.movement for user in people}
            since_walk_s.extend(frame.t_s - walk_from_s for _ in now - on)
            on = now
    assert names == {"PSE", "PSW"}
    assert len(since_walk_s) > 10
    # WALK shows for 4 s; who sets off then has gone the 1.5 m to where we look some seconds later.
    assert sum(since_s > 4.0 + 4.0 for since_s in since_walk_s) <= 0.05 * len(since_walk_s)


def test_the_tally_counts_who_was_due_and_what_waiting_cost_them() -> None:
    scenario = scene(duration_s=120, demand=demand({"NBT": 500.0, "EBT": 200.0}), walkers=(), cyclists_per_h={})

    def total(green_s: float) -> tuple[int, float]:
        with SumoWorld(scenario) as world:
            lamps = PlainLamps(world.street, green_s)
            world.warm_up(lamps)
            assert world.tally().total.mean_delay_s is None
            for _ in range(1500):
                world.step(*lamps(world.next_t_ns))
            tally = world.tally()
        assert tally.teleports == 0
        assert tally.total.due == sum(flow.due for flow in tally.movements.values())
        assert tally.movements["NBT"].mean_queue is not None
        assert tally.total.mean_delay_s is not None
        assert tally.total.arrived <= tally.total.due
        return tally.total.due, tally.total.mean_delay_s

    due, delay_s = total(14)
    due_again, longer_s = total(45)
    assert due == due_again > 15
    assert 5 < delay_s < longer_s


def test_all_red_lets_nobody_through_and_the_backlog_counts_as_delay() -> None:
    scenario = scene(duration_s=200, warm_up_s=0, demand=demand({"EBT": 1500.0}), walkers=(), cyclists_per_h={})
    with SumoWorld(scenario) as world:
        for _ in range(1800):
            world.step({}, {})
        tally = world.tally()
    assert tally.total.arrived == 0
    assert tally.total.waiting_outside > 10
    assert tally.total.mean_delay_s is not None
    assert tally.total.mean_delay_s > 50
    assert tally.movements["EBT"].max_queue is not None
    assert tally.movements["EBT"].max_queue > 15


def test_one_world_at_a_time_and_it_can_be_closed_and_opened_again() -> None:
    with SumoWorld(scene()) as first:
        with pytest.raises(RuntimeError, match="close that world first"):
            SumoWorld(scene())
        # The one that could not open has not closed the other.
        first.step({}, {})
    first.close()
    with pytest.raises(RuntimeError, match="closed"):
        first.step({}, {})
    for seed in range(5):
        with SumoWorld(scene(warm_up_s=2), seed=seed) as world:
            world.warm_up(PlainLamps(world.street))
            assert world.step({}, {}).t_s == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"fps": 15.0}, "fps: 15 is no whole number of milliseconds a frame"),
        ({"demand": (DemandSpec(movement="NBT", vehicles_per_h=9, mix={"tank": 1.0}),)}, "demand.0.mix: there is no"),
        ({"demand": (DemandSpec(movement="NBT", vehicles_per_h=9, mix={"bus": 0.4}),)}, "the shares add up to 0.4"),
        ({"demand": (DemandSpec(movement="NBT", vehicles_per_h=9, mix={"person": 1.0}),)}, "no vehicle 'person'"),
        ({"cyclists_per_h": {"WB": -4.0}}, "cyclists_per_h.WB: -4 an hour is out of range"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(more: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        SumoWorld(scene(**more))
    assert not libsumo.isLoaded()
