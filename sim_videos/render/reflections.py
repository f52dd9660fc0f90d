"""What moves, seen again in a wet road: upside down, smeared, without detail."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.camera import PinholeCamera
from sim_videos.render.faces import Faces
from sim_videos.render.facets import outline_px
from sim_videos.render.light import Light
from sim_videos.render.placing import Placed, turned

Image = NDArray[np.uint8]

_PART = 4
_SHIFT = 4
#: Share of a body's own colour that its image on a soaked road has.
_STRENGTH = 0.42


class Reflections:
    """The reflections of one camera, kept on a grid of a quarter of the picture's size."""

    def __init__(self, camera: PinholeCamera, light: Light) -> None:
        self._size = camera.size_px
        self._small = camera.scaled(1 / _PART)
        self._share = _STRENGTH * light.wet

    def mirror(self, image: Image, placed: Placed, faces: Faces, road: Image) -> None:
        """Blend the bodies' images into a picture of the ground where it is carriageway; road 0..255."""
        if self._share < 0.05 or not placed.bodies:
            return
        width, height = self._small.size_px
        layer = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        mask = np.zeros((height, width), np.uint8)
        starts = faces.starts.tolist()
        for row, body in enumerate(placed.bodies):
            if starts[row] == starts[row + 1]:
                continue
            outline = turned(body.mesh.outline, body) * np.array((1.0, 1.0, -0.8))
            shape = outline_px(outline, self._small)
            if shape is None or len(shape) < 3:
                continue
            colour = faces.colours[starts[row] : starts[row + 1]].mean(axis=0)
            hull = cv2.convexHull(shape)
            cv2.fillConvexPoly(layer, hull, (colour * 0.8).tolist(), cv2.LINE_AA, _SHIFT)
            cv2.fillConvexPoly(mask, hull, 255, cv2.LINE_AA, _SHIFT)
        layer = cv2.GaussianBlur(layer, (0, 0), sigmaX=0.8, sigmaY=2.0)
        soft = cv2.GaussianBlur(mask, (0, 0), sigmaX=0.8, sigmaY=2.0)
        over = cv2.resize(layer, self._size, interpolation=cv2.INTER_LINEAR)
        weight = cv2.resize(soft, self._size, interpolation=cv2.INTER_LINEAR)
        share = cv2.multiply(weight, road, scale=self._share / 255**2, dtype=cv2.CV_32F)
        image[:] = cv2.blendLinear(over, image, share, 1 - np.asarray(share, np.float32))
