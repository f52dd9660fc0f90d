"""The simulated detector: seeded, order-independent, spoilt as it says, and refusing what is not its clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.errors import InputError
from edge.frames import Detections, Frame
from edge.seams import Detector
from edge.types import KINDS
from sim_videos import DEMO_TRUTH
from sim_videos.old.detector import SimulatedDetector
from sim_videos.old.scene import header, play
from sim_videos.old.truth import SceneFrame, line_of, load_scene_truth

FRAMES = 60


@pytest.fixture(scope="module")
def truth_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.truth.jsonl"
    lines = [line_of(header(5, FRAMES)), *(line_of(frame) for frame, _, _ in play(5, FRAMES))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _frame(index: int, size: tuple[int, int] = (640, 360)) -> Frame:
    return Frame("north-mast", index, index * 80_000_000, np.zeros((size[1], size[0], 3), np.uint8))


def _same(a: Detections, b: Detections) -> bool:
    return (
        a.t_ns == b.t_ns
        and np.array_equal(a.boxes_px, b.boxes_px)
        and np.array_equal(a.scores, b.scores)
        and np.array_equal(a.classes, b.classes)
    )


def test_the_answer_depends_on_seed_and_index_only(truth_path: Path) -> None:
    detector: Detector = SimulatedDetector(truth_path, seed=1)
    forward = [detector.detect(_frame(i)) for i in range(20)]
    again = SimulatedDetector(truth_path, seed=1)
    backward = [again.detect(_frame(i)) for i in reversed(range(20))][::-1]
    assert all(_same(a, b) for a, b in zip(forward, backward, strict=True))
    other = SimulatedDetector(truth_path, seed=2)
    assert not all(_same(a, other.detect(_frame(i))) for i, a in enumerate(forward))
    assert "simulated" in detector.name


def test_without_faults_clear_boxes_come_back_as_they_are(truth_path: Path) -> None:
    detector = SimulatedDetector(truth_path, seed=1, miss=0.0, jitter_px=0.0, false_per_frame=0.0)
    for row in load_scene_truth(truth_path).frames:
        found = detector.detect(_frame(row.frame))
        clear = [u for u in row.users if u.visible >= 0.45 and u.y2_px - u.y1_px >= 12]
        boxes = {tuple(np.round(box, 1).tolist()) for box in found.boxes_px.astype(np.float64)}
        assert all((u.x1_px, u.y1_px, u.x2_px, u.y2_px) in boxes for u in clear)


def test_misses_false_boxes_and_mistaken_classes_come_at_about_their_rates(truth_path: Path) -> None:
    rows = load_scene_truth(truth_path).frames
    clear = {r.frame: [u for u in r.users if u.visible >= 0.45 and u.y2_px - u.y1_px >= 12] for r in rows}
    total = found = mistaken = extra = 0
    for seed in range(6):
        spoilt = SimulatedDetector(truth_path, seed=seed, miss=0.2, jitter_px=0.0, false_per_frame=0.3)
        for row in rows:
            seen = spoilt.detect(_frame(row.frame))
            by_box = {
                tuple(np.round(b, 1).tolist()): int(k)
                for b, k in zip(seen.boxes_px.astype(float), seen.classes, strict=True)
            }
            everyone = {(u.x1_px, u.y1_px, u.x2_px, u.y2_px) for u in row.users}
            extra += sum(box not in everyone for box in by_box)
            for user in clear[row.frame]:
                total += 1
                kind = by_box.get((user.x1_px, user.y1_px, user.x2_px, user.y2_px))
                found += kind is not None
                mistaken += kind is not None and KINDS[kind] is not user.kind
    assert 0.17 < 1 - found / total < 0.23
    assert 0.015 < mistaken / found < 0.05
    assert 0.2 < extra / (6 * len(rows)) < 0.4


def test_hidden_ones_are_missed_more_and_score_lower(tmp_path: Path) -> None:
    def row(frame: int) -> SceneFrame:
        users = (
            (1, "car", 50.0, 50.0, 120.0, 100.0, 1.0, 0.0, 0.0, 0.0),
            (2, "car", 300.0, 50.0, 370.0, 100.0, 0.3, 0.0, 0.0, 0.0),
        )
        parts = {"t_s": frame / 12.5, "signal": {}, "walk": {}, "crossings": [], "queues": {}}
        return SceneFrame.model_validate({"frame": frame, "users": users, **parts})

    path = tmp_path / "two.truth.jsonl"
    path.write_text("\n".join([line_of(header(0, 300)), *(line_of(row(i)) for i in range(300))]), encoding="utf-8")
    detector = SimulatedDetector(path, seed=3, false_per_frame=0.0)
    scores: dict[bool, list[float]] = {True: [], False: []}
    for index in range(300):
        seen = detector.detect(_frame(index))
        for box, score in zip(seen.boxes_px, seen.scores, strict=True):
            scores[bool(box[0] < 200)].append(float(score))
    assert len(scores[True]) > 1.3 * len(scores[False]) > 0
    assert min(scores[True]) > max(scores[False])


def test_a_frame_that_is_not_of_its_clip_is_refused(truth_path: Path) -> None:
    detector = SimulatedDetector(truth_path, seed=1)
    with pytest.raises(InputError, match="has no frame 60, only 0 to 59"):
        detector.detect(_frame(FRAMES))
    with pytest.raises(InputError, match="640×360 pixels, the frame of 320×180"):
        detector.detect(_frame(0, (320, 180)))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda _text: "", "is empty"),
        (lambda text: text.replace("stopline-scene-truth/1", "other/9"), "line 1: schema"),
        (lambda text: text[: len(text) // 2], "line"),
        (lambda text: "\n".join(text.splitlines()[:-5]), "the header says 60 frames, the file holds 55"),
        (lambda text: text.replace('"car"', '"tram"'), "users"),
    ],
)
def test_damaged_truth_is_refused(truth_path: Path, tmp_path: Path, spoil: object, says: str) -> None:
    assert callable(spoil)
    damaged = tmp_path / "damaged.truth.jsonl"
    damaged.write_text(spoil(truth_path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InputError, match=says):
        SimulatedDetector(damaged, seed=1)


def test_missing_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        SimulatedDetector(tmp_path / "none.jsonl", seed=1)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="miss"):
        SimulatedDetector(DEMO_TRUTH, seed=1, miss=1.5)
