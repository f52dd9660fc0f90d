"""Which detection belongs to which track: overlap of boxes and the best assignment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


def overlap(a: Array, b: Array, buffer: float = 0.0) -> Array:
    """(n, m) intersection over union of boxes a (n, 4) and b (m, 4), x1 y1 x2 y2.

    buffer widens every box by that share of its size on each side first, so that small
    or fast objects still overlap from frame to frame: Yang et al., Hard to Track Objects
    with Irregular Motions and Similar Appearances (C-BIoU), WACV 2023.
    """
    if buffer > 0.0:
        a, b = _widen(a, buffer), _widen(b, buffer)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    side = np.maximum(high - low, 0.0)
    shared = side[..., 0] * side[..., 1]
    union = _area(a)[:, None] + _area(b)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float64)


def covered_share(a: Array, b: Array) -> Array:
    """(n, m) share of each box of a (n, 4) that lies within each box of b (m, 4)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    side = np.maximum(high - low, 0.0)
    return np.asarray(side[..., 0] * side[..., 1] / np.maximum(_area(a)[:, None], 1e-9), np.float64)


def best_pairs(cost: Array, limit: float) -> tuple[Rows, Rows]:
    """Row and column indices of the assignment of least total cost, pairs above limit left out.

    Costs above the limit count as the limit, so a hopeless pair never displaces a good one.
    """
    if cost.size == 0:
        nothing = np.empty(0, np.intp)
        return nothing, nothing
    rows, columns = linear_sum_assignment(np.minimum(cost, limit))
    good = cost[rows, columns] < limit
    return rows[good], columns[good]


def _widen(boxes: Array, share: float) -> Array:
    margin = (boxes[:, 2:] - boxes[:, :2]) * share
    return np.concatenate((boxes[:, :2] - margin, boxes[:, 2:] + margin), axis=1)


def _area(boxes: Array) -> Array:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
