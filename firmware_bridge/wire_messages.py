"""What frames carry, as values: one dataclass for each kind of message, with its bytes.

    host → device   HostHello LoadBegin LoadPiece LoadCommit Reset ClockTime Request
    device → host   DeviceHello Report FaultNotice Answer

Little-endian, without padding; units are in the names. The page is protocol.md. Every
`of` raises ProtocolError where the bytes are no such message.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, ClassVar, Self

from edge.errors import ProtocolError
from firmware_bridge.wire import VERSION, WireCounts


class Kind(IntEnum):
    """0x0_: no number. 0x1_: kept until acknowledged, taken in order. 0x2_: only the newest counts."""

    HELLO = 0x01
    ACK = 0x02
    LOAD_BEGIN = 0x10
    LOAD_PIECE = 0x11
    LOAD_COMMIT = 0x12
    RESET = 0x13
    CLOCK = 0x14
    FAULT = 0x18
    ANSWER = 0x19
    REQUEST = 0x20
    STATE = 0x28


class Fate(IntEnum):
    """What became of the newest request."""

    TAKEN = 0
    NO_TABLE = 1
    OTHER_TABLE = 2
    LATE = 3
    BY_CORE = 4


class Result(IntEnum):
    """What an `Answer` says."""

    DONE = 0
    NOT_BEGUN = 1
    TOO_LONG = 2
    WRONG_BOARD = 3
    BAD_TABLE = 4
    WRONG_CRC = 5
    NOT_FLASHING = 6
    NOBODY_THERE = 7
    NOT_STORED = 8
    NO_SUCH_FAULT = 9


#: Bytes of the table in one LoadPiece.
MOST_PIECE = 32


class _Message:
    """A dataclass whose fields, in order, are the values of a struct."""

    __slots__ = ()
    kind: ClassVar[Kind]
    form: ClassVar[struct.Struct]

    def payload(self) -> bytes:
        """Bytes on the wire."""
        return self.form.pack(*(getattr(self, name) for name in _names(type(self))))

    @classmethod
    def of(cls, payload: bytes) -> Self:
        """From bytes."""
        return cls(*_unpacked(cls.form, payload))


@dataclass(frozen=True, slots=True)
class HostHello(_Message):
    """Who are you, and which session may I use? The nonce comes back in the answer."""

    kind = Kind.HELLO
    form = struct.Struct("<BxHI")
    version: int
    table_crc: int
    nonce: int


@dataclass(frozen=True, slots=True)
class DeviceHello(_Message):
    """Answer to a HostHello. session 0: it does not speak our version. table_crc 0 and channels 0: no table.

    firmware is major * 256 + minor, copies how many whole copies of the table are stored,
    cause why the device started (0 unknown, 1 power, 2 brown-out, 3 watchdog, 4 reset).
    """

    kind = Kind.HELLO
    form = struct.Struct("<BBHIHHHBBBx")
    version: int
    most_channels: int
    session: int
    nonce: int
    board: int
    firmware: int
    table_crc: int
    channels: int
    copies: int
    cause: int


@dataclass(frozen=True, slots=True)
class LoadBegin(_Message):
    """A table of so many bytes and this CRC follows."""

    kind = Kind.LOAD_BEGIN
    form = struct.Struct("<HH")
    table_bytes: int
    table_crc: int


@dataclass(frozen=True, slots=True)
class LoadPiece(_Message):
    """1 to 32 bytes of the table, from this offset: the pieces come in order, without a gap."""

    kind = Kind.LOAD_PIECE
    form = struct.Struct("<H")
    offset: int
    data: bytes

    def payload(self) -> bytes:
        """Bytes on the wire."""
        return self.form.pack(self.offset) + self.data

    @classmethod
    def of(cls, payload: bytes) -> Self:
        """From bytes."""
        (offset,) = _unpacked(cls.form, payload[:2])
        if not 0 < len(payload) - 2 <= MOST_PIECE:
            raise ProtocolError(f"a piece of a table has {len(payload) - 2} bytes, and may have 1 to {MOST_PIECE}")
        return cls(offset, payload[2:])


@dataclass(frozen=True, slots=True)
class LoadCommit(_Message):
    """Check what was loaded, store it, and use it."""

    kind = Kind.LOAD_COMMIT
    form = struct.Struct("<H")
    table_crc: int


@dataclass(frozen=True, slots=True)
class Reset(_Message):
    """Clear this latched fault; honoured only while somebody is at the cabinet."""

    kind = Kind.RESET
    form = struct.Struct("<B")
    fault: int


@dataclass(frozen=True, slots=True)
class ClockTime(_Message):
    """Seconds since 1970, UTC: for the device's logs, never for an interval."""

    kind = Kind.CLOCK
    form = struct.Struct("<I")
    utc_s: int


@dataclass(frozen=True, slots=True)
class Request(_Message):
    """Phases to be green and pedestrian calls (bit n-1: phase n), and for how long that holds.

    table_crc says by which table; heard_ms is `Report.time_ms` of the newest report.
    """

    kind = Kind.REQUEST
    form = struct.Struct("<HHHHI")
    phases: int
    ttl_ms: int
    ped_calls: int
    table_crc: int
    heard_ms: int


