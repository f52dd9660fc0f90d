"""Views of one camera, frame by frame: its lanes, all it has counted, and who is in the box.

It stands beside the camera: in its process where control has another, else before `ControlSteps`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np

from calibration.geometry import GroundPlane, stop_axes
from calibration.polygon import inside
from calibration.site import Camera, Lane, Movement, Site
from calibration.stop_axis import StopAxis
from edge.clock import NS_PER_S
from edge.control.demand import DemandBuilder
from edge.control.tally import Tallying
from edge.control.view import InBox, View
from edge.frames import VisionResult
from edge.types import VEHICLE_KINDS, Crossing, Track

#: So far past its stop line a vehicle has left its lane.
_PAST_M = 2.0
#: Slower is standing.
_MOVING_MPS = 1.0
#: The stop lines of so many approaches enclose a junction; with fewer the exit gates must help.
_ENCLOSING = 3
#: A track that was not seen for so long is another road user when it comes back.
_FORGET_NS = 5 * NS_PER_S
PointM = tuple[float, float]


class CameraViews:
    """Makes the views of one camera of a site. Give it every frame in the order of time."""

    def __init__(self, site: Site, camera_id: str) -> None:
        axes = stop_axes(site)
        self._builder = DemandBuilder(site.lanes, axes)
        self._movements = tuple(one for one in site.movements if one.camera == camera_id)
        self._tallying: Tallying | None = None
        self._box = _box_of(site, camera_id, axes)

    def view(self, result: VisionResult) -> View:
        """One frame. KeyError where it speaks of lanes of another camera."""
        if self._tallying is None:
            self._tallying = Tallying(self._movements, result.t_ns)
        tally = self._tallying.add(result.crossings)
        seen = self._builder.view(result.sight, result.lanes, result.tracks)
        if self._box is None:
            return View(seen.sight, seen.lanes, seen.arrivals, tally)
        if not result.sight.ok:
            self._box.blind()
            return View(seen.sight, seen.lanes, seen.arrivals, tally)
        box = self._box.see(result.t_ns, result.tracks, result.crossings)
        return View(seen.sight, seen.lanes, seen.arrivals, tally, box)


class BoxWatch:
    """Vehicles of one camera between the stop line that they passed and the gate by which they were counted.

    lanes: with their stop axes; edge_m: the box on the ground. One that stays uncounted is out once it
    has left the box; one that was never seen in a lane is nobody's, and left out.
    """

    def __init__(self, lanes: Sequence[tuple[Lane, StopAxis]], edge_m: Sequence[PointM]) -> None:
        self._lanes = {lane.id: (lane, axis) for lane, axis in lanes}
        self._edge_m = tuple(edge_m)
        #: Track → the lane that it was last in; None once it is out.
        self._from: dict[int, str | None] = {}
        self._seen_ns: dict[int, int] = {}

    def see(self, t_ns: int, tracks: Iterable[Track], crossings: Iterable[Crossing]) -> Mapping[str, InBox]:
        """Lane → who left it and is in the box now."""
        self._forget(t_ns)
        found: dict[str, InBox] = {}
        for one in crossings:
            self._from[one.track_id], self._seen_ns[one.track_id] = None, t_ns
        for track in tracks:
            if track.kind not in VEHICLE_KINDS:
                continue
            self._seen_ns[track.track_id] = t_ns
            name = self._left(track)
            if name is None:
                continue
            _, axis = self._lanes[name]
            if axis.before_m(track.pos_m) > -_PAST_M or not inside(self._edge_m, track.pos_m):
                continue
            stands = track.speed_mps is not None and track.speed_mps < _MOVING_MPS
            before = found.get(name, InBox(0, 0))
            found[name] = InBox(before.vehicles + 1, before.standing + stands)
        return found

    def blind(self) -> None:
        """Nothing can be seen; whoever is seen next is new."""
        self._from.clear()
        self._seen_ns.clear()

    def _left(self, track: Track) -> str | None:
        """The lane that it was last seen in; None where it was in none, or is out."""
        for name, (lane, _) in self._lanes.items():
            if inside(lane.polygon_px, track.foot_px):
                # One that was counted passed a second time through a lane: it is another vehicle's track now.
                self._from[track.track_id] = name
                return name
        return self._from.get(track.track_id)

    def _forget(self, t_ns: int) -> None:
        for track_id in [one for one, seen_ns in self._seen_ns.items() if t_ns - seen_ns > _FORGET_NS]:
            del self._seen_ns[track_id]
            self._from.pop(track_id, None)


def _box_of(site: Site, camera_id: str, axes: Mapping[str, StopAxis]) -> BoxWatch | None:
    """For a camera that sees vehicles from their stop line to where they leave; None for another."""
    camera = next(camera for camera in site.cameras if camera.id == camera_id)
    ways = [one for one in site.movements if one.camera == camera_id and set(one.kinds) & VEHICLE_KINDS]
    lanes = [(lane, axes[lane.id]) for lane in site.lanes if lane.camera == camera_id and lane.id in axes]
    if not ways or not lanes:
        return None
    return BoxWatch(lanes, _box_m(site, camera, ways))


def _box_m(site: Site, camera: Camera, ways: Iterable[Movement]) -> list[PointM]:
    """The box of the junction on the ground: what its stop lines enclose, with exit gates where they are too few."""
    planes = {one.id: GroundPlane.fit(one.homography) for one in site.cameras}
    lines = [planes[lane.camera].to_m(lane.stop_line_px) for lane in site.lanes if lane.stop_line_px is not None]
    if len({lane.approach for lane in site.lanes if lane.stop_line_px is not None}) < _ENCLOSING:
        lines += [planes[camera.id].to_m(one.exit.line_px) for one in ways]
    hull = cv2.convexHull(np.concatenate(lines).astype(np.float32)).reshape(-1, 2)
    return [(float(x), float(y)) for x, y in hull]
