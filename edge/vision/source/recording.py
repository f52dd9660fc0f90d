"""What can be wrong with a recorded file, each as one sentence with its fix."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from edge.errors import InputError

_CONVERT = "ffmpeg -i INPUT -c:v libx264 OUTPUT.mp4"
#: Words by which libav says that pictures are lost, not merely odd.
_LOSS = re.compile(
    r"partial file|ended prematurely|invalid data|damaged|error while decoding|invalid nal|truncated|overread"
    r"|corrupt|missing picture|error splitting|header missing",
    re.IGNORECASE,
)
_NO_CODEC = re.compile(
    r"could not find (?:decoder|codec)|codec not (?:found|supported)|unsupported codec", re.IGNORECASE
)
#: Share of pictures that may be lost inside a recording without it being called damaged.
_TOLERATED_LOSS = 0.01


def check_recording(path: Path) -> None:
    """InputError where `path` cannot be a recording at all."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a directory: name one video file in it")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is not a regular file: copy the recording to a file first")
        if status.st_size == 0:
            raise InputError(f"{path} is empty (0 bytes): record or copy it again")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: check the path") from error
    except PermissionError as error:
        raise InputError(f"{path} may not be read by this user: `chmod a+r {path}`") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): copy it to a local disk") from error


def not_decodable(path: Path, complaints: str) -> InputError:
    """Why a file that exists could not be opened as video."""
    with path.open("rb") as file:
        head = file.read(12)
    if "moov atom not found" in complaints and head[4:8] == b"ftyp":
        return InputError(
            f"{path} was cut off before its index was written, so none of it can be read: "
            "copy it again, or record to .mkv or .ts, which survive a power cut"
        )
    if _NO_CODEC.search(complaints):
        return InputError(f"{path} is in a codec that this installation cannot decode: convert it with `{_CONVERT}`")
    return InputError(f"{path} is not a video that can be read: give a recording, or convert it with `{_CONVERT}`")


def no_picture(path: Path) -> InputError:
    """It opens, but nothing in it can be decoded."""
    return InputError(f"{path} holds no picture that can be decoded: record or copy it again")


def wrong_size(path: str, size_px: tuple[int, int], expected_px: tuple[int, int]) -> InputError:
    """The picture and the site do not belong together."""
    have, want = f"{size_px[0]}x{size_px[1]}", f"{expected_px[0]}x{expected_px[1]}"
    return InputError(
        f"{path} is {have} but the site's camera is {want}: use the site made for this view, "
        f"or scale the video with `ffmpeg -i INPUT -vf scale={expected_px[0]}:{expected_px[1]} OUTPUT.mp4`"
    )


def is_short(
    *,
    decoded: int,
    promised: int | None,
    fps: float | None,
    last_ms: float,
    step_ms: float,
    largest_gap_ms: float,
    complaints: str,
) -> bool:
    """Whether a recording ended before what its container promises.

    Fewer pictures than promised alone do not say so: Matroska's count is an estimate
    from a nominal rate, and an edit list hides pictures on purpose. Either the decoder
    spoke of loss, and the end or more than 1 % of the pictures is missing; or more
    than a second of the promised time is (and more than two of its own largest gaps).
    """
    if promised is None or fps is None or decoded >= promised:
        return False
    uncovered_ms = promised * 1000.0 / fps - (last_ms + step_ms)
    if _LOSS.search(complaints):
        return uncovered_ms > step_ms / 2 or promised - decoded > _TOLERATED_LOSS * promised
    return uncovered_ms > max(1000.0, 2 * largest_gap_ms)


def truncated(path: Path, decoded: int, promised: int | None) -> InputError:
    """It broke off; what came before was good and was handed on."""
    of = f" of {promised}" if promised is not None else ""
    return InputError(
        f"{path} is damaged or cut off: {decoded}{of} frames could be read, and what was found in them is kept; "
        "copy it again from the recorder for the rest"
    )
