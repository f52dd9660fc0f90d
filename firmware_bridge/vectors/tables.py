"""Timing tables of the vectors, as bytes on the wire."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from firmware_bridge.host.core import table_crc

PED_RECALL = 0x01
SHORT_WALK = 0x02


@dataclass(frozen=True, slots=True)
class Row:
    """One channel: NEMA number (0: an overlap of `parents`), indexes it may run beside, times in 0.01 s."""

    number: int
    beside: tuple[int, ...] = ()
    parents: tuple[int, ...] = ()
    min_green_cs: int = 500
    yellow_cs: int = 300
    red_clearance_cs: int = 100
    walk_cs: int = 0
    ped_clearance_cs: int = 0
    max_request_cs: int = 0
    flags: int = 0
    outputs: tuple[int, int, int, int, int] = (255, 255, 255, 255, 255)
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in order and the head of the table; masks are given as indexes."""

    rows: tuple[Row, ...]
    startup: tuple[int, ...] = ()
    flash_yellow: tuple[int, ...] = ()
    startup_flash_cs: int = 0
    startup_red_cs: int = 600
    version: int = 1
    board: int = 0
    site: int = 0

    def to_bytes(self) -> bytes:
        """On the wire, CRC filled in; every row runs beside itself."""
        return sealed(
            struct.pack(
                "<BBHHHHHIII",
                self.version,
                len(self.rows),
                0,
                self.board,
                self.startup_flash_cs,
                self.startup_red_cs,
                0,
                mask(self.startup),
                mask(self.flash_yellow),
                self.site,
            )
            + b"".join(_row_bytes(index, row) for index, row in enumerate(self.rows))
        )

    def with_row(self, index: int, **changes: object) -> Table:
        """The same with one row changed."""
        rows = list(self.rows)
        rows[index] = replace(rows[index], **changes)  # type: ignore[arg-type]
        return replace(self, rows=tuple(rows))


def sealed(table: bytes) -> bytes:
    """The same bytes with the CRC that they should have."""
    return table[:2] + struct.pack("<H", table_crc(table)) + table[4:]


def mask(indexes: tuple[int, ...]) -> int:
    """Bit i for each index i, none of them twice."""
    return sum(1 << index for index in indexes)


def _row_bytes(index: int, row: Row) -> bytes:
    return struct.pack(
        "<IIHHHHHH8B",
        mask(row.beside) | 1 << index,
        mask(row.parents),
        row.min_green_cs,
        row.yellow_cs,
        row.red_clearance_cs,
        row.walk_cs,
        row.ped_clearance_cs,
        row.max_request_cs,
        row.number,
        row.flags,
        *row.outputs,
        row.spare,
    )


#: Two streets that cross, no pedestrians.
CROSSING = Table((Row(2), Row(4)), flash_yellow=(0,))

#: The same; people cross phase 2 when they call, phase 4 with every green.
WALKERS = Table(
    (Row(2, walk_cs=700, ped_clearance_cs=500), Row(4, walk_cs=800, ped_clearance_cs=600, flags=PED_RECALL)),
    flash_yellow=(0,),
)

#: Four phases of two streets, 2 and 6 first after start-up; phase 4 has a walk of 4 s for a reason.
FOUR = Table(
    (
        Row(2, (1,), min_green_cs=1000, yellow_cs=400, red_clearance_cs=150, walk_cs=700, ped_clearance_cs=900),
        Row(6, (0,), min_green_cs=1000, yellow_cs=400, red_clearance_cs=150),
        Row(4, (3,), min_green_cs=700, yellow_cs=360, walk_cs=400, ped_clearance_cs=700, flags=PED_RECALL | SHORT_WALK),
        Row(8, (2,), min_green_cs=700, yellow_cs=360, red_clearance_cs=200),
    ),
    startup=(0, 1),
    flash_yellow=(0, 1),
    startup_flash_cs=400,
)

#: Indexes that may run together in EIGHT: phases 1 to 8 are 0 to 7, the overlaps 8 and 9.
_BESIDE = {
    0: (4, 5),
    1: (4, 5, 8, 9),
    2: (6, 7, 8),
    3: (6, 7, 8),
    4: (0, 1, 9),
    5: (0, 1, 8, 9),
    6: (2, 3, 8),
    7: (2, 3),
    8: (1, 2, 3, 5, 6, 9),
    9: (1, 4, 5, 8),
}


def _phase_of_eight(number: int) -> Row:
    through = number % 2 == 0
    return Row(
        number,
        _BESIDE[number - 1],
        min_green_cs=800 if through else 500,
        yellow_cs=300 + 10 * number,
        red_clearance_cs=50 * (number % 4),
        walk_cs=700 if through else 0,
        ped_clearance_cs=500 + 50 * number if through else 0,
        flags=PED_RECALL if number in {4, 8} else 0,
    )


#: Eight phases in two rings and two overlaps: one of 6 and 7 that phase 1 stops, one of 2 without clearance.
EIGHT = Table(
    (
        *(_phase_of_eight(number) for number in range(1, 9)),
        Row(0, _BESIDE[8], parents=(5, 6), min_green_cs=400, yellow_cs=320, red_clearance_cs=100),
        Row(0, _BESIDE[9], parents=(1,), min_green_cs=400, yellow_cs=350, red_clearance_cs=0),
    ),
    startup=(1, 5),
    flash_yellow=(1, 5),
)
