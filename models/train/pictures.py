"""Which pictures are trained on, what is drawn in them, and what nobody drew.

A data folder is in YOLO form with two files beside it: `index.csv` says to which part
each picture belongs, `ignore.jsonl` holds doubtful boxes. `PARTS` says what each part's
labels are worth.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError

Boxes = NDArray[np.float32]
CLASSES = ("car", "truck", "bus", "motorcycle", "bicycle", "person")
ALL = frozenset(range(6))
_VEHICLES = frozenset(range(3))


@dataclass(frozen=True, slots=True)
class Part:
    """labelled: classes whose absence means something. share: how often its pictures are drawn,
    relative to their number. certain: weight of "nothing is here" where no box is."""

    labelled: frozenset[int]
    share: float
    certain: float


#: By name of the part in index.csv. h4 is left out: the rights in its pictures are doubtful.
PARTS: Mapping[str, Part] = {
    "l1": Part(frozenset(range(4)), 2.0, 1.0),
    "l2": Part(ALL, 1.6, 1.0),
    "h3": Part(_VEHICLES, 0.8, 1.0),
    "04254": Part(_VEHICLES, 0.6, 0.8),
    "06710": Part(_VEHICLES, 1.0, 0.5),
    "09800": Part(_VEHICLES, 0.9, 0.7),
    "rendered": Part(ALL, 0.4, 1.0),
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture. boxes (n, 5): class, x1, y1, x2, y2 as shares of its sides; doubtful (m, 4) likewise."""

    path: Path
    part: Part
    boxes: Boxes
    doubtful: Boxes = field(default_factory=lambda: np.zeros((0, 4), np.float32))


def read_folder(folder: Path, split: str = "train") -> list[Labelled]:
    """The pictures of a split whose part is in `PARTS`, in order of name; InputError where files are missing."""
    index = folder / "index.csv"
    try:
        with index.open(encoding="utf-8", newline="") as text:
            rows = [row for row in csv.DictReader(text) if row["split"] == split]
    except OSError as error:
        raise InputError(f"{index}: {error.strerror}; give a folder in YOLO form with its index.csv") from error
    except KeyError as error:
        raise InputError(f"{index}: has no column {error}; see models/train/README.md") from error
    doubtful = _doubtful(folder / "ignore.jsonl")
    found = []
    for row in sorted(rows, key=lambda row: row["image"]):
        part = PARTS.get(row["part"])
        if part is None:
            continue
        stem = Path(row["image"]).stem
        found.append(
            Labelled(
                folder / "images" / split / row["image"],
                part,
                _labels(folder / "labels" / split / f"{stem}.txt"),
                doubtful.get(f"{split}/{stem}", np.zeros((0, 4), np.float32)),
            )
        )
    if not found:
        raise InputError(f"{index}: has no picture of split {split} and of a part in PARTS (models/train/pictures.py)")
    return found


def also_doubtful(pictures: Iterable[Labelled], seen: Mapping[str, Boxes]) -> list[Labelled]:
    """The pictures, with what the teacher saw and nobody drew added to what is doubtful.

    seen: stem → (n, 6) as `teacher.look` gives.
    """
    return [
        Labelled(one.path, one.part, one.boxes, np.concatenate((one.doubtful, _undrawn(one, seen[one.path.stem]))))
        if one.path.stem in seen
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
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    try:
        found = np.array(rows, np.float32).reshape(-1, 5)
    except ValueError as error:
        raise InputError(f"{path}: a line is not 'class cx cy w h'; correct it") from error
    return _corners(found)


def _corners(rows: Boxes) -> Boxes:
    """Class, centre and size → class and corners."""
    half = rows[:, 3:] / 2
    return np.concatenate((rows[:, :1], rows[:, 1:3] - half, rows[:, 1:3] + half), 1)


def _doubtful(path: Path) -> dict[str, Boxes]:
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["image"]: _corners(np.array(row["boxes"], np.float32).reshape(-1, 5))[:, 1:] for row in rows}
