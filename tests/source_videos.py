"""Small real videos, made in the test, and waiting with a deadline instead of sleeping."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.clock import NS_PER_S, SystemClock
from edge.frames import ImageBGR

SIZE_PX = (320, 240)
FRAMES = 60
FPS = 25.0


def picture(index: int, size_px: tuple[int, int] = SIZE_PX) -> ImageBGR:
    """A car on a textured road, further right in each picture."""
    noise = np.random.default_rng(index).integers(60, 90, (size_px[1], size_px[0], 3), dtype=np.uint8)
    return cv2.rectangle(noise, (index * 4, 50), (index * 4 + 40, 100), (0, 0, 255), -1).astype(np.uint8)


def write_video(path: Path, frames: int = FRAMES, fourcc: str = "mp4v", size_px: tuple[int, int] = SIZE_PX) -> Path:
    """A constant rate video, by OpenCV."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), FPS, size_px)
    assert writer.isOpened()
    for index in range(frames):
        writer.write(picture(index, size_px))
    writer.release()
    return path


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg; the test skips where there is none."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is not installed")
    command = [program, "-nostdin", "-y", "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def cut(path: Path, share: float, to: Path) -> Path:
    """The first `share` of a file's bytes."""
    content = path.read_bytes()
    to.write_bytes(content[: int(len(content) * share)])
    return to


def until(condition: Callable[[], bool], what: str, limit_s: float = 20.0) -> None:
    """Return when `condition` holds; fail after `limit_s`."""
    clock = SystemClock()
    end_ns = clock.now_ns() + round(limit_s * NS_PER_S)
    tick = threading.Event()
    while not condition():
        if clock.now_ns() > end_ns:
            pytest.fail(f"not within {limit_s:g} s: {what}")
        tick.wait(0.01)


def process_lives(pid: int) -> bool:
    """Whether a process runs; a zombie that its new parent has not reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def process_known(pid: int) -> bool:
    """Whether a process runs or waits to be reaped."""
    return Path(f"/proc/{pid}").exists()


def frame_memories() -> int:
    """How many of this process's descriptors are frame memory."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            count += "stopline-frames" in str(entry.readlink())
        except FileNotFoundError:
            continue
    return count
