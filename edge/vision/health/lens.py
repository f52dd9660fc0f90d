"""The focal length that a camera's calibration implies, so that a shift in pixels can be told in degrees."""

from __future__ import annotations

import math

import numpy as np

from calibration.geometry import GroundPlane
from calibration.site import Camera
from edge.vision.health.look import WIDTH_PX


def focal_px(camera: Camera) -> float | None:
    """Focal length at 640 px width; None where the calibration does not tell (straight from above).

    For square pixels and an optical axis through the middle the two directions of the ground must come out at
    right angles and of one length (Hartley & Zisserman, 2nd ed., section 8.8): two equations for one unknown.
    """
    width, height = camera.size_px
    to_middle = np.array([[1.0, 0.0, -width / 2], [0.0, 1.0, -height / 2], [0.0, 0.0, 1.0]])
    h = to_middle @ GroundPlane.fit(camera.homography).inverse
    a, b = h[:, 0], h[:, 1]
    # Both are linear in 1/f²: f⁻²·(a·b in the plane) + a₃b₃ = 0 and f⁻²·(|a|²-|b|² in the plane) + a₃²-b₃² = 0.
    plane = np.array([a[0] * b[0] + a[1] * b[1], a[0] ** 2 + a[1] ** 2 - b[0] ** 2 - b[1] ** 2])
    depth = np.array([a[2] * b[2], a[2] ** 2 - b[2] ** 2])
    bottom = float(plane @ plane)
    inverse = -float(plane @ depth) / bottom if bottom > 0 else 0.0
    if inverse <= 0:
        return None
    focal = math.sqrt(1 / inverse)
    # Angles of view of less than 8 and of more than 140 degrees are not of a camera at a junction.
    if not 0.18 * width < focal < 7.2 * width:
        return None
    return focal * WIDTH_PX / width
