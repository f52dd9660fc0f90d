"""Plane geometry of polygons and segments, in whatever unit their points have."""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, float]
Segment = tuple[Point, Point]


def area(polygon: Sequence[Point]) -> float:
    """Area of a simple polygon by the shoelace formula, never negative."""
    edges = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in edges)) / 2


def length(segment: Segment) -> float:
    """Distance between the ends of a segment."""
    return math.dist(*segment)


def middle(segment: Segment) -> Point:
    """The point half way along a segment."""
    (ax, ay), (bx, by) = segment
    return ((ax + bx) / 2, (ay + by) / 2)


def meet(first: Segment, second: Segment) -> bool:
    """Whether two segments share a point, ends included."""
    (a, b), (c, d) = first, second
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    touching = zip(turns, ((a, b, c), (a, b, d), (c, d, a), (c, d, b)), strict=True)
    return any(turn == 0 and _between(*points) for turn, points in touching)


def self_crossing(polygon: Sequence[Point]) -> tuple[int, int] | None:
    """The first two edges (numbered from 0; edge i leaves point i) that meet where they should not.

    An edge paired with itself is a point given twice. None for a simple polygon.
    """
    n = len(polygon)
    edges = [(polygon[i], polygon[(i + 1) % n]) for i in range(n)]
    for i, (start, end) in enumerate(edges):
        if start == end:
            return i, i
    for i in range(n):
        for j in range(i + 1, n):
            neighbours = j == i + 1 or (i == 0 and j == n - 1)
            if meet(edges[i], edges[j]) if not neighbours else _folds(polygon, j if j == i + 1 else 0):
                return i, j
    return None


def inside(polygon: Sequence[Point], point: Point) -> bool:
    """Whether a point lies in a polygon, by the even-odd rule; the boundary may fall on either side."""
    x, y = point
    within = False
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            within = not within
    return within


def distance(polygon: Sequence[Point], point: Point) -> float:
    """Distance from a point to a polygon; 0 inside it."""
    if inside(polygon, point):
        return 0.0
    return min(to_segment((a, b), point) for a, b in zip(polygon, (*polygon[1:], polygon[0]), strict=True))


def to_segment(segment: Segment, point: Point) -> float:
    """Distance from a point to a segment."""
    (ax, ay), (bx, by) = segment
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    along = 0.0 if square == 0 else ((point[0] - ax) * dx + (point[1] - ay) * dy) / square
    along = min(1.0, max(0.0, along))
    return math.dist(point, (ax + along * dx, ay + along * dy))


def along(segment: Segment, steps: int) -> list[Point]:
    """Points evenly spaced on a segment: the middles of `steps` equal parts."""
    (ax, ay), (bx, by) = segment
    shares = [(i + 0.5) / steps for i in range(steps)]
    return [(ax + (bx - ax) * share, ay + (by - ay) * share) for share in shares]


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _between(a: Point, b: Point, c: Point) -> bool:
    """Whether c, on the line through a and b, lies between them."""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _folds(polygon: Sequence[Point], corner: int) -> bool:
    """Whether the edge that leaves a corner runs back over the edge that reached it."""
    before, at, after = polygon[corner - 1], polygon[corner], polygon[(corner + 1) % len(polygon)]
    back = (before[0] - at[0]) * (after[0] - at[0]) + (before[1] - at[1]) * (after[1] - at[1])
    return _turn(before, at, after) == 0 and back > 0
