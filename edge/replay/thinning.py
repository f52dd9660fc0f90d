"""A long series as few points: the least and the greatest of each column of the picture, so that no peak is lost.

Unknown readings and holes in time part the series into runs; a line is drawn within runs only.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

#: Two points each: a series is drawn with about 2000.
COLUMNS: Final = 1000
#: A step longer than so many intervals is a hole: one reading may be late.
HOLE_INTERVALS: Final = 2.5

#: Where the readings of one run stand in the series.
Run = list[int]


def column_s(times_s: Sequence[int], columns: int = COLUMNS) -> float:
    """The width of a column in seconds; 0 where the series is short enough to be drawn whole."""
    return 0.0 if len(times_s) <= 2 * columns else (times_s[-1] - times_s[0]) / columns


def runs(times_s: Sequence[int], values: Sequence[float | None], interval_s: float, width_s: float = 0.0) -> list[Run]:
    """Known readings with nothing unknown between them; what is missing for less than width_s parts nothing."""
    found: list[Run] = []
    for at, value in enumerate(values):
        if value is None:
            continue
        last = found[-1][-1] if found else None
        step_s = 0 if last is None else times_s[at] - times_s[last]
        parted = last is None or last < at - 1 or step_s > HOLE_INTERVALS * interval_s
        if last is None or (parted and step_s > width_s):
            found.append([at])
        else:
            found[-1].append(at)
    return found


def groups(times_s: Sequence[int], run: Run, width_s: float) -> list[Run]:
    """The readings of a run, column by column; each alone where width_s is 0."""
    if width_s <= 0:
        return [[at] for at in run]
    found: list[Run] = []
    column = None
    for at in run:
        now = int((times_s[at] - times_s[0]) / width_s)
        if now != column:
            found.append([])
            column = now
        found[-1].append(at)
    return found


def peaks(times_s: Sequence[int], values: Sequence[float | None], run: Run, width_s: float) -> Run:
    """The readings of a run that are drawn: of each column the least and the greatest, in the order of time."""
    kept: Run = []
    for group in groups(times_s, run, width_s):
        known = [(value, at) for at in group if (value := values[at]) is not None]
        kept += sorted({min(known)[1], max(known)[1]})
    return kept


def gaps(times_s: Sequence[int], parts: Sequence[Run]) -> list[tuple[int, int]]:
    """(start s, end s) of what is between runs, before the first and after the last; all of it where there is none."""
    if not times_s:
        return []
    if not parts:
        return [(times_s[0], times_s[-1])]
    inner = [(times_s[a[-1]], times_s[b[0]]) for a, b in pairwise(parts)]
    whole = [(times_s[0], times_s[parts[0][0]]), *inner, (times_s[parts[-1][-1]], times_s[-1])]
    return [(start, end) for start, end in whole if end > start]
