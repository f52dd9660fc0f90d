"""What of the street one camera sees, in metres: lanes with their direction, the box, who belongs where.

    Site, camera ─→ Road ─┬─ lane_at, in_box, on_foot_at, … : one look-up in a raster of quarter metres
                          └─ rows: the tracks of each lane, from the stop line back

Without areas in `[incidents]` the box is the ground between entry and exit gates, and people
belong between the gates of `P…` movements.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.geometry import GroundPlane, stop_axis
from calibration.site import Camera, Gate, Movement, Site
from calibration.stop_axis import StopAxis
from edge.types import VEHICLE_KINDS, Track

PointM = tuple[float, float]
Array = NDArray[np.float64]

#: Side of a cell of the raster, and the most cells along one side (a lane polygon may run to the horizon).
_CELL_M, _MOST_CELLS = 0.25, 2400
#: Nothing further than this from the middle of the stop lines is looked up.
_REACH_M = 200.0
#: How far round a crossing's gates people still belong: they cut corners, and feet are seen to half a metre.
_CROSSING_MARGIN_M = 2.5
#: The exit gate of a through movement often lies in the middle of the box: it goes on as far again, within these.
_PAST_EXIT_M = (6.0, 12.0)
#: In the inner part of a lane a foot half a metre off is still in that lane.
_CORE_M = 0.6


class Use(IntFlag):
    """What ground may be, by bits; a place may be several."""

    CORE = 1
    BOX = 2
    THROUGH = 4
    FOOT = 8
    CYCLES = 16
    WORKS = 32
    NO_TRAFFIC = 64


@dataclass(frozen=True, slots=True)
class RoadLane:
    """One lane. turns: letters of the movements that leave by it (`T`, `L`, `R`, `U`), empty where none is known."""

    id: str
    approach: str
    phase: int | None
    axis: StopAxis | None
    polygon_m: tuple[PointM, ...]
    turns: frozenset[str]
    speed_limit_mps: float


class Road:
    """The ground of one camera of a site; KeyError when the site has no such camera."""

    def __init__(self, site: Site, camera_id: str) -> None:
        camera = {camera.id: camera for camera in site.cameras}[camera_id]
        plane = GroundPlane.fit(camera.homography)
        limits = {approach.id: approach.speed_limit_mps for approach in site.approaches}
        own = tuple(lane for lane in site.lanes if lane.camera == camera_id)
        movements = tuple(movement for movement in site.movements if movement.camera == camera_id)
        self.camera_id = camera_id
        self._plane = plane
        self.lanes: Mapping[str, RoadLane] = {
            lane.id: RoadLane(
                lane.id,
                lane.approach,
                lane.phase,
                stop_axis(lane, plane),
                _points(_ground(plane, camera, lane.polygon_px)),
                frozenset(_turn(movement) for movement in site.movements if lane.id in movement.lanes),
                limits.get(lane.approach, 13.9),
            )
            for lane in own
        }
        self.phases: Mapping[str, int | None] = {movement.id: movement.phase for movement in site.movements}
        self._names = tuple(self.lanes)
        self._draw(site, camera, plane, movements)
        self._placed: tuple[tuple[Track, ...], dict[str, list[tuple[float, Track]]]] = ((), {})

    def lane_at(self, pos_m: PointM) -> str | None:
        """The lane that a place on the ground lies in."""
        cell = self._cell(pos_m)
        number = self._lane_of[cell] if cell >= 0 else 0
        return self._names[number - 1] if number else None

    def uses_at(self, pos_m: PointM) -> int:
        """Bits of `Use`; 0 for ground that is none of them or outside the picture."""
        cell = self._cell(pos_m)
        return self._use_of[cell] if cell >= 0 else 0

    def before_m(self, lane: str, pos_m: PointM) -> float | None:
        """Metres upstream of a lane's stop line; None where the lane has none."""
        axis = self.lanes[lane].axis
        return None if axis is None else axis.before_m(pos_m)

    def rows(self, tracks: tuple[Track, ...]) -> Mapping[str, Sequence[tuple[float, Track]]]:
        """Lane → its vehicles with their metres before the stop line, nearest first; lanes without stop line are out.

        All rules of a camera ask about the same tracks, so the answer to the last question is kept.
        """
        if tracks is self._placed[0] and tracks:
            return self._placed[1]
        rows: dict[str, list[tuple[float, Track]]] = {}
        for track in tracks:
            if track.kind not in VEHICLE_KINDS:
                continue
            name = self.lane_at(track.pos_m)
            if name is not None and (before_m := self.before_m(name, track.pos_m)) is not None:
                rows.setdefault(name, []).append((before_m, track))
        for row in rows.values():
            row.sort(key=lambda pair: (pair[0], pair[1].track_id))
        self._placed = (tracks, rows)
        return rows

    def leg_of(self, pos_m: PointM, side_m: float) -> tuple[RoadLane, float] | None:
        """The lane beside which a place lies that is in no lane, at most side_m from it, and its metres before that
        lane's stop line: ground of the same leg, such as its exit lanes."""
        best: tuple[float, RoadLane, float] | None = None
        for lane in self.lanes.values():
            if lane.axis is None:
                continue
            before_m = lane.axis.before_m(pos_m)
            aside_m = lane.axis.aside_m(pos_m)
            if aside_m <= side_m and before_m <= lane.axis.far_m and (best is None or aside_m < best[0]):
                best = (aside_m, lane, before_m)
        return None if best is None else (best[1], best[2])

    def seen_free(self, lane: str, track: Track, ahead_m: Sequence[float], tracks: Sequence[Track]) -> bool:
        """Whether the ground so far ahead of a vehicle in its lane is in sight: no box of another, nearer to the
        camera, covers where a vehicle would show there."""
        axis = self.lanes[lane].axis
        if axis is None:
            return False
        (x, y), (ux, uy) = track.pos_m, axis.upstream
        spots = self._plane.to_px([(x - at_m * ux, y - at_m * uy) for at_m in ahead_m])
        rise_px = 0.5 * (track.box_px[3] - track.box_px[1])
        others = [other.box_px for other in tracks if other.track_id != track.track_id]
        return not any(
            box[0] <= px <= box[2] and box[1] <= py - rise_px <= box[3] and box[3] > py
            for px, py in spots.tolist()
            for box in others
        )

    def _cell(self, pos_m: PointM) -> int:
        column = math.floor((pos_m[0] - self._left_m) / _CELL_M)
        row = math.floor((pos_m[1] - self._low_m) / _CELL_M)
        return row * self._columns + column if 0 <= column < self._columns and 0 <= row < self._rows else -1

    def _draw(self, site: Site, camera: Camera, plane: GroundPlane, movements: tuple[Movement, ...]) -> None:
        lanes = [np.array(lane.polygon_m) for lane in self.lanes.values()]
        crossings = [_outline(plane, camera, (move.entry, move.exit)) for move in movements if _on_foot(move)]
        driven = [move for move in movements if not _on_foot(move)]
        gates = [gate for move in driven for gate in (move.entry, move.exit)]
        corridors = [_corridor(plane, camera, move) for move in driven if _turn(move) == "T"]
        box = [_hull([_outline(plane, camera, gates), *corridors])] if gates else []
        areas = {kind: _areas(site, camera, plane, kind) for kind in _KINDS}
        box, crossings = areas["box"] or box, areas["crossing"] or [_hull([crossing]) for crossing in crossings]
        every = np.concatenate([*lanes, *box, *crossings, *[one for some in areas.values() for one in some]])
        self._frame(every)
        lane_of, core = self._canvas(), self._canvas()
        for number, polygon in enumerate(lanes, start=1):
            self._fill(lane_of, polygon, number)
        margin = round(_CORE_M / _CELL_M)
        for number in range(1, len(lanes) + 1):
            whole = np.asarray(lane_of == number, np.uint8)
            core |= np.asarray(cv2.erode(whole, np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)), np.uint8)
        use = core * int(Use.CORE)
        near = round(_CROSSING_MARGIN_M / _CELL_M)
        # People cut the corners of a crossing; an area that somebody drew is meant as drawn.
        self._mark(use, crossings, Use.FOOT, 0 if areas["crossing"] else near)
        self._mark(use, areas["footway"], Use.FOOT)
        self._mark(use, areas["cycle_track"], Use.CYCLES)
        self._mark(use, areas["works"], Use.WORKS)
        self._mark(use, areas["no_traffic"], Use.NO_TRAFFIC)
        # Where nobody drew the crossings, the box may have some that are not known: people may be anywhere in it.
        self._mark(use, corridors if areas["crossing"] else (), Use.THROUGH, -margin)
        self._mark(use, box, Use.BOX)
        use[(lane_of > 0) & (use & int(Use.BOX) > 0)] &= 255 ^ int(Use.BOX)
        # Plain bytes are looked up some times faster than arrays.
        self._lane_of, self._use_of = lane_of.tobytes(), use.tobytes()

    def _frame(self, every: Array) -> None:
        stops = [lane.axis.middle_m for lane in self.lanes.values() if lane.axis is not None]
        middle = np.mean(stops, axis=0) if stops else np.median(every, axis=0)
        low = np.maximum(every.min(axis=0) - 4.0, middle - _REACH_M)
        high = np.minimum(every.max(axis=0) + 4.0, middle + _REACH_M)
        self._left_m, self._low_m = float(low[0]), float(low[1])
        self._columns = min(_MOST_CELLS, max(1, math.ceil(float(high[0] - low[0]) / _CELL_M)))
        self._rows = min(_MOST_CELLS, max(1, math.ceil(float(high[1] - low[1]) / _CELL_M)))

    def _canvas(self) -> NDArray[np.uint8]:
        return np.zeros((self._rows, self._columns), np.uint8)

    def _fill(self, canvas: NDArray[np.uint8], polygon_m: Array, value: int) -> None:
        cells = (polygon_m - (self._left_m, self._low_m)) / _CELL_M - 0.5
        # Far beyond the canvas OpenCV's integers would overflow.
        cv2.fillPoly(canvas, [np.round(np.clip(cells, -30000, 30000)).astype(np.int32)], (value,))

    def _mark(self, use: NDArray[np.uint8], polygons: Iterable[Array], bit: Use, grow: int = 0) -> None:
        for polygon in polygons:
            drawn = self._canvas()
            self._fill(drawn, polygon, 1)
            if grow:
                kernel = np.ones((2 * abs(grow) + 1, 2 * abs(grow) + 1), np.uint8)
                drawn = np.asarray((cv2.dilate if grow > 0 else cv2.erode)(drawn, kernel), np.uint8)
            use |= drawn * np.uint8(int(bit))


