"""What a run of a net is told and drawn by, kept while it runs: lamps, queues, changes with their reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edge.replay.decided import DecisionBook
from edge.replay.outputs import EventLog
from edge.types import Demand, PhaseRequest, SignalState
from sim_videos.nets.junction import Junction
from sim_videos.nets.run import Result


@dataclass(frozen=True, slots=True)
class Now:
    """One junction at this second, for the live table."""

    junction: str
    green: tuple[int, ...]
    standing: int
    reason: str


@dataclass(slots=True)
class JunctionLog:
    """One junction over the run. shown: phase → (s since the begin, interval) at each change. book: why."""

    shown: dict[int, list[tuple[float, str]]] = field(default_factory=dict)
    standing: list[int] = field(default_factory=list)
    changes: int = 0
    book: DecisionBook = field(default_factory=DecisionBook)


@dataclass(frozen=True, slots=True)
class NetRun:
    """A finished run. stopped: the signal that ended it before its time."""

    control: str
    eyes: str
    seed: int
    result: Result
    junctions: Mapping[str, JunctionLog]
    seconds: int
    elapsed_s: float
    stopped: str | None

    @property
    def name(self) -> str:
        """As tables and plots call it."""
        return self.control if self.control == "fixed" else f"{self.control}, {self.eyes}"


class NetLedger:
    """Implements `Watcher`. events gets a line for every request that changes and for every change of lamps."""

    def __init__(self, begin_s: int, events: EventLog, on_now: Callable[[int, list[Now]], object]) -> None:
        self._begin_s = begin_s
        self._events = events
        self._on_now = on_now
        self.junctions: dict[str, JunctionLog] = {}
        self._asked: dict[str, frozenset[int]] = {}
        self._now: dict[str, Now] = {}
        self._lamps: dict[str, dict[int, str]] = {}

    def on_step(self, t_s: int, junction: Junction, demand: Demand, request: PhaseRequest, state: SignalState) -> None:
        """One decision, and the lamps that came of it."""
        name = junction.name
        log = self.junctions.get(name)
        if log is None:
            log = self.junctions[name] = JunctionLog(book=self._book(junction))
        log.book.see(demand, request, state)
        lamps = {phase: interval.value for phase, interval in state.intervals.items()}
        if self._asked.get(name) != request.phases:
            log.changes += name in self._asked
            self._asked[name] = request.phases
            told = {"junction": name, "phases": request.phases, "reason": request.reason}
            self._events.write("request", request.t_ns, told)
        if self._lamps.get(name) != lamps:
            self._lamps[name] = lamps
            self._events.write("signal", state.t_ns, {"junction": name, "phases": lamps})
        for phase, interval in lamps.items():
            changes = log.shown.setdefault(phase, [])
            if not changes or changes[-1][1] != interval:
                changes.append((float(t_s - self._begin_s), interval))
        green = tuple(sorted(phase for phase, interval in lamps.items() if interval == "green"))
        standing = log.standing[-1] if log.standing else 0
        self._now[name] = Now(name, green, standing, request.reason)

    def on_second(self, t_s: int, standing: Mapping[str, int]) -> None:
        """Who truly stands."""
        for name, count in standing.items():
            self.junctions.setdefault(name, JunctionLog()).standing.append(count)
        self._on_now(t_s, list(self._now.values()))

    def _book(self, junction: Junction) -> DecisionBook:
        ways = {lane.lane: frozenset(way.phase for way in lane.ways) for lane in junction.model.lanes}
        return DecisionBook(float(self._begin_s), lambda lane: ways.get(lane.lane, frozenset()))
