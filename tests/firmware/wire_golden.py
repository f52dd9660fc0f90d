"""The byte vectors of wire/golden.jsonl: what is in them, and how they are written.

    {"frame": name, "sender", "kind", "session", "number", "acknowledged", "payload", "fields", "bytes"}
    {"stream": name, "bytes", "frames": [payloads], "damaged", "partial"}
    {"talk": name, "table", "steps": [[at_ms, door, bytes in, bytes out], …]}

Bytes are hexadecimal. A talk powers a controller up at 0 ms, ticks it every 10 ms, gives
it bytes just before the tick at at_ms, and says what it has sent from then until the next step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cobs import cobs
from fastcrc import crc16

from firmware_bridge.host.emulated_device import EmulatedDevice, Pins
from firmware_bridge.table import table_of_signal, to_bytes
from firmware_bridge.wire import FROM_DEVICE, FROM_HOST, Decoder, Frame, WireCounts, encode
from firmware_bridge.wire_messages import (
    Answer,
    ChannelReport,
    ClockTime,
    DeviceHello,
    DeviceMessage,
    FaultNotice,
    HostMessage,
    Kind,
    LoadBegin,
    LoadCommit,
    LoadPiece,
    Report,
    Request,
    Reset,
    host_hello,
)
from tests.signal_tables import TWO

FILE = Path(__file__).parents[2] / "firmware_bridge" / "wire" / "golden.jsonl"
TABLE = to_bytes(table_of_signal(TWO.model_copy(update={"startup_flash_s": 0.0})))
CRC = int.from_bytes(TABLE[2:4], "little")

_MESSAGES: dict[str, HostMessage | DeviceMessage] = {
    "hello of a host": host_hello(0xBEEF, 0x01020304),
    "hello of a controller": DeviceHello(1, 4, 0x1234, 0x01020304, 1, 0x0102, 0xBEEF, 4, 2, 3),
    "begin of a load": LoadBegin(136, 0xBEEF),
    "piece of a table": LoadPiece(32, bytes(range(32))),
    "piece of one zero": LoadPiece(0, b"\x00"),
    "commit": LoadCommit(0xBEEF),
    "reset": Reset(4),
    "time of day": ClockTime(1_795_000_000),
    "request": Request(0b100010, 300, 0b10, 0xBEEF, 65_536),
    "request for nothing": Request(0, 1, 0, 0, 0),
    "fault": FaultNotice(4, 7, 0, 4_294_967_295, 0),
    "answer": Answer(Kind.LOAD_COMMIT, 4, 12, 1),
    "state without a table": Report(100, 0, 0, 2, 0, 0, 0, 0, 0, WireCounts(), 0, ()),
    "state of two channels": Report(
        70_000,
        2,
        0,
        0,
        0x23,
        7,
        0xBEEF,
        4,
        3,
        WireCounts(1, 2, 3, 4, 65_535),
        6,
        (ChannelReport(1, 1, 7000, 0x7FFFFFFF), ChannelReport(3, 0, 250, 0)),
    ),
}
_FROM_HOST = (Kind.REQUEST, Kind.LOAD_BEGIN, Kind.LOAD_PIECE, Kind.LOAD_COMMIT, Kind.RESET, Kind.CLOCK)


def rows() -> list[dict[str, Any]]:
    """What is committed."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def written() -> str:
    """What the file should be, from today's Python and today's device."""
    made = [*_frames(), *_streams(), *_talks()]
    return "".join(json.dumps(row, separators=(", ", ": ")) + "\n" for row in made)


def fields_of(message: HostMessage | DeviceMessage) -> dict[str, Any]:
    """A message's values as JSON has them."""
    fields: dict[str, Any] = json.loads(json.dumps(asdict(message), default=bytes.hex))
    return fields


def talk(table: bytes, steps: list[tuple[int, bool, bytes]], end_ms: int) -> Iterator[bytes]:
    """What a controller sends after each step, until the next one or end_ms."""
    device = EmulatedDevice(table or None, 0, board=1, firmware=0x0102, first_session=0x0FFF)
    ends = [at_ms for at_ms, _, _ in steps[1:]] + [end_ms]
    now_ms = 0
    for (_, door, data), until_ms in zip(steps, ends, strict=True):
        device.pins = Pins(door=door)
        device.receive(data)
        while now_ms < until_ms:
            device.tick(now_ms)
            now_ms += 10
        yield device.sent()


def _frames() -> Iterator[dict[str, Any]]:
    for number, (name, message) in enumerate(_MESSAGES.items()):
        hello = message.kind is Kind.HELLO
        from_host = message.kind in _FROM_HOST or name == "hello of a host"
        yield _frame_row(
            name,
            Frame(
                FROM_HOST if from_host else FROM_DEVICE,
                message.kind,
                0 if name == "hello of a host" else 0x1234,
                0 if hello else number,
                number // 2,
                message.payload(),
            ),
            fields_of(message),
        )
    plain = {
        "acknowledgement": Frame(FROM_DEVICE, Kind.ACK, 0x1234, 0, 9),
        "all zeros": Frame(0, 0, 0, 0, 0, bytes(239)),
        "no zeros": Frame(0xFF, 0xFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, b"\xff" * 239),
        "longest, mixed": Frame(FROM_DEVICE, Kind.STATE, 1, 0x01000001, 0x00010100, bytes(range(239))),
    }
    for name, frame in plain.items():
        yield _frame_row(name, frame, None)


