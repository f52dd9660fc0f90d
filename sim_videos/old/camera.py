"""A pin-hole camera on a mast: ground and space to pixels, pixels back to the ground.

No distortion. Hartley & Zisserman, Multiple View Geometry, 2nd ed., section 6.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PinholeCamera:
    """Stands at pos_m, height_m above the ground, looking south, turned pan_deg to the west
    and tilt_deg down. focal_px is its focal length in pixels of a picture of size_px."""

    pos_m: tuple[float, float]
    height_m: float
    tilt_deg: float
    pan_deg: float
    focal_px: float
    size_px: tuple[int, int]
    _axes: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tilt, pan = math.radians(self.tilt_deg), math.radians(self.pan_deg)
        level = np.array((-math.sin(pan), -math.cos(pan), 0.0))
        up = np.array((0.0, 0.0, 1.0))
        right = np.array((-math.cos(pan), math.sin(pan), 0.0))
        forward = math.cos(tilt) * level - math.sin(tilt) * up
        down = -(math.sin(tilt) * level + math.cos(tilt) * up)
        object.__setattr__(self, "_axes", np.stack((right, down, forward)))

    @property
    def eye_m(self) -> Array:
        """(3,) the camera's place."""
        return np.array((*self.pos_m, self.height_m))

    @property
    def horizon_px(self) -> float:
        """The row of the horizon, which is level."""
        return self.size_px[1] / 2 - self.focal_px * math.tan(math.radians(self.tilt_deg))

    def depth_m(self, points_m: ArrayLike) -> Array:
        """(n,) distance along the optical axis of (n, 3) points; negative behind the camera."""
        return np.asarray((np.asarray(points_m, np.float64) - self.eye_m) @ self._axes[2], np.float64)

    def to_px(self, points_m: ArrayLike) -> Array:
        """(n, 3) points in metres → (n, 2) pixels; a point less than 1 m ahead is drawn as if 1 m ahead."""
        seen = (np.asarray(points_m, np.float64).reshape(-1, 3) - self.eye_m) @ self._axes.T
        scale = self.focal_px / np.maximum(seen[:, 2], 1.0)
        middle = (self.size_px[0] / 2, self.size_px[1] / 2)
        return np.asarray(seen[:, :2] * scale[:, None] + middle, np.float64)

    def ground_to_px(self, points_m: ArrayLike) -> Array:
        """(n, 2) points on the ground → (n, 2) pixels."""
        ground = np.asarray(points_m, np.float64).reshape(-1, 2)
        return self.to_px(np.column_stack((ground, np.zeros(len(ground)))))

    def to_ground(self, points_px: ArrayLike) -> Array:
        """(n, 2) pixels → (n, 2) metres on the ground; NaN at and above the horizon."""
        px = np.asarray(points_px, np.float64).reshape(-1, 2)
        middle = (self.size_px[0] / 2, self.size_px[1] / 2)
        rays = np.column_stack(((px - middle) / self.focal_px, np.ones(len(px)))) @ self._axes
        falls = rays[:, 2] < -1e-9
        reach = np.where(falls, -self.height_m / np.where(falls, rays[:, 2], -1.0), np.nan)
        return np.asarray(rays[:, :2] * reach[:, None] + self.eye_m[:2], np.float64)

    def enlarged(self, times: int) -> PinholeCamera:
        """The same view in a picture of `times` the size."""
        size = (self.size_px[0] * times, self.size_px[1] * times)
        return PinholeCamera(self.pos_m, self.height_m, self.tilt_deg, self.pan_deg, self.focal_px * times, size)


DEMO_CAMERA = PinholeCamera(
    pos_m=(3.5, 37.0), height_m=12.0, tilt_deg=14.5, pan_deg=1.0, focal_px=600.0, size_px=(640, 360)
)
