"""What a coordinated pattern wants of an actuated controller at one instant.

    wall time ─→ timetable ─→ pattern, local cycle second ─→ Coordination ─→ ActuatedController

Coordination only narrows what actuation may do: it says which greens must end, which must
not, and which may begin. All else stays with detectors and with the signal core.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from edge.types import Pattern, SignalState

#: How a pattern runs: alone (free), at its own second, or on the way there by longer or shorter
#: cycles, or by waiting in the coordinated phases.
CoordinationState = Literal["free", "in_step", "add", "subtract", "dwell"]
#: Rings → barrier groups → phases, as `Signal.rings`.
Sequence = tuple[tuple[tuple[int, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Coordination:
    """The wishes of the pattern in force; one without pattern is free operation.

    cycle_second: local time in the cycle, s; None when free. force_off: phases whose green ends as soon as
    its minimum and pedestrians have been served and a conflicting call waits. hold: greens
    that do not end. permitted: phases that may be begun now, ped_permitted: those whose walk may be;
    None where all may. recall, ped_recall: phases that the pattern calls in every cycle.
    max_set: which maximum green counts; None where the pattern inhibits maximums. sequence: order of
    the rings in this pattern (lead and lag), None for that of the signal.
    """

    pattern: Pattern | None
    cycle_second: float | None
    force_off: frozenset[int]
    hold: frozenset[int]
    permitted: frozenset[int] | None
    ped_permitted: frozenset[int] | None
    reason: str
    max_set: Literal[1, 2] | None = 1
    recall: frozenset[int] = field(default_factory=frozenset)
    ped_recall: frozenset[int] = field(default_factory=frozenset)
    sequence: Sequence | None = None
    state: CoordinationState = "free"


#: What an actuated controller is coordinated by, asked once a step.
Coordinate = Callable[[SignalState], Coordination]


def free(reason: str, max_set: Literal[1, 2] = 1) -> Coordination:
    """No pattern: everything may be served, nothing is forced off or held."""
    return Coordination(None, None, frozenset(), frozenset(), None, None, reason, max_set)
