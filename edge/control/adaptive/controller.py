"""Adaptive control: the stage whose plan costs least, asked for each second anew.

    Demand ─→ picture of each lane ─→ search in C ─→ stay, or change to a stage
    crossings ─→ rates, turns, headway ┘                   │
    waits at the limit ────────────────→ served next ──────┤
    box not clear ─────────────────────→ held ←────────────┘ request: what stays green, then all of it

What the core enforces it does not time; it reckons with it. Nothing is decided while a
change is under way, so that what is asked for is never taken back within a second.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.clock import NS_PER_S
from edge.control.adaptive import words
from edge.control.adaptive.lamps import Lamps
from edge.control.adaptive.learn import Traffic
from edge.control.adaptive.lookout import Lookout
from edge.control.adaptive.search import Search
from edge.control.adaptive.settings import AdaptiveSettings
from edge.control.adaptive.waits import Waits, stage_for
from edge.control.junction import JunctionModel, Sensing, Surroundings
from edge.types import ControlFacts, Demand, Ending, PhaseRequest, SignalState

#: Unasked for longer than this, the controller takes over what it finds green, as at its start.
_AWAY_NS = 3 * NS_PER_S
#: A step of the loop may come so much early.
_EARLY_NS = NS_PER_S // 20
#: What a change saves is told against keeping the present stage so much longer.
_COMPARED_S = 10.0


class AdaptiveController:
    """Implements `Controller` for any junction of stages.

    surroundings is asked at each step for what is known beyond the lanes. ttl_ms must outlast
    the step of the control loop. PlannerMissingError without the compiled search, ValueError
    for a model that is too large for it.
    """

    name = "adaptive"

    def __init__(
        self,
        model: JunctionModel,
        settings: AdaptiveSettings | None = None,
        sensing: Sensing | None = None,
        surroundings: Callable[[int], Surroundings | None] = lambda _t_ns: None,
        ttl_ms: int = 300,
    ) -> None:
        self._settings = settings if settings is not None else AdaptiveSettings()
        sensing = sensing if sensing is not None else Sensing()
        self._surroundings = surroundings
        self._ttl_ms = ttl_ms
        self._stages = model.stages
        self._all_found = sensing.found_share >= 1.0
        self._lanes = [(lane.lane, frozenset(way.phase for way in lane.ways)) for lane in model.lanes]
        self._lamps = Lamps(model)
        self._search = Search(model, model.stages, self._settings)
        self._traffic = Traffic(model, sensing, self._settings)
        self._lookout = Lookout(model, sensing, self._settings, self._traffic)
        self._waits = Waits(model, self._settings.limit_s)
        self._stage: int | None = None
        self._last_ns = 0
        self._planned_ns: int | None = None
        self._reason = "takes over what is green"
        #: Phases of the last change that may still be on their way out, and those it began that were asked for.
        self._ended: frozenset[int] = frozenset()
        self._released: set[int] = set()

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """The phases to be green, or to become so once what is in their way has cleared."""
        t_ns = signal.t_ns
        around = self._surroundings(t_ns)
        passed = around.passed if around is not None else None
        self._traffic.learn(demand, signal, passed, around.unwatched if around is not None else ())
        self._lookout.note(signal, passed)
        self._waits.look(demand, signal)
        if self._stage is None or not 0 <= t_ns - self._last_ns <= _AWAY_NS:
            self._stage = self._found_green(signal)
            self._ended, self._planned_ns = frozenset(), None
        self._last_ns = t_ns
        ended: frozenset[int] = frozenset()
        due_ns = None if self._planned_ns is None else self._planned_ns + self._settings.plan_every_s * NS_PER_S
        if signal.mode == "running" and (due_ns is None or t_ns >= due_ns - _EARLY_NS):
            self._planned_ns = t_ns
            ended = self._plan(self._stage, demand, signal, around)
        stage = self._stages[self._stage]
        held = self._held(stage, signal, around)
        facts = ControlFacts(
            level=self.name,
            endings=dict.fromkeys(ended, Ending.DECIDED),
            called=self._waits.called,
            held=frozenset(held),
        )
        return PhaseRequest(t_ns, stage.difference(held), self._why(held), self._ttl_ms, facts=facts)

    def _found_green(self, signal: SignalState) -> int:
        """The stage that has most of what is green, and all of it where there is one."""
        green = {phase for phase in self._lamps.phases if self._lamps.green(signal, phase)}
        self._reason = "takes over what is green" if green else "begins"
        return max(range(len(self._stages)), key=lambda i: (green <= self._stages[i], len(green & self._stages[i]), -i))

    def _plan(self, stage: int, demand: Demand, signal: SignalState, around: Surroundings | None) -> frozenset[int]:
        """Look, decide, and begin a change where one is worth it; the phases it ends."""
        cases = self._settings.cases if self._unsure(demand) else 1
        pictures = self._lookout.look(demand, signal, around, cases)
        now = self._stages[stage]
        if not all(self._lamps.green(signal, phase) for phase in now):
            return frozenset()
        late = self._waits.overdue(signal.t_ns)
        if late:
            to = stage_for(late, self._stages, now)
            if not self._lamps.may_end(signal, now - self._stages[to]):
                return frozenset()
            waited_s = self._waits.waited_s(late[0], signal.t_ns)
            return self._change(stage, to, words.overdue(late[0], waited_s, self._settings.limit_s))
        headway_s = self._traffic.headway_s
        for i, each in enumerate(pictures):
            for case, picture in enumerate(each):
                self._search.lane(case, i, picture, headway_s)
        on_s = self._lamps.on_s(signal, now)
        off_s = self._lamps.off_s(signal, now, self._settings.yellow_used_s)
        found = self._search.solve(cases, stage, on_s, off_s)
        if found.first is None or found.first_s > 0:
            return frozenset()
        kept = self._search.solve(cases, stage, on_s, off_s, hold_s=_COMPARED_S)
        begun, ended = self._stages[found.first] - now, now - self._stages[found.first]
        queued, oldest_s = words.queue(demand, self._lanes, begun)
        saving_veh_s = max(0.0, kept.cost_veh_s - found.cost_veh_s)
        return self._change(stage, found.first, words.change(begun, ended, queued, oldest_s, saving_veh_s))

    def _unsure(self, demand: Demand) -> bool:
        """Whether there are vehicles that nobody sees, or whose turn nobody knows."""
        if self._all_found:
            lanes = (demand.lanes.get(lane) for lane, phases in self._lanes if len(phases) > 1)
            return any(lane is None or lane.turns is None for lane in lanes)
        return True

    def _change(self, stage: int, to: int, reason: str) -> frozenset[int]:
        ended = self._stages[stage] - self._stages[to]
        self._stage, self._ended, self._released, self._reason = to, ended, set(), reason
        return ended

    def _held(self, stage: frozenset[int], signal: SignalState, around: Surroundings | None) -> dict[int, int]:
        """Phases of the stage that are not asked for yet → vehicles in the box for which they wait.

        0: what conflicts with it is still on its way out, and only then is it seen who stands in the box.
        """
        if not self._ended:
            return {}
        held: dict[int, int] = {}
        for phase in stage:
            if phase in self._released or self._lamps.green(signal, phase):
                continue
            conflicting = self._lamps.conflicts[phase] & self._ended
            if any(self._lamps.left_s(signal, one) > _EARLY_NS / NS_PER_S for one in conflicting):
                held[phase] = 0
            elif in_box := sum(self._in_box(one, signal, around) for one in conflicting):
                held[phase] = in_box
            else:
                self._released.add(phase)
        if not held:
            self._ended = frozenset()
        return held

    def _in_box(self, phase: int, signal: SignalState, around: Surroundings | None) -> int:
        """Vehicles of an ended phase for which the next green is held."""
        if around is None or around.box is None or self._lamps.age_s(signal, phase) >= self._settings.box_hold_s:
            return 0
        return around.box.get(phase, 0)

    def _why(self, held: dict[int, int]) -> str:
        waiting = [phase for phase, vehicles in held.items() if vehicles]
        if not waiting:
            return self._reason
        return f"{self._reason}; {words.held(waiting, max(held.values()))}"
