"""What a camera's health remembers over a restart: its reference views and its own normal, in one file.

So a camera that was knocked while nothing ran is noticed, and a start in fog does not make fog the normal.
"""

from __future__ import annotations

import io
import logging
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.site import Camera
from edge.vision.health.look import SMALL_PX, TILES
from edge.vision.health.normal import N_LIGHTS, Normal
from edge.vision.health.pointing import Reference

_log = logging.getLogger(__name__)

VERSION = 1
_MAPS = (N_LIGHTS, SMALL_PX[1], SMALL_PX[0])
_TILES = (N_LIGHTS, TILES[1], TILES[0])
_SHAPES: dict[str, tuple[int, ...]] = {
    "edges": _MAPS, "edges_count": (N_LIGHTS,), "usual": (N_LIGHTS,), "count": (N_LIGHTS,),
    "fine": _TILES, "coarse": _TILES, "means": _TILES, "saturated": _TILES,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remembered:
    """One reference and one normal for each light, in the order of the lights."""

    references: list[Reference]
    normals: list[Normal]


def calibration_key(camera: Camera) -> int:
    """A number that changes with the camera's calibration: after a new one, the view is learned anew."""
    pairs = [(*pair.px, *pair.m) for pair in camera.homography.pairs]
    return zlib.crc32(repr((camera.id, tuple(camera.size_px), pairs)).encode())


class HealthMemory:
    """The file of one camera. `key` is that of its calibration (`calibration_key`)."""

    def __init__(self, path: Path, key: int) -> None:
        self.path, self._key = path, key

    def load(self) -> Remembered | None:
        """What was kept; None where there is nothing, or nothing that fits, which the log says."""
        try:
            # Read at once: of a damaged archive numpy leaves the file open.
            with np.load(io.BytesIO(self.path.read_bytes()), allow_pickle=False) as kept:
                arrays = {name: np.asarray(kept[name]) for name in ("version", "key", *_SHAPES)}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            _log.warning("%s: cannot be read (%s); the camera's view is learned anew", self.path, error)
            return None
        why = _misfit(arrays, self._key)
        if why is not None:
            _log.warning("%s: %s; the camera's view is learned anew", self.path, why)
            return None
        maps = {name: arrays[name].astype(np.float32) for name in _SHAPES}
        counts, usual = arrays["edges_count"].tolist(), arrays["usual"].tolist()
        fine, coarse, means, saturated = (maps[name] for name in ("fine", "coarse", "means", "saturated"))
        return Remembered(
            [Reference(maps["edges"][n], int(counts[n]), float(usual[n])) for n in range(N_LIGHTS)],
            [Normal(fine[n], coarse[n], means[n], saturated[n], int(maps["count"][n])) for n in range(N_LIGHTS)],
        )

    def save(self, what: Remembered) -> None:
        """Write the file anew, whole or not at all. A disk that does not take it is told in the log."""
        part = self.path.with_name(self.path.name + ".part")
        half = np.float16
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.savez_compressed(
                    file,
                    version=np.int64(VERSION),
                    key=np.int64(self._key),
                    edges=np.stack([one.edges for one in what.references]).astype(half),
                    edges_count=np.array([one.count for one in what.references]),
                    usual=np.array([one.usual for one in what.references]),
                    count=np.array([one.count for one in what.normals]),
                    fine=np.stack([one.fine for one in what.normals]).astype(half),
                    coarse=np.stack([one.coarse for one in what.normals]).astype(half),
                    means=np.stack([one.means for one in what.normals]).astype(half),
                    saturated=np.stack([one.saturated for one in what.normals]).astype(half),
                )
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        except OSError as error:
            _log.warning("%s: cannot be written (%s); a knock while nothing runs will not be noticed", part, error)


def _misfit(arrays: dict[str, NDArray[Any]], key: int) -> str | None:
    if int(arrays["version"]) != VERSION:
        return f"it is of version {int(arrays['version'])}, this is {VERSION}"
    if int(arrays["key"]) != key:
        return "it is of another calibration"
    for name, shape in _SHAPES.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name].astype(np.float64)).all():
            return f"{name} is damaged"
    return None