_KINDS = ("box", "crossing", "cycle_track", "footway", "works", "no_traffic")


def _turn(movement: Movement) -> str:
    """`T`, `L`, `R`, `U` of a movement's name, `P` for a crossing."""
    return "P" if _on_foot(movement) else movement.id.rstrip("0123456789")[-1]


def _on_foot(movement: Movement) -> bool:
    return movement.id.startswith("P")


def _areas(site: Site, camera: Camera, plane: GroundPlane, kind: str) -> list[Array]:
    return [
        _ground(plane, camera, area.polygon_px)
        for area in site.incidents.areas
        if area.kind == kind and area.camera == camera.id
    ]


def _ground(plane: GroundPlane, camera: Camera, points_px: Sequence[PointM]) -> Array:
    """(n, 2) metres; a corner at or above the horizon is drawn down to what lies _REACH_M away."""
    at = np.asarray(points_px, np.float64)
    foot = np.array((camera.size_px[0] / 2, camera.size_px[1]), np.float64)
    for row in range(len(at)):
        for _ in range(40):
            if plane.on_ground(at[row : row + 1])[0] and _away_m(plane, at[row], foot) < 2 * _REACH_M:
                break
            at[row] += 0.1 * (foot - at[row])
    return plane.to_m(at)


def _away_m(plane: GroundPlane, px: Array, foot_px: Array) -> float:
    here, there = plane.to_m(np.stack((px, foot_px)))
    return float(math.dist(here, there))


