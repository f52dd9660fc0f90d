"""How well cameras saw the street: counts, speeds, places and queues against what was there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from calibration.site import Site
from edge.clock import NS_PER_S
from edge.frames import VisionResult
from edge.replay.evaluate import effectiveness
from edge.types import VEHICLE_KINDS, LaneState, Track
from sim_videos.makes import MAKES
from sim_videos.simulate.eyes import Look
from sim_videos.simulate.lanes import LaneTruth
from sim_videos.simulate.result import Counted, Eyesight
from sim_videos.state import RoadUser, WorldFrame

#: A track belongs to a road user whose footprint it is at most so far from.
_SAME_M = 1.5
#: Speeds are compared where the vehicle moves at least so fast.
_MOVING_MPS = 2.0
#: Parts of a run in which counts are compared, as `stopline evaluate` does.
_SEGMENTS = 10


class EyesightMeter:
    """Give it every instant of a run and the looks at it, in order."""

    def __init__(self, site: Site) -> None:
        self._true: dict[str, list[float]] = {movement.id: [] for movement in site.movements}
        self._ours: dict[str, list[float]] = {movement.id: [] for movement in site.movements}
        self._speed: list[float] = []
        self._place_m: list[float] = []
        self._queue: list[int] = []
        self._blind_ns = 0
        self._last_ns: dict[str, int] = {}
        self._looks = 0
        self._detector_ns: list[int] = []
        self._second = -1

    def see(self, world: WorldFrame, looks: Sequence[Look], lanes: dict[str, LaneTruth]) -> None:
        """Take in one instant."""
        second = math.floor(world.t_s + 1e-9)
        whole, self._second = second != self._second, second
        moving = [user for user in world.users if user.kind in VEHICLE_KINDS and user.speed_mps >= _MOVING_MPS]
        for look in looks:
            for crossing in look.truth.crossings:
                self._true[crossing.movement].append(world.t_s)
            self._detector_ns += look.detector_ns
            for result in look.results:
                self._take(result, moving if whole else None, lanes)

    def _take(self, result: VisionResult, moving: Sequence[RoadUser] | None, lanes: dict[str, LaneTruth]) -> None:
        """One picture's result; moving is None where nothing is to be compared."""
        self._looks += 1
        for crossed in result.crossings:
            self._ours[crossed.movement].append(crossed.t_ns / NS_PER_S)
        since_ns = self._last_ns.get(result.camera, result.t_ns)
        self._last_ns[result.camera] = result.t_ns
        if not result.sight.ok:
            self._blind_ns += result.t_ns - since_ns
        elif moving is not None:
            self._compare(result.tracks, moving)
            self._queue += [error for state in result.lanes if (error := _queue_error(state, lanes)) is not None]

    def eyesight(self, seconds: float) -> Eyesight:
        """What came of it over a run of so many seconds."""
        true = {(name, ""): times for name, times in self._true.items()}
        ours = {(name, ""): times for name, times in self._ours.items()}
        return Eyesight(
            counts={name: Counted(len(self._true[name]), len(self._ours[name])) for name in self._true},
            effectiveness=effectiveness(true, ours, seconds, _SEGMENTS),
            speed_error=median(self._speed) if self._speed else None,
            position_error_m=median(self._place_m) if self._place_m else None,
            queue_error=float(median(self._queue)) if self._queue else None,
            blind_s=self._blind_ns / NS_PER_S,
            looks=self._looks,
            detector_ms=sum(self._detector_ns) / len(self._detector_ns) / 1e6 if self._detector_ns else None,
        )

    def _compare(self, tracks: Sequence[Track], moving: Sequence[RoadUser]) -> None:
        for track in tracks:
            if not track.seen or track.speed_mps is None or track.kind not in VEHICLE_KINDS:
                continue
            apart = min(((beside_m(user, track.pos_m), user.user_id, user) for user in moving), default=None)
            if apart is not None and apart[0] <= _SAME_M:
                user = apart[2]
                self._speed.append(abs(track.speed_mps - user.speed_mps) / user.speed_mps)
                self._place_m.append(apart[0])


def beside_m(user: RoadUser, pos_m: tuple[float, float]) -> float:
    """Metres from a place to the footprint of a road user; 0 within it."""
    make = MAKES[user.make]
    dx, dy = pos_m[0] - user.pos_m[0], pos_m[1] - user.pos_m[1]
    cos, sin = math.cos(user.heading_rad), math.sin(user.heading_rad)
    along, across = abs(dx * cos + dy * sin), abs(dy * cos - dx * sin)
    return math.hypot(max(0.0, along - make.length_m / 2), max(0.0, across - make.width_m / 2))


def _queue_error(state: LaneState, lanes: dict[str, LaneTruth]) -> int | None:
    """|vehicles| of a lane; None where it is unknown, not a lane of the street, or both say there is no queue."""
    truth, ours = lanes.get(state.lane), state.queue.vehicles
    if truth is None or ours is None or (not ours and not truth.queue):
        return None
    error = ours - len(truth.queue)
    # A queue that reaches the end of what the camera sees says "at least".
    return 0 if error < 0 and state.queue.at_least else abs(error)
