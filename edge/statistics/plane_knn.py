"""How far a reading lies from what this time of day has shown, in the plane of flow and density.

People who label traffic look at all days of one time of day as points of flow against density, and
call out what lies apart: a lone point, and also a few points together far from the crowd. Two
distances say that:

- to the k-th nearest neighbour (Ramaswamy, Rastogi and Shim, 2000): how lone;
- the widest gap on the best path to the crowd, that is, the height at which single linkage
  (Gower and Ross, 1969) joins the reading to the densest part: how far apart, in company or not.

The score is their geometric mean. Each value is measured in the geometric mean of two spreads, that
of its time of day and that of all times of day (5th to 95th percentile): by the first alone a quiet
hour cries wolf, by the second alone only the rush hour is heard. No model of the road, no labels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from edge.statistics.readings import check, known
from edge.statistics.seam import Reading, Score
from edge.statistics.state import pack, unpack

Floats = NDArray[np.float64]

DAY_S: Final = 86_400
FRIDAY_END_S: Final = 5 * DAY_S
DAY_KINDS: Final = 2  # Monday to Friday, weekend
CROWD: Final = 20  # the densest part is where the 20th neighbour is nearest
FLOOR: Final = 0.01  # the least spread, as a share of the median


class PlaneKnn:
    """The distance of (flow, density) from the same time of day; 0.1 is usual, 0.3 is odd, 1 is far out.

    Any two values that move together will do: flow in vehicles an hour and density in vehicles a km, or
    count and occupancy. Weekdays and weekends are kept apart. Negative values are unknown.
    """

    name: ClassVar[str] = "plane_knn"
    version: ClassVar[int] = 1

    def __init__(self, *, slot_s: int = 900, kept: int = 120, neighbours: int = 5, learn_readings: int = 25) -> None:
        """slot_s: length of a time of day; kept: readings of each, the oldest making room.

        learn_readings: of one slot, before it speaks. InputError where these make no sense.
        """
        if slot_s < 1 or DAY_S % slot_s or not CROWD < learn_readings <= kept or not 1 <= neighbours <= CROWD:
            raise InputError(
                f"plane_knn: slot_s {slot_s}, kept {kept}, neighbours {neighbours}, learn_readings {learn_readings}; "
                f"slots must fill a day, neighbours be 1 to {CROWD}, and {CROWD} < learn_readings <= kept"
            )
        self._slot_s = slot_s
        self._neighbours = neighbours
        self._learn = learn_readings
        self._last_unix_s: int | None = None
        slots = DAY_KINDS * DAY_S // slot_s
        self._points: Floats = np.zeros((slots, kept, 2))
        self._unix_s = np.zeros((slots, kept), np.int64)
        self._taken = np.zeros(slots, np.int64)
        self._day: int | None = None
        self._whole: Floats = np.zeros((DAY_KINDS, 2))

    def update(self, reading: Reading) -> Score | None:
        """The score among the days before, then keep the reading. InputError as the seam says."""
        check(self.name, self._last_unix_s, 2, reading)
        self._last_unix_s = reading.moment.unix_s
        values = known(reading)
        if values is None or min(values) < 0:
            return None
        day = reading.moment.week_s // DAY_S
        if day != self._day:  # once a day is enough, and it is the slowest part
            self._day, self._whole = day, self._spread_of_days()
        slot = self._slot(reading.moment.week_s)
        x = np.array(values)
        points = self._kept(slot)
        told = self._score(points, x, self._in_use(slot, self._whole)) if len(points) >= self._learn else None
        place = int(self._taken[slot]) % self._points.shape[1]
        self._points[slot, place] = x
        self._unix_s[slot, place] = reading.moment.unix_s
        self._taken[slot] += 1
        return told

    def among_kept(self) -> Iterator[tuple[int, float]]:
        """The unix_s and the score of each kept reading against the others of its time of day.

        This is what to set a threshold by: as many neighbours as a reading of tomorrow will have.
        """
        whole = self._spread_of_days()
        for slot in range(len(self._taken)):
            points = self._kept(slot)
            if len(points) <= self._learn:
                continue
            scaled = points / self._in_use(slot, whole)
            apart = _distances(scaled)
            gaps = _gaps_to_the_crowd(apart)
            np.fill_diagonal(apart, np.inf)
            near = np.partition(apart, self._neighbours - 1, axis=1)[:, self._neighbours - 1]
            for unix_s, value in zip(self._unix_s[slot], np.sqrt(near * gaps), strict=False):
                yield int(unix_s), float(value)

    def _slot(self, week_s: int) -> int:
        weekend = week_s >= FRIDAY_END_S
        return (week_s % DAY_S + DAY_S * weekend) // self._slot_s

    def _kept(self, slot: int) -> Floats:
        return self._points[slot, : min(int(self._taken[slot]), self._points.shape[1])]

    def _spread_of_days(self) -> Floats:
        """(day kinds, values): the spread over all times of day."""
        kept = np.arange(self._points.shape[1]) < self._taken[:, None]
        kinds = zip(np.split(self._points, DAY_KINDS), np.split(kept, DAY_KINDS), strict=True)
        return np.stack([_spread(points[here]) if here.any() else np.ones(2) for points, here in kinds])

    def _in_use(self, slot: int, whole: Floats) -> Floats:
        """What distances of this slot are measured in, (2,)."""
        kind = slot * DAY_KINDS // len(self._taken)
        spread: Floats = np.sqrt(_spread(self._kept(slot)) * whole[kind])
        return spread

    def _score(self, points: Floats, x: Floats, spread: Floats) -> Score:
        scaled = points / spread
        away = np.sqrt(np.square(scaled - x / spread).sum(axis=1))
        near = float(np.partition(away, self._neighbours - 1)[self._neighbours - 1])
        gaps = _gaps_to_the_crowd(_distances(scaled))
        gap = float(np.maximum(away, gaps).min())
        usual = np.median(points, axis=0)
        off = (x - usual) / spread
        return Score(
            math.sqrt(near * gap),
            direction=int(np.sign(off[np.argmax(np.abs(off))])),
            expected=(float(usual[0]), float(usual[1])),
            evidence={
                "neighbour_distance": near,
                "gap_to_the_crowd": gap,
                "flow_off": float(off[0]),
                "density_off": float(off[1]),
                "readings": float(len(points)),
            },
        )

    def save(self) -> bytes:
        """The kept readings and where each slot stands; bounded by 2 days × slots × kept."""
        fields = {
            "slot_s": self._slot_s,
            "kept": self._points.shape[1],
            "neighbours": self._neighbours,
            "learn": self._learn,
            "last_unix_s": self._last_unix_s,
            "day": self._day,
        }
        arrays = {"points": self._points, "unix_s": self._unix_s, "taken": self._taken, "whole": self._whole}
        return pack(self.name, self.version, fields, arrays)

    @classmethod
    def restore(cls, state: bytes) -> Self:
        """Go on from a saved state. InputError where it is not one of this version."""
        fields, arrays = unpack(cls.name, cls.version, state)
        made = cls(
            slot_s=fields["slot_s"],
            kept=fields["kept"],
            neighbours=fields["neighbours"],
            learn_readings=fields["learn"],
        )
        made._last_unix_s, made._day = fields["last_unix_s"], fields["day"]
        made._points, made._unix_s, made._taken = arrays["points"], arrays["unix_s"], arrays["taken"]
        made._whole = arrays["whole"]
        return made


def _spread(points: Floats) -> Floats:
    """From the 5th to the 95th percentile of each value, (2,); never 0."""
    low, median, high = np.percentile(points, [5, 50, 95], axis=0)
    spread: Floats = np.maximum(high - low, FLOOR * np.abs(median) + 1e-9)
    return spread


def _distances(scaled: Floats) -> Floats:
    """(n, n), each point to each."""
    off = scaled[:, None] - scaled[None]
    distances: Floats = np.sqrt(np.einsum("ijk,ijk->ij", off, off))
    return distances


def _gaps_to_the_crowd(apart: Floats) -> Floats:
    """(n,): the longest step on the path to the densest point whose longest step is shortest."""
    place = min(CROWD, len(apart) - 1)
    crowd = int(np.argmin(np.partition(apart, place, axis=1)[:, place]))
    gaps: Floats = apart[crowd].copy()
    while True:
        shorter = np.minimum(gaps, np.maximum(apart, gaps).min(axis=1))
        if np.array_equal(shorter, gaps):
            return gaps
        gaps = shorter
