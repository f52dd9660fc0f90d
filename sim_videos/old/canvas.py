"""Small marks on a picture: convex shapes at sub-pixel places, softened edges."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

ImageBGR = NDArray[np.uint8]
Array = NDArray[np.float64]
Colour = tuple[float, float, float]
_SHIFT = 4
#: Colour that distance fades into.
HAZE = (214.0, 204.0, 192.0)


def hazed(colour: Colour, reach_m: float) -> Colour:
    """A BGR colour as seen through reach_m of summer air."""
    share = min(max((reach_m - 40.0) / 520.0, 0.0), 0.7)
    b, g, r = (c + (haze - c) * share for c, haze in zip(colour, HAZE, strict=True))
    return b, g, r


def shaded(colour: Colour, light: float) -> Colour:
    """A BGR colour under a light of 0 (none) to 1 (as painted) or above."""
    b, g, r = (min(255.0, c * light) for c in colour)
    return b, g, r


def fill(picture: ImageBGR, points_px: Array, colour: Colour) -> None:
    """A convex polygon, (n, 2) pixels."""
    cv2.fillConvexPoly(picture, _fixed(points_px), colour, cv2.LINE_AA, _SHIFT)


def stroke(picture: ImageBGR, points_px: Array, colour: Colour, wide_px: float) -> None:
    """A line through (n, 2) pixels."""
    cv2.polylines(picture, [_fixed(points_px)], False, colour, max(1, round(wide_px)), cv2.LINE_AA, _SHIFT)


def disc(picture: ImageBGR, centre_px: Array, radius_px: float, colour: Colour) -> None:
    """A filled circle."""
    x, y = (round(float(value) * (1 << _SHIFT)) for value in centre_px)
    cv2.circle(picture, (x, y), max(1, round(radius_px * (1 << _SHIFT))), colour, -1, cv2.LINE_AA, _SHIFT)


def cover(mask: ImageBGR, points_px: Array, value: int) -> None:
    """Set a convex polygon of a one-channel picture to `value`, edges unsoftened."""
    cv2.fillConvexPoly(mask, _fixed(points_px), (value,), cv2.LINE_8, _SHIFT)


def hull(points_px: Array) -> Array:
    """(m, 2) convex hull of (n, 2) points."""
    return np.asarray(cv2.convexHull(points_px.astype(np.float32))[:, 0], np.float64)


def _fixed(points_px: Array) -> NDArray[np.int32]:
    # Far outside the picture OpenCV's fixed-point arithmetic would overflow.
    return np.round(np.clip(points_px, -8000, 8000) * (1 << _SHIFT)).astype(np.int32)
