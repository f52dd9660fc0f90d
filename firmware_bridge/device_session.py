"""The host's side of the talk with one device: hello, table check, requests, reports, loading.

    bytes ─→ receive ─→ report, answers, faults          due, request ─→ bytes

Does no input or output and knows no clock.
"""

from __future__ import annotations

from collections import deque

from edge.clock import NS_PER_MS, NS_PER_S
from edge.errors import DeviceError, ProtocolError
from firmware_bridge.boards import ANY, board_name
from firmware_bridge.device_time import DeviceTime
from firmware_bridge.link import Link
from firmware_bridge.timing_table import TimingTable
from firmware_bridge.wire import FROM_DEVICE, FROM_HOST, VERSION, Frame, WireCounts
from firmware_bridge.wire_messages import (
    MOST_PIECE,
    Answer,
    ClockTime,
    DeviceHello,
    Fate,
    FaultNotice,
    Kind,
    LoadBegin,
    LoadCommit,
    LoadPiece,
    Report,
    Request,
    Reset,
    device_message,
    host_hello,
)

#: Between two hellos that are not answered.
HELLO_NS = 250 * NS_PER_MS
#: Without a report for so long the session is begun anew.
SILENCE_NS = 500 * NS_PER_MS
#: Reports that do not know the newest requests for so many of them: the device no longer hears us.
UNHEARD = 10
#: On the line each byte takes 10 bits.
_BITS = 10
#: Fault notices and answers nobody has taken.
_UNREAD = 16


