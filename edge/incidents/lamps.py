"""What a phase shows, as far as the rules care: unknown is None, and never taken for green or red."""

from __future__ import annotations

from edge.clock import NS_PER_S
from edge.types import Interval, SignalState


def shown(signal: SignalState | None, phase: int | None) -> Interval | None:
    """Interval of a phase; None without lamps, in flash or start-up, and for a phase that the site does not have."""
    if signal is None or phase is None or signal.mode != "running":
        return None
    return signal.intervals.get(phase)


def shown_s(signal: SignalState | None, phase: int | None, t_ns: int) -> float | None:
    """How long a phase has shown what it shows at t_ns; None where that is unknown."""
    if shown(signal, phase) is None or signal is None or phase is None:
        return None
    since_ns = signal.since_ns.get(phase)
    return None if since_ns is None else max(0.0, (t_ns - since_ns) / NS_PER_S)
