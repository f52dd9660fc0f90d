"""Beside ByteTrack of the `trackers` package on the same detections.

Ours may break a track about as often as it does: what joins the pieces is the journey.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np
import supervision as sv
from numpy.typing import NDArray
from trackers import ByteTrackTracker

from benchmarks.counting import CAMERA, FPS, Scene, ours, scene
from benchmarks.peers import ids_of, with_ids
from calibration.geometry import GroundPlane
from edge.vision.tracker import GroundTracker

Seen = Iterable[tuple[int, NDArray[np.float64]]]


def numbers_a_vehicle(made: Scene, tracked: Iterable[Seen]) -> float:
    """Mean count of track numbers that a vehicle goes by."""
    numbers: dict[int, set[int]] = {}
    for who, truth, tracks in zip(made.vehicle, made.truth, tracked, strict=True):
        for number, box in tracks:
            if len(truth):
                away = np.abs((truth[:, :2] + truth[:, 2:] - box[:2] - box[2:]) / 2).sum(axis=1)
                if away.min() < 25:
                    numbers.setdefault(int(who[away.argmin()]), set()).add(number)
    return sum(len(given) for given in numbers.values()) / len(numbers)


def by_ours(made: Scene) -> Iterable[Seen]:
    tracker = GroundTracker(CAMERA, GroundPlane.fit(CAMERA.homography))
    for detections in made.detections:
        yield [(t.track_id, np.array(t.box_px)) for t in tracker.update(detections) if t.seen]


def by_bytetrack(made: Scene) -> Iterable[Seen]:
    tracker = ByteTrackTracker(frame_rate=FPS)
    for d in made.detections:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = with_ids(
                tracker.update(sv.Detections(d.boxes_px, confidence=d.scores, class_id=d.classes.astype(int)))
            )
        yield list(zip(ids_of(found), found.xyxy.astype(np.float64), strict=True))


def test_breaks_tracks_about_as_seldom_as_bytetrack() -> None:
    made = [scene(seed) for seed in range(4)]
    ours_mean = sum(numbers_a_vehicle(m, by_ours(m)) for m in made) / len(made)
    peer_mean = sum(numbers_a_vehicle(m, by_bytetrack(m)) for m in made) / len(made)
    assert ours_mean <= 1.1 * peer_mean


def test_forty_is_forty() -> None:
    # The benchmark does this for 200 seeds, beside LineZone and once-per-id counting.
    assert [ours(scene(seed), seed) for seed in (0, 1, 2)] == [40, 40, 40]
