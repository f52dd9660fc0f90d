"""The Numenta Anomaly Benchmark's score, written from its published definition.

Lavin and Ahmad (2015), "Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark".

    window     its first detection scores sigma(y) / sigma(-1), y = -(right - i + 1) / width: 1 at the left edge;
               a window without one costs fn
    outside    every detection scores fp * sigma(y), y = (i - right) / (width - 1) after the last window;
               -fp before any window and from y = 3 on
    probation  the first 15 % of a file, at most 750 rows, are not scored
    sigma(y) = 2 / (1 + exp(5 y)) - 1
    total      100 * (score - null) / (perfect - null), null and perfect being those of the windows at hand
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Weights:
    """What a profile pays and takes: for a found window, for a missed one, for a false detection."""

    tp: float
    fn: float
    fp: float


#: The three published profiles (config/profiles.json of the benchmark).
PROFILES = {
    "standard": Weights(1.0, 1.0, 0.11),
    "reward_low_FP_rate": Weights(1.0, 1.0, 0.22),
    "reward_low_FN_rate": Weights(1.0, 2.0, 0.11),
}


def sigma(y: float) -> float:
    """The scaled sigmoid: nearly 1 at -1, 0 at 0, -1 from 3 on."""
    return -1.0 if y >= 3 else 2 / (1 + math.exp(5 * y)) - 1


@dataclass(frozen=True)
class Labelled:
    """One file of the corpus. windows: first and last row of each, in order. Times in seconds since 1970."""

    name: str
    times_s: tuple[int, ...]
    values: tuple[float, ...]
    windows: tuple[tuple[int, int], ...]

    @property
    def category(self) -> str:
        """The folder it lies in: realTraffic and so on."""
        return self.name.partition("/")[0]

    @property
    def probation(self) -> int:
        """Rows at the start that are not scored."""
        return min(math.floor(0.15 * len(self.values)), 750)

    @property
    def sensor_days(self) -> float:
        """How long it was scored, in days."""
        return (self.times_s[-1] - self.times_s[self.probation]) / 86_400

    @cached_property
    def window_of(self) -> NDArray[np.int64]:
        """The window each row lies in, -1 where in none."""
        out = np.full(len(self.values), -1, np.int64)
        for number, (left, right) in enumerate(self.windows):
            out[left : right + 1] = number
        return out

    @cached_property
    def worth(self) -> Floats:
        """What a detection at each row is worth, before the profile's weights."""
        out = np.full(len(self.values), -1.0)
        ends = [*[left for left, _ in self.windows[1:]], len(self.values)][: len(self.windows)]
        for (left, right), following in zip(self.windows, ends, strict=True):
            width = right - left + 1
            for i in range(left, right + 1):
                out[i] = sigma(-(right - i + 1) / width) / sigma(-1)
            for i in range(right + 1, following):
                out[i] = sigma((i - right) / max(width - 1, 1))
        return out

    def points(self, detected: Bools, weights: Weights) -> float:
        """What these detections (one boolean a row) earn, against nothing detected at all."""
        total = 0.0
        detected = detected.copy()
        detected[: self.probation] = False
        total += weights.fp * float(self.worth[detected & (self.window_of < 0)].sum())
        for number in range(len(self.windows)):
            first = np.flatnonzero(detected & (self.window_of == number))
            if len(first):
                total += weights.fn + weights.tp * float(self.worth[first[0]])
        return total

    def counts(self, detected: Bools) -> tuple[int, int]:
        """Windows found and false detections."""
        detected = detected.copy()
        detected[: self.probation] = False
        return len(set(self.window_of[detected]) - {-1}), int((detected & (self.window_of < 0)).sum())


def normalised(files: Iterable[Labelled], points: Iterable[float], weights: Weights) -> float:
    """The score of these files: nothing detected is 0, perfect is 100. Without a window: points as they are."""
    most = (weights.tp + weights.fn) * sum(len(file.windows) for file in files)
    return 100 * sum(points) / most if most else sum(points)


@dataclass(frozen=True, slots=True)
class Total:
    """A detector on some files: the score, windows found of all, false detections, sensor-days scored."""

    score: float
    found: int
    windows: int
    false: int
    days: float

    @property
    def f1(self) -> float:
        """F1 with windows found as true positives and every detection outside a window as a false one."""
        missed = self.windows - self.found
        return 2 * self.found / max(2 * self.found + self.false + missed, 1)

    @property
    def false_per_day(self) -> float:
        """False detections per sensor-day."""
        return self.false / self.days if self.days else 0.0


def total(files: Sequence[Labelled], detections: Sequence[Bools], weights: Weights) -> Total:
    """The score and the counts of some files together."""
    points = [file.points(d, weights) for file, d in zip(files, detections, strict=True)]
    counts = [file.counts(d) for file, d in zip(files, detections, strict=True)]
    return Total(
        normalised(files, points, weights),
        sum(found for found, _ in counts),
        sum(len(file.windows) for file in files),
        sum(false for _, false in counts),
        sum(file.sensor_days for file in files),
    )


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def load(folder: Path) -> list[Labelled]:
    """Every file of windows.json that lies in data/, in order of name.

    InputError where the folder holds no corpus or a file is damaged.
    """
    try:
        windows = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{folder / 'windows.json'}: cannot be read ({error.strerror}); give --series DIR") from error
    files = []
    for name, limits in sorted(windows.items()):
        path = folder / "data" / name
        if path.is_file():
            files.append(_labelled(name, path, limits))
    if not files:
        raise InputError(f"{folder / 'data'}: holds none of the files that windows.json names")
    return files


def _labelled(name: str, path: Path, limits: Sequence[list[str]]) -> Labelled:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    try:
        times = tuple(_seconds(row["timestamp"]) for row in rows)
        values = tuple(float(row["value"]) for row in rows)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: a row has no timestamp and value ({error}); fetch the corpus anew") from error
    spans = []
    for start, end in sorted(limits):
        inside = [i for i, t in enumerate(times) if _seconds(start) <= t <= _seconds(end)]
        if not inside:
            raise InputError(f"{path}: window {start} to {end} holds no row; windows.json is of another corpus")
        spans.append((inside[0], inside[-1]))
    return Labelled(name, times, values, tuple(spans))
