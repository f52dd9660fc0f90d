"""Who stands, and since when: a stand outlives a missed detection and a changed track number."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from edge.clock import NS_PER_S
from edge.incidents.recent import Recent
from edge.types import Kind, Track

PointM = tuple[float, float]


@dataclass(frozen=True, slots=True)
class StandSettings:
    """A vehicle stands from when it is slower than stands_mps until it is faster than goes_mps or has moved_m.

    2.5 m is a third of a queued car's length and five times the usual error of a place. keep_s: so long a stand is
    kept for a vehicle that is not seen, and given to a new track that begins within same_m of it.
    """

    stands_mps: float = 1.2
    goes_mps: float = 2.6
    moved_m: float = 2.5
    keep_s: float = 5.0
    same_m: float = 2.0


@dataclass(slots=True)
class Stand:
    """One vehicle that stands, by a number of its own. arrived_mps: its velocity when it last drove, None where it was
    not seen to. pos_m: mean of where it was seen since."""

    number: int
    track: Track
    since_ns: int
    pos_m: PointM
    arrived_mps: PointM | None
    last_ns: int
    seen: int = 1

    def stood_s(self, t_ns: int) -> float:
        """Seconds until t_ns."""
        return (t_ns - self.since_ns) / NS_PER_S


class Standing:
    """Give it every instant's vehicles; it answers by track id."""

    def __init__(self, settings: StandSettings | None = None) -> None:
        self._settings = settings if settings is not None else StandSettings()
        self._stands: dict[int, Stand] = {}
        self._lost: list[Stand] = []
        self._moving: Recent[PointM] = Recent()
        self._number = 0

    def clear(self) -> None:
        """Forget everybody."""
        self._stands.clear()
        self._lost.clear()
        self._moving.clear()

    def update(self, t_ns: int, tracks: Iterable[Track]) -> dict[int, Stand]:
        """Track id → stand, of those that stand now or did when last seen."""
        s = self._settings
        present: set[int] = set()
        for track in tracks:
            if track.kind is Kind.PERSON:
                continue
            present.add(track.track_id)
            self._one(t_ns, track)
        keep_ns = t_ns - round(s.keep_s * NS_PER_S)
        for track_id in [known for known in self._stands if known not in present]:
            self._lost.append(self._stands.pop(track_id))
        self._lost = [one for one in self._lost if one.last_ns >= keep_ns]
        self._moving.sweep(t_ns)
        return self._stands

    def lost(self) -> list[Stand]:
        """Those that stood when they were last seen, not long ago."""
        return self._lost

    def _one(self, t_ns: int, track: Track) -> None:
        s = self._settings
        stand = self._stands.get(track.track_id)
        if track.speed_mps is None or track.vel_mps is None:
            return
        self._moving.touch(t_ns, track.track_id)
        if stand is None:
            if track.speed_mps < s.stands_mps:
                self._stands[track.track_id] = self._begin(t_ns, track)
            elif track.speed_mps > s.goes_mps:
                self._moving.put(t_ns, track.track_id, track.vel_mps)
            return
        stand.track = track
        if not track.seen:
            return
        moved_m = math.dist(track.pos_m, stand.pos_m)
        if track.speed_mps > s.goes_mps or moved_m > s.moved_m:
            del self._stands[track.track_id]
            if track.speed_mps > s.goes_mps:
                self._moving.put(t_ns, track.track_id, track.vel_mps)
            elif track.speed_mps < s.stands_mps:
                self._stands[track.track_id] = self._begin(t_ns, track)
            return
        stand.last_ns = t_ns
        stand.seen += 1
        # The place settles as it is seen longer, and follows a creep all the same.
        share = max(0.02, 1.0 / stand.seen)
        stand.pos_m = (
            stand.pos_m[0] + share * (track.pos_m[0] - stand.pos_m[0]),
            stand.pos_m[1] + share * (track.pos_m[1] - stand.pos_m[1]),
        )

    def _begin(self, t_ns: int, track: Track) -> Stand:
        for lost in self._lost:
            if math.dist(lost.pos_m, track.pos_m) <= self._settings.same_m:
                self._lost.remove(lost)
                lost.track, lost.last_ns = track, t_ns
                return lost
        self._number += 1
        return Stand(self._number, track, t_ns, track.pos_m, self._moving.get(track.track_id), t_ns)
