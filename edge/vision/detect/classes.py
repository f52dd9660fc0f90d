"""Which of a model's classes are which of our kinds.

In order: the manifest or a sidecar file; the names that the exporter wrote into the
model file; the number of classes (80 is COCO, 6 are ours). Otherwise the model is
refused: a count of the wrong kind is worse than none.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

import numpy as np

from edge.errors import ModelError
from edge.frames import IntArray
from edge.types import KINDS, Kind

Classes = Mapping[Kind, Sequence[int]]

#: The road users among the 80 classes of COCO (Lin et al. 2014).
COCO_80: Classes = {
    Kind.CAR: (2,),
    Kind.TRUCK: (7,),
    Kind.BUS: (5,),
    Kind.MOTORCYCLE: (3,),
    Kind.BICYCLE: (1,),
    Kind.PERSON: (0,),
}
#: Other words for our kinds, as data sets write them.
_SYNONYMS: dict[str, Kind] = {
    "van": Kind.CAR,
    "lorry": Kind.TRUCK,
    "coach": Kind.BUS,
    "motorbike": Kind.MOTORCYCLE,
    "motorcyclist": Kind.MOTORCYCLE,
    "cyclist": Kind.BICYCLE,
    "bike": Kind.BICYCLE,
    "pedestrian": Kind.PERSON,
    "people": Kind.PERSON,
}
#: The least a sidecar says: our kinds, each with the model's class numbers from 0.
SIDECAR_EXAMPLE = "classes = { car = [0, 3], truck = [1], bus = [2] }"


def classes_of(count: int | None, names: Mapping[int, str] | None, source: str) -> Classes:
    """The classes of a model without sidecar. Raises ModelError that shows what to write."""
    if names is not None and all(name == str(index) for index, name in names.items()):
        # A model that was built without names carries its own indices as names: they say nothing.
        count, names = len(names), None
    if names is not None and (named := classes_from_names(names)):
        return named
    if names is None and count in {None, 80}:
        # An end-to-end head does not tell how many classes it has; exports without names are COCO's.
        return COCO_80
    if names is None and count == len(KINDS):
        return {kind: (index,) for index, kind in enumerate(KINDS)}
    known = f"classes named {', '.join(list(names.values())[:8])}" if names else f"{count} classes without names"
    raise ModelError(
        f"{source}: has {known}, so which are road users is unknown; "
        f"write {source}.toml, for example with the line: {SIDECAR_EXAMPLE}"
    )


def classes_from_names(names: Mapping[int, str]) -> dict[Kind, tuple[int, ...]]:
    """Kinds whose names, or usual synonyms, are among a model's class names."""
    found: dict[Kind, tuple[int, ...]] = {}
    for index, name in names.items():
        word = name.strip().lower()
        kind = Kind(word) if word in {kind.value for kind in Kind} else _SYNONYMS.get(word)
        if kind is not None:
            found[kind] = (*found.get(kind, ()), index)
    return found


def parse_names(text: str) -> dict[int, str] | None:
    """Class names as Ultralytics writes them, `{0: 'person', 1: 'bicycle'}`; None for anything else."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict) or not value:
        return None
    try:
        return {int(index): str(name) for index, name in value.items()}
    except (TypeError, ValueError):
        return None


def wanted_labels(classes: Classes | None) -> list[int]:
    """All class indices that are reported, ascending."""
    return sorted(index for indices in (classes or {}).values() for index in indices)


def kind_table(classes: Classes, count: int | None, source: str) -> IntArray:
    """(c,) index into KINDS of each model class, -1 where not reported. Raises ModelError for a class too high."""
    wanted = wanted_labels(classes)
    if count is not None and wanted[-1] >= count:
        raise ModelError(f"{source}: classes names class {wanted[-1]}, but the model has classes 0 to {count - 1}")
    table = np.full(wanted[-1] + 1, -1, np.int32)
    for kind, indices in classes.items():
        table[list(indices)] = KINDS.index(kind)
    return table
