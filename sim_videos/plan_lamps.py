"""Lamps of a rendered street that run its plan, whoever waits: our own controller on the modelled signal core."""

from __future__ import annotations

from collections.abc import Mapping

from calibration.site import Plan, Signal
from edge.clock import NS_PER_S
from edge.control.fixed import FixedTimeController
from edge.control.loop import ControlLoop
from edge.control.plan import CompiledPlan
from edge.types import Demand, Interval, PedInterval
from firmware_bridge.recording import RecordingBridge

#: The longest step between two calls for which a request still holds, ms.
_TTL_MS = 2000


class PlanLamps:
    """A `LampSource`: call it with instants in order; second 0 of the cycle is at t_ns = 0, less the plan's offset."""

    def __init__(self, signal: Signal, plan: Plan) -> None:
        self._bridge = RecordingBridge(signal, sink=lambda _line: None, startup_s=0.0)
        controller = FixedTimeController(CompiledPlan.of(plan, signal), ttl_ms=_TTL_MS)
        self._loop = ControlLoop(controller, self._bridge)

    def __call__(self, t_ns: int) -> tuple[Mapping[int, Interval], Mapping[int, PedInterval]]:
        """What each phase shows from t_ns on: vehicles, and pedestrians where the phase has them."""
        self._loop.step(Demand(t_ns, {}), t_ns)
        state = self._bridge.state(t_ns)
        return state.intervals, state.pedestrian


def seconds_ns(t_s: float) -> int:
    """Seconds of the scene as nanoseconds of cabinet time."""
    return round(t_s * NS_PER_S)
