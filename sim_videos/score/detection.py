"""How well road users are found: average precision at IoU 0.5, in all, by class and by height in the picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge.replay.frame_log import SeenFrame
from edge.types import Kind
from edge.vision.average_precision import Judged, Precision, match, precision_of
from sim_videos.score.judge import Array, Mask, boxes_of, optional, small
from sim_videos.truth import SceneFrame

#: Heights of a box in pixels.
SIZES: dict[str, tuple[float, float]] = {"8–24 px": (8.0, 24.0), "24–64 px": (24.0, 64.0), "64 px up": (64.0, 1e9)}


@dataclass(frozen=True, slots=True)
class DetectionScore:
    """ap50 0..1 (None: nothing to find) and how many there were to find."""

    ap50: float | None
    labels: int


@dataclass(frozen=True, slots=True)
class DetectionScores:
    """Class-agnostic over all, by class (boxes of that class alone), and class-agnostic by height."""

    overall: DetectionScore
    by_class: Mapping[str, DetectionScore]
    by_size: Mapping[str, DetectionScore]


class DetectionScorer:
    """Give it every frame that shows the street."""

    def __init__(self) -> None:
        self._overall = _Curve()
        self._by_class = {kind: _Curve() for kind in Kind}
        self._by_size = {name: _Curve() for name in SIZES}

    def add(self, truth: SceneFrame, seen: SeenFrame) -> None:
        """One frame of both."""
        boxes = np.array([box[:4] for box in seen.detections], np.float64).reshape(-1, 4)
        scores = np.array([box.score for box in seen.detections], np.float64)
        whole = Judged(boxes, scores, boxes_of(truth.users), optional(truth.users), optional=small(boxes))
        self._overall.add(whole)
        for name, (low_px, high_px) in SIZES.items():
            self._by_size[name].add(whole.of_height(low_px, high_px))
        for kind, curve in self._by_class.items():
            ours = np.array([box.kind is kind for box in seen.detections], np.bool_).reshape(-1)
            theirs = [user for user in truth.users if user.kind is kind]
            if ours.any() or theirs:
                curve.add(
                    Judged(boxes[ours], scores[ours], boxes_of(theirs), optional(theirs), optional=small(boxes[ours]))
                )

    def result(self) -> DetectionScores:
        """What all frames come to."""
        return DetectionScores(
            self._overall.score(),
            {kind.value: score for kind, curve in self._by_class.items() if (score := curve.score()).labels},
            {name: curve.score() for name, curve in self._by_size.items()},
        )


class _Curve:
    """Judged detections so far: scores and whether right, and how many labels there were."""

    def __init__(self) -> None:
        self._scores: list[Array] = [np.empty(0)]
        self._right: list[Mask] = [np.empty(0, np.bool_)]
        self._labels = 0

    def add(self, picture: Judged) -> None:
        found = match(picture)
        self._scores.append(np.asarray(found.scores[found.judged], np.float64))
        self._right.append(found.right[found.judged])
        ignored = 0 if picture.ignored is None else int(picture.ignored.sum())
        self._labels += len(picture.labels_px) - ignored

    def score(self) -> DetectionScore:
        curve: Precision = precision_of(np.concatenate(self._scores), np.concatenate(self._right), self._labels)
        return DetectionScore(curve.ap, curve.labels)
