"""The outbox keeps what was committed, in order, bounded, and says what it gave up."""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import NS_PER_S, ReplayClock
from edge.errors import ConfigError, ProtocolError, StorageError
from edge.messages import Body, CrossingBody, LaneNow, LanesBody, Stream, ThinnedBody, parse_record
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox import Description, Outbox
from edge.types import Kind

NODE = NodeIdentity("town", "a1", "cabinet")
START_WALL_NS = 1_777_636_800 * NS_PER_S  # 2026-05-01T12:00:00Z


def crossing(track_id: int = 1) -> CrossingBody:
    return CrossingBody(
        movement="NBT",
        kind=Kind.CAR,
        lane="nb1",
        track_id=track_id,
        entered_t_ns=None,
        speed_mps=None,
        waited_s=None,
        since_green_s=None,
        headway_s=None,
    )


def lanes(count: int = 4) -> LanesBody:
    one = LaneNow(
        lane="nb1",
        presence=True,
        vehicles=None,
        queue_vehicles=None,
        queue_m=None,
        queue_at_least=False,
        wait_s=None,
        speed_mps=None,
    )
    return LanesBody(lanes=[one] * count)


def open_at(path: Path, max_bytes: int = 1 << 20, identity: NodeIdentity = NODE) -> Outbox:
    return Outbox(path, identity=identity, clock=ReplayClock(START_WALL_NS), max_bytes=max_bytes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    with open_at(path) as box:
        yield box


def test_each_stream_counts_from_one(outbox: Outbox) -> None:
    assert [outbox.append(crossing(), t) for t in range(3)] == [1, 2, 3]
    assert outbox.append(lanes(), 0) == 1
    assert outbox.append_many([(4, lanes()), (4, crossing()), (5, lanes())]) == [2, 4, 3]
    assert outbox.append_many([]) == []
    assert [p.seq for p in outbox.pending(Stream.CROSSING)] == [1, 2, 3, 4]
    assert [p.seq for p in outbox.pending(Stream.LANES, after_seq=1, limit=1)] == [2]


def test_a_record_is_its_final_json(outbox: Outbox) -> None:
    outbox.append(crossing(7), 90 * NS_PER_S)
    (pending,) = outbox.pending(Stream.CROSSING)
    record = parse_record(pending.payload)
    assert (record.org, record.site, record.node) == ("town", "a1", "cabinet")
    assert (record.epoch, record.seq, record.stream, record.t_ns) == (outbox.epoch, 1, Stream.CROSSING, 90 * NS_PER_S)
    assert record.id == f"town/a1/cabinet/{outbox.epoch}/crossing/1"
    assert json.loads(pending.payload)["ts"] == "2026-05-01T12:01:30Z"
    assert record.clock_synced
    assert record.body == crossing(7)


def test_acknowledged_records_go_and_seq_goes_on_after_reopening(path: Path) -> None:
    with open_at(path) as outbox:
        epoch = outbox.epoch
        outbox.append_many([(i, crossing(i)) for i in range(10)])
        assert outbox.acknowledge(Stream.CROSSING, 4) == 4
        assert outbox.acknowledge(Stream.CROSSING, 4) == 0
        assert [p.seq for p in outbox.pending(Stream.CROSSING)] == [5, 6, 7, 8, 9, 10]
        assert outbox.acknowledge(Stream.CROSSING, 10) == 6
    with open_at(path) as outbox:
        assert outbox.epoch == epoch
        assert outbox.stats().records == outbox.stats().bytes == 0
        assert outbox.append(crossing(), 0) == 11


def test_an_acknowledgement_of_what_was_never_sent_is_refused(outbox: Outbox) -> None:
    outbox.append(crossing(), 0)
    with pytest.raises(ProtocolError, match="crossing up to 2, but the last record has seq 1"):
        outbox.acknowledge(Stream.CROSSING, 2)
    with pytest.raises(ProtocolError, match="last record has seq 0"):
        outbox.acknowledge(Stream.HEALTH, 1)
    assert outbox.stats().records == 1


def test_one_bad_body_leaves_nothing_of_its_batch(outbox: Outbox) -> None:
    with pytest.raises(ValueError, match="by the outbox alone"):
        outbox.append_many([(0, crossing()), (0, ThinnedBody(of=Stream.LANES, from_seq=1))])
    assert outbox.stats().records == 0
    assert outbox.append(crossing(), 0) == 1


def test_two_processes_share_one_sequence(path: Path) -> None:
    with open_at(path) as one, open_at(path) as two:
        seqs = [box.append(crossing(), 0) for box in (one, two, two, one)]
    assert seqs == [1, 2, 3, 4]


def test_description_is_kept_in_the_file(path: Path) -> None:
    with open_at(path) as writer, open_at(path) as reader:
        assert reader.description() == Description()
        writer.describe(Description(("NBT", "NBL"), ("nb1",)))
        assert reader.description() == Description(("NBT", "NBL"), ("nb1",))


class TestBound:
    def test_lanes_give_way_before_crossings(self, path: Path) -> None:
        with open_at(path, max_bytes=64 << 10) as outbox:
            crossings = [outbox.append(crossing(i), i) for i in range(60)]
            for i in range(300):
                outbox.append(lanes(), i)
            stats = outbox.stats()
            assert stats.bytes <= 64 << 10
            assert [p.seq for p in outbox.pending(Stream.CROSSING, limit=999)] == crossings
            kept = outbox.pending(Stream.LANES, limit=999)
            assert stats.streams[Stream.CROSSING].thinned == 0
            assert stats.thinned == stats.streams[Stream.LANES].thinned > 0
            # The first of what is left accounts for all that was given up, the last is the newest.
            first = parse_record(kept[0].payload)
            assert first.body == ThinnedBody(of=Stream.LANES, from_seq=1)
            assert (first.stream, first.first_seq, first.seq) == (Stream.LANES, 1, stats.thinned)
            assert [p.seq for p in kept] == list(range(first.seq, 301))

    def test_crossings_go_last_of_all(self, path: Path) -> None:
        with open_at(path, max_bytes=64 << 10) as outbox:
            for i in range(400):
                outbox.append_many([(i, lanes()), (i, crossing(i))])
            streams = outbox.stats().streams
            assert streams[Stream.LANES].records <= 2
            assert streams[Stream.CROSSING].thinned > 0
            assert outbox.pending(Stream.CROSSING, limit=999)[-1].seq == 400

    def test_the_bound_must_hold_at_least_some_records(self, path: Path) -> None:
        with pytest.raises(ValueError, match="at least 65536"):
            open_at(path, max_bytes=1000)

    def test_the_file_itself_stays_near_its_bound(self, path: Path) -> None:
        with open_at(path, max_bytes=256 << 10) as outbox:
            for start in range(0, 3000, 50):
                outbox.append_many([(start + i, lanes()) for i in range(50)])
        assert path.stat().st_size < 2 * (256 << 10)

    @settings(max_examples=25, deadline=None)
    @given(
        steps=st.lists(
            st.one_of(
                st.tuples(st.just("append"), st.sampled_from([lanes(), lanes(30), crossing()]), st.integers(1, 60)),
                st.tuples(st.just("ack"), st.sampled_from([Stream.LANES, Stream.CROSSING]), st.integers(0, 100)),
            ),
            max_size=25,
        )
    )
    def test_every_seq_is_acknowledged_waiting_or_named_as_thinned(
        self, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Body | Stream, int]]
    ) -> None:
        acked = dict.fromkeys(Stream, 0)
        last = dict.fromkeys(Stream, 0)
        path = tmp_path_factory.mktemp("box") / "outbox.db"
        with open_at(path, max_bytes=64 << 10) as outbox:
            for _, what, n in steps:
                if isinstance(what, Stream):
                    seq = acked[what] + (last[what] - acked[what]) * n // 100
                    outbox.acknowledge(what, seq)
                    acked[what] = seq
                else:
                    last[what.stream if not isinstance(what, ThinnedBody) else what.of] = outbox.append_many(
                        [(0, what)] * n
                    )[-1]
            assert outbox.stats().bytes <= 64 << 10
            for stream in (Stream.LANES, Stream.CROSSING):
                expected = acked[stream] + 1
                for pending in outbox.pending(stream, limit=9999):
                    record = parse_record(pending.payload)
                    assert record.first_seq <= expected <= record.seq == pending.seq
                    expected = record.seq + 1
                assert expected == last[stream] + 1


