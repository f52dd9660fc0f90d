"""Writes frames into a video file: H.264 by the system's ffmpeg, or MPEG-4 by OpenCV.

H.264 goes without B-frames, so every player and OpenCV agree on which frame is which.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Self

import cv2

from edge.errors import StorageError
from edge.frames import ImageBGR


class ClipWriter:
    """A context manager; `add` takes frames of size_px. StorageError when the file cannot be written."""

    def __init__(self, path: Path, size_px: tuple[int, int], fps: float, *, quality: int = 25) -> None:
        self._path = path
        self._ffmpeg: subprocess.Popen[bytes] | None = None
        self._opencv: cv2.VideoWriter | None = None
        ffmpeg = which("ffmpeg")
        if ffmpeg is None:
            self._opencv = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size_px)
            if not self._opencv.isOpened():
                raise StorageError(f"{path}: OpenCV cannot write a video there; choose another folder")
            return
        source = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{size_px[0]}x{size_px[1]}", "-r", str(fps), "-i", "-"]
        coding = ["-c:v", "libx264", "-preset", "slow", "-crf", str(quality), "-bf", "0", "-g", str(round(4 * fps))]
        same = ["-pix_fmt", "yuv420p", "-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
        quiet = [ffmpeg, "-v", "error", "-nostdin", "-y"]
        finish = ["-movflags", "+faststart", "-f", "mp4", str(path)]
        self._ffmpeg = subprocess.Popen(
            [*quiet, *source, *coding, *same, *finish], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def add(self, picture: ImageBGR) -> None:
        """Append one frame."""
        if self._opencv is not None:
            self._opencv.write(picture)
        elif self._ffmpeg is not None and self._ffmpeg.stdin is not None:
            try:
                self._ffmpeg.stdin.write(picture.tobytes())
            except BrokenPipeError as error:
                raise StorageError(self._complaint()) from error

    def close(self) -> None:
        """Finish the file."""
        if self._opencv is not None:
            self._opencv.release()
        if self._ffmpeg is not None:
            _, said = self._ffmpeg.communicate()
            if self._ffmpeg.returncode != 0:
                raise StorageError(f"{self._path}: ffmpeg could not write the video: {said.decode().strip()[-200:]}")

    @property
    def ended(self) -> bool:
        """Whether no encoder is running any more."""
        if self._ffmpeg is not None:
            return self._ffmpeg.poll() is not None
        return self._opencv is None or not self._opencv.isOpened()

    def _complaint(self) -> str:
        said = self._ffmpeg.stderr.read() if self._ffmpeg is not None and self._ffmpeg.stderr is not None else b""
        return f"{self._path}: ffmpeg could not write the video: {said.decode().strip()[-200:]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        elif self._ffmpeg is not None:
            self._ffmpeg.kill()
            self._ffmpeg.communicate()
        elif self._opencv is not None:
            self._opencv.release()
