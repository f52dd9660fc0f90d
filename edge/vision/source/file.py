"""A recorded video: every frame once, in order, as fast as its reader takes them.

Decoding runs in a child. Should it be killed or hang, another one takes over at the
very next frame: frames are numbered by decoding from the start, not by seeking, so
none is lost and none comes twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.errors import ConfigError, InputError
from edge.frames import Frame
from edge.vision.source.decoder import DecodeChild, DecoderDiedError
from edge.vision.source.recording import check_recording, is_short, no_picture, not_decodable, truncated, wrong_size
from edge.vision.source.request import OpenRequest, recording_request
from edge.vision.source.stamps import RecordingTimes
from edge.vision.source.wire import Arrived, Ended, Failed, Opened

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileSettings:
    """open_s, stall_s: how long a decoder may take to open the file (and come to where it
    goes on), and for one frame. attempts: how often it may die at the same frame before
    the file is given up. slots: frames decoded ahead."""

    open_s: float = 30.0
    stall_s: float = 30.0
    attempts: int = 3
    slots: int = 4


class FileSource:
    """A recording as a `FrameSource`; opened at once, so it is read or refused here.

    `t_ns` is 0 at the first frame and follows the stream's stamps; see RecordingTimes.
    `frames_total` is what the container promises, None where it does not say. Raises
    InputError; while iterating only after every frame that can be read was handed out.
    """

    def __init__(
        self,
        path: str | Path,
        camera: str,
        expected_size_px: tuple[int, int] | None = None,
        *,
        settings: FileSettings | None = None,
        request: OpenRequest | None = None,
    ) -> None:
        self.camera = camera
        self.restarts = 0
        self._path = Path(path)
        self._settings = settings if settings is not None else FileSettings()
        self._request = request if request is not None else recording_request(self._path)
        self._next_index = 0
        self._deaths_here = 0
        self._child: DecodeChild | None = None
        check_recording(self._path)
        opened = self._start()
        self.size_px: tuple[int, int] = (opened.width_px, opened.height_px)
        self.fps: float | None = opened.fps
        self.frames_total: int | None = opened.frames_total
        self._times = RecordingTimes(opened.fps)
        if expected_size_px is not None and self.size_px != expected_size_px:
            self.close()
            raise wrong_size(str(self._path), self.size_px, expected_size_px)

    @property
    def dropped(self) -> int:
        """Always 0: the decoder waits for the reader."""
        return 0

    @property
    def repaired(self) -> int:
        """Frames whose stamp was missing or out of order."""
        return self._times.repaired

    @property
    def child_pid(self) -> int | None:
        """Process id of the decoder at work, None when closed or at the end."""
        return None if self._child is None else self._child.pid

    def __iter__(self) -> Iterator[Frame]:
        """Frames from where the last iteration stopped."""
        while (frame := self._next_frame()) is not None:
            yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the decoder and free its memory; iteration then ends."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def _next_frame(self) -> Frame | None:
        while self._child is not None:
            try:
                message = self._child.receive(self._settings.stall_s)
            except DecoderDiedError as death:
                self._replace(str(death))
                continue
            match message:
                case Arrived(slot=slot, pos_ms=pos_ms):
                    frame = Frame(self.camera, self._next_index, self._times.t_ns(pos_ms), self._child.take(slot))
                    self._next_index += 1
                    self._deaths_here = 0
                    return frame
                case Ended(complaints=complaints):
                    self.close()
                    self._judge_end(complaints)
                case Failed():
                    self.close()
                    raise truncated(self._path, self._next_index, self.frames_total)
                case Opened():
                    pass
                case None:
                    self._replace(f"the decoder gave no frame for {self._settings.stall_s:g} s")
        return None

    def _start(self) -> Opened:
        """A child that has opened the file and will send the next frame first."""
        while True:
            self._child = DecodeChild(self._request, slots=self._settings.slots, skip=self._next_index)
            try:
                message = self._child.receive(self._settings.open_s)
            except DecoderDiedError as death:
                self._note_death(str(death))
                continue
            match message:
                case Opened():
                    return message
                case None:
                    self._note_death(f"the decoder did not open it within {self._settings.open_s:g} s")
                case Failed(config=True, reason=reason):
                    self.close()
                    raise ConfigError(reason)
                case Failed(complaints=complaints):
                    self.close()
                    raise not_decodable(self._path, complaints)
                case Ended() | Arrived():
                    self.close()
                    raise no_picture(self._path)

    def _replace(self, reason: str) -> None:
        self._note_death(reason)
        self._start()

    def _note_death(self, reason: str) -> None:
        self.close()
        self._deaths_here += 1
        if self._deaths_here >= self._settings.attempts:
            raise InputError(
                f"{self._path} cannot be decoded past frame {self._next_index}: {reason}, "
                f"{self._deaths_here} times; convert it with `ffmpeg -i INPUT -c:v libx264 OUTPUT.mp4`"
            )
        self.restarts += 1
        _log.warning("%s: %s; it starts again at frame %d", self._path, reason, self._next_index)

    def _judge_end(self, complaints: str) -> None:
        if self._next_index == 0:
            raise no_picture(self._path)
        times = self._times
        short = is_short(
            decoded=self._next_index,
            promised=self.frames_total,
            fps=self.fps,
            last_ms=times.last_ms or 0.0,
            step_ms=times.step_ms,
            largest_gap_ms=times.largest_gap_ms,
            complaints=complaints,
        )
        if short:
            raise truncated(self._path, self._next_index, self.frames_total)
