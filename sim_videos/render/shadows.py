"""Shadows of what moves: the sun's on the ground, and the darkness under every body."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.backdrop import shadow_of
from sim_videos.render.camera import PinholeCamera
from sim_videos.render.facets import outline_px
from sim_videos.render.light import Light
from sim_videos.render.placing import Placed, turned

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

_SHIFT = 4
#: Under a car the sky is shut out: what is left of the light there.
_UNDER = 80
#: Under what is narrower than this, somebody on foot or on two wheels, the sky still looks in.
_NARROW_M, _UNDER_NARROW = 1.0, 165


def cast(image: Image, placed: Placed, camera: PinholeCamera, light: Light, sunlit: Image) -> None:
    """Darken the ground of a picture where these bodies stand before the sun, and beneath them."""
    if not placed.bodies:
        return
    sky, sun = float(light.sky.mean()), float(light.sun.mean()) * max(light.sun_direction[2], 0.0)
    # In the picture's own values: a share of light to the power of its gamma.
    left = int(255 * (sky / (sky + sun)) ** (1 / 2.2)) if sun > 0 else 255
    mask = np.full(image.shape[:2], 255, np.uint8)
    clear = light.clear(placed.distance_m)
    if light.casts_shadows:
        for row, body in enumerate(placed.bodies):
            ground = shadow_of(turned(body.mesh.outline, body), light).astype(np.float32)
            hull = np.asarray(cv2.convexHull(ground), np.float64).reshape(-1, 2)
            shape = outline_px(np.column_stack((hull, np.zeros(len(hull)))), camera)
            if shape is not None and len(shape) > 2:
                cv2.fillConvexPoly(mask, shape, _through(left, clear[row]), cv2.LINE_AA, _SHIFT)
        # Where something shades the ground already it grows no darker.
        if sunlit.min() < 255:
            mask = np.maximum(mask, 255 - np.asarray(sunlit, np.uint8))
    for row, body in enumerate(placed.bodies):
        under = _UNDER_NARROW if body.mesh.width_m < _NARROW_M else _UNDER
        foot = body.mesh.footprint * 1.04
        base = turned(np.column_stack((foot, np.zeros(4))), body)
        shape = outline_px(base, camera)
        if shape is not None and len(shape) > 2:
            cv2.fillConvexPoly(mask, shape, _through(under, clear[row]), cv2.LINE_AA, _SHIFT)
    soft = cv2.GaussianBlur(mask, (5, 5), 0)
    cv2.multiply(image, cv2.merge((soft, soft, soft)), dst=image, scale=1 / 255)


def _through(value: int, clear: float) -> int:
    """A darkening as the air between leaves it."""
    return round(255 - (255 - value) * clear)
