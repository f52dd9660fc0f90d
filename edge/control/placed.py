"""Calls that no vehicle makes, placed for a planner that knows vehicles alone: recalls and pedestrians.

    recall by command or timing sheet ─┐
    push button, pedestrian recall ────┴─→ one vehicle more, standing in a lane of the phase

So they are weighed against the vehicles that wait, and served at the latest when whoever waits so
long is. A controller on the street does the same: a recall is a call placed on a detector.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from calibration.signal_timing import conflicts
from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.control.coordinate import Coordinate, Coordination
from edge.control.pedestrians import Buttons, Pedestrians
from edge.controller import Controller
from edge.types import ControlFacts, Demand, Interval, LaneDemand, PhaseRequest, SignalState


class PlacedCalls:
    """Implements `Controller` around a planner.

    Args:
        ways: lane → phases of its turns.
        coordinate: asked once a step for the phases that commands recall.
        buttons: asked once a step for the phases whose pedestrians have called since.
    """

    def __init__(
        self,
        inner: Controller,
        signal: Signal,
        ways: Mapping[str, frozenset[int]],
        coordinate: Coordinate,
        buttons: Buttons,
    ) -> None:
        self._inner = inner
        self._coordinate = coordinate
        self._recalled = frozenset(one.number for one in signal.phases if one.recall in {"min", "max"})
        self._pedestrians = Pedestrians(signal.phases, buttons)
        pairs = conflicts(signal)
        numbers = [one.number for one in signal.phases]
        self._conflicts = {a: {b for b in numbers if frozenset((a, b)) in pairs} for a in numbers}
        #: Phase → its lanes, those that serve no other first.
        self._lanes = {
            phase: sorted((lane for lane, served in ways.items() if phase in served), key=lambda one: len(ways[one]))
            for phase in numbers
        }
        self._alone = {lane for lane, served in ways.items() if len(served) == 1}
        self._since_ns: dict[int, int] = {}
        self.name = inner.name

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """What the planner asks for with these calls, and the walks that go with it."""
        plan = self._coordinate(signal)
        waiting = self._pedestrians.update(signal, plan)
        said = self._said(waiting, plan, signal)
        self._since_ns = {phase: self._since_ns.get(phase, signal.t_ns) for phase in said}
        request = self._inner.update(self._placed(demand, signal.t_ns), signal)
        facts = request.facts if request.facts is not None else ControlFacts(self.name)
        called = (facts.called or frozenset()) | said.keys()
        contested = {phase for phase, others in self._conflicts.items() if others & called}
        ped_calls = self._pedestrians.asked(waiting, request.phases, signal, plan, contested)
        listed = ", ".join(f"{phase} ({why})" for phase, why in sorted(said.items()))
        reason = f"{request.reason}; also called: phase {listed}" if said else request.reason
        facts = replace(facts, called=called, ped_called=waiting)
        return replace(request, reason=reason, ped_calls=ped_calls, facts=facts)

    def _said(self, waiting: frozenset[int], plan: Coordination, signal: SignalState) -> dict[int, str]:
        """Phase that is called → why; those that are green already are left out."""
        said = dict.fromkeys(self._recalled | plan.recall, "recall")
        for phase in waiting - said.keys():
            said[phase] = "pedestrian call" if self._pedestrians.pressed(phase) else "pedestrian recall"
        return {
            phase: why
            for phase, why in said.items()
            if phase in self._lanes and signal.intervals.get(phase) is not Interval.GREEN
        }

    def _placed(self, demand: Demand, t_ns: int) -> Demand:
        lanes = dict(demand.lanes)
        for phase, since_ns in self._since_ns.items():
            name = next((one for one in self._lanes[phase] if one in lanes), None)
            # Where a lane of its own already calls, or nobody knows, nothing needs to be added.
            own = [lanes[one] for one in self._lanes[phase] if one in self._alone and one in lanes]
            if name is None or any(map(_calls, own)):
                continue
            wait_s = (t_ns - since_ns) / NS_PER_S
            lanes[name] = _with_one_more(lanes[name], phase, wait_s, alone=name in self._alone)
        return replace(demand, lanes=lanes)


def without_lane(signal: Signal, ways: Iterable[frozenset[int]]) -> tuple[int, ...]:
    """Phases that no lane leads to: a planner that knows vehicles alone would never serve them."""
    return tuple(sorted({one.number for one in signal.phases}.difference(*ways)))


def _calls(lane: LaneDemand) -> bool:
    return lane.queue_vehicles is None or bool(lane.queue_vehicles or lane.presence or lane.arrivals)


def _with_one_more(lane: LaneDemand, phase: int, wait_s: float, *, alone: bool) -> LaneDemand:
    """At the end of what stands there; a lane of which nobody knows what stands calls by itself."""
    standing, coming = lane.queue_vehicles, len(lane.arrivals or ())
    if standing is None:
        return lane
    turns = lane.turns
    if turns is None or len(turns) != standing + coming:
        turns = (phase if alone else None,) * (standing + coming)
    turns = (*turns[:standing], phase, *turns[standing:])
    longest_s = wait_s if lane.wait_s is None else max(wait_s, lane.wait_s)
    return replace(lane, queue_vehicles=standing + 1, wait_s=longest_s, turns=turns)
