"""Two vehicles that stand in contact without a reason to stand, after braking hard or being turned."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import IncidentKind, Place
from edge.incidents.lamps import shown, shown_s
from edge.incidents.recent import Recent
from edge.incidents.road import Road, Use
from edge.incidents.scene import Said, SceneNow
from edge.incidents.spells import Spells
from edge.incidents.standing import Stand, Standing
from edge.types import Interval, Kind, Track

_TALL = frozenset({Kind.TRUCK, Kind.BUS})
#: Spots ahead of a standing vehicle that have to be in sight for its way to be known free.
_LOOK_M = (4.0, 7.0, 10.0)


@dataclass(frozen=True, slots=True)
class CrashSettings:
    """contact_m: from one's place to the other's, along the way that they came, when they touch: a car is 3.6 to 5.3 m
    long, and a queue leaves 1.5 m and more between two. hard_contact_m: the same after hard braking, which a queue does
    without: a long car and a third of a metre. box_contact_m: the same in the box, where turns wait close behind one
    another, without hard braking. aside_m: no further apart than this across it: the next lane is 3 m away. upon_m:
    nearer than that in any direction. touch_m: two cars this near are in contact whatever the lamps show, where the
    first of them leaves roomy_m to who is ahead: the shortest usual car is 3.6 m long, most are longer than 4 m, and
    the places of two that differ in height err by 0.7 m between them.

    hard_mps2: braking over brake_s that drivers avoid (AASHTO stopping sight distance: 3.4 m/s² is what most find
    comfortable in an emergency). turned_deg: a change of heading within brake_s that no wheel makes, faster than
    turn_mps. recent_s: how long before standing that may be. stood_s: both stand this long after it; plain_s: without
    it. free_m: room to who is ahead of the first by green of green_s; red_free_m: by any other; hidden_m and
    clear_share: as for a stopped vehicle. linger_s: see `Spells`.
    """

    contact_m: float = 5.2
    hard_contact_m: float = 5.7
    box_contact_m: float = 4.8
    aside_m: float = 1.6
    upon_m: float = 1.8
    touch_m: float = 4.6
    roomy_m: float = 9.0
    hard_mps2: float = 4.5
    brake_s: float = 1.0
    turned_deg: float = 45.0
    turn_mps: float = 3.0
    recent_s: float = 6.0
    stood_s: float = 2.0
    plain_s: float = 3.0
    free_m: float = 9.0
    green_s: float = 3.0
    red_free_m: float = 18.0
    hidden_m: float = 20.0
    clear_share: float = 0.35
    linger_s: float = 8.0


@dataclass(slots=True)
class _Past:
    """A second of one vehicle's way; and the hardest that it braked or was turned lately, and when."""

    way: deque[tuple[int, float, float]]
    hard_ns: int | None = None
    hard_mps2: float = 0.0
    turned_deg: float = 0.0


def _new_past() -> _Past:
    return _Past(deque())


