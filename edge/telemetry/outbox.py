"""Records between their making and their safe arrival: one SQLite file a node.

Several processes append, one publishes. A record is on disk before `append` returns
(WAL, synchronous=FULL), under (node, epoch, stream, seq): seq counts from 1 in each
stream without a gap, epoch is drawn when the file is begun. It leaves only when the
collector acknowledges it.

The file is bounded. Beyond `max_bytes` the least valuable stream is thinned first
(`thinning.THINNED_FIRST`), oldest records first, and what was thinned is counted. In their place
stands one record with an `edge.messages.ThinnedBody`: it has the seq of the last one
given up and names the first, so whoever waits for the stream without gaps learns in the
stream itself which part will never come. Thinning again widens that record.

High-resolution events come in by the step and leave by the minute: they are gathered in
the file (`hires_gather`) and become a record when their minute is over.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from edge.clock import Clock, instant_utc
from edge.errors import StoplineError, StorageError
from edge.messages import Body, HiResBody, RecordMessage, Stream, ThinnedBody
from edge.telemetry import hires_gather
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox_file import FileLock, is_damage, open_outbox, primary_code
from edge.telemetry.thinning import forget, put, thin

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

DEFAULT_MAX_BYTES = 256 << 20
MIN_MAX_BYTES = 64 << 10
#: A full file is thinned this share below its bound, so that not every append has to.
_SLACK = 32


@dataclass(frozen=True, slots=True)
class Pending:
    """One record on its way; payload is its final JSON."""

    seq: int
    payload: str


@dataclass(frozen=True, slots=True)
class StreamStats:
    """One stream: seq last given out, records waiting (with a thinned one), records given up."""

    last_seq: int
    records: int
    bytes: int
    thinned: int


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """The whole file. set_aside is the damaged file that came before it, None if there was none."""

    epoch: str
    records: int
    bytes: int
    thinned: int
    streams: dict[Stream, StreamStats]
    set_aside: str | None


@dataclass(frozen=True, slots=True)
class Description:
    """What the node counts, for its status message: written by who knows the site."""

    movements: tuple[str, ...] = ()
    lanes: tuple[str, ...] = ()


class Outbox:
    """The outbox at `path`, begun there if need be; use one object in each thread and process.

    Opening raises ConfigError where the file belongs to another program or node. Every
    call raises StorageError where the disk is full or the file cannot be used; what was
    committed stays, and readable. A damaged file is set aside, kept and reported (log,
    `stats().set_aside`), and a new one begun with a new epoch.
    """

    def __init__(self, path: Path, *, identity: NodeIdentity, clock: Clock, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        if max_bytes < MIN_MAX_BYTES:
            raise ValueError(f"max_bytes must be at least {MIN_MAX_BYTES}, got {max_bytes}")
        self.path = path
        self.identity = identity
        self._clock = clock
        self._max_bytes = max_bytes
        self._epoch: str = ""
        self._description: tuple[str, str] | None = None
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        try:
            self._open(damaged_inode=None)
        except sqlite3.Error as error:
            self._lock.close()
            raise StorageError(_why(error, path)) from error
        except StoplineError:
            self._lock.close()
            raise

    @property
    def epoch(self) -> str:
        """Epoch of the file as last used; changes when a damaged file was replaced."""
        return self._epoch

    def append(self, body: Body, t_ns: int) -> int:
        """Commit one record of what happened at `t_ns`; returns its seq. Not for high-resolution events."""
        (seq,) = self.append_many([(t_ns, body)])
        return seq

    def append_many(self, records: Iterable[tuple[int, Body]]) -> list[int]:
        """Commit (t_ns, body) pairs, all or none; returns their seqs.

        High-resolution events are committed with the others, but have no seq before their record has.
        """
        batch = list(records)
        return self._write(lambda db: self._insert(db, batch)) if batch else []

    def batch_hires(self, *, unfinished: bool = False) -> bool:
        """Make a record of the high-resolution events gathered, if their minute is over or `unfinished` ones may go.

        The publisher calls this, for nobody else may be there to: whether there is a new record.
        """
        now_ns = self._clock.wall_ns(self._clock.now_ns())

        def due(db: sqlite3.Connection) -> bool:
            if unfinished:
                return bool(db.execute("SELECT EXISTS (SELECT 1 FROM gathered)").fetchone()[0])
            return hires_gather.is_whole(db, now_ns)

        return self._guarded(due) and self._write(lambda db: due(db) and self._put_gathered(db))

    def pending(self, stream: Stream, after_seq: int = 0, limit: int = 100) -> list[Pending]:
        """Records of a stream beyond `after_seq` in the order of seq, at most `limit`."""
        query = "SELECT seq, payload FROM record WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?"
        return self._guarded(lambda db: [Pending(*row) for row in db.execute(query, (stream, after_seq, limit))])

    def acknowledge(self, stream: Stream, seq: int) -> int:
        """Delete what the collector has, up to `seq`; returns how many. ProtocolError beyond the last seq."""
        return self._write(lambda db: forget(db, stream, seq))

    def describe(self, description: Description) -> None:
        """Set what the node counts; the publisher tells it in the node's status."""
        values = (json.dumps(description.movements), json.dumps(description.lanes))
        self._write(lambda db: db.execute("UPDATE outbox SET movements = ?, lanes = ?", values))
        self._description = values

    def description(self) -> Description:
        """What was last set with `describe`."""
        row = self._guarded(lambda db: db.execute("SELECT movements, lanes FROM outbox").fetchone())
        return Description(*(tuple(json.loads(value)) for value in row))

    def stats(self) -> OutboxStats:
        """Counts of the whole file and of each stream."""

        def read(db: sqlite3.Connection) -> OutboxStats:
            streams = {
                Stream(name): StreamStats(*counts)
                for name, *counts in db.execute("SELECT name, last_seq, records, bytes, thinned FROM stream")
            }
            epoch, set_aside = db.execute("SELECT epoch, set_aside FROM outbox").fetchone()
            return OutboxStats(
                epoch,
                sum(s.records for s in streams.values()),
                sum(s.bytes for s in streams.values()),
                sum(s.thinned for s in streams.values()),
                streams,
                set_aside,
            )

        return self._guarded(read)

    def close(self) -> None:
        """Free the file; what is in it stays. Safe to call twice."""
        self._db.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, damaged_inode: int | None) -> None:
        with self._lock.exclusive():
            self._db = open_outbox(self.path, self.identity, damaged_inode=damaged_inode)
            self._inode = self.path.stat().st_ino
        epoch, set_aside = self._db.execute("SELECT epoch, set_aside FROM outbox").fetchone()
        if self._description is not None and epoch != self._epoch:
            self._db.execute("UPDATE outbox SET movements = ?, lanes = ?", self._description)
        self._epoch = epoch
        if set_aside is not None:
            _log.warning("%s was damaged: kept as %s, a new one is begun", self.path, set_aside)

    def _write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        def transaction(db: sqlite3.Connection) -> _T:
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            except BaseException:
                # SQLite itself has rolled back after some errors, a full disk among them.
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            return result

        return self._guarded(transaction)

    def _guarded(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `work` on the file that is at `path` now; once more on a new one if it is damaged."""
        try:
            try:
                return self._on_present_file(work)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self._db.close()
                self._open(damaged_inode=self._inode)
                return self._on_present_file(work)
        except sqlite3.Error as error:
            raise StorageError(_why(error, self.path)) from error

    def _on_present_file(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        while True:
            with self._lock.shared():
                if self._is_present():
                    return work(self._db)
            # Another process has set the file aside, or somebody has removed it.
            self._db.close()
            self._open(damaged_inode=None)

    def _is_present(self) -> bool:
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _insert(self, db: sqlite3.Connection, batch: Sequence[tuple[int, Body]]) -> list[int]:
        seqs: list[int] = []
        for t_ns, body in batch:
            wall_ns, synced = self._clock.wall_ns(t_ns), self._clock.synced()
            if isinstance(body, HiResBody):
                if hires_gather.is_whole(db, wall_ns):
                    self._put_gathered(db)
                hires_gather.gather(db, body, t_ns, wall_ns, synced=synced)
                continue
            seqs.append(self._put(db, t_ns, body, wall_ns, synced=synced))
        (used,) = db.execute("SELECT coalesce(sum(bytes), 0) FROM stream").fetchone()
        if used > self._max_bytes:
            self._thin(db, used - self._max_bytes + self._max_bytes // _SLACK, batch[-1][0])
        return seqs

    def _put(self, db: sqlite3.Connection, t_ns: int, body: Body, wall_ns: int, *, synced: bool) -> int:
        stream = body.stream
        if stream == "thinned":
            raise ValueError("a thinned range is recorded by the outbox alone")
        db.execute("INSERT OR IGNORE INTO stream (name) VALUES (?)", (stream,))
        (last_seq,) = db.execute("SELECT last_seq FROM stream WHERE name = ?", (stream,)).fetchone()
        seq = int(last_seq) + 1
        put(db, stream, seq, seq, self._payload(stream, seq, t_ns, body, wall_ns, synced=synced), thinned=False)
        db.execute("UPDATE stream SET last_seq = ? WHERE name = ?", (seq, stream))
        return seq

    def _put_gathered(self, db: sqlite3.Connection) -> bool:
        whole = hires_gather.take(db)
        if whole is not None:
            self._put(db, whole.t_ns, whole.body, whole.wall_ns, synced=whole.synced)
        return whole is not None

    def _thin(self, db: sqlite3.Connection, excess_bytes: int, t_ns: int) -> None:
        def tombstone(stream: Stream, first_seq: int, seq: int) -> str:
            body = ThinnedBody(of=stream, from_seq=first_seq)
            return self._payload(stream, seq, t_ns, body, self._clock.wall_ns(t_ns), synced=self._clock.synced())

        for stream, count in thin(db, excess_bytes, tombstone).items():
            _log.warning("outbox %s is full: %d records of stream %s given up", self.path, count, stream)

    def _payload(self, stream: Stream, seq: int, t_ns: int, body: Body, wall_ns: int, *, synced: bool) -> str:
        who = self.identity
        return RecordMessage(
            id=f"{who}/{self._epoch}/{stream}/{seq}",
            org=who.org,
            site=who.site,
            node=who.node,
            epoch=self._epoch,
            seq=seq,
            ts=instant_utc(wall_ns),
            t_ns=t_ns,
            clock_synced=synced,
            body=body,
        ).model_dump_json()


def _why(error: sqlite3.Error, path: Path) -> str:
    match primary_code(error):
        case sqlite3.SQLITE_FULL:
            return f"the disk is full: {path} takes no more records, free some space; those it has stay readable"
        case sqlite3.SQLITE_BUSY:
            return f"{path} is held by another process for more than 30 s: look which one with fuser {path}"
        case _:
            return f"the outbox {path} cannot be used: {error}"
