"""The values that hold arrays: a picture, what was detected in it, and what followed from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.types import KINDS, Crossing, LaneState, NotCounted, Sight, Track

ImageBGR = NDArray[np.uint8]
FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: `image` is (h, w, 3) uint8 BGR; `index` counts frames read from 0."""

    camera: str
    index: int
    t_ns: int
    image: ImageBGR


@dataclass(frozen=True, slots=True)
class Detections:
    """What a detector saw in one frame, as a struct of arrays checked at birth.

    boxes_px (n, 4) float32: x1, y1, x2, y2, with x1 <= x2 and y1 <= y2.
    scores (n,) float32 in 0..1. classes (n,) int32, indices into `KINDS`.
    Raises ValueError where a shape, type or range differs.
    """

    t_ns: int
    boxes_px: FloatArray
    scores: FloatArray
    classes: IntArray

    def __post_init__(self) -> None:
        n = len(self.boxes_px)
        if self.boxes_px.shape != (n, 4) or self.boxes_px.dtype != np.float32:
            raise ValueError(f"boxes_px must be (n, 4) float32, got {self.boxes_px.shape} {self.boxes_px.dtype}")
        if self.scores.shape != (n,) or self.scores.dtype != np.float32:
            raise ValueError(f"scores must be ({n},) float32, got {self.scores.shape} {self.scores.dtype}")
        if self.classes.shape != (n,) or self.classes.dtype != np.int32:
            raise ValueError(f"classes must be ({n},) int32, got {self.classes.shape} {self.classes.dtype}")
        if n == 0:
            return
        if not (np.isfinite(self.boxes_px).all() and np.isfinite(self.scores).all()):
            raise ValueError("boxes_px and scores must be finite")
        if (self.boxes_px[:, :2] > self.boxes_px[:, 2:]).any():
            raise ValueError("boxes_px must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2")
        if self.scores.min() < 0.0 or self.scores.max() > 1.0:
            raise ValueError("scores must lie in 0..1")
        if self.classes.min() < 0 or self.classes.max() >= len(KINDS):
            raise ValueError(f"classes must be indices into {[k.value for k in KINDS]}")

    def __len__(self) -> int:
        return len(self.boxes_px)

    @classmethod
    def empty(cls, t_ns: int) -> Detections:
        """A frame in which nothing was seen (not the same as a frame that could not be seen)."""
        return cls(t_ns, np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int32))


@dataclass(frozen=True, slots=True)
class VisionResult:
    """Everything one frame of one camera led to."""

    t_ns: int
    frame_index: int
    camera: str
    sight: Sight
    detections: Detections
    tracks: tuple[Track, ...]
    crossings: tuple[Crossing, ...]
    not_counted: tuple[NotCounted, ...]
    lanes: tuple[LaneState, ...]
