"""Detections kept beside a video, so that what follows them runs again without a model.

One compressed .npz: for each frame its index, time and number of boxes, then all
boxes, scores and classes in a row, exactly as the detector gave them.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from edge.frames import Detections, Frame
from edge.replay.outputs import storing

_FORMAT = "stopline-detections/1"
_ARRAYS = ("frame_index", "t_ns", "counts", "boxes_px", "scores", "classes")


class DetectionRecorder:
    """Keeps what a detector answered, frame by frame; `save` writes the file."""

    def __init__(self, path: Path, video_sha256: str | None, model: str) -> None:
        self.path = path
        self._header = {"format": _FORMAT, "video_sha256": video_sha256, "model": model}
        self._frames: list[int] = []
        self._detections: list[Detections] = []

    def add(self, frame: Frame, detections: Detections) -> None:
        """Keep one frame's detections."""
        self._frames.append(frame.index)
        self._detections.append(detections)

    def save(self) -> None:
        """Write everything kept so far in one step; StorageError when the disk does not take it."""
        found = self._detections
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            header=np.array(json.dumps(self._header, sort_keys=True)),
            frame_index=np.array(self._frames, np.int64),
            t_ns=np.array([d.t_ns for d in found], np.int64),
            counts=np.array([len(d) for d in found], np.int64),
            boxes_px=np.concatenate([d.boxes_px for d in found] or [np.empty((0, 4), np.float32)]),
            scores=np.concatenate([d.scores for d in found] or [np.empty(0, np.float32)]),
            classes=np.concatenate([d.classes for d in found] or [np.empty(0, np.int32)]),
        )
        part = self.path.with_name(f"{self.path.name}.part")
        with storing(self.path):
            part.write_bytes(buffer.getvalue())
            part.replace(self.path)


class RecordedDetector:
    """A Detector that reads its answers from a file made by `--record-detections`."""

    def __init__(self, path: Path, model: str, by_frame: dict[int, Detections]) -> None:
        self.name = model
        self._path = path
        self._by_frame = by_frame

    @classmethod
    def load(cls, path: Path, video_sha256: str | None) -> Self:
        """InputError when the file cannot be read, or was recorded from another video.

        video_sha256 is that of the video to be replayed; None accepts any.
        """
        try:
            # np.load takes anything that is no archive for a pickle, and says how to run it
            if path.is_file() and not zipfile.is_zipfile(path):
                raise ValueError("no .npz archive")
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                header = json.loads(str(stored["header"]))
                arrays = {name: np.asarray(stored[name]) for name in _ARRAYS}
            if header["format"] != _FORMAT:
                raise ValueError(f"format {header['format']!r}")
            by_frame = _by_frame(arrays)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}; give a file from --record-detections") from error
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{path}: is not a file from --record-detections, or is damaged ({error})") from error
        recorded = header["video_sha256"]
        if video_sha256 is not None and recorded is not None and video_sha256 != recorded:
            raise InputError(
                f"{path}: was recorded from another video (sha256 {recorded[:12]}…, this one {video_sha256[:12]}…): "
                "replay that video, or record anew with --record-detections"
            )
        return cls(path, str(header["model"]), by_frame)

    def detect(self, frame: Frame) -> Detections:
        """What was recorded for this frame; InputError where nothing was, or at another time."""
        found = self._by_frame.get(frame.index)
        if found is None:
            raise InputError(
                f"{self._path}: holds no detections of frame {frame.index}: it was recorded from part of this video"
            )
        if found.t_ns != frame.t_ns:
            raise InputError(
                f"{self._path}: frame {frame.index} was recorded at {found.t_ns} ns, the video gives {frame.t_ns} ns: "
                "record anew with --record-detections"
            )
        return found

    def close(self) -> None:
        """Nothing is held open."""


def _by_frame(arrays: dict[str, NDArray[np.generic]]) -> dict[int, Detections]:
    ends = np.cumsum(arrays["counts"].astype(np.int64))
    if len(ends) and ends[-1] != len(arrays["boxes_px"]):
        raise ValueError(f"{ends[-1]} boxes announced, {len(arrays['boxes_px'])} stored")
    starts = ends - arrays["counts"].astype(np.int64)
    return {
        int(index): Detections(
            int(t_ns),
            arrays["boxes_px"][a:b].astype(np.float32),
            arrays["scores"][a:b].astype(np.float32),
            arrays["classes"][a:b].astype(np.int32),
        )
        for index, t_ns, a, b in zip(
            arrays["frame_index"].tolist(), arrays["t_ns"].tolist(), starts.tolist(), ends.tolist(), strict=True
        )
    }
