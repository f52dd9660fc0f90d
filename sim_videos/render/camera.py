"""A pin-hole camera with radial distortion: metres to pixels, pixels back to the ground.

Hartley & Zisserman, Multiple View Geometry, 2nd ed., section 6.1; the distortion is
OpenCV's, x' = x(1 + k1 r² + k2 r⁴) in coordinates of a focal length of 1. A pixel
coordinate is continuous: the top left corner of the picture is (0, 0), so the middle
of its first pixel is (0.5, 0.5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge.errors import ConfigError
from sim_videos.scenario import CameraSpec
from sim_videos.street import Street

Array = NDArray[np.float64]

#: Points nearer than this along the optical axis are not imaged.
NEAR_M = 0.3
#: Farther than this a lane tells nothing; a camera must see some lane nearer.
_REACH_M = 150.0
_NEWTON_STEPS = 12


@dataclass(frozen=True, slots=True)
class PinholeCamera:
    """Stands at pos_m (x, y, z), looks along yaw_rad (counter-clockwise from east), tilt_rad below
    the horizon, turned roll_rad clockwise about its axis. focal_px is in pixels of a picture of
    size_px (width, height). ValueError where the distortion folds the picture over itself within it.
    """

    pos_m: tuple[float, float, float]
    yaw_rad: float
    tilt_rad: float
    roll_rad: float
    focal_px: float
    size_px: tuple[int, int]
    k1: float = 0.0
    k2: float = 0.0
    _axes: Array = field(init=False, repr=False, compare=False)
    #: Where the distortion would turn back on itself; beyond it goes on in a straight line.
    _r_fold: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        yaw, tilt, roll = self.yaw_rad, self.tilt_rad, self.roll_rad
        forward = np.array((math.cos(tilt) * math.cos(yaw), math.cos(tilt) * math.sin(yaw), -math.sin(tilt)))
        right = np.array((math.sin(yaw), -math.cos(yaw), 0.0))
        down = np.cross(forward, right)
        turned = np.stack(
            (
                math.cos(roll) * right + math.sin(roll) * down,
                math.cos(roll) * down - math.sin(roll) * right,
                forward,
            )
        )
        object.__setattr__(self, "_axes", turned)
        object.__setattr__(self, "_r_fold", _fold(self.k1, self.k2))
        if math.isfinite(self._r_fold):
            corner = math.hypot(*self.size_px) / 2 / self.focal_px
            if self._stretch(np.array([self._r_fold]))[0] * self._r_fold <= corner:
                raise ValueError(f"k1 {self.k1:g} and k2 {self.k2:g} fold the picture over before its corners")

    @property
    def eye_m(self) -> Array:
        """(3,) the camera's place."""
        return np.array(self.pos_m)

    @property
    def axes(self) -> Array:
        """(3, 3) rows: right, down and forward in the frame of reference of the street."""
        return self._axes

    def depth_m(self, points_m: ArrayLike) -> Array:
        """(n,) distance along the optical axis of (n, 3) points; negative behind the camera."""
        return np.asarray((np.asarray(points_m, np.float64).reshape(-1, 3) - self.eye_m) @ self._axes[2], np.float64)

    def to_px(self, points_m: ArrayLike) -> Array:
        """(n, 3) points in metres → (n, 2) pixels; NaN for what is not at least `NEAR_M` ahead."""
        seen = (np.asarray(points_m, np.float64).reshape(-1, 3) - self.eye_m) @ self._axes.T
        return self.project(seen)

    def project(self, seen: Array) -> Array:
        """(n, 3) points along `axes` from the eye → (n, 2) pixels; NaN for what is not `NEAR_M` ahead."""
        ahead = seen[:, 2] >= NEAR_M
        plane = seen[:, :2] / np.where(ahead, seen[:, 2], np.nan)[:, None]
        if self.k1 or self.k2:
            plane *= self._stretch(np.hypot(plane[:, 0], plane[:, 1]))[:, None]
        return np.asarray(plane * self.focal_px + self._middle, np.float64)

    def ground_to_px(self, points_m: ArrayLike, height_m: float = 0.0) -> Array:
        """(n, 2) points on the ground (or the plane height_m above it) → (n, 2) pixels."""
        ground = np.asarray(points_m, np.float64).reshape(-1, 2)
        return self.to_px(np.column_stack((ground, np.full(len(ground), height_m))))

    def rays(self, points_px: ArrayLike) -> Array:
        """(n, 2) pixels → (n, 3) directions from the eye, of length 1 along the optical axis."""
        plane = (np.asarray(points_px, np.float64).reshape(-1, 2) - self._middle) / self.focal_px
        if self.k1 or self.k2:
            plane = self._undistorted(plane)
        right, down, forward = self._axes
        return np.asarray(plane[:, :1] * right + plane[:, 1:] * down + forward, np.float64)

    def to_ground(self, points_px: ArrayLike, height_m: float = 0.0) -> Array:
        """(n, 2) pixels → (n, 2) metres on the ground (or the plane height_m above it); NaN from the horizon up."""
        rays = self.rays(points_px)
        falls = rays[:, 2] < -1e-9
        reach = np.where(falls, (height_m - self.pos_m[2]) / np.where(falls, rays[:, 2], -1.0), np.nan)
        return np.asarray(rays[:, :2] * reach[:, None] + self.eye_m[:2], np.float64)

    def inside(self, points_px: ArrayLike) -> NDArray[np.bool_]:
        """(n,) whether each of (n, 2) pixels lies within the picture; False for NaN."""
        px = np.asarray(points_px, np.float64).reshape(-1, 2)
        return np.asarray(((px >= 0) & (px <= self.size_px)).all(axis=1), np.bool_)

    def turned(self, pan_deg: float, tilt_deg: float) -> PinholeCamera:
        """The same camera knocked: panned pan_deg to the right and tilted tilt_deg farther down."""
        return replace(
            self, yaw_rad=self.yaw_rad - math.radians(pan_deg), tilt_rad=self.tilt_rad + math.radians(tilt_deg)
        )

    def scaled(self, times: float) -> PinholeCamera:
        """The same view in a picture of `times` the size."""
        size = (round(self.size_px[0] * times), round(self.size_px[1] * times))
        return replace(self, focal_px=self.focal_px * size[0] / self.size_px[0], size_px=size)

    @property
    def _middle(self) -> Array:
        return np.array((self.size_px[0] / 2, self.size_px[1] / 2))

    def _stretch(self, r: Array) -> Array:
        """By how much a point at distance r of the axis moves outward."""
        at = np.minimum(r, self._r_fold)
        grown = at * (1 + self.k1 * at**2 + self.k2 * at**4) + np.maximum(r - self._r_fold, 0.0)
        return np.asarray(np.where(r > 1e-12, grown / np.maximum(r, 1e-12), 1.0), np.float64)

    def _undistorted(self, plane: Array) -> Array:
        """Newton's method on the radius, which within the picture grows steadily."""
        wanted = np.hypot(plane[:, 0], plane[:, 1])
        r = wanted.copy()
        limit = self._r_fold if math.isfinite(self._r_fold) else np.inf
        for _ in range(_NEWTON_STEPS):
            value = r * (1 + self.k1 * r**2 + self.k2 * r**4) - wanted
            slope = 1 + 3 * self.k1 * r**2 + 5 * self.k2 * r**4
            r = np.clip(r - value / np.maximum(slope, 0.05), 0.0, limit)
        beyond = wanted - limit * (1 + self.k1 * limit**2 + self.k2 * limit**4) if math.isfinite(limit) else -wanted
        r = np.where(beyond > 0, limit + beyond, r) if math.isfinite(limit) else r
        return plane * np.where(wanted > 1e-12, r / np.maximum(wanted, 1e-12), 1.0)[:, None]


