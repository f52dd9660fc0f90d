"""What is usual at this time of the week: level and spread, learned from the stream itself.

Three memories: the week in slots, the day in the same slots, and all readings. Each leans on the next
coarser one by as much as it is young (empirical Bayes with a prior worth PRIOR readings), so that the
first day is judged by the recent past, the first weeks by the hour of the day, later ones by the hour
of the week. A reading pulls no harder than CLIP spreads (Huber, 1964): an incident does not become usual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edge.statistics.seam import WEEK_S, Moment
from edge.statistics.state import Arrays

DAY_S: Final = 86_400
EPOCH_WEEK_S: Final = 3 * DAY_S  # 1970 began on a Thursday
OTHER_ZONE_S: Final = 2 * 3_600  # summer time moves an hour; more is another time zone
PRIOR: Final = 1.0
CLIP: Final = 3.0
BLIND: Final = 6  # readings before which nothing is clipped
MEAN_TO_SD: Final = 1.2533  # of a normal distribution: standard deviation over mean absolute deviation
FLOOR: Final = 0.01  # the least spread, as a share of the level
SAME: Final = 1e-9  # closer than this share of the level is alike: sums round


@dataclass(frozen=True, slots=True)
class Usual:
    """What is expected: level, and a standard deviation that is above 0."""

    level: float
    spread: float

    def off(self, value: float) -> float:
        """How many spreads above it a value lies."""
        away = value - self.level
        return 0.0 if abs(away) <= SAME * max(abs(self.level), abs(value)) else away / self.spread


class Profile:
    """Level and spread by time of week. memory_visits: of one slot, beyond which it forgets."""

    def __init__(self, *, slot_s: int = 900, memory_visits: int = 12, recent_readings: int = 100) -> None:
        self._slot_s = slot_s
        self._memories = (memory_visits, 2 * memory_visits, recent_readings)
        self._zone_s: int | None = None
        self._begin()

    def _begin(self) -> None:
        slots = (WEEK_S // self._slot_s, DAY_S // self._slot_s, 1)  # week, day, all
        self._count = [[0] * n for n in slots]  # lists: single numbers of an array cost ten times as much
        self._level = [[0.0] * n for n in slots]
        self._spread = [[0.0] * n for n in slots]

    @property
    def count(self) -> int:
        """Readings learned from; stops at the memory of the recent past."""
        return self._count[2][0]

    def usual(self, moment: Moment) -> Usual | None:
        """What is expected then; None before anything was learned.

        Readings with another distance from UTC than before, by more than summer time, are of another time
        zone: what was learned by local time is then forgotten.
        """
        zone_s = (moment.week_s - moment.unix_s - EPOCH_WEEK_S) % WEEK_S
        if self._zone_s is not None and not _near(zone_s, self._zone_s):
            self._begin()
        self._zone_s = zone_s
        if not self.count:
            return None
        level, spread = self._level[2][0], self._spread[2][0]
        for row, slot in reversed(self._places(moment)[:2]):
            n = self._count[row][slot]
            level = (n * self._level[row][slot] + PRIOR * level) / (n + PRIOR)
            n = max(n - 1, 0)  # the first visit is far from what coarser memories expect: it says nothing of spread
            spread = (n * self._spread[row][slot] + PRIOR * spread) / (n + PRIOR)
        return Usual(level, max(spread * MEAN_TO_SD, FLOOR * abs(level), 1e-12))

    def learn(self, moment: Moment, value: float) -> None:
        """Take a reading in."""
        usual = self.usual(moment)
        if usual is not None and self.count >= BLIND:
            value = min(max(value, usual.level - CLIP * usual.spread), usual.level + CLIP * usual.spread)
        for row, slot in self._places(moment):
            count = min(self._count[row][slot] + 1, self._memories[row])
            self._count[row][slot] = count
            centre = value if usual is None else usual.level
            self._level[row][slot] += (value - self._level[row][slot]) / count
            if count > 1:
                self._spread[row][slot] += (abs(value - centre) - self._spread[row][slot]) / (count - 1)

    def _places(self, moment: Moment) -> tuple[tuple[int, int], ...]:
        slot = moment.week_s // self._slot_s
        return (0, slot), (1, slot % (DAY_S // self._slot_s)), (2, 0)

    def fields(self) -> dict[str, Any]:
        """What JSON holds of it."""
        return {"zone_s": self._zone_s}

    def arrays(self) -> Arrays:
        """The three memories."""
        return {
            f"{kept}{row}": np.array(memory[row], np.int64 if kept == "count" else np.float64)
            for kept, memory in (("count", self._count), ("level", self._level), ("spread", self._spread))
            for row in range(3)
        }

    def take_back(self, fields: Mapping[str, Any], arrays: Arrays) -> None:
        """The reverse of fields and arrays."""
        self._zone_s = fields["zone_s"]
        self._count = [arrays[f"count{row}"].tolist() for row in range(3)]
        self._level = [arrays[f"level{row}"].tolist() for row in range(3)]
        self._spread = [arrays[f"spread{row}"].tolist() for row in range(3)]


def _near(one_s: int, other_s: int) -> bool:
    apart = abs(one_s - other_s)
    return min(apart, WEEK_S - apart) <= OTHER_ZONE_S
