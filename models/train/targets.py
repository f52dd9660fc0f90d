"""What the network should answer to a training picture.

Gaussians about the centres, elongated as the boxes are, both for the heat and for where
sides are learnt: Liu et al. 2019, "Training-Time-Friendly Network", sections 3.2 and 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.train.augment import Sample
from models.train.grid import STRIDE_PX

Plane = NDArray[np.float32]
#: A Gaussian's standard deviation is this share of its box, divided by 6.
_SPREAD = 0.54


@dataclass(frozen=True, slots=True)
class Target:
    """heat (classes, h, w); weight of "nothing is here" alike; box (4, h, w) corners in pixels of the box
    learnt at a cell, and its weight (h, w), 0 where none is."""

    heat: Plane
    weight: Plane
    box: Plane
    box_weight: Plane


def target(sample: Sample) -> Target:
    """Of a sample whose sides are multiples of 4."""
    high, wide = sample.picture.shape[0] // STRIDE_PX, sample.picture.shape[1] // STRIDE_PX
    heat, weight = np.zeros((6, high, wide), np.float32), sample.weight.copy()
    box, box_weight = np.zeros((4, high, wide), np.float32), np.zeros((high, wide), np.float32)
    for x1, y1, x2, y2 in sample.doubtful / STRIDE_PX:
        weight[:, int(max(y1, 0)) : int(np.ceil(y2)) + 1, int(max(x1, 0)) : int(np.ceil(x2)) + 1] = 0
    # Large ones first, so that a small one before a large one keeps its cells.
    order = np.argsort(-np.prod(sample.boxes[:, 3:] - sample.boxes[:, 1:3], 1), kind="stable")
    for label, *corners in sample.boxes[order]:
        x1, y1, x2, y2 = (value / STRIDE_PX for value in corners)
        cx, cy = min(int((x1 + x2) / 2 + 0.5), wide - 1), min(int((y1 + y2) / 2 + 0.5), high - 1)
        reach_x, reach_y = max(int((x2 - x1) / 2 * _SPREAD), 0), max(int((y2 - y1) / 2 * _SPREAD), 0)
        left, right = max(cx - reach_x, 0), min(cx + reach_x, wide - 1)
        top, bottom = max(cy - reach_y, 0), min(cy + reach_y, high - 1)
        y, x = np.ogrid[top : bottom + 1, left : right + 1]
        spread_x, spread_y = (2 * reach_x + 1) / 6, (2 * reach_y + 1) / 6
        bell = np.exp(-((x - cx) ** 2) / (2 * spread_x**2) - (y - cy) ** 2 / (2 * spread_y**2)).astype(np.float32)
        window = (slice(top, bottom + 1), slice(left, right + 1))
        np.maximum(heat[int(label)][window], bell, out=heat[int(label)][window])
        heat[int(label), cy, cx] = 1
        box[(slice(None), *window)] = np.array(corners, np.float32)[:, None, None]
        box_weight[window] = bell / bell.sum() * np.log1p((x2 - x1) * (y2 - y1))
    return Target(heat, np.where(heat == 1, 1, weight).astype(np.float32), box, box_weight)
