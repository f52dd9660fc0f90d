"""Yield points and force-offs of a plan, as cycle times that wrap around.

Every phase has a part of the cycle in which it may be green: the coordinated ones from the
start of their split to their force-off, the others from the yield point of their ring on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.control.plan import CompiledPlan, PhaseWindow


@dataclass(frozen=True, slots=True)
class Layout:
    """opens, yields and force-offs by phase, ns in the cycle. yield_ns: the last yield of all.

    own: start of the split and yield of the coordinated phases. green_ns: the split's green.
    """

    cycle_ns: int
    yield_ns: int
    opens_ns: Mapping[int, int]
    force_off_ns: Mapping[int, int]
    own_ns: Mapping[int, tuple[int, int]]
    green_ns: Mapping[int, int]

    def left_ns(self, phase: int, local_ns: int) -> int:
        """From now to the force-off while the phase may be green, else 0."""
        opens_ns, off_ns = self.opens_ns[phase], self.force_off_ns[phase]
        # A phase that opens where it is forced off may be green all the cycle.
        whole_ns = (off_ns - opens_ns) % self.cycle_ns or self.cycle_ns
        return max(0, whole_ns - (local_ns - opens_ns) % self.cycle_ns)

    def until_force_off_ns(self, phase: int, local_ns: int) -> int:
        """From now to the next force-off."""
        return (self.force_off_ns[phase] - local_ns) % self.cycle_ns

    def in_own_green(self, phase: int, local_ns: int) -> bool:
        """Whether a coordinated phase is between the start of its split and its yield."""
        start_ns, yield_ns = self.own_ns[phase]
        return (local_ns - start_ns) % self.cycle_ns < yield_ns - start_ns

    def all_yielded(self, phase: int, local_ns: int) -> bool:
        """Whether the other coordinated phases have yielded since this one did."""
        own_ns = self.own_ns[phase][1]
        return (local_ns - own_ns) % self.cycle_ns >= (self.yield_ns - own_ns) % self.cycle_ns


def lay_out(plan: CompiledPlan, signal: Signal) -> Layout:
    """Layout of a plan that has coordinated phases."""
    windows = plan.windows
    coordinated = plan.plan.coordinated
    early_ns = round(plan.plan.coordinated_actuated_s * NS_PER_S)
    yields = {phase: windows[phase].force_off_ns - early_ns for phase in coordinated}
    group = windows[coordinated[0]].group
    by_ring = [_ring_yield(ring, group, yields) for ring in plan.rings]
    last_ns = max(yields.values())
    opens = {
        phase: window.start_ns if phase in yields else _or(by_ring[window.ring], last_ns)
        for phase, window in windows.items()
    }
    return Layout(
        cycle_ns=plan.cycle_ns,
        yield_ns=last_ns,
        opens_ns={p.number: opens[p.number] for p in signal.phases},
        force_off_ns={phase: window.force_off_ns for phase, window in windows.items()},
        own_ns={phase: (windows[phase].start_ns, yields[phase]) for phase in coordinated},
        green_ns={phase: window.force_off_ns - window.start_ns for phase, window in windows.items()},
    )


def _ring_yield(ring: tuple[PhaseWindow, ...], group: int, yields: Mapping[int, int]) -> int | None:
    """Where a ring leaves the coordinated phase, or else the last phase of that barrier group."""
    own = [yields[window.phase] for window in ring if window.phase in yields]
    last = [window.force_off_ns for window in ring if window.group == group]
    return own[0] if own else max(last, default=None)


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value
