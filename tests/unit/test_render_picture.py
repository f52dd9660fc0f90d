"""The picture: what is drawn where, what shines, and the same bytes twice."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.types import Interval, PedInterval
from sim_videos.makes import MAKES
from sim_videos.render.heads import Lamp, lamps_of
from sim_videos.render.light import light_of, sun_at
from sim_videos.render.placing import bodies_of
from sim_videos.render.randomise import random_look, random_style
from sim_videos.render.renderer import Renderer, Style
from sim_videos.render.sensor import Sensor
from sim_videos.render.shapes import mesh_of
from sim_videos.scenario import LookSpec
from sim_videos.state import RoadUser
from tests.rendered_street import NORTH, camera, street, user, world

Image = NDArray[np.uint8]
#: A sensor without noise, so that pictures can be compared pixel by pixel.
CLEAN = Style(sensor=Sensor(noise=0.0, jpeg=100, soft_px=0.0, vignette=0.0, saturation=1.0))
OVERCAST = LookSpec(hour=11, cloud=1.0)


@pytest.fixture(scope="module")
def clean() -> Renderer:
    return Renderer(street(), camera(), OVERCAST, seed=1, style=CLEAN)


def changed(a: Image, b: Image) -> NDArray[np.bool_]:
    """Where two pictures differ by more than coding does."""
    return np.asarray(np.abs(a.astype(int) - b.astype(int)).max(axis=2) > 24, np.bool_)


@pytest.mark.parametrize("make", sorted(MAKES))
def test_the_box_holds_what_is_drawn(clean: Renderer, make: str) -> None:
    empty = clean.frame(world()).image
    picture = clean.frame(world(user(1, make, (-1.0, -18.0), 0.7)))
    (seen,) = picture.users
    x1, y1, x2, y2 = seen.box_px
    drawn = changed(picture.image, empty)
    columns, rows = np.flatnonzero(drawn.any(axis=0)), np.flatnonzero(drawn.any(axis=1))
    # Its shadow falls below and beside it; nothing is drawn above, and all but the shadow fills the box.
    assert rows[0] >= y1 - 3
    assert rows[0] <= y1 + 4
    assert columns[0] >= x1 - 9
    assert columns[-1] <= x2 + 9
    inside = drawn[int(y1) : math.ceil(y2), int(x1) : math.ceil(x2)]
    assert inside.mean() > 0.25


def redness(image: Image, seen: tuple[float, float, float, float]) -> float:
    """How many pixels in the lower half of a box are red."""
    x1, y1, x2, y2 = (round(v) for v in seen)
    part = image[(y1 + y2) // 2 : y2, x1:x2].astype(int)
    return float(((part[..., 2] > 130) & (part[..., 2] > part[..., 1] + 70) & (part[..., 2] > part[..., 0] + 70)).sum())


def test_brake_lights_turn_red(clean: Renderer) -> None:
    car = user(1, "saloon", (2.0, -12.0), -NORTH)
    off = clean.frame(world(car))
    on = clean.frame(world(replace(car, braking=True)))
    assert redness(on.image, on.users[0].box_px) >= redness(off.image, off.users[0].box_px) + 6


def test_indicators_and_hazards_flash(clean: Renderer) -> None:
    car = replace(user(1, "saloon", (2.0, -4.0), -NORTH), hazard=True)
    images = [clean.frame(world(car, t_s=t)).image for t in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)]
    orange = [int((im[..., 2].astype(int) - im[..., 0] > 130).sum()) for im in images]
    assert max(orange) >= min(orange) + 4


@pytest.mark.parametrize(("interval", "channel"), [(Interval.RED, 2), (Interval.GREEN, 1), (Interval.RED_CLEARANCE, 2)])
def test_lamps_in_the_picture_are_those_given(clean: Renderer, interval: Interval, channel: int) -> None:
    x, y = camera().to_px([(2.0, -14.0, 5.0)])[0]
    part = clean.frame(world(interval=interval)).image[int(y) - 9 : int(y) + 10, int(x) - 4 : int(x) + 5].astype(int)
    strongest = part[..., channel] - np.delete(part, channel, axis=2).min(axis=2)
    assert strongest.max() > 80
    other = 1 if channel == 2 else 2
    assert ((part[..., other] - np.delete(part, other, axis=2).max(axis=2)) < 70).all()


@pytest.mark.parametrize("interval", list(Interval))
def test_every_interval_lights_at_most_one_lamp(interval: Interval) -> None:
    (head, _) = street().heads
    shown = lamps_of(head, {2: interval}, {}, 0.1)
    assert len(shown) == 3
    assert sum(lamp is not None for lamp in shown) == 1
    if interval is Interval.GREEN:
        assert shown == (None, None, Lamp.GREEN)


@pytest.mark.parametrize("interval", list(PedInterval))
def test_pedestrian_heads_know_every_interval(interval: PedInterval) -> None:
    head = replace(street().heads[0], kind="pedestrian", phase=4)
    shown = lamps_of(head, {}, {4: interval}, 0.1)
    assert (Lamp.GREEN in shown) == (interval is PedInterval.WALK)


def test_a_phase_that_is_not_told_of_is_dark() -> None:
    assert lamps_of(street().heads[0], {}, {}, 0.1) == (None, None, None)


def test_flashing_lamps_go_out_between() -> None:
    head = street().heads[0]
    shown = {lamps_of(head, {2: Interval.FLASH_RED}, {}, t / 10) for t in range(10)}
    assert shown == {(Lamp.RED, None, None), (None, None, None)}


def test_the_same_arguments_give_the_same_bytes() -> None:
    def once(seed: int, t_s: float) -> Image:
        renderer = Renderer(street(), camera((192, 120)), LookSpec(hour=22.5, rain=0.6, wet=1), seed=seed)
        return renderer.frame(world(user(1, "saloon", (4.9, -20.0)), t_s=t_s)).image

    first = once(3, 1.0)
    assert np.array_equal(first, once(3, 1.0))
    assert not np.array_equal(first, once(3, 1.1))
    assert not np.array_equal(first, once(4, 1.0))


def test_seen_alone_says_what_the_picture_says(clean: Renderer) -> None:
    shown = world(user(1, "bus", (2.0, -30.0)), user(2, "person", (6.0, -9.5), 0.0))
    assert clean.seen(shown) == clean.frame(shown).users


def test_night_is_darker_than_dusk_and_dusk_than_day() -> None:
    def brightness(hour: float) -> float:
        return float(Renderer(street(), camera((160, 120)), LookSpec(hour=hour), seed=1).frame(world()).image.mean())

    day, dusk, night = brightness(12.0), brightness(20.5), brightness(23.5)
    assert day > dusk + 5 > night + 10


def test_fog_hides_the_far_end() -> None:
    def contrast(fog_m: float | None) -> float:
        eye = camera()
        renderer = Renderer(street(), eye, LookSpec(hour=11, cloud=0.9, fog_m=fog_m), seed=1, style=CLEAN)
        shown = renderer.frame(world(user(1, "lorry", (2.0, -70.0))))
        x1, y1, x2, y2 = (int(v) for v in shown.users[0].box_px)
        return float(shown.image[y1:y2, x1:x2].std())

    assert contrast(60.0) < 0.5 * contrast(None)


def test_the_sun_stands_south_at_noon_and_is_down_at_midnight() -> None:
    noon, midnight = sun_at(12.0), sun_at(0.0)
    assert noon[1] < -0.3
    assert noon[2] > 0.8
    assert midnight[2] < 0
    assert sun_at(7.0)[0] > 0 > sun_at(17.0)[0]
    assert not light_of(LookSpec(hour=23)).casts_shadows
    assert light_of(LookSpec(hour=12, cloud=0.0)).casts_shadows


def test_a_walkers_legs_move() -> None:
    walker = replace(user(1, "person", (0.0, -9.5), 0.0), speed_mps=1.3)
    poses = {id(bodies_of(world(walker, t_s=t / 10))[0].mesh) for t in range(12)}
    assert len(poses) >= 6
    assert mesh_of("person", 0, 2).length_m > mesh_of("person").length_m


@pytest.mark.parametrize("make", sorted(set(MAKES) - {"articulated"}))
def test_a_mesh_has_the_size_of_its_make(make: str) -> None:
    mesh, known = mesh_of(make), MAKES[make]
    assert mesh.length_m == pytest.approx(known.length_m, abs=0.2)
    assert mesh.width_m == pytest.approx(known.width_m, abs=0.12)
    assert mesh.height_m == pytest.approx(known.height_m, abs=0.18)
    assert mesh.vertices[:, 2].min() >= -1e-9


def test_random_looks_differ_and_repeat() -> None:
    looks = [random_look(np.random.default_rng(seed)) for seed in range(40)]
    assert looks == [random_look(np.random.default_rng(seed)) for seed in range(40)]
    assert len(set(looks)) > 35
    assert any(one.rain > 0 for one in looks)
    assert random_style(np.random.default_rng(5)) == random_style(np.random.default_rng(5))


def test_one_keeps_its_colour(clean: Renderer) -> None:
    def paint(one: RoadUser) -> Image:
        palette = clean.style.palette
        return np.asarray(palette.of(one.make, one.colour) * 255, np.uint8)

    assert np.array_equal(paint(user(1, "saloon", (0.0, 0.0))), paint(user(9, "saloon", (50.0, 3.0))))
    assert not np.array_equal(
        paint(user(1, "saloon", (0.0, 0.0))), paint(replace(user(1, "saloon", (0.0, 0.0)), colour=70))
    )
