"""A lane whose vehicles, with a free way before them, drive far slower than they do there otherwise."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import IncidentKind, Place
from edge.incidents.lamps import shown, shown_s
from edge.incidents.road import Road, RoadLane
from edge.incidents.scene import Said, SceneNow
from edge.incidents.spells import Spells
from edge.types import Interval, Kind, Track


@dataclass(frozen=True, slots=True)
class SlowLaneSettings:
    """Whom to time: metres of lane between from_m and upto_m before the stop line, travelled_m of them or more until
    timed_s are over, by a green of more than green_s, with nobody less than room_m ahead; or by any signal further from
    the line than far_m, where nobody brakes for it yet (13 m/s at 2.5 m/s² take 34 m), with nobody less than far_room_m
    ahead.

    slow_share: of the lane's own normal (the median of the last `normal_of`, after `learned`; before that first_share
    of the limit) that is abnormal: HCM 2016 puts 40 % of the free speed between levels of service E and F. in_row: so
    many one after another within window_s; crawl_row, where all are slower than crawl_share. over_row: so many at
    normal speed end it, as does silent_s without anybody.
    """

    from_m: float = 12.0
    upto_m: float = 80.0
    travelled_m: float = 15.0
    timed_s: float = 5.0
    green_s: float = 12.0
    room_m: float = 12.0
    far_m: float = 35.0
    far_room_m: float = 25.0
    slow_share: float = 0.4
    first_share: float = 0.3
    normal_of: int = 60
    learned: int = 15
    in_row: int = 3
    crawl_share: float = 0.28
    crawl_row: int = 2
    window_s: float = 150.0
    over_row: int = 2
    silent_s: float = 120.0


@dataclass(slots=True)
class _Timed:
    """One vehicle on its way along a lane: where and when it was first free, and where it was last so.

    spoilt: its way is not free; done: all of its way that counts is known; counted: and was told to its lane.
    """

    lane: str
    from_ns: int
    from_m: float
    last_ns: int
    last_m: float
    seen_ns: int
    spoilt: bool
    done: bool = False
    counted: bool = False


@dataclass(slots=True)
class _LaneNow:
    """What one lane's vehicles did. slow: when and how fast the slow ones of the present row were, with their ids."""

    normal: deque[float]
    slow: list[tuple[int, float, int]] = field(default_factory=list)
    brisk: int = 0
    last_ns: int = 0
    since_ns: int | None = None


