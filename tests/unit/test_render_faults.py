"""A camera's faults: on time, and no longer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edge.frames import Frame
from sim_videos.render.faults import CameraFeed
from sim_videos.render.renderer import Renderer
from sim_videos.scenario import LookSpec
from sim_videos.timetable import CameraFaultSpec
from tests.rendered_street import camera, street, user, world


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(street(), camera((192, 120)), LookSpec(hour=11, cloud=1.0), seed=1)


def fault(kind: str, **more: object) -> CameraFaultSpec:
    """From 1.0 s to 2.0 s."""
    return CameraFaultSpec.model_validate({"camera": "mast", "kind": kind, "at_s": 1.0, "for_s": 1.0, **more})


def film(renderer: Renderer, *faults: CameraFaultSpec, frames: int = 30) -> list[tuple[Frame, ...]]:
    """What arrives at each tenth of a second while a car drives by."""
    feed = CameraFeed(renderer, faults, camera="mast", seed=7)
    return [feed.frames(world(user(1, "saloon", (4.9, -40.0 + i)), t_s=i / 10)) for i in range(frames)]


def only(arrived: Sequence[tuple[Frame, ...]], at: int) -> Frame:
    (frame,) = arrived[at]
    return frame


def test_without_faults_every_instant_gives_its_frame(renderer: Renderer) -> None:
    arrived = film(renderer, frames=5)
    assert [only(arrived, i).index for i in range(5)] == [0, 1, 2, 3, 4]
    assert [only(arrived, i).t_ns for i in range(3)] == [0, 100_000_000, 200_000_000]
    assert only(arrived, 0).camera == "mast"


def test_dark_is_black_while_it_lasts(renderer: Renderer) -> None:
    arrived = film(renderer, fault("dark"))
    bright = [only(arrived, i).image.mean() > 40 for i in range(30)]
    assert bright == [not 10 <= i < 20 for i in range(30)]


def test_frozen_shows_the_same_picture_with_new_times(renderer: Renderer) -> None:
    arrived = film(renderer, fault("frozen"))
    for i in range(10, 20):
        assert np.array_equal(only(arrived, i).image, only(arrived, 9).image)
        assert only(arrived, i).t_ns == i * 100_000_000
    assert not np.array_equal(only(arrived, 20).image, only(arrived, 9).image)


def test_knocked_is_seen_elsewhere_and_put_right(renderer: Renderer) -> None:
    feed = CameraFeed(renderer, [fault("knocked", pan_deg=8.0, tilt_deg=0.0)], camera="mast", seed=7)
    boxes = {t: feed.seen(world(user(1, "saloon", (4.9, -30.0)), t_s=t))[0].box_px for t in (0.9, 1.0, 1.9, 2.0)}
    assert boxes[1.0] == boxes[1.9] != boxes[0.9] == boxes[2.0]
    assert boxes[1.0][0] < boxes[0.9][0] - 10
    frame = feed.frames(world(user(1, "saloon", (4.9, -30.0)), t_s=1.0))[0]
    assert np.abs(frame.image.astype(int) - renderer.frame(world(t_s=1.0)).image.astype(int)).mean() > 5


@pytest.mark.parametrize("kind", ["dirt", "blur"])
def test_dirt_and_blur_take_detail_by_their_amount(renderer: Renderer, kind: str) -> None:
    def detail(*faults: CameraFaultSpec) -> float:
        image = film(renderer, *faults, frames=11)[10][0].image.astype(float)
        return float(np.abs(np.diff(image, axis=0)).mean())

    clear, some, much = detail(), detail(fault(kind, amount=0.3)), detail(fault(kind, amount=0.9))
    assert clear > 1.15 * some > 1.15 * 1.15 * much


def test_dropped_frames_are_about_as_many_as_said_and_keep_their_numbers(renderer: Renderer) -> None:
    arrived = film(renderer, fault("dropped", amount=0.5))
    assert all(len(arrived[i]) == 1 for i in (*range(10), *range(20, 30)))
    assert 1 <= sum(len(frames) for frames in arrived[10:20]) <= 9
    assert only(arrived, 25).index == 25
    assert [len(frames) for frames in arrived] == [
        len(frames) for frames in film(renderer, fault("dropped", amount=0.5))
    ]


def test_late_frames_keep_the_time_at_which_they_were_taken(renderer: Renderer) -> None:
    arrived = film(renderer, fault("latency", late_s=0.4))
    assert not any(arrived[i] for i in range(10, 14))
    assert [only(arrived, i).index for i in range(14, 20)] == [10, 11, 12, 13, 14, 15]
    assert only(arrived, 14).t_ns == 1_000_000_000
    assert [frame.index for frame in arrived[20]] == [16, 17, 18, 19, 20]
    assert only(arrived, 21).index == 21


def test_faults_of_other_cameras_are_not_its_own(renderer: Renderer) -> None:
    other = fault("dark").model_copy(update={"camera": "other"})
    feed = CameraFeed(renderer, [other, fault("blur")], camera="mast", seed=7)
    assert [active.kind for active in feed.active(1.5)] == ["blur"]
    assert feed.active(2.0) == ()
