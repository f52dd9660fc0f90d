"""Everything a replay writes into its folder, opened and closed as one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from calibration.site import Movement
from edge.errors import StorageError
from edge.frames import Frame, VisionResult
from edge.replay import files
from edge.replay.annotate import AnnotatedVideo
from edge.replay.detections import DetectionRecorder
from edge.replay.frame_log import FrameLog, seen_frame
from edge.replay.outputs import CountTable, CrossingTable, EventLog, LineFile, storing
from edge.types import Crossing, SignalState

#: A video that loses its end cannot be opened, so writing stops while there is still room to close it.
_SPARE_BYTES = 32 * 2**20
_CHECK_FRAMES = 50


def free_bytes(folder: Path) -> int:
    """Room left on the disk of a folder."""
    return shutil.disk_usage(folder).free


def prepare(folder: Path) -> None:
    """Make the folder, without the files of an earlier replay in it; StorageError where it cannot be."""
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in files.ALL:
            (folder / name).unlink(missing_ok=True)


class ReplayFolder:
    """Writers of one replay. Lines are flushed as they come; the rest is written by `close`.

    also: files that others write (the bridge's), closed with these.
    """

    def __init__(
        self,
        folder: Path,
        movements: tuple[Movement, ...],
        *,
        interval_s: float,
        start_wall_ns: int | None,
        video: AnnotatedVideo | None = None,
        recorder: DetectionRecorder | None = None,
        frames: FrameLog | None = None,
        also: Sequence[LineFile] = (),
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self.path = folder
        self._events = EventLog(folder / files.EVENTS)
        self._crossings = CrossingTable(folder / files.CROSSINGS, movements, start_wall_ns)
        self._counts = CountTable(folder / files.COUNTS, movements, interval_s, start_wall_ns)
        self._video = video
        self.recorder = recorder
        self._frame_log = frames
        self._also = also
        self._free = free
        self._frames = 0

    def event(self, kind: str, t_ns: int, fields: Mapping[str, Any]) -> None:
        """One line of events.jsonl."""
        self._events.write(kind, t_ns, fields)

    def crossing(self, crossing: Crossing) -> None:
        """One road user, in the events, the crossings and the counts."""
        self._crossings.add(crossing)
        self._counts.add(crossing)
        self.event(
            "crossing",
            crossing.t_ns,
            {
                "movement": crossing.movement,
                "class": crossing.kind.value,
                "lane": crossing.lane,
                "track_id": crossing.track_id,
                "entered_ns": crossing.entered_ns,
                "speed_mps": crossing.speed_mps,
                "waited_s": crossing.waited_s,
                "since_green_s": crossing.since_green_s,
                "headway_s": crossing.headway_s,
            },
        )

    def frame(self, frame: Frame, result: VisionResult, signal: SignalState | None) -> None:
        """One frame into the video and the known time; StorageError when the disk is nearly full."""
        if self._frames % _CHECK_FRAMES == 0 and self._free(self.path) < _SPARE_BYTES:
            raise StorageError(
                f"{self.path}: less than {_SPARE_BYTES // 2**20} MiB left on its disk: free space or choose another "
                "--out; what was written up to here stays readable"
            )
        self._frames += 1
        self._counts.see(result.t_ns, result.sight.ok)
        if self._frame_log is not None:
            self._frame_log.write(seen_frame(result))
        if self._video is not None:
            self._video.write(frame, result, signal)

    def close(self) -> StorageError | None:
        """Close and complete every file; the first error met, after all were tried."""
        first: StorageError | None = None
        steps: list[Callable[[], None]] = [self._events.close, self._crossings.close, self._counts.write]
        steps += [file.close for file in self._also]
        if self._frame_log is not None:
            steps.append(self._frame_log.close)
        if self._video is not None:
            steps.append(self._video.close)
        if self.recorder is not None:
            steps.append(self.recorder.save)
        for step in steps:
            try:
                step()
            except StorageError as error:
                first = first or error
        return first
