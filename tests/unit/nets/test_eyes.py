"""What is seen of vehicles whose places are known: full eyes, a camera, and what neighbours are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.control.junction import Passed
from edge.types import LaneDemand
from sim_videos.nets.eyes import CAMERA, FULL, Eyes, Sight
from sim_videos.nets.junction import Network, Times, network
from sim_videos.nets.net_file import read_net
from sim_videos.nets.sumo_link import Frame, Moving
from sim_videos.nets.watching import Watching
from tests.unit.nets import tee

ROUTES = {"a": ("far", "W", "Sx"), "b": ("W", "Ex"), "c": ("E", "Sx"), "d": ("S", "Wx")}
SHARP = Sight("camera", 60.0, turns=False, unseen=0.0, latency_s=0.3)


@pytest.fixture
def roads(tmp_path: Path) -> Network:
    return network(read_net(tee.write(tmp_path)), Times())


def moved(*vehicles: tuple[str, str, float, float, int]) -> Frame:
    return Frame(tuple(Moving(*one) for one in vehicles), {}, ())


def look(
    roads: Network, sight: Sight, *frames: Frame, seed: int = 1
) -> tuple[dict[str, LaneDemand], tuple[Passed, ...]]:
    watching, eyes = Watching(roads), Eyes(roads, sight, seed)
    view = eyes.look(0, watching)
    for t_s, frame in enumerate(frames, start=1):
        watching.see(t_s, Frame(frame.moving, ROUTES if t_s == 1 else {}, frame.left))
        view = eyes.look(t_s, watching)
    return dict(view.demands["J"].lanes), view.around["J"].passed or ()


def test_full_eyes_know_the_queue_who_comes_and_the_turns(roads: Network) -> None:
    lanes, _ = look(roads, FULL, moved(("b", "W_0", 48.0, 0.0, 0), ("a", "far_0", 90.0, 12.0, 0)))
    west = lanes["W_0"]
    assert (west.presence, west.queue_vehicles, west.wait_s) == (True, 1, 0.0)
    # 10 m of the far road, 4 m of the junction between, 50 m of W.
    assert west.arrivals is not None
    assert list(west.arrivals) == [pytest.approx((64.0, 12.0))]
    assert west.turns == (2, 2)
    assert lanes["S_0"].queue_vehicles == 0


def test_waiting_is_counted_from_when_it_stood(roads: Network) -> None:
    still = moved(("b", "W_0", 48.0, 0.2, 0))
    assert look(roads, FULL, moved(("b", "W_0", 40.0, 9.0, 0)), still, still, still)[0]["W_0"].wait_s == 2.0


def test_beyond_two_hundred_metres_nobody_is_seen(roads: Network) -> None:
    frame = moved(("c", "E_1", 1.0, 10.0, 0), ("a", "far_0", 0.0, 12.0, 0))
    lanes, _ = look(roads, Sight("full", 149.5, turns=True, unseen=0.0, latency_s=0.0), frame)
    assert lanes["E_1"].arrivals == ((149.0, 10.0),)
    assert lanes["W_0"].arrivals == ()


def test_a_camera_knows_the_lane_and_not_the_turn(roads: Network) -> None:
    frame = moved(("b", "W_0", 20.0, 10.0, 0), ("a", "far_0", 95.0, 12.0, 0), ("c", "E_1", 95.0, 10.0, 0))
    lanes, _ = look(roads, SHARP, frame)
    # 0.3 s ago it was 3 m further back.
    assert list(lanes["W_0"].arrivals or ()) == [pytest.approx((33.0, 10.0))]
    assert lanes["W_0"].turns is None
    assert lanes["W_0"].age_s == 0.3
    # 55 m, and 58 m as of 0.3 s ago.
    assert list(lanes["E_1"].arrivals or ()) == [pytest.approx((58.0, 10.0))]


def test_who_stands_far_back_is_not_in_a_cameras_view(roads: Network) -> None:
    lanes, _ = look(roads, SHARP, moved(("c", "E_1", 80.0, 0.0, 0)))
    assert lanes["E_1"].queue_vehicles == 0


def test_one_in_five_is_never_seen_and_others_with_another_seed(roads: Network) -> None:
    names = [f"v{i}" for i in range(1000)]
    frame = Frame(tuple(Moving(name, "S_0", 80.0, 5.0, 0) for name in names), dict.fromkeys(names, ("S", "Wx")), ())
    seen = []
    for seed in (1, 2):
        watching = Watching(roads)
        watching.see(1, frame)
        found = Eyes(roads, CAMERA, seed).look(1, watching).demands["J"].lanes["S_0"].arrivals
        assert found is not None
        seen.append(len(found))
    assert all(760 < count < 840 for count in seen)
    assert seen[0] != seen[1]


def test_who_passed_is_told_with_lane_and_phase(roads: Network) -> None:
    before = moved(("a", "W_0", 48.0, 5.0, 1), ("c", "E_1", 149.0, 5.0, 0))
    after = moved(("a", ":J_0_0", 3.0, 5.0, 1), ("c", ":J_5_0", 2.0, 5.0, 0))
    _, passed = look(roads, FULL, before, after)
    assert sorted((one.lane, one.phase) for one in passed) == [("E_1", 1), ("W_0", 2)]


def test_a_vehicle_that_has_passed_is_in_the_box_and_no_longer_in_the_lane(roads: Network) -> None:
    watching, eyes = Watching(roads), Eyes(roads, FULL, 1)
    watching.see(1, Frame((Moving("c", "E_1", 149.0, 5.0, 0),), ROUTES, ()))
    assert eyes.look(1, watching).around["J"].box == {}
    watching.see(2, moved(("c", ":J_5_0", 2.0, 0.0, 0)))
    view = eyes.look(2, watching)
    assert view.around["J"].box == {1: 1}
    assert view.demands["J"].lanes["E_1"].queue_vehicles == 0
    watching.see(3, moved(("c", "Sx_0", 22.0, 0.5, 1)))
    view = eyes.look(3, watching)
    assert view.around["J"].box == {}
    # It stands with its rear 17 m down the road out: two more fit.
    assert view.around["J"].room == {"Sx": 2}


def test_vehicles_upstream_count_for_a_lane_in_the_share_that_comes_there(roads: Network) -> None:
    """Twenty drive from `far` and are next seen on a road without a light ahead: the next are hardly expected."""
    watching, eyes = Watching(roads), Eyes(roads, SHARP, 1)
    expected = []
    for t_s in range(1, 41):
        name = f"v{t_s // 2}"
        place = (name, "far_0", 95.0, 0.0, 0) if t_s % 2 == 0 else (name, "Ex_0", 5.0, 9.0, 1)
        entered = {name: ("far", "W", "Ex")} if t_s % 2 == 0 else {}
        watching.see(t_s, Frame((Moving(*place),), entered, ()))
        queue = eyes.look(t_s, watching).demands["J"].lanes["W_0"].queue_vehicles or 0
        if t_s % 2 == 0:
            expected.append(queue)
    assert expected[0] == 1
    assert sum(expected[10:]) <= 3
