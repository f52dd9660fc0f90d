"""Detectors over the truth: seeded, independent of order, spoilt as they say, and perfect where asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edge.errors import InputError
from edge.frames import Detections, Frame
from edge.seams import Detector
from edge.types import KINDS, Kind
from sim_videos.detector import PERFECT, Eyesight, SimulatedDetector, TrueBox, TruthDetector, spoilt
from tests.unit.test_truth_files import written

SIZE = (640, 360)
FRAMES = 12


@dataclass(frozen=True)
class SeenBox:
    user_id: int
    box_px: tuple[float, float, float, float]
    visible: float


def picture(index: int, size: tuple[int, int] = SIZE) -> Frame:
    return Frame("mast", index, index * 100_000_000, np.zeros((size[1], size[0], 3), np.uint8))


def same(a: Detections, b: Detections) -> bool:
    return np.array_equal(a.boxes_px, b.boxes_px) and np.array_equal(a.scores, b.scores)


def many(count: int, visible: float = 1.0) -> tuple[TrueBox, ...]:
    return tuple(TrueBox(Kind.CAR, (20.0 * i, 50.0, 20.0 * i + 16.0, 70.0), visible) for i in range(count))


def test_perfect_eyes_see_what_shows_as_it_is() -> None:
    detector = TruthDetector()
    seen = (
        SeenBox(4, (1.25, 2.5, 3.5, 4.75), 0.06),
        SeenBox(9, (10.0, 20.0, 300.0, 200.0), 1.0),
        SeenBox(5, (0, 0, 9, 9), 0.01),
    )
    detector.see(seen, {4: Kind.BUS, 9: Kind.PERSON, 5: Kind.CAR})
    found = detector.detect(picture(3))
    assert found.boxes_px.tolist() == [[1.25, 2.5, 3.5, 4.75], [10.0, 20.0, 300.0, 200.0]]
    assert [KINDS[k] for k in found.classes] == [Kind.BUS, Kind.PERSON]
    assert "perfect" in detector.name
    assert "no model" in detector.name


def test_what_is_told_last_is_seen() -> None:
    detector: TruthDetector = TruthDetector()
    detector.see([SeenBox(1, (0, 0, 50, 50), 1.0)], {1: Kind.CAR})
    detector.see([], {})
    assert len(detector.detect(picture(0))) == 0


def test_the_answer_depends_on_seed_and_index_only(tmp_path: Path) -> None:
    path = written(tmp_path / "a.truth.jsonl", FRAMES)
    sight = Eyesight(false_per_frame=0.5)
    detector: Detector = SimulatedDetector(path, seed=1, sight=sight)
    forward = [detector.detect(picture(i)) for i in range(FRAMES)]
    again = SimulatedDetector(path, seed=1, sight=sight)
    backward = [again.detect(picture(i)) for i in reversed(range(FRAMES))][::-1]
    assert all(same(a, b) for a, b in zip(forward, backward, strict=True))
    other = SimulatedDetector(path, seed=2, sight=sight)
    assert not all(same(a, other.detect(picture(i))) for i, a in enumerate(forward))
    assert "simulated" in detector.name


def test_misses_false_boxes_and_mistaken_classes_come_at_about_their_rates() -> None:
    sight = Eyesight(miss=0.2, jitter_px=0.0, false_per_frame=0.3)
    boxes = many(30)
    corners = {box.box_px[0] for box in boxes}
    found = mistaken = extra = 0
    for index in range(300):
        seen = spoilt(boxes, SIZE, sight, np.random.default_rng(index), 0)
        true = np.array([box[1] == 50.0 and box[0] in corners for box in seen.boxes_px.tolist()], bool)
        found += int(true.sum())
        extra += int((~true).sum())
        mistaken += int((seen.classes[true] != KINDS.index(Kind.CAR)).sum())
    assert 0.18 < 1 - found / 9000 < 0.22
    assert 0.02 < mistaken / found < 0.04
    assert 0.2 < extra / 300 < 0.4


def test_hidden_ones_are_missed_more_and_score_lower() -> None:
    sight = Eyesight(false_per_frame=0.0)
    scores: dict[float, list[float]] = {}
    for visible in (1.0, 0.3, 0.1):
        rngs = [np.random.default_rng(index) for index in range(40)]
        scores[visible] = [s for rng in rngs for s in spoilt(many(30, visible), SIZE, sight, rng, 0).scores.tolist()]
    assert len(scores[1.0]) > 1.3 * len(scores[0.3]) > 0
    assert min(scores[1.0]) > max(scores[0.3])
    assert not scores[0.1]


def test_edges_tremble_no_more_than_a_box_can_bear() -> None:
    sight = Eyesight(miss=0.0, jitter_px=8.0, false_per_frame=0.0, confused=0.0)
    small = (TrueBox(Kind.CAR, (100.0, 100.0, 116.0, 116.0), 1.0),)
    moved = [
        np.abs(spoilt(small, SIZE, sight, np.random.default_rng(i), 0).boxes_px - np.array(small[0].box_px)).max()
        for i in range(100)
    ]
    assert 1.0 < max(moved) <= 2.5


def test_a_frame_that_is_not_of_its_clip_is_refused(tmp_path: Path) -> None:
    detector = SimulatedDetector(written(tmp_path / "a.truth.jsonl", FRAMES), seed=1)
    with pytest.raises(InputError, match="has no frame 12, only 0 to 11"):
        detector.detect(picture(FRAMES))
    with pytest.raises(InputError, match="640×360 pixels, the frame of 320×180"):
        detector.detect(picture(0, (320, 180)))


def test_wrong_settings_are_refused() -> None:
    for wrong in ({"miss": 1.5}, {"jitter_px": -1.0}, {"hidden": 0.5, "clear": 0.4}):
        with pytest.raises(ValueError, match="must"):
            Eyesight(**wrong)
    assert PERFECT.miss == 0
