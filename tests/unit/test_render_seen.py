"""Who is seen: order, shares, boxes."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_videos.makes import MAKES
from sim_videos.render.placing import bodies_of, drawing_order, place
from sim_videos.render.renderer import Renderer
from sim_videos.render.seen import SeenUser, seen_users
from sim_videos.scenario import LookSpec
from sim_videos.state import RoadUser
from tests.rendered_street import NORTH, SIZE, camera, street, user, world


def look(*users: RoadUser) -> dict[int, SeenUser]:
    """What is seen of them where nothing else stands."""
    shown = world(*users)
    return {seen.user_id: seen for seen in seen_users(shown, place(bodies_of(shown), camera()), None, SIZE)}


def test_alone_all_of_it_is_seen() -> None:
    assert look(user(1, "saloon", (4.0, -20.0)))[1].visible == 1.0


def test_nearer_hides_farther() -> None:
    seen = look(user(1, "hatch", (2.0, -22.5)), user(2, "lorry", (2.0, -15.0)))
    assert seen[2].visible == 1.0
    assert seen[1].visible < 0.05


def test_half_behind_a_lorry_about_half_is_seen() -> None:
    alone = look(user(1, "hatch", (2.0, -30.0)))[1]
    middle = (alone.box_px[0] + alone.box_px[2]) / 2
    # The lorry's left flank, as the camera sees it, passes through the hidden car's middle.
    best = min(
        (look(user(2, "lorry", (x, -14.0)))[2] for x in np.linspace(-4, 4, 161)),
        key=lambda seen: abs(seen.box_px[0] - middle) if seen.box_px[2] > alone.box_px[2] else math.inf,
    )
    x = next(x for x in np.linspace(-4, 4, 161) if look(user(2, "lorry", (x, -14.0)))[2] == best)
    share = look(user(1, "hatch", (2.0, -30.0)), user(2, "lorry", (x, -14.0)))[1].visible
    assert share == pytest.approx(0.5, abs=0.12)


def test_cut_by_the_frame_the_rest_counts_as_unseen() -> None:
    edge = camera().to_ground([(0.0, 120.0)])[0]
    seen = look(user(1, "hatch", (float(edge[0]), float(edge[1])), 0.0))[1]
    assert seen.box_px[0] == 0.0
    assert seen.visible == pytest.approx(0.5, abs=0.15)


def test_outside_the_frame_nobody_is_told_of() -> None:
    assert not look(user(1, "hatch", (60.0, -10.0)), user(2, "hatch", (2.0, 60.0)))


def test_both_bodies_of_an_articulated_lorry_are_one() -> None:
    straight = look(user(1, "articulated", (3.0, -35.0)))
    bent = look(replace(user(1, "articulated", (3.0, -35.0)), tail_heading_rad=NORTH + 0.6))
    assert list(straight) == list(bent) == [1]
    assert straight[1].visible == pytest.approx(1.0, abs=0.02)
    assert bent[1].box_px[2] - bent[1].box_px[0] > 1.2 * (straight[1].box_px[2] - straight[1].box_px[0])


def test_a_pole_before_a_car_hides_some_of_it() -> None:
    renderer = Renderer(street(), camera(), LookSpec(), seed=1)
    # The pole of `to-north` stands at (2, -14): a car right behind it.
    seen = renderer.seen(world(user(1, "hatch", (2.0, -19.0))))[0]
    assert 0.7 < seen.visible < 0.99


def test_a_long_lorry_and_a_car_at_its_flank_are_told_apart() -> None:
    # By the distance of their middles the car beside the trailer's far end would be drawn first, or last, wrongly.
    lorry = user(1, "articulated", (1.65, -30.0))
    for y in (-24.0, -30.0, -36.0):
        seen = look(lorry, user(2, "hatch", (4.95, y)))
        assert seen[2].visible == 1.0 or seen[1].visible == 1.0


makes = st.sampled_from(sorted(MAKES))
headings = st.floats(-math.pi, math.pi)


@settings(max_examples=40)
@given(st.lists(st.tuples(makes, headings), min_size=2, max_size=4))
def test_shares_and_boxes_are_in_range_and_the_nearest_is_whole(parts: list[tuple[str, float]]) -> None:
    seen = look(*(user(i, make, (2.0, -24.0 - 18.0 * i), turn) for i, (make, turn) in enumerate(parts)))
    for one in seen.values():
        x1, y1, x2, y2 = one.box_px
        assert 0 <= x1 <= x2 <= SIZE[0]
        assert 0 <= y1 <= y2 <= SIZE[1]
        assert 0 <= one.visible <= 1
    assert list(seen) == sorted(seen)
    assert seen[0].visible > 0.97


@settings(max_examples=40)
@given(st.lists(headings, min_size=4, max_size=4), st.floats(8.0, 14.0))
def test_along_one_line_of_sight_the_nearest_is_drawn_last(turns: list[float], gap_m: float) -> None:
    shown = world(*(user(i, "hatch", (2.0, -10.0 - gap_m * i), turn) for i, turn in enumerate(turns)))
    placed = place(bodies_of(shown), camera())
    rows = [body.user for body in placed.bodies]
    assert all(a is not None and b is not None and a > b for a, b in pairwise(rows))


def test_a_ring_of_three_is_drawn_all_the_same() -> None:
    ring = [
        user(i, "articulated", (6 * math.cos(a), -40 + 6 * math.sin(a)), a + 2.2) for i, a in enumerate((0.0, 2.1, 4.2))
    ]
    bodies = bodies_of(world(*ring))
    low, high = np.zeros((len(bodies), 2)), np.full((len(bodies), 2), 10.0)
    assert sorted(drawing_order(bodies, low, high, camera()).tolist()) == list(range(len(bodies)))