class DeviceSession:
    """One device behind a port, spoken to by the table that its site has.

    report is the newest of this session, measured_ns when it was, in cabinet time; both
    None before the first. answers and faults wait for whoever takes them out.
    """

    def __init__(self, table: TimingTable, table_crc: int, baud: int) -> None:
        self.table_crc = table_crc
        self.hello: DeviceHello | None = None
        self.report: Report | None = None
        self.measured_ns: int | None = None
        self.answers: deque[Answer] = deque(maxlen=_UNREAD)
        self.faults: deque[FaultNotice] = deque(maxlen=_UNREAD)
        self._board = table.board
        self._byte_ns = _BITS * NS_PER_S // baud
        self._link = Link(FROM_HOST, FROM_DEVICE)
        self._time = DeviceTime()
        self._nonce: int | None = None
        self._hello_ns: int | None = None
        self._heard_ns: int | None = None
        self._greeted = False
        self._calls: frozenset[int] = frozenset()
        self._calls_number = 0

    @property
    def counts(self) -> WireCounts:
        """Frames from the device that changed nothing."""
        return self._link.counts

    @property
    def requests(self) -> int:
        """Number of the newest request in this session; `Report.request` comes to it."""
        return self._link.fresh_sent

    def cut(self) -> None:
        """The port is gone: whatever comes next begins with a hello."""
        self._link.cut()
        self.hello = self.report = self.measured_ns = None
        self._nonce = self._hello_ns = self._heard_ns = None

    def receive(self, data: bytes, t_ns: int) -> int:
        """Take bytes that came at t_ns; how many reports were in them."""
        before = self.report
        reports = 0
        for frame in self._link.receive(data):
            try:
                self._take(frame, t_ns)
            except ProtocolError:
                self.counts.add("foreign")
            reports += self.report is not before
            before = self.report
        return reports

    def due(self, t_ns: int, utc_s: int | None) -> bytes:
        """Bytes to send at t_ns: a hello where there is no session that works, and what is to be sent again.

        utc_s is the time of day for the device's logs; None where it is not known.
        """
        out = self._link.due(t_ns)
        if self._link.session and self._greeted:
            self._greeted = False
            self._link.keep(Kind.CLOCK, ClockTime(utc_s or 0).payload())  # its number begins the session
            out += self._link.due(t_ns)
        if self._needs_hello(t_ns) and (self._hello_ns is None or t_ns - self._hello_ns >= HELLO_NS):
            if self._nonce is None:
                self._nonce = t_ns // 1000 % (1 << 32)
            self._hello_ns = t_ns
            out += self._link.plain(Kind.HELLO, host_hello(self.table_crc, self._nonce).payload())
        return out

    def request(self, phases: frozenset[int], ttl_ms: int, ped_calls: frozenset[int]) -> bytes:
        """Bytes of a request; DeviceError where no report has come to be answered.

        Pedestrian calls go with every request until the device has taken one of them.
        """
        if self.report is None:
            raise DeviceError("no report has come yet")
        if ped_calls - self._calls:
            self._calls |= ped_calls
            self._calls_number = self.requests + 1
        asked = Request(_mask(phases), ttl_ms, _mask(self._calls), self.table_crc, self.report.time_ms)
        return self._link.fresh(Kind.REQUEST, asked.payload())

    def load(self, table: bytes, table_crc: int) -> None:
        """Send a table; the answers tell what became of it."""
        self.answers.clear()
        self._keep(LoadBegin(len(table), table_crc))
        for offset in range(0, len(table), MOST_PIECE):
            self._keep(LoadPiece(offset, table[offset : offset + MOST_PIECE]))
        self._keep(LoadCommit(table_crc))

    def reset(self, fault: int) -> None:
        """Ask for a latched fault to be cleared; the answer tells what became of it."""
        self.answers.clear()
        self._keep(Reset(fault))

    def problem(self, t_ns: int, most_ns: int) -> str | None:
        """Why lamps cannot be asked or told at t_ns, a report being older than most_ns or missing; else None."""
        if self.hello is None:
            return "no signal controller answers; is it powered, and is this its port?"
        return self._wrong_device(self.hello) or self._silence(t_ns, most_ns)

    def _wrong_device(self, hello: DeviceHello) -> str | None:
        if hello.version != VERSION:
            return f"its firmware speaks version {hello.version} of the protocol, this program {VERSION}; flash it anew"
        if ANY.number != self._board != hello.board:
            return (
                f"it is {board_name(hello.board)} and the site's timing table is for {board_name(self._board)}; "
                "mend signal.wiring.board in the site file"
            )
        channels, crc = hello.channels, hello.table_crc
        if self.report is not None:
            channels, crc = len(self.report.channels), self.report.table_crc
        if not channels:
            return "it holds no timing table; load the site's with stopline bridge load"
        if crc != self.table_crc:
            return (
                f"it runs timing table {crc:04x} and the site's is {self.table_crc:04x}; "
                "load the site's with stopline bridge load"
            )
        return None

    def _silence(self, t_ns: int, most_ns: int) -> str | None:
        if self.measured_ns is None:
            return "no report has come yet"
        if t_ns - self.measured_ns > most_ns:
            return f"no report has come for {(t_ns - self.measured_ns) / NS_PER_S:.1f} s"
        return None

    def _keep(self, message: LoadBegin | LoadPiece | LoadCommit | Reset) -> None:
        self._link.keep(message.kind, message.payload())

    def _needs_hello(self, t_ns: int) -> bool:
        if self._heard_ns is None or self._link.lost:
            return True
        unheard = self.report is not None and self.requests - self.report.request > UNHEARD
        return t_ns - self._heard_ns > SILENCE_NS or unheard

    def _take(self, frame: Frame, t_ns: int) -> None:
        message = device_message(frame.kind, frame.payload)
        match message:
            case DeviceHello():
                self._take_hello(message, t_ns)
            case Report():
                on_line_ns = (len(frame.payload) + 17) * self._byte_ns
                self.report = message
                self.measured_ns = self._time.cabinet_ns(message.time_ms, t_ns - on_line_ns)
                self._heard_ns = t_ns
                if message.request >= self._calls_number and message.fate == Fate.TAKEN:
                    self._calls = frozenset()
            case FaultNotice():
                self.faults.append(message)
            case Answer():
                self.answers.append(message)

    def _take_hello(self, hello: DeviceHello, t_ns: int) -> None:
        if hello.nonce != self._nonce:
            raise ProtocolError("an answer to another hello")
        self._nonce = None
        self._heard_ns = t_ns
        self.hello = hello
        self.report = self.measured_ns = None
        self._time = DeviceTime()
        self._link.start(hello.session)
        self._greeted = hello.session != 0
        self._calls_number = 1


def _mask(phases: frozenset[int]) -> int:
    return sum(1 << (phase - 1) for phase in phases)
