"""The timing and conflict table of one junction, as the signal core has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Flag(IntEnum):
    """Bits of a channel's flags in `core/stopline_core.h`."""

    PED_RECALL = 1
    SHORT_WALK = 2


@dataclass(frozen=True, slots=True)
class Channel:
    """One head group. number: NEMA phase, 0 for an overlap; name: `2`, `A`.

    compatible (itself among them) and parents are indexes into the table's channels.
    Times are hundredths of a second; walk 0 without pedestrians, max_request 0 without
    limit. Pins are outputs of the board; None where nothing hangs.
    """

    number: int
    name: str
    compatible: frozenset[int]
    parents: frozenset[int]
    min_green_cs: int
    yellow_cs: int
    red_clearance_cs: int
    walk_cs: int = 0
    ped_clearance_cs: int = 0
    max_request_cs: int = 0
    flags: frozenset[Flag] = frozenset()
    red: int | None = None
    yellow: int | None = None
    green: int | None = None
    walk: int | None = None
    dont_walk: int | None = None


@dataclass(frozen=True, slots=True)
class TimingTable:
    """Channels in the order of their indexes: phases by number, then overlaps.

    startup and flash_yellow are indexes. site is the CRC-32 of the site's id.
    """

    board: int
    channels: tuple[Channel, ...]
    startup_flash_cs: int
    startup_red_cs: int
    startup: frozenset[int]
    flash_yellow: frozenset[int]
    site: int

    def phases(self) -> frozenset[int]:
        """NEMA numbers that can be asked for."""
        return frozenset(channel.number for channel in self.channels if channel.number)

    def clash(self, phases: frozenset[int]) -> tuple[str, str] | None:
        """Two channels that asking for these phases would light against each other, overlaps counted in; else None."""
        asked = {i for i, channel in enumerate(self.channels) if channel.number in phases and channel.number}
        lit = sorted(asked | {i for i, channel in enumerate(self.channels) if channel.parents & asked})
        for i in lit:
            for j in lit:
                if i < j and j not in self.channels[i].compatible:
                    return self.channels[i].name, self.channels[j].name
        return None
