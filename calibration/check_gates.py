"""Gates: whether a road user's anchor can pass them, which way, and in which order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from calibration import polygon as plane_geometry
from calibration.check_camera import Planes
from calibration.finding import At, Finding, error, warning
from calibration.geometry import GroundPlane, Points
from calibration.site import Camera, Gate, Movement, Site

#: How far past a gate, on the ground, a road user must get before it has passed: the
#: counter's hysteresis and a little more.
CLEAR_M = 0.5
#: How near the picture's edge an anchor can come, as a share of the picture's height. The
#: lower edge of a box stops at the picture's; the middle of one stays inside by half of what is seen.
EDGE_SHARE = {"foot": 0.02, "centre": 0.03}
#: Cosine between a gate's normal and the way to the other gate below which the side is a guess.
_LEAST_COSINE = 0.3
_STEPS = 40


def check_gates(site: Site, planes: Planes, at: At) -> Iterator[Finding]:
    """Gates of every movement, each by itself and as a pair."""
    cameras = {camera.id: camera for camera in site.cameras}
    for i, movement in enumerate(site.movements):
        camera, plane = cameras.get(movement.camera), planes.get(movement.camera)
        if camera is None:
            continue
        sound = True
        for name, gate in (("entry", movement.entry), ("exit", movement.exit)):
            faults = list(_gate(gate, camera, plane, at("movements", i, name)))
            yield from faults
            sound = sound and not any(fault.severity == "error" for fault in faults)
        if sound and plane is not None:
            yield from _pair(movement, camera, plane, lambda *loc, i=i: at("movements", i, *loc))


def _gate(gate: Gate, camera: Camera, plane: GroundPlane | None, where: str) -> Iterator[Finding]:
    width, height = camera.size_px
    where_line = f"{where}.line_px"
    (ax, ay), (bx, by) = gate.line_px
    if plane_geometry.length(gate.line_px) < 4:
        message = f"is {plane_geometry.length(gate.line_px):.1f} px long"
        yield error(where_line, message, "give the two ends of a line across the whole movement")
        return
    points = plane_geometry.along(gate.line_px, _STEPS)
    if not any(0 <= x <= width and 0 <= y <= height for x, y in points):
        yield error(
            where_line,
            f"[{ax:g}, {ay:g}] to [{bx:g}, {by:g}] lies wholly outside the {width}×{height} picture",
            f"keep x within 0 to {width} and y within 0 to {height}",
        )
        return
    if plane is None:
        return
    toward = [gate.toward_px] if gate.toward_px is not None else []
    if not plane.on_ground([*gate.line_px, *toward]).all():
        fix = "draw it nearer to the camera, or correct the homography's pairs"
        yield error(where, "lies beyond the horizon of the homography", fix)
        return
    yield from _reach(points, gate, camera, plane, where_line)
    if gate.toward_px is not None:
        start, normal = _frame_of(gate, plane)
        off_m = abs(float((plane.to_m([gate.toward_px])[0] - start) @ normal))
        if off_m < 0.2:
            fix = "give a point well on the side that traffic leaves to"
            yield error(f"{where}.toward_px", f"lies {off_m:.2f} m from the gate's own line", fix)


def _reach(
    points: list[tuple[float, float]], gate: Gate, camera: Camera, plane: GroundPlane, where: str
) -> Iterator[Finding]:
    """Whether the anchor of a box can be clear of the gate on both sides of it."""
    width, height = camera.size_px
    margin = EDGE_SHARE[camera.anchor] * height
    at = np.asarray(points, np.float64)
    _, normal = _frame_of(gate, plane)
    ground = plane.to_m(at)
    reachable = np.ones(len(at), np.bool_)
    blocked = ""
    for sign in (1.0, -1.0):
        past_m = ground + sign * CLEAR_M * normal
        past = plane.to_px(past_m)
        names = _beyond(past, width, height, margin)
        names[~plane.before_camera(past_m)] = "lower"
        bad = names != ""
        reachable &= ~bad
        if bad.any():
            values, counts = np.unique(names[bad], return_counts=True)
            blocked = str(values[counts.argmax()])
    share = float(reachable.mean())
    anchor = "lower edge" if camera.anchor == "foot" else "middle"
    message = (
        f"is too near the {blocked} edge of the {width}×{height} picture: a box's {anchor} must get "
        f"{CLEAR_M:g} m of road past the line and stay {margin:.0f} px ({EDGE_SHARE[camera.anchor]:.0%} of the height) "
        "inside"
    )
    if share == 0.0:
        yield error(where, message + ", so it can never be crossed", "move it further into the picture")
    elif share < 0.5:
        crossable = f"; only {share:.0%} of the gate can be crossed"
        yield warning(where, message + crossable, "move it further into the picture")


def _beyond(px: Points, width: int, height: int, margin: float) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """For each point the edge of the picture it is too near to, or ""."""
    x, y = px[:, 0], px[:, 1]
    conditions = [y > height - margin, y < margin, x < margin, x > width - margin]
    return np.asarray(np.select(conditions, ["lower", "upper", "left", "right"], default=""), np.str_)


def _frame_of(gate: Gate, plane: GroundPlane) -> tuple[Points, Points]:
    """First end (2,) of a gate in metres and its unit normal (2,), of either sense."""
    a, b = plane.to_m(gate.line_px)
    direction = (b - a) / np.hypot(*(b - a))
    return a, np.array((-direction[1], direction[0]))


def _pair(movement: Movement, camera: Camera, plane: GroundPlane, at: At) -> Iterator[Finding]:
    entry, leave = movement.entry, movement.exit
    if set(entry.line_px) == set(leave.line_px):
        yield error(at("exit", "line_px"), "is the same line as the entry gate", "draw it where the movement leaves")
        return
    if plane_geometry.meet(entry.line_px, leave.line_px):
        fix = "draw them apart, so that one is always passed before the other"
        yield error(at("exit", "line_px"), "crosses the entry gate", fix)
        return
    on_foot = movement.id.startswith("P")
    if not on_foot and movement.id.rstrip("0123456789").endswith("U") and entry.toward_px is None:
        yield error(
            at("entry"),
            "a U-turn leaves behind its entry gate, so which way traffic passes the entry cannot be told from the exit",
            "give toward_px, a point just past the entry gate",
        )
        return
    middles = plane.to_m([plane_geometry.middle(entry.line_px), plane_geometry.middle(leave.line_px)])
    way = middles[1] - middles[0]
    distance_m = float(np.hypot(*way))
    for name, gate in (("entry", entry), ("exit", leave)):
        _, normal = _frame_of(gate, plane)
        cosine = abs(float(normal @ way)) / max(distance_m, 1e-9)
        if gate.toward_px is None and cosine < _LEAST_COSINE:
            slant = np.degrees(np.arcsin(cosine))
            yield error(
                at(name),
                f"the other gate lies only {slant:.0f}° off the line of this one, so which way traffic passes it "
                "is a guess",
                "give toward_px, a point on the side that traffic leaves to",
            )
    seen_m = _seen_m(entry, -way, camera, plane) + distance_m + _seen_m(leave, way, camera, plane)
    if movement.min_travel_m > seen_m:
        yield error(
            at("min_travel_m"),
            f"{movement.min_travel_m:g} m is further than the {seen_m:.1f} m of the movement that the camera sees, "
            "so nothing would be counted",
            f"write at most {np.floor(distance_m * 10) / 10:g}",
        )
    elif movement.min_travel_m > distance_m:
        yield warning(
            at("min_travel_m"),
            f"{movement.min_travel_m:g} m is further than the {distance_m:.1f} m between the gates, so a vehicle first "
            "seen at the entry gate would not be counted",
            f"write at most {np.floor(distance_m * 10) / 10:g}, or draw the gates further apart",
        )
    elif distance_m < 2 * CLEAR_M:
        yield warning(
            at("exit", "line_px"), f"lies {distance_m:.1f} m from the entry gate", "draw the gates further apart"
        )


def _seen_m(gate: Gate, way: Points, camera: Camera, plane: GroundPlane) -> float:
    """How far the camera sees the road square to a gate, on the side of `way`; to 100 m."""
    _, normal = _frame_of(gate, plane)
    outward = normal if normal @ way > 0 else -normal
    steps_m = np.arange(0.25, 100.0, 0.25)
    places_m = plane.to_m([plane_geometry.middle(gate.line_px)])[0] + steps_m[:, None] * outward
    px = plane.to_px(places_m)
    width, height = camera.size_px
    seen = (px >= 0).all(axis=1) & (px[:, 0] <= width) & (px[:, 1] <= height) & plane.before_camera(places_m)
    return 100.0 if seen.all() else float(steps_m[int(np.argmin(seen))] - 0.25)
