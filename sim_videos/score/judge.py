"""Which road users of a true frame are asked for, and which may be seen or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.vision.average_precision import overlaps
from sim_videos.truth import SceneFrame, UserRow

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Of a road user that must be found so much shows, and its box is so wide and high.
LEAST_VISIBLE, LEAST_WIDTH_PX, LEAST_HEIGHT_PX = 0.4, 4.0, 8.0
#: Boxes that overlap so much are of the same road user.
SAME_IOU = 0.5
#: In such a picture nothing can be seen, so nothing is asked for.
BLIND_FAULTS = frozenset({"dark", "frozen"})


def blind(frame: SceneFrame) -> bool:
    """Whether the camera showed nothing of the street at this frame."""
    return not BLIND_FAULTS.isdisjoint(frame.faults)


def boxes_of(users: Sequence[UserRow]) -> Array:
    """(n, 4) boxes in pixels."""
    rows = [(user.x1_px, user.y1_px, user.x2_px, user.y2_px) for user in users]
    return np.array(rows, np.float64).reshape(-1, 4)


def optional(users: Sequence[UserRow]) -> Mask:
    """(n,) True for those so hidden or so small that they may be found or not."""
    hidden = np.array([user.visible < LEAST_VISIBLE for user in users], np.bool_).reshape(-1)
    return np.asarray(hidden | small(boxes_of(users)), np.bool_)


def small(boxes: Array) -> Mask:
    """(n,) True for boxes (n, 4) so small that nothing is said of what is in them."""
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return np.asarray((wide < LEAST_WIDTH_PX) | (high < LEAST_HEIGHT_PX), np.bool_)


def pairs(ours: Array, theirs: Array, least: float = SAME_IOU) -> list[tuple[int, int]]:
    """Index pairs of the boxes (n, 4) and (m, 4) that are of one road user: the largest overlap in all."""
    from scipy.optimize import linear_sum_assignment

    if len(ours) == 0 or len(theirs) == 0:
        return []
    shares = overlaps(ours, theirs)
    rows, columns = linear_sum_assignment(np.where(shares >= least, -shares, 0.0))
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if shares[i, j] >= least]
