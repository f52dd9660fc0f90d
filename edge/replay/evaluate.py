"""How well a replay counted, against a hand count.

Totals per direction, the crossings that were missed or invented with their times, and
the counting effectiveness of the AI City Challenge (Naphade et al., 2020 and 2021,
track 1): wRMSE = √Σ wᵢ(x̂ᵢ − xᵢ)² over cumulative counts of k segments with
wᵢ = 2i / (k(k + 1)), so late segments, which hold all errors before them, weigh more.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError
from scipy.optimize import linear_sum_assignment

from edge.clock import NS_PER_S
from edge.errors import InputError
from edge.replay.record import Record

#: A crossing of ours and one of the hand count are the same vehicle when they differ by no more.
MATCH_S = 1.5
_ALL_KINDS = "vehicle"


class TruthCrossing(BaseModel):
    """One vehicle of the hand count; kind is given where the counter told classes apart."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    frame: float = Field(ge=0)
    direction: str
    kind: str | None = None


class Truth(BaseModel):
    """A `*.truth.json`: counts and crossings are None where nobody counted."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    fps: float = Field(gt=0)
    frames: int = Field(gt=0)
    counts: dict[str, NonNegativeInt] | None
    crossings: tuple[TruthCrossing, ...] | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class DirectionResult:
    """One direction. matched, missed_s and extra_s are None where the truth has no times."""

    truth: int
    ours: int
    matched: int | None
    missed_s: tuple[float, ...] | None
    extra_s: tuple[float, ...] | None

    @property
    def error(self) -> int:
        """Ours minus truth."""
        return self.ours - self.truth

    @property
    def within(self) -> bool:
        """Whether the error is at most one vehicle or a tenth of the truth."""
        return abs(self.error) <= max(1.0, 0.1 * self.truth)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every direction, and the effectiveness (0..1; None where the truth has no times)."""

    directions: Mapping[str, DirectionResult]
    effectiveness: float | None
    segments: int
    warnings: tuple[str, ...]

    @property
    def within(self) -> bool:
        """Whether every direction is."""
        return all(result.within for result in self.directions.values())

    def to_json(self) -> dict[str, object]:
        """What `--json` prints."""
        return {
            "directions": {
                name: {
                    "truth": result.truth,
                    "ours": result.ours,
                    "error": result.error,
                    "within": result.within,
                    "matched": result.matched,
                    "missed_s": result.missed_s,
                    "extra_s": result.extra_s,
                }
                for name, result in self.directions.items()
            },
            "effectiveness": None if self.effectiveness is None else round(self.effectiveness, 4),
            "within": self.within,
            "segments": self.segments,
            "warnings": self.warnings,
        }


def load_truth(path: Path) -> Truth:
    """A hand count; InputError names what is wrong with the file."""
    try:
        truth = Truth.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give a *.truth.json file") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise InputError(f"{path}: {where}: {first['msg']}; correct it") from error
    for index, crossing in enumerate(truth.crossings or ()):
        if truth.counts is not None and crossing.direction not in truth.counts:
            raise InputError(
                f"{path}: crossings.{index}.direction: {crossing.direction!r} is not among the counts, "
                f"{', '.join(truth.counts)}; correct it or count it"
            )
    return truth


def weighted_rmse(truth: Sequence[float], ours: Sequence[float]) -> float:
    """√Σ wᵢ(oursᵢ − truthᵢ)², wᵢ = 2i / (k(k + 1)), of two cumulative series of length k ≥ 1."""
    k = len(truth)
    if k == 0 or len(ours) != k:
        raise ValueError(f"two series of one length, at least 1, are needed; got {k} and {len(ours)}")
    weighted = (2 * i / (k * (k + 1)) * (b - a) ** 2 for i, (a, b) in enumerate(zip(truth, ours, strict=True), 1))
    return math.sqrt(math.fsum(weighted))


def cumulative(times_s: Sequence[float], duration_s: float, segments: int) -> list[int]:
    """How many of the times lie before the end of each of `segments` equal parts; later ones fall in the last."""
    ordered = sorted(times_s)
    counts = [bisect_right(ordered, duration_s * i / segments) for i in range(1, segments)]
    return [*counts, len(ordered)]


