"""Counts by movement, kind and interval, with what is known and what is not.

Crossings are what is counted: each has its exact time, each is stored once, and a full
disk gives them up last. Summaries say for how much of an interval the camera could see,
which tells an empty road from a blind camera.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from collector import tables
from collector.answers import CountInterval, MovementCounts
from collector.sequence import Span
from edge.clock import NS_PER_S, instant_utc
from edge.types import KINDS, Kind

#: (movement, index of the interval)
Cell = tuple[str, int]


def count_intervals(
    link: Connection, node_ids: Sequence[int], movements: Sequence[str], span_ns: Span, interval_ns: int
) -> list[MovementCounts]:
    """One entry a movement, one interval after another from span_ns.first up to span_ns.last (excluded)."""
    crossed = _crossed(link, node_ids, span_ns, interval_ns)
    known_s = _known(link, node_ids, span_ns, interval_ns)
    intervals = range((span_ns.last - span_ns.first) // interval_ns)
    return [
        MovementCounts(
            movement=movement,
            intervals=[
                CountInterval(
                    start=instant_utc(span_ns.first + index * interval_ns),
                    known_s=round(min(known_s.get((movement, index), 0.0), interval_ns / NS_PER_S), 3),
                    counts=_counts(crossed.get((movement, index)), (movement, index) in known_s),
                )
                for index in intervals
            ],
        )
        for movement in movements
    ]


def _counts(crossed: dict[Kind, int] | None, known: bool) -> dict[Kind, int] | None:
    if crossed is None and not known:
        return None
    return {kind: (crossed or {}).get(kind, 0) for kind in KINDS}


def _crossed(link: Connection, node_ids: Sequence[int], span_ns: Span, interval_ns: int) -> dict[Cell, dict[Kind, int]]:
    table = tables.crossings
    index = ((table.c.ts_ns - span_ns.first) // interval_ns).label("interval_index")
    query = (
        select(table.c.movement, table.c.kind, index, func.count().label("times"))
        .where(table.c.node_id.in_(node_ids), table.c.ts_ns >= span_ns.first, table.c.ts_ns < span_ns.last)
        .group_by(table.c.movement, table.c.kind, "interval_index")
    )
    found: dict[Cell, dict[Kind, int]] = defaultdict(dict)
    for row in link.execute(query):
        found[row.movement, int(row.interval_index)][Kind(row.kind)] = row.times
    return found


def _known(link: Connection, node_ids: Sequence[int], span_ns: Span, interval_ns: int) -> dict[Cell, float]:
    """Seconds of each interval that the camera is known to have seen, spread evenly over a summary."""
    table = tables.movement_summaries
    # A summary that ends after the span may begin in it; none is longer than a day.
    latest_end_ns = span_ns.last + 86_400 * NS_PER_S
    query = select(table.c.movement, table.c.ts_ns, table.c.interval_s, table.c.known_s).where(
        table.c.node_id.in_(node_ids), table.c.counted, table.c.ts_ns > span_ns.first, table.c.ts_ns < latest_end_ns
    )
    known: dict[Cell, float] = defaultdict(float)
    for row in link.execute(query):
        begin_ns = row.ts_ns - round(row.interval_s * NS_PER_S)
        share = min(1.0, row.known_s / row.interval_s)
        first = max(begin_ns, span_ns.first)
        last = min(row.ts_ns, span_ns.last)
        for index in range((first - span_ns.first) // interval_ns, -((span_ns.first - last) // interval_ns)):
            low = span_ns.first + index * interval_ns
            seen_ns = min(last, low + interval_ns) - max(first, low)
            if seen_ns > 0:
                known[row.movement, index] += share * seen_ns / NS_PER_S
    return known
