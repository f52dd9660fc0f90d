"""Lines on the ground that are followed: where one is after so many metres, and where they meet others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim_videos.state import PointM

Array = NDArray[np.float64]


class Polyline:
    """A way through given points (at least two that differ), measured in metres from its start.

    Before its start and past its end it goes straight on.
    """

    def __init__(self, points_m: Sequence[PointM]) -> None:
        points = np.asarray(points_m, np.float64).reshape(-1, 2)
        steps = np.hypot(*np.diff(points, axis=0).T)
        keep = np.concatenate(([True], steps > 1e-6))
        self.points_m: Array = points[keep]
        if len(self.points_m) < 2:
            raise ValueError("a line needs two points that differ")
        ways = np.diff(self.points_m, axis=0)
        lengths = np.hypot(*ways.T)
        self._along = ways / lengths[:, None]
        self._starts_m = np.concatenate(([0.0], np.cumsum(lengths)[:-1]))
        self.length_m = float(lengths.sum())

    def at(self, along_m: float) -> tuple[Array, Array]:
        """The place (2,) and the unit direction (2,) after along_m metres."""
        i = max(0, int(np.searchsorted(self._starts_m, along_m, side="right")) - 1)
        return self.points_m[i] + (along_m - self._starts_m[i]) * self._along[i], self._along[i]

    @property
    def end(self) -> Array:
        """(2,) unit direction at its end."""
        return np.asarray(self._along[-1], np.float64)

    def stretched(self, before_m: float, past_m: float) -> Polyline:
        """The same way, going straight on by so much at either end."""
        first = self.points_m[0] - before_m * self._along[0]
        last = self.points_m[-1] + past_m * self._along[-1]
        return Polyline([_point(first), *map(_point, self.points_m), _point(last)])

    def crosses(self, a_m: Array, b_m: Array) -> list[tuple[Array, Array]]:
        """Where this line meets the segment a–b: the place (2,) and this line's direction (2,) there."""
        starts, ways, s = self.points_m[:-1], np.diff(self.points_m, axis=0), b_m - a_m
        cross = ways[:, 0] * s[1] - ways[:, 1] * s[0]
        level = np.abs(cross) < 1e-12
        cross = np.where(level, 1.0, cross)
        to_a = a_m - starts
        t = (to_a[:, 0] * s[1] - to_a[:, 1] * s[0]) / cross
        u = (to_a[:, 0] * ways[:, 1] - to_a[:, 1] * ways[:, 0]) / cross
        met = ~level & (t >= 0) & (t <= 1) & (u >= 0) & (u <= 1)
        return [(starts[i] + t[i] * ways[i], self._along[i]) for i in np.flatnonzero(met)]


def _point(at: Array) -> PointM:
    return float(at[0]), float(at[1])
