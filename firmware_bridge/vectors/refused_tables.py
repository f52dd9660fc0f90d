"""Tables that break one rule each, and tables at the edge of one that break none."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from firmware_bridge.vectors.tables import CROSSING, EIGHT, FOUR, SHORT_WALK, WALKERS, Row, Table, sealed


@dataclass(frozen=True, slots=True)
class TableCase:
    """Bytes, and the rule that sl_table_check finds broken at a channel; None: a good table."""

    name: str
    table: bytes
    fault: str | None = None
    channel: int = 0


def all_tables() -> list[TableCase]:
    """Every case, each with a name of its own."""
    good = CROSSING.to_bytes()
    wired = replace(CROSSING.with_row(0, outputs=(0, 1, 2, 255, 255)).with_row(1, outputs=(3, 4, 5, 255, 255)), board=1)
    crossed = WALKERS.with_row(0, outputs=(0, 1, 2, 3, 4)).with_row(1, outputs=(5, 6, 7, 8, 9))
    turn = Row(0, (0,), parents=(0,))
    overlapped = replace(CROSSING, rows=(Row(2, (2,)), Row(4), turn))

    def of(name: str, table: Table, fault: str | None = None, channel: int = 0) -> TableCase:
        return TableCase(name, table.to_bytes(), fault, channel)

    return [
        of("crossing", CROSSING),
        of("walkers", WALKERS),
        of("four", FOUR),
        of("eight", EIGHT),
        of("overlapped", overlapped),
        of("wired", wired),
        of("wired-people", replace(crossed, board=2)),
        of("one-channel", Table((Row(16),))),
        of("sixteen-and-four", _full()),
        of("version-2", replace(CROSSING, version=2), "version_unknown"),
        TableCase("21-channels", _many(21), "too_many_channels"),
        TableCase("255-channels", _many(255), "too_many_channels"),
        TableCase("no-channel", sealed(good[:1] + b"\0" + good[2:24]), "no_channel"),
        TableCase("crc-wrong", good[:2] + bytes((good[2] ^ 1,)) + good[3:], "crc_wrong"),
        TableCase("changed", good[:-2] + b"\x01" + good[-1:], "crc_wrong"),
        of("startup-red-299", replace(CROSSING, startup_red_cs=299), "startup_red_short"),
        of("startup-red-300", replace(CROSSING, startup_red_cs=300)),
        of("startup-outside", replace(CROSSING, startup=(2,)), "mask_outside"),
        of("flash-yellow-outside", replace(CROSSING, flash_yellow=(31,)), "mask_outside"),
        of("compatible-outside", CROSSING.with_row(1, beside=(2,)), "mask_outside", 1),
        of("parents-outside", CROSSING.with_row(1, number=0, parents=(5,)), "mask_outside", 1),
        of("phase-17", CROSSING.with_row(1, number=17), "number_wrong", 1),
        of("phase-16", CROSSING.with_row(1, number=16)),
        of("phase-0", CROSSING.with_row(1, number=0), "number_wrong", 1),
        of("phase-with-parents", overlapped.with_row(2, number=6), "number_wrong", 2),
        of("phase-twice", CROSSING.with_row(1, number=2), "number_twice", 1),
        of("asymmetric", CROSSING.with_row(0, beside=(1,)), "matrix_asymmetric", 1),
        of("asymmetric-too", CROSSING.with_row(1, beside=(0,)), "matrix_asymmetric", 1),
        TableCase("against-itself", _against_itself(good), "matrix_self", 1),
        of("min-green-299", CROSSING.with_row(0, min_green_cs=299), "min_green_short"),
        of("min-green-300", CROSSING.with_row(0, min_green_cs=300)),
        of("yellow-299", CROSSING.with_row(1, yellow_cs=299), "yellow_out_of_range", 1),
        of("yellow-300", CROSSING.with_row(1, yellow_cs=300)),
        of("yellow-600", CROSSING.with_row(1, yellow_cs=600)),
        of("yellow-601", CROSSING.with_row(1, yellow_cs=601), "yellow_out_of_range", 1),
        of("clearance-600", CROSSING.with_row(1, red_clearance_cs=600)),
        of("clearance-601", CROSSING.with_row(1, red_clearance_cs=601), "red_clearance_long", 1),
        of("walk-699", WALKERS.with_row(0, walk_cs=699), "walk_short"),
        of("walk-700", WALKERS.with_row(0, walk_cs=700)),
        of("short-walk-399", WALKERS.with_row(0, walk_cs=399, flags=SHORT_WALK), "walk_short"),
        of("short-walk-400", WALKERS.with_row(0, walk_cs=400, flags=SHORT_WALK)),
        of("ped-clearance-299", WALKERS.with_row(0, ped_clearance_cs=299), "ped_clearance_short"),
        of("ped-clearance-300", WALKERS.with_row(0, ped_clearance_cs=300)),
        of("walk-without-clearance", WALKERS.with_row(1, ped_clearance_cs=0), "ped_half", 1),
        of("clearance-without-walk", WALKERS.with_row(1, walk_cs=0), "ped_half", 1),
        of("overlap-of-itself", overlapped.with_row(2, parents=(2,)), "overlap_of_overlap", 2),
        of("overlap-of-overlap", _chained(overlapped), "overlap_of_overlap", 3),
        of("overlap-of-first-overlap", _first_chained(), "overlap_of_overlap", 2),
        of(
            "overlap-against-parent",
            overlapped.with_row(2, beside=(), parents=(1,)).with_row(0, beside=()),
            "overlap_against_parent",
            2,
        ),
        of("overlap-with-people", overlapped.with_row(2, walk_cs=700, ped_clearance_cs=500), "overlap_pedestrians", 2),
        of("startup-overlap", replace(overlapped, startup=(0, 2)), "startup_overlap", 2),
        of("startup-conflict", replace(CROSSING, startup=(0, 1)), "startup_conflict"),
        of("startup-overlap-conflict", replace(_turned_against(), startup=(0, 1)), "startup_conflict"),
        of("flash-yellow-conflict", replace(CROSSING, flash_yellow=(0, 1)), "flash_yellow_conflict"),
        of("red-missing", wired.with_row(1, outputs=(255, 4, 5, 255, 255)), "output_missing", 1),
        of("yellow-missing", wired.with_row(1, outputs=(3, 255, 5, 255, 255)), "output_missing", 1),
        of("green-missing", wired.with_row(1, outputs=(3, 4, 255, 255, 255)), "output_missing", 1),
        of("walk-missing", replace(crossed, board=2).with_row(0, outputs=(0, 1, 2, 255, 4)), "output_missing"),
        of("dont-walk-missing", replace(crossed, board=2).with_row(0, outputs=(0, 1, 2, 3, 255)), "output_missing"),
        of("output-twice", wired.with_row(1, outputs=(3, 4, 2, 255, 255)), "output_twice", 1),
        of("output-twice-red", wired.with_row(1, outputs=(2, 4, 5, 255, 255)), "output_twice", 1),
        of("output-twice-dont-walk", crossed.with_row(1, outputs=(4, 6, 7, 8, 9)), "output_twice", 1),
        of("output-twice-in-channel", wired.with_row(1, outputs=(3, 4, 4, 255, 255)), "output_twice", 1),
        of("output-twice-people", crossed.with_row(1, outputs=(5, 6, 7, 8, 0)), "output_twice", 1),
        of("output-twice-walk", crossed.with_row(1, outputs=(5, 6, 7, 3, 9)), "output_twice", 1),
    ]


def _many(channels: int) -> bytes:
    row = Table((Row(1),)).to_bytes()[24:]
    return sealed(struct.pack("<BB", 1, channels) + CROSSING.to_bytes()[2:24] + row * channels)


def _full() -> Table:
    everything = tuple(range(20))
    phases = tuple(Row(number, everything) for number in range(1, 17))
    return Table((*phases, *(Row(0, everything, parents=(index,)) for index in range(4))), startup=everything[:16])


def _against_itself(good: bytes) -> bytes:
    return sealed(good[:52] + struct.pack("<I", 0) + good[56:])


def _chained(overlapped: Table) -> Table:
    """A second overlap, of the first."""
    rows = (*overlapped.with_row(2, beside=(0, 3)).rows, Row(0, (2,), parents=(2,)))
    return replace(overlapped, rows=rows)


def _first_chained() -> Table:
    """The last overlap is of the first channel, an overlap itself."""
    return Table((Row(0, (1, 2), parents=(1,)), Row(2, (0,)), Row(0, (0,), parents=(0,))))


def _turned_against() -> Table:
    """Phases 2 and 6 may run together, but an overlap of 2 conflicts with 6."""
    return Table((Row(2, (1, 2)), Row(6, (0,)), Row(0, (0,), parents=(0,))))
