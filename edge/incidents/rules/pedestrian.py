"""Somebody on foot, or on a bicycle where none belongs, on the carriageway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import IncidentKind, Place
from edge.incidents.road import Road, Use
from edge.incidents.scene import Said, SceneNow
from edge.incidents.spells import Spells
from edge.types import VEHICLE_KINDS, Kind, Track


@dataclass(frozen=True, slots=True)
class PedestrianSettings:
    """lasted_s: so long in all within the last window_s, more than a step off the kerb or a corner cut. fastest_mps:
    who is faster rides (a run is 4 m/s). cycles_from_mps: where the limit is 70 km/h and more bicycles do not belong
    in a lane. hidden_share: of the width of a foot hidden behind a nearer vehicle, where the place is not to be
    believed. inside_share: a box so far within a vehicle's is a part of it, or its driver. linger_s: see `Spells`.
    """

    lasted_s: float = 2.0
    window_s: float = 4.0
    fastest_mps: float = 4.0
    cycles_from_mps: float = 19.4
    hidden_share: float = 0.4
    inside_share: float = 0.7
    linger_s: float = 4.0


@dataclass(slots=True)
class _On:
    """One who was on the carriageway: since when, until when last, and for how long in all."""

    since_ns: int
    last_ns: int
    so_ns: int = 0


class PedestrianOnCarriageway:
    """One finding for each of them."""

    name: ClassVar[str] = "pedestrian_on_carriageway"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.PEDESTRIAN})

    def __init__(self, road: Road, settings: PedestrianSettings | None = None) -> None:
        self._road = road
        self._settings = settings if settings is not None else PedestrianSettings()
        self._spells = Spells(self.name, self._settings.linger_s)
        self._on: dict[int, _On] = {}
        self._last_ns: int | None = None

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Starts, updates and ends of this instant."""
        step_ns = 0 if self._last_ns is None else min(scene.t_ns - self._last_ns, NS_PER_S // 2)
        self._last_ns = scene.t_ns
        said: list[Said] = []
        for track in scene.tracks:
            if track.kind in {Kind.PERSON, Kind.BICYCLE} and track.seen and self._out_of_place(scene, track):
                said += self._one(scene, track, step_ns)
        limit_ns = scene.t_ns - round(self._settings.window_s * NS_PER_S)
        for track_id in [known for known, on in self._on.items() if on.last_ns < limit_ns]:
            del self._on[track_id]
        return [*said, *self._spells.over(scene.t_ns)]

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """Nothing is known any more."""
        self._on.clear()
        self._last_ns = None
        return self._spells.blind(t_ns, reason)

    def _out_of_place(self, scene: SceneNow, track: Track) -> bool:
        s, uses = self._settings, self._road.uses_at(track.pos_m)
        if uses & (Use.FOOT | Use.WORKS):
            return False
        rides = track.kind is Kind.BICYCLE or (track.speed_mps is not None and track.speed_mps > s.fastest_mps)
        if rides:
            lane = self._road.lane_at(track.pos_m)
            fast = lane is not None and self._road.lanes[lane].speed_limit_mps >= s.cycles_from_mps
            if uses & Use.CYCLES or not (uses & Use.NO_TRAFFIC or (fast and uses & Use.CORE)):
                return False
        elif not uses & (Use.CORE | Use.THROUGH):
            return False
        return track.speed_mps is not None and not self._hidden(scene, track)

    def _hidden(self, scene: SceneNow, track: Track) -> bool:
        """Whether its feet may be behind a nearer vehicle, or it is a part of one."""
        s = self._settings
        x1, y1, x2, y2 = track.box_px
        area = max((x2 - x1) * (y2 - y1), 1.0)
        for other in scene.tracks:
            if other.track_id == track.track_id or other.kind not in VEHICLE_KINDS:
                continue
            ox1, oy1, ox2, oy2 = other.box_px
            wide, high = min(x2, ox2) - max(x1, ox1), min(y2, oy2) - max(y1, oy1)
            if wide <= 0 or high <= 0:
                continue
            if wide * high >= s.inside_share * area:
                return True
            if oy1 <= y2 <= oy2 and wide >= s.hidden_share * (x2 - x1) and oy2 > y2 + 0.1 * (y2 - y1):
                return True
        return False

    def _one(self, scene: SceneNow, track: Track, step_ns: int) -> Sequence[Said]:
        s, key = self._settings, f"{track.track_id}"
        on = self._on.setdefault(track.track_id, _On(scene.t_ns, scene.t_ns))
        on.last_ns = scene.t_ns
        on.so_ns += step_ns
        if key not in self._spells and on.so_ns < s.lasted_s * NS_PER_S:
            return ()
        lane = self._road.lane_at(track.pos_m)
        before_m = None if lane is None else self._road.before_m(lane, track.pos_m)
        place = Place(
            None if lane is None else self._road.lanes[lane].approach,
            lane,
            None,
            scene.camera,
            None if before_m is None else round(before_m, 1),
            track.pos_m,
        )
        evidence = {
            "on_carriageway_s": round(on.so_ns / NS_PER_S, 1),
            "speed_mps": None if track.speed_mps is None else round(track.speed_mps, 1),
            "who": track.kind.value,
            "score": round(track.score, 2),
        }
        confidence = round(min(0.95, 0.7 + 0.03 * on.so_ns / NS_PER_S), 2)
        return self._spells.say(
            scene.t_ns, key, IncidentKind.PEDESTRIAN, place, on.since_ns, confidence, evidence, (track.track_id,)
        )
