"""Something that lies still on the carriageway and is no road user."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import IncidentKind, Place, StillObject
from edge.incidents.road import Road, Use
from edge.incidents.scene import Said, SceneNow
from edge.incidents.spells import Spells


@dataclass(frozen=True, slots=True)
class LostLoadSettings:
    """lies_s: so long it has lain (what rolls or blows on is none); sure: how sure the camera must be of it. least_m:
    its longer side; a leaf or a puddle's edge is smaller. largest_m: what is larger is a shadow or light. beside_m:
    within this of a vehicle that stands it may be a part of it, or its shadow. linger_s: see `Spells`.
    """

    lies_s: float = 6.0
    sure: float = 0.5
    least_m: float = 0.3
    largest_m: float = 8.0
    beside_m: float = 4.0
    stands_mps: float = 1.2
    linger_s: float = 8.0


class LostLoad:
    """One finding for each object."""

    name: ClassVar[str] = "lost_load"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.LOST_LOAD})

    def __init__(self, road: Road, settings: LostLoadSettings | None = None) -> None:
        self._road = road
        self._settings = settings if settings is not None else LostLoadSettings()
        self._spells = Spells(self.name, self._settings.linger_s)

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Starts, updates and ends of this instant."""
        said: list[Said] = []
        if scene.scenery is not None:
            for thing in scene.scenery.objects:
                said += self._one(scene, thing)
        return [*said, *self._spells.over(scene.t_ns)]

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """Nothing is known any more."""
        return self._spells.blind(t_ns, reason)

    def _one(self, scene: SceneNow, thing: StillObject) -> Sequence[Said]:
        s, t_ns, key = self._settings, scene.t_ns, f"{thing.object_id}"
        lies_s, longer_m = (t_ns - thing.since_ns) / NS_PER_S, max(thing.size_m)
        if lies_s < s.lies_s or thing.confidence < s.sure or not s.least_m <= longer_m <= s.largest_m:
            return ()
        uses, lane = self._road.uses_at(thing.pos_m), self._road.lane_at(thing.pos_m)
        if lane is None and not uses & Use.BOX:
            return ()
        before_m = None if lane is None else self._road.before_m(lane, thing.pos_m)
        place = Place(
            None if lane is None else self._road.lanes[lane].approach,
            lane,
            None,
            scene.camera,
            None if before_m is None else round(before_m, 1),
            thing.pos_m,
        )
        kind = IncidentKind.LOST_LOAD
        if uses & Use.WORKS:
            return self._spells.quiet(t_ns, key, kind, place, "it lies within works")
        if lane in scene.closed_lanes:
            return self._spells.quiet(t_ns, key, kind, place, "it lies on a closed lane")
        if self._beside_vehicle(scene, thing):
            return self._spells.quiet(t_ns, key, kind, place, "a vehicle stands there")
        evidence = {
            "lies_s": round(lies_s, 1),
            "length_m": round(longer_m, 1),
            "width_m": round(min(thing.size_m), 1),
            "score": round(thing.confidence, 2),
        }
        confidence = round(0.9 * thing.confidence, 2)
        return self._spells.say(t_ns, key, kind, place, thing.since_ns, confidence, evidence)

    def _beside_vehicle(self, scene: SceneNow, thing: StillObject) -> bool:
        s = self._settings
        return any(
            math.dist(track.pos_m, thing.pos_m) <= s.beside_m
            and track.speed_mps is not None
            and track.speed_mps < s.stands_mps
            for track in scene.tracks
        )
