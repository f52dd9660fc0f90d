"""How good the network is so far: AP50 of vehicles on a validation split, class-agnostic. A guide while training;
what is published comes from `python -m benchmarks.detector`.

Written here, and not taken from `edge.vision`: models lie below vision, and import nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import torch

from models.train.augment import PAD
from models.train.grid import STRIDE_PX
from models.train.network import Nano
from models.train.pictures import Boxes, Labelled


@torch.no_grad()
def vehicle_ap50(nano: Nano, pictures: Sequence[Labelled], size_px: int) -> float:
    """AP50 over all classes but person as one, every picture letterboxed to size_px × size_px."""
    return ap50(_found(nano, one, size_px) for one in pictures)


def ap50(pictures: Iterable[tuple[Boxes, Boxes, Boxes]]) -> float:
    """0..1. Of each picture: boxes found (n, 4), their scores (n,), labels (m, 4), xyxy in the same pixels."""
    hits: list[tuple[float, bool]] = []
    total = 0
    for found, scores, labels in pictures:
        total += len(labels)
        hits += _matched(found, scores, labels)
    return _area(hits, total)


def _found(nano: Nano, one: Labelled, size_px: int) -> tuple[Boxes, Boxes, Boxes]:
    picture = one.picture()
    high, wide = picture.shape[:2]
    scale = size_px / max(high, wide)
    small = cv2.resize(picture, (round(wide * scale), round(high * scale)))
    canvas = np.full((size_px, size_px, 3), PAD, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small
    tensor = torch.from_numpy(canvas[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32))
    logits, sides = nano(tensor)
    score = torch.sigmoid(logits[0, :5]).amax(0)
    highest = torch.nn.functional.max_pool2d(score[None, None], 3, 1, 1)[0, 0]
    y, x = torch.nonzero((score >= highest) & (score > 0.02), as_tuple=True)
    left, top, right, bottom = sides[0][:, y, x]
    corners = (x * STRIDE_PX - left, y * STRIDE_PX - top, left + right, top + bottom)
    boxes, scores = torch.stack(corners, 1).numpy(), score[y, x].numpy()
    chosen = np.array(cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), 0.02, 0.6), int).ravel()
    ours = np.concatenate((boxes[:, :2], boxes[:, :2] + boxes[:, 2:]), 1)[chosen]
    labels = one.boxes[one.boxes[:, 0] != 5, 1:] * np.array((wide, high) * 2, np.float32) * scale
    return ours, scores[chosen], labels


def _matched(ours: Boxes, scores: Boxes, truth: Boxes) -> list[tuple[float, bool]]:
    free = np.ones(len(truth), bool)
    found = []
    for index in np.argsort(-scores):
        best, which = 0.5, -1
        for number in np.flatnonzero(free):
            low, high = np.maximum(ours[index, :2], truth[number, :2]), np.minimum(ours[index, 2:], truth[number, 2:])
            shared = np.prod((high - low).clip(0))
            joined = np.prod(ours[index, 2:] - ours[index, :2]) + np.prod(truth[number, 2:] - truth[number, :2])
            if shared / max(joined - shared, 1e-6) >= best:
                best, which = float(shared / max(joined - shared, 1e-6)), int(number)
        if which >= 0:
            free[which] = False
        found.append((float(scores[index]), which >= 0))
    return found


def _area(hits: list[tuple[float, bool]], total: int) -> float:
    right = np.cumsum([hit for _, hit in sorted(hits, key=lambda pair: -pair[0])])
    if not total or not len(right):
        return 0.0
    precision = np.maximum.accumulate((right / np.arange(1, len(right) + 1))[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate(((0.0,), right / total))) * precision))
