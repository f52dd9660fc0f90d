"""High-resolution events come into the outbox by the step and leave it by the minute; none is lost on the way."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import NS_PER_S, ReplayClock
from edge.messages import HiResBody, Stream, parse_record
from edge.telemetry.hires import HiResEvent, body_of
from edge.telemetry.hires_gather import RECORD_EVENTS
from edge.telemetry.hires_read import Row, outbox_source
from edge.telemetry.outbox import Outbox
from tests.unit.test_outbox import NODE, START_WALL_NS, crossing


class Steps:
    """An outbox under a clock of ours, and events told into it."""

    def __init__(self, path: Path, start_wall_ns: int = START_WALL_NS) -> None:
        self.clock = ReplayClock(start_wall_ns)
        self.outbox = Outbox(path, identity=NODE, clock=self.clock, max_bytes=8 << 20)

    def told(self, t_s: float, *events: tuple[int, int]) -> None:
        self.clock.advance_to(max(self.clock.now_ns(), round(t_s * NS_PER_S)))
        made = [HiResEvent(round(t_s * NS_PER_S), code, parameter) for code, parameter in events]
        self.outbox.append_many([body_of(made, self.clock.wall_ns)])

    def records(self) -> list[HiResBody]:
        pending = [parse_record(one.payload) for one in self.outbox.pending(Stream.HIRES, limit=10_000)]
        assert [one.seq for one in pending] == list(range(1, len(pending) + 1))
        bodies = [one.body for one in pending]
        assert all(isinstance(body, HiResBody) for body in bodies)
        return [body for body in bodies if isinstance(body, HiResBody)]


def events_in(path: Path) -> list[tuple[float, int, int]]:
    """(seconds since the start, code, parameter) of everything that the outbox holds."""
    return [((row.wall_ns - START_WALL_NS) / NS_PER_S, row.code, row.parameter) for row in _sorted(path)]


def _sorted(path: Path) -> Iterable[Row]:
    return sorted(outbox_source(path).rows)


def test_a_minute_is_one_record(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    steps = Steps(path)
    for t_s in (10.04, 10.1, 69.96):
        steps.told(t_s, (82, 1), (81, 2))
    assert steps.records() == []
    steps.told(70.0, (1, 2))
    (record,) = steps.records()
    assert record.events == [(0, 82, 1), (0, 81, 2), (1, 82, 1), (1, 81, 2), (599, 82, 1), (599, 81, 2)]
    first = parse_record(steps.outbox.pending(Stream.HIRES)[0].payload)
    assert first.ts.isoformat() == "2026-05-01T12:00:10+00:00"
    assert first.t_ns == 10 * NS_PER_S
    assert [at for at, _, _ in events_in(path)] == [10.0, 10.0, 10.1, 10.1, 69.9, 69.9, 70.0]


def test_many_events_do_not_wait_for_the_minute(tmp_path: Path) -> None:
    steps = Steps(tmp_path / "outbox.db")
    for number in range(RECORD_EVENTS + 1):
        steps.told(number / 100, (82, number % 8))
    assert [len(record.events) for record in steps.records()] == [RECORD_EVENTS]


def test_the_publisher_can_have_the_record_when_its_minute_is_over_and_nobody_tells_more(tmp_path: Path) -> None:
    steps = Steps(tmp_path / "outbox.db")
    assert not steps.outbox.batch_hires()
    steps.told(5.0, (1, 2))
    assert not steps.outbox.batch_hires()
    steps.clock.advance_to(65 * NS_PER_S)
    assert steps.outbox.batch_hires()
    assert not steps.outbox.batch_hires(), "it is made once"
    steps.told(66.0, (7, 2))
    assert steps.outbox.batch_hires(unfinished=True)
    assert [record.events for record in steps.records()] == [[(0, 1, 2)], [(0, 7, 2)]]


def test_after_a_restart_the_instants_are_still_those_of_the_wall(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    steps = Steps(path)
    steps.told(5.0, (1, 2))
    steps.outbox.close()
    # The machine was off for an hour, and its monotonic time begins anew.
    again = Steps(path, START_WALL_NS + 3600 * NS_PER_S)
    again.told(1.0, (7, 2))
    (record,) = again.records()
    assert record.events == [(0, 1, 2)]
    assert events_in(path) == [(5.0, 1, 2), (3601.0, 7, 2)]


def test_a_clock_that_is_set_back_ends_a_record(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    steps = Steps(path)
    steps.told(100.0, (1, 2))
    steps.outbox.close()
    again = Steps(path, START_WALL_NS - 3600 * NS_PER_S)
    again.told(100.0, (7, 2))
    assert [record.events for record in again.records()] == [[(0, 1, 2)]]


def test_others_of_the_same_step_are_committed_with_it_and_have_a_seq(tmp_path: Path) -> None:
    steps = Steps(tmp_path / "outbox.db")
    hires = body_of([HiResEvent(0, 1, 2)], steps.clock.wall_ns)
    assert steps.outbox.append_many([(0, crossing()), hires, (0, crossing())]) == [1, 2]
    assert steps.outbox.append_many([hires]) == []
    assert steps.outbox.stats().records == 2


def test_a_file_of_an_earlier_version_takes_them(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    steps = Steps(path)
    steps.outbox.append(crossing(), 0)
    steps.outbox.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE gathered")
        db.commit()
    assert outbox_source(path).total == 0
    again = Steps(path)
    again.told(1.0, (1, 2))
    assert again.outbox.stats().records == 1
    assert events_in(path) == [(1.0, 1, 2)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.lists(st.tuples(st.sampled_from([1, 7, 82]), st.integers(1, 9)), max_size=9)),
        max_size=40,
    )
)
def test_every_event_is_in_exactly_one_place(raw: list[tuple[int, list[tuple[int, int]]]]) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "outbox.db"
        steps, told = Steps(path), []
        for at, events in sorted(raw):
            if events:
                steps.told(at / 2, *events)
                told += [(at / 2, code, parameter) for code, parameter in events]
            if at % 7 == 0:
                steps.outbox.batch_hires(unfinished=at % 2 == 0)
        for record in steps.records():
            assert record.events[-1][0] < 600
        assert events_in(path) == sorted(told)
        assert outbox_source(path).total == len(told)
        steps.outbox.close()


_TELL_FOR_EVER = """
import sys
from pathlib import Path
from edge.clock import NS_PER_S
from tests.unit.test_hires_outbox import Steps
steps = Steps(Path(sys.argv[1]), int(sys.argv[2]))
number = 0
while True:
    # ten seconds a step, so that records are made all the time
    steps.told(10.0 * number, (82, number % 100), (81, number % 100))
    number += 1
    print(number, flush=True)
