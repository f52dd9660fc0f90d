"""Counts out of a CSV table: counts.csv of a replay, or one of volumes from anywhere.

movement,interval_s,count                       the least there must be
movement,interval_start_utc,interval_s,class,count,known_s
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from edge.clock import wall_ns_of
from edge.control.advise.flows import Counted, Passage, split_counts
from edge.errors import InputError
from edge.types import Kind

_MUST = ("movement", "interval_s", "count")
_Key = tuple[str, str, str]


def read_counts(path: Path) -> tuple[Counted, ...]:
    """Each movement in each interval; InputError with line and column for what cannot be read.

    An empty count is unknown. Without `class` all are vehicles; without `known_s` whole intervals were seen.
    """
    rows = _rows(path, _MUST)
    classed = "class" in rows[0][1]
    known: dict[_Key, tuple[float, float]] = {}
    counts: dict[_Key, dict[Kind, int] | None] = {}
    for line, row in rows:
        start = row.get("interval_start_utc") or row.get("interval_start_s") or ""
        key = (row["movement"], start, row["interval_s"])
        length_s = _number(path, line, row, "interval_s")
        if not length_s or length_s < 0:
            if row["count"] in {"", "0"}:
                continue
            raise InputError(f"{path} line {line}: interval_s is {row['interval_s']!r}; write seconds above 0")
        seen_s = _number(path, line, row, "known_s") if row.get("known_s") else length_s
        known[key] = (length_s, min(length_s, seen_s or 0.0))
        count = _number(path, line, row, "count")
        if count is None:
            counts.setdefault(key, None)
            continue
        if count < 0 or count != int(count):
            raise InputError(f"{path} line {line}: count is {row['count']!r}; write a whole number, or nothing")
        kind = _kind(path, line, row["class"]) if classed else Kind.CAR
        by_kind = counts.get(key) or {}
        by_kind[kind] = by_kind.get(kind, 0) + int(count)
        counts[key] = by_kind
    return tuple(_counted(path, key, known[key], counts[key], classed=classed) for key in counts)


def read_passages(path: Path) -> tuple[Passage, ...]:
    """Vehicles of crossings.csv with a lane, in the order written."""
    return tuple(
        Passage(row["lane"], _number(path, line, row, "headway_s"), _number(path, line, row, "waited_s"))
        for line, row in _rows(path, ("lane", "headway_s", "waited_s"))
        if row["lane"]
    )


def _counted(
    path: Path, key: _Key, seen: tuple[float, float], counts: Mapping[Kind, int] | None, *, classed: bool
) -> Counted:
    movement, start, _ = key
    vehicles, heavy = (None, None) if counts is None else split_counts(counts)
    return Counted(movement, _instant(path, start), *seen, vehicles, heavy if classed else None)


def _rows(path: Path, must: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    """(line, row) of the table; every column that must be there is."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            missing = [name for name in must if name not in columns]
            if missing:
                raise InputError(f"{path}: has no column {missing[0]!r}; it needs {', '.join(must)}")
            rows = [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text in UTF-8; give a CSV table of counts") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a CSV table of counts") from error
    except csv.Error as error:
        raise InputError(f"{path}: is no CSV table ({error}); give one with a heading") from error
    if not rows:
        raise InputError(f"{path}: has no rows; give a table with counts in it")
    for line, row in rows:
        if None in row.values() or None in row:
            raise InputError(f"{path} line {line}: has another number of cells than the heading; mend it")
    return rows


def _number(path: Path, line: int, row: Mapping[str, str], column: str) -> float | None:
    text = row[column].strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{path} line {line}: {column} is {text!r}; write a number, or nothing for unknown")
    return value


def _kind(path: Path, line: int, text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        known = ", ".join(kind.value for kind in Kind)
        raise InputError(f"{path} line {line}: class is {text!r}; write one of {known}") from None


def _instant(path: Path, text: str) -> int | None:
    """UTC ns of an instant; None for seconds of a recording, or nothing."""
    try:
        float(text or 0)
    except ValueError:
        pass
    else:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{path}: interval_start_utc is {text!r}; write an instant like 2026-05-01T06:30:00Z"
        ) from None
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
    return wall_ns_of(instant)
