"""What lies on the road and no detector knows: told within 15 s, and nothing else is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.geometry import GroundPlane
from calibration.load import load_site
from edge.clock import NS_PER_S
from edge.frames import Detections, Frame, ImageBGR, VisionResult
from edge.incident import StillObject
from edge.types import Kind, Sight, Track
from edge.vision.health.scenery import SceneryWatch
from edge.vision.health.street import road_mask
from sim_videos.truth.files import read_frames

CLIPS = Path(__file__).parents[2] / "sim_videos/clips"
STEP_NS = NS_PER_S // 2
SITE = load_site("demo")
CAMERA = SITE.cameras[0]
PLANE = GroundPlane.fit(CAMERA.homography)
#: On the lane NB2, where the film's traffic passes, and near the middle of the box.
IN_LANE, IN_BOX = (5.0, -22.0), (-1.0, -4.0)

Draw = Callable[[ImageBGR, float], None]
Extra = Callable[[float], tuple[Track, ...]]


@cache
def film() -> tuple[tuple[ImageBGR, tuple[Track, ...]], ...]:
    """90 s of a busy junction, two pictures a second, with those that a detector would know."""
    capture = cv2.VideoCapture(str(CLIPS / "demo.mp4"))
    shown: list[tuple[ImageBGR, tuple[Track, ...]]] = []
    for number, frame in enumerate(read_frames(CLIPS / "demo.truth.jsonl")):
        capture.grab()
        if number % 5:
            continue
        tracks = tuple(
            Track(
                0, user.id, user.kind, 0.9, (user.x1_px, user.y1_px, user.x2_px, user.y2_px),
                ((user.x1_px + user.x2_px) / 2, user.y2_px), (user.x_m, user.y_m), None, user.speed_mps, 0.2, 5.0, True,
            )
            for user in frame.users
            if user.visible > 0.2 and user.x2_px - user.x1_px > 5
        )  # fmt: skip
        shown.append((np.asarray(capture.retrieve()[1], np.uint8), tracks))
    return tuple(shown)


def box_at(place_m: tuple[float, float], size_m: float, colour: tuple[int, int, int]) -> Draw:
    """A crate that stands on the road from then on."""
    ends = PLANE.to_px([(place_m[0] - size_m / 2, place_m[1]), (place_m[0] + size_m / 2, place_m[1])])
    (left, low), (right, _) = ends.tolist()
    top = low - abs(right - left) * 0.7

    def draw(image: ImageBGR, _t_s: float) -> None:
        cv2.rectangle(image, (round(left), round(top)), (round(right), round(low)), colour, -1)

    return draw


def after(t_s: float, draw: Draw, until_s: float = 1e9) -> Draw:
    def late(image: ImageBGR, now_s: float) -> None:
        if t_s <= now_s < until_s:
            draw(image, now_s)

    return late


def told(draw: Draw | None = None, also: Extra = lambda _t_s: ()) -> dict[int, tuple[float, StillObject]]:
    """Each thing told, with when it first was."""
    watch = SceneryWatch(SITE, CAMERA.id, lambda: 0.9)
    found: dict[int, tuple[float, StillObject]] = {}
    for k, (picture, tracks) in enumerate(film()):
        t_s, image = k * 0.5, picture.copy()
        if draw is not None:
            draw(image, t_s)
        frame = Frame(CAMERA.id, k, k * STEP_NS, image)
        sight = Sight(frame.t_ns, CAMERA.id, True)
        nothing = Detections.empty(frame.t_ns)
        result = VisionResult(frame.t_ns, k, CAMERA.id, sight, nothing, (*tracks, *also(t_s)), (), (), ())
        scenery = watch.update(frame, result)
        assert (scenery.camera, scenery.contrast) == (CAMERA.id, 0.9)
        for thing in scenery.objects:
            found.setdefault(thing.object_id, (t_s, thing))
    return found


def standing(draw_at: tuple[float, float, float, float], speed_mps: float = 0.0) -> Track:
    foot = ((draw_at[0] + draw_at[2]) / 2, draw_at[3])
    return Track(0, 999, Kind.CAR, 0.9, draw_at, foot, (0.0, 0.0), None, speed_mps, 0.2, 9.0, True)


def test_ninety_seconds_of_traffic_leave_nothing() -> None:
    assert told() == {}


@pytest.mark.parametrize(("place_m", "size_m"), [(IN_LANE, 0.9), (IN_BOX, 0.7)], ids=["lane", "box"])
def test_a_load_is_told_within_fifteen_seconds_where_it_lies(place_m: tuple[float, float], size_m: float) -> None:
    found = told(after(30.0, box_at(place_m, size_m, (40, 90, 150))))
    ((t_s, thing),) = found.values()
    assert t_s - 30.0 <= 15.0
    assert np.hypot(thing.pos_m[0] - place_m[0], thing.pos_m[1] - place_m[1]) < 2.0
    assert thing.size_m[0] == pytest.approx(size_m, abs=0.5)
    assert thing.since_ns / NS_PER_S == pytest.approx(30.0, abs=2.0)
    assert 0.4 <= thing.confidence <= 1.0


def test_a_load_that_was_taken_away_is_told_no_more() -> None:
    watch = SceneryWatch(SITE, CAMERA.id)
    draw = after(30.0, box_at(IN_BOX, 0.8, (40, 90, 150)), 60.0)
    there = []
    for k, (picture, tracks) in enumerate(film()):
        image = picture.copy()
        draw(image, k * 0.5)
        result = VisionResult(
            k * STEP_NS, k, CAMERA.id, Sight(0, CAMERA.id, True), Detections.empty(0), tracks, (), (), ()
        )
        there.append(bool(watch.update(Frame(CAMERA.id, k, k * STEP_NS, image), result).objects))
    assert there[90]
    assert not there[-1]


def test_a_car_that_the_detector_loses_is_no_load() -> None:
    left, top, right, low = 250.0, 255.0, 300.0, 300.0

    def car(image: ImageBGR, _t_s: float) -> None:
        cv2.rectangle(image, (int(left), int(top)), (int(right), int(low)), (60, 60, 170), -1)
        cv2.rectangle(image, (int(left) + 8, int(top) + 6), (int(right) - 8, int(top) + 18), (30, 30, 30), -1)

    known = standing((left, top, right, low))
    assert told(after(25.0, car), lambda t_s: (known,) if 25.0 <= t_s < 45.0 else ()) == {}
    # Nor is the place where it stood once it has gone, though it was there from the beginning.
    assert told(after(0.0, car, 50.0)) == {}


def test_a_shadow_is_no_load() -> None:
    ((x, y),) = PLANE.to_px([IN_BOX]).tolist()

    def shadow(image: ImageBGR, _t_s: float) -> None:
        part = image[int(y) - 14 : int(y), int(x) - 20 : int(x) + 20]
        part[:] = (part * 0.6).astype(np.uint8)

    assert told(after(30.0, shadow)) == {}


def test_a_change_of_light_is_no_load() -> None:
    def cloud(image: ImageBGR, _t_s: float) -> None:
        image[:] = (image * 0.7).astype(np.uint8)

    assert told(after(30.0, cloud)) == {}


def test_a_blind_camera_knows_nothing_and_forgets() -> None:
    watch = SceneryWatch(SITE, CAMERA.id, lambda: 0.9)
    picture, tracks = film()[0]
    blind = VisionResult(0, 0, CAMERA.id, Sight(0, CAMERA.id, False, "dark"), Detections.empty(0), tracks, (), (), ())
    scenery = watch.update(Frame(CAMERA.id, 0, 0, picture), blind)
    assert (scenery.contrast, scenery.objects) == (None, ())


def test_the_road_is_lanes_and_box_and_nothing_else() -> None:
    road = road_mask(SITE, CAMERA)
    places = PLANE.to_px([IN_LANE, IN_BOX]).round().astype(int)
    assert all(road[y, x] for x, y in places)
    assert not road[20, 320]
    assert road.shape == (CAMERA.size_px[1], CAMERA.size_px[0])
