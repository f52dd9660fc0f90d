"""What was seen in each frame, kept so that it can be scored, and asked for incidents again: frames.jsonl.gz.

One JSON object a frame: boxes, scores and classes of the detector, tracks with their
places and speeds, lengths of queues, crossings. The same input gives the same bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import InputError
from edge.frames import VisionResult
from edge.replay.outputs import storing
from edge.types import KINDS, Crossing, Kind, Track

_PX, _M = 1, 2


class SeenBox(NamedTuple):
    """One answer of the detector."""

    x1_px: float
    y1_px: float
    x2_px: float
    y2_px: float
    score: float
    kind: Kind


class SeenTrack(NamedTuple):
    """One track. seen is False while it coasts through missed detections."""

    id: int
    kind: Kind
    x1_px: float
    y1_px: float
    x2_px: float
    y2_px: float
    x_m: float
    y_m: float
    speed_mps: float | None
    age_s: float
    seen: bool
    vel_mps: tuple[float, float] | None = None
    speed_sd_mps: float | None = None
    score: float = 0.0


class SeenQueue(NamedTuple):
    """The queue of one lane; at_least: it reaches the end of what the camera sees."""

    vehicles: int | None
    length_m: float | None
    at_least: bool
    wait_s: float | None = None


class SeenCrossing(NamedTuple):
    """One road user that left by the exit gate of a movement, as far as rules of incidents ask."""

    t_ns: int
    movement: str
    kind: Kind
    lane: str | None
    track_id: int
    entered_ns: int | None
    speed_mps: float | None


class SeenFrame(BaseModel):
    """One frame of one camera; ok is False where the camera could not be believed, and nothing was looked at.

    crossings: None in files of before they were kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    index: int = Field(ge=0)
    t_ns: int
    ok: bool
    detections: tuple[SeenBox, ...]
    tracks: tuple[SeenTrack, ...]
    queues: dict[str, SeenQueue]
    reason: str | None = None
    crossings: tuple[SeenCrossing, ...] | None = None


def seen_frame(result: VisionResult) -> SeenFrame:
    """What one frame led to, rounded to a tenth of a pixel and a centimetre."""
    found = result.detections
    boxes = np.round(found.boxes_px.astype(np.float64), _PX).tolist()
    scores = np.round(found.scores.astype(np.float64), 3).tolist()
    return SeenFrame(
        index=result.frame_index,
        t_ns=result.t_ns,
        ok=result.sight.ok,
        detections=tuple(
            SeenBox(x1, y1, x2, y2, score, KINDS[kind])
            for (x1, y1, x2, y2), score, kind in zip(boxes, scores, found.classes.tolist(), strict=True)
        ),
        tracks=tuple(_seen_track(track) for track in result.tracks),
        queues={
            state.lane: SeenQueue(
                state.queue.vehicles,
                None if state.queue.length_m is None else round(state.queue.length_m, _PX),
                state.queue.at_least,
                None if state.queue.wait_s is None else round(state.queue.wait_s, _M),
            )
            for state in result.lanes
        },
        reason=result.sight.reason,
        crossings=tuple(_seen_crossing(one) for one in result.crossings),
    )


def _seen_crossing(one: Crossing) -> SeenCrossing:
    return SeenCrossing(
        one.t_ns, one.movement, one.kind, one.lane, one.track_id, one.entered_ns, _rounded(one.speed_mps)
    )


def _seen_track(track: Track) -> SeenTrack:
    x1, y1, x2, y2 = track.box_px
    return SeenTrack(
        track.track_id,
        track.kind,
        round(x1, _PX),
        round(y1, _PX),
        round(x2, _PX),
        round(y2, _PX),
        round(track.pos_m[0], _M),
        round(track.pos_m[1], _M),
        _rounded(track.speed_mps),
        round(track.age_s, _M),
        track.seen,
        None if track.vel_mps is None else (round(track.vel_mps[0], _M), round(track.vel_mps[1], _M)),
        _rounded(track.speed_sd_mps),
        round(track.score, _M),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _M)


class FrameLog:
    """Writes the file; a context manager. StorageError when the disk does not take it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with storing(path):
            self._raw = path.open("wb")
            # neither name nor time, so that equal runs are equal to the byte
            self._file = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, compresslevel=6, mtime=0)

    def write(self, frame: SeenFrame) -> None:
        """Append one frame."""
        line = json.dumps(frame.model_dump(mode="json"), separators=(",", ":"), ensure_ascii=False)
        with storing(self.path):
            self._file.write(f"{line}\n".encode())

    def close(self) -> None:
        """Complete the file; safe to call twice."""
        with storing(self.path):
            try:
                self._file.close()
            finally:
                self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_frame_log(path: Path) -> Iterator[SeenFrame]:
    """Frame after frame; InputError where the file cannot be read. One that was cut off ends where it was cut."""
    try:
        with gzip.open(path, "rb") as packed, io.TextIOWrapper(packed, encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith("\n"):
                    return
                yield _frame(path, number, line)
    except EOFError:
        return
    except (OSError, zlib.error, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else "is damaged"
        raise InputError(f"{path}: {said}; replay the video again with --keep-tracks") from error


def _frame(path: Path, number: int, line: str) -> SeenFrame:
    try:
        return SeenFrame.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        raise InputError(f"{path}: line {number}: {where}: {first['msg']}; replay the video again") from error
