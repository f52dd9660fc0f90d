"""Rain before the lens and on it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.light import Light

Image = NDArray[np.uint8]

_SHEETS = 3


class Rain:
    """Falling streaks, drawn anew for each frame, and drops that stay on the glass."""

    def __init__(self, size_px: tuple[int, int], light: Light, seed: int) -> None:
        self._amount, self._seed = light.rain, seed
        width, height = size_px
        rng = np.random.default_rng((seed, 55))
        self._size = size_px
        self._pale = 0.55 + 0.45 * (1 - light.night)
        self._sheets = (
            [_streaks(rng, width + 128, height + 128, light.rain) for _ in range(_SHEETS)] if light.rain > 0 else []
        )
        self._drops = _drops(rng, width, height, light.rain)

    def fall(self, image: Image, number: int) -> Image:
        """The picture seen through the rain."""
        if self._amount <= 0.02:
            return image
        rng = np.random.default_rng((self._seed, number, 5))
        width, height = self._size
        sheet = self._sheets[int(rng.integers(_SHEETS))]
        dx, dy = (int(v) for v in rng.integers(0, 128, 2))
        out = cv2.addWeighted(image, 1.0, sheet[dy : dy + height, dx : dx + width], self._pale, 0)
        if self._drops.any():
            smeared = cv2.resize(
                cv2.GaussianBlur(cv2.resize(out, (width // 4, height // 4), interpolation=cv2.INTER_AREA), (0, 0), 1.6),
                (width, height),
            )
            cv2.copyTo(smeared, self._drops, out)
        return np.asarray(out, np.uint8)


def _streaks(rng: np.random.Generator, width: int, height: int, amount: float) -> Image:
    sheet = np.zeros((height, width), np.uint8)
    scale = height / 480
    for _ in range(int(width * height / 1300 * amount)):
        near = float(rng.random()) ** 2
        x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
        length = (6 + 26 * near) * scale
        lean = length * 0.10
        start, end = (round(x * 16), round(y * 16)), (round((x + lean) * 16), round((y + length) * 16))
        cv2.line(sheet, start, end, 10 + 26 * near, 1, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(sheet, (3, 3), 0.6)
    return np.asarray(cv2.merge((soft, soft, soft)), np.uint8)


def _drops(rng: np.random.Generator, width: int, height: int, amount: float) -> Image:
    """Where drops on the glass blur the picture."""
    mask = np.zeros((height, width), np.uint8)
    for _ in range(int(16 * max(0.0, amount - 0.3))):
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        radius = int(rng.uniform(0.006, 0.02) * height) + 1
        cv2.ellipse(mask, (centre, (2.0 * radius, 2.6 * radius), float(rng.uniform(-15, 15))), 255, -1)
    return mask
