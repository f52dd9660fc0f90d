"""Frames on the serial wire: COBS, a head, CRC-16/IBM-3740. The bytes are in protocol.md.

    bytes ─→ Decoder.feed ─→ Frame ─→ firmware_bridge.link ─→ firmware_bridge.wire_messages

The same in C for the device is wire/sl_wire.c; both run the vectors of wire/golden.jsonl.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, fields

from cobs import cobs
from fastcrc import crc16

VERSION = 1
FROM_HOST = 0x41
FROM_DEVICE = 0xC1
#: Bytes of a frame before COBS, CRC included: one code byte is then enough.
MOST_FRAME = 253

_HEAD = struct.Struct("<BBHII")
_CRC = struct.Struct("<H")
#: The code byte of COBS comes on top.
_MOST_ENCODED = MOST_FRAME + 1
_MOST_COUNT = 0xFFFF


@dataclass(slots=True)
class WireCounts:
    """Frames that changed nothing, by why; each stops at 65535.

    damaged: CRC wrong, or longer than any frame. partial: cut short. repeated: taken
    before. reordered: older than what was taken, or ahead of what is missing. foreign:
    not of this protocol, direction, session or kind, or of a wrong length.
    """

    damaged: int = 0
    partial: int = 0
    repeated: int = 0
    reordered: int = 0
    foreign: int = 0

    def add(self, why: str) -> None:
        """One more."""
        setattr(self, why, min(getattr(self, why) + 1, _MOST_COUNT))

    def total(self) -> int:
        """All of them together."""
        return sum(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame taken apart. acknowledged: how many kept messages its sender has taken in the session."""

    sender: int
    kind: int
    session: int
    number: int
    acknowledged: int
    payload: bytes = b""


def encode(frame: Frame) -> bytes:
    """Bytes on the line, with a zero before and after; ValueError for a payload that is too long."""
    head = _HEAD.pack(frame.sender, frame.kind, frame.session, frame.number, frame.acknowledged)
    body = head + frame.payload
    if len(body) + _CRC.size > MOST_FRAME:
        raise ValueError(f"a payload of {len(frame.payload)} bytes does not fit into a frame")
    return b"\x00" + cobs.encode(body + _CRC.pack(crc16.ibm_3740(body))) + b"\x00"


class Decoder:
    """Finds frames in a stream; what is no whole frame is dropped and counted."""

    def __init__(self, counts: WireCounts) -> None:
        self._counts = counts
        self._encoded = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Frames that these bytes complete. At most one frame's length is held back."""
        pieces = data.split(b"\x00")
        for piece in pieces[:-1]:
            self._hold(piece)
            encoded = bytes(self._encoded)
            self._encoded.clear()
            if encoded and (frame := self._frame_of(encoded)) is not None:
                yield frame
        self._hold(pieces[-1])

    def reset(self) -> None:
        """Forget what was held back: the line was cut."""
        self._encoded.clear()

    def _hold(self, piece: bytes) -> None:
        room = _MOST_ENCODED + 1 - len(self._encoded)  # one byte too many tells that it is too long
        self._encoded += piece[:room]

    def _frame_of(self, encoded: bytes) -> Frame | None:
        if len(encoded) > _MOST_ENCODED:
            self._counts.add("damaged")
            return None
        try:
            raw = cobs.decode(encoded)
        except cobs.DecodeError:
            raw = b""
        if len(raw) < _HEAD.size + _CRC.size:
            self._counts.add("partial")
            return None
        body, (crc,) = raw[: -_CRC.size], _CRC.unpack(raw[-_CRC.size :])
        if crc != crc16.ibm_3740(body):
            self._counts.add("damaged")
            return None
        sender, kind, session, number, acknowledged = _HEAD.unpack_from(body)
        return Frame(sender, kind, session, number, acknowledged, body[_HEAD.size :])
