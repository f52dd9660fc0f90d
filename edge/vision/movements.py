"""Counts each road user once on the movement it made: in by one gate, out by the other.

A raw line crossing is never counted. The decision is taken when a journey passes an
exit gate; it asks where the journey entered, how far it came, which way it heads and
what it is, and every answer that is "no" is kept as the reason it was not counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from calibration.geometry import GroundPlane
from calibration.site import Movement
from edge.clock import NS_PER_S
from edge.types import Crossing, Kind, NotCounted, Track
from edge.vision.gates import BEFORE, ON, PAST, Array, GateLines, Sides, sides_of
from edge.vision.journeys import Journey, Journeys, PlaceM, StitchSettings

PASSED_BESIDE = "passed beside the end of the gate"
ENTERED_ELSEWHERE = "left by the exit gate without having passed the entry gate"
MOVED_TOO_LITTLE = "moved too little before the exit gate"
WRONG_HEADING = "crossed the exit gate at too slant an angle"
OTHER_KIND = "a kind that this movement does not count"
WRONG_WAY = "crossed the exit gate the wrong way"
NOT_YET = "entered but did not reach the exit gate"
GONE_BEFORE = "was on or past the exit gate when first seen"
STOOD = "stood still and came near no gate"
NEAR_NO_GATE = "came near no gate"
TOO_BRIEF = "seen too briefly"
COUNTED_ALREADY = "a second box of a road user counted already"
MADE_ONE_ALREADY = "made a movement before, and entered by no gate since"
#: What the next sightings may mend.
_PASSING = frozenset({MOVED_TOO_LITTLE, OTHER_KIND})


@dataclass(frozen=True, slots=True)
class CountingSettings:
    """band_m: hysteresis on each side of a gate. end_margin_m: how far a gate reaches past
    its drawn ends. min_heading: cosine between motion and the gate's normal at the exit.
    double_share: a box that shares this much of the smaller one with that of a road user
    counted within double_s is a second box of the same one. settle_s: what appears on a
    gate within this time of the beginning of sight was there before. leap_m: further than
    this from where its speed takes it, a track has passed to another road user. stray_m: one
    first seen past the entry gate may have come by it where it was no further than this from
    the ground between the two gates.
    """

    band_m: float = 0.4
    end_margin_m: float = 0.5
    min_heading: float = 0.3
    settle_s: float = 1.0
    leap_m: float = 5.0
    stray_m: float = 3.0
    double_share: float = 0.6
    double_s: float = 1.5
    min_age_s: float = 0.4
    brief_s: float = 0.5


class MovementCounter:
    """Movements of one camera. Give it the tracks of every frame in time order."""

    def __init__(
        self,
        movements: tuple[Movement, ...],
        plane: GroundPlane,
        settings: CountingSettings | None = None,
        stitch: StitchSettings | None = None,
    ) -> None:
        self._movements = movements
        self._settings = settings if settings is not None else CountingSettings()
        self._lines = GateLines.of(movements, plane)
        self._between = [self._lines.between(index) for index in range(len(movements))]
        self._journeys = Journeys(2 * len(movements), stitch)
        self._last_by_lane: dict[str, int] = {}
        self._sight_since_ns = 0
        self._blind = True

    def update(
        self, t_ns: int, tracks: tuple[Track, ...], lanes: dict[int, str]
    ) -> tuple[tuple[Crossing, ...], tuple[NotCounted, ...]]:
        """Road users counted at t_ns, and those that ended uncounted, with the reason.

        lanes: track id → lane, for the tracks that stand in one.
        """
        if self._blind:
            self._blind, self._sight_since_ns = False, t_ns
        seen, ended = self._journeys.update(t_ns, tracks)
        crossings = []
        if seen:
            pos = np.array([track.pos_m for _, track, _ in seen])
            distances, offsets = self._lines.distances_m(pos), self._lines.offsets_m(pos)
            before = np.array([journey.side for journey, _, _ in seen])
            sides = sides_of(distances, before, self._settings.band_m)
            changed = (sides != before).any(axis=1)
            last = np.array([journey.distance_m for journey, _, _ in seen])
            over = (distances > 0) != (last > 0)
            passes = over.any(axis=1)
            for i, (known, track, elapsed_s) in enumerate(seen):
                journey = known
                lane = lanes.get(track.track_id)
                if lane is not None:
                    journey.lane_s[lane] = journey.lane_s.get(lane, 0.0) + elapsed_s
                if passes[i] and journey.hits > 1:
                    journey.pass_lines(over[i], distances[i], offsets[i], elapsed_s)
                if journey.hits == 1:
                    journey.side, journey.first_side = sides[i].copy(), sides[i].copy()
                elif changed[i] and self._arrives_anew(journey, sides[i]):
                    journey = self._journeys.replace(journey, track)
                    journey.side, journey.first_side = sides[i].copy(), sides[i].copy()
                elif changed[i]:
                    self._pass_gates(journey, sides[i])
                journey.distance_m, journey.offset_m = distances[i], offsets[i]
                if journey.leaving:
                    crossing = self._decide(journey, [other for other, _, _ in seen])
                    if crossing is not None:
                        crossings.append(crossing)
        return tuple(crossings), self._explain(t_ns, ended)

    def blind(self, t_ns: int) -> tuple[NotCounted, ...]:
        """Nothing can be seen at t_ns; returns why those that were lost too long were not counted."""
        self._blind = True
        # What passed meanwhile is unknown, so the next headway is too.
        self._last_by_lane.clear()
        _, ended = self._journeys.update(t_ns, ())
        return self._explain(t_ns, ended)

    def finish(self, t_ns: int) -> tuple[NotCounted, ...]:
        """End of the recording: why every journey still open was not counted."""
        return self._explain(t_ns, self._journeys.close())

    def standing_since_ns(self) -> dict[int, int]:
        """Track id → since when it has stood, for road users that stand now."""
        return self._journeys.standing_since_ns()

    def _arrives_anew(self, journey: Journey, sides: Sides) -> bool:
        """Whether a journey that was counted has jumped behind that movement's entry gate.

        Vehicles do not leap back through a junction: the track has passed to another one.
        """
        if journey.leap_m < self._settings.leap_m:
            return False
        for i, movement in enumerate(self._movements):
            if movement.id == journey.counted:
                return bool(sides[2 * i] == BEFORE and journey.side[2 * i] == PAST)
        return False

    def _pass_gates(self, journey: Journey, sides: Sides) -> None:
        """Note every gate whose side changed, and which exit gates were passed."""
        margin = self._settings.end_margin_m
        for gate in np.flatnonzero(sides != journey.side).tolist():
            was, now = int(journey.side[gate]), int(sides[gate])
            journey.side[gate] = now
            if was == ON:
                self._leave_birthplace(journey, gate, now)
                continue
            if not -margin <= journey.on_line_m[gate] <= self._lines.length_m[gate] + margin:
                journey.beside.add(gate)
                continue
            index, is_exit = divmod(gate, 2)
            if now == PAST:
                passed_ns = int(journey.on_line_ns[gate])
                journey.passed_ns[gate] = passed_ns
                if is_exit:
                    journey.leaving[index] = passed_ns
            else:
                journey.passed_ns.pop(gate, None)
                if is_exit:
                    journey.leaving.pop(index, None)
                    journey.refused[index] = WRONG_WAY

    def _leave_birthplace(self, journey: Journey, gate: int, now: int) -> None:
        """The first sure side of a journey that began on the line of a gate.

        One that appears there amid the recording came unseen, from behind another, and no lost
        journey explains it: it passes. One that stood astride when sight began does not count.
        """
        journey.first_side[gate] = now
        index, is_exit = divmod(gate, 2)
        settled_ns = self._sight_since_ns + int(self._settings.settle_s * NS_PER_S)
        if now == PAST and is_exit and journey.born_ns > settled_ns:
            journey.passed_ns[gate] = journey.leaving[index] = journey.last_ns

    def _decide(self, journey: Journey, others: list[Journey]) -> Crossing | None:
        """A crossing if the journey completed a movement by one of the exit gates it passed.

        One that has moved too little so far, or was mostly taken for another kind, is asked again
        at its next sightings.
        """
        fitting = []
        for index, passed_ns in list(journey.leaving.items()):
            reason = self._made_one(journey, index) or self._refusal(journey, index)
            reason = reason or self._double(journey, index, others)
            if reason is None:
                entered_ns = journey.passed_ns.get(2 * index)
                # The entry gate passed last decides; a way that only agrees in direction comes after.
                rank = (entered_ns is not None, entered_ns or 0, self._alignment(journey, index))
                fitting.append((rank, index, passed_ns))
            else:
                journey.refused[index] = reason
            if reason not in _PASSING:
                del journey.leaving[index]
        if not fitting:
            return None
        _, index, passed_ns = max(fitting)
        journey.leaving.clear()
        return self._count(journey, self._movements[index], journey.passed_ns.get(2 * index), passed_ns)

    def _made_one(self, journey: Journey, index: int) -> str | None:
        """Whether it was counted before, and has not come in by the entry gate of `index` since.

        Who walks over one crossing may go on over the next, and be sewn to one who comes back.
        """
        again = journey.counted is None or journey.passed_ns.get(2 * index, 0) > journey.counted_ns
        return None if again else MADE_ONE_ALREADY

    def _refusal(self, journey: Journey, index: int) -> str | None:
        """Why a journey that just passed exit gate `index` is not counted there; None if it is."""
        movement, entry, exit_ = self._movements[index], 2 * index, 2 * index + 1
        if journey.kind not in movement.kinds:
            return OTHER_KIND
        if entry not in journey.passed_ns and (journey.first_side[entry] == BEFORE):
            return ENTERED_ELSEWHERE
        # First seen between the gates: a lane it was seen in must be one that the movement starts from.
        elsewhere = movement.lanes and journey.lane_s and not set(journey.lane_s) & set(movement.lanes)
        beside_m = -cv2.pointPolygonTest(self._between[index], journey.first_m, measureDist=True)
        strayed = beside_m > self._settings.stray_m
        if entry not in journey.passed_ns and (elsewhere or strayed):
            return ENTERED_ELSEWHERE
        if journey.furthest_m < movement.min_travel_m or journey.age_s < self._settings.min_age_s:
            return MOVED_TOO_LITTLE
        # A curve ends along the gate's normal; a shaky box is judged by its whole way.
        ways = (journey.vel_mps, journey.way_m)
        if all(_cosine(way, self._lines.normal[exit_]) < self._settings.min_heading for way in ways):
            return WRONG_HEADING
        return None

    def _double(self, journey: Journey, index: int, others: list[Journey]) -> str | None:
        """Whether this is a second box (a cab, a roof, a trailer) of one counted a moment ago.

        Boxes that came by different lanes are of two, one before the other in the picture. A
        person is never seen in two parts, and those who walk together overlap all the way.
        """
        if journey.kind is Kind.PERSON:
            return None
        limit_ns = journey.last_ns - int(self._settings.double_s * NS_PER_S)
        for other in others:
            counted_here = other.counted == self._movements[index].id and other.counted_ns > limit_ns
            apart = None not in (journey.lane, other.lane) and journey.lane != other.lane
            if counted_here and not apart and _shared_px(journey.box_px, other.box_px) > self._settings.double_share:
                return COUNTED_ALREADY
        return None

    def _alignment(self, journey: Journey, index: int) -> float:
        """How well the way made agrees with the line from entry to exit gate (a cosine)."""
        entry = self._lines.start_m[2 * index] + self._lines.along[2 * index] * self._lines.length_m[2 * index] / 2
        exit_ = self._lines.start_m[2 * index + 1]
        exit_ = exit_ + self._lines.along[2 * index + 1] * self._lines.length_m[2 * index + 1] / 2
        return _cosine(journey.way_m, exit_ - entry)

    def _count(self, journey: Journey, movement: Movement, entered_ns: int | None, t_ns: int) -> Crossing:
        journey.counted, journey.counted_ns = movement.id, journey.last_ns
        lane = journey.lane
        if movement.lanes and lane not in movement.lanes:
            ours = {name: s for name, s in journey.lane_s.items() if name in movement.lanes}
            lane = max(ours, key=lambda name: (ours[name], name)) if ours else None
        headway_s = None
        place = lane if lane is not None else movement.id
        if place in self._last_by_lane:
            headway_s = max(0.0, (t_ns - self._last_by_lane[place]) / NS_PER_S)
        self._last_by_lane[place] = t_ns
        return Crossing(
            t_ns=t_ns,
            movement=movement.id,
            kind=journey.kind,
            lane=lane,
            track_id=journey.track_id,
            entered_ns=entered_ns,
            speed_mps=journey.speed_mps,
            waited_s=journey.waited_s,
            headway_s=headway_s,
        )

    def _explain(self, t_ns: int, ended: list[Journey]) -> tuple[NotCounted, ...]:
        out = []
        for journey in ended:
            if journey.counted is None:
                movement, reason = self._reason(journey)
                out.append(
                    NotCounted(
                        t_ns=t_ns,
                        track_id=journey.track_id,
                        kind=journey.kind,
                        movement=movement,
                        reason=reason,
                        last_px=journey.last_px,
                        first_px=journey.first_px,
                        travelled_m=journey.travelled_m,
                    )
                )
        return tuple(out)

    def _reason(self, journey: Journey) -> tuple[str | None, str]:
        """The movement that a journey came nearest to completing, and what was missing."""
        reason = self._reason_at_a_gate(journey)
        if reason is not None:
            return reason
        if journey.age_s < self._settings.brief_s:
            return None, TOO_BRIEF
        if journey.travelled_m < 2.0:
            return None, STOOD
        for index, movement in enumerate(self._movements):
            along = float(journey.way_m @ self._lines.normal[2 * index + 1])
            if journey.first_side[2 * index + 1] == PAST and along > 0.5 * journey.travelled_m:
                return movement.id, GONE_BEFORE
        return None, NEAR_NO_GATE

    def _reason_at_a_gate(self, journey: Journey) -> tuple[str, str] | None:
        # Everyone passes the gates of the opposite movement the wrong way; that explains last.
        wrong_way = [index for index, reason in journey.refused.items() if reason == WRONG_WAY]
        decided = [index for index in journey.refused if index not in wrong_way]
        if decided:
            return self._movements[max(decided)].id, journey.refused[max(decided)]
        for index, movement in enumerate(self._movements):
            if 2 * index in journey.passed_ns and journey.side[2 * index + 1] != PAST:
                return movement.id, NOT_YET
        for gate in sorted(journey.beside):
            if gate % 2 == 1:
                return self._movements[gate // 2].id, PASSED_BESIDE
        return (self._movements[max(wrong_way)].id, WRONG_WAY) if wrong_way else None


def _shared_px(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Share of the smaller of two boxes that lies within the other."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / max(smaller, 1e-9)


def _cosine(a: PlaceM, b: Array) -> float:
    """Cosine of the angle between two vectors; 0 where one has no length."""
    x, y = float(b[0]), float(b[1])
    return (a[0] * x + a[1] * y) / max(math.hypot(*a) * math.hypot(x, y), 1e-9)
