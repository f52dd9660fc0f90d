"""A fixed-time plan laid out on the cycle: when each phase begins and is forced off.

    cycle second   0        17 22          46 51      …
    ring 1         ├ 1 ──────┤yr├ 2 ─────────┤yr├ 3 …   force-off where yellow begins

Times are ns within the cycle, which begins with the first barrier group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calibration.signal_timing import conflicts, shortest_green_s
from calibration.site import Plan, Signal
from edge.clock import NS_PER_S


@dataclass(frozen=True, slots=True)
class PhaseWindow:
    """One phase's place in the cycle, all in ns.

    It is asked for from start until force_off; its yellow and red clearance last until
    end. least_green is what the core will serve of it once it has begun.
    """

    ring: int
    phase: int
    start_ns: int
    force_off_ns: int
    end_ns: int
    least_green_ns: int


@dataclass(frozen=True, slots=True)
class CompiledPlan:
    """Windows of each ring in the order in which they are served, and the pairs that conflict."""

    name: str
    cycle_ns: int
    offset_ns: int
    rings: tuple[tuple[PhaseWindow, ...], ...]
    conflicts: frozenset[frozenset[int]]

    @classmethod
    def of(cls, plan: Plan, signal: Signal) -> Self:
        """Lay out a plan that `calibration.check` has passed.

        Raises ValueError where the rings do not reach the end of the cycle together.
        """
        times = {phase.number: phase for phase in signal.phases}
        rings: list[list[PhaseWindow]] = [[] for _ in signal.rings]
        barrier_ns = 0
        for groups in zip(*signal.rings, strict=True):
            ends = []
            for ring, phases in enumerate(groups):
                start_ns = barrier_ns
                for number in phases:
                    phase = times[number]
                    end_ns = start_ns + _ns(plan.splits_s[number])
                    force_off_ns = end_ns - _ns(phase.yellow_s) - _ns(phase.red_clearance_s)
                    least_ns = _ns(shortest_green_s(phase))
                    rings[ring].append(PhaseWindow(ring, number, start_ns, force_off_ns, end_ns, least_ns))
                    start_ns = end_ns
                if phases:
                    ends.append(start_ns)
            if len(set(ends)) != 1:
                raise ValueError(f"plan {plan.name!r}: rings reach a barrier at different times")
            barrier_ns = ends[0]
        if barrier_ns != _ns(plan.cycle_s):
            raise ValueError(f"plan {plan.name!r}: splits end at {barrier_ns / NS_PER_S:g} s of {plan.cycle_s:g} s")
        laid = tuple(tuple(ring) for ring in rings)
        return cls(plan.name, barrier_ns, _ns(plan.offset_s), laid, conflicts(signal))

    def local_ns(self, t_ns: int) -> int:
        """Time within the cycle of an instant, given in ns since the cycle clock's zero."""
        return (t_ns - self.offset_ns) % self.cycle_ns


def _ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)