class TestDamage:
    @pytest.mark.parametrize("damage", ["text", "header", "page"])
    def test_a_damaged_file_is_kept_and_a_new_epoch_begun(
        self, path: Path, damage: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with open_at(path) as outbox:
            outbox.append_many([(i, crossing(i)) for i in range(200)])
            epoch = outbox.epoch
        content = bytearray(path.read_bytes())
        match damage:
            case "text":
                content[:] = b"this is no database\n" * 400
            case "header":
                content[0:64] = b"\xff" * 64
            case "page":
                content[-4096:] = b"\xa5" * 4096
        path.write_bytes(content)
        with open_at(path) as outbox:
            assert outbox.epoch != epoch
            assert outbox.append(crossing(), 0) == 1
            aside = outbox.stats().set_aside
        assert aside is not None
        assert Path(aside).read_bytes() == bytes(content)
        assert f"kept as {aside}" in caplog.text

    def test_damage_in_use_is_noticed_by_all_who_have_it_open(self, path: Path) -> None:
        with open_at(path) as one, open_at(path) as two:
            epoch = one.epoch
            one.describe(Description(("NBT",), ()))
            one.append_many([(i, crossing(i)) for i in range(200)])
            one._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            content = path.read_bytes()
            path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
            one._db.execute("PRAGMA shrink_memory")
            assert one.append(crossing(), 0) == 1
            assert two.append(crossing(), 0) == 2
            assert one.epoch == two.epoch != epoch
            assert one.description() == Description(("NBT",), ())
        assert len(list(path.parent.glob("*.damaged-1"))) == 1
        assert not list(path.parent.glob("*.damaged-2"))

    def test_a_file_removed_in_use_is_begun_anew(self, path: Path) -> None:
        with open_at(path) as outbox:
            outbox.append(crossing(), 0)
            for file in path.parent.glob("outbox.db*"):
                file.unlink()
            assert outbox.append(crossing(), 0) == 1
        with open_at(path) as outbox:
            assert outbox.stats().records == 1

    def test_an_empty_file_is_a_new_outbox(self, path: Path) -> None:
        path.touch()
        with open_at(path) as outbox:
            assert outbox.append(crossing(), 0) == 1
            assert outbox.stats().set_aside is None


class TestRefused:
    def test_a_database_of_another_program_is_left_alone(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE precious (x)")
            db.commit()
        with pytest.raises(ConfigError, match="another program"):
            open_at(path)
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("precious",)]

    def test_another_node_is_named(self, path: Path) -> None:
        open_at(path).close()
        with pytest.raises(ConfigError, match="outbox of town/a1/cabinet, not of town/b2/cabinet"):
            open_at(path, identity=NodeIdentity("town", "b2", "cabinet"))

    def test_a_later_format_is_not_touched(self, path: Path) -> None:
        open_at(path).close()
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 99")
        with pytest.raises(ConfigError, match="format 99"):
            open_at(path)

    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match=r"nowhere/outbox.db.lock: .*folder"):
            open_at(tmp_path / "nowhere" / "outbox.db")

    def test_a_folder_is_no_outbox(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="cannot open the outbox"):
            open_at(tmp_path)

    def test_a_name_that_cannot_be_a_topic_level(self) -> None:
        with pytest.raises(ConfigError, match="'Town/1' cannot be a topic level"):
            NodeIdentity("Town/1", "a1", "cabinet")


