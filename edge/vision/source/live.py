"""A camera that must not stop: watched, restarted, and read by its latest frames.

A thread takes frames from the decode child as they come and keeps the newest few. A
child that gives no frame for `stall_s` is killed, hung read or not, and another is
started after a growing wait. The reader waits for frames; it is told by DeviceError
when there were none for `gone_after_s`, and may then go on iterating.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from edge.clock import NS_PER_S, Clock
from edge.errors import ConfigError, DeviceError, StoplineError
from edge.frames import Frame
from edge.vision.source.backoff import Backoff, BackoffSettings
from edge.vision.source.decoder import DecodeChild
from edge.vision.source.request import OpenRequest
from edge.vision.source.stamps import CameraTimes
from edge.vision.source.wire import Arrived, Ended, Failed, Opened

_log = logging.getLogger(__name__)
#: How often a waiting reader looks whether the capture thread still lives.
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """open_s: time to the first frame. stall_s: time between frames, then the decoder is killed.

    gone_after_s: a reader that waited so long is told. buffer_frames: newest frames kept
    for a slow reader. ends: the stream's end is the end (a recording in place of a camera).
    """

    open_s: float = 15.0
    stall_s: float = 5.0
    gone_after_s: float = 10.0
    buffer_frames: int = 2
    ends: bool = False
    backoff: BackoffSettings = field(default_factory=BackoffSettings)


class LiveSource:
    """A camera as a `FrameSource`. Frames are dated in cabinet time (see CameraTimes).

    Without `expected_size_px` it waits here until the camera first answers, DeviceError
    after open_s; with it, it returns at once and a camera that is off is retried. A
    picture of another size than expected counts as a failure, with both sizes in it.
    `index` counts every frame of the camera, so a gap in it is a dropped frame.
    """

    def __init__(
        self,
        request: OpenRequest,
        camera: str,
        clock: Clock,
        expected_size_px: tuple[int, int] | None = None,
        settings: LiveSettings | None = None,
    ) -> None:
        self.camera = camera
        self.fps: float | None = None
        self.frames_total: int | None = None
        self.restarts = 0
        self.last_failure: str | None = None
        self._request = request
        self._clock = clock
        self._settings = settings if settings is not None else LiveSettings()
        self._expected_px = expected_size_px
        self._times = CameraTimes()
        self._backoff = Backoff(camera, self._settings.backoff)
        self._frames: deque[Frame] = deque()
        self._index = 0
        self._dropped = 0
        self._child: DecodeChild | None = None
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._finished = False
        self._fatal: StoplineError | None = None
        self._answered_px: tuple[int, int] | None = None
        self._frames_from_ns: int | None = None
        self._thread = threading.Thread(target=self._capture, name=f"source-{camera}", daemon=True)
        self._thread.start()
        self.size_px: tuple[int, int] = expected_size_px if expected_size_px is not None else self._wait_for_size()

    @property
    def dropped(self) -> int:
        """Frames thrown away, oldest first, because the reader was late."""
        return self._dropped

    @property
    def repaired(self) -> int:
        """Frames that had to be dated by their arrival."""
        return self._times.repaired

    @property
    def clock_offset_ns(self) -> int | None:
        """Cabinet time less the stream's own; it grows where the camera's clock is slow."""
        return self._times.offset_ns

    @property
    def child_pid(self) -> int | None:
        """Process id of the decoder at work, None between two."""
        child = self._child
        return None if child is None else child.pid

    def __iter__(self) -> Iterator[Frame]:
        """Frames as they come, until closed; DeviceError after gone_after_s without any."""
        while (frame := self._next_frame()) is not None:
            yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End decoder and thread; a reader waiting in another thread comes to its end."""
        with self._changed:
            self._stopping.set()
            if self._child is not None:
                self._child.kill()
            self._changed.notify_all()
        self._thread.join()

    # ── the reader's side ─────────────────────────────────────────────────────────────

    def _next_frame(self) -> Frame | None:
        gone_ns = self._clock.now_ns() + round(self._settings.gone_after_s * NS_PER_S)
        with self._changed:
            while not self._frames:
                if not self._may_come():
                    return None
                left_s = (gone_ns - self._clock.now_ns()) / NS_PER_S
                if left_s <= 0:
                    why = self.last_failure or "it has not answered yet"
                    raise DeviceError(
                        f"camera {self.camera} ({self._request.name}) gave no frame for "
                        f"{self._settings.gone_after_s:g} s: {why}; it is tried on"
                    )
                self._changed.wait(min(left_s, _LOOK_S))
            if self._stopping.is_set():
                return None
            return self._frames.popleft()

    def _may_come(self) -> bool:
        if self._fatal is not None:
            raise self._fatal
        if self._finished or self._stopping.is_set():
            return False
        if not self._thread.is_alive():
            raise DeviceError(f"camera {self.camera}: its capture thread broke; start this process again")
        return True

    def _wait_for_size(self) -> tuple[int, int]:
        until_ns = self._clock.now_ns() + round(self._settings.open_s * NS_PER_S)
        failure: StoplineError | None = None
        with self._changed:
            while self._answered_px is None and failure is None:
                left_s = (until_ns - self._clock.now_ns()) / NS_PER_S
                if self._fatal is not None:
                    failure = self._fatal
                elif self._finished or left_s <= 0 or not self._thread.is_alive():
                    why = self.last_failure or f"no answer within {self._settings.open_s:g} s"
                    failure = DeviceError(
                        f"camera {self.camera} ({self._request.name}) cannot be opened: {why}; "
                        "check its address, power and cable"
                    )
                else:
                    self._changed.wait(min(left_s, _LOOK_S))
            answered_px = self._answered_px
        if answered_px is None:
            self.close()
            raise failure if failure is not None else DeviceError(f"camera {self.camera} cannot be opened")
        return answered_px

    # ── the capture thread ────────────────────────────────────────────────────────────

    def _capture(self) -> None:
        while not self._stopping.is_set():
            self._frames_from_ns = None
            try:
                self._follow_camera()
            except DeviceError as failure:
                self._wait_after(str(failure))
            except ConfigError as error:
                self._fatal = error
                break
            else:
                break
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def _wait_after(self, reason: str) -> None:
        if self._stopping.is_set():
            return
        wait_s = self._backoff.after(self._frames_from_ns, self._clock.now_ns())
        self.restarts += 1
        self.last_failure = reason
        _log.warning(
            "camera %s (%s): %s; restart %d in %.1f s", self.camera, self._request.name, reason, self.restarts, wait_s
        )
        self._stopping.wait(wait_s)

    def _follow_camera(self) -> None:
        """Frames of one child, until its stream's end; DeviceError says why it failed."""
        with self._changed:
            if self._stopping.is_set():
                return
            child = self._child = self._spawn()
        self._times.reconnected()
        try:
            while self._heard(child):
                pass
        finally:
            with self._changed:
                self._child = None
            child.close()

    def _spawn(self) -> DecodeChild:
        try:
            return DecodeChild(self._request, slots=2)
        except OSError as error:
            raise DeviceError(f"no decoder can be started ({error.strerror})") from error

    def _heard(self, child: DecodeChild) -> bool:
        """Act on the child's next message; False at the end that was to be."""
        limit_s = self._settings.open_s if self._frames_from_ns is None else self._settings.stall_s
        match child.receive(limit_s):
            case Arrived(slot=slot, pos_ms=pos_ms):
                arrival_ns = self._clock.now_ns()
                if self._frames_from_ns is None:
                    self._frames_from_ns = arrival_ns
                    _log.info("camera %s (%s): frames come", self.camera, self._request.name)
                self._keep(child, slot, self._times.t_ns(pos_ms, arrival_ns))
            case Opened() as opened:
                self._promise_size(opened)
            case Ended(complaints=complaints):
                if self._settings.ends:
                    return False
                raise DeviceError("the stream ended" + (f" ({complaints})" if complaints else ""))
            case Failed(reason=reason, complaints=complaints, config=config):
                if config:
                    raise ConfigError(reason)
                raise DeviceError(reason + (f" ({complaints})" if complaints else ""))
            case None:
                raise DeviceError(f"no frame for {limit_s:g} s, so its decoder was killed")
        return True

    def _keep(self, child: DecodeChild, slot: int, t_ns: int) -> None:
        frame = Frame(self.camera, self._index, t_ns, child.take(slot))
        self._index += 1
        with self._changed:
            if len(self._frames) >= self._settings.buffer_frames:
                self._frames.popleft()
                self._dropped += 1
            self._frames.append(frame)
            self._changed.notify_all()

    def _promise_size(self, opened: Opened) -> None:
        size_px = (opened.width_px, opened.height_px)
        # Without a site, the size it first answered with is the one promised.
        expected_px = self._expected_px if self._expected_px is not None else self._answered_px
        if expected_px is not None and size_px != expected_px:
            raise DeviceError(
                f"the camera sends {size_px[0]}x{size_px[1]} but the site's is {expected_px[0]}x{expected_px[1]}, "
                "set the camera's resolution or the site's size_px"
            )
        with self._changed:
            self.fps = opened.fps
            self._answered_px = size_px
            self._changed.notify_all()
