"""The site description of a rendered junction: what its cameras see of its lanes and movements.

Made from the street and the cameras alone, as a person with a perfect survey would draw
it. `site_toml` writes it as a file that `stopline site validate` and all else read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.check import check_site
from calibration.geometry import GroundPlane
from calibration.site import Approach, Camera, Gate, Homography, Lane, Movement, PointPair, PointPx, Site
from edge.errors import ConfigError
from edge.types import Kind
from sim_videos.gates import GatePair, GroundGate, crossing_gates, places_of, turn_gates
from sim_videos.polyline import Polyline
from sim_videos.render.camera import camera_of
from sim_videos.scenario import CameraSpec, Scenario
from sim_videos.site_lanes import lanes_of
from sim_videos.state import PointM
from sim_videos.street import Street
from sim_videos.view import GroundCamera, View

Array = NDArray[np.float64]

_PAIRS = 16
#: What a homography may miss by before the lens must be mended, and what is aimed at.
_WORST_M, _GOOD_M = 1.5, 0.2


def site_of(scenario: Scenario, street: Street, cameras: Mapping[str, GroundCamera] | None = None) -> Site:
    """The junction as its cameras see it, one lane or movement seen by one camera each.

    cameras: id → camera, those of the scenario where left out. Movements that no camera
    can count are left out and named in `notes`. ConfigError where a camera sees no lane,
    or its lens is too far from a pin-hole's for a homography.
    """
    if cameras is None:
        cameras = {spec.id: camera_of(spec, street) for spec in scenario.cameras}
    views = {spec.id: View(cameras[spec.id]) for spec in scenario.cameras}
    lanes = lanes_of(scenario, street, views)
    for spec in scenario.cameras:
        if not any(lane.camera == spec.id for lane in lanes):
            raise ConfigError(
                f"cameras.{spec.id}: sees no lane of the {spec.facing} approach well enough to measure in; "
                "raise height_m, change beyond_m or aim_m, or take another facing"
            )
    movements, left_out, shared = _movements(scenario, street, views, lanes)
    if not movements:
        raise ConfigError(
            f"cameras.{scenario.cameras[0].id}: no camera sees both a stop line and where a movement leaves; "
            "stand it further away (beyond_m) or widen fov_deg"
        )
    notes = f"Rendered junction of scenario '{scenario.id}' (sim_videos); x runs east, y north, from its middle."
    if left_out:
        notes += f" No camera can count {', '.join(left_out)}."
    if shared:
        notes += f" {', '.join(shared)} leave by a gate that others pass too."
    used = {lane.approach for lane in lanes} | {movement.approach for movement in movements}
    site = Site(
        schema_version=1,
        id=scenario.id,
        name=f"{scenario.id} (rendered)",
        timezone="UTC",
        notes=notes,
        cameras=tuple(_camera(spec, street, views[spec.id]) for spec in scenario.cameras),
        approaches=tuple(
            Approach(id=arm.approach, name=arm.name, speed_limit_mps=round(arm.speed_limit_mps, 2))
            for arm in street.arms
            if arm.approach in used
        ),
        lanes=lanes,
        movements=movements,
        signal=street.signal,
        plan=street.plan,
    )
    for finding in check_site(site):
        if finding.severity == "error":
            raise ConfigError(f"scenario {scenario.id}: its site cannot be served: {finding.sentence()}")
    return site


def ground_gates(site: Site, camera_id: str) -> dict[str, GatePair]:
    """Movement → its gates in metres, for the movements that a camera of a site counts."""
    camera = next(camera for camera in site.cameras if camera.id == camera_id)
    plane = GroundPlane.fit(camera.homography)

    def ground(gate: Gate, other: Gate, sign: float) -> GroundGate:
        a, b = (_pair(point) for point in plane.to_m(gate.line_px))
        if gate.toward_px is not None:
            return GroundGate(a, b, _pair(plane.to_m([gate.toward_px])[0]))
        middle, there = plane.to_m(gate.line_px).mean(axis=0), plane.to_m(other.line_px).mean(axis=0)
        return GroundGate(a, b, _pair(middle + sign * (there - middle)))

    return {
        movement.id: GatePair(ground(movement.entry, movement.exit, 1.0), ground(movement.exit, movement.entry, -1.0))
        for movement in site.movements
        if movement.camera == camera_id
    }


def _camera(spec: CameraSpec, street: Street, view: View) -> Camera:
    places = _places(street, view)
    px = view.px(places)
    chosen = _spread(px, _PAIRS)
    pairs = tuple(PointPair(px=_pair(px[i], 2), m=_pair(places[i], 3)) for i in chosen)
    try:
        worst_m = GroundPlane.fit(Homography(pairs=pairs)).worst_error_m
    except ValueError as error:
        raise ConfigError(f"cameras.{spec.id}: {error}; look further along the road") from error
    if worst_m > _WORST_M:
        raise ConfigError(
            f"cameras.{spec.id}: its lens bends the road by {worst_m:.1f} m against a flat picture; lessen k1 and k2"
        )
    limit_m = _GOOD_M if worst_m <= _GOOD_M else math.ceil(worst_m * 10) / 10
    return Camera(id=spec.id, size_px=view.size_px, homography=Homography(pairs=pairs, max_error_m=limit_m))


def _places(street: Street, view: View) -> Array:
    """Places on the road that the camera sees, each worth at most two metres a pixel: where things are measured."""
    marks: list[PointM] = list(street.outline_m)
    for lane in street.lanes:
        way = Polyline(lane.line_m)
        for at_m in np.arange(0.0, way.length_m + 1e-9, 4.0).tolist():
            place, ahead = way.at(at_m)
            side = lane.width_m / 2 * np.array((-ahead[1], ahead[0]))
            marks += [_pair(place + side), _pair(place - side)]
    for crosswalk in street.crosswalks:
        marks += list(crosswalk.outline_m)
    places = np.unique(np.round(np.asarray(marks, np.float64), 3), axis=0)
    places = places[view.sees(places, 2.0)]
    coarse = np.maximum(view.metres_per_px(places, (1.0, 0.0)), view.metres_per_px(places, (0.0, 1.0)))
    return np.asarray(places[coarse <= 2.0], np.float64)


def _spread(px: Array, count: int) -> list[int]:
    """Indices of `count` points far from one another in the picture, each the farthest from those before it."""
    if len(px) == 0:
        return []
    chosen = [int(np.argmin(px.sum(axis=1)))]
    nearest = np.hypot(*(px - px[chosen[0]]).T)
    while len(chosen) < min(count, len(px)):
        i = int(np.argmax(nearest))
        chosen.append(i)
        nearest = np.minimum(nearest, np.hypot(*(px - px[i]).T))
    return chosen


def _movements(
    scenario: Scenario, street: Street, views: Mapping[str, View], lanes: Sequence[Lane]
) -> tuple[tuple[Movement, ...], list[str], list[str]]:
    """Movements that can be counted, the names of those that cannot, and of those whose exit gate is shared."""
    found, left_out, shared = [], [], []
    for turn in street.turns:
        options = []
        places = places_of(turn, street)
        for rank, spec in enumerate(_facing_first(scenario.cameras, turn.approach)):
            gates = turn_gates(street, turn, views[spec.id], places)
            if gates is not None and not (gates.shared and spec.facing != turn.approach):
                options.append((gates.shared, rank, spec.id, gates))
        if not options:
            left_out.append(turn.movement)
            continue
        is_shared, _, camera, gates = min(options, key=lambda option: option[:2])
        names = {lane.name for lane in street.lanes if lane.id in turn.lanes or lane.name in turn.lanes}
        found.append(
            Movement(
                id=turn.movement,
                approach=turn.approach,
                camera=camera,
                entry=_gate(gates.entry, views[camera]),
                exit=_gate(gates.exit, views[camera]),
                lanes=tuple(lane.id for lane in lanes if lane.id in names and lane.camera == camera),
                phase=turn.phase,
                direction=turn.movement,
            )
        )
        if is_shared:
            shared.append(turn.movement)
    for crosswalk in street.crosswalks:
        known = {movement.id for movement in found}
        for spec in _facing_first(scenario.cameras, crosswalk.approach):
            both = crossing_gates(crosswalk, views[spec.id])
            if len(both) == 2 and not known & both.keys():
                found += [
                    Movement(
                        id=name,
                        approach=crosswalk.approach,
                        camera=spec.id,
                        entry=_gate(gates.entry, views[spec.id]),
                        exit=_gate(gates.exit, views[spec.id]),
                        phase=crosswalk.phase,
                        direction=name,
                        kinds=(Kind.PERSON,),
                    )
                    for name, gates in both.items()
                ]
                break
        else:
            left_out.append(f"the crossing of {crosswalk.approach}")
    return tuple(found), left_out, shared


def _facing_first(cameras: Sequence[CameraSpec], approach: str) -> list[CameraSpec]:
    return sorted(cameras, key=lambda spec: spec.facing != approach)


def _gate(gate: GroundGate, view: View) -> Gate:
    a, b, toward = (_pair(point, 2) for point in view.px([gate.a_m, gate.b_m, gate.toward_m]))
    return Gate(line_px=(a, b), toward_px=toward)


def _pair(point: Sequence[float] | Array, digits: int | None = None) -> PointPx:
    x, y = float(point[0]), float(point[1])
    return (x, y) if digits is None else (round(x, digits), round(y, digits))
