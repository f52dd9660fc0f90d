"""Motion blur: how far bodies move while the shutter is open, and how they smear."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.camera import PinholeCamera
from sim_videos.render.light import Light
from sim_videos.render.placing import Placed
from sim_videos.state import WorldFrame

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

#: Longer smears are cut: such cameras shorten their exposure first.
_LONGEST_PX = 14.0


def exposure_s(light: Light) -> float:
    """How long the shutter is open: 1/125 s by day, 1/30 s by night."""
    return float(1 / 125 + (1 / 30 - 1 / 125) * light.night**1.5)


def motion_px(placed: Placed, world: WorldFrame, camera: PinholeCamera, shutter_s: float) -> Array:
    """(n, 2) how far each body's foot moves in the picture in that time."""
    moved = np.zeros((len(placed.bodies), 2))
    rows = [row for row, body in enumerate(placed.bodies) if body.user is not None]
    if not rows:
        return moved
    bodies = [placed.bodies[row] for row in rows]
    start = np.array([(body.x_m, body.y_m) for body in bodies])
    run = np.array([world.users[body.user].speed_mps * shutter_s for body in bodies if body.user is not None])
    ahead = np.array([(math.cos(body.heading_rad), math.sin(body.heading_rad)) for body in bodies])
    step = camera.ground_to_px(start + ahead * run[:, None]) - camera.ground_to_px(start)
    length = np.hypot(*step.T)
    moved[rows] = np.nan_to_num(step * np.minimum(1.0, _LONGEST_PX / np.maximum(length, 1e-9))[:, None])
    return moved


def smear(image: Image, before: Image, outline: Array, moved: tuple[float, float]) -> None:
    """Smear in place what was drawn within an outline over the picture `before`, along moved pixels."""
    kernel = _line(moved)
    mask = np.zeros(image.shape[:2], np.uint8)
    hull = cv2.convexHull(np.round(outline).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 255)
    share = cv2.filter2D(mask, cv2.CV_32F, kernel) / np.float32(255)
    drawn = cv2.filter2D(image, -1, kernel)
    image[:] = cv2.blendLinear(drawn, before, share, 1 - share)


def _line(moved: tuple[float, float]) -> NDArray[np.float32]:
    """A line of this direction and length, of weight 1."""
    reach = math.ceil(max(abs(moved[0]), abs(moved[1])) / 2)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    half = (moved[0] / 2, moved[1] / 2)
    ends = [(round((reach + sign * half[0]) * 16), round((reach + sign * half[1]) * 16)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_8, 4)
    return np.asarray(kernel / max(float(kernel.sum()), 1e-9), np.float32)
