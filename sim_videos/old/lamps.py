"""What a fixed plan shows at any instant, worked out from its splits.

Cycle second 0 falls on t = offset_s; each ring then serves its phases in the order of
the site, each for its split: green, yellow, red clearance, and red until its next turn.
"""

from __future__ import annotations

from calibration.site import Phase, Plan, Signal
from edge.types import Interval, PedInterval


class FixedLamps:
    """The lamps of one signal under one plan, as a pure function of time in seconds."""

    def __init__(self, signal: Signal, plan: Plan) -> None:
        self._plan = plan
        self._phases: dict[int, Phase] = {phase.number: phase for phase in signal.phases}
        self._starts: dict[int, float] = {}
        for ring in signal.rings:
            at_s = 0.0
            for number in (number for group in ring for number in group):
                self._starts[number] = at_s
                at_s += plan.splits_s[number]
            if abs(at_s - plan.cycle_s) > 1e-9:
                raise ValueError(f"plan {plan.name}: the splits of ring {ring} sum to {at_s} s, not {plan.cycle_s} s")

    def since_turn_s(self, phase: int, t_s: float) -> float:
        """Seconds since the phase last turned green, 0 ≤ value < cycle."""
        return (t_s - self._plan.offset_s - self._starts[phase]) % self._plan.cycle_s

    def interval(self, phase: int, t_s: float) -> Interval:
        """What the vehicle heads of a phase show."""
        since_s = self.since_turn_s(phase, t_s)
        times = self._phases[phase]
        green_s = self._plan.splits_s[phase] - times.yellow_s - times.red_clearance_s
        if since_s < green_s:
            return Interval.GREEN
        if since_s < green_s + times.yellow_s:
            return Interval.YELLOW
        return Interval.RED_CLEARANCE if since_s < self._plan.splits_s[phase] else Interval.RED

    def intervals(self, t_s: float) -> dict[int, Interval]:
        """Of every phase, in the site's order."""
        return {number: self.interval(number, t_s) for number in self._phases}

    def pedestrian(self, phase: int, t_s: float) -> PedInterval:
        """What the pedestrian heads of a phase show; DARK where it has none."""
        times = self._phases[phase]
        if times.walk_s is None or times.ped_clearance_s is None:
            return PedInterval.DARK
        since_s = self.since_turn_s(phase, t_s)
        if since_s < times.walk_s:
            return PedInterval.WALK
        return PedInterval.CLEARANCE if since_s < times.walk_s + times.ped_clearance_s else PedInterval.DONT_WALK
