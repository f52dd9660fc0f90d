"""Writing a rendered clip: with ffmpeg, without it, and where it cannot be written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import StorageError
from sim_videos.clip import ClipWriter

_GREY = np.full((48, 64, 3), 120, np.uint8)


def _write(path: Path, frames: int) -> None:
    with ClipWriter(path, (64, 48), 12.5) as clip:
        for _ in range(frames):
            clip.add(_GREY)


@pytest.mark.parametrize("with_ffmpeg", [True, False])
def test_every_frame_added_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_ffmpeg: bool) -> None:
    if not with_ffmpeg:
        monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "grey.mp4"
    _write(path, 7)
    video = cv2.VideoCapture(str(path))
    frames = []
    while True:
        ok, picture = video.read()
        if not ok:
            break
        frames.append(picture)
    assert len(frames) == 7
    assert all(abs(float(picture.mean()) - 120) < 6 for picture in frames)


@pytest.mark.parametrize("with_ffmpeg", [True, False])
def test_a_place_that_cannot_be_written_is_a_storage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_ffmpeg: bool
) -> None:
    if not with_ffmpeg:
        monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StorageError, match=r"none/grey\.mp4"):
        _write(tmp_path / "none" / "grey.mp4", 200)


def test_an_interrupted_rendering_ends_its_encoder(tmp_path: Path) -> None:
    clip = ClipWriter(tmp_path / "grey.mp4", (64, 48), 12.5)
    clip.add(_GREY)
    clip.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert clip.ended
