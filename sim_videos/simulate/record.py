"""Keeps what the cameras of a run saw: a video and its truth for each."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from edge.frames import ImageBGR
from edge.replay.outputs import storing
from edge.types import PhaseRequest, SignalState
from sim_videos.clip import ClipWriter
from sim_videos.simulate.eyes import Look
from sim_videos.state import WorldFrame
from sim_videos.truth import SceneHeader, TruthWriter


class Recording:
    """Implements `Watcher`. A context manager; CAMERA.mp4 and CAMERA.truth.jsonl appear, whole, when it is left well
    and there was a frame; else what was there of those names stays.

    A picture that did not come is the one before once more, so that frames stay in step
    with the truth. StorageError when the folder does not take them.
    """

    def __init__(self, folder: Path, headers: Mapping[str, SceneHeader]) -> None:
        self._folder = folder
        self._headers = dict(headers)
        self._videos: dict[str, ClipWriter] = {}
        self._truths: dict[str, TruthWriter] = {}
        self._last: dict[str, ImageBGR] = {}
        self._open = ExitStack()
        self._frames = 0

    def __enter__(self) -> Self:
        with storing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opening:
            for camera, header in self._headers.items():
                width, height = header.size
                self._last[camera] = np.zeros((height, width, 3), np.uint8)
                video = ClipWriter(_part(self._folder, camera), header.size, header.fps, quality=23)
                self._videos[camera] = opening.enter_context(video)
                truth = TruthWriter(self._folder / f"{camera}.truth.jsonl", header, clip=f"{camera}.mp4")
                self._truths[camera] = opening.enter_context(truth)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and not self._frames:
            error = EOFError("no frame came")
            kind = EOFError
        self._open.__exit__(kind, error, trace)
        for camera in self._videos:
            part = _part(self._folder, camera)
            with storing(part):
                if error is None:
                    part.replace(self._folder / f"{camera}.mp4")
                else:
                    part.unlink(missing_ok=True)

    def on_control(self, request: PhaseRequest, state: SignalState, changed: bool) -> None:
        """Nothing of it is in a picture."""

    def on_frame(self, world: WorldFrame, looks: tuple[Look, ...], state: SignalState | None) -> None:  # noqa: ARG002
        """One frame of every camera."""
        self._frames += 1
        for look in looks:
            if look.frame is not None:
                self._last[look.camera] = look.frame.image
            self._videos[look.camera].add(self._last[look.camera])
            self._truths[look.camera].add(look.truth)


def _part(folder: Path, camera: str) -> Path:
    """A video that is not whole yet; its ending tells encoders what it is to become."""
    return folder / f".{camera}.part.mp4"
