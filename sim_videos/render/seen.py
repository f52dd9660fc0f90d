"""Who is seen, and how much of them: outlines filled from far to near, without painting."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.placing import Placed
from sim_videos.state import WorldFrame

Array = NDArray[np.float64]
#: (h, w) metres along the ground from the camera to what stands before a pixel for good; inf where nothing does.
DepthMap = NDArray[np.float32]

_THING = 65535
_SHIFT = 4


@dataclass(frozen=True, slots=True)
class SeenUser:
    """One road user in the picture.

    box_px is x1, y1, x2, y2 of its whole outline, hidden parts too, cut at the frame;
    visible (0..1) the share of its outline that lies within the frame with nothing before it.
    """

    user_id: int
    box_px: tuple[float, float, float, float]
    visible: float


def seen_users(
    world: WorldFrame, placed: Placed, occluders: DepthMap | None, size_px: tuple[int, int]
) -> tuple[SeenUser, ...]:
    """Everybody whose outline touches the frame, in the order of the frame's users; visible is 0 for the hidden."""
    width, height = size_px
    buffer = np.zeros((height, width), np.uint16)
    drawn: dict[int, int] = {}
    areas: dict[int, list[tuple[float, float]]] = {}
    boxes: dict[int, list[Array]] = {}
    for row, body in enumerate(placed.bodies):
        hull = np.asarray(cv2.convexHull(placed.outlines[row].astype(np.float32)), np.float32)
        mark = _THING if body.user is None else body.user + 1
        x0, y0, x1, y1 = _window(placed.box_px[row], size_px)
        if x1 <= x0 or y1 <= y0:
            continue
        part = buffer[y0:y1, x0:x1]
        corner = np.array((x0 + 0.5, y0 + 0.5), np.float32)
        points = np.round((hull - corner) * (1 << _SHIFT)).astype(np.int32)
        before = int(np.count_nonzero(part == mark)) if mark in drawn else 0
        cv2.fillConvexPoly(part, points, mark, shift=_SHIFT)
        if body.user is not None:
            drawn[mark] = drawn.get(mark, 0) + int(np.count_nonzero(part == mark)) - before
            areas.setdefault(mark, []).append(_areas(hull, size_px))
            boxes.setdefault(mark, []).append(placed.box_px[row])
        if occluders is not None:
            hidden = occluders[y0:y1, x0:x1] < placed.distance_m[row]
            if hidden.any():
                part[hidden] = 0
    left = np.bincount(buffer.ravel(), minlength=len(world.users) + 2)
    return tuple(
        SeenUser(
            world.users[mark - 1].user_id,
            _cut(np.array(boxes[mark]), size_px),
            _share(int(left[mark]), drawn[mark], areas[mark]),
        )
        for mark in sorted(boxes)
    )


def _window(box: Array, size_px: tuple[int, int]) -> tuple[int, int, int, int]:
    """The whole pixels that a box touches, within the frame."""
    return (
        max(int(box[0]) - 1, 0),
        max(int(box[1]) - 1, 0),
        min(int(box[2]) + 2, size_px[0]),
        min(int(box[3]) + 2, size_px[1]),
    )


def _areas(hull: NDArray[np.float32], size_px: tuple[int, int]) -> tuple[float, float]:
    """Of an outline in px²: within the frame, and in all."""
    whole = float(cv2.contourArea(hull))
    low, high = hull.reshape(-1, 2).min(axis=0), hull.reshape(-1, 2).max(axis=0)
    if (low >= 0).all() and (high <= size_px).all():
        return whole, whole
    width, height = size_px
    frame = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
    inside = float(cv2.intersectConvexConvex(frame, hull)[0])
    return inside, whole


def _cut(boxes: Array, size_px: tuple[int, int]) -> tuple[float, float, float, float]:
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    x1, y1 = np.clip(low, 0, size_px)
    x2, y2 = np.clip(high, 0, size_px)
    return (round(float(x1), 2), round(float(y1), 2), round(float(x2), 2), round(float(y2), 2))


def _share(left: int, drawn: int, areas: list[tuple[float, float]]) -> float:
    """Of what was drawn within the frame, the part not drawn over since, times the part within the frame."""
    inside, whole = sum(area for area, _ in areas), sum(area for _, area in areas)
    if drawn <= 0 or whole <= 0:
        return 0.0
    return round(min(1.0, left / drawn) * min(1.0, inside / whole), 3)