@dataclass(frozen=True, slots=True)
class FaultNotice(_Message):
    """A fault was latched, at time_ms of the device's clock; utc_s is 0 where it was told no time of day."""

    kind = Kind.FAULT
    form = struct.Struct("<BBBxII")
    fault: int
    why: int
    mode: int
    time_ms: int
    utc_s: int


@dataclass(frozen=True, slots=True)
class Answer(_Message):
    """What became of a LOAD_… or RESET; of a bad table which rule it breaks, and at which channel."""

    kind = Kind.ANSWER
    form = struct.Struct("<BBBB")
    to: int
    result: int
    detail: int
    channel: int


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """What one channel shows and for how long: `sl_interval` and `sl_ped` of stopline_core.h."""

    interval: int
    ped: int
    age_ms: int
    ped_age_ms: int


_CHANNEL = struct.Struct("<BII")
#: The last of `sl_mode`, `sl_interval` and `sl_ped`.
_MOST_MODE, _MOST_INTERVAL, _MOST_PED = 2, 4, 3


@dataclass(frozen=True, slots=True)
class Report(_Message):
    """The state of the device, 10 times a second and whenever it changes. time_ms wraps after 49 days.

    request is the number of the newest request that came, fate what became of it.
    """

    kind = Kind.STATE
    form = struct.Struct("<IBBBBIHBBIHHHHHH")
    time_ms: int
    mode: int
    fault: int
    why: int
    flags: int
    request: int
    table_crc: int
    fate: int
    wanted: int
    counts: WireCounts
    refused: int
    channels: tuple[ChannelReport, ...]

    HAS_TABLE: ClassVar[int] = 0x01
    AGREED: ClassVar[int] = 0x02
    MANUAL_FLASH: ClassVar[int] = 0x04
    STOP_TIME: ClassVar[int] = 0x08
    AT_CABINET: ClassVar[int] = 0x10
    RELAY_HELD: ClassVar[int] = 0x20
    LOADING: ClassVar[int] = 0x40

    def payload(self) -> bytes:
        """Bytes on the wire."""
        counts = self.counts
        head = self.form.pack(
            self.time_ms,
            self.mode,
            self.fault,
            self.why,
            self.flags,
            self.request,
            self.table_crc,
            self.fate,
            len(self.channels),
            self.wanted,
            counts.damaged,
            counts.partial,
            counts.repeated,
            counts.reordered,
            counts.foreign,
            self.refused,
        )
        rows = (_CHANNEL.pack(row.interval | row.ped << 4, row.age_ms, row.ped_age_ms) for row in self.channels)
        return head + b"".join(rows)

    @classmethod
    def of(cls, payload: bytes) -> Self:
        """From bytes."""
        head = _unpacked(cls.form, payload[: cls.form.size])
        time_ms, mode, fault, why, flags, request, table_crc, fate, count, wanted, *counters, refused = head
        rows = payload[cls.form.size :]
        if len(rows) != count * _CHANNEL.size:
            raise ProtocolError(f"a report of {count} channels has {len(rows)} bytes of them")
        channels = tuple(
            ChannelReport(shown & 0x0F, shown >> 4, age_ms, ped_age_ms)
            for shown, age_ms, ped_age_ms in _CHANNEL.iter_unpack(rows)
        )
        if mode > _MOST_MODE or any(row.interval > _MOST_INTERVAL or row.ped > _MOST_PED for row in channels):
            raise ProtocolError("a report of a mode or an interval that there is not")
        counts = WireCounts(*counters)
        return cls(time_ms, mode, fault, why, flags, request, table_crc, fate, wanted, counts, refused, channels)


HostMessage = HostHello | LoadBegin | LoadPiece | LoadCommit | Reset | ClockTime | Request
DeviceMessage = DeviceHello | Report | FaultNotice | Answer

_FROM_DEVICE: dict[int, type[DeviceHello] | type[Report] | type[FaultNotice] | type[Answer]] = {
    Kind.HELLO: DeviceHello,
    Kind.STATE: Report,
    Kind.FAULT: FaultNotice,
    Kind.ANSWER: Answer,
}


def device_message(kind: int, payload: bytes) -> DeviceMessage:
    """What a device said; ProtocolError for a kind that devices do not send, or a wrong length."""
    form = _FROM_DEVICE.get(kind)
    if form is None:
        raise ProtocolError(f"a device sends no message of kind 0x{kind:02x}")
    return form.of(payload)


def host_hello(table_crc: int, nonce: int) -> HostHello:
    """A hello in the version that this program speaks."""
    return HostHello(VERSION, table_crc, nonce)


def _names(message: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(message))


def _unpacked(form: struct.Struct, payload: bytes) -> tuple[Any, ...]:
    if len(payload) != form.size:
        raise ProtocolError(f"a message of {form.size} bytes came with {len(payload)}")
    return form.unpack(payload)
