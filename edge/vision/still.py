"""One picture of a camera, from a recording or a picture file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.errors import InputError
from edge.frames import ImageBGR
from edge.vision.source.file import FileSource
from edge.vision.source.recording import check_recording, wrong_size

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})


def read_still(path: Path, index: int, camera: str, size_px: tuple[int, int]) -> ImageBGR:
    """(h, w, 3) uint8 BGR of one frame, counted from 0; a picture file is its own only frame.

    Raises InputError where the file cannot be read, is of another size or ends before.
    """
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return _picture(path, size_px)
    with FileSource(path, camera, size_px) as source:
        read = 0
        for frame in source:
            if frame.index == index:
                return frame.image
            read += 1
    raise InputError(f"{path} has {read} frames, counted from 0, so there is no frame {index}: give a smaller --frame")


def _picture(path: Path, size_px: tuple[int, int]) -> ImageBGR:
    check_recording(path)
    image: object = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if not isinstance(image, np.ndarray):
        raise InputError(f"{path} is not a picture that can be read: give a PNG or JPEG file, or a recording")
    size = (image.shape[1], image.shape[0])
    if size != size_px:
        raise wrong_size(str(path), size, size_px)
    return np.asarray(image, np.uint8)
