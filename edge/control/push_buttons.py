"""Push buttons at crossings: pressed, remembered until walk, whichever controller serves.

contacts ─→ PushButtons ─→ waiting, by phase ─→ actuated, or WithWalks around another controller
               └→ held, by number of the button ─→ events 89 and 90
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from edge.controller import Controller
from edge.types import ControlFacts, Demand, Interval, PedInterval, PhaseRequest, SignalState


class PushButtons:
    """All buttons of a junction. It is a `Buttons`: asked for it, it gives the phases that wait.

    Args:
        phases: number of a button → phase whose walk it calls.
        came: numbers that have been closed since it was last asked; it must not block.
    """

    def __init__(self, phases: Mapping[int, int], came: Callable[[], Collection[int]] = frozenset) -> None:
        self._phases = dict(phases)
        self._came = came
        #: Buttons that are, or since the step before were, pressed.
        self.held: frozenset[int] = frozenset()
        self.waiting: frozenset[int] = frozenset()

    def look(self, signal: SignalState) -> None:
        """Once a step, before any controller is asked. A press during walk needs no other walk."""
        self.held = frozenset(self._came()) & self._phases.keys()
        walks = {phase for phase, shown in signal.pedestrian.items() if shown is PedInterval.WALK}
        self.waiting = (self.waiting | {self._phases[number] for number in self.held}) - walks

    def __call__(self) -> frozenset[int]:
        return self.waiting


class ButtonsFirst:
    """Implements `Controller`: looks at the buttons, preempted or not, then asks the one within."""

    def __init__(self, inner: Controller, buttons: PushButtons) -> None:
        self._inner = inner
        self._buttons = buttons
        self.name = inner.name

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """What the inner controller asks for."""
        self._buttons.look(signal)
        return self._inner.update(demand, signal)


class WithWalks:
    """Implements `Controller` around one that knows no pedestrians: whoever waits walks with the next green.

    A green that has begun gets no walk any more, for it may have to end before.
    """

    def __init__(self, inner: Controller, buttons: PushButtons) -> None:
        self._inner = inner
        self._buttons = buttons
        self.name = inner.name

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """What the inner controller asks for, with the calls of the phases that are not green yet."""
        request = self._inner.update(demand, signal)
        waiting = self._buttons.waiting
        facts = request.facts if request.facts is not None else ControlFacts(self.name)
        begin = {phase for phase in request.phases if signal.intervals.get(phase) is not Interval.GREEN}
        calls = request.ped_calls | (waiting & begin)
        return replace(request, ped_calls=calls, facts=replace(facts, ped_called=waiting))
