"""Actuated control, NEMA dual ring: greens as long as vehicles come, phases as they are called.

    ring 1   1 → 2 ║ 3 → 4 ║      within a barrier group each ring goes its own pace;
    ring 2   5 → 6 ║ 7 → 8 ║      ║ is crossed by all rings at once

A green ends when it has gapped out (nobody within the passage time) or maxed out (so long
with a conflicting call), and only for a phase that is called; otherwise it rests. At a
barrier all rings must be ready at the same instant, and one that gapped out before may
be extended again until then (simultaneous gap-out; NTCIP 1202, NEMA TS 2-2003
section 3.5.3). Minimum green, walk, yellow and red clearance are the core's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calibration.signal_timing import places, shortest_green_s
from calibration.site import Phase, Plan, Signal
from edge.clock import NS_PER_S
from edge.control.calls import Calls, CallSettings, PhaseCall
from edge.types import Demand, Interval, PhaseRequest, SignalState

#: Unasked for longer than this, the controller takes over what it finds green, as at its start.
_AWAY_NS = 2 * NS_PER_S


@dataclass(frozen=True, slots=True)
class ActuatedSettings:
    """gap_s: nobody may have been within the passage time for so long before a green has gapped out.

    dual_entry: a ring without a call goes along with its longest (of equal ones, last) phase of
    the group.
    """

    calls: CallSettings = field(default_factory=CallSettings)
    gap_s: float = 0.6
    dual_entry: bool = True


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Whether a ring's phase may end, and that in words. A ring without a phase always may."""

    may_end: bool
    said: str


@dataclass(slots=True)
class _Green:
    """Timers of one phase's green, ns: last extended, and since when another phase is called."""

    extended_ns: int
    contested_ns: int | None = None


