"""Traffic of the demo junction: seeded arrivals, car following, and obedience to the lamps.

Car following is the Intelligent Driver Model (Treiber, Hennecke & Helbing, 2000,
Physical Review E 62, 1805, eqs. 2 and 3). Only the standard library's `random` and plain
float arithmetic are used, so a seed gives the same traffic on every machine.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.types import Interval, Kind
from sim_videos.old.lamps import FixedLamps
from sim_videos.old.layout import PLAN, ROUTES, SIGNAL, Route
from sim_videos.old.paths import Pose
from sim_videos.old.walkers import Walkers

#: Simulated before the first frame, so that the clip opens on a junction in use.
WARM_UP_S = 110.0
STEP_S = 0.04
_STANDING_GAP_M = 2.0
_COMFORT_MPS2 = 2.2
_HARD_MPS2 = 3.2
_REACTION_S = 0.9


@dataclass(frozen=True, slots=True)
class Body:
    """Size in metres and liveliness of one make of road user."""

    name: str
    kind: Kind
    length_m: float
    width_m: float
    height_m: float
    accel_mps2: float
    top_mps: float = 99.0


BODIES: dict[str, Body] = {
    body.name: body
    for body in (
        Body("hatch", Kind.CAR, 4.0, 1.75, 1.50, 1.9),
        Body("saloon", Kind.CAR, 4.6, 1.80, 1.44, 1.8),
        Body("suv", Kind.CAR, 4.7, 1.90, 1.75, 1.7),
        Body("lorry", Kind.TRUCK, 8.2, 2.45, 3.40, 1.0),
        Body("boxvan", Kind.TRUCK, 6.2, 2.15, 2.80, 1.3),
        Body("bus", Kind.BUS, 11.5, 2.55, 3.10, 1.0),
        Body("bicycle", Kind.BICYCLE, 1.8, 0.60, 1.75, 0.9, 5.5),
        Body("person", Kind.PERSON, 0.45, 0.55, 1.75, 1.0),
    )
}
_MIX = (("saloon", 0.36), ("hatch", 0.30), ("suv", 0.20), ("boxvan", 0.06), ("lorry", 0.05), ("bus", 0.03))

#: Stream → vehicles an hour, and the share of each of its routes.
DEMAND: dict[str, tuple[float, Mapping[str, float]]] = {
    "nb-inner": (560.0, {"NBT1": 0.68, "NBL": 0.32}),
    "nb-outer": (480.0, {"NBT2": 0.68, "NBR": 0.32}),
    "SBT1": (260.0, {"SBT1": 1.0}),
    "SBT2": (240.0, {"SBT2": 1.0}),
    "EBT": (250.0, {"EBT": 1.0}),
    "WBT": (250.0, {"WBT": 1.0}),
}
#: Cyclists ride on a fixed timetable: route and when they come in sight, s.
CYCLISTS: tuple[tuple[str, float], ...] = (("NBT2", -22.0), ("SBT2", 10.0))


@dataclass(slots=True)
class Vehicle:
    """One vehicle under way; front_m is measured along its route."""

    user_id: int
    body: Body
    route: Route
    colour: int
    wish: float
    front_m: float
    speed_mps: float
    accel_mps2: float = 0.0
    committed: bool = False
    held: bool = False

    @property
    def rear_m(self) -> float:
        """Where its rear is, along its route."""
        return self.front_m - self.body.length_m


@dataclass(frozen=True, slots=True)
class UserState:
    """One road user at one instant, as the painter and the truth need it."""

    user_id: int
    body: Body
    colour: int
    pose: Pose
    speed_mps: float
    braking: bool
    turning: int
    movement: str
    lane: str | None
    to_stop_m: float | None
    walked_m: float


@dataclass(slots=True)
class _Stream:
    rng: random.Random
    name: str
    next_s: float
    routes: dict[str, Route]
    waiting: list[tuple[Route, Body]] = field(default_factory=list)


class World:
    """The junction from t = −WARM_UP_S on; `advance` moves it, `users` says who is where."""

    def __init__(self, seed: int) -> None:
        self.lamps = FixedLamps(SIGNAL, PLAN)
        self._step = round(-WARM_UP_S / STEP_S)
        self._vehicles: list[Vehicle] = []
        self._ids = 0
        self._look = random.Random(f"{seed}/look")  # noqa: S311 - traffic, not secrets
        self._streams = [_stream(seed, name) for name in DEMAND]
        self._cyclists = [(t_s, route) for name, t_s in CYCLISTS for route in ROUTES if route.name == name]
        self._walkers = Walkers(seed, self._new_id)

    @property
    def t_s(self) -> float:
        """Time of the clip."""
        return self._step * STEP_S

    def advance(self, to_s: float) -> None:
        """Simulate until t_s ≥ to_s."""
        while self._step < round(to_s / STEP_S):
            self._arrive()
            self._drive()
            self._walkers.step(self.t_s, STEP_S, self.lamps)
            self._step += 1

    def users(self) -> list[UserState]:
        """Everyone under way, in order of id."""
        states = [_state(vehicle) for vehicle in self._vehicles]
        states += [
            UserState(w.user_id, BODIES["person"], w.colour, w.pose(), w.speed_mps, False, 0, w.movement, None, None, m)
            for w, m in self._walkers.under_way()
        ]
        return sorted(states, key=lambda state: state.user_id)

    def _new_id(self) -> int:
        self._ids += 1
        return self._ids

    def _arrive(self) -> None:
        while self._cyclists and self._cyclists[0][0] <= self.t_s:
            _, route = self._cyclists.pop(0)
            # A cyclist enters near, or would spend the clip on the way.
            start_m = route.stop_m - 55.0 if route.lane is not None else route.stop_m - 20.0
            self._vehicles.append(
                Vehicle(self._new_id(), BODIES["bicycle"], route, self._look.randrange(100), 1.0, start_m, 4.5)
            )
        for stream in self._streams:
            if self.t_s >= stream.next_s:
                stream.waiting.append((_pick(stream.rng, stream.name, stream.routes), _body(stream.rng)))
                rate = DEMAND[stream.name][0] / 3600
                # 1.6 s is the least headway; the rest is random, so the mean stays 1 / rate
                stream.next_s = self.t_s + 1.6 + stream.rng.expovariate(1 / (1 / rate - 1.6))
            if stream.waiting:
                route, body = stream.waiting[0]
                rears = [v.rear_m for v in self._vehicles if v.route.stream == stream.name]
                if min(rears, default=99.0) > 12.0:
                    stream.waiting.pop(0)
                    wish = self._look.uniform(0.92, 1.08)
                    colour = self._look.randrange(100)
                    speed = min(route.limit_mps * wish, body.top_mps)
                    self._vehicles.append(Vehicle(self._new_id(), body, route, colour, wish, 0.0, speed))

    def _drive(self) -> None:
        for vehicle in self._vehicles:
            vehicle.accel_mps2 = self._accel(vehicle)
        for vehicle in self._vehicles:
            speed = max(0.0, vehicle.speed_mps + vehicle.accel_mps2 * STEP_S)
            vehicle.front_m += (vehicle.speed_mps + speed) / 2 * STEP_S
            vehicle.speed_mps = speed
        self._vehicles = [v for v in self._vehicles if v.rear_m < v.route.path.length_m]

    def _accel(self, me: Vehicle) -> float:
        target = min(me.route.limit_mps * me.wish, me.body.top_mps)
        if me.route.slow_m is not None and me.rear_m < me.route.slow_m[1]:
            ahead_m = max(0.0, me.route.slow_m[0] - me.front_m)
            target = min(target, math.sqrt(me.route.slow_mps * me.route.slow_mps + 2 * 1.6 * ahead_m))
        gap, leader_mps = self._leader(me)
        share = (me.speed_mps / target) * (me.speed_mps / target)
        free = 1 - share * share
        accel = me.body.accel_mps2 * (free - _closing(me, gap, leader_mps))
        if self._must_stop(me):
            # The stop line stands still; 1 m before it is where drivers mean to stop.
            line = me.body.accel_mps2 * (free - _closing(me, me.route.stop_m - me.front_m + 1.0, 0.0))
            accel = min(accel, line)
        return max(accel, -7.0)

    def _leader(self, me: Vehicle) -> tuple[float, float]:
        best, speed = math.inf, 0.0
        for other in self._vehicles:
            if other is me or other.route.stream != me.route.stream or other.front_m <= me.front_m:
                continue
            if other.route is me.route or other.rear_m < min(me.route.shared_m, other.route.shared_m):
                gap = other.rear_m - me.front_m
                if gap < best:
                    best, speed = gap, other.speed_mps
        return best, speed

    def _must_stop(self, me: Vehicle) -> bool:
        ahead_m = me.route.stop_m - me.front_m
        if ahead_m < -0.3 or ahead_m > 90.0:
            return False
        shows = self.lamps.interval(me.route.phase, self.t_s)
        if shows is Interval.GREEN:
            me.committed = False
            if me.held and self.lamps.since_turn_s(me.route.phase, self.t_s) < _REACTION_S:
                return True
            me.held = False
            return False
        if not me.held and not me.committed:
            # At the onset of yellow: go on where stopping would be too hard.
            me.committed = me.speed_mps * me.speed_mps / (2 * max(ahead_m, 0.1)) > _HARD_MPS2
            me.held = not me.committed
        return me.held


def _closing(me: Vehicle, gap_m: float, leader_mps: float) -> float:
    if math.isinf(gap_m):
        return 0.0
    braking = 2 * math.sqrt(me.body.accel_mps2 * _COMFORT_MPS2)
    wanted = _STANDING_GAP_M + max(0.0, me.speed_mps * 1.2 + me.speed_mps * (me.speed_mps - leader_mps) / braking)
    share = wanted / max(gap_m, 0.3)
    return share * share


def _stream(seed: int, name: str) -> _Stream:
    rng = random.Random(f"{seed}/{name}")  # noqa: S311 - traffic, not secrets
    routes = {route.name: route for route in ROUTES if route.stream == name}
    return _Stream(rng, name, -WARM_UP_S + rng.uniform(0.0, 6.0), routes)


def _pick(rng: random.Random, stream: str, routes: Mapping[str, Route]) -> Route:
    at = rng.random()
    for name, share in DEMAND[stream][1].items():
        at -= share
        if at < 0:
            return routes[name]
    return routes[next(iter(DEMAND[stream][1]))]


def _body(rng: random.Random) -> Body:
    at = rng.random()
    for name, share in _MIX:
        at -= share
        if at < 0:
            return BODIES[name]
    return BODIES["saloon"]


def _state(vehicle: Vehicle) -> UserState:
    route = vehicle.route
    pose = route.path.pose(vehicle.front_m, vehicle.body.length_m)
    near_turn = abs(vehicle.front_m - route.stop_m) < 45.0
    turning = {"NBL": 1, "NBR": -1}.get(route.movement, 0) if near_turn else 0
    braking = vehicle.accel_mps2 < -0.6 or vehicle.speed_mps < 0.3
    to_stop = route.stop_m - vehicle.front_m if route.lane is not None else None
    return UserState(
        vehicle.user_id,
        vehicle.body,
        vehicle.colour,
        pose,
        vehicle.speed_mps,
        braking,
        turning,
        route.movement,
        route.lane,
        to_stop,
        0.0,
    )
