"""A vehicle that stands in a live lane and is no part of a queue."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import IncidentKind, Place
from edge.incidents.lamps import shown, shown_s
from edge.incidents.recent import Recent
from edge.incidents.road import Road, RoadLane, Use
from edge.incidents.scene import Said, SceneNow
from edge.incidents.spells import Spells
from edge.incidents.standing import Stand, Standing
from edge.types import Interval, Kind, Track

Rows = Mapping[str, Sequence[tuple[float, Track]]]
_TALL = frozenset({Kind.TRUCK, Kind.BUS})
#: Beyond the stop line by more than this, a vehicle is in the box.
_PAST_M = -1.0


@dataclass(frozen=True, slots=True)
class StoppedSettings:
    """When the way ahead of a standing vehicle counts as free, and how long it may stand then.

    A queue starts within 2 s a vehicle (HCM 2016, chapter 31: saturation headway 1.9 s, start-up lost time 2 s), so
    whoever has green, nobody moving up before him, and still stands 5 s later does not take part in it.

    free_m: room to the vehicle ahead; a queue stands 7 to 8 m a car (HCM: 7.6 m), so it takes more than one that
    nobody detects, and by `further` of each metre beyond near_m from the line more, where more are missed. look_m:
    spots ahead that no nearer box may hide for more of the time than leaves clear_share. least_px: a lower box stands
    where detectors miss many. green_s: how long the way has to be free by green. red_free_m, red_s: the same by red,
    where one may stop early; a missed lorry with its gap is 20 m long (red_alone_m: but nobody at all at the line),
    and a tall one that stands ahead may hide hidden_m of road. unknown_s: where lamps are unknown, the longest usual
    red (cycles to 180 s). head_m: this near the stop line one waits for a gap or for people crossing; only where no
    turn leaves the lane is it called: after head_s where others of its approach drove off meanwhile, else, as its
    exit may be full, after stuck_s. passed_s: where two drove round it, that long is enough. bus_s: a bus stops for
    passengers (TCRP Report 165: dwell times to 60 s). on_foot_m, beside_m: somebody on foot or something that lies
    this near ahead, and this near to the lane's middle line, is why it stands. settle_s: how long anybody must stand
    at least. again_m: who stands again within a car's length has not driven on. linger_s: a missed detection ends
    nothing before.
    """

    free_m: float = 13.0
    further: float = 0.12
    near_m: float = 20.0
    look_m: tuple[float, ...] = (4.0, 7.0, 10.0)
    clear_share: float = 0.35
    least_px: float = 8.0
    green_s: float = 5.0
    red_free_m: float = 21.0
    red_alone_m: float = 15.0
    hidden_m: float = 20.0
    red_s: float = 9.0
    unknown_s: float = 120.0
    head_m: float = 9.0
    head_s: float = 15.0
    stuck_s: float = 45.0
    on_foot_m: float = 15.0
    beside_m: float = 2.2
    passed_s: float = 3.0
    bus_s: float = 75.0
    settle_s: float = 4.0
    again_m: float = 5.0
    linger_s: float = 6.0


@dataclass(slots=True)
class _Watched:
    """What is kept of one stand. green_ns, red_ns: since when the way ahead was free by green, or by more room.

    looks, clear: how often the way was looked at meanwhile, and was in sight. behind: who was seen behind it in its
    lane; passed: those of them who drove round it.
    """

    key: str
    green_ns: int | None = None
    red_ns: int | None = None
    looks: int = 0
    clear: int = 0
    behind: set[int] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)


class StoppedVehicle:
    """One finding for each vehicle that stands without a reason; those behind it wait for it and are none."""

    name: ClassVar[str] = "stopped_vehicle"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.STOPPED_VEHICLE})

    def __init__(self, road: Road, settings: StoppedSettings | None = None) -> None:
        self._road = road
        self._settings = settings if settings is not None else StoppedSettings()
        self._spells = Spells(self.name, self._settings.linger_s)
        self._standing = Standing()
        self._watched: dict[int, _Watched] = {}
        self._stood: Recent[tuple[str, tuple[float, float]]] = Recent(self._settings.linger_s)
        self._went_ns: dict[str, int] = {}

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Starts, updates and ends of this instant."""
        stands = self._standing.update(scene.t_ns, scene.tracks)
        said: list[Said] = []
        rows = self._road.rows(scene.tracks)
        for crossing in scene.crossings:
            origin = None if crossing.lane is None else self._road.lanes.get(crossing.lane)
            if origin is not None and crossing.movement.rstrip("0123456789").endswith("T"):
                self._went_ns[origin.approach] = scene.t_ns
        for name, row in rows.items():
            for index, (before_m, track) in enumerate(row):
                stand = stands.get(track.track_id)
                if stand is None or before_m < _PAST_M:
                    continue
                ahead_m = row[index - 1][0] if index and row[index - 1][0] >= _PAST_M else None
                said += self._judge(scene, rows, self._road.lanes[name], before_m, stand, ahead_m)
        kept = {one.number for one in (*stands.values(), *self._standing.lost())}
        for number in [number for number in self._watched if number not in kept]:
            del self._watched[number]
        for track in scene.tracks:
            key, pos_m = self._stood.get(track.track_id) or ("", track.pos_m)
            if track.seen and math.dist(track.pos_m, pos_m) >= self._settings.again_m:
                said += self._spells.close(scene.t_ns, key)
        self._stood.sweep(scene.t_ns)
        return [*said, *self._spells.over(scene.t_ns)]

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """Nothing is known any more."""
        self._standing.clear()
        self._watched.clear()
        self._stood.clear()
        return self._spells.blind(t_ns, reason)

    def _judge(
        self, scene: SceneNow, rows: Rows, lane: RoadLane, before_m: float, stand: Stand, ahead_m: float | None
    ) -> Sequence[Said]:
        s, t_ns, kind = self._settings, scene.t_ns, IncidentKind.STOPPED_VEHICLE
        one = self._watched.get(stand.number)
        if one is None:
            one = self._watched[stand.number] = _Watched(self._key(lane, stand))
        self._stood.put(t_ns, stand.track.track_id, (one.key, stand.pos_m))
        place = Place(lane.approach, lane.id, None, scene.camera, round(before_m, 1), stand.pos_m)
        room_m = before_m if ahead_m is None else before_m - ahead_m
        self._overtakers(one, before_m, rows, lane)
        if one.key not in self._spells:
            unexplained = self._unexplained(scene, rows, lane, before_m, ahead_m, stand.track, one)
            if not unexplained or stand.stood_s(t_ns) < (s.bus_s if stand.track.kind is Kind.BUS else s.settle_s):
                return ()
            if self._road.uses_at(stand.pos_m) & Use.WORKS:
                return self._spells.quiet(t_ns, one.key, kind, place, "it stands within works")
            if before_m < s.head_m and self._box_is_blocked(scene):
                return self._spells.quiet(t_ns, one.key, kind, place, "the box ahead is blocked")
            if self._in_its_way(scene, lane, before_m):
                # When that is gone, it has as long to start as after a red.
                one.green_ns = one.red_ns = None
                return self._spells.quiet(t_ns, one.key, kind, place, "somebody or something is in its way")
        interval = shown(scene.signal, lane.phase)
        evidence = {
            "standing_s": round(stand.stood_s(t_ns), 1),
            "from_stop_m": round(before_m, 1),
            "free_ahead_m": round(room_m, 1),
            "signal": None if interval is None else interval.value,
            "drove_round": len(one.passed),
            "vehicle": stand.track.kind.value,
        }
        sure = min(0.97, 0.8 + 0.05 * min(len(one.passed), 2) + 0.005 * stand.stood_s(t_ns))
        tracks = (stand.track.track_id,)
        return self._spells.say(t_ns, one.key, kind, place, stand.since_ns, round(sure, 2), evidence, tracks)

    def _key(self, lane: RoadLane, stand: Stand) -> str:
        """Of where it stood before, where it has moved on by less than again_m; else it has driven on since."""
        key, pos_m = self._stood.get(stand.track.track_id) or (None, stand.pos_m)
        if key is not None and math.dist(pos_m, stand.pos_m) < self._settings.again_m:
            return key
        return f"{lane.id}-{stand.track.track_id}-{stand.number}"

    def _unexplained(
        self,
        scene: SceneNow,
        rows: Rows,
        lane: RoadLane,
        before_m: float,
        ahead_m: float | None,
        track: Track,
        one: _Watched,
    ) -> bool:
        """Whether it has had a free way ahead for longer than a queue needs to start."""
        s, t_ns = self._settings, scene.t_ns
        room_m = before_m if ahead_m is None else before_m - ahead_m
        interval, for_s = shown(scene.signal, lane.phase), shown_s(scene.signal, lane.phase, t_ns)
        head = before_m < s.head_m
        if head and lane.turns != {"T"}:
            one.green_ns = one.red_ns = None
            return False
        hidden_m = s.hidden_m if self._tall_ahead(rows, lane, before_m) else 0.0
        free_m = before_m if head else s.free_m + s.further * max(0.0, before_m - s.near_m)
        wide_m = (s.red_alone_m if ahead_m is None else s.red_free_m) + hidden_m
        green, wide = interval is Interval.GREEN and room_m >= free_m, room_m >= wide_m
        one.green_ns = (one.green_ns or t_ns) if green else None
        one.red_ns = (one.red_ns or t_ns) if wide else None
        if not (green or wide):
            one.looks = one.clear = 0
        elif track.seen:
            one.looks += 1
            one.clear += head or self._road.seen_free(lane.id, track, s.look_m, scene.tracks)
        if one.clear < s.clear_share * one.looks or track.box_px[3] - track.box_px[1] < s.least_px:
            return False
        if interval is None:
            return _lasted(one.red_ns, t_ns, s.unknown_s)
        # Nobody of its own lane can have gone while it stands at the line.
        others_go = self._went_ns.get(lane.approach, -1) > (one.green_ns or t_ns) + NS_PER_S * 5
        enough_s = (s.head_s if others_go else s.stuck_s) if head else s.passed_s if len(one.passed) > 1 else s.green_s
        # With more than the longest gap nobody would stop early, whatever the lamps show.
        by_green = for_s is not None and for_s >= enough_s and _lasted(one.green_ns, t_ns, enough_s)
        return by_green or _lasted(one.red_ns, t_ns, s.red_s)

    def _in_its_way(self, scene: SceneNow, lane: RoadLane, before_m: float) -> bool:
        """Whether somebody on foot or something lies ahead of it in its lane: that is told by another rule."""
        people = [track.pos_m for track in scene.tracks if track.kind is Kind.PERSON]
        things = [thing.pos_m for thing in scene.scenery.objects] if scene.scenery is not None else []
        assert lane.axis is not None  # noqa: S101 - rows have an axis
        return any(
            -1.0 < before_m - lane.axis.before_m(pos_m) < self._settings.on_foot_m
            and lane.axis.aside_m(pos_m) < self._settings.beside_m
            for pos_m in (*people, *things)
        )

    def _tall_ahead(self, rows: Rows, lane: RoadLane, before_m: float) -> bool:
        """Whether a lorry or bus of the approach stands nearer to the camera and may hide who is in between."""
        return any(
            track.kind in _TALL and at_m < before_m
            for name, row in rows.items()
            if self._road.lanes[name].approach == lane.approach
            for at_m, track in row
        )

    def _overtakers(self, one: _Watched, before_m: float, rows: Rows, lane: RoadLane) -> None:
        """Who was behind it in its lane, and now is ahead of it in any lane of the approach, drove round it."""
        if len(one.behind) < 64:
            one.behind.update(track.track_id for at_m, track in rows[lane.id] if at_m > before_m + 3.0)
        for name, row in rows.items():
            if name != lane.id and self._road.lanes[name].approach == lane.approach:
                one.passed.update(t.track_id for at_m, t in row if at_m < before_m - 5.0 and t.track_id in one.behind)

    def _box_is_blocked(self, scene: SceneNow) -> bool:
        """Whether somebody stands in the box."""
        return any(
            track.speed_mps is not None
            and track.speed_mps < 1.2
            and track.kind is not Kind.PERSON
            and self._road.uses_at(track.pos_m) & Use.BOX
            for track in scene.tracks
        )


def _lasted(since_ns: int | None, t_ns: int, least_s: float) -> bool:
    return since_ns is not None and t_ns - since_ns >= least_s * NS_PER_S
