"""Events 89 and 90: push buttons released and pressed, by the number of the button."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge.telemetry.hires_codes import Code
from edge.telemetry.hires_event import HiResEvent
from edge.types import Demand, PhaseRequest, SignalState


class ButtonEvents:
    """Hears control steps, as `ControlSteps` tells them. held: numbers of the buttons that were pressed in a step."""

    def __init__(
        self, held: Callable[[], frozenset[int]], sinks: Sequence[Callable[[Sequence[HiResEvent]], object]]
    ) -> None:
        self._held = held
        self._sinks = tuple(sinks)
        self._before: frozenset[int] = frozenset()

    def __call__(self, demand: Demand, request: PhaseRequest, state: SignalState) -> None:
        """One step; errors of a sink pass through."""
        del demand, request
        now, before = self._held(), self._before
        self._before = now
        changes = ((Code.PED_DETECTOR_OFF, before - now), (Code.PED_DETECTOR_ON, now - before))
        events = [HiResEvent(state.t_ns, code, number) for code, numbers in changes for number in sorted(numbers)]
        if events:
            for sink in self._sinks:
                sink(events)
