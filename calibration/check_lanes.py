"""Lanes and stop lines: sound polygons, in the picture, on the ground, seen, and apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration import polygon as plane_geometry
from calibration.check_camera import Planes
from calibration.finding import At, Finding, error, warning
from calibration.geometry import GroundPlane, stop_axis
from calibration.site import Camera, Lane, PointPx, Site

#: Coarser than this, a metre on the road cannot be told from two.
_COARSE_M_PER_PX = 3.0
_SMALLEST_LANE_PX = 60


def check_lanes(site: Site, planes: Planes, at: At) -> Iterator[Finding]:
    """Polygons of lanes and of ignored areas, stop lines, and lanes that lie over one another."""
    for camera_index, camera in enumerate(site.cameras):
        for k, area in enumerate(camera.ignore_px):
            yield from _polygon(area, camera, at("cameras", camera_index, "ignore_px", k), strict=False)
        covered = _mask(camera.ignore_px, camera)
        drawn: list[tuple[str, NDArray[np.bool_]]] = []
        for i, lane in enumerate(site.lanes):
            if lane.camera != camera.id:
                continue
            where = at("lanes", i, "polygon_px")
            faults = list(_polygon(lane.polygon_px, camera, where, strict=True))
            yield from faults
            if any(fault.severity == "error" for fault in faults):
                continue
            mask = _mask((lane.polygon_px,), camera)
            yield from _seen(mask, covered, where)
            for other, taken in drawn:
                shared = int((mask & taken).sum())
                if shared > 0.2 * min(mask.sum(), taken.sum()):
                    fix = "draw each on its own part of the road: a vehicle is in one lane only"
                    yield warning(where, f'lies over lane "{other}"', fix)
            drawn.append((lane.id, mask))
            plane = planes.get(camera.id)
            if plane is not None:
                yield from _on_ground(lane, plane, where)
            yield from _stop_line(lane, camera, plane, at("lanes", i, "stop_line_px"))


def _polygon(points: Sequence[PointPx], camera: Camera, where: str, strict: bool) -> Iterator[Finding]:
    width, height = camera.size_px
    if len(points) < 3:
        yield error(where, f"has {len(points)} points", "give at least 3")
        return
    crossing = plane_geometry.self_crossing(points)
    if crossing is not None:
        first, second = crossing
        if first == second:
            yield error(where, f"point {first + 1} {_at(points[first])} is given twice", "remove one")
        else:
            yield error(
                where,
                f"crosses itself: the edge {_edge(points, first)} meets the edge {_edge(points, second)}",
                "list the corners in the order in which you would walk round the lane",
            )
    elif plane_geometry.area(points) < _SMALLEST_LANE_PX:
        size = plane_geometry.area(points)
        yield error(where, f"encloses {size:.3g} square pixels", "draw it as large as the lane looks in the picture")
    out = [k for k, (x, y) in enumerate(points) if not (0 <= x <= width and 0 <= y <= height)]
    if not out:
        return
    if not _touches_frame(points, width, height):
        message = f"lies wholly outside the {width}×{height} picture"
    else:
        message = f"point {out[0] + 1} {_at(points[out[0]])} lies outside the {width}×{height} picture"
    fix = f"keep x within 0 to {width} and y within 0 to {height}; check that the pixels are of this picture size"
    yield (error if strict else warning)(where, message, fix)


def _touches_frame(points: Sequence[PointPx], width: int, height: int) -> bool:
    frame: tuple[PointPx, ...] = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    edges = [(points[k - 1], points[k]) for k in range(len(points))]
    return (
        any(0 <= x <= width and 0 <= y <= height for x, y in points)
        or plane_geometry.inside(points, frame[0])
        or any(plane_geometry.meet(edge, (frame[k - 1], frame[k])) for edge in edges for k in range(4))
    )


def _seen(mask: NDArray[np.bool_], covered: NDArray[np.bool_], where: str) -> Iterator[Finding]:
    share = float((mask & covered).sum()) / max(1, int(mask.sum()))
    if share > 0.95:
        yield error(where, "is wholly covered by ignore_px, so the camera cannot see the lane", "shrink ignore_px")
    elif share > 0.3:
        yield warning(where, f"{share:.0%} of it is covered by ignore_px", "shrink ignore_px, or the lane")


def _on_ground(lane: Lane, plane: GroundPlane, where: str) -> Iterator[Finding]:
    beyond = np.flatnonzero(~plane.on_ground(lane.polygon_px))
    if len(beyond):
        k = int(beyond[0])
        yield error(
            where,
            f"the horizon passes through it: point {k + 1} {_at(lane.polygon_px[k])} is on no ground that the "
            "homography knows",
            "draw the lane nearer to the camera, or correct the homography's pairs",
        )
        return
    scale = plane.metres_per_px(lane.polygon_px)
    k = int(scale.argmax())
    if scale[k] > _COARSE_M_PER_PX:
        yield warning(
            where,
            f"at point {k + 1} {_at(lane.polygon_px[k])} one pixel is {scale[k]:.1f} m of road",
            "end the lane nearer to the camera, for nothing can be measured there",
        )


def _stop_line(lane: Lane, camera: Camera, plane: GroundPlane | None, where: str) -> Iterator[Finding]:
    line = lane.stop_line_px
    if line is None:
        return
    width, height = camera.size_px
    if plane_geometry.length(line) < 2:
        yield error(where, "its two ends are the same point", "give the two ends of the line across the lane")
        return
    if any(not (0 <= x <= width and 0 <= y <= height) for x, y in line):
        fix = f"keep x within 0 to {width} and y within 0 to {height}"
        yield error(where, f"{_at(line[0])} to {_at(line[1])} reaches outside the {width}×{height} picture", fix)
        return
    near_px = max(3.0, 0.015 * height)
    touching = [plane_geometry.distance(lane.polygon_px, point) <= near_px for point in plane_geometry.along(line, 20)]
    if not any(touching):
        yield error(where, "does not cross its lane's polygon_px", "draw it across the lane's downstream end")
        return
    if plane is None or not plane.on_ground([*lane.polygon_px, *line]).all():
        return
    axis = stop_axis(lane, plane)
    if axis is None:
        return
    before = [axis.before_m((x, y)) for x, y in plane.to_m(lane.polygon_px).tolist()]
    if max(before) < 2.0:
        yield error(where, f"the lane is seen only {max(before):.1f} m before it", "show more road in polygon_px")
    elif -min(before) > 0.4 * (max(before) - min(before)):
        yield error(
            where,
            f"lies amid the lane, which reaches {max(before):.0f} m to one side of it and {-min(before):.0f} m to "
            "the other, so which side is upstream cannot be told",
            "end polygon_px at the stop line",
        )


def _mask(polygons: Sequence[Sequence[PointPx]], camera: Camera) -> NDArray[np.bool_]:
    canvas: NDArray[np.uint8] = np.zeros((camera.size_px[1], camera.size_px[0]), np.uint8)
    for points in polygons:
        if len(points) >= 3:
            cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], (1,))
    return canvas.astype(np.bool_)


def _at(point: PointPx) -> str:
    return f"[{point[0]:g}, {point[1]:g}]"


def _edge(points: Sequence[PointPx], k: int) -> str:
    after = (k + 1) % len(points)
    return f"from point {k + 1} {_at(points[k])} to point {after + 1} {_at(points[after])}"