def effectiveness(
    truth: Mapping[tuple[str, str], Sequence[float]],
    ours: Mapping[tuple[str, str], Sequence[float]],
    duration_s: float,
    segments: int,
) -> float | None:
    """Σ vehicles × max(0, 1 − wRMSE / vehicles) / Σ vehicles over (direction, class).

    Both arguments map to times in seconds. None when the truth holds no vehicle.
    """
    vehicles = sum(len(times) for times in truth.values())
    if vehicles == 0:
        return None
    score = 0.0
    for key, times in truth.items():
        if times:
            error = weighted_rmse(
                cumulative(times, duration_s, segments), cumulative(ours.get(key, ()), duration_s, segments)
            )
            score += len(times) * max(0.0, 1.0 - error / len(times))
    return score / vehicles


def match(truth_s: Sequence[float], ours_s: Sequence[float]) -> list[tuple[int, int]]:
    """Pairs of indices (truth, ours) at most MATCH_S apart: as many as can be, then as close as can be."""
    if not truth_s or not ours_s:
        return []
    apart = np.abs(np.subtract.outer(np.asarray(truth_s, float), np.asarray(ours_s, float)))
    # a pair too far apart costs more than all good pairs together, so it never displaces one
    far = MATCH_S * (min(apart.shape) + 1)
    rows, columns = linear_sum_assignment(np.where(apart <= MATCH_S, apart, far))
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if apart[i, j] <= MATCH_S]


def evaluate(record: Record, truth: Truth, segments: int = 10) -> Evaluation:
    """Compare; InputError where nobody counted the clip or the site lacks a direction of the truth."""
    if segments < 1:
        raise InputError(f"--segments must be at least 1, got {segments}")
    if truth.counts is None:
        raise InputError("the truth file has no counts: nobody counted this clip, so there is nothing to compare with")
    direction_of = {m["id"]: m["direction"] for m in record.run["movements"] if m["direction"] is not None}
    lacking = sorted(set(truth.counts) - set(direction_of.values()))
    if lacking:
        raise InputError(
            f"the truth counts {sorted(truth.counts)} but the movements of site {record.run['site']} "
            f"have the directions {sorted(set(direction_of.values()))}: give a movement direction = {lacking[0]!r}"
        )
    ours = [
        (direction_of[event["movement"]], str(event["class"]), event["t_ns"] / NS_PER_S)
        for event in record.of("crossing")
        if direction_of.get(event["movement"]) in truth.counts
    ]
    theirs = [(c.direction, c.kind or _ALL_KINDS, c.frame / truth.fps) for c in truth.crossings or ()]
    return Evaluation(
        directions={
            name: _direction(
                count,
                None if truth.crossings is None else sorted(t for d, _, t in theirs if d == name),
                sorted(t for d, _, t in ours if d == name),
            )
            for name, count in truth.counts.items()
        },
        effectiveness=None if truth.crossings is None else _score(theirs, ours, truth.frames / truth.fps, segments),
        segments=segments,
        warnings=tuple(_warnings(record, truth)),
    )


_Row = tuple[str, str, float]
_Times = dict[tuple[str, str], list[float]]


def _score(theirs: Sequence[_Row], ours: Sequence[_Row], duration_s: float, segments: int) -> float | None:
    one_class = all(kind == _ALL_KINDS for _, kind, _ in theirs)
    groups: tuple[_Times, _Times] = ({}, {})
    for times, rows in zip(groups, (theirs, ours), strict=True):
        for direction, kind, t_s in rows:
            times.setdefault((direction, _ALL_KINDS if one_class else kind), []).append(t_s)
    return effectiveness(groups[0], groups[1], duration_s, segments)


def _direction(count: int, truth_s: Sequence[float] | None, ours_s: Sequence[float]) -> DirectionResult:
    if truth_s is None:
        return DirectionResult(count, len(ours_s), None, None, None)
    pairs = match(truth_s, ours_s)
    found, used = {i for i, _ in pairs}, {j for _, j in pairs}
    missed = tuple(round(t, 2) for i, t in enumerate(truth_s) if i not in found)
    extra = tuple(round(t, 2) for j, t in enumerate(ours_s) if j not in used)
    return DirectionResult(count, len(ours_s), len(pairs), missed, extra)


def _warnings(record: Record, truth: Truth) -> list[str]:
    said = []
    seen_sha256 = record.run.get("video_sha256")
    if truth.sha256 is not None and seen_sha256 is not None and truth.sha256 != seen_sha256:
        said.append("the truth was counted on another file than the one replayed (sha256 differs)")
    if record.end is None:
        said.append("the replay was cut off before its end")
    elif record.end["frames"] < truth.frames:
        said.append(f"the replay holds {record.end['frames']} frames, the hand count {truth.frames}")
    return said
