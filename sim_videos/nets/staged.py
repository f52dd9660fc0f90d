"""Control by rings for any junction: each stage of its own program is one phase of a one-ring controller.

    demand by lane ─→ demand by stage ─→ controller of one ring ─→ stage ─→ phases of the junction

A vehicle calls the stages that let it go without yielding, and holds any that lets it go.
Stages are served in the program's order, and skipped where nobody calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from calibration.site import Phase, Signal
from edge.clock import NS_PER_S
from edge.control.junction import Surroundings
from edge.controller import Controller
from edge.types import Demand, Interval, LaneDemand, PhaseRequest, SignalState
from sim_videos.nets.junction import Junction


class Staged:
    """Implements `Controller` for a junction of a net by a controller of `staged_signal`.

    With `around` the next green waits, for hold_s at most, until nobody is inside the junction
    whose path it crosses: vehicles that lock each other there never get out again.
    """

    def __init__(
        self,
        junction: Junction,
        inner: Controller,
        around: Callable[[int], Surroundings | None] = lambda _t_ns: None,
        hold_s: float = 6.0,
    ) -> None:
        self._around = around
        self._hold_ns = round(hold_s * NS_PER_S)
        self._conflicts = {
            phase: frozenset(
                other
                for other in junction.grouping.phases
                if other != phase and frozenset((phase, other)) not in junction.grouping.compatible
            )
            for phase in junction.grouping.phases
        }
        self.name = inner.name
        grouping = junction.grouping
        self._junction = junction
        self._stages = dict(enumerate(grouping.stages[: min(grouping.program_stages, 16)], start=1))
        yields = {phase: grouping.yields(phase) for phase in grouping.phases}
        #: Phase → stages in which it need not yield; all of its stages where it always must.
        self._calls: dict[int, frozenset[int]] = {}
        self._holds: dict[int, frozenset[int]] = {}
        for phase in grouping.phases:
            served = frozenset(number for number, stage in self._stages.items() if phase in stage)
            free = frozenset(number for number in served if not yields[phase] & self._stages[number])
            self._calls[phase] = frozenset({_main(free or served, self._stages)}) if served else frozenset()
            self._holds[phase] = free or served
        self._inner = inner
        self._now: int | None = None
        self._since: dict[int, int] = {}

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """The phases of the stage to be green, or to become so."""
        lanes = {lane.lane: lane for lane in self._lanes(demand)}
        asked = self._inner.update(Demand(demand.t_ns, lanes), self._state(signal))
        chosen = sorted(asked.phases)
        if chosen:
            self._now = chosen[0]
        phases = self._stages[self._now] if self._now is not None else frozenset[int]()
        said = ", ".join(f"stage {n} is phase {' and '.join(map(str, sorted(self._stages[n])))}" for n in chosen)
        facts = (
            None if asked.facts is None else replace(asked.facts, endings={}, called=None, ped_called=None, held=None)
        )
        held = self._held(phases, signal)
        reason = f"{asked.reason} ({said})"
        if held:
            reason = f"phase {' and '.join(map(str, sorted(held)))} held, the box is not clear; {reason}"
        return PhaseRequest(signal.t_ns, phases - held, reason, asked.ttl_ms, facts=facts)

    def _held(self, phases: frozenset[int], signal: SignalState) -> frozenset[int]:
        """Phases that are to begin while somebody in their way is still inside the junction."""
        around = self._around(signal.t_ns)
        if around is None or around.box is None:
            return frozenset()
        begin = frozenset(one for one in phases if signal.intervals.get(one) is not Interval.GREEN)
        in_the_way = frozenset(phase for phase, count in around.box.items() if count)
        held = set()
        for phase in begin:
            foes = self._conflicts[phase]
            # Lamps in the way that are not yet red hold it anyway; from then on the time runs.
            red_ns = max((signal.since_ns[foe] for foe in foes), default=signal.t_ns)
            clearing = any(signal.intervals.get(foe) is not Interval.RED for foe in foes)
            if clearing or (foes & in_the_way and signal.t_ns - red_ns < self._hold_ns):
                held.add(phase)
        return frozenset(held)

    def _state(self, signal: SignalState) -> SignalState:
        """The stages as phases: green while all of their own are, if it is their turn."""
        intervals: dict[int, Interval] = {}
        green = frozenset(phase for phase, shown in signal.intervals.items() if shown is Interval.GREEN)
        for number, stage in self._stages.items():
            now = number == self._now and stage <= green
            if now and self._since.get(number, -1) < 0:
                self._since[number] = signal.t_ns
            elif not now:
                self._since[number] = -1
            intervals[number] = Interval.GREEN if now else Interval.RED
        if self._now is None:
            for number, stage in self._stages.items():
                if stage <= green:
                    self._now = number
                    self._since[number] = signal.t_ns
                    intervals[number] = Interval.GREEN
                    break
        since = {number: at if at >= 0 else signal.t_ns for number, at in self._since.items()}
        return SignalState(signal.t_ns, intervals, since, mode=signal.mode, fault=signal.fault, modelled=True)

    def _lanes(self, demand: Demand) -> Iterator[LaneDemand]:
        for model in self._junction.model.lanes:
            lane = demand.lanes[model.lane]
            phases = tuple(dict.fromkeys(way.phase for way in model.ways))
            for phase in phases:
                part = lane if len(phases) == 1 else _part(lane, phase)
                for number in sorted(self._calls[phase] | self._holds[phase]):
                    calls = number in self._calls[phase] or number == self._now
                    shown = part if calls or part.queue_vehicles is None else _nobody(part)
                    yield replace(shown, lane=f"{lane.lane}/{phase}/{number}", phase=number, turns=None)


def _main(stages: frozenset[int], of: dict[int, frozenset[int]]) -> int:
    """The one with the most phases, of equals the first."""
    return max(sorted(stages), key=lambda number: len(of[number]))


def _part(lane: LaneDemand, phase: int) -> LaneDemand:
    """What those of a lane want who turn by a phase; all of them where nobody knows the turns."""
    if lane.turns is None or lane.queue_vehicles is None or lane.arrivals is None:
        return lane
    queue, coming = lane.turns[: lane.queue_vehicles], lane.turns[lane.queue_vehicles :]
    arrivals = tuple(one for one, turn in zip(lane.arrivals, coming, strict=True) if turn in {phase, None})
    queued = sum(1 for turn in queue if turn in {phase, None})
    presence = lane.presence
    if presence:
        first = queue[:1] or coming[:1]
        presence = first[0] in {phase, None} if first else True
    return replace(
        lane, presence=presence, arrivals=arrivals, queue_vehicles=queued, wait_s=lane.wait_s if queued else None
    )


def _nobody(lane: LaneDemand) -> LaneDemand:
    return replace(lane, presence=False, arrivals=(), queue_vehicles=0, wait_s=None)


def staged_signal(junction: Junction) -> Signal:
    """One ring of the stages of the junction's own program, numbered from 1 in its order."""
    times = junction.times
    stages = tuple(range(1, min(junction.grouping.program_stages, 16) + 1))
    least_s = {one.phase: one.min_green_s for one in junction.model.phases}
    phases = tuple(
        Phase(
            number=number,
            min_green_s=max(least_s[phase] for phase in junction.grouping.stages[number - 1]),
            max_green_s=max(times.max_green_s, *(least_s[phase] for phase in junction.grouping.stages[number - 1])),
            yellow_s=times.yellow_s,
            red_clearance_s=times.red_clearance_s,
        )
        for number in stages
    )
    return Signal(phases=phases, rings=((stages,),))
