"""Series of a site's own numbers, to set thresholds by: from a CSV file, or from a collector's database.

FILE ─┐
      ├─→ Series: one sensor's readings in the order of time ─→ edge/statistics
DB ───┘
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.clock import NS_PER_S, instant_utc
from edge.errors import InputError
from edge.statistics.seam import Moment, Reading

#: Columns of a lane's minutes that are looked at, by the name of the quantity.
_LANE = {
    "occupancy": "occupancy",
    "speed": "mean_speed_mps",
    "queue": "max_queue_vehicles",
    "wait": "max_wait_s",
}


@dataclass(frozen=True, slots=True)
class Series:
    """One sensor's quantity. left_out: rows whose time did not go forward (a clock set back, a row told twice)."""

    sensor: str
    quantity: str
    readings: tuple[Reading, ...]
    left_out: int

    @property
    def days(self) -> float:
        """From the first reading to the last."""
        if len(self.readings) < 2:
            return 0.0
        return (self.readings[-1].moment.unix_s - self.readings[0].moment.unix_s) / 86_400


def of_file(path: Path, zone: ZoneInfo) -> list[Series]:
    """A column of the CSV each, after `timestamp` (ISO 8601; of the zone where it has no offset). An empty cell is
    unknown. InputError names the line that is wrong."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); give a CSV file with `timestamp` and values") from error
    if not rows or rows[0][:1] != ["timestamp"] or len(rows[0]) < 2:
        raise InputError(f"{path}: line 1: must be `timestamp` and the name of each value, separated by commas")
    names = rows[0][1:]
    times: list[int] = []
    values: list[list[float | None]] = [[] for _ in names]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]):
            raise InputError(f"{path}: line {number}: has {len(row)} cells, the first line {len(rows[0])}")
        times.append(_unix_s(path, number, row[0], zone))
        for column, cell in zip(values, row[1:], strict=True):
            column.append(_value(path, number, cell))
    return [
        _series(path.stem, name, zip(times, column, strict=True), zone)
        for name, column in zip(names, values, strict=True)
    ]


def of_collector(where: str, days: float, zone: ZoneInfo) -> list[Series]:
    """Minutes of every lane in the last days that a collector's database has. What `open_to_read` raises."""
    from sqlalchemy import func, select

    from collector.database import open_to_read
    from collector.tables import lane_summaries, nodes

    with open_to_read(where) as engine, engine.connect() as link:
        last_ns = link.execute(select(func.max(lane_summaries.c.ts_ns))).scalar()
        if last_ns is None:
            raise InputError(f"{where}: holds no minutes of any lane; tune by a collector that has a week of them")
        since_ns = last_ns - round(days * 86_400 * NS_PER_S)
        columns = [lane_summaries.c[name] for name in _LANE.values()]
        query = (
            select(nodes.c.site, nodes.c.node, lane_summaries.c.lane, lane_summaries.c.ts_ns, *columns)
            .join(nodes, nodes.c.id == lane_summaries.c.node_id)
            .where(lane_summaries.c.ts_ns > since_ns)
            .order_by(lane_summaries.c.ts_ns)
        )
        found: dict[tuple[str, str], list[tuple[int, float | None]]] = {}
        for site, node, lane, ts_ns, *row in link.execute(query):
            for quantity, value in zip(_LANE, row, strict=True):
                known = None if value is None else float(value)
                found.setdefault((f"{site}/{node}/{lane}", quantity), []).append((ts_ns // NS_PER_S, known))
    return [_series(sensor, quantity, rows, zone) for (sensor, quantity), rows in sorted(found.items())]


def _series(sensor: str, quantity: str, rows: Iterable[tuple[int, float | None]], zone: ZoneInfo) -> Series:
    readings: list[Reading] = []
    left_out = 0
    for unix_s, value in rows:
        if readings and unix_s <= readings[-1].moment.unix_s:
            left_out += 1
            continue
        readings.append(Reading(Moment(unix_s, _week_s(unix_s, zone)), (value,)))
    return Series(sensor, quantity, tuple(readings), left_out)


def _week_s(unix_s: int, zone: ZoneInfo) -> int:
    local = instant_utc(unix_s * NS_PER_S).astimezone(zone)
    return local.weekday() * 86_400 + local.hour * 3600 + local.minute * 60 + local.second


def _unix_s(path: Path, number: int, cell: str, zone: ZoneInfo) -> int:
    try:
        at = datetime.fromisoformat(cell)
    except ValueError as error:
        raise InputError(f"{path}: line {number}: {cell!r} is no time; write it like 2026-05-01 07:00:00") from error
    return int((at if at.tzinfo is not None else at.replace(tzinfo=zone)).timestamp())


def _value(path: Path, number: int, cell: str) -> float | None:
    if not cell.strip():
        return None
    try:
        value = float(cell)
    except ValueError as error:
        raise InputError(f"{path}: line {number}: {cell!r} is no number; leave unknown cells empty") from error
    return value if math.isfinite(value) else None
