"""The two definitions of a true queue, each at its edges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.types import Kind
from sim_videos.makes import MAKES
from sim_videos.state import RoadUser
from sim_videos.truth.queues import FIRST_M, GAP_M, STANDING_MPS, LaneQueues, Waiting, standing

CAR_M = MAKES["saloon"].length_m


def car(user_id: int, before_m: float, speed_mps: float = 0.0, make: str = "saloon", lane: str = "NB1") -> RoadUser:
    return RoadUser(
        user_id, make, MAKES[make].kind, 0, (0.0, -before_m), 1.57, speed_mps, lane=lane, to_stop_m=before_m
    )


def line(*before_m: float, speed_mps: float = 0.0) -> list[RoadUser]:
    return [car(number, at, speed_mps) for number, at in enumerate(before_m)]


@pytest.mark.parametrize(
    ("before_m", "vehicles"),
    [
        ((), 0),
        ((1.0,), 1),
        ((FIRST_M,), 1),
        ((FIRST_M + 0.1,), 0),  # too far back to be waiting at the line
        ((1.0, 1.0 + CAR_M + GAP_M), 2),
        ((1.0, 1.1 + CAR_M + GAP_M), 1),  # a gap ends it
        ((-0.4,), 1),  # a bumper over the line
        ((-0.6, 5.0), 1),  # over it: gone
    ],
)
def test_standing_from_the_line_back(before_m: tuple[float, ...], vehicles: int) -> None:
    queue = LaneQueues(["NB1"]).update(line(*before_m))["NB1"]
    assert queue.vehicles == queue.hcm_vehicles == vehicles


def test_its_length_reaches_to_the_rear_of_the_last() -> None:
    users = [car(1, 1.0), car(2, 8.0, make="articulated")]
    assert LaneQueues(["NB1"]).update(users)["NB1"].length_m == pytest.approx(8.0 + MAKES["articulated"].length_m)


def test_one_that_moves_is_passed_over() -> None:
    users = [car(1, 1.0, STANDING_MPS), car(2, 8.0), car(3, 15.0)]
    assert LaneQueues(["NB1"]).update(users)["NB1"].vehicles == 2


def test_by_the_hcm_a_discharging_queue_counts_until_it_is_over_the_line() -> None:
    queues = LaneQueues(["NB1"])
    assert queues.update(line(1.0, 8.0))["NB1"].hcm_vehicles == 2
    moving = queues.update([car(0, 0.5, 3.0), car(1, 7.5, 2.0), car(7, 30.0, 10.0)])["NB1"]
    assert (moving.vehicles, moving.hcm_vehicles) == (0, 2)
    assert moving.hcm_length_m == pytest.approx(7.5 + CAR_M)
    assert queues.update([car(0, -0.6, 4.0), car(1, 3.0, 4.0)])["NB1"].hcm_vehicles == 1
    # one that drives up to it without standing is not queued
    assert queues.update([car(1, -2.0, 6.0), car(7, 9.0, 9.0)])["NB1"].hcm_vehicles == 0


def test_only_vehicles_of_the_lane_count() -> None:
    users = [car(1, 1.0, lane="NB2"), car(2, 1.0, make="person"), car(3, 2.0, make="bicycle")]
    row = LaneQueues(["NB1"]).update(users)
    assert list(row) == ["NB1"]
    assert row["NB1"].vehicles == 1
    assert MAKES["person"].kind is Kind.PERSON


@given(st.lists(st.tuples(st.floats(-5, 120), st.floats(0, 15), st.floats(1, 16)), max_size=12))
def test_laws(rows: list[tuple[float, float, float]]) -> None:
    waiting = [Waiting(number, before, length, speed) for number, (before, speed, length) in enumerate(rows)]
    chain = standing(waiting)
    assert all(one.speed_mps < STANDING_MPS for one in chain)
    assert [one.before_m for one in chain] == sorted(one.before_m for one in chain)
    reach = FIRST_M
    for one in chain:
        assert one.before_m <= reach
        reach = one.before_m + one.length_m + GAP_M
    # one more that stands right behind the last joins it, one far behind does not
    if chain:
        last = chain[-1]
        rear = last.before_m + last.length_m
        assert len(standing([*waiting, Waiting(99, rear + 0.1, 4.0, 0.0)])) > len(chain)
    assert standing([*waiting, Waiting(99, 1000.0, 4.0, 0.0)]) == chain
