"""A site drawn over a picture of its camera, for a person to see whether it fits.

    ground grid · ignored areas · lanes · stop lines · gates with arrows · names

Text is drawn after the picture was enlarged, so that it can be read on 352×288 too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.draw_labels import Canvas, Colour, Image
from calibration.geometry import GroundPlane, Points
from calibration.polygon import inside, middle
from calibration.site import Camera, Gate, Movement, SegmentPx, Site

#: Colours of approaches, BGR, told apart by the colour-blind too (Okabe & Ito, 2008).
_PALETTE: tuple[Colour, ...] = (
    (233, 180, 86),
    (0, 159, 230),
    (115, 158, 0),
    (167, 121, 204),
    (66, 228, 240),
    (178, 114, 0),
    (0, 94, 213),
)
_GRID_M = 10.0
_ENTRY: Colour = (140, 230, 120)
_EXIT: Colour = (90, 110, 255)
_WHITE: Colour = (255, 255, 255)
_ARROW_M = 3.0


def draw_site(image: Image, site: Site, camera_id: str) -> Image:
    """The picture enlarged with the site over it and a footer below; the input is left as it is.

    image (h, w, 3) uint8 BGR of the camera's size_px. KeyError for an unknown camera,
    ValueError for another size or where the camera's pairs do not determine a plane.
    """
    camera = {camera.id: camera for camera in site.cameras}[camera_id]
    width, height = camera.size_px
    if image.shape != (height, width, 3):
        raise ValueError(f"the picture is {image.shape[1]}×{image.shape[0]}, the camera {width}×{height}")
    plane = GroundPlane.fit(camera.homography)
    canvas = Canvas(image)
    _ignored(canvas, camera)
    _grid(canvas, plane, camera)
    _lanes(canvas, site, camera_id)
    for lane in site.lanes:
        if lane.camera == camera_id and lane.stop_line_px is not None:
            canvas.line(lane.stop_line_px, (30, 30, 30), 5)
            canvas.line(lane.stop_line_px, _WHITE, 3)
            canvas.keep_clear(lane.stop_line_px)
    movements = [movement for movement in site.movements if movement.camera == camera_id]
    _gates(canvas, movements, plane)
    for pair in camera.homography.pairs:
        canvas.cross(pair.px, (0, 255, 255))
        canvas.keep_clear([pair.px, pair.px])
    _names(canvas, site, camera_id, movements)
    title = f"{site.id}  camera {camera_id}  {width}x{height}  reprojection error {plane.error_m:.3f} m"
    legend = [("entry", _ENTRY), ("exit", _EXIT), ("stop line", _WHITE), ("measured pair", (0, 255, 255))]
    return canvas.finished(f"{title}, worst {plane.worst_error_m:.3f} m  grid {_GRID_M:g} m", legend)


def _ignored(canvas: Canvas, camera: Camera) -> None:
    for area in camera.ignore_px:
        canvas.fill(area, (20, 20, 20), 0.65)


def _grid(canvas: Canvas, plane: GroundPlane, camera: Camera) -> None:
    """Lines every 10 m over the road that the picture shows, as far as a cell is some pixels high."""
    width, height = camera.size_px
    xs, ys = np.meshgrid(np.linspace(0, width, 25), np.linspace(0, height, 25))
    px = np.column_stack([xs.ravel(), ys.ravel()])
    px = px[plane.on_ground(px)]
    px = px[plane.metres_per_px(px) < _GRID_M / 6]
    if not len(px):
        return
    seen = plane.to_m(px)
    low = np.floor(seen.min(axis=0) / _GRID_M) * _GRID_M
    high = np.ceil(seen.max(axis=0) / _GRID_M) * _GRID_M
    for axis in (0, 1):
        along = np.linspace(low[1 - axis], high[1 - axis], 400)
        for at in np.arange(low[axis], high[axis] + 1, _GRID_M):
            line = np.empty((len(along), 2))
            line[:, axis], line[:, 1 - axis] = at, along
            canvas.dotted(_in_view(line, plane, width, height), _WHITE, 0.35 if at else 0.7)


def _in_view(line_m: Points, plane: GroundPlane, width: int, height: int) -> list[Points]:
    """Runs of consecutive points of a line on the ground that the picture shows well enough."""
    px = plane.to_px(line_m)
    good = plane.before_camera(line_m) & (px > -width).all(axis=1) & (px < 2 * width).all(axis=1)
    good &= px[:, 1] < 2 * height
    good[good] &= plane.metres_per_px(px[good]) < _GRID_M / 6
    breaks = np.flatnonzero(np.diff(good.astype(np.int8))) + 1
    return [run for run, keep in zip(np.split(px, breaks), np.split(good, breaks), strict=True) if keep[0]]


def _colours(site: Site) -> dict[str, Colour]:
    return {approach.id: _PALETTE[i % len(_PALETTE)] for i, approach in enumerate(site.approaches)}


def _lanes(canvas: Canvas, site: Site, camera_id: str) -> None:
    colours = _colours(site)
    for lane in site.lanes:
        if lane.camera == camera_id:
            canvas.fill(lane.polygon_px, colours[lane.approach], 0.3)
            canvas.outline(lane.polygon_px, colours[lane.approach], 2)


def _gates(canvas: Canvas, movements: Sequence[Movement], plane: GroundPlane) -> None:
    """Each gate once, with an arrow of 3 m to the side that traffic leaves to."""
    drawn: set[tuple[SegmentPx, str]] = set()
    for movement in movements:
        for role, gate, colour in (("entry", movement.entry, _ENTRY), ("exit", movement.exit, _EXIT)):
            if (gate.line_px, role) in drawn:
                continue
            drawn.add((gate.line_px, role))
            canvas.line(gate.line_px, (30, 30, 30), 5)
            canvas.line(gate.line_px, colour, 3)
            tail, head = _arrow(gate, movement, plane)
            canvas.arrow(tail, head, colour)
            canvas.keep_clear(gate.line_px)
            canvas.keep_clear(np.vstack([tail, head]))


def _arrow(gate: Gate, movement: Movement, plane: GroundPlane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tail and head in pixels of the arrow across a gate."""
    at = middle(gate.line_px)
    start, a, b = plane.to_m([at, *gate.line_px])
    normal = np.array((-(b - a)[1], (b - a)[0])) / np.hypot(*(b - a))
    if gate.toward_px is not None:
        ahead = plane.to_m([gate.toward_px])[0] - start
    else:
        between = plane.to_m([middle(movement.exit.line_px)])[0] - plane.to_m([middle(movement.entry.line_px)])[0]
        ahead = between
    head = start + _ARROW_M * (normal if normal @ ahead > 0 else -normal)
    return np.asarray(at, np.float64), plane.to_px([head])[0]


def _names(canvas: Canvas, site: Site, camera_id: str, movements: Sequence[Movement]) -> None:
    """Lanes with their phase, entry gates with the movements that begin there, exits with those that end."""
    colours = _colours(site)
    for role in ("entry", "exit"):
        by_line: dict[SegmentPx, list[Movement]] = {}
        for movement in movements:
            gate = movement.entry if role == "entry" else movement.exit
            by_line.setdefault(gate.line_px, []).append(movement)
        for line, members in by_line.items():
            names = " ".join(movement.id for movement in members)
            phases = sorted({movement.phase for movement in members if movement.phase is not None})
            if role == "entry":
                canvas.label(names, middle(line), _ENTRY, badges=[str(phase) for phase in phases])
            else:
                canvas.label(names, middle(line), _EXIT)
    for lane in site.lanes:
        if lane.camera == camera_id:
            badges = [] if lane.phase is None else [str(lane.phase)]
            canvas.label(lane.id, _within(lane.polygon_px), colours[lane.approach], badges=badges)


def _within(polygon: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """A point in a polygon: its mean if that is inside, else its first corner."""
    x, y = np.asarray(polygon, np.float64).mean(axis=0).tolist()
    return (x, y) if inside(polygon, (x, y)) else polygon[0]
