"""One step of control: measure the lamps, decide, ask.

    SignalState ─┐
    Demand ──────┴─→ Controller ─→ PhaseRequest ─→ Bridge

Who calls it, how often, and by which clock is not its business.
"""

from __future__ import annotations

from edge.controller import Controller
from edge.types import Demand, PhaseRequest, SignalState
from firmware_bridge.bridge import Bridge


class ControlLoop:
    """A controller joined to a bridge."""

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        self._controller = controller
        self._bridge = bridge

    def step(self, demand: Demand, t_ns: int) -> tuple[PhaseRequest, SignalState]:
        """What was asked at t_ns, and the lamps measured just before, on which that was decided.

        DeviceError of the bridge passes through: without measured lamps nothing is asked. A request that
        holds for 0 ms asks for nothing and is not handed over: the core flashes when the one before has ended.
        """
        signal = self._bridge.state(t_ns)
        request = self._controller.update(demand, signal)
        if request.ttl_ms > 0:
            self._bridge.request(request)
        return request, signal
