"""What people at a desk have told the controller: calls of preemption, a plan, recalls, free operation.

    command ─→ Policy.take ─→ None, or why it is refused
                  └─→ preempts, recalls … at an instant, each until its time to live is over
    open incidents ─→ Policy.react: calls and recalls too, until it is told otherwise

Policy only: nothing here names a lamp, and what the site file says holds again when it lapses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from calibration.plans import FREE
from edge.clock import NS_PER_S
from edge.control.coordinate import Coordinate, Coordination, free
from edge.messages import Command, CoordinationCommand, PlanCommand, PreemptCommand, RecallCommand
from edge.types import SignalState

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What the site has, by which commands are checked: numbers of preemptions and phases, names of plans."""

    preempts: frozenset[int] = frozenset()
    phases: frozenset[int] = frozenset()
    walking: frozenset[int] = frozenset()
    plans: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Held:
    """A command until an instant of cabinet time."""

    command: Command
    until_ns: int


class Policy:
    """The commands in force. run_plan is told the name of the plan wanted, `free`, or None for the schedule's."""

    def __init__(self, known: Known, run_plan: Callable[[str | None], object] = lambda _name: None) -> None:
        self._known = known
        self._run_plan = run_plan
        self._preempts: dict[int, _Held] = {}
        self._recall: _Held | None = None
        self._cycle: _Held | None = None
        self._by_incidents: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())

    def take(self, command: Command, left_s: float, t_ns: int) -> str | None:
        """Take in a command that holds for left_s from t_ns on; why it is refused, None where it is not."""
        until_ns = t_ns + round(left_s * NS_PER_S)
        refused = self._refusal(command)
        if refused is None:
            _log.warning("command %s: %r, for %.0f s", command.id, command, left_s)
            self._hold(command, _Held(command, until_ns))
        else:
            _log.warning("command %s refused: %s", command.id, refused)
        return refused

    def react(self, recall: Collection[int], preempts: Collection[int]) -> None:
        """Phases and preemptions that incidents call from now on; what the site does not have is left out."""
        self._by_incidents = (self._known.phases & frozenset(recall), self._known.preempts & frozenset(preempts))

    def preempts(self, t_ns: int) -> Collection[int]:
        """Numbers of the preemptions that commands and incidents call now."""
        self._preempts = {number: held for number, held in self._preempts.items() if t_ns < held.until_ns}
        return self._preempts.keys() | self._by_incidents[1]

    def lapse(self, t_ns: int) -> None:
        """Once a step: let go of what is over."""
        if self._recall is not None and t_ns >= self._recall.until_ns:
            _log.warning("command %s: the recall is over", self._recall.command.id)
            self._recall = None
        if self._cycle is not None and t_ns >= self._cycle.until_ns:
            _log.warning("command %s is over, the schedule holds again", self._cycle.command.id)
            self._cycle = None
            self._run_plan(None)

    def recalled(self, coordinate: Coordinate | None) -> Coordinate:
        """Coordination with the recalls of commands and incidents added."""

        def asked(state: SignalState) -> Coordination:
            wanted = free("") if coordinate is None else coordinate(state)
            recall = None if self._recall is None else self._recall.command
            phases, walks = self._by_incidents[0], frozenset[int]()
            if isinstance(recall, RecallCommand):
                phases, walks = phases | frozenset(recall.phases), frozenset(recall.ped_phases)
            if not phases and not walks:
                return wanted
            return replace(wanted, recall=wanted.recall | phases, ped_recall=wanted.ped_recall | walks)

        return asked

    def _refusal(self, command: Command) -> str | None:
        known = self._known
        if isinstance(command, PreemptCommand) and command.number not in known.preempts:
            return f"the site has no preemption {command.number}, only {_listed(known.preempts)}"
        if isinstance(command, PlanCommand) and command.plan is not None and command.plan not in known.plans:
            return f"the site has no plan {command.plan!r}, only {_listed(known.plans)}"
        if isinstance(command, CoordinationCommand) and not known.plans:
            return "the site has no plan, so there is no coordination to leave or take up"
        if isinstance(command, RecallCommand):
            unknown = sorted(set(command.phases) - known.phases)
            silent = sorted(set(command.ped_phases) - known.walking)
            if unknown:
                return f"the site has no phase {unknown[0]}, only {_listed(known.phases)}"
            if silent:
                return f"phase {silent[0]} has no walk; those with one are {_listed(known.walking)}"
        return None

    def _hold(self, command: Command, held: _Held) -> None:
        match command:
            case PreemptCommand(number=number, active=True):
                self._preempts[number] = held
            case PreemptCommand(number=number):
                self._preempts.pop(number, None)
            case RecallCommand():
                self._recall = held
            case PlanCommand(plan=None) | CoordinationCommand(mode="plan"):
                self._cycle = None
                self._run_plan(None)
            case PlanCommand(plan=str() as name):
                self._cycle = held
                self._run_plan(name)
            case CoordinationCommand():
                self._cycle = held
                self._run_plan(FREE)
            case _:
                raise TypeError(f"no policy for {type(command).__name__}")


def _listed(names: Collection[object]) -> str:
    return ", ".join(map(str, sorted(names, key=str))) or "none"
