"""How long a green lasts: minimum, passage, maximum, hold and force-off, by phase.

    minimum ─→ pedestrians ─→ hold? ─→ nobody within the passage time: gap out
                                    ├→ forced off by the plan
                                    └→ maximum after a conflicting call came: max out

NEMA TS 2-2003, section 3.5.3; the signal core enforces minimum and pedestrians whatever is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calibration.signal_timing import shortest_green_s
from calibration.site import Phase, Plan
from edge.clock import NS_PER_S
from edge.control.calls import PhaseCall
from edge.control.coordinate import Coordination
from edge.control.pedestrians import Pedestrians
from edge.control.rings import Verdict
from edge.types import Ending, Interval, SignalState

#: A green that is first seen this late began under another controller.
_JUST_NS = NS_PER_S


@dataclass(slots=True)
class _Green:
    """Timers of one phase's green, ns: last extended, since when another phase waits, and whether it gapped out."""

    extended_ns: int
    contested_ns: int | None = None
    gapped: bool = False


class GreenTime:
    """Timers of all greens.

    Args:
        plan: gives the green of a phase that nobody sees: that of its split, or else its maximum.
        gap_s: nobody may have been within the passage time for so long before a green has gapped out.
        simultaneous_gap: a green that gapped out and has not ended is extended again.
    """

    def __init__(
        self,
        phases: Mapping[int, Phase],
        pedestrians: Pedestrians,
        plan: Plan | None,
        gap_s: float,
        *,
        simultaneous_gap: bool,
    ) -> None:
        self._phases = phases
        self._pedestrians = pedestrians
        self._gap_s = gap_s
        self._simultaneous_gap = simultaneous_gap
        self._unseen_s = {number: _unseen_green_s(phase, plan) for number, phase in phases.items()}
        self._greens: dict[int, _Green] = {}

    def unseen_s(self, phase: int) -> float:
        """Green of a phase that nobody sees, s."""
        return self._unseen_s[phase]

    def clear(self) -> None:
        """Forget all timers."""
        self._greens.clear()

    def update(self, calls: Mapping[int, PhaseCall], contested: set[int], signal: SignalState) -> None:
        """Keep the timers of the phases that are green; contested: those for whose end another one waits."""
        for phase in self._phases:
            if signal.intervals.get(phase) is not Interval.GREEN:
                self._greens.pop(phase, None)
                continue
            green = self._greens.get(phase)
            if green is None:
                green = self._greens[phase] = self._new(phase, contested, signal)
            if calls[phase].extends and (self._simultaneous_gap or not green.gapped):
                green.extended_ns = signal.t_ns
            if phase not in contested:
                green.contested_ns = None
            elif green.contested_ns is None:
                green.contested_ns = signal.t_ns

    @staticmethod
    def _new(phase: int, contested: set[int], signal: SignalState) -> _Green:
        """Who waited already when a green began has been in its way from the beginning."""
        since_ns = signal.since_ns[phase]
        waited = phase in contested and signal.t_ns - since_ns <= _JUST_NS
        return _Green(since_ns, since_ns if waited else None)

    def verdict(self, phase: int, call: PhaseCall, signal: SignalState, plan: Coordination) -> Verdict:
        """Whether a phase that is served may end now."""
        green = self._greens.get(phase)
        if green is None:
            return Verdict(False, f"phase {phase} not green yet", left_s=self._most_s(phase, plan))
        green_s = (signal.t_ns - signal.since_ns[phase]) / NS_PER_S
        left_s = self._left_s(phase, green, signal.t_ns, plan)
        owed = self._owed(phase, green_s, signal)
        if owed is not None:
            return Verdict(False, f"phase {phase} {owed}", left_s=left_s)
        if phase in plan.hold:
            return Verdict(False, f"phase {phase} held by the plan", left_s=None)
        held = self._held(phase, green_s, green, call, signal.t_ns)
        if held is None and call.known:
            green.gapped = True
        return _ending(phase, green_s, held, left_s, known=call.known, forced=phase in plan.force_off)

    def _owed(self, phase: int, green_s: float, signal: SignalState) -> str | None:
        """What must be served before anything can end it; None where all has been."""
        times = self._phases[phase]
        least_s = times.min_green_s
        if phase not in signal.pedestrian and times.ped_recall:
            least_s = shortest_green_s(times)  # nobody says whether they walk, so they do
        if green_s < least_s:
            return f"green {green_s:.1f} s, minimum {least_s:g} s"
        busy = self._pedestrians.busy(phase, signal)
        return None if busy is None else f"green {green_s:.1f} s, {busy}"

    def _held(self, phase: int, green_s: float, green: _Green, call: PhaseCall, t_ns: int) -> str | None:
        """Why a green between its minimum and maximum is held; None where nothing holds it."""
        if self._phases[phase].recall == "max":
            return "max recall"
        if not call.known and green_s < self._unseen_s[phase]:
            return f"recall until {self._unseen_s[phase]:g} s"
        if t_ns - green.extended_ns < self._gap_s * NS_PER_S:
            return f"extended by {' and '.join(call.extends)}" if call.extends else "extended"
        return None

    def _most_s(self, phase: int, plan: Coordination) -> float | None:
        """The maximum green in force; None where the plan inhibits it."""
        times = self._phases[phase]
        if plan.max_set is None:
            return None
        return times.max2_green_s if plan.max_set == 2 and times.max2_green_s is not None else times.max_green_s

    def _left_s(self, phase: int, green: _Green, t_ns: int, plan: Coordination) -> float | None:
        most_s = self._most_s(phase, plan)
        if most_s is None:
            return None
        contested_ns = 0 if green.contested_ns is None else t_ns - green.contested_ns
        return most_s - contested_ns / NS_PER_S


def _ending(
    phase: int, green_s: float, held: str | None, left_s: float | None, *, known: bool, forced: bool
) -> Verdict:
    """How a green that owes nothing ends, or why it goes on."""
    after = f"after {green_s:.1f} s"
    if held is None and not known:
        return Verdict(True, f"phase {phase} had its recall {after}", Ending.MAX_OUT, 0.0)
    if held is None:
        return Verdict(True, f"phase {phase} gapped out {after}", Ending.GAP_OUT, 0.0)
    if forced:
        return Verdict(True, f"phase {phase} forced off {after}", Ending.FORCE_OFF, 0.0)
    if left_s is not None and left_s <= 0:
        return Verdict(True, f"phase {phase} maxed out {after}", Ending.MAX_OUT, 0.0)
    return Verdict(False, f"phase {phase} green {green_s:.1f} s, {held}", left_s=left_s)


def _unseen_green_s(phase: Phase, plan: Plan | None) -> float:
    """Green of a phase that nobody sees: what its split leaves, or its maximum without a plan."""
    split_s = None if plan is None else plan.splits_s.get(phase.number)
    if split_s is None:
        return phase.max_green_s
    return min(phase.max_green_s, max(shortest_green_s(phase), split_s - phase.yellow_s - phase.red_clearance_s))
