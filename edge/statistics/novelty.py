"""Readings unlike any seen before: of the value itself, of its level, and of its short excursion.

How far each lies from everything seen so far, as a share of the range (edge/statistics/gaps.py): a one-
dimensional nearest-neighbour novelty (Knorr and Ng, 1998, with one neighbour) in a net of bounded size.
Unlike the range alone it also sees a value in a hole between two usual ones, and unlike a chart it needs
no model of the day. Half-lives are in readings, so that one setting serves any interval.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from edge.statistics.gaps import Gaps
from edge.statistics.one_value import OneValue
from edge.statistics.seam import Moment, Score
from edge.statistics.state import Arrays

LEVEL_READINGS: Final = 12.0  # half-life of the level
FAST_READINGS, SLOW_READINGS = 6.0, 72.0  # half-lives of the two means of the excursion


class Fading:
    """A mean with a half-life in readings; right from the first reading on."""

    def __init__(self, half_life_readings: float) -> None:
        self._keep = 0.5 ** (1 / half_life_readings)
        self.sum = self.weight = 0.0

    def add(self, value: float) -> float:
        """The mean with this reading."""
        self.sum = self._keep * self.sum + (1 - self._keep) * value
        self.weight = self._keep * self.weight + (1 - self._keep)
        return self.sum / self.weight


class _Novelty(OneValue):
    """The gap of a feature of the readings so far."""

    def __init__(self, *, learn_readings: int = 100, memory_readings: int = 3000) -> None:
        """memory_readings: after which what was not met again is forgotten. learn_readings: before it speaks."""
        super().__init__(learn_readings=learn_readings, memory_readings=memory_readings)
        self._learn = learn_readings
        self._seen = 0
        self._same: float | None = None  # the value as long as all were alike: rounding is no novelty
        self._gaps = Gaps(memory_readings)

    def _judge(self, moment: Moment, value: float) -> Score | None:
        del moment
        feature = self._feature(value)
        if self._seen == 0:
            self._same = value
        elif value != self._same:
            self._same = None
        gap = 0.0 if self._same is not None else self._gaps.gap(feature)
        near = self._gaps.nearest(feature)
        direction = 0 if gap <= 0 else 1 if feature > self._gaps.mean else -1
        evidence = {"feature": feature, "nearest": feature if near is None else near, "span": self._gaps.span}
        self._gaps.learn(feature)
        self._seen = min(self._seen + 1, self._learn + 1)
        return Score(gap, direction, (), evidence) if self._seen > self._learn else None

    @abstractmethod
    def _feature(self, value: float) -> float:
        """What is compared, after this value."""

    def _means(self) -> tuple[Fading, ...]:
        """What the feature remembers."""
        return ()

    def _learned(self) -> tuple[Mapping[str, Any], Arrays]:
        means = [[mean.sum, mean.weight] for mean in self._means()]
        fields = {"seen": self._seen, "same": self._same, "means": means, **self._gaps.fields()}
        return fields, self._gaps.arrays()

    def _take_back(self, fields: Mapping[str, Any], arrays: Arrays) -> None:
        self._seen, self._same = fields["seen"], fields["same"]
        for mean, (total, weight) in zip(self._means(), fields["means"], strict=True):
            mean.sum, mean.weight = total, weight
        self._gaps.take_back(fields, arrays)


class Novelty(_Novelty):
    """Of the value itself."""

    name: ClassVar[str] = "novelty"
    version: ClassVar[int] = 1

    def _feature(self, value: float) -> float:
        return value


class LevelNovelty(_Novelty):
    """Of the level: the fading mean of about the last hour at five minutes a reading."""

    name: ClassVar[str] = "level_novelty"
    version: ClassVar[int] = 1

    def __init__(self, *, learn_readings: int = 100, memory_readings: int = 3000) -> None:
        """As the others."""
        super().__init__(learn_readings=learn_readings, memory_readings=memory_readings)
        self._level = Fading(LEVEL_READINGS)

    def _feature(self, value: float) -> float:
        return self._level.add(value)

    def _means(self) -> tuple[Fading, ...]:
        return (self._level,)


class ExcursionNovelty(_Novelty):
    """Of the short mean less the long one: how far the last half hour is off the last half day."""

    name: ClassVar[str] = "excursion_novelty"
    version: ClassVar[int] = 1

    def __init__(self, *, learn_readings: int = 100, memory_readings: int = 3000) -> None:
        """As the others."""
        super().__init__(learn_readings=learn_readings, memory_readings=memory_readings)
        self._fast, self._slow = Fading(FAST_READINGS), Fading(SLOW_READINGS)

    def _feature(self, value: float) -> float:
        return self._fast.add(value) - self._slow.add(value)

    def _means(self) -> tuple[Fading, ...]:
        return self._fast, self._slow
