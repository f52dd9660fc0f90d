"""What the mishaps of scenarios do not bring about, done to the running street by the benchmark itself.

Each act is called once a frame with the street as it is and answers what truth it makes: since when it is so, where,
and who was added to the street.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Protocol

import libsumo

from edge.incident import IncidentKind
from edge.types import Interval, Kind
from sim_videos.makes import MAKES
from sim_videos.state import PointM, RoadUser, WorldFrame
from sim_videos.street import Street

#: A vehicle added to the street has a number that no other has.
_GHOST = 9_000_000


@dataclass(slots=True)
class Truth:
    """One happening: from when to when (None: goes on), and where."""

    kind: IncidentKind
    start_s: float
    pos_m: PointM | None
    end_s: float | None = None


class Act(Protocol):
    """Something done to the street. truth is None until it is so."""

    truth: Truth | None

    def update(self, world: WorldFrame) -> WorldFrame:
        """The street as it is to be seen, after this frame's part of the act."""
        ...


class RunRed:
    """The first driver who comes to a red stop line, some seconds into red, does not mind it."""

    def __init__(self, street: Street, approach: str, at_s: float) -> None:
        self.truth: Truth | None = None
        self._lanes = [lane for lane in street.inbound if lane.approach == approach and lane.phase is not None]
        self._through = {turn.movement for turn in street.turns if turn.movement.endswith("T")}
        self._at_s = at_s
        self._since: dict[int, float] = {}
        self._runner: tuple[str, int] | None = None

    def update(self, world: WorldFrame) -> WorldFrame:
        """One frame."""
        for phase, shows in world.intervals.items():
            if shows in {Interval.RED, Interval.RED_CLEARANCE}:
                self._since.setdefault(phase, world.t_s)
            else:
                self._since.pop(phase, None)
        if self.truth is None and world.t_s >= self._at_s:
            if self._runner is None:
                self._pick(world)
            else:
                self._watch(world)
        return world

    def _pick(self, world: WorldFrame) -> None:
        for lane in self._lanes:
            assert lane.phase is not None
            into_s = world.t_s - self._since.get(lane.phase, math.inf)
            row = [user for user in world.users if user.lane == lane.name and user.to_stop_m is not None]
            row.sort(key=lambda user: user.to_stop_m or 0.0)
            if not row or into_s < 0.5:
                continue
            first = row[0]
            if 18 < (first.to_stop_m or 0.0) < 60 and first.speed_mps > 6 and first.movement in self._through:
                name = f"v{first.user_id}"
                libsumo.vehicle.setSpeedMode(name, 0)
                libsumo.vehicle.setSpeed(name, max(8.0, first.speed_mps))
                self._runner = (name, first.user_id)
                return

    def _watch(self, world: WorldFrame) -> None:
        assert self._runner is not None
        user = next((user for user in world.users if user.user_id == self._runner[1]), None)
        if user is None:
            self._runner = None
        elif user.to_stop_m is None or user.to_stop_m < -0.5:
            libsumo.vehicle.setSpeedMode(self._runner[0], 31)
            libsumo.vehicle.setSpeed(self._runner[0], -1)
            self.truth = Truth(IncidentKind.RED_RUNNING, world.t_s, user.pos_m, world.t_s)


class SlowDown:
    """From at_s on nobody drives faster than a walk in one lane: ice, or a spill."""

    def __init__(self, street: Street, lane: str, at_s: float, for_s: float, speed_mps: float = 3.0) -> None:
        self.truth: Truth | None = None
        self._lane = next(one for one in street.inbound if one.name == lane)
        self._at_s, self._for_s, self._speed_mps = at_s, for_s, speed_mps
        self._usual_mps: float | None = None

    def update(self, world: WorldFrame) -> WorldFrame:
        """One frame."""
        if self._usual_mps is None and world.t_s >= self._at_s:
            self._usual_mps = libsumo.lane.getMaxSpeed(self._lane.id)
            libsumo.lane.setMaxSpeed(self._lane.id, self._speed_mps)
        if self._usual_mps is not None and self.truth is None:
            crawls = [
                user
                for user in world.users
                if user.lane == self._lane.name and 1.0 < user.speed_mps < 1.2 * self._speed_mps
            ]
            if crawls:
                self.truth = Truth(IncidentKind.SLOW_LANE, world.t_s, crawls[0].pos_m)
        if self.truth is not None and self.truth.end_s is None and world.t_s >= self.truth.start_s + self._for_s:
            assert self._usual_mps is not None
            libsumo.lane.setMaxSpeed(self._lane.id, self._usual_mps)
            self.truth.end_s = world.t_s
        return world


