"""What a camera has counted since it began, so that a view that is lost loses no vehicle.

    Crossing ─→ Tallying ─→ Tally, in each View ─→ only the newest arrives ─→ TallyReader ─→ Departed

A tally only grows. Another process of the same camera begins another one, which says so
by the instant from which it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from calibration.site import Movement
from edge.types import VEHICLE_KINDS, Crossing


@dataclass(frozen=True, slots=True)
class Count:
    """Vehicles that left a lane on a movement since the tally began, and when the last of them passed its stop line."""

    lane: str
    movement: str
    vehicles: int
    last_ns: int


@dataclass(frozen=True, slots=True)
class Tally:
    """All that one process of a camera has counted since `since_ns`, cabinet time, which no other process shares."""

    since_ns: int
    counts: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True)
class Departed:
    """One vehicle that left a lane on a movement, over the stop line at t_ns as well as that is known."""

    lane: str
    movement: str
    t_ns: int


class Tallying:
    """The camera's end. A crossing without a lane has that of its movement if that has one alone, else it is left out.

    Args:
        movements: those of the camera.
        since_ns: of the first frame.
    """

    def __init__(self, movements: Iterable[Movement], since_ns: int) -> None:
        self._only = {movement.id: movement.lanes[0] for movement in movements if len(movement.lanes) == 1}
        self._since_ns = since_ns
        self._counts: dict[tuple[str, str], Count] = {}

    def add(self, crossings: Iterable[Crossing]) -> Tally:
        """All so far, with these."""
        for one in crossings:
            lane = one.lane if one.lane is not None else self._only.get(one.movement)
            if lane is None or one.kind not in VEHICLE_KINDS:
                continue
            before = self._counts.get((lane, one.movement))
            # The entry gate lies at the stop line; the exit gate, by which it is counted, is seconds further on.
            passed_ns = one.t_ns if one.entered_ns is None else one.entered_ns
            count = 1 if before is None else before.vehicles + 1
            self._counts[lane, one.movement] = Count(lane, one.movement, count, passed_ns)
        return Tally(self._since_ns, tuple(self._counts.values()))


class TallyReader:
    """The other end, for one camera: each vehicle once, by the difference to the tally before.

    from_ns: nobody listened before; of a tally that is older only what comes to it counts.
    """

    def __init__(self, from_ns: int) -> None:
        self._from_ns = from_ns
        self._since_ns: int | None = None
        self._read: Mapping[tuple[str, str], Count] = {}

    def read(self, tally: Tally) -> list[Departed]:
        """Who has left since the tally before, in order of time."""
        now = {(count.lane, count.movement): count for count in tally.counts}
        if tally.since_ns != self._since_ns:
            # Another process: its count begins anew. What the one before had counted last is lost with it.
            self._since_ns = tally.since_ns
            self._read = now if tally.since_ns < self._from_ns else {}
        gone = [one for place, count in now.items() for one in _between(self._read.get(place), count, tally.since_ns)]
        self._read = now
        return sorted(gone, key=lambda one: (one.t_ns, one.lane, one.movement))


def _between(before: Count | None, now: Count, since_ns: int) -> list[Departed]:
    """Of several the times are spread evenly: the mean of their headways is then right."""
    counted, last_ns = (0, since_ns) if before is None else (before.vehicles, before.last_ns)
    more = now.vehicles - counted
    # Decided late, one may have passed before the one that was told of last.
    step_ns = max(0, now.last_ns - last_ns) // more if more > 0 and before is not None else 0
    return [Departed(now.lane, now.movement, now.last_ns - step_ns * i) for i in reversed(range(more))]
