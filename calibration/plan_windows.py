"""Where in the cycle of a plan each phase begins and is forced off.

    cycle second   0        17 22          46 51      …
    ring 1         ├ 1 ──────┤yr├ 2 ─────────┤yr├ 3 …   force-off where yellow begins

The cycle begins with the first barrier group.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calibration.plans import Plan
from calibration.site import Signal


@dataclass(frozen=True, slots=True)
class SplitWindow:
    """One phase's split in cycle seconds: green from start to force_off, then yellow and red clearance."""

    ring: int
    group: int
    phase: int
    start_s: float
    force_off_s: float
    end_s: float


def split_windows(plan: Plan, signal: Signal) -> Iterator[SplitWindow]:
    """Ring by ring within each barrier group; a group ends where its longest ring does."""
    times = {phase.number: phase for phase in signal.phases}
    barrier_s = 0.0
    for group, rings in enumerate(zip(*(plan.sequence or signal.rings), strict=True)):
        ends_s = [barrier_s]
        for ring, phases in enumerate(rings):
            start_s = barrier_s
            for number in phases:
                end_s = start_s + plan.splits_s[number]
                clearance_s = times[number].yellow_s + times[number].red_clearance_s
                yield SplitWindow(ring, group, number, start_s, end_s - clearance_s, end_s)
                start_s = end_s
            ends_s.append(start_s)
        barrier_s = max(ends_s)


def force_offs_s(plan: Plan, signal: Signal) -> dict[int, float]:
    """Phase → cycle second of its force-off."""
    return {window.phase: window.force_off_s for window in split_windows(plan, signal)}


def reference_s(plan: Plan, signal: Signal) -> float:
    """Where in the cycle the offset points to, s."""
    own = [window for window in split_windows(plan, signal) if window.phase in plan.coordinated]
    if plan.reference == "begin_green" and own:
        return min(window.start_s for window in own)
    if plan.reference == "end_green" and own:
        return min(window.force_off_s for window in own) - plan.coordinated_actuated_s
    return 0.0
