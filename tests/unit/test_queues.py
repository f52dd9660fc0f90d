"""Queues from the stop line back, presence, occupancy: known where seen, unknown where not."""

from __future__ import annotations

import pytest

from edge.clock import NS_PER_S
from edge.types import Kind, LaneState, Track
from edge.vision.queues import LaneMap, QueueMeter, QueueSettings
from tests.overhead import CAMERA, LANE, PLANE, track

# The lane is 20 m long, its stop line at y = 20 m; vehicles come down from y = 0.


def meter(**settings: float) -> QueueMeter:
    return QueueMeter((LANE,), CAMERA, PLANE, QueueSettings(**settings))


def at(t_s: float, *before_m: float, speed: float = 0.0, kind: Kind = Kind.CAR) -> tuple[Track, ...]:
    t_ns = round(t_s * NS_PER_S)
    return tuple(track(t_ns, i, (9.0, 20.0 - b), (0.0, speed), kind) for i, b in enumerate(before_m))


def state(meter: QueueMeter, tracks: tuple[Track, ...], standing: dict[int, int], t_s: float = 10.0) -> LaneState:
    lanes = {t.track_id: "SB1" for t in tracks}
    (lane,) = meter.update(round(t_s * NS_PER_S), tracks, lanes, standing, ())
    return lane


def test_three_standing_from_the_line_back() -> None:
    lane = state(meter(), at(10, 2, 9, 16), {0: 4 * NS_PER_S, 1: 6 * NS_PER_S, 2: 9 * NS_PER_S})
    assert lane.queue.vehicles == 3
    # The tail's middle is 16 m back, its rear half a car further.
    assert lane.queue.length_m == pytest.approx(18.25)
    assert lane.queue.wait_s == pytest.approx(6.0)
    assert lane.presence is True


def test_an_empty_lane_is_a_queue_of_none_not_unknown() -> None:
    lane = state(meter(), (), {})
    assert (lane.queue.vehicles, lane.queue.length_m, lane.queue.wait_s) == (0, 0.0, None)
    assert lane.presence is False
    assert lane.vehicles == 0


def test_a_gap_ends_the_queue() -> None:
    lane = state(meter(gap_m=8.0), at(10, 2, 9, 19.5), {0: 0, 1: 0, 2: 0})
    assert lane.queue.vehicles == 2


def test_one_that_stands_far_back_alone_is_no_queue() -> None:
    assert state(meter(), at(10, 18), {0: 0}).queue.vehicles == 0


def test_moving_vehicles_are_not_queued_and_give_the_speed() -> None:
    lane = state(meter(), at(10, 3, 10, speed=8.0), {})
    assert lane.queue.vehicles == 0
    assert lane.speed_mps == pytest.approx(8.0)


def test_people_are_not_vehicles() -> None:
    lane = state(meter(), at(10, 1, kind=Kind.PERSON), {0: 0})
    assert lane.presence is False
    assert lane.vehicles == 0


def test_says_when_the_queue_may_go_on_out_of_sight() -> None:
    assert state(meter(), at(10, 2, 9, 16), {0: 0, 1: 0, 2: 0}).queue.at_least
    assert not state(meter(), at(10, 2), {0: 0}).queue.at_least


def test_a_blind_camera_knows_nothing() -> None:
    (lane,) = meter().blind(NS_PER_S)
    assert lane.queue.vehicles is None
    assert lane.queue.length_m is None
    assert (lane.presence, lane.occupancy, lane.vehicles, lane.speed_mps) == (None, None, None, None)


def test_a_lane_without_a_stop_line_has_no_queue() -> None:
    lane = LANE.model_copy(update={"stop_line_px": None})
    (got,) = QueueMeter((lane,), CAMERA, PLANE).update(NS_PER_S, at(1, 2), {0: "SB1"}, {0: 0}, ())
    assert got.queue.vehicles is None
    assert got.presence is None
    assert got.vehicles == 1


def test_occupancy_is_the_share_of_the_window() -> None:
    m, last = meter(window_s=10.0), None
    for k in range(200):
        t_s = k / 10
        last = state(m, at(t_s, 2) if t_s >= 15 else (), {0: 0}, t_s)
    assert last is not None
    assert last.occupancy == pytest.approx(0.5, abs=0.02)


def test_occupancy_is_unknown_at_first() -> None:
    m = meter()
    assert state(m, (), {}, 0.0).occupancy is None
    assert state(m, (), {}, 0.5).occupancy is None
    assert state(m, (), {}, 1.5).occupancy == 0.0


def test_lane_of_a_pixel() -> None:
    lanes = LaneMap((LANE,), CAMERA)
    inside, outside = track(0, 1, (9.0, 10.0)), track(0, 2, (9.0, 30.0))
    assert lanes.lanes_of((inside, outside)) == {1: "SB1"}
    assert LaneMap.mask((), (10, 10)) is None
