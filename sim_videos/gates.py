"""Gates on the ground for every movement of a street that one camera can count.

The entry gate lies just past the stop line, across the whole approach. The exit gate
lies across the movement's own way, where no other movement passes it the same way, so
that turns are told apart, and as far inside the picture as an anchor needs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_videos.polyline import Polyline
from sim_videos.state import PointM
from sim_videos.street import Arm, Crosswalk, LaneUse, Street, Turn
from sim_videos.view import View

Array = NDArray[np.float64]

#: How far past the stop line the entry gate lies: those that wait stay before it.
ENTRY_PAST_M = 1.2
#: How far the entry gate reaches past the ends of the stop line (cyclists at the kerb).
_ENTRY_WIDER_M = 0.8
#: An exit gate is looked for between these distances past the stop line, and best at _EXIT_BEST_M.
_EXIT_FROM_M, _EXIT_TO_M, _EXIT_STEP_M, _EXIT_BEST_M = 5.0, 45.0, 0.5, 11.0
#: How far past the outermost way an exit gate reaches on each side, and how far it must.
_WIDE_M, _NARROW_M = 2.8, 1.3
#: Another movement's way passes a gate when it does so this near its ends, at less than this slant.
_APART_M, _SLANT = 0.9, 0.25
#: What an anchor needs: so much road seen past a gate, so many pixels from the picture's edge as a
#: share of its height. The lower edge of a box stops at the lower edge of the picture.
_CLEAR_M, _EDGE_SHARE = 1.5, 0.04
#: Pedestrian gates lie this far inside the kerbs and reach past the painted crossing by so much.
_KERB_IN_M, _WALK_WIDER_M = 0.8, 0.6


@dataclass(frozen=True, slots=True)
class GroundGate:
    """A line on the ground from a_m to b_m, and a point on the side that traffic leaves to."""

    a_m: PointM
    b_m: PointM
    toward_m: PointM

    def passed(self, before_m: PointM, now_m: PointM) -> bool:
        """Whether the straight step from before_m to now_m passes the line between its ends, to the leaving side."""
        (ax, ay), (bx, by) = self.a_m, self.b_m
        nx, ny = ay - by, bx - ax
        toward = (self.toward_m[0] - ax) * nx + (self.toward_m[1] - ay) * ny
        sign = 1.0 if toward > 0 else -1.0
        d0 = sign * ((before_m[0] - ax) * nx + (before_m[1] - ay) * ny)
        d1 = sign * ((now_m[0] - ax) * nx + (now_m[1] - ay) * ny)
        if not d0 < 0 <= d1:
            return False
        share = d0 / (d0 - d1)
        x = before_m[0] + share * (now_m[0] - before_m[0])
        y = before_m[1] + share * (now_m[1] - before_m[1])
        along = (x - ax) * (bx - ax) + (y - ay) * (by - ay)
        return 0 <= along <= (bx - ax) ** 2 + (by - ay) ** 2


@dataclass(frozen=True, slots=True)
class GatePair:
    """Both gates of one movement. shared: another movement leaves by the exit gate too, where none could be apart."""

    entry: GroundGate
    exit: GroundGate
    shared: bool = False


def turn_gates(street: Street, turn: Turn, view: View, places: Sequence[Place] | None = None) -> GatePair | None:
    """Gates of a vehicle movement; None where the camera does not see enough of it.

    places: `places_of(turn, street)`, to be worked out once for several cameras.
    """
    arm = next((arm for arm in street.arms if arm.approach == turn.approach), None)
    if arm is None or not turn.paths_m:
        return None
    entry = entry_gate(arm)
    if not _usable(entry, view):
        return None
    best: tuple[tuple[float, float], GroundGate] | None = None
    for place in places_of(turn, street) if places is None else places:
        for worse, avoided_m in enumerate(place.avoided_m()):
            gate = place.gate(avoided_m)
            if gate is None or not _usable(gate, view) or not _apart(entry, gate):
                continue
            rank = (float(worse), abs(place.past_m - _EXIT_BEST_M) - 2.0 * place.width_m(gate))
            if best is None or rank < best[0]:
                best = (rank, gate)
    return None if best is None else GatePair(entry, best[1], shared=best[0][0] > 0)


def entry_gate(arm: Arm) -> GroundGate:
    """The line across a whole approach, `ENTRY_PAST_M` past its stop line."""
    a, b = (np.asarray(point, np.float64) for point in arm.stop_line_m)
    across = (b - a) / float(np.hypot(*(b - a)))
    ahead = np.array((np.cos(arm.heading_rad), np.sin(arm.heading_rad)))
    a, b = a - _ENTRY_WIDER_M * across, b + _ENTRY_WIDER_M * across
    return _gate(a + ENTRY_PAST_M * ahead, b + ENTRY_PAST_M * ahead, ahead)


def crossing_gates(crosswalk: Crosswalk, view: View) -> dict[str, GatePair]:
    """Movement → gates of the two ways over a pedestrian crossing; empty where the camera does not see both kerbs."""
    a, b = (np.asarray(point, np.float64) for point in crosswalk.axis_m)
    length_m = float(np.hypot(*(b - a)))
    if length_m < 2 * _KERB_IN_M + 2.0:
        return {}
    along = (b - a) / length_m
    side = np.array((-along[1], along[0]))
    offsets = (np.asarray(crosswalk.outline_m, np.float64) - a) @ side
    ends = (float(offsets.min()) - _WALK_WIDER_M, float(offsets.max()) + _WALK_WIDER_M)
    near, far = (
        (place + ends[0] * side, place + ends[1] * side) for place in (a + _KERB_IN_M * along, b - _KERB_IN_M * along)
    )
    found = {}
    for letter, (start, end), way in ((compass(along), (near, far), along), (compass(-along), (far, near), -along)):
        pair = GatePair(_gate(*start, way), _gate(*end, way))
        if _usable(pair.entry, view) and _usable(pair.exit, view):
            found[f"P{side_of(crosswalk.approach)}{letter}"] = pair
    return found


def side_of(approach: str) -> str:
    """The side of the junction on which an approach comes in: northbound traffic comes from the south."""
    return {"NB": "S", "SB": "N", "EB": "W", "WB": "E"}.get(approach, approach[:2])


def compass(way: Array) -> str:
    """The nearest of N, E, S, W to a direction on the ground."""
    return ("E", "N", "W", "S")[round(float(np.arctan2(way[1], way[0])) / (np.pi / 2)) % 4]


@dataclass(frozen=True, slots=True)
class Place:
    """A line across a movement's ways, past_m after the stop line.

    lowest_m, highest_m: the outermost ways along it; own_m, riders_m, others_m: where ways of
    other movements of the same approach, of its cyclists, and of other approaches pass it the
    same way.
    """

    past_m: float
    place: Array
    ahead: Array
    lowest_m: float
    highest_m: float
    own_m: tuple[float, ...]
    riders_m: tuple[float, ...]
    others_m: tuple[float, ...]

    def avoided_m(self) -> tuple[tuple[float, ...], ...]:
        """Whom a gate here keeps out, the best choice first."""
        near = (*self.own_m, *self.riders_m)
        return (*near, *self.others_m), near, self.own_m

    def gate(self, foreign: tuple[float, ...]) -> GroundGate | None:
        """The widest gate here that those others do not pass; None where that is too narrow."""
        if any(self.lowest_m <= at <= self.highest_m for at in foreign):
            return None
        low = max((at + _APART_M for at in foreign if at < self.lowest_m), default=-np.inf)
        high = min((at - _APART_M for at in foreign if at > self.highest_m), default=np.inf)
        low, high = max(low, self.lowest_m - _WIDE_M), min(high, self.highest_m + _WIDE_M)
        if self.lowest_m - low < _NARROW_M or high - self.highest_m < _NARROW_M:
            return None
        side = np.array((-self.ahead[1], self.ahead[0]))
        return _gate(self.place + low * side, self.place + high * side, self.ahead)

    def width_m(self, gate: GroundGate) -> float:
        """How much wider than its ways a gate here is."""
        return float(np.hypot(*np.subtract(gate.a_m, gate.b_m))) - (self.highest_m - self.lowest_m)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way through the junction, and whether it is a cycle lane's."""

    movement: str
    approach: str
    line: Polyline
    rider: bool = False


