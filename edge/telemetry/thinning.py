"""Rows of the outbox: put in, forgotten once acknowledged, given up when the file is full."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from edge.errors import ProtocolError
from edge.messages import Stream

#: Order in which streams give way when the file is full; what was counted goes last.
THINNED_FIRST: tuple[Stream, ...] = (
    Stream.LANES,
    Stream.SIGNAL,
    Stream.HIRES,
    Stream.HEALTH,
    Stream.SUMMARY,
    Stream.CYCLE,
    Stream.CROSSING,
    Stream.INCIDENT,
)
#: What a row costs on disk besides its payload, about, and what a thinned range's record costs at most.
_ROW_BYTES = 64
_TOMBSTONE_BYTES = 1024


def put(db: sqlite3.Connection, stream: Stream, first_seq: int, seq: int, payload: str, *, thinned: bool) -> None:
    """Insert one record that accounts for first_seq..seq."""
    size = len(payload.encode()) + _ROW_BYTES
    db.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", (stream, seq, first_seq, size, thinned, payload))
    db.execute("UPDATE stream SET records = records + 1, bytes = bytes + ? WHERE name = ?", (size, stream))


def forget(db: sqlite3.Connection, stream: Stream, seq: int) -> int:
    """Delete records up to `seq`; returns how many. ProtocolError beyond the last seq given out."""
    row = db.execute("SELECT last_seq FROM stream WHERE name = ?", (stream,)).fetchone()
    last_seq = 0 if row is None else row[0]
    if seq > last_seq:
        raise ProtocolError(f"acknowledgement of {stream} up to {seq}, but the last record has seq {last_seq}")
    query = "SELECT count(*), coalesce(sum(bytes), 0) FROM record WHERE stream = ? AND seq <= ?"
    count, size = db.execute(query, (stream, seq)).fetchone()
    if count:
        db.execute("DELETE FROM record WHERE stream = ? AND seq <= ?", (stream, seq))
        db.execute("UPDATE stream SET records = records - ?, bytes = bytes - ? WHERE name = ?", (count, size, stream))
    return int(count)


def thin(db: sqlite3.Connection, excess_bytes: int, tombstone: Callable[[Stream, int, int], str]) -> dict[Stream, int]:
    """Give up records until `excess_bytes` are free, in the order of `THINNED_FIRST`, oldest first.

    tombstone(stream, first_seq, seq) is the payload put in their place. Returns how many
    records of each stream were given up.
    """
    given_up: dict[Stream, int] = {}
    for stream in THINNED_FIRST:
        if excess_bytes <= 0:
            break
        rows = db.execute("SELECT seq, first_seq, bytes, thinned FROM record WHERE stream = ? ORDER BY seq", (stream,))
        freed, first_seq, last_seq, count = 0, 0, 0, 0
        for seq, first, size, thinned in rows:
            if freed >= excess_bytes + _TOMBSTONE_BYTES:
                break
            first_seq, last_seq = first_seq or first, seq
            freed += size
            count += not thinned
        rows.close()
        if count == 0:
            continue
        forget(db, stream, last_seq)
        put(db, stream, first_seq, last_seq, tombstone(stream, first_seq, last_seq), thinned=True)
        db.execute("UPDATE stream SET thinned = thinned + ? WHERE name = ?", (count, stream))
        given_up[stream] = count
        excess_bytes -= freed - _TOMBSTONE_BYTES
    return given_up
