"""Control charts on the residual of a time-of-week profile: Shewhart (X-bar), EWMA, two-sided CUSUM.

On the plain series these are driven by the daily cycle; on the residual they speak of what is unusual
for the hour. Sources: Shewhart (1931); Roberts (1959), "Control chart tests based on geometric moving
averages"; Page (1954), "Continuous inspection schemes". Every score is in standard deviations of what
the chart draws, CUSUM's in standard deviations summed up.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from edge.errors import InputError
from edge.statistics.one_value import OneValue
from edge.statistics.profile import Profile
from edge.statistics.seam import Moment, Score
from edge.statistics.state import Arrays

CLIP_Z: Final = 6.0  # one reading says no more than this many deviations to a sum


class _Chart(OneValue):
    """A chart: what one more residual makes of it."""

    def __init__(self, *, learn_readings: int, slot_s: int, **settings: float) -> None:
        super().__init__(learn_readings=learn_readings, slot_s=slot_s, **settings)
        self._learn = learn_readings
        self._seen = 0
        self._profile = Profile(slot_s=slot_s)

    def _judge(self, moment: Moment, value: float) -> Score | None:
        usual = self._profile.usual(moment)
        told: Score | None = None
        if usual is not None:
            off = usual.off(value)
            drawn = self._draw(off)
            if self._seen >= self._learn:
                direction = (drawn > 0) - (drawn < 0)
                told = Score(abs(drawn), direction, (usual.level,), {"off_sd": off, "spread": usual.spread})
        self._seen = min(self._seen + 1, self._learn)
        self._profile.learn(moment, value)
        return told

    @abstractmethod
    def _draw(self, off: float) -> float:
        """What the chart draws after a residual of that many deviations."""

    @abstractmethod
    def _drawn(self) -> list[float]:
        """What the chart remembers."""

    @abstractmethod
    def _redraw(self, drawn: list[float]) -> None:
        """The reverse."""

    def _learned(self) -> tuple[Mapping[str, Any], Arrays]:
        return {"seen": self._seen, "drawn": self._drawn(), **self._profile.fields()}, self._profile.arrays()

    def _take_back(self, fields: Mapping[str, Any], arrays: Arrays) -> None:
        self._seen = fields["seen"]
        self._redraw(fields["drawn"])
        self._profile.take_back(fields, arrays)


class Shewhart(_Chart):
    """X-bar: the mean of the last residuals times the root of their number. One of them is the plain chart."""

    name: ClassVar[str] = "shewhart"
    version: ClassVar[int] = 1

    def __init__(self, *, group: int = 1, learn_readings: int = 100, slot_s: int = 900) -> None:
        """group: residuals in one mean. InputError below 1."""
        if group < 1:
            raise InputError(f"shewhart: group {group}; give at least 1")
        super().__init__(group=group, learn_readings=learn_readings, slot_s=slot_s)
        self._group = group
        self._last: list[float] = []

    def _draw(self, off: float) -> float:
        self._last = [*self._last[-self._group + 1 :], off] if self._group > 1 else [off]
        return math.sqrt(len(self._last)) * math.fsum(self._last) / len(self._last)

    def _drawn(self) -> list[float]:
        return self._last

    def _redraw(self, drawn: list[float]) -> None:
        self._last = drawn


class Ewma(_Chart):
    """The exponentially weighted mean of the residuals over its own standard deviation, root of w / (2 - w)."""

    name: ClassVar[str] = "ewma"
    version: ClassVar[int] = 1

    def __init__(self, *, weight: float = 0.2, learn_readings: int = 100, slot_s: int = 900) -> None:
        """weight: of the newest residual. InputError outside 0..1."""
        if not 0 < weight <= 1:
            raise InputError(f"ewma: weight {weight}; give more than 0, at most 1")
        super().__init__(weight=weight, learn_readings=learn_readings, slot_s=slot_s)
        self._weight = weight
        self._mean = 0.0

    def _draw(self, off: float) -> float:
        self._mean += self._weight * (min(max(off, -CLIP_Z), CLIP_Z) - self._mean)
        return self._mean / math.sqrt(self._weight / (2 - self._weight))

    def _drawn(self) -> list[float]:
        return [self._mean]

    def _redraw(self, drawn: list[float]) -> None:
        (self._mean,) = drawn


class Cusum(_Chart):
    """The larger of both one-sided sums: what is beyond `slack` deviations adds up, what is within takes away.

    A sum stops at `most`, so that after an incident it is back in most / slack ordinary readings.
    """

    name: ClassVar[str] = "cusum"
    version: ClassVar[int] = 1

    def __init__(self, *, slack: float = 0.5, most: float = 20.0, learn_readings: int = 100, slot_s: int = 900) -> None:
        """InputError where slack or most is not above 0."""
        if slack <= 0 or most <= 0:
            raise InputError(f"cusum: slack {slack}, most {most}; give more than 0")
        super().__init__(slack=slack, most=most, learn_readings=learn_readings, slot_s=slot_s)
        self._slack, self._most = slack, most
        self._above = self._below = 0.0

    def _draw(self, off: float) -> float:
        off = min(max(off, -CLIP_Z), CLIP_Z)
        self._above = min(max(self._above + off - self._slack, 0.0), self._most)
        self._below = min(max(self._below - off - self._slack, 0.0), self._most)
        return self._above if self._above >= self._below else -self._below

    def _drawn(self) -> list[float]:
        return [self._above, self._below]

    def _redraw(self, drawn: list[float]) -> None:
        self._above, self._below = drawn
