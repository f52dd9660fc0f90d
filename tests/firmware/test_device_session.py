"""The host's side of the talk, without a port and without a clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.clock import NS_PER_MS, NS_PER_S
from edge.errors import DeviceError
from firmware_bridge.device_session import DeviceSession
from firmware_bridge.table import table_of_signal, to_bytes
from firmware_bridge.timing_table import TimingTable
from firmware_bridge.wire import FROM_DEVICE, Decoder, Frame, WireCounts, encode
from firmware_bridge.wire_messages import (
    ChannelReport,
    ClockTime,
    DeviceHello,
    HostHello,
    Kind,
    Report,
    Request,
)
from tests.signal_tables import TWO

TABLE = table_of_signal(TWO)
CRC = int.from_bytes(to_bytes(TABLE)[2:4], "little")
HELLO = DeviceHello(1, 4, 9, 0, 0, 0x0100, CRC, 2, 2, 1)
ROWS = (ChannelReport(0, 0, 0, 0), ChannelReport(0, 0, 0, 0))
REPORT = Report(1000, 2, 0, 0, 3, 0, CRC, 0, 0, WireCounts(), 0, ROWS)
MS_300 = 300 * NS_PER_MS


def session(table: TimingTable = TABLE) -> DeviceSession:
    return DeviceSession(table, CRC, 115_200)


def said(data: bytes) -> list[Frame]:
    return list(Decoder(WireCounts()).feed(data))


def greeted(of: DeviceSession, hello: DeviceHello = HELLO, t_ns: int = 0) -> list[Frame]:
    """Answer the hello that is due with this one; what is said next."""
    (asked,) = [frame for frame in said(of.due(t_ns, None)) if frame.kind == Kind.HELLO]
    hello = replace(hello, nonce=HostHello.of(asked.payload).nonce)
    of.receive(encode(Frame(FROM_DEVICE, Kind.HELLO, 0, 0, 0, hello.payload())), t_ns)
    return said(of.due(t_ns, None))


def report(of: DeviceSession, number: int, what: Report = REPORT, t_ns: int = 0) -> int:
    return of.receive(encode(Frame(FROM_DEVICE, Kind.STATE, 9, number, 0, what.payload())), t_ns)


def test_a_hello_is_sent_again_until_it_is_answered_and_then_a_clock_begins_the_session() -> None:
    of = session()
    times = [bool(of.due(ms * NS_PER_MS, None)) for ms in range(0, 1000, 10)]
    assert [ms * 10 for ms, sent in enumerate(times) if sent] == [0, 250, 500, 750]
    (clock,) = greeted(of, t_ns=NS_PER_S)
    assert (clock.kind, clock.session, clock.number) == (Kind.CLOCK, 9, 0)
    assert ClockTime.of(clock.payload).utc_s == 0


def test_an_answer_to_another_hello_is_foreign() -> None:
    of = session()
    of.due(NS_PER_S, None)
    of.receive(encode(Frame(FROM_DEVICE, Kind.HELLO, 0, 0, 0, replace(HELLO, nonce=1).payload())), NS_PER_S)
    assert (of.hello, of.counts.foreign) == (None, 1)


@pytest.mark.parametrize(
    ("hello", "says"),
    [
        (replace(HELLO, version=2, session=0), "speaks version 2"),
        (replace(HELLO, table_crc=CRC ^ 1), f"runs timing table {CRC ^ 1:04x} and the site's is {CRC:04x}"),
        (replace(HELLO, table_crc=0, channels=0), "holds no timing table"),
        (HELLO, "no report has come yet"),
    ],
)
def test_what_is_wrong_with_a_device_is_told(hello: DeviceHello, says: str) -> None:
    of = session()
    assert "no signal controller answers" in str(of.problem(0, MS_300))
    greeted(of, hello)
    assert says in str(of.problem(0, MS_300))
    with pytest.raises(DeviceError):
        of.request(frozenset({2}), 300, frozenset())


def test_a_table_for_another_board_is_told_by_name() -> None:
    of = session(replace(TABLE, board=1))
    greeted(of, replace(HELLO, board=2))
    assert "ATmega2560" in str(of.problem(0, MS_300))
    of = session(replace(TABLE, board=1))
    greeted(of, replace(HELLO, board=1))
    report(of, 1)
    assert of.problem(0, MS_300) is None


def test_a_table_that_changes_behind_our_back_is_noticed_by_the_reports() -> None:
    of = session()
    greeted(of)
    report(of, 1)
    assert of.problem(0, MS_300) is None
    report(of, 2, replace(REPORT, table_crc=CRC ^ 1))
    assert "runs timing table" in str(of.problem(0, MS_300))


def test_reports_that_stop_are_told_and_begin_a_new_hello() -> None:
    of = session()
    greeted(of)
    report(of, 1, t_ns=NS_PER_S)
    assert of.problem(NS_PER_S + MS_300 - 20 * NS_PER_MS, MS_300) is None
    assert of.problem(NS_PER_S + MS_300 + NS_PER_MS, MS_300) is not None
    assert Kind.HELLO not in {frame.kind for frame in said(of.due(NS_PER_S + 490 * NS_PER_MS, None))}
    assert Kind.HELLO in {frame.kind for frame in said(of.due(NS_PER_S + 510 * NS_PER_MS, None))}


def test_pedestrian_calls_go_with_each_request_until_one_of_them_was_taken() -> None:
    of = session()
    greeted(of)
    report(of, 1)
    calls: list[int] = []
    for named, call in [(0, frozenset({2})), (0, frozenset()), (1, frozenset()), (3, frozenset({4})), (3, frozenset())]:
        report(of, 2 + len(calls), replace(REPORT, request=named))
        (frame,) = said(of.request(frozenset({2}), 300, call))
        calls.append(Request.of(frame.payload).ped_calls)
    assert calls == [0b10, 0b10, 0, 0b1000, 0b1000]


def test_a_call_whose_request_was_refused_is_sent_again() -> None:
    of = session()
    greeted(of)
    report(of, 1)
    of.request(frozenset({2}), 300, frozenset({2}))
    report(of, 2, replace(REPORT, request=1, fate=3))
    (frame,) = said(of.request(frozenset({2}), 300, frozenset()))
    assert Request.of(frame.payload).ped_calls == 0b10


def test_a_request_says_which_report_it_answers() -> None:
    of = session()
    greeted(of)
    report(of, 1, replace(REPORT, time_ms=4_000_000_000))
    (frame,) = said(of.request(frozenset({2, 16}), 250, frozenset({1})))
    assert Request.of(frame.payload) == Request(0x8002, 250, 1, CRC, 4_000_000_000)
    assert (frame.kind, frame.number, of.requests) == (Kind.REQUEST, 1, 1)


def test_ten_requests_that_no_report_names_begin_a_new_hello() -> None:
    of = session()
    greeted(of)
    for number in range(1, 13):
        report(of, number, t_ns=number * NS_PER_S // 10)
        of.request(frozenset({2}), 300, frozenset())
        kinds = {frame.kind for frame in said(of.due(number * NS_PER_S // 10, None))}
        assert (Kind.HELLO in kinds) == (number == 11)


def test_a_cut_line_forgets_all() -> None:
    of = session()
    greeted(of)
    report(of, 1)
    of.cut()
    assert (of.hello, of.report, of.measured_ns) == (None, None, None)
    report(of, 2)
    assert of.report is None
    assert said(of.due(NS_PER_S, None))[0].kind == Kind.HELLO


STATE = Frame(FROM_DEVICE, Kind.STATE, 9, 5, 0, REPORT.payload())
NEWER = replace(REPORT, time_ms=9000).payload()


@pytest.mark.parametrize(
    ("junk", "counter"),
    [
        (replace(STATE, payload=NEWER), "repeated"),
        (replace(STATE, number=4, payload=NEWER), "reordered"),
        (replace(STATE, number=1006, payload=NEWER), "foreign"),
        (replace(STATE, number=6, session=8, payload=NEWER), "foreign"),
        (replace(STATE, number=6, session=0, payload=NEWER), "foreign"),
        (replace(STATE, number=6, sender=0x41, payload=NEWER), "foreign"),
        (replace(STATE, number=6, kind=0x2F, payload=NEWER), "foreign"),
        (replace(STATE, number=6, kind=0x40, payload=NEWER), "foreign"),
        (replace(STATE, number=6, acknowledged=2, payload=NEWER), "foreign"),
        (replace(STATE, number=6, payload=NEWER[:-1]), "foreign"),
        (replace(STATE, number=1, kind=Kind.FAULT, payload=bytes(12)), "reordered"),
    ],
)
def test_junk_from_a_device_changes_nothing_and_is_counted(junk: Frame, counter: str) -> None:
    of = session()
    greeted(of)
    report(of, 5)
    assert of.counts == WireCounts()
    of.receive(encode(junk), NS_PER_S)
    assert (of.report, of.measured_ns) == (REPORT, -((14 + 3 + len(STATE.payload)) * (10 * NS_PER_S // 115_200)))
    assert not of.faults
    assert of.counts == replace(WireCounts(), **{counter: 1})
    assert report(of, 7) == 1  # and the next one counts


def test_the_newest_believable_number_is_taken() -> None:
    of = session()
    greeted(of)
    report(of, 5)
    assert report(of, 1005) == 1
