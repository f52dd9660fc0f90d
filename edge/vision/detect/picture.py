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
    """Turns frames of any size into one network's input, in arrays made once.

    A preparer belongs to one detector in one thread: the tensor that `prepare` returns is
    overwritten by the next call.
    """

    def __init__(self, picture: Picture, tensor: InputTensor) -> None:
        self._picture = picture
        self._tensor = tensor
        self._table = _value_table(picture, tensor)
        self._as_is = bool((self._table == np.arange(256)).all())
        width, height = tensor.size_px
        self._canvas = np.full((height, width, 3), picture.pad, np.uint8)
        self._inner: tuple[slice, slice] | None = None
        # OpenCV's tables are at most 32 bits wide; other types are made from those.
        shape = (1, 3, height, width) if tensor.layout == "nchw" else (1, height, width, 3)
        self._values = np.empty(shape, self._table.dtype)
        self._plane = np.empty((height, width), np.uint8)
        self._ordered = np.empty((height, width, 3), np.uint8)

    def prepare(self, image: ImageBGR) -> tuple[NDArray[Any], Fit]:
        """The input tensor, of batch size 1, and how the frame lies in it. `image` is not changed."""
        fit = self._fit(image)
        rgb = self._picture.colour == "rgb"
        if self._tensor.layout == "nchw":
            for channel in range(3):
                into = self._values[0, 2 - channel if rgb else channel]
                self._look_up(cv2.extractChannel(self._canvas, channel, dst=self._plane), into)
        else:
            ordered = cv2.cvtColor(self._canvas, cv2.COLOR_BGR2RGB, dst=self._ordered) if rgb else self._canvas
            self._look_up(ordered, self._values[0])
        return self._values.astype(self._tensor.dtype, copy=False), fit

    def _look_up(self, pixels: Any, into: NDArray[Any]) -> None:
        if self._as_is:
            into[...] = pixels
        else:
            cv2.LUT(pixels, self._table, dst=into)

    def _fit(self, image: ImageBGR) -> Fit:
        """Resize the frame into the canvas; what it leaves free is the border."""
        height, width = image.shape[:2]
        target_w, target_h = self._tensor.size_px
        inner_w, inner_h = target_w, target_h
        if self._picture.fit == "letterbox":
            scale = min(target_w / width, target_h / height)
            inner_w = min(target_w, max(1, round(width * scale)))
            inner_h = min(target_h, max(1, round(height * scale)))
        left, top = (target_w - inner_w) // 2, (target_h - inner_h) // 2
        inner = np.s_[top : top + inner_h, left : left + inner_w]
        if inner != self._inner:  # another shape of frame: what the last one covered may be border now
            self._canvas[...] = self._picture.pad
            self._inner = inner
        cv2.resize(image, (inner_w, inner_h), dst=self._canvas[inner], interpolation=cv2.INTER_LINEAR)
        return Fit((inner_w / width, inner_h / height), (float(left), float(top)))


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
