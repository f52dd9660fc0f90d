"""Average precision and recall of boxes against labels, at an overlap (IoU) of one half.

Matching as in PASCAL VOC (Everingham et al. 2010): detections by falling score, each takes
the free label it overlaps most, if by half or more. The area under the curve is taken over
all points, with precision made to fall (VOC 2010 and later). A detection without a label
that lies in a region to be skipped is neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
Flags = NDArray[np.bool_]

LEAST_IOU = 0.5
#: Share of a detection's own area inside a region to be skipped.
_LEAST_INSIDE = 0.5


@dataclass(frozen=True, slots=True)
class Matched:
    """One picture's detections against its labels.

    scores (n,) and right (n,) of the detections that count; label_scores (m,) gives each
    label the score of the detection that took it, -1 where none did.
    """

    scores: NDArray[np.float32]
    right: Flags
    label_scores: NDArray[np.float32]


def match(found: Boxes, scores: NDArray[np.float32], labels: Boxes, skipped: Boxes) -> Matched:
    """Boxes (n, 4), (m, 4) and (k, 4) are xyxy in the same pixels."""
    order = np.argsort(-scores, kind="stable")
    found, scores = found[order], scores[order]
    overlap = shared_area(found, labels)
    iou = overlap / np.maximum(_area(found)[:, None] + _area(labels)[None] - overlap, 1e-9)
    label_scores = np.full(len(labels), -1, np.float32)
    right = np.zeros(len(found), bool)
    for index in np.flatnonzero((iou >= LEAST_IOU).any(axis=1)):
        free = np.where(label_scores < 0, iou[index], 0)
        best = int(free.argmax())
        if free[best] >= LEAST_IOU:
            label_scores[best], right[index] = scores[index], True
    inside = shared_area(found, skipped) >= _LEAST_INSIDE * np.maximum(_area(found), 1e-9)[:, None]
    counted = right | ~inside.any(axis=1)
    return Matched(scores[counted], right[counted], label_scores)


def average_precision(pictures: Iterable[Matched]) -> float | None:
    """0..1 over all pictures together; None where there is no label."""
    several = list(pictures)
    labels = sum(len(one.label_scores) for one in several)
    if not labels:
        return None
    scores = np.concatenate([one.scores for one in several])
    right = np.concatenate([one.right for one in several])[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    # Recall rises by one label at each hit.
    return float(falling[right].sum() / labels)


def recall(pictures: Iterable[Matched], least_score: float, kept: Iterable[Flags]) -> float | None:
    """Share of the labels flagged in `kept` that a detection of at least this score took; None without such labels."""
    taken = [one.label_scores[which] >= least_score for one, which in zip(pictures, kept, strict=True)]
    every = np.concatenate(taken) if taken else np.zeros(0, bool)
    return float(every.mean()) if len(every) else None


def shared_area(a: Boxes, b: Boxes) -> Boxes:
    """(n, m) intersection of boxes (n, 4) with boxes (m, 4)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.maximum(high - low, 0).prod(axis=2), np.float32)


def _area(boxes: Boxes) -> Boxes:
    return np.asarray(np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(axis=1), np.float32)
