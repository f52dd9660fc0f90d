"""The outbox behind a thread: everything arrives in order, nothing waits for the disk, faults are told."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from edge.clock import ReplayClock
from edge.errors import ConfigError, StorageError
from edge.live.writer import OutboxWriter
from edge.messages import Body, Stream
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox import Outbox
from tests.source_videos import until
from tests.unit.test_outbox import NODE, crossing, lanes, open_at


class Disk(Outbox):
    """An outbox whose disk can be held up, or full."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, identity=NODE, clock=ReplayClock())
        self.turns = threading.Event()
        self.full = False
        self.commits = 0

    def append_many(self, records: Iterable[tuple[int, Body]]) -> list[int]:
        assert self.turns.wait(20)
        if self.full:
            raise StorageError("the disk is full")
        self.commits += 1
        return super().append_many(records)


def seqs(path: Path, stream: Stream) -> list[int]:
    with open_at(path) as outbox:
        return [pending.seq for pending in outbox.pending(stream, limit=10_000)]


def test_everything_is_there_in_order_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with OutboxWriter(lambda: open_at(path)) as writer:
        for i in range(500):
            writer.append_many([(i, crossing(i)), (i, lanes(1))])
    assert seqs(path, Stream.CROSSING) == seqs(path, Stream.LANES) == list(range(1, 501))
    with open_at(path) as outbox:
        tracks = [pending.payload.split('"track_id":')[1].split(",")[0] for pending in outbox.pending(Stream.CROSSING)]
    assert tracks == [str(i) for i in range(100)]
    assert (writer.records, writer.thinned) == (1000, 0)


def test_a_disk_that_hangs_holds_up_nobody_and_catches_up_in_one_commit(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    opened: list[Disk] = []

    def disk() -> Outbox:
        opened.append(Disk(path))
        return opened[0]

    with OutboxWriter(disk) as writer:
        assert (writer.records, writer.thinned) == (0, 0)
        for i in range(200):
            writer.append_many([(i, crossing(i))])
        assert writer.records == 0
        opened[0].turns.set()
        until(lambda: writer.records == 200, "the disk has caught up")
        assert opened[0].commits <= 2
    assert seqs(path, Stream.CROSSING) == list(range(1, 201))


def test_a_full_disk_is_told_by_the_next_call_and_what_was_kept_stays(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    opened: list[Disk] = []

    def disk() -> Outbox:
        opened.append(Disk(path))
        opened[0].turns.set()
        return opened[0]

    writer = OutboxWriter(disk)
    writer.append_many([(1, crossing(1))])
    until(lambda: writer.records == 1, "the first is kept")
    opened[0].full = True
    writer.append_many([(2, crossing(2))])
    with pytest.raises(StorageError, match="the disk is full"):
        writer.close()
    writer.close()
    assert seqs(path, Stream.CROSSING) == [1]


def test_an_outbox_of_another_node_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    open_at(path).close()
    with pytest.raises(ConfigError):
        OutboxWriter(lambda: open_at(path, identity=NodeIdentity("town", "a2", "cabinet")))


def test_nothing_told_is_nothing_written(tmp_path: Path) -> None:
    with OutboxWriter(lambda: open_at(tmp_path / "outbox.db")) as writer:
        writer.append_many([])
    assert writer.records == 0
