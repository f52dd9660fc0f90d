"""A camera frame becomes a model's input tensor, and boxes come back into the frame.

Everything per pixel is done by OpenCV: resizing, and one 256-entry table that holds
scale, offset and quantisation at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frames import FloatArray, ImageBGR
from models.manifest import Picture

Layout = Literal["nchw", "nhwc"]


@dataclass(frozen=True, slots=True)
class InputTensor:
    """The one input of a network: size_px is (width, height); quantised values are round(v / step) + zero."""

    size_px: tuple[int, int]
    layout: Layout
    dtype: np.dtype[Any]
    step: float | None = None
    zero: int = 0


@dataclass(frozen=True, slots=True)
class Fit:
    """How a frame was laid into the input: input = frame · scale + shift, in x and y."""

    scale: tuple[float, float]
    shift_px: tuple[float, float]

    def to_frame(self, boxes_px: FloatArray, frame_size_px: tuple[int, int]) -> FloatArray:
        """Boxes (n, 4) xyxy in input pixels → in frame pixels, clipped to the frame."""
        (sx, sy), (dx, dy), (width, height) = self.scale, self.shift_px, frame_size_px
        frame = (boxes_px - np.array([dx, dy, dx, dy], np.float32)) / np.array([sx, sy, sx, sy], np.float32)
        return np.asarray(np.clip(frame, 0, np.array([width, height, width, height], np.float32)), np.float32)


class PicturePreparer:
    """Turns frames of any size into one network's input. Holds no frame between calls."""

    def __init__(self, picture: Picture, tensor: InputTensor) -> None:
        self._picture = picture
        self._tensor = tensor
        self._table = _value_table(picture, tensor)
        self._as_is = bool((self._table == np.arange(256)).all())

    def prepare(self, image: ImageBGR) -> tuple[NDArray[Any], Fit]:
        """The input tensor, of batch size 1, and how the frame lies in it. `image` is not changed."""
        fitted, fit = self._fit(image)
        width, height = self._tensor.size_px
        rgb = self._picture.colour == "rgb"
        if self._tensor.layout == "nchw":
            planes = np.empty((1, 3, height, width), self._table.dtype)
            for channel, plane in enumerate(cv2.split(fitted)):
                into = planes[0, 2 - channel if rgb else channel]
                if self._as_is:
                    into[...] = plane
                else:
                    cv2.LUT(plane, self._table, dst=into)
            return planes.astype(self._tensor.dtype, copy=False), fit
        ordered = cv2.cvtColor(fitted, cv2.COLOR_BGR2RGB) if rgb else fitted
        values = np.asarray(cv2.LUT(ordered, self._table))
        return values.astype(self._tensor.dtype, copy=False)[np.newaxis], fit

    def _fit(self, image: ImageBGR) -> tuple[ImageBGR, Fit]:
        height, width = image.shape[:2]
        target_w, target_h = self._tensor.size_px
        if self._picture.fit == "stretch":
            return _resize(image, target_w, target_h), Fit((target_w / width, target_h / height), (0.0, 0.0))
        scale = min(target_w / width, target_h / height)
        inner_w = min(target_w, max(1, round(width * scale)))
        inner_h = min(target_h, max(1, round(height * scale)))
        left, top = (target_w - inner_w) // 2, (target_h - inner_h) // 2
        canvas = np.full((target_h, target_w, 3), self._picture.pad, np.uint8)
        canvas[top : top + inner_h, left : left + inner_w] = _resize(image, inner_w, inner_h)
        return canvas, Fit((inner_w / width, inner_h / height), (float(left), float(top)))


def _resize(image: ImageBGR, width: int, height: int) -> ImageBGR:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _value_table(picture: Picture, tensor: InputTensor) -> NDArray[Any]:
    """What each of the 256 pixel values becomes. OpenCV has no float16 tables: those are widened."""
    values = np.arange(256, dtype=np.float64) * picture.scale + picture.offset
    if not np.issubdtype(tensor.dtype, np.integer):
        return values.astype(np.float32)
    limits = np.iinfo(tensor.dtype)
    # A whole-number input without quantisation takes the pixels themselves.
    stored = np.arange(256) if tensor.step is None else np.rint(values / tensor.step) + tensor.zero
    table: NDArray[Any] = stored.clip(limits.min, limits.max).astype(tensor.dtype)
    return table
