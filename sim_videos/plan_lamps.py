"""Lamps of a rendered street that run its plan, whoever waits: our own controller on the modelled signal core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from calibration.site import Plan, Signal
from edge.clock import NS_PER_MS, NS_PER_S
from edge.control.fixed import FixedTimeController
from edge.control.loop import ControlLoop
from edge.control.plan import CompiledPlan
from edge.types import Demand, Interval, PedInterval
from firmware_bridge.recording import RecordingBridge

#: The plan is asked so often at least, whatever lies between two calls; a request outlasts it.
LONGEST_STEP_NS = 500 * NS_PER_MS
TTL_MS = 1000


def instants(last_ns: int | None, t_ns: int) -> Iterator[int]:
    """When to ask the plan after last_ns (None: never yet), up to t_ns and then at it."""
    while last_ns is not None and last_ns + LONGEST_STEP_NS < t_ns:
        last_ns += LONGEST_STEP_NS
        yield last_ns
    yield t_ns


class PlanLamps:
    """A `LampSource`: call it with instants in order; second 0 of the cycle is at t_ns = 0, less the plan's offset."""

    def __init__(self, signal: Signal, plan: Plan) -> None:
        self._bridge = RecordingBridge(signal, sink=lambda _line: None, startup_s=0.0)
        controller = FixedTimeController(CompiledPlan.of(plan, signal), ttl_ms=TTL_MS)
        self._loop = ControlLoop(controller, self._bridge)
        self._last_ns: int | None = None

    def __call__(self, t_ns: int) -> tuple[Mapping[int, Interval], Mapping[int, PedInterval]]:
        """What each phase shows from t_ns on: vehicles, and pedestrians where the phase has them."""
        for step_ns in instants(self._last_ns, t_ns):
            self._loop.step(Demand(step_ns, {}), step_ns)
        self._last_ns = t_ns
        state = self._bridge.state(t_ns)
        return state.intervals, state.pedestrian


def seconds_ns(t_s: float) -> int:
    """Seconds of the scene as nanoseconds of cabinet time."""
    return round(t_s * NS_PER_S)