def _frame_row(name: str, frame: Frame, fields: dict[str, Any] | None) -> dict[str, Any]:
    row = {"frame": name, **asdict(frame), "kind": int(frame.kind), "payload": frame.payload.hex()}
    return {**row, "fields": fields, "bytes": encode(frame).hex()}


def _streams() -> Iterator[dict[str, Any]]:
    one = encode(Frame(FROM_HOST, Kind.REQUEST, 1, 1, 0, b"one"))
    two = encode(Frame(FROM_HOST, Kind.REQUEST, 1, 2, 0, b"\x00\x00two"))
    flipped = bytes([*one[:18], one[18] ^ 0x40, *one[19:]])
    code_flipped = bytes([*one[:1], one[1] ^ 0x40, *one[2:]])
    streams = {
        "nothing": b"",
        "zeros only": bytes(9),
        "two frames": one + two,
        "a zero shared": one + two[1:],
        "noise before": b"\x55\xaa\x13" + one,
        "noise stuck to a frame": one[1:].join((b"\x07noise", b"")) + two,
        "cut short": one[:9] + two,
        "cut short, joined": one[:9] + two[1:],
        "a bit flipped": flipped + two,
        "a bit of a code flipped": code_flipped + two,
        "a byte lost": one[:7] + one[8:] + two,
        "a byte twice": one[:7] + one[6:] + two,
        "shorter than a head": b"\x00\x05\x01\x02\x03\x04\x00" + one,
        **{f"{size} bytes with a right CRC": _with_crc(bytes(range(1, size - 1))) + one for size in (2, 3, 12, 13)},
        "a code that promises more": b"\x00\xff\x01\x02\x00" + one,
        "longer than any frame": b"\x00" + b"\x01" * 254 + b"\x02\x02\x00" + one,
        "longer than any frame, of long blocks": (b"\x00" + (b"\xff" + b"\x07" * 254) * 3 + b"\x00") + two,
        "never ended": one + two[:-1],
    }
    for name, data in streams.items():
        counts = WireCounts()
        frames = [frame.payload.hex() for frame in Decoder(counts).feed(data)]
        yield {
            "stream": name,
            "bytes": data.hex(),
            "frames": frames,
            "damaged": counts.damaged,
            "partial": counts.partial,
        }


def _with_crc(body: bytes) -> bytes:
    return b"\x00" + cobs.encode(body + crc16.ibm_3740(body).to_bytes(2, "little")) + b"\x00"


def _host(message: HostMessage, number: int = 0, acknowledged: int = 0, session: int = 0x1000) -> bytes:
    session = 0 if message.kind is Kind.HELLO else session
    return encode(Frame(FROM_HOST, message.kind, session, number, acknowledged, message.payload()))


def _talks() -> Iterator[dict[str, Any]]:
    hello = _host(host_hello(CRC, 77))
    request = Request(0b10, 300, 0, CRC, 40)
    pieces = [LoadPiece(at, TABLE[at : at + 32]) for at in range(0, len(TABLE), 32)]
    load: list[HostMessage] = [LoadBegin(len(TABLE), CRC), *pieces, LoadCommit(CRC)]
    stopped = _host(ClockTime(1000)) + b"".join(_host(message, 1 + i) for i, message in enumerate(load))
    talks: dict[str, tuple[bytes, list[tuple[int, bool, bytes]]]] = {
        "nobody speaks": (TABLE, [(0, False, b"")]),
        "hello, time of day, request": (
            TABLE,
            [(0, False, hello), (50, False, _host(ClockTime(1_795_000_000))), (60, False, _host(request, 1))],
        ),
        "a request that comes twice, then an older one": (
            TABLE,
            [(0, False, hello), (50, False, _host(request, 2)), (60, False, _host(request, 2) + _host(request, 1))],
        ),
        "requests refused: other table, late, conflict": (
            TABLE,
            [
                (0, False, hello),
                (50, False, _host(Request(2, 300, 0, CRC ^ 1, 0), 1)),
                (1500, False, _host(Request(2, 300, 0, CRC, 10), 2)),
                (1510, False, _host(Request(0b1010, 300, 0, CRC, 1500), 3)),
            ],
        ),
        "without a session": (TABLE, [(0, False, _host(request, 1)), (50, False, hello)]),
        "another version": (TABLE, [(0, False, encode(Frame(FROM_HOST, Kind.HELLO, 0, 0, 0, b"\x02" + bytes(7))))]),
        "first table": (b"", [(0, False, hello), (50, False, stopped)]),
        "a new table, nobody there": (TABLE, [(0, False, hello), (50, False, stopped)]),
        "a new table, the door open": (TABLE, [(0, True, hello), (50, True, stopped)]),
        "reset of a fault that is not": (TABLE, [(0, True, hello), (50, True, _host(Reset(4)))]),
    }
    for name, (table, steps) in talks.items():
        out = talk(table, steps, steps[-1][0] + 150)
        yield {
            "talk": name,
            "table": table.hex(),
            "steps": [
                [at_ms, door, data.hex(), sent.hex()] for (at_ms, door, data), sent in zip(steps, out, strict=True)
            ],
        }