def _outline(plane: GroundPlane, camera: Camera, gates: Iterable[Gate]) -> Array:
    return np.concatenate([_ground(plane, camera, gate.line_px) for gate in gates])


def _corridor(plane: GroundPlane, camera: Camera, movement: Movement) -> Array:
    """(4, 2) the ground between a through movement's gates, and as far again within _PAST_EXIT_M."""
    entry = _ground(plane, camera, movement.entry.line_px)
    leave = _ground(plane, camera, movement.exit.line_px)
    way = leave.mean(axis=0) - entry.mean(axis=0)
    way /= max(float(np.hypot(*way)), 1e-6)
    # Of the entry, which lies across the whole approach, the part that leads to the exit.
    across = leave[1] - leave[0]
    across /= max(float(np.hypot(*across)), 1e-6)
    middle = leave.mean(axis=0)
    half = float(np.hypot(*(leave[1] - leave[0]))) / 2
    length_m = float((middle - entry.mean(axis=0)) @ way)
    side = np.array((-way[1], way[0])) * (1.0 if np.array((-way[1], way[0])) @ across > 0 else -1.0)
    start, end = middle - length_m * way, middle + min(max(length_m, _PAST_EXIT_M[0]), _PAST_EXIT_M[1]) * way
    return np.stack((start - half * side, start + half * side, end + half * side, end - half * side))


def _hull(parts: Sequence[Array]) -> Array:
    points = np.concatenate(parts).astype(np.float32)
    return np.asarray(cv2.convexHull(points), np.float64).reshape(-1, 2)


def _points(at: Array) -> tuple[PointM, ...]:
    return tuple((float(x), float(y)) for x, y in at)
