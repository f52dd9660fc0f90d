"""High-resolution events on their way into a record: rows of the outbox, a minute of them or 500 to a record.

An event is on disk when the append that brought it has returned, so `kill -9` loses none
that was appended. The record is made of them, and they are deleted, in one transaction;
the publisher only ever sees whole records.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.clock import NS_PER_MS
from edge.messages import HiResBody

#: A tenth of a second.
TENTH_NS = 100 * NS_PER_MS
RECORD_TENTHS = 600
RECORD_EVENTS = 500

SCHEMA = """
CREATE TABLE IF NOT EXISTS gathered (
  id INTEGER PRIMARY KEY, wall_tenths INTEGER NOT NULL, code INTEGER NOT NULL, parameter INTEGER NOT NULL,
  t_ns INTEGER NOT NULL, synced INTEGER NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A record to be: when it begins, in cabinet and in wall time, whether that was synced, and what is in it."""

    t_ns: int
    wall_ns: int
    synced: bool
    body: HiResBody


def gather(db: sqlite3.Connection, body: HiResBody, t_ns: int, wall_ns: int, *, synced: bool) -> None:
    """Keep the events of a body that begins at t_ns, which is wall_ns."""
    begin = round(wall_ns / TENTH_NS)
    rows = [(begin + late, code, parameter, t_ns + late * TENTH_NS, synced) for late, code, parameter in body.events]
    db.executemany("INSERT INTO gathered (wall_tenths, code, parameter, t_ns, synced) VALUES (?, ?, ?, ?, ?)", rows)


def is_whole(db: sqlite3.Connection, wall_ns: int) -> bool:
    """Whether what is gathered makes a record: by number, or because its minute is over at wall_ns."""
    count, first, last = db.execute("SELECT count(*), min(wall_tenths), max(wall_tenths) FROM gathered").fetchone()
    if not count:
        return False
    # A clock that was set back a minute or more ends a record, too.
    return bool(count >= RECORD_EVENTS or not last - RECORD_TENTHS < wall_ns // TENTH_NS < first + RECORD_TENTHS)


def take(db: sqlite3.Connection) -> Gathered | None:
    """Everything gathered, which is deleted here; None where there is nothing."""
    rows = db.execute("SELECT wall_tenths, code, parameter, t_ns, synced FROM gathered ORDER BY wall_tenths, id")
    held = rows.fetchall()
    if not held:
        return None
    db.execute("DELETE FROM gathered")
    first = held[0][0]
    events = [(tenths - first, code, parameter) for tenths, code, parameter, _, _ in held]
    return Gathered(held[0][3], first * TENTH_NS, all(row[4] for row in held), HiResBody(events=events))
