"""Traffic of the scene: it repeats, keeps apart and obeys the lamps."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.types import Interval, Kind
from sim_videos.old.layout import ROUTES, GateM
from sim_videos.old.scene import play
from sim_videos.old.truth import line_of, passes
from sim_videos.old.world import UserState, World

_ROUTE_PHASE = {route.movement: route.phase for route in ROUTES}


def _footprint(user: UserState) -> NDArray[np.float32]:
    (x, y), (ax, ay) = user.pose.pos_m, user.pose.ahead
    long, wide = user.body.length_m / 2, user.body.width_m / 2
    corners = ((1, 1), (1, -1), (-1, -1), (-1, 1))
    return np.array(
        [(x + ax * a * long - ay * b * wide, y + ay * a * long + ax * b * wide) for a, b in corners], np.float32
    )


def test_a_seed_repeats_to_the_byte_and_another_differs() -> None:
    def text(seed: int) -> list[str]:
        return [line_of(frame) for frame, _, _ in play(seed, 40)]

    assert text(3) == text(3)
    assert text(3) != text(4)


@pytest.mark.parametrize("seed", [5, 11])
def test_vehicles_never_touch(seed: int) -> None:
    world = World(seed)
    for t_s in np.arange(0.0, 80.0, 0.4):
        world.advance(float(t_s))
        users = [user for user in world.users() if user.body.kind is not Kind.PERSON]
        near = [user for user in users if abs(user.pose.pos_m[0]) < 25 and -90 < user.pose.pos_m[1] < 20]
        for i, one in enumerate(near):
            for other in near[i + 1 :]:
                if math.dist(one.pose.pos_m, other.pose.pos_m) < 13:
                    shared, _ = cv2.intersectConvexConvex(_footprint(one), _footprint(other))
                    assert shared == 0, f"{one.user_id} and {other.user_id} touch at {t_s:.1f} s"


def test_nobody_enters_on_red_and_nobody_goes_backwards() -> None:
    world = World(5)
    before: dict[int, float] = {}
    entered = 0
    for t_s in np.arange(0.0, 80.0, 0.08):
        world.advance(float(t_s))
        for user in world.users():
            assert user.speed_mps >= 0
            if user.to_stop_m is None:
                continue
            if before.get(user.user_id, 0.0) > 0 >= user.to_stop_m:
                entered += 1
                shows = world.lamps.interval(_ROUTE_PHASE[user.movement], float(t_s))
                assert shows in {Interval.GREEN, Interval.YELLOW}, f"{user.user_id} entered on {shows} at {t_s:.1f} s"
            before[user.user_id] = user.to_stop_m
    assert entered > 20


def test_a_gate_is_passed_between_its_ends_and_one_way_only() -> None:
    gate = GateM((0.0, 0.0), (4.0, 0.0), (2.0, 3.0))
    assert passes(gate, (1.0, -0.5), (1.0, 0.5))
    assert not passes(gate, (1.0, 0.5), (1.0, -0.5))
    assert not passes(gate, (5.0, -0.5), (5.0, 0.5))
    assert not passes(gate, (1.0, -0.5), (1.0, -0.1))
