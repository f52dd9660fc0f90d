"""Openers with faults, run inside real decode children: `tests.source_openers:NAME`."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from edge.clock import NS_PER_MS, SystemClock
from edge.errors import DeviceError
from edge.frames import ImageBGR
from edge.vision.source.request import OpenRequest

SIZE_PX = (96, 64)


class ScriptedCamera:
    """Pictures filled with their index, every period_ms; then it ends, hangs, dies or breaks."""

    def __init__(self, frames: int, *, then: str = "end", period_ms: float = 0.0) -> None:
        self.size_px = SIZE_PX
        self.fps: float | None = None
        self.frames_total: int | None = None
        self._frames = frames
        self._then = then
        self._period_ns = round(period_ms * NS_PER_MS)
        self._index = -1
        self._clock = SystemClock()
        self._from_ns = self._clock.now_ns()

    def grab(self) -> bool:
        self._index += 1
        if self._index < self._frames:
            self._clock.sleep_until(self._from_ns + self._index * self._period_ns)
            return True
        if self._then == "hang":
            threading.Event().wait()
        if self._then == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._then == "break":
            raise RuntimeError("a fault in the driver")
        return False

    def pos_ms(self) -> float | None:
        return self._index * 40.0

    def retrieve(self, into: ImageBGR) -> bool:
        into[:] = self._index % 256
        return True


def scripted(target: str, *, frames: int, then: str = "end", period_ms: float = 0.0) -> ScriptedCamera:
    """The same script at each start."""
    return ScriptedCamera(frames, then=then, period_ms=period_ms)


def scripted_request(target: str = "camera", **options: str | int | float | bool) -> OpenRequest:
    return OpenRequest("tests.source_openers:scripted", target, target, options)


def first_then(target: str, *, first: str) -> ScriptedCamera:
    """Bad at its first start (`target` is a folder that remembers), good for ever after."""
    marker = Path(target) / "started"
    if marker.exists():
        return ScriptedCamera(1_000_000, period_ms=5.0)
    marker.touch()
    if first == "hang_open":
        threading.Event().wait()
    if first == "refuse":
        raise DeviceError("no answer from rtsp://admin:hunter2@10.0.0.5/ch1?token=hunter3")
    return ScriptedCamera(10, then=first, period_ms=5.0)


def first_then_request(folder: Path, first: str) -> OpenRequest:
    return OpenRequest("tests.source_openers:first_then", str(folder), "camera", {"first": first})
