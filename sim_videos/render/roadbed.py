"""Plan of the ground: how far each spot is from the carriageway's edge, and where wheels run.

A raster of metres that the backdrop reads between its cells, so that kerbs are smooth at any size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.camera import along_line
from sim_videos.render.noise import read
from sim_videos.street import LaneUse, RoadLane, Street

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

CELL_M = 0.2
_REACH_M = 170.0
#: Corners and gaps narrower than twice this, between the ways through the junction, are paved.
_CLOSED_M = 2.5
_SHIFT = 4


@dataclass(frozen=True, slots=True)
class Roadbed:
    """Rasters of CELL_M cells; cell (0, 0) lies at corner_m. edge: metres to the kerb, negative on the
    carriageway; track: where wheels polish, oil: where drops fall, both 0..1."""

    corner_m: float
    edge: Floats
    track: Floats
    oil: Floats

    def read(self, raster: Floats, x_m: Floats, y_m: Floats) -> Floats:
        """The raster at places in metres, smooth between cells; its border's value beyond it."""
        u, v = (x_m - self.corner_m) / CELL_M, (y_m - self.corner_m) / CELL_M
        return read(raster, u.astype(np.float32), v.astype(np.float32), cv2.BORDER_REPLICATE)

    def edge_at(self, x_m: float, y_m: float) -> float:
        """Metres from a place to the kerb, negative on the carriageway."""
        size = len(self.edge) - 1
        column = min(max(round((x_m - self.corner_m) / CELL_M), 0), size)
        row = min(max(round((y_m - self.corner_m) / CELL_M), 0), size)
        return float(self.edge[row, column])


def roadbed_of(street: Street) -> Roadbed:
    """The plan of a street's ground."""
    reach = min(_REACH_M, max(abs(c) for lane in street.lanes for point in lane.line_m for c in point) + 5.0)
    size = 2 * math.ceil(reach / CELL_M)
    corner = -size / 2 * CELL_M
    paved = np.zeros((size, size), np.uint8)
    track = np.zeros((size, size), np.uint8)
    oil = np.zeros((size, size), np.uint8)
    for walk in street.crosswalks:
        cv2.fillPoly(paved, [_cells(np.array(walk.outline_m), corner)], 255, cv2.LINE_AA, _SHIFT)
    for lane in street.lanes:
        if lane.use is LaneUse.WALKERS:
            continue
        line = np.array(lane.line_m)
        cv2.fillPoly(paved, [_cells(band(line, lane.width_m), corner)], 255, cv2.LINE_AA, _SHIFT)
        if lane.use is LaneUse.VEHICLES:
            strength = 110 if lane.inside else 255
            for aside in (-0.85, 0.85):
                _stroke(track, beside(line, aside), corner, 0.55, strength)
            _stroke(oil, line, corner, 0.7, strength)
    _close(paved, np.array(street.outline_m), corner)
    inside = cv2.distanceTransform((paved > 127).astype(np.uint8), cv2.DIST_L2, 5)
    outside = cv2.distanceTransform((paved <= 127).astype(np.uint8), cv2.DIST_L2, 5)
    edge = cv2.GaussianBlur((outside - inside) * CELL_M, (0, 0), 1.2)
    return Roadbed(
        corner_m=corner,
        edge=np.asarray(edge, np.float32),
        track=np.asarray(cv2.GaussianBlur(track, (0, 0), 1.6) / 255, np.float32),
        oil=np.asarray(cv2.GaussianBlur(oil, (0, 0), 2.0) / 255, np.float32),
    )


def _close(paved: NDArray[np.uint8], outline: Array, corner: float) -> None:
    """Fill what lies between the ways through the junction, within its outline."""
    margin_m = 2 * _CLOSED_M
    size = len(paved) - 1
    low = np.clip((outline.min(axis=0) - margin_m - corner) / CELL_M, 0, size).astype(int)
    high = np.clip((outline.max(axis=0) + margin_m - corner) / CELL_M, 0, size).astype(int)
    part = paved[low[1] : high[1], low[0] : high[0]]
    grown = cv2.distanceTransform((part <= 127).astype(np.uint8), cv2.DIST_L2, 5) <= _CLOSED_M / CELL_M
    closed = cv2.distanceTransform(grown.astype(np.uint8), cv2.DIST_L2, 5) > _CLOSED_M / CELL_M
    middle = np.zeros_like(part)
    cv2.fillPoly(middle, [_cells(outline - low * CELL_M, corner)], 255, cv2.LINE_AA, _SHIFT)
    part[closed & (middle > 127)] = 255


def beside(line: Array, left_m: float) -> Array:
    """(n, 2) points of a line moved left_m to the left of its direction."""
    steps = np.diff(line, axis=0)
    steps /= np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-9)
    ahead = np.vstack((steps[:1], steps[1:] + steps[:-1], steps[-1:]))
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    return np.asarray(line + np.column_stack((-ahead[:, 1], ahead[:, 0])) * left_m, np.float64)


def band(line: Array, width_m: float) -> Array:
    """The outline of a strip width_m wide along a line."""
    return np.vstack((beside(line, width_m / 2), beside(line, -width_m / 2)[::-1]))


def lane_samples(street: Street, step_m: float) -> Iterator[tuple[RoadLane, Array, Array]]:
    """Each vehicle lane outside the junction with points step_m apart on its middle, and its directions there."""
    for lane in street.lanes:
        if lane.use is LaneUse.VEHICLES and not lane.inside:
            points = along_line(np.array(lane.line_m), step_m)
            ahead = np.gradient(points, axis=0)
            yield lane, points, ahead / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)


def _cells(points: Array, corner: float) -> NDArray[np.int32]:
    return np.round((points - corner) / CELL_M * (1 << _SHIFT)).astype(np.int32)


def _stroke(raster: NDArray[np.uint8], line: Array, corner: float, width_m: float, value: int) -> None:
    thick = max(1, round(width_m / CELL_M))
    cv2.polylines(raster, [_cells(line, corner)], False, value, thick, cv2.LINE_AA, _SHIFT)
