"""The thread that looks: slow detectors, lost cameras, faults, and an end whatever it is doing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from edge.clock import NS_PER_S, SystemClock
from edge.errors import ConfigError, DeviceError
from edge.frames import Detections, Frame
from edge.live import eyes
from edge.live.eyes import CameraSource, Eyes, Look
from edge.live.pace import FramePace, PacedLooks, PaceSettings
from edge.seams import Detector
from edge.types import Sight
from edge.vision.source import BackoffSettings, LiveSettings, LiveSource
from tests.source_openers import SIZE_PX, scripted_request
from tests.source_videos import until

CLOCK = SystemClock()
LONG_S = 20.0
IMAGE = np.zeros((8, 8, 3), np.uint8)


class Camera:
    """A source that plays rounds: each is a number of frames, then the error given, or the end."""

    camera = "cam"
    size_px = (8, 8)
    fps: float | None = None
    frames_total: int | None = None
    dropped = 0

    def __init__(self, *rounds: tuple[int, Exception | None], restarts: int = 0) -> None:
        self.rounds = list(rounds)
        self.restarts = restarts
        self.last_failure: str | None = None if restarts == 0 else "it was killed"
        self.index = 0
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        frames, error = self.rounds.pop(0)
        for _ in range(frames):
            yield Frame("cam", self.index, self.index * NS_PER_S, IMAGE)
            self.index += 1
        if error is not None:
            raise error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed.set()


class Sees:
    """A detector that finds nothing; `gate` closed, it takes until it is opened."""

    name = "sees"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[int] = []

    def detect(self, frame: Frame) -> Detections:
        self.asked.append(frame.index)
        assert self.gate.wait(LONG_S)
        return Detections.empty(frame.t_ns)

    def close(self) -> None:
        pass


def clear(frame: Frame) -> Sight:
    return Sight(frame.t_ns, frame.camera, True)


def opened(source: CameraSource, detector: Detector) -> Eyes:
    return Eyes(source, detector, clear, CLOCK)


def next_of(looking: Eyes) -> Look:
    look = looking.next(CLOCK.now_ns() + round(LONG_S * NS_PER_S))
    assert look is not None
    return look


def all_of(looking: Eyes) -> list[int]:
    indices = []
    while not looking.ended:
        look = looking.next(CLOCK.now_ns() + NS_PER_S)
        if look is not None:
            indices.append(look.frame.index)
    return indices


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost camera is asked again without a pause."""
    monkeypatch.setattr(eyes, "_AGAIN_S", 0.001)


def test_every_frame_of_a_source_that_waits_comes_once_and_in_order() -> None:
    with opened(Camera((50, None)), Sees()) as looking:
        assert all_of(looking) == list(range(50))


def test_waiting_ends_in_time_while_the_detector_still_works() -> None:
    detector = Sees()
    detector.gate.clear()
    with opened(Camera((1, None)), detector) as looking:
        assert looking.next(CLOCK.now_ns() + NS_PER_S // 100) is None
        assert not looking.ended
        detector.gate.set()
        assert next_of(looking).frame.index == 0


def test_a_slow_detector_gets_the_newest_frames_and_the_rest_are_counted() -> None:
    request = scripted_request(frames=1_000_000, period_ms=2)
    detector = Sees()
    detector.gate.clear()
    source = LiveSource(request, "cam", CLOCK, SIZE_PX, LiveSettings(buffer_frames=1))
    with opened(source, detector) as looking:
        until(lambda: looking.facts.dropped >= 100, "frames are dropped while the detector works")
        detector.gate.set()
        first, second = (next_of(looking).frame.index for _ in range(2))
        assert second - first > 90  # a few may have gone before the first was taken
        assert looking.facts.dropped >= second - first - 1


def test_a_lost_camera_is_reported_and_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    gone = DeviceError("camera cam gave no frame for 10 s: no route to host; it is tried on")
    with opened(Camera((2, gone), (0, gone), (3, gone), (1, None)), Sees()) as looking:
        assert all_of(looking) == list(range(6))
    assert caplog.messages == [str(gone)] * 3


def test_another_fault_ends_it_after_the_looks_before_it() -> None:
    with opened(Camera((1, ConfigError("install picamera2"))), Sees()) as looking:
        assert next_of(looking).frame.index == 0
        with pytest.raises(ConfigError, match="install picamera2"):
            next_of(looking)


def test_a_detector_that_breaks_is_not_taken_for_a_lost_camera() -> None:
    class Breaks(Sees):
        def detect(self, frame: Frame) -> Detections:
            raise RuntimeError(f"frame {frame.index}: out of memory")

    with opened(Camera((1, None)), Breaks()) as looking, pytest.raises(RuntimeError, match="frame 0: out of memory"):
        next_of(looking)


def test_a_picture_that_cannot_be_believed_costs_no_detector_time() -> None:
    detector = Sees()

    def dark(frame: Frame) -> Sight:
        return Sight(frame.t_ns, frame.camera, False, "dark")

    with Eyes(Camera((1, None)), detector, dark, CLOCK) as looking:
        look = next_of(looking)
    assert (look.sight.reason, len(look.detections), look.detector_ns) == ("dark", 0, None)
    assert detector.asked == []


def test_why_no_frame_comes_is_said_only_while_none_does() -> None:
    camera = Camera((1, None), restarts=4)
    looking = opened(camera, Sees())
    before = looking.facts.failure
    assert before == "it was killed"
    with looking:
        next_of(looking)
        until(lambda: looking.ended, "the frame was taken")
        assert (looking.facts.failure, looking.facts.restarts) == (None, 4)
        camera.restarts = 5
        assert looking.facts.failure == before


def test_leaving_ends_a_thread_that_waits_for_frames() -> None:
    source = LiveSource(
        scripted_request(frames=1, then="hang"), "cam", CLOCK, SIZE_PX, LiveSettings(backoff=BackoffSettings(30, 1))
    )
    with opened(source, Sees()) as looking:
        next_of(looking)
    assert not any(thread.name.endswith("-cam") for thread in threading.enumerate())


def test_leaving_ends_a_thread_whose_look_nobody_takes() -> None:
    camera, detector = Camera((100, None)), Sees()
    with opened(camera, detector):
        until(lambda: len(detector.asked) == 2, "one look waits to be taken, another is ready")
    assert camera.closed.is_set()
    assert detector.asked == [0, 1]
    assert not any(thread.name == "eyes-cam" for thread in threading.enumerate())


def test_frames_that_the_pace_leaves_out_are_not_looked_at() -> None:
    detector = Sees()
    # frames a second apart: a look of no time at all, but a chip that is too hot for every frame
    pace = PacedLooks(FramePace(5.0, PaceSettings(hold_s=0.0, most=2)), 1.0, heat=lambda: 95.0)
    camera = Camera((9, None))
    looks = []
    with Eyes(camera, detector, lambda frame: Sight(frame.t_ns, "cam", True), CLOCK, pace) as seen:
        while not seen.ended:
            look = seen.next(CLOCK.now_ns() + NS_PER_S)
            if look is not None:
                looks.append(look.frame.index)
    assert looks == [0, 1, 3, 5, 7]
    assert pace.skipped == 4
