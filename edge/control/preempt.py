"""Preemption: an approach gets right of way, in stages, and hands the junction back in order.

    delay      normal control goes on
    entry      the phases of the approach are asked for; the signal core serves out what is in their
               way: minimum green, walk and pedestrian clearance, yellow, red clearance
    dwell      they stay green: at least so long, and while the call lasts
    exit       the exit phases are asked for, until they are green

Staged as in NTCIP 1202. No stage shortens anything: whatever is asked here, the core times it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Literal

from edge.clock import NS_PER_S
from edge.control.preempt_calls import PreemptCalls, Preemption
from edge.controller import Controller
from edge.types import ControlFacts, Demand, Ending, Interval, PhaseRequest, PreemptNow, SignalState

_log = logging.getLogger(__name__)
#: After the end of one, another does not begin for so long: no two contradictory asks within a second.
_CALM_NS = NS_PER_S
Stage = Literal["entry", "dwell", "exit"]


@dataclass(frozen=True, slots=True)
class _Running:
    """The preemption in force. since_ns: when its stage began."""

    row: Preemption
    stage: Stage
    since_ns: int

    @property
    def asked(self) -> frozenset[int]:
        return self.row.exit_phases if self.stage == "exit" else self.row.phases


class PreemptController:
    """Implements `Controller` around another, which decides while nothing is preempted.

    called says which preemptions are called at an instant; it must not block. ttl_ms must outlast
    the step of the control loop.
    """

    def __init__(
        self,
        rows: Collection[Preemption],
        inner: Controller,
        called: Callable[[int], Collection[int]],
        ttl_ms: int = 300,
    ) -> None:
        self._inner = inner
        self._called = called
        self._ttl_ms = ttl_ms
        self._calls = PreemptCalls(rows)
        self._running: _Running | None = None
        self._ended_ns: int | None = None
        self.name = inner.name

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """What the preemption in force asks for, or else the inner controller."""
        self._calls.update(self._called(signal.t_ns), signal.t_ns)
        before = self._running
        self._running = self._advance(before, signal)
        running = self._running
        if running != before:
            self._tell(before, running)
        if running is None:
            return self._normal(demand, signal)
        asked_before = before is not None and before.asked == running.asked
        endings = {} if asked_before else dict.fromkeys(_greens(signal) - running.asked, Ending.PREEMPT)
        facts = ControlFacts("preempt", endings=endings, preempt=PreemptNow(running.row.number, running.stage))
        reason = f"preempt {running.row.number} ({running.row.name}), {self._reason(running, signal)}"
        return PhaseRequest(signal.t_ns, running.asked, reason, self._ttl_ms, facts=facts)

    def _advance(self, running: _Running | None, signal: SignalState) -> _Running | None:
        """What is in force after this step."""
        t_ns, due = signal.t_ns, self._calls.due()
        if running is None:
            return self._begin(due, signal)
        row = running.row
        if due is not None and due.priority < row.priority:
            return self._entered(_Running(due, "entry", t_ns), signal)
        if running.stage == "exit":
            following = self._begin(due, signal)
            if following is not None or (signal.mode == "running" and not _greens(signal) >= row.exit_phases):
                return following or running
            self._ended_ns = t_ns
            return None
        running = self._entered(running, signal)
        counts = self._calls.counts(row.number)
        if running.stage == "entry":
            # A vehicle that has gone by before its green leaves a green that is served all the same.
            lost = signal.mode != "running" and not counts
            return self._end(running, due, signal) if lost or self._calls.failed(row.number) else running
        kept_ns = t_ns - running.since_ns
        return running if counts or kept_ns < row.min_dwell_ns else self._end(running, due, signal)

    def _begin(self, due: Preemption | None, signal: SignalState) -> _Running | None:
        """Begin with the one that is due, unless another has only just ended."""
        calm = self._ended_ns is None or signal.t_ns - self._ended_ns >= _CALM_NS
        return self._entered(_Running(due, "entry", signal.t_ns), signal) if due is not None and calm else None

    @staticmethod
    def _entered(running: _Running, signal: SignalState) -> _Running:
        """It dwells once all its phases are measured green, and while they are."""
        has_way = signal.mode == "running" and _greens(signal) >= running.row.phases
        if has_way == (running.stage == "dwell"):
            return running
        since_ns = max(signal.since_ns[phase] for phase in running.row.phases) if has_way else signal.t_ns
        # Phases that were green long before they were asked for have had right of way since then only.
        return replace(running, stage="dwell" if has_way else "entry", since_ns=max(since_ns, running.since_ns))

    def _end(self, running: _Running, due: Preemption | None, signal: SignalState) -> _Running | None:
        """Leave the dwell: for the next one that waits, by the exit phases, or at once."""
        self._calls.ended(running.row.number)
        if due is not None and due.number != running.row.number:
            return self._entered(_Running(due, "entry", signal.t_ns), signal)
        self._ended_ns = signal.t_ns
        return _Running(running.row, "exit", signal.t_ns) if running.row.exit_phases else None

    def _normal(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        request = self._inner.update(demand, signal)
        delayed = self._calls.delayed()
        if delayed is None:
            return request
        called_s = (self._calls.called_ns(delayed.number) or 0) / NS_PER_S
        facts = request.facts if request.facts is not None else ControlFacts(self._inner.name)
        reason = (
            f"preempt {delayed.number} ({delayed.name}) called for {called_s:.1f} s, in its delay; {request.reason}"
        )
        return replace(request, reason=reason, facts=replace(facts, preempt=PreemptNow(delayed.number, "delay")))

    def _reason(self, running: _Running, signal: SignalState) -> str:
        row, stage_s = running.row, (signal.t_ns - running.since_ns) / NS_PER_S
        called_ns = self._calls.called_ns(row.number)
        called = "the call is over" if called_ns is None else f"called for {called_ns / NS_PER_S:.1f} s"
        if self._calls.failed(row.number):
            called = f"the call failed: longer than {row.max_presence_ns / NS_PER_S:g} s"
        if running.stage == "entry":
            return f"entry: {_in_the_way(running.asked, signal)} for {_listed(row.phases)}; {called}"
        if running.stage == "dwell":
            least = f"at least {row.min_dwell_ns / NS_PER_S:g} s"
            return f"dwell: {_listed(row.phases)} has right of way for {stage_s:.1f} s, {least}; {called}"
        return f"exit: {_in_the_way(running.asked, signal)} for {_listed(row.exit_phases)}; {called}"

    def _tell(self, before: _Running | None, now: _Running | None) -> None:
        if now is not None:
            _log.warning("preempt %d (%s): %s", now.row.number, now.row.name, now.stage)
        elif before is not None:
            _log.warning("preempt %d (%s): over, %s goes on", before.row.number, before.row.name, self._inner.name)
        if before is not None and self._calls.failed(before.row.number) and before.stage != "exit":
            longest_s = before.row.max_presence_ns / NS_PER_S
            _log.error(
                "preempt %d (%s): its call failed, longer than %g s", before.row.number, before.row.name, longest_s
            )


def _greens(signal: SignalState) -> frozenset[int]:
    return frozenset(phase for phase, shown in signal.intervals.items() if shown is Interval.GREEN)


def _in_the_way(asked: frozenset[int], signal: SignalState) -> str:
    """ "serves out phase 4 yellow 1.2 s" of all that is not red and not asked for."""
    if signal.mode != "running":
        return f"waits, the lamps are in {signal.mode}"
    parts = [
        f"{phase} {shown.value.replace('_', ' ')} {(signal.t_ns - signal.since_ns[phase]) / NS_PER_S:.1f} s"
        for phase, shown in sorted(signal.intervals.items())
        if phase not in asked and shown is not Interval.RED
    ]
    return f"serves out phase {' and '.join(parts)}" if parts else "nothing in the way"


def _listed(phases: frozenset[int]) -> str:
    return f"phase {' and '.join(map(str, sorted(phases)))}"
