"""Writes the seeds of c/fuzz_wire.c: python -m tests.firmware.fuzz_seeds

Each is a short talk that reaches one part of the device; libFuzzer goes on from there.
"""

from __future__ import annotations

import struct
from pathlib import Path

from firmware_bridge.wire_messages import Kind
from tests.firmware.wire_golden import TABLE

FOLDER = Path(__file__).parent / "corpus" / "wire"
HELLO, ADOPT, ANSWERED, GOOD = 0, 1, 2, 4
DOOR, RESET, FLASH, STOP = 1, 2, 4, 8
#: Ticks of 100 ms.
SLOW = 0x30


def frame(kind: int, how: int = 0, ahead: int = 0, payload: bytes = b"") -> bytes:
    """A step that sends a frame of the host's: ahead is added to the number before (fresh) or awaited (kept)."""
    return bytes([128, kind, how, ahead, len(payload)]) + payload


def ticks(count: int, pins: int = 0) -> bytes:
    """A step of so many ticks, of 10 ms unless SLOW is among the pins."""
    return bytes([191 + count, pins])


def request(phases: int, how: int = GOOD, ttl_ms: int = 300) -> bytes:
    return frame(Kind.REQUEST, how, 1, struct.pack("<HHHHI", phases, ttl_ms, 0, 0, 0))


def seeds() -> dict[str, bytes]:
    """Name → bytes."""
    hello = frame(Kind.HELLO, HELLO, 0, struct.pack("<BxHI", 1, 0, 5)) + ticks(1)
    begun = hello + frame(Kind.CLOCK, ADOPT, 0, struct.pack("<I", 1000)) + ticks(1)
    run = begun + b"".join(request(0b10) + ticks(1, SLOW) for _ in range(45))
    table = TABLE
    pieces = [
        frame(Kind.LOAD_PIECE, 0, 0, struct.pack("<H", at) + table[at : at + 32]) for at in range(0, len(table), 32)
    ]
    load = [
        frame(Kind.LOAD_BEGIN, 0, 0, struct.pack("<H", len(table)) + table[2:4]),
        *pieces,
        frame(Kind.LOAD_COMMIT, 0, 0, table[2:4]),
    ]
    return {
        "nothing": ticks(64, SLOW),
        "noise": bytes([40]) + bytes(range(40)) + ticks(3),
        "hello": hello,
        "other_version": frame(Kind.HELLO, HELLO, 0, struct.pack("<BxHI", 2, 0, 5)) + ticks(2),
        "run_and_silence": run + ticks(60, SLOW) * 2,
        "other_phase": run + b"".join(request(0b1000) + ticks(1, SLOW) for _ in range(60)),
        "conflict": run + request(0b1010) + ticks(10),
        "stale_and_other_table": begun + request(2, 0) + ticks(10) + request(2, GOOD, 0) + ticks(4),
        "load_nobody": begun + b"".join(load) + ticks(5),
        "load_at_the_door": begun + ticks(2, DOOR) + b"".join(load) + ticks(30, DOOR) + request(0b10) + ticks(10),
        "load_and_ask": begun + ticks(2, DOOR) + b"".join(load) + request(0b10) + ticks(30, DOOR) + ticks(30),
        "load_in_pieces_wrong": begun + load[0] + load[2] + load[1] + load[-1] + ticks(4, DOOR),
        "fault_and_reset": run + ticks(2, 0xF1) + ticks(2, DOOR) + frame(Kind.RESET, 0, 0, b"\x11") + ticks(3, DOOR),
        "stop_time": run + ticks(30, STOP) + ticks(4, FLASH) + ticks(60, SLOW),
        "unacknowledged": begun + frame(Kind.RESET, 0, 0, b"\x01") + ticks(30, SLOW),
        "flood_of_resets": begun + (frame(Kind.RESET, 0, 0, b"\x01") + ticks(1)) * 12 + ticks(9, SLOW),
        "acknowledged": begun
        + frame(Kind.RESET, 0, 0, b"\x01")
        + ticks(4)
        + frame(Kind.ACK, ANSWERED)
        + ticks(30, SLOW),
    }


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
