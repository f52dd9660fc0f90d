"""Demand, controller and bridge as one: frames go in, control steps come out.

A cabinet steps its loop ten times a second whatever the camera does; so does a replay,
each step at its own instant between frames, on what had been seen by then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from edge.clock import NS_PER_MS
from edge.control.around import Around
from edge.control.demand import DemandBuilder
from edge.control.loop import ControlLoop
from edge.control.view import View
from edge.frames import VisionResult
from edge.seams import Bridge
from edge.stages.viewing import CameraViews
from edge.types import Demand, PhaseRequest, SignalState

#: Ten steps a second.
STEP_NS = 100 * NS_PER_MS


class ControlSteps:
    """Control of one junction. Live, `step` is called when it is time; in a replay, `until` before each frame.

    around: told of every view, for a controller that asks it. views: camera → what makes its views of frames;
    of a camera without, demand is all that control is told.
    """

    def __init__(
        self,
        demand: DemandBuilder,
        loop: ControlLoop,
        bridge: Bridge,
        around: Around | None = None,
        views: Mapping[str, CameraViews] | None = None,
    ) -> None:
        self._demand = demand
        self._loop = loop
        self._bridge = bridge
        self._around = around
        self._views = dict(views or {})
        self._next_ns: int | None = None
        self._watchers: list[Callable[[Demand, PhaseRequest, SignalState], object]] = []

    def watch(self, watcher: Callable[[Demand, PhaseRequest, SignalState], object]) -> None:
        """Have every step told: what was demanded, what was asked, and the lamps measured just before."""
        self._watchers.append(watcher)

    def step(self, t_ns: int) -> tuple[PhaseRequest, SignalState]:
        """One step at t_ns: what was asked, and the lamps measured just before."""
        demand = self._demand.demand(t_ns)
        request, state = self._loop.step(demand, t_ns)
        for watcher in self._watchers:
            watcher(demand, request, state)
        return request, state

    def until(self, t_ns: int) -> Iterator[tuple[PhaseRequest, SignalState]]:
        """Run the steps that are due by t_ns; the first of all is at the first t_ns."""
        if self._next_ns is None:
            self._next_ns = t_ns
        while self._next_ns <= t_ns:
            step_ns, self._next_ns = self._next_ns, self._next_ns + STEP_NS
            yield self.step(step_ns)

    def see(self, result: VisionResult) -> None:
        """Take in one frame of a camera of this process."""
        views = self._views.get(result.camera)
        if views is None:
            self._demand.see(result.sight, result.lanes, result.tracks)
        else:
            self.take(views.view(result))

    def take(self, view: View) -> None:
        """Take in what a camera saw, here or in another process. KeyError for what is not that camera's."""
        self._demand.take(view)
        if self._around is not None:
            self._around.take(view)

    def hold(self, movements: Collection[str]) -> None:
        """Nobody fits beyond these movements now, as far as the controller asks; none: all have room again."""
        if self._around is not None:
            self._around.hold(movements)

    def close(self) -> None:
        """Leave the lamps to the core."""
        self._bridge.close()
