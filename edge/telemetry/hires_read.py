"""High-resolution events out of what cabinets and runs keep them in, without changing it."""

from __future__ import annotations

import csv
import heapq
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from edge.clock import NS_PER_S, wall_ns_of
from edge.errors import InputError
from edge.messages import HiResBody, RecordMessage, Stream
from edge.telemetry.hires_gather import TENTH_NS
from edge.telemetry.hires_text import COLUMNS
from edge.telemetry.outbox_file import APPLICATION_ID

#: Events come in the order of their steps; a camera that is late may put some so far out of order.
_DISORDER_NS = 60 * NS_PER_S


class Row(NamedTuple):
    """One event of one device at an instant of wall time, UTC ns since 1970."""

    wall_ns: int
    device: str
    code: int
    parameter: int


@dataclass(frozen=True, slots=True)
class Span:
    """Instants from `begin_ns` to before `end_ns`, UTC; None is open."""

    begin_ns: int | None = None
    end_ns: int | None = None

    def holds(self, wall_ns: int) -> bool:
        """Whether an instant is in it."""
        return (self.begin_ns is None or self.begin_ns <= wall_ns) and (self.end_ns is None or wall_ns < self.end_ns)


def in_order(rows: Iterable[Row]) -> Iterator[Row]:
    """The same rows in the order of time, where none is more than a minute out of it."""
    held: list[Row] = []
    for row in rows:
        heapq.heappush(held, row)
        while held[0].wall_ns < row.wall_ns - _DISORDER_NS:
            yield heapq.heappop(held)
    while held:
        yield heapq.heappop(held)


def rows_of(record: RecordMessage) -> Iterator[Row]:
    """The events of one record of the stream `hires`; none for another."""
    if isinstance(record.body, HiResBody):
        begin_ns = round(wall_ns_of(record.ts) / TENTH_NS) * TENTH_NS
        for late, code, parameter in record.body.events:
            yield Row(begin_ns + late * TENTH_NS, record.site, code, parameter)


@dataclass(frozen=True, slots=True)
class Source:
    """Events that can be read once, and how many they are."""

    total: int
    rows: Iterator[Row]


def outbox_source(path: Path) -> Source:
    """What an outbox still holds, not acknowledged by the collector. InputError where it cannot be read."""
    if not path.is_file():
        raise InputError(f"--outbox {path}: there is no such file")
    with _outbox(path) as db:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            raise InputError(f"--outbox {path}: is no outbox of ours; a collector's file is given with --database")
        events = "SELECT coalesce(sum(json_array_length(payload, '$.body.events')), 0) FROM record WHERE stream = ?"
        (total,) = db.execute(events, (Stream.HIRES,)).fetchone()
        if _has_gathered(db):
            total += db.execute("SELECT count(*) FROM gathered").fetchone()[0]
    return Source(total, _read_outbox(path))


def _read_outbox(path: Path) -> Iterator[Row]:
    with _outbox(path) as db:
        for (payload,) in db.execute("SELECT payload FROM record WHERE stream = ? ORDER BY seq", (Stream.HIRES,)):
            yield from rows_of(RecordMessage.model_validate_json(payload))
        if _has_gathered(db):
            (site,) = db.execute("SELECT site FROM outbox").fetchone()
            for tenths, code, parameter in db.execute("SELECT wall_tenths, code, parameter FROM gathered ORDER BY id"):
                yield Row(tenths * TENTH_NS, site, code, parameter)


@contextmanager
def _outbox(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, in one transaction, so that no event is read twice."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30.0)) as db:
            db.execute("BEGIN")
            yield db
    except sqlite3.Error as error:
        raise InputError(f"--outbox {path}: cannot be read as an outbox ({error})") from error


def _has_gathered(db: sqlite3.Connection) -> bool:
    """False for a file that was begun before there were such events."""
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'gathered'").fetchone() is not None


def table_source(path: Path) -> Source:
    """The hires.csv of a replay or of a simulated run. InputError where it cannot be read, or a line is no event."""
    with _table(path) as lines:
        if next(lines, None) != list(COLUMNS):
            raise InputError(f"{path}: its first line is not {','.join(COLUMNS)}")
        return Source(sum(1 for _ in lines), _read_table(path))


def _read_table(path: Path) -> Iterator[Row]:
    with _table(path) as lines:
        next(lines)
        for number, cells in enumerate(lines, start=2):
            yield _row(path, number, cells)


@contextmanager
def _table(path: Path) -> Iterator[Iterator[list[str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield csv.reader(file)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"{path}: cannot be read ({reason}); give the folder of a replay with a plan, or of one run of a simulation"
        ) from error


def _row(path: Path, number: int, cells: list[str]) -> Row:
    try:
        stamp, device, code, parameter = cells
        instant = datetime.fromisoformat(f"{stamp}00").replace(tzinfo=UTC)
        return Row(wall_ns_of(instant), device, int(code), int(parameter))
    except ValueError as error:
        raise InputError(f"{path}: line {number} is no event: {','.join(cells)}") from error
