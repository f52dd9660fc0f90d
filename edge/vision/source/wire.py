"""Messages between a source and its decode child: one JSON object a packet.

Pictures do not travel here: they lie in memory that both processes map, and a
message names the slot. A slot belongs to the child until it sends `Arrived`, then
to the source until it sends the slot's number back.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

#: Bytes of the largest packet; a request with a long address and its options fits many times.
PACKET_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Opened:
    """The camera answers. frames_total is what a recording's container promises."""

    width_px: int
    height_px: int
    fps: float | None
    frames_total: int | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """Picture `index` (counted from 0 by the child) lies in `slot`; pos_ms is the stream's own stamp."""

    slot: int
    index: int
    pos_ms: float | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream has no more pictures; `complaints` are the decoder's last lines."""

    complaints: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot be opened or read on; `config` says that a person must change something first."""

    reason: str
    complaints: str
    config: bool = False


Message = Opened | Arrived | Ended | Failed
_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in (Opened, Arrived, Ended, Failed)}


def encode(message: Message) -> bytes:
    """One packet."""
    return json.dumps([type(message).__name__, asdict(message)]).encode()


def decode(packet: bytes) -> Message:
    """The message of one packet; KeyError, TypeError or ValueError when it is none of ours."""
    kind, fields = json.loads(packet)
    return _KINDS[kind](**fields)


def picture_bytes(width_px: int, height_px: int) -> int:
    """Size of one slot: BGR, 8 bits a channel."""
    return width_px * height_px * 3
