"""Two that all but collided in the box or on a crossing: post-encroachment time and time to collision.

Post-encroachment time: from when the first leaves the place where their ways cross to when the second comes there
(Allen, Shin & Cooper 1978). Time to collision: until they would meet if both went on as they do (Hayward 1972).
FHWA's SSAM (FHWA-HRT-08-051) takes up to 5 s and 1.5 s for conflicts worth a model's count; a person who watches
calls out far less.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import Finding, IncidentKind, Place, Stage
from edge.incidents.road import Road, Use
from edge.incidents.scene import Said, SceneNow
from edge.types import Kind, Track

PointM = tuple[float, float]
#: From front to back, m; what a place stands for is the front or the nearer edge.
_LENGTH_M = {Kind.CAR: 4.5, Kind.TRUCK: 8.0, Kind.BUS: 12.0, Kind.MOTORCYCLE: 2.2, Kind.BICYCLE: 1.8, Kind.PERSON: 0.5}


@dataclass(frozen=True, slots=True)
class NearMissSettings:
    """pet_s: less than this is a near miss where a vehicle is one of the two and the second came at second_mps or more
    (Allen 1978 calls 1 s and less the most severe class; less than half of it leaves room for an error of half a
    metre); on_foot_pet_s: where one of them walks. wide_pet_s: so much is one, too, where the time to collision was
    ttc_s or less at some instant before. angle_deg: ways that run alike are following, not crossing. least_mps: slower
    ones wait for each other. remember_s: ways are kept so long. age_s: a track younger than this does not know its way
    yet. settled_mps: speeds less certain are not used. heading_s: which way one goes is known from so long a way.
    step_m: who is further on in the next frame is another one. cell_m: of the raster that finds who was near.
    close_m: places that come this near and a quarter of both lengths collide.
    """

    pet_s: float = 0.4
    on_foot_pet_s: float = 0.3
    wide_pet_s: float = 1.0
    ttc_s: float = 0.7
    second_mps: float = 4.0
    least_mps: float = 1.0
    angle_deg: float = 40.0
    remember_s: float = 3.0
    age_s: float = 1.5
    settled_mps: float = 1.5
    heading_s: float = 0.5
    step_m: float = 3.0
    cell_m: float = 2.0
    close_m: float = 1.0


@dataclass(slots=True)
class _Way:
    """The last seconds of one track: when, where, how fast; and the shortest time to collision with any other."""

    kind: Kind
    points: deque[tuple[int, PointM, PointM]]
    ttc: dict[int, float] = field(default_factory=dict)
    last_ns: int = 0


class NearMiss:
    """A moment for each pair."""

    name: ClassVar[str] = "near_miss"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.NEAR_MISS})

    def __init__(self, road: Road, settings: NearMissSettings | None = None) -> None:
        self._road = road
        self._settings = settings if settings is not None else NearMissSettings()
        self._ways: dict[int, _Way] = {}
        self._cells: dict[tuple[int, int], dict[int, int]] = {}
        self._told: dict[tuple[int, int], int] = {}
        self._swept_ns = 0

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Moments of this instant."""
        s, said = self._settings, list[Said]()
        watched = [track for track in scene.tracks if self._counts(track)]
        self._closing(watched)
        for track in watched:
            assert track.vel_mps is not None  # noqa: S101 - counts only with one
            way = self._ways.setdefault(track.track_id, _Way(track.kind, deque(maxlen=64)))
            before = way.points[-1] if way.points else None
            way.points.append((scene.t_ns, track.pos_m, track.vel_mps))
            way.kind, way.last_ns = track.kind, scene.t_ns
            cell = (math.floor(track.pos_m[0] / s.cell_m), math.floor(track.pos_m[1] / s.cell_m))
            steady = before is not None and math.dist(before[1], track.pos_m) <= s.step_m
            if before is not None and steady and (track.speed_mps or 0.0) >= s.least_mps:
                for other_id in self._near(cell, track.track_id):
                    said += self._crossed(scene, track, before, other_id)
            self._cells.setdefault(cell, {})[track.track_id] = scene.t_ns
        self._sweep(scene.t_ns)
        return said

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:  # noqa: ARG002 - part of the protocol
        """Nothing is known any more; nothing is open."""
        self._ways.clear()
        self._cells.clear()
        self._told.clear()
        return ()

    def _counts(self, track: Track) -> bool:
        s = self._settings
        if not track.seen or track.vel_mps is None or track.age_s < s.age_s:
            return False
        if track.speed_sd_mps is None or track.speed_sd_mps > s.settled_mps:
            return False
        return bool(self._road.uses_at(track.pos_m) & (Use.BOX | Use.FOOT))

    def _near(self, cell: tuple[int, int], track_id: int) -> list[int]:
        """Others that were in this cell or one beside it."""
        found: dict[int, None] = {}
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                for other_id in self._cells.get((cell[0] + dx, cell[1] + dy), ()):
                    if other_id != track_id:
                        found[other_id] = None
        return list(found)

    def _crossed(
        self, scene: SceneNow, track: Track, before: tuple[int, PointM, PointM], other_id: int
    ) -> Sequence[Said]:
        """Whether the last step of a track crossed the way of another, and how long after that one had left."""
        s, other = self._settings, self._ways.get(other_id)
        pair = (min(track.track_id, other_id), max(track.track_id, other_id))
        if other is None or pair in self._told or {track.kind, other.kind} <= {Kind.PERSON, Kind.BICYCLE}:
            return ()
        points = list(other.points)
        for (start_ns, start, way), (end_ns, end, _) in pairwise(points):
            share = _crossing(before[1], track.pos_m, start, end)
            if share is None or math.dist(start, end) > s.step_m:
                continue
            other_mps = math.hypot(*way)
            own, its = self._heading(self._ways[track.track_id], scene.t_ns), self._heading(other, end_ns)
            if other_mps < s.least_mps or own is None or its is None or not self._slants(own, its):
                return ()
            here_ns = before[0] + share[0] * (scene.t_ns - before[0])
            there_ns = start_ns + share[1] * (end_ns - start_ns)
            clear_s = _LENGTH_M[other.kind] / other_mps
            pet_s = (here_ns - there_ns) / NS_PER_S - clear_s
            return self._judge(scene, track, other_id, other, max(pet_s, 0.0), pair)
        return ()

    def _judge(
        self, scene: SceneNow, track: Track, other_id: int, other: _Way, pet_s: float, pair: tuple[int, int]
    ) -> Sequence[Said]:
        s = self._settings
        on_foot = Kind.PERSON in {track.kind, other.kind}
        ttc_s = min(self._ways[track.track_id].ttc.get(other_id, math.inf), other.ttc.get(track.track_id, math.inf))
        near = pet_s <= (s.on_foot_pet_s if on_foot else s.pet_s)
        if not near and (pet_s > s.wide_pet_s or ttc_s > s.ttc_s):
            return ()
        if (track.speed_mps or 0.0) < s.second_mps and track.kind is not Kind.PERSON:
            return ()
        self._told[pair] = scene.t_ns
        evidence = {
            "pet_s": round(pet_s, 2),
            "ttc_s": None if math.isinf(ttc_s) else round(ttc_s, 2),
            "second_mps": round(track.speed_mps or 0.0, 1),
            "first": other.kind.value,
            "second": track.kind.value,
        }
        place = Place(camera=scene.camera, pos_m=track.pos_m)
        tracks = (other_id, track.track_id)
        return (
            Finding(
                scene.t_ns,
                self.name,
                f"{pair[0]}-{pair[1]}",
                IncidentKind.NEAR_MISS,
                Stage.MOMENT,
                place,
                scene.t_ns,
                0.7,
                evidence,
                tracks,
            ),
        )

    def _heading(self, way: _Way, t_ns: int) -> PointM | None:
        """From where it was heading_s before t_ns to where it was then; None where it went less than a metre."""
        points = [point for point in way.points if point[0] <= t_ns]
        limit_ns = t_ns - round(self._settings.heading_s * NS_PER_S)
        if not points or points[0][0] > limit_ns:
            return None
        (_, (x, y), _) = next(point for point in reversed(points) if point[0] <= limit_ns)
        dx, dy = points[-1][1][0] - x, points[-1][1][1] - y
        return (dx, dy) if math.hypot(dx, dy) >= 1.0 else None

    def _slants(self, one: PointM, other: PointM) -> bool:
        dot = (one[0] * other[0] + one[1] * other[1]) / max(math.hypot(*one) * math.hypot(*other), 1e-6)
        return abs(dot) < math.cos(math.radians(self._settings.angle_deg))

    def _closing(self, watched: Sequence[Track]) -> None:
        """The shortest time to collision of each pair that is on a collision course."""
        s = self._settings
        moving = [t for t in watched if t.speed_mps is not None and t.speed_mps >= s.least_mps]
        for i, one in enumerate(moving):
            for other in moving[i + 1 :]:
                dx, dy = other.pos_m[0] - one.pos_m[0], other.pos_m[1] - one.pos_m[1]
                if abs(dx) > 15.0 or abs(dy) > 15.0 or one.vel_mps is None or other.vel_mps is None:
                    continue
                vx, vy = other.vel_mps[0] - one.vel_mps[0], other.vel_mps[1] - one.vel_mps[1]
                closing = -(dx * vx + dy * vy)
                speed2 = vx * vx + vy * vy
                if closing <= 0 or speed2 < 1.0:
                    continue
                at_s = closing / speed2
                miss_m = math.hypot(dx + at_s * vx, dy + at_s * vy)
                # Half the length of either, since a place is one point of a vehicle.
                reach_m = s.close_m + 0.25 * (_LENGTH_M[one.kind] + _LENGTH_M[other.kind])
                way = self._ways.get(one.track_id)
                if miss_m <= reach_m and way is not None and at_s < way.ttc.get(other.track_id, math.inf):
                    way.ttc[other.track_id] = at_s

    def _sweep(self, t_ns: int) -> None:
        """Once a second: forget what lies too long ago."""
        if t_ns - self._swept_ns < NS_PER_S:
            return
        self._swept_ns = t_ns
        limit_ns = t_ns - round(self._settings.remember_s * NS_PER_S)
        self._ways = {track_id: way for track_id, way in self._ways.items() if way.last_ns >= limit_ns}
        for cell in list(self._cells):
            left = {track_id: at_ns for track_id, at_ns in self._cells[cell].items() if at_ns >= limit_ns}
            if left:
                self._cells[cell] = left
            else:
                del self._cells[cell]
        self._told = {pair: at_ns for pair, at_ns in self._told.items() if at_ns >= t_ns - 30 * NS_PER_S}


def _crossing(a: PointM, b: PointM, c: PointM, d: PointM) -> tuple[float, float] | None:
    """Shares of a→b and of c→d at which they cross; None where they do not."""
    rx, ry, sx, sy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    cross = rx * sy - ry * sx
    if abs(cross) < 1e-9:
        return None
    t = ((c[0] - a[0]) * sy - (c[1] - a[1]) * sx) / cross
    u = ((c[0] - a[0]) * ry - (c[1] - a[1]) * rx) / cross
    return (t, u) if 0.0 <= t <= 1.0 and 0.0 <= u <= 1.0 else None
