"""What follows from rings and barriers: which phases conflict, and how long each must take.

NEMA TS 2-2003 section 3.5: phases of one ring run one after the other, and a barrier
is crossed by all rings at once.
"""

from __future__ import annotations

from itertools import combinations

from calibration.key_types import PhaseNumber
from calibration.site import Phase, Signal

Place = tuple[int, int]


def places(signal: Signal) -> dict[PhaseNumber, Place]:
    """Phase → (ring, barrier group), both from 0."""
    return {
        phase: (ring, group)
        for ring, groups in enumerate(signal.rings)
        for group, phases in enumerate(groups)
        for phase in phases
    }


def conflicts(signal: Signal) -> frozenset[frozenset[int]]:
    """Pairs of phases that may never be other than red at once.

    Phases of one ring, and phases of different barrier groups. A phase that stands in no
    ring conflicts with every other one.
    """
    place = places(signal)
    numbers = sorted({phase.number for phase in signal.phases} | place.keys())
    return frozenset(
        frozenset((a, b)) for a, b in combinations(numbers, 2) if not _together(place.get(a), place.get(b))
    )


def shortest_green_s(phase: Phase) -> float:
    """Least green that a phase is served once begun: minimum green, or walk and pedestrian clearance."""
    return max(phase.min_green_s, (phase.walk_s or 0.0) + (phase.ped_clearance_s or 0.0))


def shortest_split_s(phase: Phase) -> float:
    """Least split of a phase: its shortest green, yellow and red clearance."""
    return shortest_green_s(phase) + phase.yellow_s + phase.red_clearance_s


def _together(a: Place | None, b: Place | None) -> bool:
    return a is not None and b is not None and a[0] != b[0] and a[1] == b[1]
