"""Sight: dark, covered and frozen pictures, told by frame time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.frames import Frame, ImageBGR
from edge.types import Sight
from edge.vision.health.monitor import SightMonitor
from edge.vision.health.settings import SightSettings
from edge.vision.source import FileSource

STEP_NS = 40_000_000
CLIPS = Path(os.environ.get("STOPLINE_DATA", Path(__file__).parents[2] / "../shared/data")) / "replay"


def noisy(level: float, sd: float, seed: int, size_px: tuple[int, int] = (640, 360)) -> ImageBGR:
    """A uniform picture of `level` with sensor noise."""
    noise = np.random.default_rng(seed).normal(level, sd, (size_px[1], size_px[0], 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


def road(seed: int, sd: float = 3.0) -> ImageBGR:
    """A still scene: sky, verge, road, lane lines; noise by `seed`."""
    scene = np.full((360, 640, 3), 95, np.int16)
    scene[:90] = 180
    scene[90:, :150] = 60
    scene[90:, 380:392] = 230
    scene += np.random.default_rng(seed).normal(0, sd, scene.shape).astype(np.int16)
    return np.clip(scene, 0, 255).astype(np.uint8)


def sights(monitor: SightMonitor, images: Iterable[ImageBGR], start: int = 0) -> list[Sight]:
    return [monitor.update(Frame("north", i, i * STEP_NS, image)) for i, image in enumerate(images, start)]


def repeated(image: ImageBGR, n: int) -> Iterator[ImageBGR]:
    return (image.copy() for _ in range(n))


def test_a_still_scene_with_sensor_noise_is_believed() -> None:
    seen = sights(SightMonitor("north"), (road(seed) for seed in range(100)))
    assert all(sight.ok and sight.reason is None for sight in seen)
    assert seen[7] == Sight(7 * STEP_NS, "north", True, None)


@pytest.mark.parametrize(
    ("level", "sd", "reason"),
    [
        (3, 3, "dark"),  # lens cap at night
        (12, 8, "dark"),  # high gain, nothing but noise
        (120, 5, "covered"),  # a bag over the lens by day
        (235, 2, "covered"),  # low sun straight into it
    ],
)
def test_the_first_picture_is_judged_at_once(level: float, sd: float, reason: str) -> None:
    (sight,) = sights(SightMonitor("north"), [noisy(level, sd, 0)])
    assert (sight.ok, sight.reason) == (False, reason)


def test_a_burned_in_clock_does_not_make_a_black_picture_seen() -> None:
    image = noisy(4, 3, 0)
    cv2.putText(image, "2026-11-21 18:00:01 CAM 4", (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
    (sight,) = sights(SightMonitor("north"), [image])
    assert sight.reason == "dark"


def test_a_lit_road_at_night_is_believed() -> None:
    night = ((road(seed).astype(np.float32) * 0.2).astype(np.uint8) for seed in range(50))
    assert all(sight.ok for sight in sights(SightMonitor("north"), night))


def test_identical_pictures_are_frozen_after_two_seconds_of_frame_time() -> None:
    seen = sights(SightMonitor("north"), repeated(road(0), 120))
    first_bad = next(i for i, sight in enumerate(seen) if not sight.ok)
    assert first_bad == 50  # 50 × 40 ms
    assert all(sight.reason == "frozen" for sight in seen[first_bad:])


def test_one_changed_pixel_outside_the_sampled_rows_is_enough_to_be_alive() -> None:
    images = []
    for i in range(100):
        image = road(0)
        image[2, 5] = i  # row 2 is not among every fourth row
        images.append(image)
    assert all(sight.ok for sight in sights(SightMonitor("north"), images))


def test_frozen_counts_time_not_pictures() -> None:
    monitor = SightMonitor("north")
    image = road(0)
    at_s = [0.0, 0.5, 1.9, 2.0]
    seen = [monitor.update(Frame("north", i, int(s * 1e9), image)) for i, s in enumerate(at_s)]
    assert [sight.ok for sight in seen] == [True, True, True, False]


def test_moving_again_ends_frozen_after_good_s() -> None:
    monitor = SightMonitor("north")
    sights(monitor, repeated(road(0), 60))
    after = sights(monitor, (road(seed) for seed in range(1, 60)), start=60)
    first_ok = next(i for i, sight in enumerate(after) if sight.ok)
    assert first_ok == 25  # 1 s at 40 ms
    assert all(sight.ok for sight in after[first_ok:])


def test_a_dark_moment_shorter_than_bad_s_is_passed_over() -> None:
    monitor = SightMonitor("north", SightSettings(bad_s=1.0))
    sights(monitor, (road(seed) for seed in range(10)))
    flicker = sights(monitor, (noisy(3, 3, seed) for seed in range(20)), start=10)
    assert all(sight.ok for sight in flicker)
    sights(monitor, (road(99 + seed) for seed in range(6)), start=30)
    lasting = sights(monitor, (noisy(3, 3, seed) for seed in range(40)), start=36)
    # 1 s at 40 ms, and up to light_every_s until the dark is looked at.
    assert 25 <= [sight.ok for sight in lasting].index(False) <= 30


def test_a_change_of_reason_is_not_a_moment_of_sight() -> None:
    monitor = SightMonitor("north")
    seen = sights(monitor, (noisy(3, 3, seed) for seed in range(30)))
    seen += sights(monitor, (noisy(120, 4, seed) for seed in range(60)), start=30)
    assert not any(sight.ok for sight in seen)
    assert [seen[0].reason, seen[-1].reason] == ["dark", "covered"]


@pytest.mark.parametrize("size_px", [(64, 64), (352, 288), (1920, 1080)])
def test_any_size_is_looked_at(size_px: tuple[int, int]) -> None:
    assert sights(SightMonitor("north"), [noisy(3, 3, 0, size_px)])[0].reason == "dark"


def test_the_picture_is_not_written_to() -> None:
    image = road(0)
    image.flags.writeable = False
    assert sights(SightMonitor("north"), [image])[0].ok


@pytest.mark.clips
@pytest.mark.parametrize("clip", sorted(CLIPS.glob("*.mp4")) or [None], ids=lambda clip: clip.stem if clip else "none")
def test_real_clips_day_dusk_and_night_are_believed(clip: Path | None) -> None:
    if clip is None:
        pytest.skip(f"no clips in {CLIPS}: set STOPLINE_DATA")
    monitor = SightMonitor("clip")
    with FileSource(clip, "clip") as source:
        seen = list(map(monitor.update, source))
    assert [sight for sight in seen if not sight.ok] == []
    # Ten seconds teach nothing; of those that last longer one is held by hand and drifts.
    if clip.stem != "intel_car-detection":
        assert [sight for sight in seen if sight.reason is not None] == []
