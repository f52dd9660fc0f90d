"""A table as it stands in the chip's EEPROM: store.c."""

from __future__ import annotations

import binascii
import struct

from benchmarks.avr.boards import AvrBoard, layout

AT_COPIES = 32
HEAD_BYTES = 8
_MARK = 0x5A17


def copy_bytes(table: bytes, generation: int = 1) -> bytes:
    """One copy: mark, generation, count, CRC, table."""
    about = struct.pack("<HH", generation, len(table))
    return struct.pack("<H", _MARK) + about + struct.pack("<H", binascii.crc_hqx(about + table, 0xFFFF)) + table


def copy_at(board: AvrBoard, copy: int) -> int:
    """Where copy 0 or 1 stands."""
    return AT_COPIES + copy * (HEAD_BYTES + layout(board)["bytes_of_table"])