class CloseLane:
    """From at_s on a lane counts as closed, and drivers do not mind."""

    def __init__(self, lane: str, at_s: float, for_s: float) -> None:
        self.truth: Truth | None = None
        self.lane = lane
        self._at_s, self._for_s = at_s, for_s

    def closed(self, t_s: float) -> frozenset[str]:
        """Lanes closed at t_s."""
        return frozenset({self.lane}) if self._at_s <= t_s < self._at_s + self._for_s else frozenset()

    def update(self, world: WorldFrame) -> WorldFrame:
        """One frame."""
        if self.truth is None and world.t_s >= self._at_s:
            for user in world.users:
                if user.lane == self.lane and user.to_stop_m is not None and 2 < user.to_stop_m < 90:
                    # Whoever else drives there is of the same happening, wherever on the lane.
                    self.truth = Truth(IncidentKind.CLOSED_LANE, world.t_s, None)
                    break
        if self.truth is not None and self.truth.end_s is None and world.t_s >= self._at_s + self._for_s:
            self.truth.end_s = world.t_s
        return world


@dataclass(slots=True)
class _Ghost:
    """Who cuts behind another: from where, which way, and when it is at the place where their ways cross."""

    cross_m: PointM
    way: PointM
    at_s: float
    first: int
    speed_mps: float = 8.0
    make: str = "saloon"


@dataclass(slots=True)
class CutBehind:
    """Somebody shoots through the box a fraction of a second behind one who drives straight on."""

    street: Street
    approach: str
    at_s: float
    pet_s: float = 0.2
    truth: Truth | None = None
    _ghost: _Ghost | None = field(default=None)

    def update(self, world: WorldFrame) -> WorldFrame:
        """One frame."""
        if self._ghost is None and self.truth is None and world.t_s >= self.at_s:
            self._ghost = self._plan(world)
        ghost = self._ghost
        if ghost is None:
            return world
        left_s = ghost.at_s - world.t_s
        if left_s < -3.0:
            self._ghost = None
            return world
        first = next((user for user in world.users if user.user_id == ghost.first), None)
        if first is not None and left_s > 0.3:
            # It keeps to its time as far as the first keeps to its own.
            half = MAKES[first.make].length_m / 2
            away_m = math.dist(first.pos_m, ghost.cross_m)
            ahead = math.cos(first.heading_rad) * (ghost.cross_m[0] - first.pos_m[0])
            ahead += math.sin(first.heading_rad) * (ghost.cross_m[1] - first.pos_m[1])
            rear_m = (away_m if ahead > 0 else -away_m) + half
            ghost.at_s = world.t_s + rear_m / max(first.speed_mps, 1.0) + self.pet_s
            left_s = ghost.at_s - world.t_s
        if left_s <= 0 and self.truth is None:
            self.truth = Truth(IncidentKind.NEAR_MISS, world.t_s, ghost.cross_m, world.t_s)
        before_m = ghost.speed_mps * left_s + MAKES[ghost.make].length_m / 2
        pos_m = (ghost.cross_m[0] - before_m * ghost.way[0], ghost.cross_m[1] - before_m * ghost.way[1])
        user = RoadUser(
            user_id=_GHOST,
            make=ghost.make,
            kind=Kind.CAR,
            colour=5,
            pos_m=pos_m,
            heading_rad=math.atan2(ghost.way[1], ghost.way[0]),
            speed_mps=ghost.speed_mps,
        )
        return replace(world, users=(*world.users, user))

    def _plan(self, world: WorldFrame) -> _Ghost | None:
        through = f"{self.approach}T"
        for user in world.users:
            if user.movement != through or user.to_stop_m is None or not 8 < user.to_stop_m < 30:
                continue
            arm = next(arm for arm in self.street.arms if arm.approach == self.approach)
            phase = next(turn.phase for turn in self.street.turns if turn.movement == through)
            if world.intervals.get(phase) is not Interval.GREEN or user.speed_mps < 7:
                continue
            reach_m = user.to_stop_m + 8.0 + MAKES[user.make].length_m / 2
            cos, sin = math.cos(arm.heading_rad), math.sin(arm.heading_rad)
            cross_m = (user.pos_m[0] + reach_m * cos, user.pos_m[1] + reach_m * sin)
            # From the left of the first one's way to its right.
            return _Ghost(cross_m, (sin, -cos), world.t_s + reach_m / user.speed_mps + self.pet_s, user.user_id)
        return None
