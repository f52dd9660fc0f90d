"""The six seams of Stopline. Each has one contract suite run against every implementation."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from edge.controller import Controller
from edge.frames import Detections, Frame
from edge.types import Track
from firmware_bridge.bridge import Bridge

__all__ = ["Bridge", "Controller", "Detector", "FrameSource", "Publisher", "Tracker"]


class FrameSource(Protocol):
    """Frames of one camera in time order. A context manager; leaving it frees the camera.

    Iterating raises DeviceError when a live camera is gone and InputError when a file
    is damaged. `dropped` counts live frames thrown away because the reader was late.
    """

    camera: str
    size_px: tuple[int, int]
    fps: float | None
    frames_total: int | None

    @property
    def dropped(self) -> int: ...
    def __iter__(self) -> Iterator[Frame]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Detector(Protocol):
    """Finds road users in one picture. `detect` is pure: the same picture, the same answer."""

    name: str

    def detect(self, frame: Frame) -> Detections: ...
    def close(self) -> None: ...


class Tracker(Protocol):
    """Follows detections over time; times come from the detections, in any frame rate."""

    def update(self, detections: Detections) -> tuple[Track, ...]: ...
    def reset(self) -> None: ...


class Publisher(Protocol):
    """Sends committed records out, and forgets each only when the collector has it."""

    def step(self, timeout_s: float) -> int: ...
    def close(self) -> None: ...
