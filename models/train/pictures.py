"""Which pictures are trained on, what is drawn in them, and what nobody drew.

A data folder is in YOLO form with two files beside it: `index.csv` says to which part
each picture belongs, `ignore.jsonl` holds doubtful boxes. `PARTS` says what each part's
labels are worth.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError

Boxes = NDArray[np.float32]
CLASSES = ("car", "truck", "bus", "motorcycle", "bicycle", "person")
ALL = frozenset(range(6))
_NO_BOX: Boxes = np.zeros((0, 4), np.float32)
_VEHICLES = frozenset(range(3))


@dataclass(frozen=True, slots=True)
class Part:
    """labelled: classes whose absence means something. share: how often its pictures are drawn,
    relative to their number. certain: weight of "nothing is here" where no box is. complete: no
    box is missing, so the teacher is not asked."""

    labelled: frozenset[int]
    share: float = 1.0
    certain: float = 1.0
    complete: bool = False


#: By name of the part in index.csv, up to its first "_". h4 is left out: the rights in its pictures are doubtful.
PARTS: Mapping[str, Part] = {
    "l1": Part(frozenset(range(4)), 2.0, 1.0),
    "l2": Part(ALL, 1.6, 1.0),
    "h3": Part(_VEHICLES, 0.8, 1.0),
    "04254": Part(_VEHICLES, 0.6, 0.8),
    "06710": Part(_VEHICLES, 1.0, 0.5),
    "09800": Part(_VEHICLES, 0.9, 0.7),
    "rendered": Part(ALL, 1.6, 1.0, complete=True),
}
#: Cameras that measure: pictures of theirs are never trained on.
TEST_CAMERAS = frozenset({"09747", "9747", "625", "09801"})


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture. boxes (n, 5): class, x1, y1, x2, y2 as shares of its sides; doubtful (m, 4) likewise.

    light is as index.csv says (day, dusk, night), empty where it does not.
    """

    path: Path
    part: Part
    boxes: Boxes
    light: str = ""
    doubtful: Boxes = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    def picture(self) -> NDArray[np.uint8]:
        """Its pixels (h, w, 3), BGR. Raises InputError where they cannot be read."""
        picture = cv2.imread(str(self.path))
        if picture is None:
            raise InputError(f"{self.path}: is no picture that OpenCV can read; take it out of the folder")
        return np.asarray(picture, np.uint8)


def read_folder(folder: Path, split: str = "train", parts: Mapping[str, Part] = PARTS) -> list[Labelled]:
    """The pictures of a split whose part is among `parts`, in order of name.

    Raises InputError naming the file and the fault: one that is missing, a line that cannot
    be read, a training picture of a camera that measures.
    """
    index = folder / "index.csv"
    try:
        with index.open(encoding="utf-8", newline="") as text:
            rows = [row for row in csv.DictReader(text) if row["split"] == split]
        rows.sort(key=lambda row: row["image"])
        wanted = [(row, parts[name]) for row in rows if (name := row["part"].partition("_")[0]) in parts]
    except OSError as error:
        raise InputError(f"{index}: {error.strerror}; give a folder in YOLO form with its index.csv") from error
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{index}: needs the columns split, image and part ({error})") from error
    if not wanted:
        raise InputError(f"{index}: has no picture of split {split} and of the parts {', '.join(parts)}")
    doubtful = _doubtful(folder / "ignore.jsonl")
    return [_labelled(folder, split, row, part, doubtful) for row, part in wanted]


def _labelled(folder: Path, split: str, row: Mapping[str, str], part: Part, doubtful: Mapping[str, Boxes]) -> Labelled:
    path = folder / "images" / split / row["image"]
    cameras = {row["part"], row.get("camera") or "", *path.stem.split("_")}
    if split == "train" and cameras & TEST_CAMERAS:
        raise InputError(f"{path}: is of a test camera, which is never trained on; take it out of the folder")
    if not path.is_file():
        raise InputError(f"{path}: is not there, though index.csv names it")
    labels = _labels(folder / "labels" / split / f"{path.stem}.txt")
    return Labelled(path, part, labels, row.get("light") or "", doubtful.get(f"{split}/{path.stem}", _NO_BOX))


def also_doubtful(pictures: Iterable[Labelled], seen: Mapping[str, Boxes]) -> list[Labelled]:
    """The pictures, with what the teacher saw and nobody drew added to what is doubtful.

    seen: stem → (n, 6) as `teacher.look` gives.
    """
    return [
        replace(one, doubtful=np.concatenate((one.doubtful, _undrawn(one, seen[one.path.stem]))))
        if one.path.stem in seen and not one.part.complete
        else one
        for one in pictures
    ]


def _undrawn(one: Labelled, seen: Boxes) -> Boxes:
    boxes = seen[:, :4]
    if not len(one.boxes) or not len(boxes):
        return boxes
    low = np.maximum(boxes[:, None, :2], one.boxes[None, :, 1:3])
    high = np.minimum(boxes[:, None, 2:], one.boxes[None, :, 3:])
    shared = np.prod((high - low).clip(0), 2)
    least = np.minimum(_area(boxes)[:, None], _area(one.boxes[:, 1:])[None])
    return np.asarray(boxes[(shared < 0.3 * least).all(1)], np.float32)


def _area(boxes: Boxes) -> Boxes:
    return np.asarray(np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], 1), 1e-9), np.float32)


def _labels(path: Path) -> Boxes:
    if not path.exists():
        return np.zeros((0, 5), np.float32)
    try:
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        found = np.array(rows, np.float32).reshape(len(rows), 5)
    except ValueError as error:
        raise InputError(f"{path}: a line is not 'class cx cy w h'; correct it") from error
    if not (np.isin(found[:, 0], range(len(CLASSES))) & np.isfinite(found).all(1)).all():
        raise InputError(f"{path}: a class is not one of 0 to {len(CLASSES) - 1}; correct it")
    return _corners(found)


def _corners(rows: Boxes) -> Boxes:
    """Class, centre and size → class and corners."""
    half = rows[:, 3:] / 2
    return np.concatenate((rows[:, :1], rows[:, 1:3] - half, rows[:, 1:3] + half), 1)


def _doubtful(path: Path) -> dict[str, Boxes]:
    if not path.exists():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            found[str(row["image"])] = _corners(np.array(row["boxes"], np.float32).reshape(-1, 5))[:, 1:]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}, line {number}: is not an image and its boxes ({error}); correct it") from error
    return found
