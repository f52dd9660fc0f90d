"""How far a reading lies outside the range seen so far. The cheapest of all, and one of the best alone.

Only the least and the greatest are kept: values in a hole of the range are not seen (that is what
`novelty` is for), and after one wild value it hears no other on that side until the range has faded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from edge.statistics.gaps import FARTHEST
from edge.statistics.one_value import OneValue, empty
from edge.statistics.seam import Moment, Score
from edge.statistics.state import Arrays


class RangeNovelty(OneValue):
    """Distance beyond the least or greatest so far, as a share of the range."""

    name: ClassVar[str] = "range_novelty"
    version: ClassVar[int] = 1

    def __init__(self, *, learn_readings: int = 100, memory_readings: int = 20_000) -> None:
        """memory_readings: in which the range shrinks by half towards the mean."""
        super().__init__(learn_readings=learn_readings, memory_readings=memory_readings)
        self._learn = learn_readings
        self._fade = 1 - 0.5 ** (1 / memory_readings)
        self._count = 0
        self._low = self._high = self._mean = 0.0

    def _judge(self, moment: Moment, value: float) -> Score | None:
        del moment
        if not self._count:
            self._low = self._high = self._mean = value
        span = self._high - self._low
        out = max(value - self._high, self._low - value, 0.0)
        direction = 0 if out <= 0 else 1 if value > self._high else -1
        told = Score(
            min(out / span, FARTHEST) if span > 0 else 0.0,
            direction,
            (min(max(value, self._low), self._high),),
            {"least": self._low, "greatest": self._high},
        )
        self._count += 1
        self._high, self._low = max(self._high, value), min(self._low, value)
        self._mean += (value - self._mean) * max(1 / self._count, self._fade)
        self._high -= self._fade * (self._high - self._mean)
        self._low += self._fade * (self._mean - self._low)
        return told if self._count > self._learn else None

    def _learned(self) -> tuple[Mapping[str, Any], Arrays]:
        return {"count": self._count, "low": self._low, "high": self._high, "mean": self._mean}, empty()

    def _take_back(self, fields: Mapping[str, Any], arrays: Arrays) -> None:
        del arrays
        self._count, self._mean = fields["count"], fields["mean"]
        self._low, self._high = fields["low"], fields["high"]