def _ways(street: Street) -> list[_Way]:
    """The ways of every movement over the junction, those of cycle lanes too."""
    found = [_Way(turn.movement, turn.approach, Polyline(path)) for turn in street.turns for path in turn.paths_m]
    riders = [lane for lane in street.lanes if lane.use is LaneUse.BICYCLES]
    for lane in riders:
        if not lane.inbound or lane.approach is None:
            continue
        heading = Polyline(lane.line_m).end
        for inside in riders:
            if inside.inside and math.dist(inside.line_m[0], lane.line_m[-1]) < 0.5:
                leaves = Polyline(inside.line_m).end
                turned = math.degrees(math.atan2(heading[0] * leaves[1] - heading[1] * leaves[0], heading @ leaves))
                letter = "T" if abs(turned) < 45 else "L" if turned > 0 else "R"
                found.append(_Way(f"{lane.approach}{letter}", lane.approach, Polyline(inside.line_m), rider=True))
    return found


def places_of(turn: Turn, street: Street) -> tuple[Place, ...]:
    """Where an exit gate of a movement may lie."""
    found: list[Place] = []
    every = _ways(street)
    ways = [Polyline(path).stretched(0.0, _EXIT_TO_M) for path in turn.paths_m]
    ways += [way.line.stretched(0.0, _EXIT_TO_M) for way in every if way.rider and way.movement == turn.movement]
    others = [
        (way.approach == turn.approach, way.rider, way.line.stretched(8.0, 60.0))
        for way in every
        if way.movement != turn.movement
    ]
    reference = ways[len(turn.paths_m) // 2]
    for past_m in np.arange(_EXIT_FROM_M, _EXIT_TO_M, _EXIT_STEP_M).tolist():
        place, ahead = reference.at(past_m)
        side = np.array((-ahead[1], ahead[0]))
        ends = (place - 15.0 * side, place + 15.0 * side)
        own = [0.0]
        for way in ways:
            own += [float((at - place) @ side) for at, direction in way.crosses(*ends) if direction @ ahead > 0.5]
        near: list[float] = []
        riders: list[float] = []
        foreign: list[float] = []
        for same_approach, rider, way in others:
            met = [float((at - place) @ side) for at, direction in way.crosses(*ends) if direction @ ahead > _SLANT]
            group = foreign if not same_approach else riders if rider else near
            group += met
        at_m = (tuple(near), tuple(riders), tuple(foreign))
        found.append(Place(past_m, place, ahead, min(own), max(own), *at_m))
    return tuple(found)


def _usable(gate: GroundGate, view: View) -> bool:
    """Whether an anchor can be seen clear of a gate on both sides, along all of it."""
    a, b = np.asarray(gate.a_m), np.asarray(gate.b_m)
    ahead = np.asarray(gate.toward_m) - (a + b) / 2
    ahead /= float(np.hypot(*ahead))
    shares = np.linspace(0.0, 1.0, 9)[:, None]
    line = a + shares * (b - a)
    margin_px = _EDGE_SHARE * view.size_px[1]
    seen = np.concatenate([view.sees(line + past * ahead, margin_px) for past in (-_CLEAR_M, 0.0, _CLEAR_M)])
    return bool(seen.mean() > 0.9)


def _apart(entry: GroundGate, leave: GroundGate) -> bool:
    return not Polyline((entry.a_m, entry.b_m)).crosses(np.asarray(leave.a_m), np.asarray(leave.b_m))


def _gate(a: Array, b: Array, ahead: Array) -> GroundGate:
    middle = (a + b) / 2 + 2.0 * ahead
    return GroundGate(*((float(p[0]), float(p[1])) for p in (a, b, middle)))
