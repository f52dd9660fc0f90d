"""Ingest: each record once, acknowledged up to the first gap, whatever the order and however often it came."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, func, select

from collector import tables
from collector.arrivals import Arrival, Poison
from collector.database import Database, open_database
from collector.rows import natural_rows
from collector.store import LANES_KEPT, QUARANTINE_KEPT, Outcome, Store
from edge.clock import ReplayClock, wall_ns_of
from edge.errors import StorageError
from edge.incident import Stage
from edge.messages import Body, PreemptState, RecordMessage, Stream, ThinnedBody
from edge.types import Kind
from tests.collector_cabinet import NOON, Cabinet, crossing, cycle, health, hires, incident, lanes, signal, summary

BODIES: dict[Stream, Body] = {
    Stream.CROSSING: crossing(),
    Stream.SUMMARY: summary({"NBT": {Kind.CAR: 3}, "SBT": None}),
    Stream.CYCLE: cycle(),
    Stream.HEALTH: health(),
    Stream.SIGNAL: signal(),
    Stream.LANES: lanes(nb1=2, nb2=None),
    Stream.HIRES: hires(),
    Stream.INCIDENT: incident(Stage.START),
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(str(tmp_path / "town.sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database.writer, ReplayClock())


def rows(database: Database, table: Table) -> int:
    with database.reader.connect() as link:
        return link.scalar(select(func.count()).select_from(table)) or 0


def acks(outcome: Outcome) -> dict[tuple[str, Stream], int]:
    return {(ack.topic, ack.message.stream): ack.message.seq for ack in outcome.acks}


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[RecordMessage]]:
    """Records of several streams: some missing, some twice, in any order, in batches of any size."""
    sent: list[RecordMessage] = []
    for site, epoch in draw(
        st.lists(st.tuples(st.sampled_from(["a1", "b2"]), st.sampled_from(["0badcafe", "0ddba115"])), unique=True)
    ):
        for stream in draw(st.lists(st.sampled_from(list(Stream)), unique=True, max_size=3)):
            cabinet = Cabinet(site, epoch=epoch)
            last = draw(st.integers(1, 8))
            made = [cabinet.record(BODIES[stream], n) for n in range(last)]
            if draw(st.booleans()):
                first = draw(st.integers(1, last))
                made.append(cabinet.record(ThinnedBody(of=stream, from_seq=first), seq=draw(st.integers(first, last))))
            sent.extend(draw(st.lists(st.sampled_from(made), max_size=12)))
    sent = draw(st.permutations(sent))
    size = draw(st.integers(1, 5))
    return [sent[start : start + size] for start in range(0, len(sent), size)]


@settings(max_examples=60, deadline=None)
@given(deliveries())
def test_any_delivery_is_stored_once_and_acknowledged_up_to_the_gap(batches: list[list[RecordMessage]]) -> None:
    sent = [record for batch in batches for record in batch]
    streams = {(r.site, r.epoch, r.stream) for r in sent}
    final: dict[tuple[str, str, Stream], int] = {}
    with TemporaryDirectory() as folder:
        database = open_database(f"{folder}/town.sqlite")
        store = Store(database.writer, ReplayClock())
        for batch in batches:
            for ack in store.ingest(batch).acks:
                key = (ack.topic.split("/")[3], ack.message.epoch, ack.message.stream)
                assert ack.message.seq >= final.get(key, 0), "an acknowledgement went back"
                final[key] = ack.message.seq
        with database.reader.connect() as link:
            found = link.execute(
                select(tables.nodes.c.site, tables.streams.c.epoch, tables.streams.c.stream, tables.records.c.seq)
                .join(tables.streams, tables.streams.c.id == tables.records.c.stream_id)
                .join(tables.nodes, tables.nodes.c.id == tables.streams.c.node_id)
            ).all()
            crossings = link.scalar(select(func.count()).select_from(tables.crossings))
        told = {
            (ack.topic.split("/")[3], ack.message.epoch, ack.message.stream): ack.message.seq
            for ack in store.known_acks()
        }
        database.close()

    real = {(r.site, r.epoch, r.stream, r.seq) for r in sent if not isinstance(r.body, ThinnedBody)}
    # Live lanes that come after their thinned range was acknowledged are too late to matter.
    stored = {(site, epoch, Stream(stream), seq) for site, epoch, stream, seq in found}
    assert len(found) == len(stored)
    assert stored <= real
    assert {key for key in real if key[2] is not Stream.LANES} <= stored
    assert crossings == sum(key[2] is Stream.CROSSING for key in real)
    for key in streams:
        accounted = {n for r in sent if (r.site, r.epoch, r.stream) == key for n in range(r.first_seq, r.seq + 1)}
        assert final[key] == next(n for n in range(100) if n + 1 not in accounted)
    assert told == {key: final[key] for key in told}
    assert {(site, stream) for site, _, stream in told} == {(site, stream) for site, _, stream in streams}


@pytest.mark.parametrize("stream", list(Stream))
def test_every_stream_finds_its_tables(database: Database, store: Store, stream: Stream) -> None:
    record = Cabinet().record(BODIES[stream])
    assert store.ingest([record]).stored == 1
    expected = [table for table, _ in natural_rows(record, 1, 1)]
    assert expected
    for table in set(expected):
        assert rows(database, table) == expected.count(table)
    assert rows(database, tables.quarantine) == 0


def test_high_resolution_events_have_instants_of_full_tenths(database: Database, store: Store) -> None:
    # a clock's last digits differ from one reading to the next
    store.ingest([Cabinet().record(hires(), at_s=0.799_999), Cabinet().record(hires(), at_s=60.000_001, seq=2)])
    with database.reader.connect() as link:
        table = tables.hires_events
        found = link.execute(
            select(table.c.ts_ns, table.c.code, table.c.parameter).order_by(table.c.ts_ns, table.c.code)
        )
        tenths = [((ts_ns - wall_ns_of(NOON)) / 1e8, code, parameter) for ts_ns, code, parameter in found]
    assert tenths == [(8, 1, 2), (133, 4, 2), (133, 7, 2), (600, 1, 2), (725, 4, 2), (725, 7, 2)]
    assert store.ingest([Cabinet().record(hires(), at_s=0.799_999)]).duplicates == 1
    assert rows(database, tables.hires_events) == 6


def test_unknown_is_null_and_zero_is_zero(database: Database, store: Store) -> None:
    store.ingest([Cabinet().record(lanes(nb1=0, nb2=None))])
    with database.reader.connect() as link:
        query = select(tables.lane_states.c.lane, tables.lane_states.c.queue_vehicles, tables.lane_states.c.presence)
        assert {tuple(row) for row in link.execute(query)} == {("nb1", 0, False), ("nb2", None, None)}


def test_who_decided_is_kept_where_the_cabinet_says_so(database: Database, store: Store) -> None:
    cabinet = Cabinet()
    told = signal().model_copy(
        update={
            "level": "preempt",
            "pattern": "day",
            "preempt": PreemptState(number=3, stage="dwell"),
        }
    )
    store.ingest([cabinet.record(signal(), 0), cabinet.record(told, 1)])
    table = tables.signal_decisions
    with database.reader.connect() as link:
        found = link.execute(
            select(table.c.level, table.c.level_reason, table.c.pattern, table.c.preempt_number, table.c.preempt_stage)
        ).all()
    assert [tuple(row) for row in found] == [("preempt", None, "day", 3, "dwell")]


def test_a_gap_holds_the_acknowledgement_and_its_filling_releases_it(database: Database, store: Store) -> None:
    cabinet = Cabinet()
    one, two, three = (cabinet.record(crossing(), n) for n in range(3))
    where = (cabinet.topic("ack"), Stream.CROSSING)
    assert acks(store.ingest([one, three]))[where] == 1
    assert rows(database, tables.crossings) == 2
    assert acks(store.ingest([three]))[where] == 1
    assert acks(store.ingest([two]))[where] == 3
    assert rows(database, tables.ahead) == 0


def test_a_duplicate_is_acknowledged_again_and_the_first_stays(database: Database, store: Store) -> None:
    cabinet = Cabinet()
    store.ingest([cabinet.record(crossing("NBT"), seq=1)])
    outcome = store.ingest([cabinet.record(crossing("SBT"), seq=1)])
    assert (outcome.stored, outcome.duplicates) == (0, 1)
    assert acks(outcome) == {(cabinet.topic("ack"), Stream.CROSSING): 1}
    with database.reader.connect() as link:
        assert list(link.scalars(select(tables.crossings.c.movement))) == ["NBT"]


def test_a_thinned_range_is_acknowledged_past_and_what_came_before_it_stays(database: Database, store: Store) -> None:
    cabinet = Cabinet()
    store.ingest([cabinet.record(crossing(), seq=n) for n in (1, 4)])
    thinned = cabinet.record(ThinnedBody(of=Stream.CROSSING, from_seq=2), seq=10**12)
    assert acks(store.ingest([thinned])) == {(cabinet.topic("ack"), Stream.CROSSING): 10**12}
    assert rows(database, tables.crossings) == 2


def test_live_lanes_are_kept_for_a_quarter_of_an_hour(database: Database, store: Store) -> None:
    cabinet = Cabinet()
    made = [cabinet.record(lanes(nb1=1), n) for n in range(LANES_KEPT + 250)]
    for start in range(0, len(made), 500):
        store.ingest(made[start : start + 500])
    assert rows(database, tables.lane_states) == rows(database, tables.records) == LANES_KEPT
    outcome = store.ingest(made[:10])
    assert (outcome.stored, outcome.duplicates) == (0, 10)


def test_poison_is_set_aside_once_and_counted(database: Database, store: Store) -> None:
    poison = Poison("stopline/v1/town/a1/cabinet/crossing", b"\xff\0not json" * 1000, "no JSON")
    assert store.ingest([poison, poison]).quarantined == 2
    with database.reader.connect() as link:
        row = link.execute(select(tables.quarantine)).one()
    assert (row.times, row.size, len(row.payload), row.reason) == (2, 10_000, 4096, "no JSON")


def test_the_quarantine_is_bounded(database: Database, store: Store) -> None:
    store.ingest([Poison("stopline/v1/a/b/c/crossing", f"{n}".encode(), "no") for n in range(QUARANTINE_KEPT + 20)])
    assert rows(database, tables.quarantine) == QUARANTINE_KEPT


def test_a_record_that_the_database_refuses_does_not_hold_up_its_neighbours(database: Database, store: Store) -> None:
    cabinet = Cabinet()
    good, bad, after = (cabinet.record(BODIES[Stream.LANES], n) for n in range(3))
    twice = bad.model_copy(update={"body": lanes(nb1=1).model_copy(update={"lanes": [*lanes(nb1=1).lanes] * 2})})
    batch: list[Arrival] = [good, twice, after]
    outcome = store.ingest(batch)
    assert (outcome.stored, outcome.quarantined) == (2, 1)
    assert acks(outcome) == {(cabinet.topic("ack"), Stream.LANES): 1}
    assert rows(database, tables.quarantine) == 1


def test_a_full_disk_acknowledges_nothing_and_loses_nothing(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "town.sqlite"))
    store = Store(database.writer, ReplayClock())
    cabinet = Cabinet()
    with database.writer.connect() as link:
        pages = link.exec_driver_sql("PRAGMA page_count").scalar()
        link.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    batch = [cabinet.record(crossing(), n) for n in range(400)]
    with pytest.raises(StorageError, match="full"):
        store.ingest(batch)
    assert rows(database, tables.records) == 0
    with database.writer.connect() as link:
        link.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert acks(store.ingest(batch)) == {(cabinet.topic("ack"), Stream.CROSSING): 400}
    database.close()


def test_a_locked_database_acknowledges_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.database._BUSY_S", 0.05)
    database = open_database(str(tmp_path / "town.sqlite"))
    store = Store(database.writer, ReplayClock())
    other = sqlite3.connect(tmp_path / "town.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    record = Cabinet().record(crossing())
    with pytest.raises(StorageError, match="locked"):
        store.ingest([record])
    other.execute("ROLLBACK")
    other.close()
    assert store.ingest([record]).stored == 1
    database.close()


def test_a_last_will_takes_no_movement_away(database: Database, store: Store) -> None:
    cabinet = Cabinet()
    store.ingest([cabinet.status("online", ["NBT", "SBT"], ["nb1"])])
    store.ingest([cabinet.record(crossing("EBT")), cabinet.status("offline")])
    with database.reader.connect() as link:
        row = link.execute(select(tables.nodes)).one()
    assert (row.state, row.movements, row.lanes) == ("offline", ["NBT", "SBT", "EBT"], ["nb1"])
