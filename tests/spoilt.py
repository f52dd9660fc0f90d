"""Pictures spoilt on purpose, for tests of camera health: what happens to a lens, to a mast, to the air before it."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from edge.frames import ImageBGR

Spoil = Callable[[ImageBGR], ImageBGR]

#: Focal length in px of the cameras of the demo, 640 px wide.
FOCAL_PX = 532.0


def blurred(sigma_px: float) -> Spoil:
    """The focus is lost."""
    return lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)


def covered(share: float) -> Spoil:
    """Something hangs before the left of the lens, out of focus."""

    def spoil(image: ImageBGR) -> ImageBGR:
        height, width = image.shape[:2]
        cover = np.zeros((height, width), np.float32)
        cover[:, : int(width * share)] = 1.0
        cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), 12.0), np.float32)[..., None]
        return np.asarray(image * (1 - cover) + np.array((35, 40, 50), np.float32) * cover, np.uint8)

    return spoil


def dazzled(size: float) -> Spoil:
    """The sun in the lens: a blot that saturates, `size` of the height wide."""

    def spoil(image: ImageBGR) -> ImageBGR:
        height, width = image.shape[:2]
        y, x = np.mgrid[:height, :width]
        far = ((x - width * 0.5) ** 2 + (y - height * 0.3) ** 2) / (2 * (size * height) ** 2)
        return np.asarray(np.clip(image + 400 * np.exp(-far)[..., None], 0, 255), np.uint8)

    return spoil


def foggy(clear: float) -> Spoil:
    """Fog that lets `clear` of the contrast through at the bottom of the picture, less above."""

    def spoil(image: ImageBGR) -> ImageBGR:
        height = image.shape[0]
        through = clear ** np.linspace(2.0, 1.0, height, dtype=np.float32)[:, None, None]
        return np.asarray(image * through + 185 * (1 - through), np.uint8)

    return spoil


def lit(gain: float) -> Spoil:
    """A cloud before the sun, or one that is gone."""
    return lambda image: np.asarray(np.clip(image * np.float32(gain), 0, 255), np.uint8)


def turned(pan_deg: float, tilt_deg: float) -> Spoil:
    """The camera is knocked: to the right, and up, as far as positive."""

    def spoil(image: ImageBGR) -> ImageBGR:
        height, width = image.shape[:2]
        lens = np.array([[FOCAL_PX, 0, width / 2], [0, FOCAL_PX, height / 2], [0, 0, 1.0]])
        pan, tilt = math.radians(pan_deg), math.radians(tilt_deg)
        about_y = np.array([[math.cos(pan), 0, -math.sin(pan)], [0, 1, 0], [math.sin(pan), 0, math.cos(pan)]])
        about_x = np.array([[1, 0, 0], [0, math.cos(tilt), math.sin(tilt)], [0, -math.sin(tilt), math.cos(tilt)]])
        moved = lens @ about_x @ about_y @ np.linalg.inv(lens)
        size = (width, height)
        return np.asarray(cv2.warpPerspective(image, moved, size, borderMode=cv2.BORDER_REFLECT), np.uint8)

    return spoil


def shift_of(pan_deg: float, tilt_deg: float) -> tuple[float, float]:
    """Pixels right and down by which the middle of the picture has moved."""
    return -FOCAL_PX * math.tan(math.radians(pan_deg)), FOCAL_PX * math.tan(math.radians(tilt_deg))


def behind_lorry(share: float) -> Spoil:
    """A lorry stands close before the camera: a flat wall with a sharp border, a window and a stripe."""

    def spoil(image: ImageBGR) -> ImageBGR:
        height, width = image.shape[:2]
        out = image.copy()
        right = int(width * (0.15 + share))
        cv2.rectangle(out, (int(width * 0.15), int(height * 0.1)), (right, int(height * 0.9)), (150, 155, 160), -1)
        cv2.rectangle(out, (int(width * 0.15), int(height * 0.6)), (right, int(height * 0.64)), (40, 40, 160), -1)
        cv2.rectangle(out, (right - 40, int(height * 0.2)), (right - 8, int(height * 0.35)), (40, 40, 40), -1)
        noise = np.random.default_rng(int(image.sum()) % 2**31).normal(0, 2, image.shape)
        return np.asarray(np.clip(out + noise, 0, 255), np.uint8)

    return spoil
