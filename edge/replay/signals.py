"""Control in a replay: every step of the control loop at its own instant, between frames.

A cabinet steps its loop ten times a second whatever the camera does; so does a replay,
on what had been seen by then.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.clock import NS_PER_MS
from edge.control.demand import DemandBuilder
from edge.control.loop import ControlLoop
from edge.frames import VisionResult
from edge.seams import Bridge
from edge.types import PhaseRequest, SignalState

#: Ten steps a second, as the cabinet's own loop.
STEP_NS = 100 * NS_PER_MS


class ControlSteps:
    """Implements `Signals` of `edge.replay.run` on demand, loop and bridge; the first step is at the first frame."""

    def __init__(self, demand: DemandBuilder, loop: ControlLoop, bridge: Bridge) -> None:
        self._demand = demand
        self._loop = loop
        self._bridge = bridge
        self._next_ns: int | None = None

    def until(self, t_ns: int) -> Iterator[tuple[PhaseRequest, SignalState]]:
        """Run the steps that are due by t_ns and give what was asked and measured at each."""
        if self._next_ns is None:
            self._next_ns = t_ns
        while self._next_ns <= t_ns:
            step_ns, self._next_ns = self._next_ns, self._next_ns + STEP_NS
            yield self._loop.step(self._demand.demand(step_ns), step_ns)

    def see(self, result: VisionResult) -> None:
        """Take one frame's lanes and tracks into the demand."""
        self._demand.see(result.sight, result.lanes, result.tracks)

    def close(self) -> None:
        """Leave the lamps to the core."""
        self._bridge.close()