def _fold(k1: float, k2: float) -> float:
    """The radius at which 1 + 3 k1 r² + 5 k2 r⁴ first falls to 0; inf where it never does."""
    # In s = r²: 5 k2 s² + 3 k1 s + 1 = 0, solved in the form that bears a vanishing k2.
    inner = 9 * k1**2 - 20 * k2
    if inner < 0:
        return math.inf
    below = [-3 * k1 + sign * math.sqrt(inner) for sign in (1.0, -1.0)]
    squares = [2.0 / value for value in below if value > 1e-12]
    return math.sqrt(min(squares)) if squares else math.inf


def camera_of(spec: CameraSpec, street: Street) -> PinholeCamera:
    """The camera that a scenario describes, over this street.

    fov_deg is the angle across the width of the picture. ConfigError where the junction has
    no such approach, the distortion is impossible, or the camera sees no inbound lane.
    """
    arms = {arm.approach: arm for arm in street.arms}
    arm = arms.get(spec.facing)
    if arm is None:
        raise ConfigError(
            f"cameras.{spec.id}.facing: the junction has no approach {spec.facing}, only {', '.join(sorted(arms))}"
        )
    along = np.array((math.cos(arm.heading_rad), math.sin(arm.heading_rad)))
    right = np.array((along[1], -along[0]))
    stop = np.mean(np.array(arm.stop_line_m), axis=0)
    # The approach's axis: the line through the stop line's median end along its traffic.
    axis = np.array(min(arm.stop_line_m, key=lambda point: float(np.dot(np.array(point), right))))
    foot = axis - along * np.dot(axis, along)
    place = foot + along * spec.beyond_m + right * spec.aside_m if spec.pos_m is None else np.array(spec.pos_m)
    aim = stop - along * spec.aim_m
    ahead = aim - place
    distance = float(np.hypot(*ahead))
    if distance < 0.5:
        raise ConfigError(f"cameras.{spec.id}: it looks straight down; move it or give another aim_m")
    try:
        camera = PinholeCamera(
            pos_m=(float(place[0]), float(place[1]), spec.height_m),
            yaw_rad=math.atan2(ahead[1], ahead[0]),
            tilt_rad=math.atan2(spec.height_m, distance),
            roll_rad=math.radians(spec.roll_deg),
            focal_px=spec.size_px[0] / 2 / math.tan(math.radians(spec.fov_deg) / 2),
            size_px=spec.size_px,
            k1=spec.k1,
            k2=spec.k2,
        )
    except ValueError as error:
        raise ConfigError(f"cameras.{spec.id}: {error}; give smaller ones or a smaller fov_deg") from error
    if not _sees_a_lane(camera, street):
        raise ConfigError(
            f"cameras.{spec.id}: it sees no inbound lane; aim it at one with facing, pos_m, aim_m, height_m or fov_deg"
        )
    return camera


def _sees_a_lane(camera: PinholeCamera, street: Street) -> bool:
    """Whether at least 3 m of the middle of some inbound lane lie within the picture and within reach."""
    for lane in street.inbound:
        points = along_line(np.array(lane.line_m), 1.0)
        near = np.hypot(*(points - camera.eye_m[:2]).T) <= _REACH_M
        if np.count_nonzero(camera.inside(camera.ground_to_px(points)) & near) >= 4:
            return True
    return False


def along_line(line_m: Array, step_m: float) -> Array:
    """(n, 2) corners → (m, 2) points on the line, step_m apart or a little less, both ends among them."""
    lengths = np.hypot(*np.diff(line_m, axis=0).T)
    at = np.concatenate(([0.0], np.cumsum(lengths)))
    wanted = np.linspace(0.0, at[-1], max(2, math.ceil(at[-1] / step_m) + 1))
    return np.column_stack((np.interp(wanted, at, line_m[:, 0]), np.interp(wanted, at, line_m[:, 1])))
