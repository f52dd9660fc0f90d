"""What a camera sees of the ground: which places are in its picture, and how large a metre is there.

Everything else about a camera (what it looks like, what stands before what) is the
renderer's; a site description needs the ground alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.site import PointPx
from sim_videos.state import PointM

Array = NDArray[np.float64]

#: A place that comes back this far from where it went lies behind the camera, or where its lens folds over.
_SAME_M = 0.05


class GroundCamera(Protocol):
    """The part of `sim_videos.render.camera.PinholeCamera` that a site needs.

    ground_to_px takes (n, 2) metres to (n, 2) pixels; to_ground goes back, NaN above the horizon.
    """

    @property
    def size_px(self) -> tuple[int, int]: ...
    def ground_to_px(self, points_m: ArrayLike, /) -> Array: ...
    def to_ground(self, points_px: ArrayLike, /) -> Array: ...


class View:
    """One camera's picture of the ground."""

    def __init__(self, camera: GroundCamera) -> None:
        self._camera = camera
        self.size_px = camera.size_px

    def px(self, points_m: ArrayLike) -> Array:
        """(n, 2) pixels of (n, 2) places on the ground; without meaning where `faces` is False."""
        return np.asarray(self._camera.ground_to_px(np.asarray(points_m, np.float64).reshape(-1, 2)), np.float64)

    def faces(self, points_m: ArrayLike) -> NDArray[np.bool_]:
        """(n,) True for places before the camera, in its picture or beside it."""
        places = np.asarray(points_m, np.float64).reshape(-1, 2)
        px = self.px(places)
        finite: NDArray[np.bool_] = np.asarray(np.isfinite(px).all(axis=1), np.bool_)
        back = np.asarray(self._camera.to_ground(np.where(finite[:, None], px, 0.0)), np.float64)
        # The further a place, the more metres lie in the last digit of its pixel.
        limit = _SAME_M * (1.0 + np.hypot(*places.T) / 50.0)
        with np.errstate(invalid="ignore"):
            return np.asarray(finite & (np.hypot(*(back - places).T) < limit), np.bool_)

    def sees(self, points_m: ArrayLike, margin_px: float = 0.0) -> NDArray[np.bool_]:
        """(n,) True for places whose pixel lies in the picture, margin_px from its edges."""
        width, height = self.size_px
        x, y = self.px(points_m).T
        with np.errstate(invalid="ignore"):
            within = (x >= margin_px) & (x <= width - margin_px) & (y >= margin_px) & (y <= height - margin_px)
        return np.asarray(within & self.faces(points_m), np.bool_)

    def metres_per_px(self, points_m: ArrayLike, toward: PointM) -> Array:
        """(n,) metres of ground that one pixel covers at each place, in the direction of a unit vector."""
        places = np.asarray(points_m, np.float64).reshape(-1, 2)
        half = 0.5 * np.asarray(toward)
        apart = np.hypot(*(self.px(places + half) - self.px(places - half)).T)
        return np.asarray(1.0 / np.maximum(apart, 1e-6), np.float64)

    def outline_px(self, points_m: ArrayLike) -> tuple[PointPx, ...]:
        """The part in the picture of a polygon on the ground that the camera faces; fewer than 3 points: none of it."""
        width, height = self.size_px
        polygon = [(float(x), float(y)) for x, y in self.px(points_m)]
        for axis, limit, keep_below in ((0, 0.0, False), (0, width, True), (1, 0.0, False), (1, height, True)):
            polygon = _cut(polygon, axis, float(limit), keep_below)
        if len(polygon) < 3:
            return ()
        few = cv2.approxPolyDP(np.array(polygon, np.float32), 0.25, True).reshape(-1, 2)
        rounded = [(round(float(x), 2), round(float(y), 2)) for x, y in few]
        return tuple(point for i, point in enumerate(rounded) if point != rounded[i - 1])


def _cut(polygon: Sequence[PointPx], axis: int, limit: float, keep_below: bool) -> list[PointPx]:
    """A polygon's part on one side of a line parallel to an axis (Sutherland & Hodgman, 1974)."""
    kept: list[PointPx] = []
    for i, end in enumerate(polygon):
        start = polygon[i - 1]
        inside_start, inside_end = (
            (point[axis] <= limit) == keep_below or point[axis] == limit for point in (start, end)
        )
        if inside_start != inside_end:
            share = (limit - start[axis]) / (end[axis] - start[axis])
            there = [start[k] + share * (end[k] - start[k]) for k in (0, 1)]
            there[axis] = limit
            kept.append((there[0], there[1]))
        if inside_end:
            kept.append(end)
    return kept