"""


def test_kill_minus_nine_loses_no_event_that_was_told(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    rng = random.Random(3)
    expected: list[int] = []
    for round_ in range(4):
        start_ns = START_WALL_NS + round_ * 100_000 * NS_PER_S
        process = subprocess.Popen(
            [sys.executable, "-c", _TELL_FOR_EVER, str(path), str(start_ns)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(rng.randrange(5, 40)):
            process.stdout.readline()
        process.kill()
        lines = process.stdout.read().splitlines(keepends=True)
        process.wait()
        process.stdout.close()
        expected.append(len(lines))
    found = events_in(path)
    tenths = [round(at * 10) for at, _, _ in found]
    assert all(tenths.count(one) == 2 for one in set(tenths)), "both events of a step or none, and none twice"
    for round_ in range(4):
        steps = sorted({one // 100 for one in tenths if one // 1_000_000 == round_})
        first = round_ * 10_000
        assert steps == list(range(first, first + len(steps))), "none between the first and the last is lost"
        assert len(steps) >= max(5, expected[round_])
    with Outbox(path, identity=NODE, clock=ReplayClock(START_WALL_NS), max_bytes=8 << 20) as outbox:
        assert outbox.stats().set_aside is None
        seqs = [one.seq for one in outbox.pending(Stream.HIRES, limit=10_000)]
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(seqs) >= 4
