"""Actuated control, NEMA dual ring: greens as long as vehicles come, phases as they are called.

    Demand ─→ Calls ─→ GreenTime ─→ Rings ─→ PhaseRequest
              who      may it       what
              calls    end          follows

A green ends when it has gapped out (nobody within the passage time), maxed out (so long
with a conflicting call) or is forced off by a plan, and only for a phase that is called;
otherwise it rests. At a barrier all rings must be ready at the same instant (NTCIP 1202,
NEMA TS 2-2003 section 3.5.3). Minimum green, walk, yellow and red clearance are the core's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from calibration.detectors import Detector
from calibration.signal_timing import places
from calibration.site import Plan, Signal
from edge.clock import NS_PER_S
from edge.control.calls import Calls, CallSettings, PhaseCall
from edge.control.coordinate import Coordinate, Coordination, free
from edge.control.green_time import GreenTime
from edge.control.pedestrians import Buttons, no_buttons
from edge.control.rings import NO_PHASE, Rings, Verdict, Wants
from edge.types import ControlFacts, Demand, Interval, PhaseRequest, SignalState

#: Unasked for longer than this, the controller takes over what it finds green, as at its start.
_AWAY_NS = 2 * NS_PER_S


@dataclass(frozen=True, slots=True)
class ActuatedSettings:
    """gap_s: nobody may have been within the passage time for so long before a green has gapped out.

    dual_entry: a ring without a call goes along with the phase that is said to, or its longest (of
    equal ones, last) phase of the group. max_set: which maximum counts where no plan says.
    """

    calls: CallSettings = field(default_factory=CallSettings)
    gap_s: float = 0.6
    dual_entry: bool = True
    max_set: Literal[1, 2] = 1


class ActuatedController:
    """Implements `Controller` for the rings of a signal.

    plan gives the green of a phase that no camera sees: that of its split, or else its
    maximum. ttl_ms must outlast the step of the control loop. detectors: those of the site
    (`calibration.detectors.detectors_of`), None for every lane that a demand names. coordinate: asked
    once a step what the pattern in force wants. ped_calls: asked once a step for the
    phases whose pedestrians have called since.
    """

    name = "actuated"

    def __init__(
        self,
        signal: Signal,
        plan: Plan | None = None,
        settings: ActuatedSettings | None = None,
        ttl_ms: int = 300,
        *,
        detectors: Sequence[Detector] | None = None,
        coordinate: Coordinate | None = None,
        ped_calls: Buttons = no_buttons,
    ) -> None:
        self._settings = settings if settings is not None else ActuatedSettings()
        self._ttl_ms = ttl_ms
        self._signal = signal
        in_rings = places(signal)
        self._phases = {phase.number: phase for phase in signal.phases if phase.number in in_rings}
        self._coordinate = coordinate
        self._free = free("", self._settings.max_set)
        self._calls = Calls(tuple(self._phases.values()), self._settings.calls, detectors, ped_calls)
        self._greens = GreenTime(
            self._phases,
            self._calls.pedestrians,
            plan,
            self._settings.gap_s,
            simultaneous_gap=signal.simultaneous_gap,
        )
        self._rings = Rings(self._phases, signal.rings, self._greens.unseen_s, dual_entry=self._settings.dual_entry)
        self._last_ns: int | None = None
        self._changed = ""

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """The phases to be green, or to become so once what is in their way has cleared."""
        plan = self._free if self._coordinate is None else self._coordinate(signal)
        calls = self._calls.update(demand, signal, plan)
        rings = self._rings
        rings.arrange(self._signal.rings if plan.sequence is None else plan.sequence)
        wants = self._wants(calls, plan)
        if self._last_ns is None or signal.t_ns - self._last_ns > _AWAY_NS:
            self._begin(calls, wants, signal)
        self._last_ns = signal.t_ns
        contested = self._contested(calls, wants)
        self._greens.update(calls, contested, signal)
        verdicts = [
            NO_PHASE if phase is None else self._greens.verdict(phase, calls[phase], signal, plan)
            for phase in rings.serving
        ]
        before = frozenset(rings.serving)
        ended = rings.advance(verdicts, wants, signal)
        asked = frozenset(phase for phase in rings.serving if phase is not None)
        begun = sorted(asked - before)
        if ended or begun:
            said = [verdict.said for verdict in ended.values()]
            self._changed = "; ".join([*said, f"next {_listed(begun, calls)}" if begun else "rests in red"])
        ped_calls = self._calls.pedestrians.asked(_walking(calls), asked, signal, plan, contested)
        return PhaseRequest(
            signal.t_ns,
            asked,
            self._reason(verdicts, calls, signal, plan, changed=bool(ended)),
            self._ttl_ms,
            ped_calls,
            _facts(calls, ended, signal, plan),
        )

    def _begin(self, calls: Mapping[int, PhaseCall], wants: Wants, signal: SignalState) -> None:
        """Take over what is green now, or begin with the first group."""
        self._greens.clear()
        green = [phase for phase in self._phases if signal.intervals.get(phase) is Interval.GREEN]
        self._rings.begin(green, wants, signal)
        serving = [phase for phase in self._rings.serving if phase is not None]
        self._changed = f"begins with {_listed(serving, calls)}"

    def _wants(self, calls: Mapping[int, PhaseCall], plan: Coordination) -> Wants:
        """Who may be served, who may go along, and who may rest in red."""
        along = self._phases.keys() if plan.permitted is None else plan.permitted & self._phases.keys()
        peds = plan.ped_permitted
        wanted = frozenset(
            phase
            for phase, call in calls.items()
            if call.called and phase in along and not (call.only_ped and peds is not None and phase not in peds)
        )
        resting = [p for p, call in calls.items() if self._signal.rest == "red" and not call.standing]
        return Wants(wanted, frozenset(along), frozenset(resting) - plan.hold)

    def _contested(self, calls: Mapping[int, PhaseCall], wants: Wants) -> set[int]:
        """Phases for whose end another one waits."""
        waiting = [phase for phase in wants.wanted if not calls[phase].soft]
        return {p for p in self._phases if any(self._rings.in_the_way(p, other) for other in waiting)}

    def _reason(
        self,
        verdicts: list[Verdict],
        calls: Mapping[int, PhaseCall],
        signal: SignalState,
        plan: Coordination,
        *,
        changed: bool,
    ) -> str:
        shown = signal.intervals
        if changed or any(p is not None and shown.get(p) is not Interval.GREEN for p in self._rings.serving):
            text = self._changed
        else:
            said = [verdict.said for verdict in verdicts if verdict.said] or ["rests in red"]
            waiting = [p for p, call in calls.items() if call.called and shown.get(p) is not Interval.GREEN]
            text = "; ".join([*said, f"waiting {_listed(waiting, calls)}" if waiting else "nobody waits, rests"])
        doubts = [doubt for call in calls.values() for doubt in call.doubts]
        return "; ".join([text, *doubts, *([plan.reason] if plan.reason else [])])


def _facts(
    calls: Mapping[int, PhaseCall], ended: Mapping[int, Verdict], signal: SignalState, plan: Coordination
) -> ControlFacts:
    return ControlFacts(
        level=ActuatedController.name,
        endings={phase: verdict.ending for phase, verdict in ended.items() if verdict.ending is not None},
        called=frozenset(phase for phase, call in calls.items() if call.called and not call.only_ped),
        ped_called=_walking(calls),
        held=frozenset(phase for phase in plan.hold if signal.intervals.get(phase) is Interval.GREEN),
        pattern=plan.pattern,
        cycle_second=plan.cycle_second,
        coordination=plan.state,
    )


def _walking(calls: Mapping[int, PhaseCall]) -> frozenset[int]:
    return frozenset(phase for phase, call in calls.items() if call.ped)


def _listed(phases: list[int], calls: Mapping[int, PhaseCall]) -> str:
    """ "phase 4 (11 queued, oldest 38 s) and 8 (pedestrian recall)"."""
    parts = [f"{phase} ({calls[phase].reason or 'goes along'})" for phase in phases]
    return f"phase {' and '.join(parts)}" if parts else "nothing"
