"""Pictures of incidents, for a person at the cabinet only: people and plates are blurred before anything is written.

Off unless the site asks for it, never sent anywhere, and no more of them than `most`: the oldest goes.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.errors import StorageError
from edge.frames import Detections, Frame, ImageBGR
from edge.types import KINDS, VEHICLE_KINDS, Kind

#: A plate is on the lower part of whatever end of a vehicle shows; riders have faces.
_PLATES_FROM = 0.45
_WHOLE = frozenset({Kind.PERSON, Kind.BICYCLE, Kind.MOTORCYCLE})
_MARGIN = 0.15


class Snapshots:
    """One folder of pictures named by incident. StorageError where it cannot be made."""

    def __init__(self, folder: Path, most: int = 200) -> None:
        self._folder = folder
        self._most = most
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StorageError(f"snapshots: {folder} cannot be made: {error.strerror}") from error

    def keep(self, incident: str, frame: Frame, detections: Detections) -> Path:
        """Write the picture as INCIDENT.jpg, whole or not at all. StorageError where the disk does not take it."""
        path = self._folder / f"{incident}.jpg"
        _, data = cv2.imencode(".jpg", blurred(frame.image, detections), [cv2.IMWRITE_JPEG_QUALITY, 85])
        part = path.with_suffix(".part")
        try:
            part.write_bytes(data.tobytes())
            part.replace(path)
            kept = sorted(self._folder.glob("*.jpg"), key=lambda one: one.stat().st_mtime_ns)
            for old in kept[: max(0, len(kept) - self._most)]:
                old.unlink()
        except OSError as error:
            part.unlink(missing_ok=True)
            raise StorageError(f"snapshots: {path} cannot be written: {error.strerror}") from error
        return path


def blurred(image: ImageBGR, detections: Detections) -> ImageBGR:
    """A copy (h, w, 3) in which nobody is known again: people and riders whole, vehicles where plates are.

    Blocks of averages rather than a soft blur, which can be undone.
    """
    picture = image.copy()
    height, width = image.shape[:2]
    for (x1, y1, x2, y2), index in zip(detections.boxes_px, detections.classes, strict=True):
        kind = KINDS[int(index)]
        from_y = y1 + _PLATES_FROM * (y2 - y1) if kind in VEHICLE_KINDS - _WHOLE else y1
        across, down = _MARGIN * (x2 - x1), _MARGIN * (y2 - from_y)
        left, right = max(0, int(x1 - across)), min(width, int(np.ceil(x2 + across)))
        top, bottom = max(0, int(from_y - down)), min(height, int(np.ceil(y2 + down)))
        if right - left < 1 or bottom - top < 1:
            continue
        part = picture[top:bottom, left:right]
        coarse = cv2.resize(
            part, (max(1, (right - left) // 16), max(1, (bottom - top) // 16)), interpolation=cv2.INTER_AREA
        )
        picture[top:bottom, left:right] = cv2.resize(
            coarse, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST
        )
    return picture
