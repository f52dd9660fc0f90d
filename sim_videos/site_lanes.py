"""The lanes of a rendered junction as its cameras see them: polygons and stop lines in pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from calibration.site import Lane, PointPx, SegmentPx
from sim_videos.polyline import Polyline
from sim_videos.scenario import Scenario
from sim_videos.state import PointM
from sim_videos.street import LaneUse, RoadLane, Street
from sim_videos.view import View

Array = NDArray[np.float64]

#: A lane ends where one pixel is more road than this along it: queues are told to a vehicle or two.
_COARSE_M = 1.5
#: The longest stretch of lane, and the least that is worth a lane, in metres before the stop line.
_REACH_M, _LEAST_M, _LEAST_BESIDE_M = 120.0, 8.0, 20.0
#: A lane's polygon begins this far past its stop line, so that one that stops on the line is in it.
_PAST_M = 0.5
_STEP_M = 1.0


def lanes_of(scenario: Scenario, street: Street, views: Mapping[str, View]) -> tuple[Lane, ...]:
    """Every inbound lane, by the camera that faces it, else by the one that sees most of it."""
    found = []
    for lane in street.inbound:
        facing = [spec.id for spec in scenario.cameras if spec.facing == lane.approach]
        beside = [] if facing else [spec.id for spec in scenario.cameras]
        least_m = _LEAST_M if facing else _LEAST_BESIDE_M
        seen = [(*_seen(lane, street, views[camera]), camera) for camera in facing or beside]
        far_m, near_m, camera = max(seen, key=lambda row: row[0] - row[1])
        if far_m - near_m < least_m or (beside and near_m > 0):
            continue
        drawn = _lane(lane, street, views[camera], camera, near_m, far_m)
        if drawn is not None:
            found.append(drawn)
    return tuple(found)


def _way(lane: RoadLane, street: Street) -> Polyline:
    """A lane's middle from far upstream to its stop line, through the lanes that lead straight into it."""
    points = list(lane.line_m)
    for _ in range(4):
        start, ahead = Polyline(points).at(0.0)
        before = [
            other
            for other in street.lanes
            if other.use is LaneUse.VEHICLES
            and not other.inside
            and other.id != lane.id
            and math.dist(other.line_m[-1], _point(start)) < 1.0
            and float(Polyline(other.line_m).end @ ahead) > 0.9
        ]
        if not before or Polyline(points).length_m > _REACH_M:
            break
        points = [*before[0].line_m, *points]
    return Polyline(points)


def _seen(lane: RoadLane, street: Street, view: View) -> tuple[float, float]:
    """How far before the stop line a camera sees a lane's middle in one stretch: far and near end, in metres."""
    way = _way(lane, street)
    before_m = np.arange(0.0, min(_REACH_M, way.length_m), _STEP_M)
    spots = [way.at(way.length_m - m) for m in before_m.tolist()]
    places = np.array([place for place, _ in spots])
    fine = np.array([view.metres_per_px([place], _point(ahead))[0] <= _COARSE_M for place, ahead in spots])
    good = view.sees(places, 1.0) & fine
    if not good.any():
        return 0.0, 0.0
    first = int(np.argmax(good))
    end = first + int(np.argmin(good[first:])) if not good[first:].all() else len(good)
    return float(before_m[end - 1]), float(before_m[first])


def _lane(lane: RoadLane, street: Street, view: View, camera: str, near_m: float, far_m: float) -> Lane | None:
    way = _way(lane, street)
    starts_m = np.append(np.arange(near_m if near_m > 0 else -_PAST_M, far_m, 4.0), far_m)
    left, right = [], []
    for before_m in starts_m.tolist():
        place, ahead = way.at(way.length_m - before_m) if before_m >= 0 else _past(way, -before_m)
        side = lane.width_m / 2 * np.array((-ahead[1], ahead[0]))
        left.append(place + side)
        right.append(place - side)
    outline = np.array([*left, *right[::-1]])
    if not view.faces(outline).all():
        return None
    polygon = view.outline_px(outline)
    if len(polygon) < 3 or lane.name is None or lane.approach is None:
        return None
    stop = _stop_line(lane, way, view) if near_m == 0 else None
    return Lane(
        id=lane.name, approach=lane.approach, camera=camera, polygon_px=polygon, stop_line_px=stop, phase=lane.phase
    )


def _past(way: Polyline, past_m: float) -> tuple[Array, Array]:
    place, ahead = way.at(way.length_m)
    return place + past_m * ahead, ahead


def _stop_line(lane: RoadLane, way: Polyline, view: View) -> SegmentPx | None:
    """The lane's stop line, or the most of its middle that is in the picture; None with less than half of it."""
    place, ahead = way.at(way.length_m)
    side = lane.width_m / 2 * np.array((-ahead[1], ahead[0]))
    for share in (1.0, 0.8, 0.6):
        ends = np.array((place + share * side, place - share * side))
        if view.sees(ends).all():
            a, b = (_rounded(point) for point in view.px(ends))
            return a, b
    return None


def _point(at: Array) -> PointM:
    return float(at[0]), float(at[1])


def _rounded(at: Array) -> PointPx:
    return round(float(at[0]), 2), round(float(at[1]), 2)