class SlowLane:
    """One finding for each lane."""

    name: ClassVar[str] = "slow_lane"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.SLOW_LANE})

    def __init__(self, road: Road, settings: SlowLaneSettings | None = None) -> None:
        self._road = road
        self._settings = settings if settings is not None else SlowLaneSettings()
        self._spells = Spells(self.name, 2.0)
        self._timed: dict[int, _Timed] = {}
        self._lanes = {name: _LaneNow(deque(maxlen=self._settings.normal_of)) for name in road.lanes}

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Starts, updates and ends of this instant."""
        s, t_ns = self._settings, scene.t_ns
        for name, row in self._road.rows(scene.tracks).items():
            lane = self._road.lanes[name]
            interval = shown(scene.signal, lane.phase)
            for_s = shown_s(scene.signal, lane.phase, t_ns)
            open_way = interval is Interval.GREEN and for_s is not None and for_s >= s.green_s
            before = None
            for before_m, track in row:
                room_m = before_m - (before if before is not None else -s.far_room_m)
                before = before_m
                if track.kind is not Kind.BICYCLE and track.seen:
                    free = (open_way and room_m >= s.room_m) or (before_m >= s.far_m and room_m >= s.far_room_m)
                    self._time(scene, lane, track, before_m, free)
        for track_id, one in list(self._timed.items()):
            gone = t_ns - one.seen_ns > NS_PER_S
            if (gone or one.done) and not one.counted:
                self._finish(track_id, one)
            if gone:
                del self._timed[track_id]
        said: list[Said] = []
        for name, now in self._lanes.items():
            said += self._tell(scene, self._road.lanes[name], now)
        return [*said, *self._spells.over(t_ns)]

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """Nothing is known of the street any more; what is normal stays known."""
        self._timed.clear()
        for now in self._lanes.values():
            now.slow.clear()
            now.brisk, now.since_ns = 0, None
        return self._spells.blind(t_ns, reason)

    def _time(self, scene: SceneNow, lane: RoadLane, track: Track, before_m: float, free: bool) -> None:
        one = self._timed.get(track.track_id)
        if one is not None and one.lane != lane.id and one.counted:
            one.lane = lane.id  # once is enough, whichever lane it goes on in
        elif one is not None and one.lane != lane.id:
            self._finish(track.track_id, one)
            one = None
        if one is None:
            if self._settings.from_m < before_m <= self._settings.upto_m:
                now_ns = scene.t_ns
                self._timed[track.track_id] = _Timed(lane.id, now_ns, before_m, now_ns, before_m, now_ns, not free)
            return
        one.seen_ns = scene.t_ns
        if one.done:
            return
        if before_m < self._settings.from_m or (not free and self._enough(one)):
            one.done = True
            return
        if free and one.spoilt:
            one.from_ns, one.from_m = scene.t_ns, before_m
        one.spoilt = not free
        one.last_ns, one.last_m = scene.t_ns, before_m
        one.done = self._timed_long(one)

    def _enough(self, one: _Timed) -> bool:
        return not one.spoilt and one.from_m - one.last_m >= self._settings.travelled_m

    def _timed_long(self, one: _Timed) -> bool:
        return self._enough(one) and one.last_ns - one.from_ns >= self._settings.timed_s * NS_PER_S

    def _finish(self, track_id: int, one: _Timed) -> None:
        """Its speed over the free part of its way counts for its lane."""
        s, now = self._settings, self._lanes[one.lane]
        one.counted = True
        travelled_m, took_s = one.from_m - one.last_m, (one.last_ns - one.from_ns) / NS_PER_S
        if one.spoilt or travelled_m < s.travelled_m or took_s <= 0.3:
            return
        speed_mps = travelled_m / took_s
        now.last_ns = one.last_ns
        if speed_mps < self._slow_mps(one.lane):
            now.slow.append((one.last_ns, speed_mps, track_id))
            now.brisk = 0
            del now.slow[:-8]
        else:
            now.normal.append(speed_mps)
            now.brisk += 1
            if now.since_ns is None or now.brisk >= s.over_row:
                now.slow.clear()

    def _slow_mps(self, name: str) -> float:
        s, now = self._settings, self._lanes[name]
        if len(now.normal) < s.learned:
            return s.first_share * self._road.lanes[name].speed_limit_mps
        return s.slow_share * median(now.normal)

    def _enough_of(self, name: str, now: _LaneNow) -> bool:
        """Whether so many slow ones came one after another that it is the lane."""
        s = self._settings
        crawl_mps = s.crawl_share / s.slow_share * self._slow_mps(name)
        crawl = len(now.normal) >= s.learned and all(speed <= crawl_mps for _, speed, _ in now.slow)
        return len(now.slow) >= (s.crawl_row if crawl else s.in_row)

    def _tell(self, scene: SceneNow, lane: RoadLane, now: _LaneNow) -> Sequence[Said]:
        s, t_ns = self._settings, scene.t_ns
        now.slow = [one for one in now.slow if now.since_ns is not None or t_ns - one[0] <= s.window_s * NS_PER_S]
        if now.since_ns is None and self._enough_of(lane.id, now):
            now.since_ns = now.slow[0][0]
        if now.since_ns is None:
            return ()
        if not now.slow or t_ns - now.last_ns > s.silent_s * NS_PER_S:
            now.since_ns = None
            now.slow.clear()
            return ()
        place = Place(lane.approach, lane.id, None, scene.camera)
        learned = len(now.normal) >= s.learned
        evidence = {
            "speed_mps": round(median(speed for _, speed, _ in now.slow), 1),
            "normal_mps": round(median(now.normal), 1) if learned else None,
            "limit_mps": round(lane.speed_limit_mps, 1),
            "vehicles": len(now.slow),
        }
        tracks = tuple(track_id for _, _, track_id in now.slow)
        return self._spells.say(t_ns, lane.id, IncidentKind.SLOW_LANE, place, now.since_ns, 0.7, evidence, tracks)
