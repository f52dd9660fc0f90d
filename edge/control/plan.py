"""A plan laid out on its cycle: when each phase begins and is forced off, and how fast the cycle may run.

    cycle second   0        17 22          46 51      …
    ring 1         ├ 1 ──────┤yr├ 2 ─────────┤yr├ 3 …   force-off where yellow begins

Times are ns within the cycle, which begins with the first barrier group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from calibration.plan_windows import SplitWindow, reference_s, split_windows
from calibration.plans import Plan
from calibration.signal_timing import conflicts, shortest_green_s
from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.types import Pattern

#: A transition shortens cycles by 17 % and lengthens them by 20 % at most (NCHRP Report 812, Signal Timing
#: Manual, chapter 7): so fast, and so slow, the cycle's own clock may run.
FASTEST = 1 / (1 - 0.17)
SLOWEST = 1 / 1.2


@dataclass(frozen=True, slots=True)
class PhaseWindow:
    """One phase's place in the cycle, all in ns.

    It is asked for from start until force_off; its yellow and red clearance last until
    end. least_green is what the core will serve of it once it has begun. group is that of
    the barriers, from 0.
    """

    ring: int
    phase: int
    start_ns: int
    force_off_ns: int
    end_ns: int
    least_green_ns: int
    group: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the cycle, up to end, in which no phase begins or ends. fastest: how fast it may run."""

    end_ns: int
    fastest: float


@dataclass(frozen=True, slots=True)
class CompiledPlan:
    """Windows of each ring in the order in which they are served, and the pairs that conflict.

    reference_ns: where in the cycle the offset points to. barriers_ns: where each group
    begins, and the end of the cycle.
    """

    name: str
    cycle_ns: int
    offset_ns: int
    rings: tuple[tuple[PhaseWindow, ...], ...]
    conflicts: frozenset[frozenset[int]]
    reference_ns: int
    barriers_ns: tuple[int, ...]
    stretches: tuple[Stretch, ...]
    pattern: Pattern
    plan: Plan = field(repr=False)

    @classmethod
    def of(cls, plan: Plan, signal: Signal) -> Self:
        """Lay out a plan that `calibration.check` has passed.

        Raises ValueError where the rings do not reach the end of the cycle together.
        """
        least = {phase.number: _ns(shortest_green_s(phase)) for phase in signal.phases}
        rings: list[list[PhaseWindow]] = [[] for _ in signal.rings]
        barriers_ns = [0]
        ends: dict[int, dict[int, int]] = {}
        for split in split_windows(plan, signal):
            window = _window(split, least[split.phase])
            rings[split.ring].append(window)
            ends.setdefault(split.group, {})[split.ring] = window.end_ns
        for group in sorted(ends):
            if len(set(ends[group].values())) != 1:
                raise ValueError(f"plan {plan.name!r}: rings reach a barrier at different times")
            barriers_ns.append(next(iter(ends[group].values())))
        cycle_ns = barriers_ns[-1]
        if cycle_ns != _ns(plan.cycle_s):
            raise ValueError(f"plan {plan.name!r}: splits end at {cycle_ns / NS_PER_S:g} s of {plan.cycle_s:g} s")
        laid = tuple(tuple(ring) for ring in rings)
        return cls(
            name=plan.name,
            cycle_ns=cycle_ns,
            offset_ns=_ns(plan.offset_s),
            rings=laid,
            conflicts=conflicts(signal),
            reference_ns=_ns(reference_s(plan, signal)),
            barriers_ns=tuple(barriers_ns),
            stretches=_stretches(laid, cycle_ns),
            pattern=Pattern(plan.number, plan.name, plan.cycle_s, plan.offset_s, dict(plan.splits_s)),
            plan=plan,
        )

    def local_ns(self, t_ns: int) -> int:
        """Time within the cycle of an instant, given in ns since the cycle clock's zero."""
        return (t_ns - self.offset_ns + self.reference_ns) % self.cycle_ns

    def group_at(self, local_ns: int) -> int:
        """The barrier group, from 0, at a time within the cycle."""
        return next(g for g, end_ns in enumerate(self.barriers_ns[1:]) if local_ns < end_ns)

    def fastest_at(self, local_ns: int) -> float:
        """How fast the cycle may run here so that each green still lasts its least."""
        return next(stretch.fastest for stretch in self.stretches if local_ns < stretch.end_ns)

    @property
    def shortened_ns(self) -> int:
        """How long the cycle takes when it runs as fast as it may."""
        took_ns, began_ns = 0.0, 0
        for stretch in self.stretches:
            took_ns += (stretch.end_ns - began_ns) / stretch.fastest
            began_ns = stretch.end_ns
        return round(took_ns)

    @property
    def windows(self) -> dict[int, PhaseWindow]:
        """Phase → its window."""
        return {window.phase: window for ring in self.rings for window in ring}


def _window(split: SplitWindow, least_green_ns: int) -> PhaseWindow:
    start_ns, force_off_ns, end_ns = _ns(split.start_s), _ns(split.force_off_s), _ns(split.end_s)
    return PhaseWindow(split.ring, split.phase, start_ns, force_off_ns, end_ns, least_green_ns, split.group)


def _stretches(rings: tuple[tuple[PhaseWindow, ...], ...], cycle_ns: int) -> tuple[Stretch, ...]:
    """Faster only while no ring clears, and no faster than the tightest green there bears."""
    windows = [window for ring in rings for window in ring]
    edges = sorted({edge for w in windows for edge in (w.start_ns, w.force_off_ns)} - {0} | {cycle_ns})
    stretches, began_ns = [], 0
    for end_ns in edges:
        here = [w for w in windows if w.start_ns <= began_ns < w.end_ns]
        fastest = 1.0
        if all(began_ns < w.force_off_ns for w in here):
            fastest = min([FASTEST, *((w.force_off_ns - w.start_ns) / w.least_green_ns for w in here)])
        stretches.append(Stretch(end_ns, max(1.0, fastest)))
        began_ns = end_ns
    return tuple(stretches)


def _ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)
