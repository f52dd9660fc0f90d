"""All stages of one camera together."""

from __future__ import annotations

import numpy as np
import pytest

from edge.clock import NS_PER_S
from edge.frames import Frame, VisionResult
from edge.types import Sight
from edge.vision.pipeline import VisionPipeline
from tests.overhead import CAMERA, SITE, box_at, detections

PICTURE = np.zeros((800, 360, 3), np.uint8)


def drive(
    pipeline: VisionPipeline, seconds: float, blind: tuple[float, float] = (9e9, 9e9), fps: float = 25
) -> list[VisionResult]:
    out = []
    for k in range(round(seconds * fps)):
        t_s = k / fps
        y = 10.0 * t_s
        seen = detections(t_s, [box_at(9, y)] if y < 40 else [])
        dark = blind[0] <= t_s < blind[1]
        sight = Sight(seen.t_ns, "above", not dark, "dark" if dark else None)
        out.append(pipeline.update(Frame("above", k, seen.t_ns, PICTURE), seen, sight))
    return out


def test_a_vehicle_from_pictures_to_a_crossing() -> None:
    results = drive(VisionPipeline(SITE, "above"), 5)
    (crossing,) = [c for r in results for c in r.crossings]
    assert crossing.movement == "SBT"
    assert crossing.lane == "SB1"
    assert crossing.t_ns / NS_PER_S == pytest.approx(2.0, abs=0.05)
    assert all(r.lanes[0].vehicles is not None for r in results)


def test_what_cannot_be_seen_is_unknown() -> None:
    pipeline = VisionPipeline(SITE, "above")
    results = drive(pipeline, 5, blind=(1.0, 1.5))
    dark = [r for r in results if not r.sight.ok]
    assert len(dark) == 12 or len(dark) == 13
    assert all(r.lanes[0].queue.vehicles is None and r.lanes[0].presence is None for r in dark)
    assert all(len(r.detections) == 0 and r.tracks == () for r in dark)
    # The journey outlives half a second of darkness.
    assert sum(len(r.crossings) for r in results) == 1


@pytest.mark.parametrize(("gap_s", "share"), [(1.9, 1.0), (60.0, None)])
def test_time_without_frames_is_time_without_sight(gap_s: float, share: float | None) -> None:
    """A vehicle stands at the stop line before and after; of a long silence nobody knows that it did."""
    pipeline = VisionPipeline(SITE, "above")
    times_s = [k / 25 for k in range(100)] + [4 + gap_s + k / 25 for k in range(20)]
    for index, t_s in enumerate(times_s):
        seen = detections(t_s, [box_at(9, 18.0)])
        sight = Sight(seen.t_ns, "above", True)
        result = pipeline.update(Frame("above", index, seen.t_ns, PICTURE), seen, sight)
    assert result.lanes[0].presence
    assert result.lanes[0].occupancy == (None if share is None else pytest.approx(share, abs=0.05))


def test_ignored_parts_of_the_picture_are_ignored() -> None:
    everywhere = ((0.0, 0.0), (360.0, 0.0), (360.0, 800.0), (0.0, 800.0))
    blinkered = SITE.model_copy(update={"cameras": (CAMERA.model_copy(update={"ignore_px": (everywhere,)}),)})
    assert all(len(r.detections) == 0 for r in drive(VisionPipeline(blinkered, "above"), 2))


def test_no_such_camera() -> None:
    with pytest.raises(KeyError):
        VisionPipeline(SITE, "elsewhere")


def test_the_recordings_end_explains_what_is_open() -> None:
    pipeline = VisionPipeline(SITE, "above")
    drive(pipeline, 1.5)
    (open_,) = pipeline.finish(round(1.5 * NS_PER_S))
    assert open_.movement == "SBT"
    assert open_.reason == "entered but did not reach the exit gate"
