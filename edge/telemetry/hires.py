"""Indiana high-resolution events of one cabinet: everything that lamps, detectors and controller do.

    Demand ──────→ detectors ─┐
    PhaseRequest ─→ control ──┼→ HiResEvent(t_ns, code, parameter)
    SignalState ─→ lamps ─────┘

Pure: made from these three alone, time comes with them, the same input gives the same
events. docs/hires.md says which codes are written, and when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from calibration.detectors import Detector
from calibration.site import Signal
from edge.clock import NS_PER_MS
from edge.messages import HiResBody
from edge.telemetry.hires_control import ControlEvents
from edge.telemetry.hires_detectors import DetectorEvents
from edge.telemetry.hires_event import HiResEvent
from edge.telemetry.hires_lamps import LampEvents
from edge.types import Demand, PhaseRequest, SignalState

__all__ = ["RESOLUTION_NS", "HiResEvent", "HiResEvents", "HiResTap", "body_of"]

#: A tenth of a second, the resolution of the enumerations.
RESOLUTION_NS = 100 * NS_PER_MS


class HiResEvents:
    """Give it every control step in the order of time.

    apart: pairs of phases that are never green together, where rings do not say so.
    """

    def __init__(
        self, signal: Signal, detectors: Sequence[Detector], apart: frozenset[frozenset[int]] | None = None
    ) -> None:
        self._lamps = LampEvents(signal)
        self._detectors = DetectorEvents(detectors)
        self._control = ControlEvents(signal, apart)

    def update(self, demand: Demand, request: PhaseRequest, state: SignalState) -> tuple[HiResEvent, ...]:
        """Events of one step, in the order of time; none is older than the step before but those of detectors.

        state: the lamps on which the request was decided, so those before it could act.
        """
        events = [
            *self._lamps.update(state),
            *self._detectors.update(demand, state),
            *self._control.update(request, state),
        ]
        return tuple(sorted(events, key=lambda event: event.t_ns))


class HiResTap:
    """Hears control steps, as `ControlSteps` tells them, and hands the events of each to `sinks`."""

    def __init__(self, events: HiResEvents, sinks: Sequence[Callable[[Sequence[HiResEvent]], object]]) -> None:
        self._events = events
        self._sinks = tuple(sinks)

    def __call__(self, demand: Demand, request: PhaseRequest, state: SignalState) -> None:
        """One step; errors of a sink pass through."""
        events = self._events.update(demand, request, state)
        if events:
            for sink in self._sinks:
                sink(events)


def body_of(events: Iterable[HiResEvent], wall_ns: Callable[[int], int]) -> tuple[int, HiResBody]:
    """Events as a body for the outbox, with its time: a full tenth of a second of wall time.

    Each event is rounded down to tenths of wall time, so that two exports agree. ValueError without events.
    """
    ordered = sorted(events, key=lambda event: event.t_ns)
    if not ordered:
        raise ValueError("a record of high-resolution events holds at least one")
    begin_ns = ordered[0].t_ns - wall_ns(ordered[0].t_ns) % RESOLUTION_NS
    entries = [((event.t_ns - begin_ns) // RESOLUTION_NS, event.code, event.parameter) for event in ordered]
    return begin_ns, HiResBody(events=entries)
