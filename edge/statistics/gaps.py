"""How far a number lies from every number seen so far, in a bounded memory.

Kept is a net: a number is added only where none within EPSILON of the range lies already, so that about
1/EPSILON of them cover the range. A number not met again for memory_readings is forgotten; the range
shrinks slowly towards the mean, so that one wild value does not deafen for good.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from edge.statistics.state import Arrays

EPSILON: Final = 0.01  # of the range: the mesh of the net
CAP: Final = 500  # numbers kept at most
FARTHEST: Final = 10.0  # ranges: where the range is still tiny, anything is far
RANGE_MEMORIES: Final = 3.3  # the range halves in this many memories


class Gaps:
    """The net. Gap is a share of the range: 0 seen before, 0.02 two percent of the range from anything seen."""

    def __init__(self, memory_readings: int) -> None:
        self._memory = memory_readings
        self._fade = 1 - 0.5 ** (1 / (RANGE_MEMORIES * memory_readings))
        self._count = 0
        self._net: list[float] = []
        self._met: list[int] = []
        self._low = self._high = self.mean = 0.0

    @property
    def span(self) -> float:
        """The range as it stands."""
        return self._high - self._low

    def nearest(self, value: float) -> float | None:
        """The number nearest to it that is not forgotten."""
        net, met = self._net, self._met
        while net:
            at = bisect_left(net, value)
            if at == len(net) or (at > 0 and value - net[at - 1] <= net[at] - value):
                at -= 1
            if self._count - met[at] <= self._memory:
                return net[at]
            del net[at], met[at]
        return None

    def gap(self, value: float) -> float:
        """How far it is from all that was seen; 0 where nothing was, or all was alike."""
        near = self.nearest(value)
        return min(abs(value - near) / self.span, FARTHEST) if near is not None and self.span > 0 else 0.0

    def learn(self, value: float) -> None:
        """Meet it."""
        self._count += 1
        if self._count == 1:
            self._low = self._high = self.mean = value
        near = self.nearest(value)
        if near is not None and (value == near or abs(value - near) <= EPSILON * self.span):
            self._met[bisect_left(self._net, near)] = self._count
        else:
            self._add(value)
        self.mean += (value - self.mean) * max(1 / self._count, self._fade)
        self._high = max(self._high, value)
        self._low = min(self._low, value)
        self._high -= self._fade * (self._high - self.mean)
        self._low += self._fade * (self.mean - self._low)

    def _add(self, value: float) -> None:
        if len(self._net) >= CAP:
            oldest = min(range(CAP), key=self._met.__getitem__)
            del self._net[oldest], self._met[oldest]
        at = bisect_left(self._net, value)
        self._net.insert(at, value)
        self._met.insert(at, self._count)

    def fields(self) -> dict[str, Any]:
        """What JSON holds of it."""
        return {"count": self._count, "low": self._low, "high": self._high, "mean": self.mean}

    def arrays(self) -> Arrays:
        """The net."""
        return {"net": np.array(self._net, np.float64), "met": np.array(self._met, np.int64)}

    def take_back(self, fields: Mapping[str, Any], arrays: Arrays) -> None:
        """The reverse of fields and arrays."""
        self._count = fields["count"]
        self._low, self._high, self.mean = fields["low"], fields["high"], fields["mean"]
        self._net, self._met = arrays["net"].tolist(), arrays["met"].tolist()
