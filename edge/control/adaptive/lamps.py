"""What the measured lamps mean to a plan: since when phases are green, and how long others still clear."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from edge.clock import NS_PER_S
from edge.control.junction import JunctionModel
from edge.types import Interval, SignalState


class Lamps:
    """Reads the signal state of one junction."""

    def __init__(self, model: JunctionModel) -> None:
        self.phases = {phase.phase: phase for phase in model.phases}
        together = {frozenset((a, b)) for stage in model.stages for a in stage for b in stage}
        self.conflicts: Mapping[int, frozenset[int]] = {
            one: frozenset(other for other in self.phases if other != one and frozenset((one, other)) not in together)
            for one in self.phases
        }

    def age_s(self, signal: SignalState, phase: int) -> float:
        """How long a phase has shown what it shows."""
        return (signal.t_ns - signal.since_ns.get(phase, signal.t_ns)) / NS_PER_S

    def green(self, signal: SignalState, phase: int) -> bool:
        """Whether it is green."""
        return signal.intervals.get(phase) is Interval.GREEN

    def left_s(self, signal: SignalState, phase: int) -> float:
        """Until it is at rest in red, were it ended now; 0 where it is."""
        shown, age_s, times = signal.intervals.get(phase), self.age_s(signal, phase), self.phases[phase]
        if shown is Interval.GREEN:
            return max(0.0, times.min_green_s - age_s) + times.yellow_s + times.red_clearance_s
        if shown is Interval.YELLOW:
            return max(0.0, times.yellow_s - age_s) + times.red_clearance_s
        if shown is Interval.RED_CLEARANCE:
            return max(0.0, times.red_clearance_s - age_s)
        return 0.0

    def on_s(self, signal: SignalState, stage: Collection[int]) -> dict[int, float]:
        """Phase of a stage → since when it is green (negative), or from when it can be (positive), s from now."""
        on_s = {}
        for phase in stage:
            if self.green(signal, phase):
                on_s[phase] = -self.age_s(signal, phase)
            else:
                in_the_way = self.conflicts[phase] | {phase}
                on_s[phase] = max(0.01, *(self.left_s(signal, other) for other in in_the_way))
        return on_s

    def off_s(self, signal: SignalState, stage: Collection[int], used_s: float) -> dict[int, float]:
        """Phase outside the stage → until when vehicles still pass in its yellow, s from now."""
        return {
            phase: max(0.0, used_s - self.age_s(signal, phase))
            for phase in self.phases
            if phase not in stage and signal.intervals.get(phase) is Interval.YELLOW
        }

    def least_s(self, phase: int) -> float:
        """Least green: the minimum, or walk and pedestrian clearance."""
        times = self.phases[phase]
        return max(times.min_green_s, (times.walk_s or 0.0) + (times.ped_clearance_s or 0.0))

    def may_end(self, signal: SignalState, phases: Collection[int]) -> bool:
        """Whether all of them have had their least green, or are not green at all."""
        return all(not self.green(signal, p) or self.age_s(signal, p) >= self.least_s(p) - 0.05 for p in phases)
