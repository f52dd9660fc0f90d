"""What is painted on the road: lane lines, stop lines, crossings, arrows, coloured cycle lanes. Metres."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sim_videos.render.roadbed import band, beside, lane_samples
from sim_videos.street import Crosswalk, LaneUse, RoadLane, Street

Array = NDArray[np.float64]

_LINE_M = 0.13
_DASH_M, _PERIOD_M = 2.0, 6.0
#: Lane lines are solid for so far before the stop line.
_SOLID_M = 22.0
_STOP_M = 0.40


@dataclass(frozen=True, slots=True)
class Markings:
    """Outlines, each (n, 2): white paint, and the coloured ground of cycle lanes."""

    white: tuple[Array, ...]
    cycle: tuple[Array, ...]


def markings_of(street: Street) -> Markings:
    """Everything painted on this street."""
    white: list[Array] = list(_lane_lines(street))
    white.extend(_stop_line(arm.stop_line_m, arm.heading_rad) for arm in street.arms)
    for walk in street.crosswalks:
        white.extend(_stripes(walk))
    for lane in street.inbound:
        if lane.use is LaneUse.VEHICLES:
            white.extend(_arrows(lane))
    cycle_lanes = [lane for lane in street.lanes if lane.use is LaneUse.BICYCLES and not lane.inside]
    white.extend(band(beside(np.array(lane.line_m), lane.width_m / 2), _LINE_M) for lane in cycle_lanes)
    cycle = tuple(band(np.array(lane.line_m), lane.width_m * 0.9) for lane in cycle_lanes)
    return Markings(tuple(white), cycle)


def _lane_lines(street: Street) -> Iterator[Array]:
    """On each lane's left: dashes where a lane of its own direction lies there, a line where one comes towards it."""
    samples = list(lane_samples(street, 1.0))
    if not samples:
        return
    tree = cKDTree(np.concatenate([points for _, points, _ in samples]))
    directions = np.concatenate([ahead for *_, ahead in samples])
    for lane, points, ahead in samples:
        left = np.column_stack((-ahead[:, 1], ahead[:, 0]))
        found = tree.query(points + left * lane.width_m)
        gap, nearest = np.asarray(found[0], np.float64), np.asarray(found[1], np.int64)
        same = (directions[nearest] * ahead).sum(axis=1) > 0.7
        at_m = np.arange(len(points))
        solid = at_m > len(points) - _SOLID_M if lane.inbound else np.zeros(len(points), np.bool_)
        drawn = (gap < lane.width_m * 0.45) & (~same | solid | (at_m % _PERIOD_M <= _DASH_M))
        line = points + left * lane.width_m / 2
        edges = np.flatnonzero(np.diff(np.concatenate(([0], drawn.astype(np.int8), [0]))))
        for start, end in edges.reshape(-1, 2):
            if end - start >= 2:
                yield band(line[start:end], _LINE_M)


def _stop_line(ends: tuple[tuple[float, float], tuple[float, float]], heading: float) -> Array:
    a, b = np.array(ends[0]), np.array(ends[1])
    back = np.array((math.cos(heading), math.sin(heading))) * -_STOP_M
    return np.stack((a, b, b + back, a + back))


def _stripes(walk: Crosswalk) -> Iterator[Array]:
    """Bars across the crossing's length, half a metre wide and half a metre apart."""
    a, b = np.array(walk.axis_m[0]), np.array(walk.axis_m[1])
    length = float(np.hypot(*(b - a)))
    along = (b - a) / max(length, 1e-9)
    aside = np.array((-along[1], along[0]))
    offsets = (np.array(walk.outline_m) - a) @ aside
    low, high = float(offsets.min()) + 0.25, float(offsets.max()) - 0.25
    for i in range(int(length / 1.0)):
        start = a + along * (0.3 + i * length / max(int(length / 1.0), 1))
        end = start + along * 0.5
        yield np.stack((start + aside * low, end + aside * low, end + aside * high, start + aside * high))


def _arrows(lane: RoadLane) -> Iterator[Array]:
    """An arrow of the lane's movements, twice before its stop line. Local x is ahead, y left."""
    ways = {movement[-1] for movement in lane.movements}
    line = np.array(lane.line_m)
    tip, before = line[-1], line[-2]
    ahead = (tip - before) / max(float(np.hypot(*(tip - before))), 1e-9)
    left = np.array((-ahead[1], ahead[0]))
    straight_m = float(np.hypot(*(tip - before)))
    for back_m in (9.0, 27.0):
        if back_m + 2 > straight_m or not ways:
            continue
        for part in _arrow_parts(ways):
            yield tip + (part[:, :1] - back_m) * ahead + part[:, 1:] * left


def _arrow_parts(ways: set[str]) -> Iterator[Array]:
    yield np.array(
        ((-2.2, -0.09), (1.2 if "T" in ways else 0.3, -0.09), (1.2 if "T" in ways else 0.3, 0.09), (-2.2, 0.09))
    )
    if "T" in ways:
        yield np.array(((1.1, -0.32), (2.3, 0.0), (1.1, 0.32)))
    for way, side in (("L", 1.0), ("R", -1.0)):
        if way in ways:
            yield np.array(
                ((-0.5, 0.0), (0.25, side * 0.55), (0.25, side * 0.8), (0.0, side * 0.55), (-0.75, side * 0.05))
            )
            yield np.array(((-0.35, side * 0.5), (0.9, side * 0.62), (0.25, side * 1.2)))
