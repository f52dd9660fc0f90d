"""From pixels to metres on the ground plane and back, by a homography.

The mapping holds for points on the road surface only; a vehicle's box must be
reduced to the point where it stands first. Hartley & Zisserman, Multiple View
Geometry, 2nd ed., section 4.1 (direct linear transformation).
"""

from __future__ import annotations

from typing import Self

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.site import Homography

Points = NDArray[np.float64]


class GroundPlane:
    """One camera's view of the ground plane. `error_m` is the RMS reprojection error of its pairs."""

    def __init__(self, matrix: Points, error_m: float, max_error_m_seen: float) -> None:
        self.matrix = matrix
        self.inverse: Points = np.asarray(np.linalg.inv(matrix), np.float64)
        self.error_m = error_m
        self.worst_error_m = max_error_m_seen

    @classmethod
    def fit(cls, homography: Homography) -> Self:
        """Least-squares homography of the pairs; ValueError where they lie on one line."""
        px = np.array([pair.px for pair in homography.pairs], np.float64)
        m = np.array([pair.m for pair in homography.pairs], np.float64)
        fitted: object = cv2.findHomography(px, m, 0)[0]  # None where it fails, which its type leaves out
        matrix = np.zeros((3, 3)) if fitted is None else np.asarray(fitted, np.float64)
        if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
            raise ValueError("the pairs do not determine a plane: three or more of them lie on one line")
        residual = np.hypot(*(_project(matrix, px) - m).T)
        return cls(matrix, float(np.sqrt(np.mean(residual**2))), float(residual.max()))

    def to_m(self, points_px: ArrayLike) -> Points:
        """(n, 2) pixels → (n, 2) metres."""
        return _project(self.matrix, np.asarray(points_px, np.float64).reshape(-1, 2))

    def to_px(self, points_m: ArrayLike) -> Points:
        """(n, 2) metres → (n, 2) pixels."""
        return _project(self.inverse, np.asarray(points_m, np.float64).reshape(-1, 2))

    def metres_per_px(self, points_px: ArrayLike) -> NDArray[np.float64]:
        """(n,) length on the ground, in metres, of one pixel's step at each point (the longer axis)."""
        at = np.asarray(points_px, np.float64).reshape(-1, 2)
        here = self.to_m(at)
        right = np.hypot(*(self.to_m(at + np.array((1.0, 0.0))) - here).T)
        down = np.hypot(*(self.to_m(at + np.array((0.0, 1.0))) - here).T)
        return np.asarray(np.maximum(right, down), np.float64)


def _project(matrix: Points, points: Points) -> Points:
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:3], np.float64)
