"""Detectors on labelled pictures: what they find, by part, class, size and light, and what it costs.

    python -m benchmarks.detector --data DIR [--rendered DIR] [--quick] [--model FILE ...]

One table over the detectors in the box, the registry's models that are on this machine, and
a user's own files. Every detector goes the way it goes in a cabinet (`open_detector`), one
thread, with everything above a score of 0.01 kept.

AP50 is `edge.vision.average_precision`. "vehicles" takes all vehicle classes that the part
labels as one; a class that a part does not label is left out of it, of the labels and of the
detections alike. Regions of ignore.jsonl are skipped. Parts:

val_l1, val_l2   people's labels; the places of the training pictures, minutes apart (optimistic);
                 val_l1 leaves vehicles out, so precision reads low
val_h3           people's labels; the training camera, seconds later (very optimistic)
val_09801        a camera never trained on, but labels by machine: agreement with five detectors
rendered         a folder of rendered pictures (`stopline scene render`): true labels

Recall by size is over the people's parts, at the detector's working score, by the square
root of a box's area in the picture's own pixels. ms is the whole of `detect` at one thread on
the pictures of val_09801, median; "net" is the network alone.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track as progress

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from edge.clock import SystemClock
from edge.errors import StoplineError
from edge.frames import Detections, Frame
from edge.seams import Detector
from edge.types import KINDS, Kind
from edge.vision.average_precision import Judged, average_precision, match
from edge.vision.detect import open_detector
from edge.vision.detect.network import NetworkDetector
from models.registry import Registry
from models.train.pictures import ALL, Boxes, Labelled, Part, read_folder

CLOCK = SystemClock()
VEHICLES = frozenset(index for index, kind in enumerate(KINDS) if kind is not Kind.PERSON)
_LEAST_SCORE = 0.01
_SIZES_PX = ((0, 16), (16, 32), (32, 64), (64, 10_000))
_HUMAN = ("val_l1", "val_l2", "val_h3")
_MACHINE = "val_09801"
_RENDERED = "rendered"
#: What each part labels, as the data's README says; motorcycles and slower ones of val_h3 do not occur.
PARTS: Mapping[str, Part] = {
    "l1": Part(frozenset(range(4))),
    "l2": Part(ALL),
    "h3": Part(frozenset(range(3))),
    "09801": Part(frozenset(range(3))),
}
#: Pictures of each part that --quick takes, evenly drawn.
_QUICK = {"val_l1": 51, "val_l2": 24, "val_h3": 8, _MACHINE: 40, _RENDERED: 40}
#: What is measured without --model and is on this machine.
_USUAL = (
    "stopline-nano",
    "stopline-nano-int8",
    "stopline-nano-320",
    "stopline-nano-320-int8",
    "stopline-nano-onnx",
    "centernet",
    "objectron-ssd",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture with what a detector found in it, and the time that took."""

    picture: Labelled
    found: Detections
    size_px: tuple[int, int]
    ms: float

    def judged(self, classes: frozenset[int]) -> Judged:
        """Labels and detections of these classes, as if they were one class."""
        scale = np.array(self.size_px * 2, np.float32)
        labels = self.picture.boxes[np.isin(self.picture.boxes[:, 0], list(classes)), 1:] * scale
        mine = np.isin(self.found.classes, list(classes))
        doubtful_px = self.picture.doubtful * scale
        return Judged(self.found.boxes_px[mine], self.found.scores[mine], labels, regions_px=doubtful_px)

    def sides_px(self, classes: frozenset[int]) -> Boxes:
        """(m,) square roots of the areas of the labels of these classes."""
        boxes = self.picture.boxes[np.isin(self.picture.boxes[:, 0], list(classes)), 1:]
        return np.asarray(np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) * np.prod(self.size_px)), np.float32)


@dataclass(frozen=True, slots=True)
class Result:
    """One detector's figures; None where there was nothing to measure."""

    name: str
    vehicles: Mapping[str, float | None]
    classes: Mapping[str, Mapping[str, float | None]]
    light: Mapping[str, float | None]
    recall_by_size: Mapping[str, float | None]
    working_score: float
    ms: float
    net_ms: float | None


def measure(name: str, detector: Detector, working_score: float, parts: Mapping[str, Sequence[Labelled]]) -> Result:
    """Run a detector over the pictures of all parts."""
    seen = {part: _look(name, part, detector, pictures) for part, pictures in parts.items()}
    human = [one for part in _HUMAN for one in seen.get(part, ())]
    timed = seen.get(_MACHINE) or next(iter(seen.values()))
    return Result(
        name,
        {part: _vehicles(several) for part, several in seen.items()},
        {part: _by_class(several) for part, several in seen.items()},
        {
            f"{part} {light}": _vehicles([one for one in several if one.picture.light == light])
            for part, several in seen.items()
            for light in sorted({one.picture.light for one in several} - {""})
        },
        _by_size(human, working_score),
        working_score,
        statistics.median(one.ms for one in timed),
        _net_ms(detector, timed[0]),
    )


def _look(name: str, part: str, detector: Detector, pictures: Sequence[Labelled]) -> list[Seen]:
    seen = []
    for index, one in enumerate(progress(pictures, description=f"{name} on {part}", transient=True)):
        image = one.picture()
        began = CLOCK.now_ns()
        found = detector.detect(Frame("benchmark", index, index, image))
        ms = (CLOCK.now_ns() - began) / 1e6
        seen.append(Seen(one, found, (image.shape[1], image.shape[0]), ms))
    return seen


def _vehicles(seen: Iterable[Seen]) -> float | None:
    return average_precision(one.judged(VEHICLES & one.picture.part.labelled) for one in seen).ap