class TestFullDisk:
    def test_what_was_committed_stays_readable(self, outbox: Outbox) -> None:
        (pages,) = outbox._db.execute("PRAGMA page_count").fetchone()
        outbox._db.execute(f"PRAGMA max_page_count = {pages + 4}")
        seqs: list[int] = []
        with pytest.raises(StorageError, match=r"the disk is full: .*outbox\.db"):
            seqs.extend(outbox.append(crossing(i), i) for i in range(1000))
        done = len(seqs)
        assert [p.seq for p in outbox.pending(Stream.CROSSING, limit=9999)] == list(range(1, done + 1))
        # Room again, by an acknowledgement: it goes on where it stopped.
        outbox.acknowledge(Stream.CROSSING, done)
        assert outbox.append(crossing(), 0) == done + 1

    def test_a_file_system_that_refuses_to_write(self, path: Path) -> None:
        """A process whose files may not grow beyond 64 KiB: the kernel's own refusal, not SQLite's."""
        program = """
import resource, signal, sys
from pathlib import Path
from edge.errors import StorageError
from tests.unit.test_outbox import crossing, open_at
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
done = 0
with open_at(Path(sys.argv[1])) as outbox:
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
    try:
        while done < 10_000:
            done = outbox.append(crossing(), 0)
    except StorageError as error:
        print(done, error)
"""
        assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
        run = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, timeout=60
        )
        done, _, message = run.stdout.partition(" ")
        assert 0 < int(done) < 10_000
        assert str(path) in message
        with open_at(path) as outbox:
            assert [p.seq for p in outbox.pending(Stream.CROSSING, limit=9999)] == list(range(1, int(done) + 1))
