"""A toy street of eight lanes for an hour of high-resolution events: vehicles that follow each other and stop at red.

Nothing here knows the codes. What the lanes ask for and what is counted of them comes
from the same vehicles, so the events can be judged by who made them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from calibration.detectors import Detector
from edge.clock import NS_PER_S
from edge.control.actuated import ActuatedController
from edge.control.loop import ControlLoop
from edge.types import Demand, Interval, LaneDemand, PhaseRequest, SignalState
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of_signal
from tests.signal_tables import EIGHT

STEP_NS = 200_000_000
_DT_S = STEP_NS / 1e9
_FREE_MPS = 12.0
_ACCELERATION = 2.0
_SPACE_M = 7.0
_GAP_S = 1.2
#: Where a vehicle comes into view, and where the zone at the line and the one upstream end and begin.
BEGIN_M = 90.0
LINE_M = 20.0
ADVANCE_M = (40.0, 46.0)
#: Vehicles an hour by phase: 2 and 4 have more than their greens can serve for a while.
FLOWS = {1: 140.0, 2: 1000.0, 3: 110.0, 4: 500.0, 5: 160.0, 6: 800.0, 7: 90.0, 8: 330.0}
SIGNAL = EIGHT.model_copy(update={"startup_flash_s": 0.0, "startup_red_s": 3.0})
#: Slower is standing.
_STANDS_MPS = 1.0


@dataclass(slots=True)
class Vehicle:
    before_m: float
    speed_mps: float
    stood_s: float = 0.0


@dataclass(slots=True)
class ToyLane:
    """One lane, served by one phase; vehicles from the stop line back."""

    phase: int
    due_s: list[float]
    vehicles: list[Vehicle] = field(default_factory=list)
    passed: int = 0

    def step(self, t_s: float, shown: Interval) -> None:
        """One step later."""
        if self.due_s and self.due_s[0] <= t_s and (not self.vehicles or self.vehicles[-1].before_m < BEGIN_M - 20):
            self.due_s.pop(0)
            self.vehicles.append(Vehicle(BEGIN_M, _FREE_MPS))
        ahead_m = -1000.0
        for number, one in enumerate(self.vehicles):
            # Who could not stop any more drives on at yellow.
            goes = shown is Interval.GREEN or (shown is Interval.YELLOW and one.before_m < 1.2 * one.speed_mps)
            limit_m = ahead_m + _SPACE_M if number else -1000.0
            if not goes and one.before_m >= 0:
                limit_m = max(limit_m, 1.0)
            wanted = min(_FREE_MPS, max(0.0, (one.before_m - limit_m) / _GAP_S))
            one.speed_mps = min(one.speed_mps + _ACCELERATION * _DT_S, wanted)
            one.before_m -= one.speed_mps * _DT_S
            one.stood_s = one.stood_s + _DT_S if one.speed_mps < _STANDS_MPS else 0.0
            ahead_m = one.before_m
        while self.vehicles and self.vehicles[0].before_m < 0:
            self.vehicles.pop(0)
            self.passed += 1

    def demand(self) -> LaneDemand:
        """What a good camera would see of it."""
        standing = [one for one in self.vehicles if one.speed_mps < _STANDS_MPS]
        moving = tuple((one.before_m, one.speed_mps) for one in self.vehicles if one.speed_mps >= _STANDS_MPS)
        wait_s = standing[0].stood_s if standing else None
        return LaneDemand(self.name, self.phase, self.at_line, moving, len(standing), wait_s, 0.0)

    @property
    def name(self) -> str:
        return f"lane{self.phase}"

    @property
    def at_line(self) -> bool:
        return any(one.before_m <= LINE_M for one in self.vehicles)

    @property
    def upstream(self) -> bool:
        """Whether somebody moves through the zone upstream."""
        near, far = ADVANCE_M
        return any(near <= one.before_m <= far and one.speed_mps >= _STANDS_MPS for one in self.vehicles)


class ToyStreet:
    """Lanes with so many vehicles an hour by phase; the same seed, the same hour."""

    def __init__(self, flows: dict[int, float], seed: int, seconds: float = 3600.0) -> None:
        rng = np.random.default_rng(seed)
        self.lanes: list[ToyLane] = []
        for phase, flow in flows.items():
            gaps_s = 1.5 + rng.exponential(3600 / flow - 1.5, size=round(2 * flow * seconds / 3600) + 10)
            due_s = [float(at_s) for at_s in np.cumsum(gaps_s) if at_s < seconds]
            self.lanes.append(ToyLane(phase, due_s))

    def demand(self, t_ns: int) -> Demand:
        return Demand(t_ns, {lane.name: lane.demand() for lane in self.lanes})

    def step(self, t_ns: int, state: SignalState) -> None:
        """Everybody drives on under these lamps."""
        for lane in self.lanes:
            lane.step(t_ns / 1e9, state.intervals[lane.phase])


def detectors(street: ToyStreet) -> tuple[Detector, ...]:
    """At the line of each lane the channel of its phase's number; upstream that and 20."""
    near, far = ADVANCE_M
    found = []
    for lane in street.lanes:
        found.append(Detector(channel=lane.phase, lane=lane.name, phase=lane.phase))
        upstream = {"kind": "advance", "distance_m": near, "length_m": far - near}
        found.append(Detector(channel=20 + lane.phase, lane=lane.name, phase=lane.phase, **upstream))
    return tuple(found)


def drive(
    street: ToyStreet,
    seconds: float,
    heard: Callable[[Demand, PhaseRequest, SignalState], object],
) -> None:
    """The street under actuated control on the compiled core; heard is told every step, then the vehicles drive on."""
    bridge = SimulatedBridge(table_of_signal(SIGNAL))
    loop = ControlLoop(ActuatedController(SIGNAL, ttl_ms=500), bridge)
    for t_ns in range(0, round(seconds * NS_PER_S), STEP_NS):
        demand = street.demand(t_ns)
        request, state = loop.step(demand, t_ns)
        heard(demand, request, state)
        street.step(t_ns, state)
