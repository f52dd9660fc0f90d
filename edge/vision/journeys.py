"""One journey a road user: tracks stitched together over short losses.

A tracker loses an object behind a lorry and finds it again under a new number. A
journey goes on through that, so counting asks journeys, never track numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.clock import NS_PER_S
from edge.types import KINDS, Kind, Track
from edge.vision.assign import best_pairs

Array = NDArray[np.float64]

#: What each kind may be taken for from one sight to the next. Nobody is a person and then a lorry.
_RIDDEN = frozenset({Kind.MOTORCYCLE, Kind.BICYCLE})
_BULKY = frozenset({Kind.CAR, Kind.TRUCK, Kind.BUS})
_LIKE = {
    **dict.fromkeys(_BULKY, _BULKY | _RIDDEN),
    **dict.fromkeys(_RIDDEN, frozenset(Kind)),
    Kind.PERSON: _RIDDEN | {Kind.PERSON},
}
PlaceM = tuple[float, float]


@dataclass(frozen=True, slots=True)
class StitchSettings:
    """A new track continues a lost one if it begins within gap_s on the way that one may
    have gone meanwhile: anywhere between braking by braking_mps2 at once and speeding up by
    accel_mps2, and reach_m around that.
    """

    gap_s: float = 2.5
    reach_m: float = 2.5
    walking_mps: float = 0.5
    walking_reach_m: float = 1.2
    accel_mps2: float = 2.5
    braking_mps2: float = 8.0
    moving_mps: float = 1.4
    resume_mps: float = 2.5


@dataclass(slots=True, eq=False)
class Journey:
    """What one road user did, from first to last sight. Positions in metres on the ground.

    leap_m is how far the latest sighting was from where the velocity before it led to,
    furthest_m how far it ever was from where it was first seen.
    Of every gate: side now and at birth, signed distance and offset at the last sighting, when
    and where it was last exactly on the gate's line, passed_ns when it was passed downstream,
    beside when that was outside its ends.
    leaving: movement → when its exit gate was passed, while that is not decided; refused:
    movement → why it was decided against.
    """

    track_id: int
    born_ns: int
    last_ns: int
    first_m: PlaceM
    first_px: tuple[float, float]
    pos_m: PlaceM
    last_px: tuple[float, float]
    box_px: tuple[float, float, float, float]
    vel_mps: PlaceM
    gates: int
    speed_sd_mps: float = 0.0
    leap_m: float = 0.0
    furthest_m: float = 0.0
    hits: int = 0
    votes: Array = field(default_factory=lambda: np.zeros(len(KINDS)))
    stopped_since_ns: int | None = None
    waited_s: float = 0.0
    side: NDArray[np.int8] = field(init=False)
    first_side: NDArray[np.int8] = field(init=False)
    distance_m: Array = field(init=False)
    offset_m: Array = field(init=False)
    on_line_ns: NDArray[np.int64] = field(init=False)
    on_line_m: Array = field(init=False)
    passed_ns: dict[int, int] = field(default_factory=dict)
    leaving: dict[int, int] = field(default_factory=dict)
    beside: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    counted: str | None = None
    counted_ns: int = 0
    lane_s: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.side = np.zeros(self.gates, np.int8)
        self.first_side = np.zeros(self.gates, np.int8)
        self.distance_m = np.zeros(self.gates)
        self.offset_m = np.zeros(self.gates)
        self.on_line_ns = np.full(self.gates, self.born_ns)
        self.on_line_m = np.zeros(self.gates)

    @property
    def kind(self) -> Kind:
        """The class with most of the vote over the whole life."""
        return KINDS[int(self.votes.argmax())]

    @property
    def travelled_m(self) -> float:
        """Straight from where it was first seen to where it is."""
        return math.hypot(*self.way_m)

    @property
    def way_m(self) -> PlaceM:
        """From where it was first seen to where it is."""
        return self.pos_m[0] - self.first_m[0], self.pos_m[1] - self.first_m[1]

    @property
    def speed_mps(self) -> float:
        """Length of the velocity last known."""
        return math.hypot(*self.vel_mps)

    @property
    def age_s(self) -> float:
        """Seconds between first and last sight."""
        return (self.last_ns - self.born_ns) / NS_PER_S

    @property
    def lane(self) -> str | None:
        """The lane it was in for longest; None when it was in none."""
        return max(self.lane_s, key=lambda name: (self.lane_s[name], name)) if self.lane_s else None

    def see(self, track: Track, stitch: StitchSettings) -> float:
        """Take one sighting; returns the seconds since the one before."""
        elapsed_s = (track.t_ns - self.last_ns) / NS_PER_S
        self.track_id = track.track_id
        self.last_ns = track.t_ns
        expected = (self.pos_m[i] + self.vel_mps[i] * elapsed_s for i in (0, 1))
        self.leap_m = math.dist(track.pos_m, tuple(expected))
        self.pos_m = track.pos_m
        self.furthest_m = max(self.furthest_m, self.travelled_m)
        self.last_px = track.foot_px
        self.box_px = track.box_px
        if track.vel_mps is not None:
            self.vel_mps = track.vel_mps
            self.speed_sd_mps = track.speed_sd_mps or 0.0
            self._stand_or_go(track.t_ns, elapsed_s, self.speed_mps, stitch)
        elif self.hits >= 2:
            # Too young for the filter to say; the way it came so far has to do.
            age_s, way = max(self.age_s, 1e-3), self.way_m
            self.vel_mps = (way[0] / age_s, way[1] / age_s)
            self.speed_sd_mps = 0.5 * self.speed_mps
        self.votes[KINDS.index(track.kind)] += track.score
        self.hits += 1
        return elapsed_s

    def pass_lines(self, over: NDArray[np.bool_], distance_m: Array, offset_m: Array, elapsed_s: float) -> None:
        """Note when and where the lines `over` (gates,) were passed between the last sighting and this one.

        Give it the signed distances and offsets of this sighting before they are kept.
        """
        share = -self.distance_m[over] / (distance_m[over] - self.distance_m[over])
        late_ns = ((1.0 - share) * elapsed_s * NS_PER_S).astype(np.int64)
        self.on_line_ns[over] = self.last_ns - late_ns
        self.on_line_m[over] = self.offset_m[over] + share * (offset_m[over] - self.offset_m[over])

    def _stand_or_go(self, t_ns: int, elapsed_s: float, speed_mps: float, stitch: StitchSettings) -> None:
        if self.stopped_since_ns is None:
            if speed_mps < stitch.moving_mps:
                self.stopped_since_ns = t_ns
        elif speed_mps > stitch.resume_mps:
            self.stopped_since_ns = None
        else:
            self.waited_s += elapsed_s


class Journeys:
    """All journeys of one camera that are still open."""

    def __init__(self, gates: int, settings: StitchSettings | None = None) -> None:
        self._gates = gates
        self._settings = settings if settings is not None else StitchSettings()
        self._by_track: dict[int, Journey] = {}
        self._lost: list[Journey] = []

    def update(self, t_ns: int, tracks: tuple[Track, ...]) -> tuple[list[tuple[Journey, Track, float]], list[Journey]]:
        """Journeys seen now, each with its track and the seconds since it was last seen; and those that ended.

        A journey seen for the first time comes with 0 s. Only sightings count: a track
        that coasts through a missed detection adds nothing.
        """
        sighted = [track for track in tracks if track.seen]
        ids = {track.track_id for track in sighted}
        for track_id in [known for known in self._by_track if known not in ids]:
            self._lost.append(self._by_track.pop(track_id))
        fresh = self._continue_lost(t_ns, [track for track in sighted if track.track_id not in self._by_track])
        seen = [
            (self._by_track[track.track_id], track, self._by_track[track.track_id].see(track, self._settings))
            for track in sighted
            if track.track_id not in fresh
        ]
        seen += [(self._begin(track), track, 0.0) for track in sighted if track.track_id in fresh]
        limit_ns = t_ns - int(self._settings.gap_s * NS_PER_S)
        ended = [journey for journey in self._lost if journey.last_ns < limit_ns]
        self._lost = [journey for journey in self._lost if journey.last_ns >= limit_ns]
        return seen, ended

    def close(self) -> list[Journey]:
        """End every journey; returns them in order of birth."""
        ended = sorted([*self._by_track.values(), *self._lost], key=lambda journey: (journey.born_ns, journey.track_id))
        self._by_track, self._lost = {}, []
        return ended

    def standing_since_ns(self) -> dict[int, int]:
        """Track id → since when it has stood, for journeys that stand now."""
        return {
            track_id: journey.stopped_since_ns
            for track_id, journey in self._by_track.items()
            if journey.stopped_since_ns is not None
        }

    def replace(self, journey: Journey, track: Track) -> Journey:
        """Begin a new journey under a track that now follows another road user."""
        del self._by_track[journey.track_id]
        return self._begin(track)

    def _begin(self, track: Track) -> Journey:
        journey = Journey(
            track_id=track.track_id,
            born_ns=track.t_ns,
            last_ns=track.t_ns,
            first_m=track.pos_m,
            first_px=track.foot_px,
            pos_m=track.pos_m,
            last_px=track.foot_px,
            box_px=track.box_px,
            vel_mps=(0.0, 0.0),
            gates=self._gates,
        )
        journey.see(track, self._settings)
        self._by_track[track.track_id] = journey
        return journey

    def _continue_lost(self, t_ns: int, unknown: list[Track]) -> set[int]:
        """Give lost journeys to tracks that continue them; returns the ids that continue none."""
        fresh = {track.track_id for track in unknown}
        # A track that comes back under its own number needs no search.
        for track in unknown:
            for journey in self._lost:
                if journey.track_id == track.track_id:
                    self._by_track[track.track_id] = journey
                    fresh.discard(track.track_id)
                    self._lost.remove(journey)
                    break
        unknown = [track for track in unknown if track.track_id in fresh]
        if not unknown or not self._lost:
            return fresh
        s = self._settings
        cost = np.array([[_detour(journey, track, t_ns, s) for track in unknown] for journey in self._lost])
        rows, columns = best_pairs(cost, 1.0)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            track = unknown[column]
            self._by_track[track.track_id] = self._lost[row]
            self._lost[row].track_id = track.track_id
            fresh.discard(track.track_id)
        taken = set(rows.tolist())
        self._lost = [journey for row, journey in enumerate(self._lost) if row not in taken]
        return fresh


def _detour(journey: Journey, track: Track, t_ns: int, stitch: StitchSettings) -> float:
    """How far off a lost journey's possible way a new track begins: 0 where expected, 1 at the limit."""
    if track.kind not in _LIKE[journey.kind]:
        return 1.0
    gap_s = (t_ns - journey.last_ns) / NS_PER_S
    speed = journey.speed_mps
    walks = journey.kind is Kind.PERSON
    reach_m = stitch.walking_reach_m if walks else stitch.reach_m
    unsure_m = 2.0 * journey.speed_sd_mps * gap_s
    step_x, step_y = track.pos_m[0] - journey.pos_m[0], track.pos_m[1] - journey.pos_m[1]
    if speed < (stitch.walking_mps if walks else stitch.moving_mps):
        reach = reach_m + 0.5 * stitch.accel_mps2 * gap_s**2 + min(unsure_m, reach_m)
        return math.hypot(step_x, step_y) / reach
    ahead_x, ahead_y = journey.vel_mps[0] / speed, journey.vel_mps[1] / speed
    along = step_x * ahead_x + step_y * ahead_y
    aside = abs(step_x * ahead_y - step_y * ahead_x)
    expected = speed * gap_s
    furthest = expected + 0.5 * stitch.accel_mps2 * gap_s**2 + unsure_m
    braking_s = min(gap_s, speed / stitch.braking_mps2)
    nearest = max(0.0, speed * braking_s - 0.5 * stitch.braking_mps2 * braking_s**2 - unsure_m)
    if not nearest - reach_m <= along <= furthest + reach_m:
        return 1.0
    # Off the line costs most; between two on the line the one nearer to steady speed is taken.
    return aside / reach_m + 0.3 * abs(along - expected) / (furthest + reach_m)
