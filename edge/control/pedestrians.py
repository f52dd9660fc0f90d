"""Pedestrian calls: kept from the button to the walk that answers them, and when a walk may come again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from calibration.site import Phase
from edge.control.coordinate import Coordination
from edge.types import Interval, PedInterval, SignalState

#: Phases whose buttons were pressed since it was last asked.
Buttons = Callable[[], frozenset[int]]


def no_buttons() -> frozenset[int]:
    """For crossings without buttons: they are served by recall."""
    return frozenset()


class Pedestrians:
    """Calls of the phases with a walk. Phases of `ped_recall` are called in every cycle, unless recall is off."""

    def __init__(self, phases: Iterable[Phase], buttons: Buttons = no_buttons, *, recall: bool = True) -> None:
        self._phases = {phase.number: phase for phase in phases if phase.walk_s is not None}
        self._buttons = buttons
        self._recalled = frozenset(p for p, phase in self._phases.items() if recall and phase.ped_recall)
        self._pressed: set[int] = set()

    def update(self, signal: SignalState, plan: Coordination) -> frozenset[int]:
        """Phases whose pedestrians wait now. A press during walk needs no other walk."""
        self._pressed.update(self._buttons() & self._phases.keys())
        self._pressed -= {p for p in self._pressed if signal.pedestrian.get(p) is PedInterval.WALK}
        red = {p for p, shown in signal.intervals.items() if shown is not Interval.GREEN and self.recalled(p, plan)}
        return frozenset(self._pressed | red)

    def recalled(self, phase: int, plan: Coordination) -> bool:
        """Whether they are served in every cycle, whoever comes."""
        return phase in self._phases and (phase in self._recalled or phase in plan.ped_recall)

    def pressed(self, phase: int) -> bool:
        """Whether a button, and no recall, calls."""
        return phase in self._pressed

    def asked(
        self,
        waiting: frozenset[int],
        phases: frozenset[int],
        signal: SignalState,
        plan: Coordination,
        contested: set[int],
    ) -> frozenset[int]:
        """Calls to hand over to the core with a request for these phases: those that walk may answer.

        contested: phases for whose end another one waits. A green phase walks again only where
        nobody waits, or where the plan holds it and lets it (pedestrian recycle).
        """
        may = waiting & phases
        if plan.ped_permitted is not None:
            may &= plan.ped_permitted
        return frozenset(p for p in may if self._may_walk(p, signal, plan, contested))

    def _may_walk(self, phase: int, signal: SignalState, plan: Coordination, contested: set[int]) -> bool:
        if signal.intervals.get(phase) is not Interval.GREEN:
            return True
        held = phase in plan.hold and plan.ped_permitted is not None
        return self._phases[phase].ped_recycle and (held or phase not in contested)

    def busy(self, phase: int, signal: SignalState) -> str | None:
        """What of its pedestrians must be served before its green may end: "walk", "pedestrian clearance"."""
        shown = signal.pedestrian.get(phase)
        if shown is PedInterval.WALK:
            return "walk"
        return "pedestrian clearance" if shown is PedInterval.CLEARANCE else None
