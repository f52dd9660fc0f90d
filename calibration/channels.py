"""Head groups of the lamps: phases and overlaps under one roof, and which may be lit together.

An overlap is green whenever one of its parents is asked for, so it stands beside all that
may run beside one of them: NEMA TS 2-2003 section 3.9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from calibration.signal_timing import conflicts
from calibration.site import Signal


def channel_names(signal: Signal) -> tuple[str, ...]:
    """Phases in the order of their numbers, then overlaps in that of their letters."""
    numbers = sorted({phase.number for phase in signal.phases})
    return (*map(str, numbers), *sorted({overlap.name for overlap in signal.overlaps}))


def together(signal: Signal) -> Mapping[str, frozenset[str]]:
    """Channel → the channels that may be other than red beside it, itself among them. Symmetric."""
    pairs = conflicts(signal)
    phases_of: dict[str, tuple[int, ...]] = {str(phase.number): (phase.number,) for phase in signal.phases}
    phases_of |= {overlap.name: overlap.parents for overlap in signal.overlaps}

    def beside(one: str, other: str) -> bool:
        return any(a == b or frozenset((a, b)) not in pairs for a in phases_of[one] for b in phases_of[other])

    return {one: frozenset(other for other in phases_of if beside(one, other)) for one in phases_of}


def pins(signal: Signal) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every pin of [signal.wiring] with its keys from there on, in the order of the file's model."""
    wiring = signal.wiring
    if wiring is None:
        return
    for table, rows in (("heads", wiring.heads), ("senses", wiring.senses)):
        for name, row in rows.items():
            for colour, pin in row:
                if pin is not None:
                    yield pin, (table, name, colour)
    for key in ("flash_relay", "heartbeat", "manual_flash", "door", "stop_time", "reset"):
        pin = getattr(wiring, key)
        if pin is not None:
            yield pin, (key,)
