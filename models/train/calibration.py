"""Real pictures to measure ranges on: training pictures as a cabinet's detector would prepare them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.augment import PAD
from models.train.pictures import Labelled


def drawn(pictures: Sequence[Labelled], count: int, size_px: int, seed: int) -> list[NDArray[np.float32]]:
    """`count` pictures as (1, 3, size, size) RGB of 0..255, letterboxed; each part as often as in training."""
    shares = np.array([one.part.share for one in pictures], np.float64)
    count = min(count, len(pictures))
    chosen = np.random.default_rng(seed).choice(len(pictures), count, replace=False, p=shares / shares.sum())
    return [_prepared(pictures[index].picture(), size_px) for index in chosen]


def _prepared(picture: NDArray[np.uint8], size_px: int) -> NDArray[np.float32]:
    high, wide = picture.shape[:2]
    scale = size_px / max(high, wide)
    inner_w, inner_h = max(1, round(wide * scale)), max(1, round(high * scale))
    left, top = (size_px - inner_w) // 2, (size_px - inner_h) // 2
    canvas = np.full((size_px, size_px, 3), PAD, np.uint8)
    canvas[top : top + inner_h, left : left + inner_w] = cv2.resize(picture, (inner_w, inner_h))
    return np.ascontiguousarray(canvas[:, :, ::-1].transpose(2, 0, 1)[np.newaxis], np.float32)
