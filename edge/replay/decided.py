"""What a controller decided over a run, with its reasons: for reports.

each step ─→ DecisionBook ─→ Decided (asks for something else, or somebody else asks)
                        └──→ Wait (the longest, and what was served meanwhile)
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from edge.clock import NS_PER_S
from edge.replay.record import Record
from edge.types import Demand, LaneDemand, PhaseRequest, SignalState

#: So many waits are explained.
LONGEST = 5
#: A wait shorter than this needs no explanation, s.
_SHORT_S = 20.0


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision at t_s of the run. level None: the controller does not say. level_changed: another than before."""

    t_s: float
    phases: tuple[int, ...]
    level: str | None
    level_changed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody stood first in a lane until ended_s, for waited_s. ended: False where the run ended before.

    served: what was decided instead while they stood, and why. begun: why their phase was asked for, None where
    it never was.
    """

    lane: str
    phases: tuple[int, ...]
    ended_s: float
    waited_s: float
    ended: bool
    served: tuple[Decided, ...]
    begun: Decided | None


@dataclass(slots=True)
class _Standing:
    waited_s: float
    phases: tuple[int, ...]


@dataclass(slots=True)
class DecisionBook:
    """Told every step of one junction, in order. phases_of: the phases that may serve a lane, where it has several.

    begin_s: what the clock of the steps shows when the run begins.
    """

    begin_s: float = 0.0
    phases_of: Callable[[LaneDemand], Collection[int]] | None = None
    decisions: list[Decided] = field(default_factory=list)
    _standing: dict[str, _Standing] = field(default_factory=dict)
    _longest: list[tuple[float, int, Wait]] = field(default_factory=list)
    _told: int = 0
    _last_s: float = 0.0

    def see(self, demand: Demand, request: PhaseRequest, state: SignalState) -> None:
        """One step: what was known, what was asked for."""
        t_s = state.t_ns / NS_PER_S - self.begin_s
        self._last_s = t_s
        self._decide(t_s, request)
        for name, lane in demand.lanes.items():
            before = self._standing.get(name)
            if before is not None and (lane.wait_s is None or lane.wait_s < before.waited_s):
                self._end(name, before, t_s, ended=True)
                del self._standing[name]
            if lane.wait_s is not None and lane.wait_s > 0:
                self._standing[name] = _Standing(lane.wait_s, tuple(sorted(self._phases(lane))))

    def longest(self) -> tuple[Wait, ...]:
        """The longest waits so far, the longest first; those that go on are among them."""
        going = [self._wait(name, one, self._last_s, ended=False) for name, one in self._standing.items()]
        known = [wait for _, _, wait in self._longest] + [wait for wait in going if wait.waited_s >= _SHORT_S]
        return tuple(sorted(known, key=lambda wait: (-wait.waited_s, wait.lane))[:LONGEST])

    def _decide(self, t_s: float, request: PhaseRequest) -> None:
        phases = tuple(sorted(request.phases))
        level = None if request.facts is None else request.facts.level
        last = self.decisions[-1] if self.decisions else None
        if last is None or (last.phases, last.level) != (phases, level):
            changed = last is not None and last.level != level
            self.decisions.append(Decided(t_s, phases, level, changed, request.reason))

    def _phases(self, lane: LaneDemand) -> Collection[int]:
        first = lane.turns[0] if lane.turns else None
        if first is not None:
            return (first,)
        if self.phases_of is not None:
            return self.phases_of(lane)
        return () if lane.phase is None else (lane.phase,)

    def _end(self, name: str, one: _Standing, t_s: float, *, ended: bool) -> None:
        if one.waited_s < _SHORT_S or (len(self._longest) == LONGEST and one.waited_s <= self._longest[0][0]):
            return
        self._told += 1
        heapq.heappush(self._longest, (one.waited_s, -self._told, self._wait(name, one, t_s, ended=ended)))
        if len(self._longest) > LONGEST:
            heapq.heappop(self._longest)

    def _wait(self, name: str, one: _Standing, t_s: float, *, ended: bool) -> Wait:
        began_s = t_s - one.waited_s
        mine = [i for i, made in enumerate(self.decisions) if set(made.phases) & set(one.phases)]
        begun = next((self.decisions[i] for i in reversed(mine) if began_s <= self.decisions[i].t_s <= t_s), None)
        until_s = t_s if begun is None else begun.t_s
        served = [made for made in self.decisions if began_s <= made.t_s < until_s]
        others = [made for made in served if not set(made.phases) & set(one.phases)]
        return Wait(name, one.phases, t_s, one.waited_s, ended, tuple(others), begun)


def level_changes(decisions: Iterable[Decided]) -> list[Decided]:
    """Those at which another level took over."""
    return [made for made in decisions if made.level_changed]


def decided_in(record: Record) -> list[Decided]:
    """The decisions of a replay, as far as its events tell them."""
    decisions: list[Decided] = []
    levels = [(event["t_ns"], event.get("level")) for event in record.of("signal")]
    place, level = 0, levels[0][1] if levels else None
    for event in record.of("request"):
        while place < len(levels) and levels[place][0] <= event["t_ns"]:
            level = levels[place][1]
            place += 1
        changed = bool(decisions) and decisions[-1].level != level
        phases = tuple(sorted(event["phases"]))
        decisions.append(Decided(event["t_ns"] / NS_PER_S, phases, level, changed, event["reason"]))
    return decisions
