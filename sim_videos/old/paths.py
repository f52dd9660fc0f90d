"""Where road users go: polylines on the ground plane, measured along from their start.

A road user is placed with its front at one length and its rear at another, so a long
one swings through a turn on its chord as a real one does.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

PointM = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pose:
    """Middle of the footprint on the ground (m) and the unit vector of the way it faces."""

    pos_m: PointM
    ahead: PointM


class Path:
    """A polyline in metres. `at` runs on straight beyond either end."""

    def __init__(self, points_m: Sequence[PointM]) -> None:
        kept = [points_m[0]]
        for point in points_m[1:]:
            if math.hypot(point[0] - kept[-1][0], point[1] - kept[-1][1]) > 1e-9:
                kept.append(point)
        if len(kept) < 2:
            raise ValueError("a path needs two different points")
        self._points = kept
        self._along = [0.0]
        for (ax, ay), (bx, by) in pairwise(kept):
            self._along.append(self._along[-1] + math.hypot(bx - ax, by - ay))

    @property
    def length_m(self) -> float:
        """From the first point to the last."""
        return self._along[-1]

    def at(self, along_m: float) -> PointM:
        """The point that lies along_m from the start."""
        index = min(max(bisect_right(self._along, along_m) - 1, 0), len(self._points) - 2)
        (ax, ay), (bx, by) = self._points[index], self._points[index + 1]
        share = (along_m - self._along[index]) / (self._along[index + 1] - self._along[index])
        return ax + share * (bx - ax), ay + share * (by - ay)

    def pose(self, front_m: float, length_m: float) -> Pose:
        """Of a body whose front is front_m along the path and whose rear is length_m behind."""
        (fx, fy), (rx, ry) = self.at(front_m), self.at(front_m - length_m)
        size = math.hypot(fx - rx, fy - ry)
        return Pose(((fx + rx) / 2, (fy + ry) / 2), ((fx - rx) / size, (fy - ry) / size))

    def where(self, axis: int, value_m: float) -> float:
        """Length along the path at which coordinate `axis` first reaches value_m; ValueError if never."""
        for along, (a, b) in zip(self._along, pairwise(self._points), strict=False):
            low, high = sorted((a[axis], b[axis]))
            if low <= value_m <= high and high > low:
                step = math.hypot(b[0] - a[0], b[1] - a[1])
                return along + step * (value_m - a[axis]) / (b[axis] - a[axis])
        raise ValueError(f"the path never reaches {value_m} on axis {axis}")


def arc(centre_m: PointM, radius_m: float, from_deg: float, to_deg: float) -> list[PointM]:
    """Points about half a metre apart on a circle; angles from east, anticlockwise."""
    steps = max(2, math.ceil(abs(math.radians(to_deg - from_deg)) * radius_m / 0.5))
    angles = [math.radians(from_deg + (to_deg - from_deg) * i / steps) for i in range(steps + 1)]
    return [(centre_m[0] + radius_m * math.cos(a), centre_m[1] + radius_m * math.sin(a)) for a in angles]


def shift(from_m: PointM, to_m: PointM) -> list[PointM]:
    """A lane change on a northbound road: half a cosine between two points."""
    steps = 24
    return [
        (
            from_m[0] + (to_m[0] - from_m[0]) * (1 - math.cos(math.pi * i / steps)) / 2,
            from_m[1] + (to_m[1] - from_m[1]) * i / steps,
        )
        for i in range(steps + 1)
    ]
