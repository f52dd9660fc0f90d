"""Parts of a replay that do as they are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

import numpy as np

from calibration.site import Site
from edge.errors import StoplineError
from edge.frames import Detections, Frame, VisionResult
from edge.types import Crossing, Interval, Kind, LaneState, NotCounted, PhaseRequest, Queue, Sight, SignalState

FRAME_NS = 40_000_000
SIZE = (320, 240)

SITE = Site.model_validate(
    {
        "schema_version": 1,
        "id": "sample",
        "name": "Sample Street",
        "timezone": "Europe/London",
        "cameras": [
            {
                "id": "cam",
                "size_px": SIZE,
                "homography": {
                    "pairs": [
                        {"px": (0, 0), "m": (0, 0)},
                        {"px": (320, 0), "m": (32, 0)},
                        {"px": (320, 240), "m": (32, 24)},
                        {"px": (0, 240), "m": (0, 24)},
                    ]
                },
            }
        ],
        "approaches": [{"id": "EB", "speed_limit_mps": 13.4}],
        "lanes": [
            {
                "id": "E1",
                "approach": "EB",
                "camera": "cam",
                "polygon_px": [(10, 100), (200, 100), (200, 140), (10, 140)],
                "stop_line_px": ((200, 100), (200, 140)),
                "phase": 4,
            }
        ],
        "movements": [
            {
                "id": "EBT",
                "approach": "EB",
                "camera": "cam",
                "entry": {"line_px": ((60, 90), (60, 150))},
                "exit": {"line_px": ((260, 90), (260, 150))},
                "lanes": ["E1"],
                "phase": 4,
                "direction": "rightward",
            }
        ],
    }
)


class FakeSource:
    """Frames of one grey, then an error if one is given."""

    camera = "cam"
    size_px = SIZE
    fps: float | None = 25.0
    dropped = 0

    def __init__(self, frames: int, error: StoplineError | None = None) -> None:
        self.frames_total: int | None = frames
        self._error = error
        self.open = False

    def __iter__(self) -> Iterator[Frame]:
        assert self.frames_total is not None
        image = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
        for index in range(self.frames_total):
            yield Frame("cam", index, index * FRAME_NS, image)
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        self.open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open = False


class FakeDetector:
    """One car that moves a pixel a frame."""

    name = "fake"

    def detect(self, frame: Frame) -> Detections:
        box = np.array([[frame.index, 100, frame.index + 30.5, 130]], np.float32)
        return Detections(frame.t_ns, box, np.array([0.9], np.float32), np.array([0], np.int32))

    def close(self) -> None:
        pass


class FakeVision:
    """A crossing at each of the frames listed, and one track left over at the end."""

    def __init__(self, at_frames: Iterable[int]) -> None:
        self._at = set(at_frames)

    def update(self, frame: Frame, detections: Detections, sight: Sight) -> VisionResult:
        crossings: tuple[Crossing, ...] = ()
        if frame.index in self._at:
            crossings = (Crossing(frame.t_ns, "EBT", Kind.CAR, "E1", frame.index, None, 9.87654, 0.0),)
        state = LaneState(frame.t_ns, "E1", False, 0.0, 1, None, None, Queue("E1", 1, 2.0, None))
        return VisionResult(frame.t_ns, frame.index, "cam", sight, detections, (), crossings, (), (state,))

    def finish(self, t_ns: int) -> tuple[NotCounted, ...]:
        return (NotCounted(t_ns, 99, Kind.CAR, "EBT", "not yet", (1.0, 2.0), (0.0, 0.0), 3.0),)


class FakeSignals:
    """Steps of 100 ms; phase 4 turns green at `green_s` and stays so."""

    def __init__(self, green_s: float) -> None:
        self._green_ns = round(green_s * 1e9)
        self._next_ns = 0
        self.closed = False

    def until(self, t_ns: int) -> Iterator[tuple[PhaseRequest, SignalState]]:
        while self._next_ns <= t_ns:
            now = self._next_ns
            self._next_ns += 100_000_000
            green = now >= self._green_ns
            shown: Mapping[int, Interval] = {4: Interval.GREEN if green else Interval.RED}
            state = SignalState(now, shown, {4: self._green_ns if green else 0})
            yield PhaseRequest(now, frozenset({4}), "plan"), state

    def see(self, result: VisionResult) -> None:
        pass

    def close(self) -> None:
        self.closed = True


class Stopwatch:
    """A clock on which each look takes a millisecond."""

    def __init__(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        self._now_ns += 1_000_000
        return self._now_ns

    def wall_ns(self, t_ns: int) -> int:
        return t_ns

    def synced(self) -> bool:
        return True

    def sleep_until(self, t_ns: int) -> None:
        raise AssertionError(f"nothing waits in a replay, asked to wait until {t_ns} ns")
