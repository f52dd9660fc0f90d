"""What is wrong with a file, and when a recording counts as cut off."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.errors import InputError
from edge.vision.source.recording import check_recording, is_short, not_decodable

PARTIAL = "[mov,mp4 @ 0x55] stream 0, offset 0x13fb9: partial file"


@pytest.mark.parametrize(
    ("decoded", "last_ms", "gap_ms", "complaints", "short"),
    [
        (100, 3960, 40, "", False),  # all there
        (100, 3960, 40, PARTIAL, False),  # grumbles, yet all there
        (99, 3920, 40, "", False),  # an edit list hides one
        (60, 3960, 1600, "", False),  # Matroska's estimate of a variable rate; the end is there
        (60, 2360, 40, "", True),  # 1.6 s missing without a word (AVI cut between two frames)
        (60, 2360, 1000, "", False),  # the last frame of a slow recording may last long
        (99, 3920, 40, PARTIAL, True),  # the last one is missing, and the decoder says so
        (99, 3960, 80, PARTIAL, False),  # 1 % lost inside
        (98, 3960, 80, "[h264] error while decoding MB 9 6", True),  # 2 % lost inside
        (98, 3960, 80, "[h264] co located POCs unavailable", False),  # odd, not lost
    ],
)
def test_is_short(decoded: int, last_ms: float, gap_ms: float, complaints: str, *, short: bool) -> None:
    got = is_short(
        decoded=decoded,
        promised=100,
        fps=25.0,
        last_ms=last_ms,
        step_ms=40.0,
        largest_gap_ms=gap_ms,
        complaints=complaints,
    )
    assert got is short


def test_a_container_that_promises_nothing_is_never_short() -> None:
    for promised, fps in ((None, 25.0), (100, None)):
        assert not is_short(
            decoded=1, promised=promised, fps=fps, last_ms=0, step_ms=40, largest_gap_ms=0, complaints=PARTIAL
        )


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "noon.mp4"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.geteuid() == 0:  # root may read all: let the system call refuse instead

        def refuse(self: Path, mode: str = "r") -> None:
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"noon\.mp4 may not be read by this user: `chmod a\+r "):
        check_recording(path)


def test_a_disk_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "noon.mp4"
    path.write_bytes(b"x")

    def fail(self: Path, mode: str = "r") -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(InputError, match=r"noon\.mp4 cannot be read \(Input/output error\)"):
        check_recording(path)


def test_codec_without_decoder(tmp_path: Path) -> None:
    path = tmp_path / "noon.avi"
    path.write_bytes(b"RIFF")
    error = not_decodable(path, "[ERROR:0@0.007] open Could not find decoder for codec_id=0")
    assert "codec that this installation cannot decode: convert it with `ffmpeg" in str(error)
