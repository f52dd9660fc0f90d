"""From pixels to metres on the ground plane and back, by a homography.

The mapping holds for points on the road surface only; a vehicle's box must be
reduced to the point where it stands first. Hartley & Zisserman, Multiple View
Geometry, 2nd ed., section 4.1 (direct linear transformation), 4.4.4 (normalisation).
"""

from __future__ import annotations

from typing import Self

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.site import Homography, Lane, Site
from calibration.stop_axis import StopAxis

Points = NDArray[np.float64]

#: Below this the pairs, scaled to unit size, lie so near one line that noise of a pixel decides.
_LEAST_SPREAD = 3e-3


class GroundPlane:
    """One camera's view of the ground plane.

    matrix (3, 3) takes homogeneous pixels to metres, inverse back. errors_m (n,) is the
    reprojection error of each pair, error_m their root mean square, worst_error_m the
    largest.
    """

    def __init__(self, matrix: Points, errors_m: Points) -> None:
        self.matrix = matrix
        self.inverse: Points = np.asarray(np.linalg.inv(matrix), np.float64)
        self.errors_m = errors_m
        self.error_m = float(np.sqrt(np.mean(errors_m**2)))
        self.worst_error_m = float(errors_m.max())

    @classmethod
    def fit(cls, homography: Homography) -> Self:
        """Least-squares homography of the pairs; ValueError where they do not determine a plane."""
        px = np.array([pair.px for pair in homography.pairs], np.float64)
        m = np.array([pair.m for pair in homography.pairs], np.float64)
        if min(_spread(px, px), _spread(m, m)) < _LEAST_SPREAD:
            raise ValueError("the pairs do not determine a plane: all or all but one lie on one line")
        fitted: object = cv2.findHomography(px, m, 0)[0]  # None where it fails, which its type leaves out
        matrix = np.zeros((3, 3)) if fitted is None else np.asarray(fitted, np.float64)
        if not np.isfinite(matrix).all() or _condition(matrix, px, m) < _LEAST_SPREAD / 10:
            raise ValueError("the pairs do not determine a plane: points on one line here are on none there")
        depth = px @ matrix[2, :2] + matrix[2, 2]
        if (depth > 0).any() and (depth < 0).any():
            raise ValueError("the pairs contradict one another: the horizon would pass between them")
        if depth[0] < 0:
            matrix = -matrix
        return cls(matrix, np.asarray(np.hypot(*(_project(matrix, px) - m).T), np.float64))

    def to_m(self, points_px: ArrayLike) -> Points:
        """(n, 2) pixels → (n, 2) metres; without meaning where `on_ground` is False."""
        return _project(self.matrix, np.asarray(points_px, np.float64).reshape(-1, 2))

    def to_px(self, points_m: ArrayLike) -> Points:
        """(n, 2) metres → (n, 2) pixels; without meaning for points behind the camera."""
        return _project(self.inverse, np.asarray(points_m, np.float64).reshape(-1, 2))

    def on_ground(self, points_px: ArrayLike) -> NDArray[np.bool_]:
        """(n,) True for pixels on the ground's side of the horizon (the vanishing line of the plane)."""
        at = np.asarray(points_px, np.float64).reshape(-1, 2)
        return np.asarray(at @ self.matrix[2, :2] + self.matrix[2, 2] > 0, np.bool_)

    def before_camera(self, points_m: ArrayLike) -> NDArray[np.bool_]:
        """(n,) True for places on the ground that lie before the camera, in the picture or beside it."""
        at = np.asarray(points_m, np.float64).reshape(-1, 2)
        # Pixel (u, v, 1)·s = inverse·(X, Y, 1); s > 0 where the pixel's own depth is positive.
        return np.asarray(at @ self.inverse[2, :2] + self.inverse[2, 2] > 0, np.bool_)

    def metres_per_px(self, points_px: ArrayLike) -> NDArray[np.float64]:
        """(n,) length on the ground, in metres, of one pixel's step at each point (the longer axis)."""
        at = np.asarray(points_px, np.float64).reshape(-1, 2)
        here = self.to_m(at)
        right = np.hypot(*(self.to_m(at + np.array((1.0, 0.0))) - here).T)
        down = np.hypot(*(self.to_m(at + np.array((0.0, 1.0))) - here).T)
        return np.asarray(np.maximum(right, down), np.float64)


def stop_axis(lane: Lane, plane: GroundPlane) -> StopAxis | None:
    """Where a lane's stop line is on the ground and which way is upstream; None without a stop line."""
    if lane.stop_line_px is None:
        return None
    a, b = plane.to_m(lane.stop_line_px)
    corners = plane.to_m(lane.polygon_px)
    across = (b - a) / np.hypot(*(b - a))
    upstream = np.array((-across[1], across[0]))
    middle = (a + b) / 2
    if upstream @ (corners.mean(axis=0) - middle) < 0:
        upstream = -upstream
    far_m = float(((corners - middle) @ upstream).max())
    return StopAxis((float(middle[0]), float(middle[1])), (float(upstream[0]), float(upstream[1])), far_m)


def stop_axes(site: Site) -> dict[str, StopAxis]:
    """Lane → its stop axis, for every lane of the site that has a stop line."""
    planes = {camera.id: GroundPlane.fit(camera.homography) for camera in site.cameras}
    found = ((lane.id, stop_axis(lane, planes[lane.camera])) for lane in site.lanes)
    return {lane: axis for lane, axis in found if axis is not None}


def _project(matrix: Points, points: Points) -> Points:
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:3], np.float64)


def _scaling(points: Points) -> Points:
    """(3, 3) similarity that moves points to mean 0 and root mean square distance √2."""
    centre = points.mean(axis=0)
    size = float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean())) or 1.0
    s = np.sqrt(2.0) / size
    return np.array([[s, 0.0, -s * centre[0]], [0.0, s, -s * centre[1]], [0.0, 0.0, 1.0]])


def _spread(px: Points, m: Points) -> float:
    """How well pairs determine a homography: second smallest over largest singular value of the DLT."""
    x = _project(_scaling(px), px)
    u = _project(_scaling(m), m)
    one, nil = np.ones((len(px), 1)), np.zeros((len(px), 3))
    h = np.hstack([x, one])
    rows = np.vstack([np.hstack([h, nil, -u[:, :1] * h]), np.hstack([nil, h, -u[:, 1:] * h])])
    values = np.linalg.svd(rows, compute_uv=False)
    return float(values[7] / values[0])


def _condition(matrix: Points, px: Points, m: Points) -> float:
    """Smallest over largest singular value of a homography between points scaled to unit size."""
    scaled = _scaling(m) @ matrix @ np.linalg.inv(_scaling(px))
    values = np.linalg.svd(scaled, compute_uv=False)
    return float(values[-1] / values[0])