class Crash:
    """One finding for each pair; who runs into them later is in contact with one of them and told with it."""

    name: ClassVar[str] = "crash"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.CRASH})

    def __init__(self, road: Road, settings: CrashSettings | None = None) -> None:
        self._road = road
        self._settings = settings if settings is not None else CrashSettings()
        self._spells = Spells(self.name, self._settings.linger_s)
        self._standing = Standing()
        self._past: Recent[_Past] = Recent()
        self._free_ns: dict[int, int] = {}
        self._looks: dict[int, tuple[int, int]] = {}
        self._told: dict[tuple[int, int], str] = {}

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Starts, updates and ends of this instant."""
        vehicles = [track for track in scene.tracks if track.kind is not Kind.PERSON and track.kind is not Kind.BICYCLE]
        for track in vehicles:
            self._note(scene.t_ns, track)
        stands = self._standing.update(scene.t_ns, vehicles)
        self._past.sweep(scene.t_ns)
        free = self._free(scene, stands)
        roomy = self._roomy(scene)
        said: list[Said] = []
        standing = [stands[track_id] for track_id in sorted(stands)]
        for i, one in enumerate(standing):
            for other in standing[i + 1 :]:
                if abs(one.pos_m[0] - other.pos_m[0]) < self._settings.hard_contact_m:
                    said += self._pair(scene, one, other, free, roomy)
        numbers = {one.number for one in (*standing, *self._standing.lost())}
        for pair in [pair for pair in self._told if not numbers.issuperset(pair)]:
            del self._told[pair]
        return [*said, *self._spells.over(scene.t_ns)]

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """Nothing is known any more."""
        self._standing.clear()
        self._past.clear()
        self._free_ns.clear()
        self._looks.clear()
        self._told.clear()
        return self._spells.blind(t_ns, reason)

    def _note(self, t_ns: int, track: Track) -> None:
        """Braking and turning over the last brake_s."""
        if track.vel_mps is None or track.speed_mps is None or not track.seen:
            return
        s = self._settings
        past = self._past.setdefault(t_ns, track.track_id, _new_past)
        past.way.append((t_ns, *track.vel_mps))
        while len(past.way) > 1 and t_ns - past.way[0][0] > s.brake_s * NS_PER_S:
            then_ns, vx, vy = past.way.popleft()
            speed_mps = math.hypot(vx, vy)
            braked_mps2 = (speed_mps - track.speed_mps) / ((t_ns - then_ns) / NS_PER_S)
            turned_deg = 0.0
            if min(speed_mps, track.speed_mps) >= s.turn_mps:
                cross = vx * track.vel_mps[1] - vy * track.vel_mps[0]
                dot = vx * track.vel_mps[0] + vy * track.vel_mps[1]
                turned_deg = abs(math.degrees(math.atan2(cross, dot)))
            # A track of half a second jumps as its filter settles.
            if track.age_s > 2.0 and (braked_mps2 >= s.hard_mps2 or turned_deg >= s.turned_deg):
                past.hard_ns = t_ns
                past.hard_mps2 = max(past.hard_mps2, braked_mps2)
                past.turned_deg = max(past.turned_deg, turned_deg)
        if past.hard_ns is not None and t_ns - past.hard_ns > 60 * NS_PER_S:
            past.hard_ns, past.hard_mps2, past.turned_deg = None, 0.0, 0.0

    def _free(self, scene: SceneNow, stands: Mapping[int, Stand]) -> dict[int, float]:
        """Track id → for how many seconds it has had a free way ahead, of those that stand in a lane."""
        s, free, seen = self._settings, {}, set()
        for name, row in self._road.rows(scene.tracks).items():
            phase = self._road.lanes[name].phase
            green = shown(scene.signal, phase) is Interval.GREEN
            for_s = shown_s(scene.signal, phase, scene.t_ns) or 0.0
            for index, (before_m, track) in enumerate(row):
                stand = stands.get(track.track_id)
                if stand is None or before_m < 0:
                    continue
                room_m = before_m - (row[index - 1][0] if index and row[index - 1][0] > 0 else 0.0)
                tall = any(at_m < before_m and other.kind in _TALL for at_m, other in row)
                wide = room_m >= s.red_free_m + (s.hidden_m if tall else 0.0)
                wide = wide or (green and for_s >= s.green_s and room_m >= s.free_m)
                looks, clear = self._looks.get(stand.number, (0, 0))
                if wide and track.seen:
                    clear += self._road.seen_free(name, track, _LOOK_M, scene.tracks)
                    looks += 1
                    self._looks[stand.number] = (looks, clear)
                if wide and clear >= s.clear_share * looks:
                    seen.add(stand.number)
                    since_ns = self._free_ns.setdefault(stand.number, scene.t_ns)
                    free[track.track_id] = (scene.t_ns - since_ns) / NS_PER_S
        for number in [number for number in self._free_ns if number not in seen]:
            del self._free_ns[number]
        kept = {one.number for one in (*stands.values(), *self._standing.lost())}
        self._looks = {number: look for number, look in self._looks.items() if number in kept}
        return free

    def _roomy(self, scene: SceneNow) -> frozenset[int]:
        """Cars with more room ahead than a queue leaves, whatever the lamps show."""
        rows = self._road.rows(scene.tracks).values()
        return frozenset(
            track.track_id
            for row in rows
            for (ahead_m, _), (before_m, track) in pairwise([(0.0, None), *row])
            if track is not None and track.kind is Kind.CAR and before_m - max(ahead_m, 0.0) >= self._settings.roomy_m
        )

    def _pair(
        self, scene: SceneNow, one: Stand, other: Stand, free: Mapping[int, float], roomy: frozenset[int]
    ) -> Sequence[Said]:
        s, t_ns = self._settings, scene.t_ns
        pair = (min(one.number, other.number), max(one.number, other.number))
        key = self._told.get(pair)
        place = self._place(scene, one, other)
        apart_m, aside_m = self._apart(one, other)
        if key is None or key not in self._spells:
            lane = place.lane
            stood_s = min(one.stood_s(t_ns), other.stood_s(t_ns))
            hard = any(mps2 > 0 or deg > 0 for mps2, deg in (self._hard(one), self._hard(other)))
            if stood_s < s.stood_s or not self._touch(one, other, apart_m, aside_m, hard=hard):
                return ()
            in_box = bool(self._road.uses_at(one.pos_m) & Use.BOX and self._road.uses_at(other.pos_m) & Use.BOX)
            free_s = max(free.get(one.track.track_id, 0.0), free.get(other.track.track_id, 0.0))
            cars = one.track.kind is Kind.CAR and other.track.kind is Kind.CAR
            touch = cars and apart_m <= s.touch_m and not roomy.isdisjoint((one.track.track_id, other.track.track_id))
            reason = in_box or (lane is not None and (touch or free_s >= s.stood_s))
            alone_s = stood_s if in_box or touch else min(stood_s, free_s)
            if in_box and apart_m > (s.contact_m if hard else s.box_contact_m):
                return ()
            if not reason or (not hard and alone_s < s.plain_s):
                return ()
            key = self._told[pair] = f"{one.track.track_id}-{other.track.track_id}"
            if self._road.uses_at(one.pos_m) & Use.WORKS:
                return self._spells.quiet(t_ns, key, IncidentKind.CRASH, place, "they stand within works")
        (brake_a, turn_a), (brake_b, turn_b) = self._hard(one), self._hard(other)
        evidence = {
            "standing_s": round(min(one.stood_s(t_ns), other.stood_s(t_ns)), 1),
            "apart_m": round(apart_m, 1),
            "braked_mps2": round(max(brake_a, brake_b), 1) or None,
            "turned_deg": round(max(turn_a, turn_b)) or None,
            "vehicles": 2,
        }
        confidence = 0.9 if max(brake_a, brake_b) > 0 else 0.75
        since_ns = max(one.since_ns, other.since_ns)
        tracks = (one.track.track_id, other.track.track_id)
        return self._spells.say(t_ns, key, IncidentKind.CRASH, place, since_ns, confidence, evidence, tracks)

    def _touch(self, one: Stand, other: Stand, apart_m: float, aside_m: float, *, hard: bool) -> bool:
        s = self._settings
        if apart_m <= s.upon_m:
            return True
        same = self._road.lane_at(one.pos_m) == self._road.lane_at(other.pos_m)
        reach_m = s.hard_contact_m if hard else s.contact_m
        return same and apart_m <= reach_m and aside_m <= s.aside_m

    def _apart(self, one: Stand, other: Stand) -> tuple[float, float]:
        """Metres between two places, and the part of it across the way that they came."""
        dx, dy = other.pos_m[0] - one.pos_m[0], other.pos_m[1] - one.pos_m[1]
        apart_m = math.hypot(dx, dy)
        lane = self._road.lane_at(one.pos_m)
        axis = None if lane is None else self._road.lanes[lane].axis
        if axis is not None:
            way = axis.upstream
        else:
            came = one.arrived_mps or other.arrived_mps
            if came is None:
                return apart_m, apart_m
            length = max(math.hypot(*came), 1e-6)
            way = (came[0] / length, came[1] / length)
        return apart_m, abs(dx * way[1] - dy * way[0])

    def _hard(self, one: Stand) -> tuple[float, float]:
        """How hard it braked and by how much it was turned just before it stood; zeros where it was not."""
        past = self._past.get(one.track.track_id)
        if past is None or past.hard_ns is None:
            return 0.0, 0.0
        if abs(past.hard_ns - one.since_ns) > self._settings.recent_s * NS_PER_S:
            return 0.0, 0.0
        return past.hard_mps2, past.turned_deg

    def _place(self, scene: SceneNow, one: Stand, other: Stand) -> Place:
        pos_m = ((one.pos_m[0] + other.pos_m[0]) / 2, (one.pos_m[1] + other.pos_m[1]) / 2)
        lane = self._road.lane_at(one.pos_m) or self._road.lane_at(other.pos_m)
        if lane is None:
            return Place(None, None, None, scene.camera, None, pos_m)
        before_m = self._road.before_m(lane, pos_m)
        at_m = None if before_m is None else round(before_m, 1)
        return Place(self._road.lanes[lane].approach, lane, None, scene.camera, at_m, pos_m)
