"""Truth on disk: written line by line, replaced in one step; read whole or one frame at a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO, TypeVar

from pydantic import BaseModel, ValidationError

from edge.errors import InputError, StorageError
from sim_videos.truth.schema import SceneEnd, SceneFrame, SceneHeader, line_of

SUFFIX = ".truth.jsonl"
_AGAIN = "render the scene again"
_R = TypeVar("_R", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class SceneTruth:
    """A whole `*.truth.jsonl`."""

    header: SceneHeader
    frames: tuple[SceneFrame, ...]


class TruthWriter:
    """A context manager that writes NAME.truth.jsonl, and beside it the hand count NAME.truth.json.

    Frames go to disk as they come; both files appear, whole, when it is left without an
    error, and neither otherwise. StorageError when the disk does not take them.
    """

    def __init__(self, path: Path, header: SceneHeader, *, clip: str | None = None) -> None:
        if not path.name.endswith(SUFFIX):
            raise ValueError(f"{path.name}: a scene's truth is called NAME{SUFFIX}")
        self.path = path
        self.hand_count = path.with_name(f"{path.name.removesuffix(SUFFIX)}.truth.json")
        #: SHA-256 of the video, for the hand count; set it before leaving where it is known.
        self.video_sha256: str | None = None
        self._header = header
        self._clip = clip if clip is not None else f"{path.name.removesuffix(SUFFIX)}.mp4"
        self._part = path.with_name(f"{path.name}.part")
        self._file: TextIO | None = None
        self._frames = 0
        self._crossings: list[dict[str, object]] = []
        self._counts = Counter(dict.fromkeys(header.movements, 0))

    def __enter__(self) -> Self:
        try:
            self._file = self._part.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise _full(self.path, error) from error
        self._write(line_of(self._header))
        return self

    def add(self, frame: SceneFrame) -> None:
        """Append one frame; ValueError where it is not the next one."""
        if frame.frame != self._frames:
            raise ValueError(f"frame {self._frames} is next, got {frame.frame}")
        self._frames += 1
        for crossing in frame.crossings:
            self._counts[crossing.movement] += 1
            self._crossings.append({"frame": frame.frame, "direction": crossing.movement, "kind": crossing.kind.value})
        self._write(line_of(frame))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None or self._frames == 0:
            self._drop()
            return
        self._write(line_of(SceneEnd(frames=self._frames)))
        try:
            self._close()
            count_part = self.hand_count.with_name(f"{self.hand_count.name}.part")
            count_part.write_text(json.dumps(self._hand_count(), indent=1) + "\n", encoding="utf-8")
            self._part.replace(self.path)
            count_part.replace(self.hand_count)
        except OSError as full:
            self._drop()
            raise _full(self.path, full) from full

    def _hand_count(self) -> dict[str, object]:
        return {
            "clip": self._clip,
            **({} if self.video_sha256 is None else {"sha256": self.video_sha256}),
            "fps": self._header.fps,
            "frames": self._frames,
            "size": list(self._header.size),
            "line": None,
            "counts": dict(self._counts),
            "crossings": self._crossings,
            "note": f"Counted by the renderer: scenario {self._header.scenario}, seed {self._header.seed}.",
        }

    def _write(self, line: str) -> None:
        if self._file is None:
            raise ValueError("the writer is not open")
        try:
            self._file.write(f"{line}\n")
        except OSError as error:
            raise _full(self.path, error) from error

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _drop(self) -> None:
        try:
            self._close()
        finally:
            self._part.unlink(missing_ok=True)


def read_header(path: Path) -> SceneHeader:
    """The first line of a scene's truth; InputError names what is wrong with it."""
    with closing(_lines(path)) as lines:
        return _header(path, lines)


def read_frames(path: Path) -> Iterator[SceneFrame]:
    """Frame after frame, in order; InputError names file, line and field of what is wrong, or says it was cut off."""
    with closing(_lines(path)) as lines:
        _header(path, lines)
        expected = 0
        for number, line in lines:
            if '"users"' not in line:
                end = _parse(SceneEnd, path, number, line)
                if end.frames != expected:
                    raise InputError(
                        f"{path}: line {number}: frames: says {end.frames}, there are {expected}; {_AGAIN}"
                    )
                for after, _ in lines:
                    raise InputError(f"{path}: line {after}: comes after the last line; {_AGAIN}")
                return
            frame = _parse(SceneFrame, path, number, line)
            if frame.frame != expected:
                raise InputError(f"{path}: line {number}: frame: is {frame.frame}, {expected} is next; {_AGAIN}")
            expected += 1
            yield frame
        raise InputError(f"{path}: was cut off after {expected} frames; {_AGAIN}")


def load_scene_truth(path: Path) -> SceneTruth:
    """Read a scene's truth; InputError names file, line and what is wrong."""
    return SceneTruth(read_header(path), tuple(read_frames(path)))


def _header(path: Path, lines: Iterator[tuple[int, str]]) -> SceneHeader:
    number, first = next(lines, (0, ""))
    if not first:
        raise InputError(f"{path}: is empty; {_AGAIN}")
    if '"stopline-scene-truth/1"' in first:
        raise InputError(f"{path}: is of the older form stopline-scene-truth/1; {_AGAIN}")
    return _parse(SceneHeader, path, number, first)


def _lines(path: Path) -> Generator[tuple[int, str], None, None]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from enumerate(file, start=1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give the {SUFFIX} of a rendered scene") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text; give the {SUFFIX} of a rendered scene") from error


def _parse(kind: type[_R], path: Path, number: int, line: str) -> _R:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        raise InputError(f"{path}: line {number}: {where}: {first['msg']}; {_AGAIN}") from error


def _full(path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot write {path}: {error.strerror or error}; free space or choose another folder")
