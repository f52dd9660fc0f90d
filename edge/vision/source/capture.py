"""What a decode child reads from: one camera or file, opened."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

from edge.frames import ImageBGR

if TYPE_CHECKING:
    import cv2


class Capture(Protocol):
    """An opened camera or file. `grab` may block for ever: the source has a watchdog for that."""

    size_px: tuple[int, int]
    fps: float | None
    frames_total: int | None

    def grab(self) -> bool:
        """Go to the next picture; False when there is none any more."""
        ...

    def pos_ms(self) -> float | None:
        """The stream's own stamp of the grabbed picture, None where it has none."""
        ...

    def retrieve(self, into: ImageBGR) -> bool:
        """Write the grabbed picture; False when it cannot be had in the size promised."""
        ...


class CvCapture:
    """A capture through OpenCV.

    retries: how many unreadable pictures in a row are passed over while the container
    promises more. OpenCV stops at the first; behind a few damaged ones the rest of a
    recording is good.
    """

    def __init__(self, capture: cv2.VideoCapture, *, retries: int = 0) -> None:
        import cv2

        self._pos_key = cv2.CAP_PROP_POS_MSEC
        self._capture = capture
        self._retries = retries
        self._grabbed = 0
        self.size_px = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        fps = capture.get(cv2.CAP_PROP_FPS)
        # Network streams without a rate are given odd ones (90000, 180000) by libav.
        self.fps: float | None = fps if 0 < fps <= 240 else None
        total = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.frames_total: int | None = int(total) if total >= 1 else None

    def grab(self) -> bool:
        """Go to the next readable picture."""
        for _ in range(1 + self._retries):
            if self._capture.grab():
                self._grabbed += 1
                return True
            if self.frames_total is None or self._grabbed >= self.frames_total:
                return False
        return False

    def pos_ms(self) -> float | None:
        """Presentation time of the grabbed picture."""
        pos = self._capture.get(self._pos_key)
        return pos if math.isfinite(pos) else None

    def retrieve(self, into: ImageBGR) -> bool:
        """Decode into `into`; OpenCV hands out another array only where the size differs."""
        ok, image = self._capture.retrieve(into)
        return ok and image.shape == into.shape and np.shares_memory(image, into)

    def release(self) -> None:
        """Close the file or device."""
        self._capture.release()
