"""The search in C: a junction's model as its tables, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from edge.control.adaptive.lookout import LanePicture
from edge.control.adaptive.settings import AdaptiveSettings
from edge.control.junction import JunctionModel
from edge.errors import DeviceError

#: Weight of a whole vehicle.
_ONE_VEHICLE = 256


class PlannerMissingError(DeviceError):
    """The extension was not compiled when Stopline was installed."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best plan: its cost in veh·s, and its first change of stage (None: none within the horizon) in s from now."""

    cost_veh_s: float
    first: int | None
    first_s: float
    nodes: int


class Search:
    """One junction's tables. PlannerMissingError without the extension, ValueError for a model too large for it."""

    def __init__(self, model: JunctionModel, stages: Sequence[frozenset[int]], settings: AdaptiveSettings) -> None:
        extension = _extension()
        self._lib: Any = extension.lib
        lib = self._lib
        for many, most, what in (
            (len(model.phases), lib.PL_PHASES, "phases"),
            (len(model.lanes), lib.PL_LANES, "lanes"),
            (len(stages), lib.PL_STAGES, "stages"),
        ):
            if many > most:
                raise ValueError(f"junction {model.name} has {many} {what}; the planner has room for {most}")
        self._model = model
        self._settings = settings
        self._index = {phase.phase: i for i, phase in enumerate(model.phases)}
        self._problem: Any = extension.ffi.new("pl_problem *")
        self._room: Any = extension.ffi.new("char[]", int(lib.pl_room()))
        self._plan: Any = extension.ffi.new("pl_plan *")
        self._cases = [self._problem.lane[c] for c in range(settings.cases)]
        self._lanes: list[list[Any]] = [[case[i] for i in range(len(model.lanes))] for case in self._cases]
        self._cars: list[list[list[Any]]] = [
            [[lane.car[k] for k in range(int(lib.PL_CARS))] for lane in lanes] for lanes in self._lanes
        ]
        self._yields: list[dict[int, int]] = []
        for model_lane in model.lanes:
            yields: dict[int, int] = {}
            for way in model_lane.ways:
                # Of two turns on one phase the one that yields less stands for both: nobody says which a vehicle takes.
                yields[way.phase] = yields.get(way.phase, -1) & self._mask(way.yields_to)
            self._yields.append(yields)
        # A vehicle can stand in a lane that does not lead its way.
        others: dict[int, int] = {}
        for yields in self._yields:
            others.update(yields)
        self._yields = [{**others, **yields} for yields in self._yields]
        self._fill(stages)

    def lane(self, case: int, i: int, picture: LanePicture, headway_s: float) -> None:
        """Tell of lane i in a case; vehicles beyond the room of the search are left out, the farthest first."""
        lane, cars, index, yields = self._lanes[case][i], self._cars[case][i], self._index, self._yields[i]
        stop_ms, blocked = round(self._settings.stop_s * 1000), picture.blocked
        lane.headway_ms = round(headway_s * 1000)
        lane.lost_ms = round(self._settings.lost_s * 1000)
        lane.second_ms = round(self._settings.second_s * 1000)
        lane.waited_ms = round(picture.waited_s * 1000)
        lane.free_ms = round(picture.free_s * 1000)
        kept = [one for one in picture.coming if one.phase in index][: len(cars)]
        lane.cars = len(kept)
        for car, one in zip(cars, kept, strict=False):
            car.at_ms = int(one.at_s * 1000)
            car.stop_ms = 0 if one.standing else stop_ms
            car.weight = int(one.weight * _ONE_VEHICLE)
            car.phase = index[one.phase]
            car.yields = yields.get(one.phase, 0)
            car.not_before_ms = int(blocked.get(one.phase, 0.0) * 1000) if blocked else 0

    def solve(
        self, cases: int, now: int, on_s: Mapping[int, float], off_s: Mapping[int, float], hold_s: float = 0.0
    ) -> Found:
        """The best plan from stage `now`: its phases green since or from on_s, others usable until off_s.

        hold_s: it is not left before then.
        """
        problem = self._problem
        problem.cases, problem.now = cases, now
        settings = self._settings
        problem.settings.keep = settings.keep if cases == 1 else settings.keep_cases
        problem.settings.change_ms = round((settings.change_s if cases == 1 else settings.change_cases_s) * 1000)
        problem.hold_ms = round(hold_s * 1000)
        for phase, i in self._index.items():
            problem.on_ms[i] = round(on_s.get(phase, 0.0) * 1000)
            problem.off_ms[i] = round(off_s.get(phase, 0.0) * 1000)
        if self._lib.pl_search(problem, self._room, self._plan):
            raise ValueError("the planner was given a problem that is malformed")
        plan = self._plan
        first = None if plan.first == self._lib.PL_NONE else int(plan.first)
        return Found(plan.cost / 256_000, first, plan.first_ms / 1000, int(plan.nodes))

    def _mask(self, phases: frozenset[int]) -> int:
        return sum(1 << self._index[phase] for phase in phases if phase in self._index)

    def _fill(self, stages: Sequence[frozenset[int]]) -> None:
        problem, settings, model = self._problem, self._settings, self._model
        of = problem.settings
        of.yellow_used_ms = round(settings.yellow_used_s * 1000)
        of.gap_ahead_ms = round(settings.gap_ahead_s * 1000)
        of.gap_behind_ms = round(settings.gap_behind_s * 1000)
        of.later_ms = round(settings.later_s * 1000)
        of.stop_after_ms = round(settings.stop_after_s * 1000)
        of.fair_after_ms = round(settings.fair_after_s * 1000)
        of.fair_permille = round(settings.fair_veh * 1000)
        of.sneakers = settings.sneakers
        of.seconds = settings.horizon_s
        problem.phases, problem.lanes, problem.stages = len(model.phases), len(model.lanes), len(stages)
        together = {frozenset((a, b)) for stage in model.stages for a in stage for b in stage}
        for i, phase in enumerate(model.phases):
            row = problem.phase[i]
            pedestrians_s = (phase.walk_s or 0.0) + (phase.ped_clearance_s or 0.0)
            row.least_ms = round(max(phase.min_green_s, pedestrians_s) * 1000)
            row.most_ms = round(phase.max_green_s * 1000)
            row.yellow_ms = round(phase.yellow_s * 1000)
            row.clear_ms = round(phase.red_clearance_s * 1000)
            row.conflicts = sum(
                1 << k
                for k, other in enumerate(model.phases)
                if k != i and frozenset((phase.phase, other.phase)) not in together
            )
        for i, stage in enumerate(stages):
            problem.stage[i] = self._mask(stage)


@cache
def _extension() -> Any:
    try:
        from edge.control.adaptive import _planner
    except ImportError as error:
        raise PlannerMissingError(
            "the planner was not compiled, so adaptive control cannot be chosen: install a C compiler "
            "(apt install gcc python3-dev) and run pip install --force-reinstall stopline"
        ) from error
    return _planner
