"""A timing table as the bytes that the core, the wire and the EEPROM hold: `core/stopline_core.h`.

    head 24 bytes │ 28 bytes for each channel, all little-endian, no padding

CRC-16/IBM-3740 over all of them with the CRC itself taken as 0.
"""

from __future__ import annotations

import binascii
import struct

from edge.errors import ProtocolError
from firmware_bridge.timing_table import Channel, Flag, TimingTable

VERSION = 1
HEAD_BYTES = 24
CHANNEL_BYTES = 28
NO_OUTPUT = 0xFF
_HEAD = struct.Struct("<BBHHHHHIII")
_CHANNEL = struct.Struct("<IIHHHHHHBBBBBBBB")
_CRC_AT = slice(2, 4)


def to_bytes(table: TimingTable) -> bytes:
    """The table with its CRC filled in."""
    head = _HEAD.pack(
        VERSION,
        len(table.channels),
        0,
        table.board,
        table.startup_flash_cs,
        table.startup_red_cs,
        0,
        _mask(table.startup),
        _mask(table.flash_yellow),
        table.site,
    )
    data = bytearray(head + b"".join(map(_row, table.channels)))
    data[_CRC_AT] = struct.pack("<H", crc_of(data))
    return bytes(data)


def from_bytes(data: bytes) -> TimingTable:
    """The table in these bytes. Overlaps are named A, B … in their order: the bytes have no names.

    ProtocolError where length, version or CRC are wrong; rules between the values are the core's to check.
    """
    if len(data) < HEAD_BYTES:
        raise ProtocolError(f"a timing table has at least {HEAD_BYTES} bytes, these are {len(data)}")
    version, channels, crc, board, flash_cs, red_cs, _spare, startup, flash_yellow, site = _HEAD.unpack_from(data)
    if version != VERSION:
        raise ProtocolError(f"timing table of version {version}; this is version {VERSION}")
    if len(data) != HEAD_BYTES + channels * CHANNEL_BYTES:
        raise ProtocolError(f"a table of {channels} channels has {HEAD_BYTES + channels * CHANNEL_BYTES} bytes")
    if crc != crc_of(data):
        raise ProtocolError(f"timing table with CRC {crc:04x} where its bytes have {crc_of(data):04x}")
    rows = [_CHANNEL.unpack_from(data, HEAD_BYTES + i * CHANNEL_BYTES) for i in range(channels)]
    overlaps = [i for i, row in enumerate(rows) if row[_NUMBER] == 0]
    return TimingTable(
        board=board,
        channels=tuple(
            _channel(row, str(row[_NUMBER]) if row[_NUMBER] else chr(ord("A") + overlaps.index(i)))
            for i, row in enumerate(rows)
        ),
        startup_flash_cs=flash_cs,
        startup_red_cs=red_cs,
        startup=_indexes(startup),
        flash_yellow=_indexes(flash_yellow),
        site=site,
    )


def crc_of(data: bytes | bytearray) -> int:
    """CRC-16/IBM-3740 of a table's bytes, whatever stands in the place of its CRC."""
    return binascii.crc_hqx(bytes(data[:2]) + b"\0\0" + bytes(data[4:]), 0xFFFF)


def table_crc(table: TimingTable) -> int:
    """What both sides must agree to before a lamp is green."""
    return crc_of(to_bytes(table))


#: Place of the number in a row.
_NUMBER = 8


def _row(channel: Channel) -> bytes:
    pins = (channel.red, channel.yellow, channel.green, channel.walk, channel.dont_walk)
    return _CHANNEL.pack(
        _mask(channel.compatible),
        _mask(channel.parents),
        channel.min_green_cs,
        channel.yellow_cs,
        channel.red_clearance_cs,
        channel.walk_cs,
        channel.ped_clearance_cs,
        channel.max_request_cs,
        channel.number,
        sum(flag.value for flag in channel.flags),
        *(NO_OUTPUT if pin is None else pin for pin in pins),
        0,
    )


def _channel(row: tuple[int, ...], name: str) -> Channel:
    compatible, parents, *times, number, flags = row[: _NUMBER + 2]
    green, yellow, red, walk, clearance, most = times
    return Channel(
        number,
        name,
        _indexes(compatible),
        _indexes(parents),
        green,
        yellow,
        red,
        walk,
        clearance,
        most,
        frozenset(flag for flag in Flag if flags & flag.value),
        *(None if pin == NO_OUTPUT else pin for pin in row[_NUMBER + 2 : -1]),
    )


def _mask(indexes: frozenset[int]) -> int:
    return sum(1 << index for index in indexes)


def _indexes(mask: int) -> frozenset[int]:
    return frozenset(i for i in range(32) if mask >> i & 1)
