"""A video file that grows frame by frame: H.264 by the system's ffmpeg where there is one, else OpenCV.

H.264 plays everywhere, browsers included. OpenCV's own wheel cannot write it; its
MPEG-4 part 2 (`mp4v`, cheap to write) plays in desktop players, its VP9 (`vp09`)
in browsers too, but takes longer to write than most detectors take to look.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from shutil import which
from typing import Protocol

import cv2

from edge.errors import InputError, StorageError
from edge.frames import ImageBGR

CODECS = ("auto", "h264", "mp4v", "vp09")
_CLOSE_S = 60.0


class VideoFile(Protocol):
    """Frames of one size in; `close` finishes the file, without which no player opens it."""

    def write(self, image: ImageBGR) -> None: ...
    def close(self) -> None: ...


def open_video(path: Path, fps: float, size_px: tuple[int, int], codec: str = "auto") -> VideoFile:
    """A new video. size_px must be even. InputError for an unknown codec, StorageError where it cannot be written."""
    if codec not in CODECS:
        raise InputError(f"--codec {codec!r} is unknown: choose one of {', '.join(CODECS)}")
    ffmpeg = which("ffmpeg") if codec in {"auto", "h264"} else None
    if ffmpeg is not None:
        return _FfmpegVideo(path, fps, size_px, ffmpeg)
    if codec == "h264":
        raise InputError("--codec h264 needs the program ffmpeg: install it, or choose mp4v")
    return _OpenCvVideo(path, fps, size_px, "mp4v" if codec == "auto" else codec)


def _refused(path: Path, codec: str) -> StorageError:
    return StorageError(f"cannot write {path} as {codec}: check the folder and its disk, or replay with --no-video")


class _OpenCvVideo:
    def __init__(self, path: Path, fps: float, size_px: tuple[int, int], codec: str) -> None:
        self._writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, size_px)
        if not self._writer.isOpened():
            raise _refused(path, codec)

    def write(self, image: ImageBGR) -> None:
        self._writer.write(image)

    def close(self) -> None:
        self._writer.release()


class _FfmpegVideo:
    def __init__(self, path: Path, fps: float, size_px: tuple[int, int], ffmpeg: str) -> None:
        self._path = path
        raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{size_px[0]}x{size_px[1]}", "-r", str(fps), "-i", "-"]
        coding = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p", "-threads", "1"]
        # One fragment a second: what was written plays even if the process is killed.
        fragments = ["-g", str(max(1, round(fps))), "-movflags", "+frag_keyframe+empty_moov+default_base_moof"]
        self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
            [ffmpeg, "-v", "error", "-nostdin", "-y", *raw, *coding, *fragments, "-f", "mp4", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for the replay, which then closes the file.
            process_group=0,
        )

    def write(self, image: ImageBGR) -> None:
        if self._process is None or self._process.stdin is None:
            raise _refused(self._path, "h264")
        try:
            self._process.stdin.write(image.tobytes())
        except OSError as error:
            self._end()
            raise _refused(self._path, "h264") from error

    def close(self) -> None:
        if self._process is not None and self._end() != 0:
            raise _refused(self._path, "h264")

    def _end(self) -> int:
        """Let ffmpeg finish, or kill it; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        try:
            return process.wait(_CLOSE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
