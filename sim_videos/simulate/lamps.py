"""The lamps of the street: a bridge that the plan asks during warm-up, and a controller from then on.

Whatever controller is tried, it finds the same street: the same plan has warmed it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from calibration.site import Plan, Signal
from edge.control.fixed import FixedTimeController
from edge.control.loop import ControlLoop
from edge.control.plan import CompiledPlan
from edge.controller import Controller
from edge.stages.signals import STEP_NS
from edge.types import Demand, Interval, PedInterval, PhaseRequest, SignalState
from firmware_bridge.bridge import Bridge
from sim_videos.plan_lamps import TTL_MS, instants

#: Both kinds of head by phase, as `sim_videos.world` takes them.
Shown = tuple[Mapping[int, Interval], Mapping[int, PedInterval]]


class Demands(Protocol):
    """Who says what the lanes ask for."""

    def demand(self, t_ns: int) -> Demand: ...


class StreetLamps:
    """A bridge joined to the street. Call `warm` with instants before 0 in order, then `steps`.

    watchers are told every step: what was demanded, what was asked, and the lamps measured just before.
    """

    def __init__(
        self,
        bridge: Bridge,
        controller: Controller,
        signal: Signal,
        plan: Plan,
        *watchers: Callable[[Demand, PhaseRequest, SignalState], object],
    ) -> None:
        self._bridge = bridge
        self._warm = ControlLoop(FixedTimeController(CompiledPlan.of(plan, signal), ttl_ms=TTL_MS), bridge)
        self._loop = ControlLoop(controller, bridge)
        self._watchers = watchers
        self._next_ns = 0
        self._warmed_ns: int | None = None

    def warm(self, t_ns: int) -> Shown:
        """What the plan shows at an instant of the warm-up: a `LampSource`."""
        for step_ns in instants(self._warmed_ns, t_ns):
            self._warm.step(Demand(step_ns, {}), step_ns)
        self._warmed_ns = t_ns
        return self.shown(t_ns)

    def steps(self, t_ns: int, demands: Demands) -> Iterator[tuple[PhaseRequest, SignalState]]:
        """Run the control steps due by t_ns, ten a second, on what has been seen by then."""
        while self._next_ns <= t_ns:
            step_ns, self._next_ns = self._next_ns, self._next_ns + STEP_NS
            demand = demands.demand(step_ns)
            request, state = self._loop.step(demand, step_ns)
            for watcher in self._watchers:
                watcher(demand, request, state)
            yield request, state

    def shown(self, t_ns: int) -> Shown:
        """What the lamps show at t_ns, after all that was asked up to then."""
        state = self._bridge.state(t_ns)
        return state.intervals, state.pedestrian

    def close(self) -> None:
        """Leave the lamps."""
        self._bridge.close()


def warm_quietly(write: Callable[[str], object]) -> Callable[[str], object]:
    """A sink for the bridge's record that leaves out the requests of the warm-up."""

    def record(line: str) -> object:
        return None if line.startswith('{"t_ns":-') else write(line)

    return record
