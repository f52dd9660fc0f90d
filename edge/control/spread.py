"""Percentiles of times over years of steps, in the memory of one page."""

from __future__ import annotations

from array import array

from edge.clock import NS_PER_MS

_BIN_NS = NS_PER_MS // 10
_BINS = 5000


class Spread:
    """Times from 0 to 500 ms in bins of 0.1 ms; longer ones count as the longest, whose own value is kept."""

    def __init__(self) -> None:
        self._bins = array("Q", bytes(8 * _BINS))
        self.count = 0
        self.max_ns = 0

    def add(self, ns: int) -> None:
        """One more; a negative time is none."""
        ns = max(0, ns)
        self._bins[min(ns // _BIN_NS, _BINS - 1)] += 1
        self.count += 1
        self.max_ns = max(self.max_ns, ns)

    def percentile_ms(self, percent: float) -> float | None:
        """The upper edge of the bin that holds it, in ms, but never more than the longest; None without any time."""
        if self.count == 0:
            return None
        wanted, seen = percent / 100 * self.count, 0
        for i, count in enumerate(self._bins):
            seen += count
            if seen >= wanted and i < _BINS - 1:
                return min((i + 1) * _BIN_NS, self.max_ns) / NS_PER_MS
        return self.max_ns / NS_PER_MS

    @property
    def max_ms(self) -> float | None:
        """The longest; None without any."""
        return self.max_ns / NS_PER_MS if self.count else None
