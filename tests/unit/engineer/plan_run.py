"""Greens that a controller gets out of the real core, second by second from a wall time, for tests of plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.controller import Controller
from edge.types import Demand, Interval, LaneDemand, PhaseRequest, SignalState
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of_signal
from tests.lamp_laws import Witness

STEP_NS = NS_PER_S // 10


@dataclass(slots=True)
class Ran:
    """Greens as (phase, from, to) in seconds since the start, those that ended; requests; measured lamps."""

    greens: list[tuple[int, float, float]] = field(default_factory=list)
    requests: list[PhaseRequest] = field(default_factory=list)
    states: list[SignalState] = field(default_factory=list)

    def of(self, phase: int) -> list[tuple[float, float]]:
        """Greens of one phase, from when to when."""
        return [(from_s, to_s) for number, from_s, to_s in self.greens if number == phase]

    def reason_at(self, second: float) -> str:
        """Why, at that second."""
        return self.requests[round(second * 10)].reason


def nobody(_t_s: float) -> Mapping[str, LaneDemand]:
    """No lane at all."""
    return {}


def lane(phase: int, *, queue: int = 0) -> LaneDemand:
    """A lane that is seen, with so many waiting."""
    wait_s = 5.0 if queue else None
    return LaneDemand(f"L{phase}", phase, queue > 0, (), queue, wait_s, 0.0)


def run(
    controller: Controller,
    signal: Signal,
    seconds: float,
    demand: Callable[[float], Mapping[str, LaneDemand]] = nobody,
    laws: Signal | None = None,
) -> Ran:
    """Ten steps a second on the compiled core, watched by the laws of lamps, those of the signal unless given.

    The core is powered up before 0 and held in red, so that greens may begin at 0.
    """
    bridge = SimulatedBridge(table_of_signal(signal))
    for t_ns in range(-15 * NS_PER_S, 0, NS_PER_S // 2):
        bridge.request(PhaseRequest(t_ns, frozenset(), "all red before 0", 1000))
    witness, ran = Witness(signal if laws is None else laws), Ran()
    for step in range(round(seconds * 10) + 1):
        t_ns = step * STEP_NS
        state = bridge.state(t_ns)
        request = controller.update(Demand(t_ns, dict(demand(step / 10))), state)
        bridge.request(request)
        witness.see(state)
        ran.requests.append(request)
        ran.states.append(state)
    assert bridge.refused == 0
    ran.greens = [
        (number, round(began_s, 1), round(began_s + lasted_s, 1))
        for number, shown, began_s, lasted_s in witness.ended
        if shown is Interval.GREEN
    ]
    return ran
