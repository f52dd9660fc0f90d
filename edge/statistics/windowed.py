"""Two published baselines on a sliding window: windowed Gaussian and relative entropy.

Windowed Gaussian: tail probability of a value under the normal distribution of the window (a baseline of
the Numenta Anomaly Benchmark). Relative entropy: Wang et al. (2011), "Statistical techniques for online
anomaly detection in data centers": how much the histogram of the last few readings differs from that of
the longer past, in bits.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edge.statistics.one_value import OneValue
from edge.statistics.seam import Moment, Score
from edge.statistics.state import Arrays

LEAST_P: Final = 1e-300


class WindowedGaussian(OneValue):
    """-log10 of the two-sided tail probability under the normal distribution of the last readings."""

    name: ClassVar[str] = "windowed_gaussian"
    version: ClassVar[int] = 1

    def __init__(self, *, window_readings: int = 600, learn_readings: int = 100) -> None:
        """window_readings: whose mean and deviation judge."""
        super().__init__(window_readings=window_readings, learn_readings=learn_readings)
        self._learn = learn_readings
        self._window: deque[float] = deque(maxlen=window_readings)
        self._sums = [0.0, 0.0]  # of value - anchor and of its square
        self._anchor = 0.0
        self._since = 0

    def _judge(self, moment: Moment, value: float) -> Score | None:
        del moment
        told = self._score(value) if len(self._window) >= self._learn else None
        if len(self._window) == self._window.maxlen:
            gone = self._window[0] - self._anchor
            self._sums[0] -= gone
            self._sums[1] -= gone * gone
        self._window.append(value)
        self._since += 1
        if self._since >= len(self._window):  # afresh now and then: differences of sums lose digits
            self._anchor, self._since = value, 0
            offs = [v - self._anchor for v in self._window]
            self._sums = [math.fsum(offs), math.fsum(o * o for o in offs)]
        else:
            off = value - self._anchor
            self._sums[0] += off
            self._sums[1] += off * off
        return told

    def _score(self, value: float) -> Score:
        count = len(self._window)
        mean = self._sums[0] / count
        variance = self._sums[1] / count - mean * mean
        level, away = self._anchor + mean, value - self._anchor - mean
        sd = math.sqrt(variance) if variance > 0 else 0.0
        if abs(away) <= 1e-9 * max(abs(level), abs(value)):
            return Score(0.0, 0, (level,), {"sd": sd})
        p = math.erfc(abs(away) / sd / math.sqrt(2)) if sd > 0 else 0.0
        return Score(-math.log10(max(p, LEAST_P)), 1 if away > 0 else -1, (level,), {"sd": sd})

    def _learned(self) -> tuple[Mapping[str, Any], Arrays]:
        fields = {"sums": self._sums, "anchor": self._anchor, "since": self._since}
        return fields, {"window": np.array(self._window, np.float64)}

    def _take_back(self, fields: Mapping[str, Any], arrays: Arrays) -> None:
        self._sums, self._anchor, self._since = fields["sums"], fields["anchor"], fields["since"]
        self._window.extend(arrays["window"].tolist())


class RelativeEntropy(OneValue):
    """Divergence, in bits, of the last readings' histogram from that of the window before them.

    Bins lie between the least and greatest of the window. No direction: it speaks of shapes.
    """

    name: ClassVar[str] = "relative_entropy"
    version: ClassVar[int] = 1

    def __init__(self, *, recent_readings: int = 52, window_readings: int = 1000, bins: int = 5) -> None:
        """recent_readings are compared with window_readings before them, once there are as many again."""
        super().__init__(recent_readings=recent_readings, window_readings=window_readings, bins=bins)
        self._recent, self._bins = recent_readings, bins
        self._most = window_readings + recent_readings
        self._line = np.zeros(4 * self._most)  # the window is line[end - kept : end], moved to the front when full
        self._end = self._kept = 0

    def _judge(self, moment: Moment, value: float) -> Score | None:
        del moment
        if self._end == len(self._line):
            self._line[: self._most] = self._line[-self._most :]
            self._end = self._most
        self._line[self._end] = value
        self._end += 1
        self._kept = min(self._kept + 1, self._most)
        if self._kept < 3 * self._recent:
            return None
        every = self._window()
        low, high = float(every.min()), float(every.max())
        if high <= low:
            return Score(0.0)
        slots = np.minimum(((every - low) / (high - low) * self._bins).astype(np.int64), self._bins - 1)
        past = np.bincount(slots[: -self._recent], minlength=self._bins) + 0.5
        now = np.bincount(slots[-self._recent :], minlength=self._bins) + 0.5
        p, q = now / now.sum(), past / past.sum()
        return Score(max(float((p * np.log2(p / q)).sum()), 0.0))

    def _window(self) -> NDArray[np.float64]:
        return self._line[self._end - self._kept : self._end]

    def _learned(self) -> tuple[Mapping[str, Any], Arrays]:
        return {}, {"window": self._window()}

    def _take_back(self, fields: Mapping[str, Any], arrays: Arrays) -> None:
        del fields
        self._end = self._kept = len(arrays["window"])
        self._line[: self._kept] = arrays["window"]
