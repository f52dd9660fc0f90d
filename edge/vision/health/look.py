"""One picture reduced to what health asks of it: brightness, and fine and coarse structure tile by tile."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frames import ImageBGR

Floats = NDArray[np.float32]

#: Limits are for pictures of this width; wider ones are reduced to it.
WIDTH_PX = 640
#: Columns and rows of tiles.
TILES = (16, 9)
#: Of the picture that the view is compared in.
SMALL_PX = (160, 90)
_COARSE_PX = (80, 45)
_SATURATED = 250


@dataclass(frozen=True, slots=True)
class Look:
    """What one picture shows.

    small (90, 160): luminance. mean: of it. fine, coarse (9, 16): mean squared step between neighbouring
    pixels of the picture and of one reduced to 80 x 45, noise taken off, relative to the tile's mean squared, so
    that the same street in half the light is the same. means (9, 16): luminance. saturated (9, 16): share.
    """

    t_ns: int
    small: Floats
    mean: float
    fine: Floats
    coarse: Floats
    means: Floats
    saturated: Floats


def look_at(t_ns: int, image: ImageBGR) -> Look:
    """Reduce one picture, (h, w, 3) BGR of any size."""
    height, width = image.shape[:2]
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    if width > WIDTH_PX:
        grey = np.asarray(
            cv2.resize(grey, (WIDTH_PX, max(9, height * WIDTH_PX // width)), interpolation=cv2.INTER_AREA), np.uint8
        )
    small = np.asarray(cv2.resize(grey, SMALL_PX, interpolation=cv2.INTER_AREA), np.float32)
    coarse = np.asarray(cv2.resize(small, _COARSE_PX, interpolation=cv2.INTER_AREA), np.float32)
    mean = float(small.mean())
    fine_tiles = _steps(grey)
    # Sensor noise is in every tile: what the flattest have is taken for it.
    fine_tiles = np.maximum(fine_tiles - np.percentile(fine_tiles, 5), 0)
    means = np.asarray(cv2.resize(small, TILES, interpolation=cv2.INTER_AREA), np.float32)
    light = np.maximum(means, 10.0) ** 2
    bright = cv2.resize(np.asarray((grey >= _SATURATED) * np.uint8(255), np.uint8), TILES, interpolation=cv2.INTER_AREA)
    return Look(
        t_ns,
        small,
        mean,
        np.asarray(fine_tiles / light, np.float32),
        np.asarray(_steps(coarse) / light, np.float32),
        means,
        np.asarray(bright, np.float32) / np.float32(255),
    )


def _steps(grey: NDArray[np.uint8] | Floats) -> Floats:
    """(9, 16) mean squared step to the right and down, of every second row."""
    rows = len(grey) // 2 * 2
    upper, lower = grey[0:rows:2], grey[1:rows:2]
    whole = grey.dtype == np.uint8  # squares of those fit into 16 bits
    tiles = np.zeros((TILES[1], TILES[0]), np.float32)
    for step in (cv2.absdiff(upper[:, 1:], upper[:, :-1]), cv2.absdiff(upper, lower)):
        squares = cv2.multiply(step, step, dtype=cv2.CV_16U if whole else cv2.CV_32F)
        tiles += cv2.resize(squares, TILES, interpolation=cv2.INTER_AREA)
    return tiles
