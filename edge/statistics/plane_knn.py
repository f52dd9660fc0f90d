"""How far a reading lies from what this time of day has shown, in the plane of flow and density.

People who label traffic look at all days of one time of day as points of flow against density, and
call out what lies apart: a lone point, and also a few points together far from the crowd. Two
distances say that:

- to the k-th nearest neighbour (Ramaswamy, Rastogi and Shim, 2000): how lone;
- the widest gap on the best path to the crowd, that is, the height at which single linkage
  (Gower and Ross, 1969) joins the reading to the densest part: how far apart, in company or not.

Both are taken among the readings of this time of day, and again with those of the time before and
after it, which has three times the readings and is a little blurred. The score is the geometric mean
of the four, those of the time of day itself counting double. Each value is measured in the geometric
mean of two spreads, that of its time of day and that of all times of day (5th to 95th percentile): by
the first alone a quiet hour cries wolf, by the second alone only the rush hour is heard. No model of
the road, no labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
        told = self._score(slot, x) if len(points) >= self._learn else None
        self._keep(slot, reading.moment.unix_s, x)
        return told

    def learn(self, reading: Reading) -> None:
        """Keep a reading of the past without a score: for history that is read in at once."""
        check(self.name, self._last_unix_s, 2, reading)
        self._last_unix_s = reading.moment.unix_s
        values = known(reading)
        if values is not None and min(values) >= 0:
            self._keep(self._slot(reading.moment.week_s), reading.moment.unix_s, np.array(values))

    def _keep(self, slot: int, unix_s: int, x: Floats) -> None:
        place = int(self._taken[slot]) % self._points.shape[1]
        self._points[slot, place] = x
        self._unix_s[slot, place] = unix_s
        self._taken[slot] += 1

    def among_kept(self) -> Iterator[tuple[int, float]]:
        """The unix_s and the score of each kept reading against the others of its time of day.

        This is what to set a threshold by: as many neighbours as a reading of tomorrow will have.
        """
        whole = self._spread_of_days()
        for slot in range(len(self._taken)):
            points = self._kept(slot)
            if len(points) <= self._learn:
                continue
            own, around = (self._crowd(near, slot, whole) for near in (points, self._around(slot)))
            values = [_mean(*(c.inside(i, self._neighbours) for c in (own, around))) for i in range(len(points))]
            yield from zip(map(int, self._unix_s[slot]), values, strict=False)

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

    def _around(self, slot: int) -> Floats:
        """The slot's points first, then those of the slots before and after it in the same kind of day."""
        in_day = len(self._taken) // DAY_KINDS
        beside = [near for near in (slot - 1, slot + 1) if 0 <= near < len(self._taken)]
        return np.concatenate([self._kept(near) for near in (slot, *beside) if near // in_day == slot // in_day])

    def _crowd(self, points: Floats, slot: int, whole: Floats) -> _Crowd:
        kind = slot * DAY_KINDS // len(self._taken)
        return _Crowd.of(points, np.sqrt(_spread(points) * whole[kind]))

    def _score(self, slot: int, x: Floats) -> Score:
        points = self._kept(slot)
        own, around = (self._crowd(near, slot, self._whole) for near in (points, self._around(slot)))
        near, gap = own.outside(x, self._neighbours)
        usual = np.median(points, axis=0)
        off = (x - usual) / own.unit
        return Score(
            _mean((near, gap), around.outside(x, self._neighbours)),
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


def _mean(own: tuple[float, float], around: tuple[float, float]) -> float:
    """The geometric mean of neighbour distance and gap, those of the time of day itself counting double."""
    return float((own[0] * own[1]) ** (1 / 3) * (around[0] * around[1]) ** (1 / 6))


@dataclass(frozen=True, slots=True, eq=False)
class _Crowd:
    """Some points, (n, 2) in units; how far each is from each, and its gap to the densest of them."""

    unit: Floats
    points: Floats
    apart: Floats
    gaps: Floats

    @classmethod
    def of(cls, points: Floats, unit: Floats) -> _Crowd:
        scaled = points / unit
        apart = distances(scaled)
        return cls(unit, scaled, apart, gaps_to_the_crowd(apart))

    def outside(self, x: Floats, neighbours: int) -> tuple[float, float]:
        """Distance to the k-th neighbour, and gap, of a point that is not among them."""
        away = np.sqrt(np.square(self.points - x / self.unit).sum(axis=1))
        near = np.partition(away, neighbours - 1)[neighbours - 1]
        return float(near), float(np.maximum(away, self.gaps).min())

    def inside(self, index: int, neighbours: int) -> tuple[float, float]:
        """The same of one of them against the others."""
        return float(np.partition(self.apart[index], neighbours)[neighbours]), float(self.gaps[index])


def distances(points: Floats) -> Floats:
    """(n, n), each point of a plane to each."""
    x, y = points.T
    apart: Floats = np.sqrt(np.square(np.subtract.outer(x, x)) + np.square(np.subtract.outer(y, y)))
    return apart


def gaps_to_the_crowd(apart: Floats) -> Floats:
    """(n,): the longest step on the path to the densest point whose longest step is shortest.

    Prim (1957), "Shortest connection networks": points join one after another, each over the shortest
    step from those that have; the longest step until then is its gap.
    """
    place = min(CROWD, len(apart) - 1)
    crowd = int(np.argmin(np.partition(apart, place, axis=1)[:, place]))
    gaps = np.zeros(len(apart))
    waiting = apart[crowd].copy()
    outside = np.ones(len(apart), np.bool_)
    outside[crowd] = False
    waiting[crowd] = np.inf
    longest = 0.0
    for _ in range(len(apart) - 1):
        joins = int(waiting.argmin())
        longest = max(longest, float(waiting[joins]))
        gaps[joins] = longest
        outside[joins] = False
        waiting[joins] = np.inf
        np.minimum(waiting, apart[joins], out=waiting, where=outside)
    return gaps