def _by_class(seen: Sequence[Seen]) -> dict[str, float | None]:
    labelled = sorted(frozenset[int]().union(*(one.picture.part.labelled for one in seen)))
    return {
        KINDS[index].value: average_precision(one.judged(frozenset({index})) for one in seen).ap for index in labelled
    }


def _by_size(seen: Sequence[Seen], working_score: float) -> dict[str, float | None]:
    # Ends with nothing, for there may be no picture.
    found_by = [match(one.judged(VEHICLES & one.picture.part.labelled)).found_by for one in seen] + [np.empty(0)]
    sides = [one.sides_px(VEHICLES & one.picture.part.labelled) for one in seen] + [np.empty(0, np.float32)]
    found, side = np.concatenate(found_by) >= working_score, np.concatenate(sides)
    recalls = {}
    for low, high in _SIZES_PX:
        of_size = found[(side >= low) & (side < high)]
        name = f"{low}-{high} px" if high < 10_000 else f">={low} px"
        recalls[name] = float(of_size.mean()) if len(of_size) else None
    return recalls


def _net_ms(detector: Detector, one: Seen) -> float | None:
    if not isinstance(detector, NetworkDetector):
        return None
    invoke = detector.bare(Frame("benchmark", 0, 0, one.picture.picture()))
    times = []
    for _ in range(15):
        began = CLOCK.now_ns()
        invoke()
        times.append((CLOCK.now_ns() - began) / 1e6)
    return statistics.median(times)


def read_parts(data: Path, rendered: Path | None, *, quick: bool) -> dict[str, list[Labelled]]:
    """The pictures by part. Raises InputError naming what is missing."""
    parts: dict[str, list[Labelled]] = {}
    for one in read_folder(data, "val", PARTS):
        name = next(name for name, part in PARTS.items() if part is one.part)
        parts.setdefault(f"val_{name}", []).append(one)
    if rendered is not None:
        parts[_RENDERED] = read_folder(rendered, "val", {"rendered": Part(ALL)})
    if quick:
        parts = {name: several[:: max(1, -(-len(several) // _QUICK[name]))] for name, several in parts.items()}
    return parts


def print_results(results: Sequence[Result], parts: Sequence[str]) -> None:
    """The tables."""
    width = max(len(result.name) for result in results) + 2
    print(f"\nAP50 of vehicles\n{'':{width}}" + "".join(f"{part:>11}" for part in parts) + f"{'ms':>9}{'net ms':>8}")
    for result in results:
        cells = "".join(f"{_said(result.vehicles[part]):>11}" for part in parts)
        net = "-" if result.net_ms is None else f"{result.net_ms:.1f}"
        print(f"{result.name:{width}}{cells}{result.ms:>9.1f}{net:>8}")
    for title, rows in (
        ("AP50 of vehicles by light", [result.light for result in results]),
        ("recall by size, working score", [result.recall_by_size for result in results]),
        *((f"AP50 by class, {part}", [result.classes[part] for result in results]) for part in parts),
    ):
        names = list(rows[0])
        print(f"\n{title}\n{'':{width}}" + "".join(f"{name:>{len(name) + 3}}" for name in names))
        for result, row in zip(results, rows, strict=True):
            print(f"{result.name:{width}}" + "".join(f"{_said(row[name]):>{len(name) + 3}}" for name in names))


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def goals_of(results: Sequence[Result]) -> list[Goal]:
    """The goals for the detectors in the box, where they were measured."""
    goals = []
    for name, part, kind, limit in (
        ("stopline-nano", "val_l1", None, 0.60),
        ("stopline-nano-320", "val_l1", None, 0.50),
        ("stopline-nano", _MACHINE, "car", 0.75),
        ("stopline-nano", _RENDERED, None, 0.90),
    ):
        for result in (one for one in results if one.name == name and part in one.vehicles):
            value = result.vehicles[part] if kind is None else result.classes[part][kind]
            if value is not None:
                goals.append(Goal(f"{name}, {part}, {kind or 'vehicles'} AP50", value, limit, at_least=True))
    goals += [
        Goal(f"{one.name}, ms on one thread", one.ms, 30.0, at_least=False)
        for one in results
        if one.name == "stopline-nano-320"
    ]
    return goals


def _open(model: str, registry: Registry) -> tuple[Detector, float]:
    spec = next((spec for spec in registry.manifest.model if spec.name == model), None)
    detector = open_detector(model, threads=1, min_score=_LEAST_SCORE, registry=registry)
    return detector, 0.2 if spec is None else spec.working_score


def main() -> None:
    """Measure every detector, print the tables, end with the goals."""
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/detect"), help="labelled pictures")
    parser.add_argument("--rendered", type=Path, help="a rendered data set with a split val")
    parser.add_argument("--model", action="append", default=[], help="also this model or file; repeat for more")
    parser.add_argument("--only", action="store_true", help="only what --model names")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    registry = Registry.open()
    here = {spec.name for spec in registry.available()}
    usual = [] if options.only else [name for name in _USUAL if name in here]
    results = []
    try:
        parts = read_parts(options.data, options.rendered, quick=options.quick)
        for model in dict.fromkeys((*usual, *options.model)):
            detector, working_score = _open(model, registry)
            results.append(measure(detector.name, detector, working_score, parts))
            detector.close()
    except StoplineError as error:
        cannot_run(str(error))
    if not results:
        cannot_run("no detector is on this machine; give one with --model")
    counts = ", ".join(f"{len(several)} of {part}" for part, several in parts.items())
    print(f"{machine()}\npictures: {counts}")
    print_results(results, list(parts))
    finish(goals_of(results), {one.name: dataclasses.asdict(one) for one in results}, options.json)


if __name__ == "__main__":
    main()
