"""Cycle and splits of a ring-and-barrier signal, proportional to flow ratios.

Cycle: F. V. Webster, Traffic Signal Settings (Road Research Technical Paper 39, 1958). Splits: every phase that is
not held by its least has the same degree of saturation; a barrier group lasts as long as its
neediest ring, and the others share what they have over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

#: Rings → barrier groups → phases.
Rings = Sequence[Sequence[Sequence[int]]]
#: From this on Webster's cycle has no meaning, and the longest is taken.
SATURATED = 0.95
#: A phase with nobody shares time that is over all the same.
_NOBODY = 1e-6


@dataclass(frozen=True, slots=True)
class Need:
    """What a phase needs: flow ratio, lost time a cycle in s, least split in s."""

    ratio: float
    lost_s: float
    least_s: float


@dataclass(frozen=True, slots=True)
class Critical:
    """The critical path: its phases, their flow ratios and lost times (s) summed up."""

    phases: tuple[int, ...]
    ratio: float
    lost_s: float


def critical_path(rings: Rings, needs: Mapping[int, Need]) -> Critical:
    """In each barrier group the ring with the greatest sum of flow ratios."""
    phases: list[int] = []
    for rings_of_group in zip(*rings, strict=True):
        own = max(
            rings_of_group, key=lambda ring: (sum(needs[p].ratio for p in ring), sum(needs[p].lost_s for p in ring))
        )
        phases += own
    return Critical(tuple(phases), sum(needs[p].ratio for p in phases), sum(needs[p].lost_s for p in phases))


def webster_cycle_s(critical: Critical) -> float | None:
    """(1.5 L + 5) / (1 − Y); None where flows come too near to what can be served."""
    if critical.ratio >= SATURATED:
        return None
    return (1.5 * critical.lost_s + 5) / (1 - critical.ratio)


def shortest_cycle_s(rings: Rings, needs: Mapping[int, Need]) -> int:
    """The cycle of all least splits, in whole seconds."""
    return sum(
        max(sum(ceil(needs[p].least_s) for p in ring) for ring in rings_of_group)
        for rings_of_group in zip(*rings, strict=True)
    )


def splits_s(rings: Rings, needs: Mapping[int, Need], cycle_s: int) -> dict[int, int]:
    """Phase → split in whole seconds; ValueError where the least splits do not fit into the cycle."""
    if cycle_s < shortest_cycle_s(rings, needs):
        raise ValueError(f"least splits take {shortest_cycle_s(rings, needs)} s, the cycle has {cycle_s} s")
    groups = [[tuple(ring) for ring in group if ring] for group in zip(*rings, strict=True)]

    def group_s(group: Sequence[Sequence[int]], share: float) -> float:
        return max(sum(_wanted_s(needs[p], share, cycle_s) for p in ring) for ring in group)

    share = _share(lambda share: sum(group_s(group, share) for group in groups), cycle_s)
    least = [max(sum(ceil(needs[p].least_s) for p in ring) for ring in group) for group in groups]
    lengths = _whole([group_s(group, share) for group in groups], least, cycle_s)
    splits: dict[int, int] = {}
    for group, length_s in zip(groups, lengths, strict=True):
        for ring in group:

            def ring_s(share: float, ring: Sequence[int] = ring) -> float:
                return sum(_wanted_s(needs[p], share, cycle_s) for p in ring)

            own = _share(ring_s, length_s)
            wanted = [_wanted_s(needs[p], own, cycle_s) for p in ring]
            whole = _whole(wanted, [ceil(needs[p].least_s) for p in ring], length_s)
            splits.update(zip(ring, whole, strict=True))
    return splits


def _wanted_s(need: Need, share: float, cycle_s: float) -> float:
    """Split for a green of share × flow ratio × cycle (share: 1 over the degree of saturation)."""
    return max(float(ceil(need.least_s)), need.lost_s + max(need.ratio, _NOBODY) * cycle_s * share)


def _share(total_s: Callable[[float], float], length_s: float) -> float:
    """The share at which `total_s`, which grows with it, is length_s."""
    low, high = 0.0, 1.0
    while total_s(high) < length_s:
        low, high = high, high * 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if total_s(middle) <= length_s else (low, middle)
    return low


def _whole(wanted: Sequence[float], least: Sequence[int], total: int) -> list[int]:
    """Whole numbers near `wanted`, none below its least, that add up to the total."""
    made = [max(bound, floor(value + 1e-6)) for value, bound in zip(wanted, least, strict=True)]
    while sum(made) < total:
        made[max(range(len(made)), key=lambda i: (wanted[i] - made[i], wanted[i]))] += 1
    while sum(made) > total:
        spare = [i for i in range(len(made)) if made[i] > least[i]]
        made[min(spare, key=lambda i: wanted[i] - made[i])] -= 1
    return made
