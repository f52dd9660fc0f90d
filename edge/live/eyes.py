"""Source, sight and detector in a thread of their own: the newest look at the road, for whoever asks in time.

A slow detector thus holds up nobody: the source drops the frames it has no time for,
oldest first, and control goes on with what is known. Where there is a pace
(`edge.live.pace`), frames are left out on purpose before that happens by chance.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from edge.clock import NS_PER_S, Clock
from edge.errors import DeviceError
from edge.frames import Detections, Frame
from edge.live.pace import PacedLooks
from edge.seams import Detector, FrameSource
from edge.types import Sight

_log = logging.getLogger(__name__)
#: A source that is gone is asked again after this; it does its own waiting between attempts.
_AGAIN_S = 1.0


class CameraSource(FrameSource, Protocol):
    """A live source: it starts its decoder again by itself, and says how often and why."""

    @property
    def restarts(self) -> int: ...
    @property
    def last_failure(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Look:
    """One frame as it was seen. detector_ns is None where sight was too bad to ask the detector."""

    frame: Frame
    sight: Sight
    detections: Detections
    detector_ns: int | None


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """The source in numbers. failure is why no frame comes now, None while they come."""

    dropped: int = 0
    restarts: int = 0
    failure: str | None = None


class Eyes:
    """Looks of one camera. A context manager; leaving it ends thread and source.

    A camera that is lost (DeviceError) is reported and waited for, for ever. Any other
    error ends the looks and is raised to whoever asks for the next.
    """

    def __init__(
        self,
        source: CameraSource,
        detector: Detector,
        sight: Callable[[Frame], Sight],
        clock: Clock,
        pace: PacedLooks | None = None,
    ) -> None:
        self._source = source
        self._pace = pace
        self._detector = detector
        self._sight = sight
        self._clock = clock
        self._changed = threading.Condition()
        self._look: Look | None = None
        self._closing = False
        self._ended = False
        self._fatal: Exception | None = None
        self._restarts_at_frame = 0
        self._thread = threading.Thread(target=self._watch, name=f"eyes-{source.camera}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._source.__exit__(None, None, None)
        self._thread.join()

    @property
    def ended(self) -> bool:
        """Whether the stream has come to its end and every look was taken."""
        with self._changed:
            return self._ended and self._look is None

    @property
    def facts(self) -> CameraFacts:
        """The source as it is now."""
        restarts = self._source.restarts
        failing = restarts > self._restarts_at_frame
        return CameraFacts(self._source.dropped, restarts, self._source.last_failure if failing else None)

    def next(self, until_ns: int) -> Look | None:
        """The next look; None where there is none until until_ns, or ever again (`ended`)."""
        with self._changed:
            while self._look is None:
                if self._fatal is not None:
                    raise self._fatal
                left_s = (until_ns - self._clock.now_ns()) / NS_PER_S
                if self._ended or left_s <= 0:
                    return None
                self._changed.wait(left_s)
            look, self._look = self._look, None
            self._changed.notify_all()
            return look

    def _watch(self) -> None:
        try:
            while not self._seen_to_the_end():
                pass
        except Exception as error:  # noqa: BLE001  top of this thread; raised to whoever asks for the next look
            self._fatal = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _seen_to_the_end(self) -> bool:
        """Hand over looks while frames come; False when the camera is to be asked again."""
        try:
            for frame in self._source:
                self._restarts_at_frame = self._source.restarts
                if self._pace is not None and not self._pace.wants(frame.t_ns):
                    continue
                look = self._look_at(frame)
                if self._pace is not None:
                    self._pace.took(look.detector_ns)
                if not self._hand_over(look):
                    break
        except DeviceError as lost:
            _log.warning("%s", lost)
            with self._changed:
                self._changed.wait_for(lambda: self._closing, _AGAIN_S)
                return self._closing
        return True

    def _look_at(self, frame: Frame) -> Look:
        sight = self._sight(frame)
        if not sight.ok:
            return Look(frame, sight, Detections.empty(frame.t_ns), None)
        before_ns = self._clock.now_ns()
        detections = self._detector.detect(frame)
        return Look(frame, sight, detections, self._clock.now_ns() - before_ns)

    def _hand_over(self, look: Look) -> bool:
        """Wait until the look before was taken; False when nobody will ask any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._look is None or self._closing)
            if self._closing:
                return False
            self._look = look
            self._changed.notify_all()
            return True
