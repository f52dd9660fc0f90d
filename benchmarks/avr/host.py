"""The other end of a chip's serial line: what it sends when it is told to, and what it heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from firmware_bridge.link import Link
from firmware_bridge.table_bytes import crc_of
from firmware_bridge.wire import FROM_DEVICE, FROM_HOST
from firmware_bridge.wire_messages import (
    MOST_PIECE,
    Answer,
    ClockTime,
    DeviceHello,
    Kind,
    LoadBegin,
    LoadCommit,
    LoadPiece,
    Report,
    Request,
    Reset,
    Result,
    device_message,
    host_hello,
)


@dataclass(slots=True)
class Heard:
    """What came from the chip since the last hello: the newest of its kind, and all answers."""

    hello: DeviceHello | None = None
    report: Report | None = None
    answers: list[Answer] = field(default_factory=list)


class AvrHost:
    """Puts messages onto the line. crc: of the table it asks by; agreed: it asked since the chip's last start."""

    def __init__(self, crc: int) -> None:
        self.crc = crc
        self.heard = Heard()
        self.link = Link(FROM_HOST, FROM_DEVICE)
        self.agreed = False
        self.through: Callable[[bytes], bytes] = bytes
        self._out = bytearray()

    def hello(self) -> None:
        """Ask for a session."""
        self.heard = Heard()
        self.link.cut()
        self._out += self.link.plain(Kind.HELLO, host_hello(self.crc, 1).payload())

    def begin(self) -> None:
        """Begin the session that the chip offered."""
        if self.heard.hello is not None:
            self.link.start(self.heard.hello.session)
            self.link.keep(Kind.CLOCK, ClockTime(1).payload())

    def load(self, data: bytes) -> None:
        """A whole table, and its commit."""
        self.link.keep(Kind.LOAD_BEGIN, LoadBegin(len(data), crc_of(data)).payload())
        for at in range(0, len(data), MOST_PIECE):
            self.link.keep(Kind.LOAD_PIECE, LoadPiece(at, data[at : at + MOST_PIECE]).payload())
        self.link.keep(Kind.LOAD_COMMIT, LoadCommit(crc_of(data)).payload())

    def reset(self, fault: int) -> None:
        """Clear a latched fault."""
        self.link.keep(Kind.RESET, Reset(fault).payload())

    def request(self, phases: frozenset[int], ttl_ms: int = 300, ped: frozenset[int] = frozenset()) -> bytes:
        """A request as it goes over the line; not sent."""
        heard_ms = self.heard.report.time_ms if self.heard.report else 0
        message = Request(_mask(phases), ttl_ms, _mask(ped), self.crc, heard_ms)
        return self.link.fresh(Kind.REQUEST, message.payload())

    def send(self, data: bytes) -> None:
        """Raw bytes."""
        self._out += data

    def due(self, t_ns: int) -> bytes:
        """All that goes out now, as the line delivers it."""
        data = bytes(self._out) + self.link.due(t_ns)
        self._out.clear()
        return self.through(data)

    def take(self, data: bytes) -> None:
        """Bytes from the chip."""
        for frame in self.link.receive(data):
            match device_message(frame.kind, frame.payload):
                case DeviceHello() as hello:
                    self.heard.hello = hello
                case Report() as report:
                    self.heard.report = report
                case Answer() as answer:
                    self.heard.answers.append(answer)
                    if (answer.to, answer.result) == (Kind.LOAD_COMMIT, Result.DONE):
                        self.agreed = False
                case _:
                    pass


def _mask(phases: frozenset[int]) -> int:
    return sum(1 << (phase - 1) for phase in phases)
