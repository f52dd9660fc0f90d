"""Average precision of a detector: how much it finds, and how much of what it says is so.

Class-agnostic: a class is measured by giving its boxes alone. Detections are matched to
labels greedily, the surest first, each label once (Everingham et al., The PASCAL Visual
Object Classes Challenge, 2010, section 4.2), and the area is that under the monotone
envelope of the whole precision-recall curve (VOC 2010 on; "all points"). Detections of
equal score enter the curve together, so their order changes nothing. A detection of an
ignored label (VOC's "difficult"), or one that lies in an ignored region, is neither right
nor wrong; an ignored label may be found more than once, and is never preferred to or
passed over for another: the larger overlap decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

#: Share of a detection that lies in an ignored region for it not to be judged.
_COVERED = 0.5


def _no_boxes() -> Array:
    return np.empty((0, 4))


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture's detections beside its labels; boxes are x1, y1, x2, y2 in pixels.

    boxes_px (n, 4), scores (n,); labels_px (m, 4); ignored (m,) True for labels that may be
    found or not; regions_px (k, 4) areas in which an unmatched detection is not judged;
    optional (n,) True for detections that are not judged unless they match. None: all False.
    Raises ValueError where shapes differ.
    """

    boxes_px: Array
    scores: Array
    labels_px: Array
    ignored: Mask | None = None
    regions_px: Array = field(default_factory=_no_boxes)
    optional: Mask | None = None

    def __post_init__(self) -> None:
        n, m = len(self.boxes_px), len(self.labels_px)
        for name, array in (
            ("boxes_px", self.boxes_px),
            ("labels_px", self.labels_px),
            ("regions_px", self.regions_px),
        ):
            if array.ndim != 2 or array.shape[1] != 4:
                raise ValueError(f"{name} must be (n, 4), got {array.shape}")
        for name, values, length in (
            ("scores", self.scores, n),
            ("ignored", self.ignored, m),
            ("optional", self.optional, n),
        ):
            if values is not None and values.shape != (length,):
                raise ValueError(f"{name} must be ({length},), got {values.shape}")

    def of_height(self, low_px: float, high_px: float) -> Judged:
        """The same picture, judged on labels at least low_px and less than high_px high alone.

        Labels of other heights are ignored, and detections of other heights are optional.
        """

        def outside(boxes: Array) -> Mask:
            high = boxes[:, 3] - boxes[:, 1]
            return np.asarray((high < low_px) | (high >= high_px), np.bool_)

        ignored, optional = outside(self.labels_px), outside(self.boxes_px)
        if self.ignored is not None:
            ignored |= self.ignored
        if self.optional is not None:
            optional |= self.optional
        return replace(self, ignored=ignored, optional=optional)


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of one picture's detections, the surest first: order (n,) indices, scores (n,), right (n,),
    judged (n,); found_by (m,) the highest score that found each label, NaN where none did."""

    order: NDArray[np.intp]
    scores: Array
    right: Mask
    judged: Mask
    found_by: Array


@dataclass(frozen=True, slots=True)
class Precision:
    """ap 0..1, None without a label to find; recall and precision (p,) at each score (p,), falling."""

    ap: float | None
    labels: int
    scores: Array
    recall: Array
    precision: Array


def overlaps(a: Array, b: Array) -> Array:
    """(n, m) intersection over union of (n, 4) and (m, 4) boxes; 0 for boxes without area."""
    shared = _shared(a, b)
    areas = _area(a)[:, None] + _area(b)[None, :] - shared
    return np.asarray(np.divide(shared, areas, out=np.zeros_like(shared), where=areas > 0), np.float64)


def match(picture: Judged, iou: float = 0.5) -> Matched:
    """Detections to labels: the surest first takes the label it overlaps most, at least by `iou`."""
    n, m = len(picture.boxes_px), len(picture.labels_px)
    ignored = picture.ignored if picture.ignored is not None else np.zeros(m, np.bool_)
    shares = overlaps(picture.boxes_px, picture.labels_px)
    best = shares.max(axis=1) if m else np.zeros(n)
    # of two that are equally sure the better placed one comes first
    order = np.lexsort((np.arange(n), -best, -picture.scores))
    right, judged = np.zeros(n, np.bool_), np.ones(n, np.bool_)
    found_by = np.full(m, np.nan)
    covered = _covered(picture)
    for rank, i in enumerate(order.tolist()):
        candidates = np.where(np.isnan(found_by) | ignored, shares[i], -1.0)
        j = int(np.argmax(candidates)) if m else -1
        if m and candidates[j] >= iou:
            judged[rank] = right[rank] = not ignored[j]
            if not ignored[j] or np.isnan(found_by[j]):
                found_by[j] = picture.scores[i]
        elif covered[i]:
            judged[rank] = False
    return Matched(order, np.asarray(picture.scores, np.float64)[order], right, judged, found_by)


def average_precision(pictures: Iterable[Judged], iou: float = 0.5) -> Precision:
    """Over all pictures together."""
    scores: list[Array] = [np.empty(0)]
    right: list[Mask] = [np.empty(0, np.bool_)]
    labels = 0
    for picture in pictures:
        found = match(picture, iou)
        scores.append(found.scores[found.judged])
        right.append(found.right[found.judged])
        labels += len(picture.labels_px) - (0 if picture.ignored is None else int(picture.ignored.sum()))
    return precision_of(np.concatenate(scores), np.concatenate(right), labels)


def precision_of(scores: Array, right: Mask, labels: int) -> Precision:
    """The curve of judged detections (n,) in any order, of which `right` are right, with so many labels to find."""
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], np.cumsum(right[order])
    # the last of each run of equal scores
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)) if len(ordered) else np.empty(0, np.intp)
    found = hits[ends].astype(np.float64)
    precision = found / (ends + 1.0)
    if labels == 0:
        return Precision(None, 0, ordered[ends], np.full(len(ends), np.nan), precision)
    recall = found / labels
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    ap = float(np.sum(np.diff(recall, prepend=0.0) * envelope))
    return Precision(ap, labels, ordered[ends], recall, precision)


def _covered(picture: Judged) -> Mask:
    optional = picture.optional if picture.optional is not None else np.zeros(len(picture.boxes_px), np.bool_)
    if len(picture.regions_px) == 0 or len(picture.boxes_px) == 0:
        return optional
    within = _shared(picture.boxes_px, picture.regions_px).max(axis=1)
    return np.asarray(optional | (within >= _COVERED * np.maximum(_area(picture.boxes_px), 1e-9)), np.bool_)


def _shared(a: Array, b: Array) -> Array:
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.prod(np.maximum(high - low, 0.0), axis=2), np.float64)


def _area(boxes: Array) -> Array:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.float64)
