"""What control falls back to when nothing is known of any lane: the fixed-time plan.

One blind lane is served as if somebody waited there (`edge.control.calls`). When every
lane is unknown that would be a guess in every phase, and the plan that engineers made
for the hour is the better one.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.clock import NS_PER_S
from edge.controller import Controller
from edge.types import Demand, LaneDemand, PhaseRequest, SignalState

#: So long something must have been known before demand decides again: cameras that come back flicker.
_BACK_NS = 10 * NS_PER_S


class PlanWhenBlind:
    """Implements `Controller`: demand's while any lane is known, the plan's while none is.

    by_demand makes the controller anew each time sight returns, for what the old one
    remembers is from before.
    """

    def __init__(self, by_demand: Callable[[], Controller], plan: Controller, back_ns: int = _BACK_NS) -> None:
        self._make = by_demand
        self._by_demand = by_demand()
        self._plan = plan
        self._back_ns = back_ns
        self._blind = False
        self._seen_since_ns: int | None = None
        self.name = f"{self._by_demand.name}, or {plan.name} when blind"

    @property
    def blind(self) -> bool:
        """Whether the plan decides now."""
        return self._blind

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """The request of whichever decides; the reason says so when it is the plan."""
        self._look(demand, signal.t_ns)
        if not self._blind:
            return self._by_demand.update(demand, signal)
        request = self._plan.update(demand, signal)
        reason = f"no lane is known, {request.reason}"
        return PhaseRequest(request.t_ns, request.phases, reason, request.ttl_ms, request.ped_calls)

    def _look(self, demand: Demand, t_ns: int) -> None:
        if not any(_known(lane) for lane in demand.lanes.values()):
            self._blind, self._seen_since_ns = True, None
        elif self._blind:
            self._seen_since_ns = t_ns if self._seen_since_ns is None else self._seen_since_ns
            if t_ns - self._seen_since_ns >= self._back_ns:
                self._blind, self._by_demand = False, self._make()


def _known(lane: LaneDemand) -> bool:
    return lane.presence is not None or lane.queue_vehicles is not None
