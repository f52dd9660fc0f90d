"""A vehicle on a lane that is closed, or on ground where nobody drives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import IncidentKind, Place
from edge.incidents.road import Road, Use
from edge.incidents.scene import Said, SceneNow
from edge.incidents.spells import Spells
from edge.types import Kind, Track


@dataclass(frozen=True, slots=True)
class ClosedLaneSettings:
    """lasted_s and travelled_m within the inner part of the lane: who only cuts its corner is none; stood_s: or that
    long, where it does not move. leave_s: but who may have stood there when the lane closed did not drive onto a closed
    lane, and has the longest usual red (cycles to 180 s) to leave it. forget_s: who is out for so long is out.
    linger_s: see `Spells`.
    """

    lasted_s: float = 1.0
    travelled_m: float = 4.0
    stood_s: float = 5.0
    leave_s: float = 120.0
    forget_s: float = 1.5
    linger_s: float = 3.0


@dataclass(slots=True)
class _In:
    """One vehicle since it came in."""

    since_ns: int
    from_m: tuple[float, float]
    last_ns: int


class VehicleOnClosedLane:
    """One finding for each vehicle. Ground within works is closed, too, but what works there is explained."""

    name: ClassVar[str] = "closed_lane"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.CLOSED_LANE})

    def __init__(self, road: Road, settings: ClosedLaneSettings | None = None) -> None:
        self._road = road
        self._settings = settings if settings is not None else ClosedLaneSettings()
        self._spells = Spells(self.name, self._settings.linger_s)
        self._in: dict[int, _In] = {}
        self._closed_ns: dict[str, int] = {}

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Starts, updates and ends of this instant."""
        said: list[Said] = []
        self._closed_ns = {lane: self._closed_ns.get(lane, scene.t_ns) for lane in scene.closed_lanes}
        for track in scene.tracks:
            if track.kind is Kind.PERSON or not track.seen:
                continue
            uses = self._road.uses_at(track.pos_m)
            lane = self._road.lane_at(track.pos_m)
            closed = lane in scene.closed_lanes and uses & Use.CORE
            if closed or uses & Use.NO_TRAFFIC:
                said += self._one(scene, track, lane, works=bool(uses & Use.WORKS))
        limit_ns = scene.t_ns - round(self._settings.forget_s * NS_PER_S)
        for track_id in [known for known, one in self._in.items() if one.last_ns < limit_ns]:
            del self._in[track_id]
        return [*said, *self._spells.over(scene.t_ns)]

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """Nothing is known any more."""
        self._in.clear()
        return self._spells.blind(t_ns, reason)

    def _one(self, scene: SceneNow, track: Track, lane: str | None, *, works: bool) -> Sequence[Said]:
        s, t_ns, key = self._settings, scene.t_ns, f"{track.track_id}"
        one = self._in.setdefault(track.track_id, _In(t_ns, track.pos_m, t_ns))
        one.last_ns = t_ns
        lasted_s = (t_ns - one.since_ns) / NS_PER_S
        travelled_m = math.dist(track.pos_m, one.from_m)
        drives = lasted_s >= s.lasted_s and travelled_m >= s.travelled_m
        left_ns = scene.t_ns - round(s.leave_s * NS_PER_S)
        stands = lasted_s >= s.stood_s and (lane is None or self._closed_ns.get(lane, left_ns) <= left_ns)
        if key not in self._spells and not drives and not stands:
            return ()
        road_lane = None if lane is None else self._road.lanes[lane]
        before_m = None if lane is None else self._road.before_m(lane, track.pos_m)
        place = Place(
            None if road_lane is None else road_lane.approach,
            lane,
            None,
            scene.camera,
            None if before_m is None else round(before_m, 1),
            track.pos_m,
        )
        if works:
            return self._spells.quiet(t_ns, key, IncidentKind.CLOSED_LANE, place, "it is within works")
        evidence = {
            "lasted_s": round(lasted_s, 1),
            "travelled_m": round(travelled_m, 1),
            "speed_mps": None if track.speed_mps is None else round(track.speed_mps, 1),
            "vehicle": track.kind.value,
        }
        return self._spells.say(
            t_ns, key, IncidentKind.CLOSED_LANE, place, one.since_ns, 0.85, evidence, (track.track_id,)
        )
