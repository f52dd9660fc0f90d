"""What a cheap sensor and its coder make of a picture: uneven light, noise, softness, blocks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.light import Light

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sensor:
    """noise: standard deviation at full light, of 255; jpeg: quality of compression; soft_px: blur of the lens;
    vignette (0..1): light lost in the corners; saturation 1: colours as they are."""

    noise: float = 1.6
    jpeg: int = 72
    soft_px: float = 0.45
    vignette: float = 0.16
    saturation: float = 0.92


class SensorModel:
    """One camera's sensor. Noise is drawn for each frame from (seed, frame)."""

    _BANK = 4

    def __init__(self, sensor: Sensor, size_px: tuple[int, int], light: Light, seed: int) -> None:
        self._sensor, self._seed = sensor, seed
        width, height = size_px
        self._size = size_px
        rng = np.random.default_rng((seed, 77))
        self._amount = sensor.noise * (1.0 + 0.7 * light.night)
        self._bank = [_noise(rng, width + 64, height + 64) for _ in range(self._BANK)]
        y, x = np.mgrid[0:height, 0:width]
        r2 = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / (width**2 + height**2) * 4
        fall = np.asarray(255 * (1 - sensor.vignette * r2), np.uint8)
        self._fall = cv2.merge((fall, fall, fall))

    def take(self, image: Image, number: int) -> Image:
        """A new picture as the sensor would give it; the same for the same number."""
        sensor = self._sensor
        rng = np.random.default_rng((self._seed, number))
        out = cv2.GaussianBlur(image, (3, 3), sensor.soft_px) if sensor.soft_px > 0.2 else image
        if sensor.vignette > 0:
            out = cv2.multiply(out, self._fall, scale=1 / 255)
        if sensor.saturation != 1.0:
            out = cv2.transform(out, _saturation(sensor.saturation))
        width, height = self._size
        noise = self._bank[int(rng.integers(self._BANK))]
        dx, dy = (int(v) for v in rng.integers(0, 64, 2))
        part = noise[dy : dy + height, dx : dx + width]
        out = cv2.addWeighted(out, 1.0, part, self._amount / 24, -128 * self._amount / 24)
        _, coded = cv2.imencode(".jpg", out, (cv2.IMWRITE_JPEG_QUALITY, sensor.jpeg))
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _noise(rng: np.random.Generator, width: int, height: int) -> Image:
    """(h, w, 3) around 128 with a standard deviation of 24, of which colour has the coarser grain."""
    bright = rng.standard_normal((height, width, 1)).astype(np.float32)
    colour = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3)).astype(np.float32)
    blotch = cv2.resize(colour, (width, height), interpolation=cv2.INTER_LINEAR)
    # The camera's own filter and coder leave no grain of a single pixel.
    grain = cv2.GaussianBlur(0.8 * bright + 0.6 * blotch, (0, 0), 0.7)
    return np.asarray(np.clip(128 + 24 * grain / float(grain.std()), 0, 255), np.uint8)


def _saturation(amount: float) -> NDArray[np.float32]:
    grey = np.tile(np.array((0.114, 0.587, 0.299), np.float32), (3, 1))
    return np.asarray(grey * (1 - amount) + np.eye(3, dtype=np.float32) * amount, np.float32)