class ActuatedController:
    """Implements `Controller` for the rings of a signal.

    plan gives the green of a phase that no camera sees: that of its split, or else its
    maximum. ttl_ms must outlast the step of the control loop.
    """

    name = "actuated"

    def __init__(
        self, signal: Signal, plan: Plan | None = None, settings: ActuatedSettings | None = None, ttl_ms: int = 300
    ) -> None:
        self._settings = settings if settings is not None else ActuatedSettings()
        self._ttl_ms = ttl_ms
        self._rings = signal.rings
        self._place = places(signal)
        self._phases = {phase.number: phase for phase in signal.phases if phase.number in self._place}
        self._blind_s = {number: _blind_green_s(phase, plan) for number, phase in self._phases.items()}
        self._calls = Calls(tuple(self._phases.values()), self._settings.calls)
        self._greens: dict[int, _Green] = {}
        self._group = 0
        #: What each ring serves or clears to; None while it has no phase in the group.
        self._serving: list[int | None] | None = None
        self._last_ns = 0
        self._changed = ""

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """The phases to be green, or to become so once what is in their way has cleared."""
        calls = self._calls.update(demand, signal)
        serving = self._serving
        if serving is None or signal.t_ns - self._last_ns > _AWAY_NS:
            serving = self._serving = self._begin(calls, signal)
        self._last_ns = signal.t_ns
        self._time(calls, signal)
        verdicts = [self._verdict(phase, calls, signal) for phase in serving]
        before = frozenset(serving)
        ended = self._advance(serving, verdicts, calls)
        asked = frozenset(phase for phase in serving if phase is not None)
        if ended:
            chosen = sorted(asked - before)
            self._changed = f"{'; '.join(ended)}; next {_listed(chosen, calls)}"
        return PhaseRequest(signal.t_ns, asked, self._reason(serving, verdicts, calls, signal), self._ttl_ms)

    def _begin(self, calls: Mapping[int, PhaseCall], signal: SignalState) -> list[int | None]:
        """Take over what is green now, or begin with the first group."""
        self._greens.clear()
        green = [p for p in self._phases if signal.intervals.get(p) is Interval.GREEN]
        self._group = self._place[green[0]][1] if green else 0
        serving = self._entering(self._group, calls)
        for phase in green:
            serving[self._place[phase][0]] = phase
        self._changed = f"begins with {_listed([phase for phase in serving if phase is not None], calls)}"
        return serving

    def _time(self, calls: Mapping[int, PhaseCall], signal: SignalState) -> None:
        """Keep the timers of the phases that are green."""
        for phase in self._phases:
            if signal.intervals.get(phase) is not Interval.GREEN:
                self._greens.pop(phase, None)
                continue
            green = self._greens.setdefault(phase, _Green(signal.since_ns[phase]))
            if calls[phase].extends:
                green.extended_ns = signal.t_ns
            if not any(calls[other].called for other in self._phases if self._in_the_way(phase, other)):
                green.contested_ns = None
            elif green.contested_ns is None:
                green.contested_ns = signal.t_ns

    def _in_the_way(self, phase: int, other: int) -> bool:
        """Whether `phase` must end before `other` can be served."""
        (ring, group), (other_ring, other_group) = self._place[phase], self._place[other]
        return phase != other and (ring == other_ring or group != other_group)

    def _verdict(self, phase: int | None, calls: Mapping[int, PhaseCall], signal: SignalState) -> _Verdict:
        if phase is None:
            return _Verdict(True, "")
        green = self._greens.get(phase)
        if green is None:
            return _Verdict(False, f"phase {phase} not green yet")
        green_s = (signal.t_ns - signal.since_ns[phase]) / NS_PER_S
        max_ns = self._phases[phase].max_green_s * NS_PER_S
        contested_ns = 0 if green.contested_ns is None else signal.t_ns - green.contested_ns
        least_s = shortest_green_s(self._phases[phase])
        if green_s < least_s:
            return _Verdict(False, f"phase {phase} green {green_s:.1f} s, minimum {least_s:g} s")
        if contested_ns >= max_ns:
            return _Verdict(True, f"phase {phase} maxed out after {green_s:.1f} s")
        held = self._held(phase, green_s, calls[phase], signal.t_ns - green.extended_ns)
        if held is not None:
            return _Verdict(False, f"phase {phase} green {green_s:.1f} s, {held}")
        word = "gapped out" if calls[phase].known else "ended its recall"
        return _Verdict(True, f"phase {phase} {word} after {green_s:.1f} s")

    def _held(self, phase: int, green_s: float, call: PhaseCall, unextended_ns: int) -> str | None:
        """Why a green between its minimum and maximum is held; None where nothing holds it."""
        if not call.known and green_s < self._blind_s[phase]:
            return f"recall until {self._blind_s[phase]:g} s"
        if unextended_ns < self._settings.gap_s * NS_PER_S:
            return f"extended by {' and '.join(call.extends)}" if call.extends else "extended"
        return None

    def _advance(
        self, serving: list[int | None], verdicts: list[_Verdict], calls: Mapping[int, PhaseCall]
    ) -> list[str]:
        """Change what the rings serve; how each green that ends came to its end."""
        beyond = self._next_group(calls)
        after = [self._after(ring, phase, calls) for ring, phase in enumerate(serving)]
        if beyond is not None and all(v.may_end for v in verdicts) and not any(after):
            self._group = beyond
            serving[:] = self._entering(beyond, calls)
            return [verdict.said for verdict in verdicts if verdict.said]
        ended = []
        for ring, (phase, verdict) in enumerate(zip(tuple(serving), verdicts, strict=True)):
            following = after[ring]
            if following is None and beyond is None:
                following = self._first_called(self._rings[ring][self._group], calls, but=phase)
            if following is not None and verdict.may_end:
                serving[ring] = following
                ended.append(verdict.said)
        return [said for said in ended if said]

    def _next_group(self, calls: Mapping[int, PhaseCall]) -> int | None:
        """The next barrier group, in order, in which any phase is called; None without one."""
        count = len(self._rings[0])
        for step in range(1, count):
            group = (self._group + step) % count
            if any(calls[phase].called for ring in self._rings for phase in ring[group]):
                return group
        return None

    def _after(self, ring: int, phase: int | None, calls: Mapping[int, PhaseCall]) -> int | None:
        """The next called phase of this ring in the same group."""
        phases = self._rings[ring][self._group]
        if phase is None:
            return None
        return self._first_called(phases[phases.index(phase) + 1 :], calls)

    def _entering(self, group: int, calls: Mapping[int, PhaseCall]) -> list[int | None]:
        """What each ring serves first in a group."""
        entering = [self._first_called(ring[group], calls) for ring in self._rings]
        if self._settings.dual_entry or not any(entering):
            for number, ring in enumerate(self._rings):
                if entering[number] is None and ring[group]:
                    entering[number] = max(reversed(ring[group]), key=lambda phase: self._blind_s[phase])
        return entering

    @staticmethod
    def _first_called(phases: tuple[int, ...], calls: Mapping[int, PhaseCall], but: int | None = None) -> int | None:
        return next((phase for phase in phases if phase != but and calls[phase].called), None)

    def _reason(
        self,
        serving: list[int | None],
        verdicts: list[_Verdict],
        calls: Mapping[int, PhaseCall],
        signal: SignalState,
    ) -> str:
        if any(phase is not None and phase not in self._greens for phase in serving):
            return self._changed
        said = "; ".join(verdict.said for verdict in verdicts if verdict.said)
        waiting = [p for p, call in calls.items() if call.called and signal.intervals.get(p) is not Interval.GREEN]
        return f"{said}; {'waiting ' + _listed(waiting, calls) if waiting else 'nobody waits, rests'}"


def _blind_green_s(phase: Phase, plan: Plan | None) -> float:
    """Green of a phase that nobody sees: what its split leaves, or its maximum without a plan."""
    split_s = None if plan is None else plan.splits_s.get(phase.number)
    if split_s is None:
        return phase.max_green_s
    return min(phase.max_green_s, max(shortest_green_s(phase), split_s - phase.yellow_s - phase.red_clearance_s))


def _listed(phases: list[int], calls: Mapping[int, PhaseCall]) -> str:
    """ "phase 4 (11 queued, oldest 38 s) and 8 (pedestrian recall)"."""
    parts = [f"{phase} ({calls[phase].reason or 'goes along'})" for phase in phases]
    return f"phase {' and '.join(parts)}" if parts else "nothing"
