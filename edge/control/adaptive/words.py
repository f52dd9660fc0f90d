"""The planner's reasons, in the engineer's words and numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from edge.types import Demand


def change(
    begun: Collection[int], ended: Collection[int], queued: int, oldest_s: float | None, saving_veh_s: float | None
) -> str:
    """`phase 4 next: 11 queued, oldest 38 s; expected saving 94 veh·s`."""
    parts = []
    if queued:
        parts.append(f"{queued} queued" + (f", oldest {oldest_s:.0f} s" if oldest_s is not None else ""))
    if saving_veh_s is not None:
        parts.append(f"expected saving {saving_veh_s:.0f} veh·s")
    what = f"{phases(begun)} next" if begun else f"{phases(ended)} no longer"
    return f"{what}: {'; '.join(parts) or 'nobody waits for what is green'}"


def overdue(phase: int, waited_s: float, limit_s: float) -> str:
    """`phase 3 next: waited 121 s, limit 120 s`."""
    return f"phase {phase} next: waited {waited_s:.0f} s, limit {limit_s:.0f} s"


def held(waiting: Collection[int], vehicles: int) -> str:
    """`phase 4 held: 2 vehicles stand in the box`."""
    return f"{phases(waiting)} held: {vehicles} {'vehicle stands' if vehicles == 1 else 'vehicles stand'} in the box"


def phases(numbers: Iterable[int]) -> str:
    """`phase 4`, `phases 2 and 6`, `phases 1, 2 and 6`."""
    names = [str(number) for number in sorted(numbers)]
    if len(names) < 2:
        return f"phase {names[0]}" if names else "no phase"
    return f"phases {', '.join(names[:-1])} and {names[-1]}"


def queue(
    demand: Demand, lanes: Iterable[tuple[str, frozenset[int]]], served: Collection[int]
) -> tuple[int, float | None]:
    """Vehicles that stand in lanes for these phases, and the oldest wait in s; None where nobody knows."""
    count, oldest_s = 0, None
    for name, ways in lanes:
        lane = demand.lanes.get(name)
        if lane is None or not ways & set(served) or not lane.queue_vehicles:
            continue
        standing = lane.turns[: lane.queue_vehicles] if lane.turns is not None else None
        mine = lane.queue_vehicles if standing is None else sum(turn in served for turn in standing)
        count += mine
        if mine and lane.wait_s is not None:
            oldest_s = lane.wait_s if oldest_s is None else max(oldest_s, lane.wait_s)
    return count, oldest_s
