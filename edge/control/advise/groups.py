"""Lane groups: lanes and movements that share them under one phase (HCM 6th edition, chapter 19, section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calibration.signal_timing import conflicts
from calibration.site import Lane, Movement, Signal, Site
from edge.control.advise.flows import is_vehicular

_OPPOSITE = {"NB": "SB", "SB": "NB", "EB": "WB", "WB": "EB", "NEB": "SWB", "SWB": "NEB", "NWB": "SEB", "SEB": "NWB"}


@dataclass(frozen=True, slots=True)
class LaneGroup:
    """Movements of one approach and phase that share lanes.

    lanes is empty where the site names none; one is assumed then. opposing: movements to whom its left turns
    must yield, since both may be green at once.
    """

    phase: int
    approach: str
    movements: tuple[str, ...]
    lanes: tuple[str, ...]
    opposing: tuple[str, ...]

    @property
    def name(self) -> str:
        """`NBT+NBR`."""
        return "+".join(self.movements)

    @property
    def lane_count(self) -> int:
        """At least one."""
        return max(1, len(self.lanes))


def turn_of(movement: str) -> str:
    """L, T, R or U: what follows the approach in an id."""
    return movement.rstrip("0123456789")[-1]


def lane_groups(site: Site, signal: Signal) -> tuple[LaneGroup, ...]:
    """Every lane group under a phase; movements without one are free of the signal and left out."""
    lanes = {lane.id: lane for lane in site.lanes}
    phases = {m.id: phase for m in site.movements if (phase := phase_of(m, lanes)) is not None and is_vehicular(m.id)}
    apart = conflicts(signal)
    made: list[LaneGroup] = []
    for movements, shared in _joined(site, phases, lanes):
        phase, approach = phases[movements[0].id], movements[0].approach
        turns_left = any(turn_of(m.id) in "LU" for m in movements)
        opposing = [
            other.id
            for other in site.movements
            if other.id in phases
            and other.approach == _OPPOSITE[approach]
            and turn_of(other.id) in "TR"
            and frozenset((phases[other.id], phase)) not in apart
        ]
        made.append(
            LaneGroup(
                phase, approach, tuple(m.id for m in movements), tuple(shared), tuple(opposing) if turns_left else ()
            )
        )
    return tuple(sorted(made, key=lambda group: (group.phase, group.approach, group.movements)))


def phase_of(movement: Movement, lanes: dict[str, Lane]) -> int | None:
    """Its own, or the one that all its lanes have."""
    if movement.phase is not None:
        return movement.phase
    of_lanes = {lanes[lane].phase for lane in movement.lanes}
    return of_lanes.pop() if len(of_lanes) == 1 else None


def _joined(
    site: Site, phases: dict[str, int], lanes: dict[str, Lane]
) -> Iterator[tuple[list[Movement], dict[str, None]]]:
    """Movements of one approach and phase, joined wherever they share a lane."""
    groups: list[tuple[list[Movement], dict[str, None]]] = []
    for movement in site.movements:
        if movement.id not in phases:
            continue
        own = dict.fromkeys(_lanes_of(movement, phases[movement.id], lanes))
        joined = [
            group
            for group in groups
            if (group[0][0].approach, phases[group[0][0].id]) == (movement.approach, phases[movement.id])
            and (group[1].keys() & own.keys() or not (group[1] or own))
        ]
        members = [m for group in joined for m in group[0]]
        merged = {lane: None for group in joined for lane in group[1]} | own
        groups = [group for group in groups if group not in joined]
        groups.append(([*members, movement], merged))
    yield from groups


def _lanes_of(movement: Movement, phase: int, lanes: dict[str, Lane]) -> tuple[str, ...]:
    if movement.lanes:
        return movement.lanes
    own = [lane for lane in lanes.values() if (lane.approach, lane.camera) == (movement.approach, movement.camera)]
    return tuple(lane.id for lane in own if lane.phase in {phase, None})
