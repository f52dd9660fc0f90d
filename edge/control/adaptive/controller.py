"""Adaptive control: the stage whose plan costs least, asked for each second anew.

    Demand ─→ picture of each lane ─→ search in C ─→ stay, or change to a stage
    crossings ─→ arrival rates, turn shares ┘              │
    box not clear ──────────────────────────→ held ←───────┘ request: what stays green, then all of it

What the core enforces it does not time; it reckons with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge.clock import NS_PER_S
from edge.control.adaptive.learn import Flows
from edge.control.adaptive.picture import Coming, lane_picture
from edge.control.adaptive.search import Found, Search
from edge.control.adaptive.settings import AdaptiveSettings
from edge.control.junction import JunctionModel, LaneModel, Sensing, Surroundings
from edge.types import ControlFacts, Demand, Ending, Interval, LaneDemand, PhaseRequest, SignalState

_AWAY_NS = 3 * NS_PER_S
_CLEARING = (Interval.YELLOW, Interval.RED_CLEARANCE)


class AdaptiveController:
    """Implements `Controller` for any junction of stages.

    surroundings is asked at each step for what is known beyond the lanes. PlannerMissingError
    without the compiled search.
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
        self._model = model
        self._settings = settings if settings is not None else AdaptiveSettings()
        self._sensing = sensing if sensing is not None else Sensing()
        self._surroundings = surroundings
        self._ttl_ms = ttl_ms
        self._stages = model.stages
        self._search = Search(model, self._stages, self._settings)
        self._flows = Flows(model, self._settings.rate_memory_s, self._sensing.found_share)
        self._phases = {phase.phase: phase for phase in model.phases}
        together = {frozenset((a, b)) for stage in model.stages for a in stage for b in stage}
        self._conflicts = {
            one: frozenset(o for o in self._phases if o != one and frozenset((one, o)) not in together)
            for one in self._phases
        }
        self._stage: int | None = None
        self._last_ns = 0
        self._planned_ns = 0
        self._reason = ""
        self._ended: frozenset[int] = frozenset()
        self._waiting: dict[int, int] = {}
        self._backlog: dict[str, float] = {lane.lane: 0.0 for lane in model.lanes}
        self._served_ns: dict[str, int] = {}
        self._passed_ns: dict[str, tuple[int, bool]] = {}
        self._last_turn: dict[str, int | None] = {}

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        """The phases to be green, or to become so once what is in their way has cleared."""
        t_ns = signal.t_ns
        around = self._surroundings(t_ns)
        self._flows.learn(t_ns, around.passed if around is not None else None)
        self._note(t_ns, around, signal)
        endings: Mapping[int, Ending] = {}
        if self._stage is None or t_ns - self._last_ns > _AWAY_NS or t_ns < self._last_ns:
            self._stage = self._found_green(signal)
            self._ended = frozenset()
            self._planned_ns = t_ns - NS_PER_S * 1000
        self._last_ns = t_ns
        if t_ns - self._planned_ns >= self._settings.plan_every_s * NS_PER_S - NS_PER_S // 20:
            self._planned_ns = t_ns
            endings = self._plan(demand, signal, around)
        asked = self._asked(signal, around)
        facts = ControlFacts(level="adaptive", endings=endings)
        return PhaseRequest(t_ns, asked, self._reason or "begins", self._ttl_ms, facts=facts)

    def _note(self, t_ns: int, around: Surroundings | None, signal: SignalState) -> None:
        """When the last vehicle left each lane, and whether it was the first of its green."""
        if around is None or around.passed is None:
            return
        half_ns = min(t_ns - self._last_ns, NS_PER_S) // 2
        for one in around.passed:
            at_ns = one.t_ns - half_ns
            began_ns = signal.since_ns.get(one.phase, 0) if one.phase is not None else 0
            first = self._passed_ns.get(one.lane, (0, False))[0] < began_ns
            self._passed_ns[one.lane] = (at_ns, first)
            self._last_turn[one.lane] = one.phase

    def _found_green(self, signal: SignalState) -> int:
        green = {p for p in self._phases if signal.intervals.get(p) is Interval.GREEN}
        return max(range(len(self._stages)), key=lambda i: (green <= self._stages[i], len(green & self._stages[i]), -i))

    def _plan(self, demand: Demand, signal: SignalState, around: Surroundings | None) -> Mapping[int, Ending]:
        stage = self._stage
        assert stage is not None  # noqa: S101 - update has chosen one
        phases = self._stages[stage]
        on_s, off_s = self._times(signal, phases, around)
        pictures = self._look(demand, signal, around, on_s)
        if any(on_s[p] > 0 for p in phases):
            return {}
        found = self._search.solve(stage, on_s, off_s, hold_s=0.0, box_s=self._settings.box_s)
        if found.first is None or found.first_s > 0.5:
            return {}
        if self._settings.margin_veh_s > 0:
            later = self._search.solve(
                stage, on_s, off_s, hold_s=self._settings.margin_hold_s, box_s=self._settings.box_s
            )
            if later.cost_veh_s - found.cost_veh_s < self._settings.margin_veh_s:
                return {}
        self._stage = found.first
        self._ended = phases - self._stages[found.first]
        self._reason = self._say(found, pictures, demand)
        return dict.fromkeys(self._ended, Ending.DECIDED)

    def _say(self, found: Found, pictures: Mapping[str, list[Coming]], demand: Demand) -> str:
        assert found.first is not None  # noqa: S101
        return f"phases {' '.join(map(str, sorted(self._stages[found.first])))} next, cost {found.cost_veh_s:.0f}"

    def _times(
        self, signal: SignalState, phases: frozenset[int], around: Surroundings | None
    ) -> tuple[dict[int, float], dict[int, float]]:
        """Since when (negative) or from when each phase of the stage is green, and until when others are usable."""
        on_s: dict[int, float] = {}
        off_s: dict[int, float] = {}
        for p in phases:
            age_s = (signal.t_ns - signal.since_ns.get(p, signal.t_ns)) / NS_PER_S
            if signal.intervals.get(p) is Interval.GREEN:
                on_s[p] = -age_s
            else:
                on_s[p] = max((self._left_s(signal, q) for q in self._conflicts[p] | {p}), default=0.0)
                on_s[p] = max(on_s[p], 0.01)
        for p in self._phases:
            if p not in phases and signal.intervals.get(p) is Interval.YELLOW:
                age_s = (signal.t_ns - signal.since_ns.get(p, signal.t_ns)) / NS_PER_S
                off_s[p] = max(0.0, self._settings.yellow_used_s - age_s)
        return on_s, off_s

    def _left_s(self, signal: SignalState, phase: int) -> float:
        shown = signal.intervals.get(phase)
        age_s = (signal.t_ns - signal.since_ns.get(phase, signal.t_ns)) / NS_PER_S
        model = self._phases[phase]
        if shown is Interval.GREEN:
            return max(0.0, model.min_green_s - age_s) + model.yellow_s + model.red_clearance_s
        if shown is Interval.YELLOW:
            return max(0.0, model.yellow_s - age_s) + model.red_clearance_s
        if shown is Interval.RED_CLEARANCE:
            return max(0.0, model.red_clearance_s - age_s)
        return 0.0

    def _look(
        self, demand: Demand, signal: SignalState, around: Surroundings | None, on_s: Mapping[int, float]
    ) -> dict[str, list[Coming]]:
        pictures: dict[str, list[Coming]] = {}
        step_s = self._settings.plan_every_s
        for i, lane in enumerate(self._model.lanes):
            one = demand.lanes.get(lane.lane)
            green = any(signal.intervals.get(way.phase) is Interval.GREEN for way in lane.ways)
            if green or lane.lane not in self._served_ns:
                self._served_ns[lane.lane] = signal.t_ns
            unserved_s = (signal.t_ns - self._served_ns[lane.lane]) / NS_PER_S
            rate = self._flows.rate_veh_s(lane.lane)
            beyond = self._beyond(lane, one, rate, step_s)
            coming = lane_picture(
                lane, one, self._flows.shares(lane.lane), rate, unserved_s, beyond, self._sensing, self._settings
            )
            coming = self._inside(lane, signal, around) + coming
            pictures[lane.lane] = coming
            blocked = {}
            if around is not None:
                for way in lane.ways:
                    if way.exit is not None and around.room.get(way.exit, 1) <= 0:
                        blocked[way.phase] = self._settings.exit_wait_s
            free_s = 0.0
            if coming and coming[0].standing and lane.lane in self._passed_ns:
                passed_ns, first = self._passed_ns[lane.lane]
                ago_s = (signal.t_ns - passed_ns) / NS_PER_S
                free_s = (self._settings.headway_s or lane.headway_s) - ago_s
                if first:
                    free_s += self._settings.second_s
                free_s = max(0.0, free_s)
            if coming and coming[0].standing:
                shown = coming[0].phase
                if signal.intervals.get(shown) is Interval.GREEN:
                    green_s = (signal.t_ns - signal.since_ns[shown]) / NS_PER_S
                    idle_s = min(green_s, (signal.t_ns - self._passed_ns.get(lane.lane, (0, False))[0]) / NS_PER_S)
                    if idle_s > self._settings.stuck_after_s:
                        free_s = max(free_s, min(idle_s, self._settings.stuck_most_s))
            self._search.lane(
                i,
                coming,
                blocked,
                headway_s=self._settings.headway_s or lane.headway_s,
                lost_s=self._settings.lost_s if self._settings.lost_s is not None else lane.start_lost_s,
                second_s=self._settings.second_s,
                waited_s=(one.wait_s if one is not None and one.wait_s is not None else 0.0),
                free_s=free_s,
            )
        return pictures

    def _inside(self, lane: LaneModel, signal: SignalState, around: Surroundings | None) -> list[Coming]:
        """Vehicles that have left the lane and wait in the box for a gap: nobody behind them gets past."""
        turn = self._last_turn.get(lane.lane)
        if around is None or around.stands is None or turn is None or not self._yields(lane, turn):
            return []
        if signal.intervals.get(turn) is not Interval.GREEN:
            return []
        ago_ns = signal.t_ns - self._passed_ns[lane.lane][0]
        if ago_ns > signal.t_ns - signal.since_ns[turn]:
            return []
        count = min(around.stands.get(turn, 0), self._settings.most_inside)
        return [Coming(0.0, 1.0, turn, True) for _ in range(count)]

    @staticmethod
    def _yields(lane: LaneModel, phase: int) -> bool:
        return any(way.phase == phase and way.yields_to for way in lane.ways)

    def _beyond(self, lane: LaneModel, one: LaneDemand | None, rate_veh_s: float, step_s: float) -> float:
        """Vehicles that are thought to queue beyond the end of the view, while the queue reaches that far."""
        if one is None or one.queue_vehicles is None or self._settings.beyond <= 0:
            return 0.0
        view_m = min(self._sensing.view_m, lane.length_m)
        standing_m = one.queue_vehicles / self._sensing.found_share * self._settings.standing_m
        beyond = self._backlog[lane.lane]
        if standing_m >= view_m - self._settings.standing_m:
            beyond = min(beyond + rate_veh_s * self._settings.beyond * step_s, 15.0)
        else:
            beyond = max(0.0, beyond - step_s / 2.0)
        self._backlog[lane.lane] = beyond
        return beyond

    def _asked(self, signal: SignalState, around: Surroundings | None) -> frozenset[int]:
        """All of the stage, or what of it may be green while the box is not clear."""
        stage = self._stages[self._stage or 0]
        if not self._ended:
            return stage
        held = set()
        clearing = False
        for p in stage:
            if signal.intervals.get(p) is Interval.GREEN:
                continue
            for q in self._conflicts[p] & self._ended:
                left_s = self._left_s(signal, q)
                if left_s > 0.05:
                    clearing = True
                    held.add(p)
                    continue
                red_s = (signal.t_ns - signal.since_ns.get(q, 0)) / NS_PER_S
                if signal.intervals.get(q) is not Interval.RED:
                    red_s = 0.0
                if around is not None and _in_the_way(around, q) and red_s < self._settings.box_hold_s:
                    held.add(p)
        if not held and not clearing:
            self._ended = frozenset()
        return stage - held


def _in_the_way(around: Surroundings, phase: int) -> bool:
    """Whether vehicles of a phase keep the box: those that stand, or any where nobody knows who stands."""
    counts = around.stands if around.stands is not None else around.box
    return counts is not None and counts.get(phase, 0) > 0
