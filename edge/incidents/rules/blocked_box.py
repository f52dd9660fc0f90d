"""A vehicle that stands in the box and does not leave it when it should."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge.incident import IncidentKind, Place
from edge.incidents.lamps import shown, shown_s
from edge.incidents.recent import Recent
from edge.incidents.road import Road, Use
from edge.incidents.scene import Said, SceneNow
from edge.incidents.spells import Spells
from edge.incidents.standing import Stand, Standing
from edge.types import Interval, Kind

PointM = tuple[float, float]
#: A way is kept as places so far apart, the last so many.
_POINT_M, _MOST_POINTS = 2.0, 13
_RED = frozenset({Interval.RED, Interval.RED_CLEARANCE})


@dataclass(frozen=True, slots=True)
class BlockedBoxSettings:
    """red_s: standing in the box this long while its own phase shows red for as long; a turn that waits for a gap
    leaves within the yellow and the red clearance (MUTCD 4D.26: 3 to 6 s and up to 6 s). through_s: one that goes
    straight on has no reason to stand there at all. turn_s: one that may turn waits as long as its green. straight_s
    and unknown_s: where its lane was not seen, and it came straight on (as a left turn may before it turns), or turned
    (and may wait for people who cross), or nobody knows the lamps. came_m, aside_m: straight on it came at least so
    far, never further than that beside the line of its last way, seen from settled_s on. linger_s: see `Spells`.
    """

    red_s: float = 6.0
    through_s: float = 8.0
    turn_s: float = 45.0
    straight_s: float = 11.0
    unknown_s: float = 25.0
    aside_m: float = 0.9
    came_m: float = 6.0
    settled_s: float = 0.6
    linger_s: float = 5.0


class BlockedBox:
    """One finding for the box, with everybody who stands in it."""

    name: ClassVar[str] = "blocked_box"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.BLOCKED_BOX})

    def __init__(self, road: Road, settings: BlockedBoxSettings | None = None) -> None:
        self._road = road
        self._settings = settings if settings is not None else BlockedBoxSettings()
        self._spells = Spells(self.name, self._settings.linger_s)
        self._standing = Standing()
        self._from: Recent[str] = Recent()
        self._came: Recent[deque[PointM]] = Recent()
        self._open: set[int] = set()

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Starts, updates and ends of this instant."""
        stands = self._standing.update(scene.t_ns, scene.tracks)
        self._note_lanes(scene)
        inside = [one for one in stands.values() if self._counts(one)]
        blocking = [one for one in inside if one.number in self._open or self._long_enough(scene, one)]
        self._open = {one.number for one in blocking}
        said: list[Said] = []
        if blocking:
            first = min(blocking, key=lambda one: one.since_ns)
            lane = self._from.get(first.track.track_id)
            approach = None if lane is None else self._road.lanes[lane].approach
            place = Place(approach, None, None, scene.camera, None, first.pos_m)
            if self._road.uses_at(first.pos_m) & Use.WORKS:
                said += self._spells.quiet(scene.t_ns, "box", IncidentKind.BLOCKED_BOX, place, "it stands within works")
            else:
                stood_s = first.stood_s(scene.t_ns)
                evidence = {
                    "standing_s": round(stood_s, 1),
                    "vehicles": len(inside),
                    "from_lane": lane,
                    "signal": None if lane is None else _word(shown(scene.signal, self._road.lanes[lane].phase)),
                }
                confidence = round(min(0.95, 0.75 + 0.01 * stood_s), 2)
                tracks = tuple(sorted(one.track.track_id for one in blocking))
                said += self._spells.say(
                    scene.t_ns, "box", IncidentKind.BLOCKED_BOX, place, first.since_ns, confidence, evidence, tracks
                )
        return [*said, *self._spells.over(scene.t_ns)]

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """Nothing is known any more."""
        self._standing.clear()
        self._from.clear()
        self._came.clear()
        self._open.clear()
        return self._spells.blind(t_ns, reason)

    def _note_lanes(self, scene: SceneNow) -> None:
        for name, row in self._road.rows(scene.tracks).items():
            for _, track in row:
                self._from.put(scene.t_ns, track.track_id, name)
        for track in scene.tracks:
            self._from.touch(scene.t_ns, track.track_id)
            if track.seen and track.age_s >= self._settings.settled_s:
                way = self._came.setdefault(scene.t_ns, track.track_id, _new_way)
                if not way or math.dist(way[-1], track.pos_m) >= _POINT_M:
                    way.append(track.pos_m)
        self._from.sweep(scene.t_ns)
        self._came.sweep(scene.t_ns)

    def _straight(self, one: Stand) -> bool:
        """Whether it came straight on, as far as it was seen."""
        s, way = self._settings, self._came.get(one.track.track_id)
        if not way:
            return False
        (x, y), (to_x, to_y) = way[0], one.pos_m
        length_m = math.dist(way[0], one.pos_m)
        if length_m < s.came_m:
            return False
        dx, dy = (to_x - x) / length_m, (to_y - y) / length_m
        return all(abs((px - x) * dy - (py - y) * dx) <= s.aside_m for px, py in way)

    def _counts(self, one: Stand) -> bool:
        return one.track.kind is not Kind.BICYCLE and bool(self._road.uses_at(one.pos_m) & Use.BOX)

    def _long_enough(self, scene: SceneNow, one: Stand) -> bool:
        s, stood_s = self._settings, one.stood_s(scene.t_ns)
        if stood_s < min(s.red_s, s.through_s):
            return False
        name, straight = self._from.get(one.track.track_id), self._straight(one)
        if name is None:
            # A turn that waits for a gap came straight on as well; where nobody knows the lamps it may wait long.
            return stood_s >= (s.straight_s if straight and scene.signal is not None else s.unknown_s)
        lane = self._road.lanes[name]
        interval, for_s = shown(scene.signal, lane.phase), shown_s(scene.signal, lane.phase, scene.t_ns)
        if lane.turns == {"T"} or (straight and lane.turns <= {"T", "R"} and "T" in lane.turns):
            return stood_s >= s.through_s
        if interval in _RED and for_s is not None:
            return min(stood_s, for_s) >= s.red_s
        return stood_s >= s.turn_s


def _new_way() -> deque[PointM]:
    return deque(maxlen=_MOST_POINTS)


def _word(interval: Interval | None) -> str | None:
    return None if interval is None else interval.value
