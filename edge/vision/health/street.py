"""The part of the picture that is road: the lanes of a camera and the box between them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.site import Camera, Site


def road_mask(site: Site, camera: Camera) -> NDArray[np.bool_]:
    """(h, w) True on the lanes of this camera and in its box, less what is ignored.

    The box is where the site says, or else between the gates of the camera's movements of vehicles.
    """
    width, height = camera.size_px
    canvas: NDArray[np.uint8] = np.zeros((height, width), np.uint8)
    polygons = [lane.polygon_px for lane in site.lanes if lane.camera == camera.id]
    boxes = []
    if site.incidents is not None:
        boxes = [area.polygon_px for area in site.incidents.areas if area.camera == camera.id and area.kind == "box"]
    if not boxes:
        ends = [
            point
            for movement in site.movements
            if movement.camera == camera.id and not movement.id.startswith("P")
            for gate in (movement.entry, movement.exit)
            for point in gate.line_px
        ]
        if len(ends) >= 3:
            hull = cv2.convexHull(np.round(ends).astype(np.int32))
            cv2.fillConvexPoly(canvas, hull, (1,))
    for polygon in (*polygons, *boxes):
        cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32)], (1,))
    for polygon in camera.ignore_px:
        cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32)], (0,))
    return canvas.astype(bool)
