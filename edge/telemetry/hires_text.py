"""High-resolution events as rows: TimeStamp, DeviceId, EventId, Parameter, as ATSPM tools read them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import tzinfo
from typing import Any, Protocol

from edge.clock import NS_PER_MS, instant_utc

COLUMNS = ("TimeStamp", "DeviceId", "EventId", "Parameter")
_TENTH_NS = 100 * NS_PER_MS


class Text(Protocol):
    """What rows are written to."""

    def write(self, text: str, /) -> object: ...


def tenth(wall_ns: int) -> int:
    """The full tenth of a second at or before an instant, UTC ns since 1970."""
    return wall_ns - wall_ns % _TENTH_NS


def stamp(wall_ns: int, zone: tzinfo | None = None) -> str:
    """`2026-05-01 12:00:00.1`: wall time of a zone, UTC unless given, to a tenth of a second (rounded down)."""
    instant = instant_utc(tenth(wall_ns))
    if zone is not None:
        instant = instant.astimezone(zone)
    return f"{instant:%Y-%m-%d %H:%M:%S}.{instant.microsecond // 100_000}"


def write_rows(file: Text, rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows of `COLUMNS` as CSV lines."""
    csv.writer(file, lineterminator="\n").writerows(rows)
