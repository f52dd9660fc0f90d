"""Max pressure, the classical peer: every ten seconds the stage that relieves most (Varaiya 2013).

Pressure of a movement: vehicles queued for it, less those queued on the road that it leads to.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.control.junction import Surroundings
from edge.controller import Controller
from edge.types import Demand, PhaseRequest, SignalState
from sim_videos.nets.eyes import Sight, StreetAround
from sim_videos.nets.junction import Junction

_EVERY_S = 10


class MaxPressure:
    """Implements `Controller`; chooses among the stages of the junction's own program."""

    name = "max pressure"

    def __init__(self, junction: Junction, around: Callable[[int], Surroundings | None]) -> None:
        self._junction = junction
        self._around = around
        self._stages = junction.grouping.stages[: junction.grouping.program_stages]
        self._stage = self._stages[0]
        self._decide_ns = 0

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """The chosen stage; ten seconds later the next choice."""
        if signal.t_ns >= self._decide_ns:
            self._decide_ns = signal.t_ns + _EVERY_S * 10**9
            weights = self._pressure(demand, signal.t_ns)
            self._stage = max(self._stages, key=lambda stage: sum(weights.get(phase, 0.0) for phase in stage))
        return PhaseRequest(signal.t_ns, self._stage, "highest pressure")

    def _pressure(self, demand: Demand, t_ns: int) -> dict[int, float]:
        around = self._around(t_ns)
        standing = around.standing if isinstance(around, StreetAround) else {}
        weights: dict[int, float] = {}
        for model in self._junction.model.lanes:
            lane = demand.lanes[model.lane]
            for turn in (lane.turns or ())[: lane.queue_vehicles or 0]:
                if turn is not None:
                    weights[turn] = weights.get(turn, 0.0) + 1.0
            for way in model.ways:
                if way.exit is not None:
                    weights[way.phase] = weights.get(way.phase, 0.0) - way.share * standing.get(way.exit, 0)
        return weights


def max_pressure(junction: Junction, sight: Sight, around: Callable[[int], Surroundings | None]) -> Controller:  # noqa: ARG001
    """As the runner makes controllers."""
    return MaxPressure(junction, around)
