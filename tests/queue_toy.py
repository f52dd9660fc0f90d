"""A street of queues alone: vehicles that arrive by list and leave at saturation, under lamps that keep the laws.

ring    phase 2 north–south, phase 4 east–west, one lane each; 3 also east–west, compatible with 4
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge.clock import NS_PER_S
from edge.control.junction import JunctionModel, LaneModel, PhaseModel, Way
from edge.controller import Controller
from edge.types import Demand, Interval, LaneDemand, PhaseRequest, SignalState

STEP_NS = NS_PER_S // 10
_TRAVEL_S = 10.0
_SPEED_MPS = 13.0
_HEADWAY_S = 2.0

CROSS = JunctionModel(
    "toy",
    tuple(PhaseModel(number, 5.0, 3.0, 1.0, 50.0) for number in (2, 3, 4)),
    tuple(LaneModel(f"lane{number}", (Way(number, 1.0),), 200.0, _SPEED_MPS) for number in (2, 3, 4)),
    (frozenset({2}), frozenset({3, 4})),
)


@dataclass
class Lamps:
    """Times yellow and clearance as the signal core does, and refuses nothing since nothing conflicting is asked."""

    model: JunctionModel
    shown: dict[int, Interval] = field(default_factory=dict)
    since_ns: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for phase in self.model.phases:
            self.shown[phase.phase], self.since_ns[phase.phase] = Interval.RED, 0

    def state(self, t_ns: int) -> SignalState:
        return SignalState(t_ns, dict(self.shown), dict(self.since_ns))

    def ask(self, t_ns: int, phases: frozenset[int]) -> None:
        for phase in self.model.phases:
            number = phase.phase
            age_s = (t_ns - self.since_ns[number]) / NS_PER_S
            if self.shown[number] is Interval.GREEN and number not in phases and age_s >= phase.min_green_s:
                self._show(number, Interval.YELLOW, t_ns)
            elif self.shown[number] is Interval.YELLOW and age_s >= phase.yellow_s:
                self._show(number, Interval.RED_CLEARANCE, t_ns)
            elif self.shown[number] is Interval.RED_CLEARANCE and age_s >= phase.red_clearance_s:
                self._show(number, Interval.RED, t_ns)
        for number in phases:
            if self.shown[number] is Interval.RED and all(
                self.shown[other] is Interval.RED for other in self.shown if not self._together(number, other)
            ):
                self._show(number, Interval.GREEN, t_ns)

    def _together(self, one: int, other: int) -> bool:
        return any({one, other} <= stage for stage in self.model.stages)

    def _show(self, number: int, interval: Interval, t_ns: int) -> None:
        self.shown[number], self.since_ns[number] = interval, t_ns


@dataclass
class Ran:
    """What came of it: every request, the wait of every vehicle that left, s, and the longest wait of each phase."""

    requests: list[PhaseRequest]
    waits_s: list[float]
    longest_s: dict[int, float]
    left: int


def run(
    controller: Controller, arrivals_s: Mapping[int, Sequence[float]], seconds: int, blind: Sequence[int] = ()
) -> Ran:
    """arrivals_s: phase → when each vehicle comes into view, s, sorted. blind: phases whose lane nobody sees."""
    lamps = Lamps(CROSS)
    coming = {number: deque(times) for number, times in arrivals_s.items()}
    queues: dict[int, deque[float]] = {number: deque() for number in arrivals_s}
    ready_s = dict.fromkeys(arrivals_s, 0.0)
    called_s: dict[int, float | None] = dict.fromkeys(arrivals_s)
    ran = Ran([], [], dict.fromkeys(arrivals_s, 0.0), 0)
    for step in range(seconds * 10):
        t_ns, t_s = step * STEP_NS, step / 10
        state = lamps.state(t_ns)
        demand = _demand(t_ns, coming, queues, blind)
        request = controller.update(demand, state)
        ran.requests.append(request)
        lamps.ask(t_ns, request.phases)
        for number, queue in queues.items():
            while coming[number] and coming[number][0] + _TRAVEL_S <= t_s:
                queue.append(coming[number].popleft() + _TRAVEL_S)
            green = lamps.shown[number] is Interval.GREEN
            if not green:
                ready_s[number] = t_s + _HEADWAY_S
            elif queue and t_s >= ready_s[number]:
                ran.waits_s.append(t_s - queue.popleft())
                ready_s[number] = t_s + _HEADWAY_S
            since_s = called_s[number]
            if green or not queue:
                called_s[number] = None
            elif since_s is None:
                called_s[number] = t_s
            else:
                ran.longest_s[number] = max(ran.longest_s[number], t_s - since_s)
    ran.left = sum(map(len, queues.values())) + sum(map(len, coming.values()))
    return ran


def _demand(
    t_ns: int, coming: dict[int, deque[float]], queues: dict[int, deque[float]], blind: Sequence[int]
) -> Demand:
    t_s = t_ns / NS_PER_S
    lanes = {}
    for number, queue in queues.items():
        name = f"lane{number}"
        if number in blind:
            lanes[name] = LaneDemand(name, number, None, None, None, None, None)
            continue
        seen = tuple((at_s + _TRAVEL_S - t_s) * _SPEED_MPS for at_s in coming[number] if at_s <= t_s)
        moving = tuple((distance_m, _SPEED_MPS) for distance_m in seen)
        waited_s = t_s - queue[0] if queue else None
        lanes[name] = LaneDemand(
            name, number, bool(queue), moving, len(queue), waited_s, 0.0, (number,) * (len(queue) + len(moving))
        )
    return Demand(t_ns, lanes)
