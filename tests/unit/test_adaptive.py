"""The planner on a street of queues: better than a fixed plan, holds for the box, avoids a blocked exit, says why."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from calibration.site import Phase, Plan, Signal
from edge.clock import NS_PER_S
from edge.control.adaptive import search
from edge.control.adaptive.controller import AdaptiveController
from edge.control.adaptive.guess import Guess, Learned
from edge.control.adaptive.learn import LaneFlow
from edge.control.adaptive.lookout import LanePicture
from edge.control.adaptive.picture import Coming, lane_picture, travel_s
from edge.control.adaptive.search import Found, PlannerMissingError, Search
from edge.control.adaptive.settings import AdaptiveSettings
from edge.control.adaptive.waits import called_by
from edge.control.fixed import FixedTimeController
from edge.control.junction import LaneModel, Sensing, Surroundings, Way
from edge.control.plan import CompiledPlan
from edge.types import Demand, Ending, Interval, LaneDemand, SignalState
from tests import queue_toy
from tests.queue_toy import CROSS

pytest.importorskip("edge.control.adaptive._planner", reason="the planner was not compiled: no C compiler")

LANE = LaneModel("a", (Way(1, 0.7), Way(2, 0.3)), 200.0, 13.0)


def guess(rate_veh_s: float) -> Guess:
    return Guess(Learned({1: 1.0}, {1: 1.0}, rate_veh_s, 1.0))


def traffic(seed: int) -> dict[int, list[float]]:
    rng = np.random.default_rng(seed)
    counts = {2: 90, 3: 30, 4: 60}
    return {number: sorted(rng.uniform(0, 580, count).tolist()) for number, count in counts.items()}


def fixed() -> FixedTimeController:
    phases = tuple(
        Phase(number=number, min_green_s=5, max_green_s=50, yellow_s=3, red_clearance_s=1) for number in (2, 3, 4)
    )
    signal = Signal(phases=phases, rings=(((2,), (3,)), ((), (4,))))
    plan = Plan(name="toy", cycle_s=46, splits_s={2: 23, 3: 23, 4: 23})
    return FixedTimeController(CompiledPlan.of(plan, signal))


def test_it_beats_the_fixed_plan() -> None:
    for seed in range(2):
        ours = queue_toy.run(AdaptiveController(CROSS), traffic(seed), 600)
        theirs = queue_toy.run(fixed(), traffic(seed), 600)
        assert ours.left <= theirs.left
        assert np.mean(ours.waits_s) < 0.85 * np.mean(theirs.waits_s)


def test_reasons_are_in_words_with_numbers_and_facts_say_which_phases_it_ended() -> None:
    ran = queue_toy.run(AdaptiveController(CROSS), traffic(1), 200)
    ended = [request for request in ran.requests if request.facts is not None and request.facts.endings]
    assert ended
    for request in ended:
        assert request.facts is not None
        assert request.facts.level == "adaptive"
        assert set(request.facts.endings.values()) == {Ending.DECIDED}
    pattern = re.compile(r"phases? [\d and,]+ next: (\d+ queued, oldest \d+ s; )?expected saving \d+ veh·s")
    assert any(pattern.search(request.reason) for request in ended)


def _at(around: Surroundings, t_ns: int) -> Surroundings:
    return replace(around, t_ns=t_ns)


class _Street:
    """A controller with one green and a queue beside it, asked second by second."""

    def __init__(self, around: Surroundings) -> None:
        self.controller = AdaptiveController(CROSS, surroundings=partial(_at, around))
        self.lamps = queue_toy.Lamps(CROSS)
        self.lamps.shown[2] = Interval.GREEN

    def ask(self, t_s: int, queue: int) -> tuple[frozenset[int], str]:
        lanes = {
            "lane2": LaneDemand("lane2", 2, False, (), 0, None, 0.0, ()),
            "lane3": LaneDemand("lane3", 3, False, (), 0, None, 0.0, ()),
            "lane4": LaneDemand("lane4", 4, queue > 0, (), queue, 20.0, 0.0, (4,) * queue),
        }
        t_ns = t_s * NS_PER_S
        request = self.controller.update(Demand(t_ns, lanes), self.lamps.state(t_ns))
        self.lamps.ask(t_ns, request.phases)
        return request.phases, request.reason


def test_the_next_green_is_held_for_who_stands_in_the_box_and_no_longer_than_its_limit() -> None:
    clear, full = _Street(Surroundings(0, {}, (), stands={})), _Street(Surroundings(0, {2: 2}, (), stands={2: 2}))
    begun = [next(t_s for t_s in range(6, 60) if 4 in street.ask(t_s, 5)[0]) for street in (clear, full)]
    assert begun[1] - begun[0] == 6
    held = _Street(Surroundings(0, {2: 2}, (), stands={2: 2}))
    assert any("held: 2 vehicles stand in the box" in held.ask(t_s, 5)[1] for t_s in range(6, 20))


def test_nobody_there_nothing_changes() -> None:
    street = _Street(Surroundings(0, {}, (), stands={}))
    assert {street.ask(t_s, 0)[0] for t_s in range(6, 40)} == {frozenset({2})}


def test_a_lane_with_a_blocked_exit_is_not_served_before_one_that_is_free() -> None:
    lanes = tuple(replace(lane, ways=(replace(lane.ways[0], exit=f"to{i}"),)) for i, lane in enumerate(CROSS.lanes))
    stages = (frozenset({2}), frozenset({3}), frozenset({4}))
    model = replace(CROSS, lanes=lanes, stages=stages)
    served = []
    rooms: tuple[dict[str, int], ...] = ({}, {"to2": 0})
    for room in rooms:
        around = Surroundings(0, {}, (), room=room, stands={})
        controller = AdaptiveController(model, surroundings=partial(_at, around))
        waiting = {
            f"lane{n}": LaneDemand(f"lane{n}", n, True, (), queue, 10.0, 0.0, (n,) * queue)
            for n, queue in ((2, 0), (3, 3), (4, 4))
        }
        state = SignalState(9 * NS_PER_S, {2: Interval.GREEN, 3: Interval.RED, 4: Interval.RED}, {2: 0, 3: 0, 4: 0})
        controller.update(Demand(state.t_ns, waiting), state)
        served.append(controller.update(Demand(state.t_ns, waiting), state).reason)
    assert "phase 4 next" in served[0]
    assert "phase 3 next" in served[1]


def test_shares_and_rates_are_learned() -> None:
    flow = LaneFlow(LANE, 300.0)
    for _ in range(600):
        flow.pass_time(1.0)
        flow.pass_time(1.0)
        flow.see(2)
    assert flow.shares[2] > 0.9
    assert flow.rate_veh_s == pytest.approx(0.5, rel=0.1)


def test_a_moving_head_goes_before_the_queue_that_stands_behind_it() -> None:
    demand = LaneDemand("a", 1, True, ((3.0, 4.0), (60.0, 12.0)), 2, 9.0, 0.0, (1, 2, 2, 1))
    seen = lane_picture(
        LANE, demand, guess(0.0), unserved_s=0, beyond=0, announced_s=(), told_s=None,
        sensing=Sensing(), settings=AdaptiveSettings(),
    )  # fmt: skip
    assert [(one.phase, one.standing) for one in seen] == [(2, False), (1, True), (2, True), (1, False)]


def test_a_lane_that_nobody_sees_is_taken_to_have_a_queue() -> None:
    empty_far_off = LaneDemand("a", 1, None, (), None, None, 0.1)  # nobody comes, but who stands is not known
    for demand in (None, LaneDemand("a", 1, None, None, None, None, None), empty_far_off):
        seen = lane_picture(
            LANE, demand, guess(0.1), unserved_s=50, beyond=0, announced_s=(), told_s=None,
            sensing=Sensing(), settings=AdaptiveSettings(),
        )  # fmt: skip
        assert sum(one.standing for one in seen) == 5


def test_a_lane_whose_queue_is_not_known_calls() -> None:
    assert called_by(LaneDemand("a", 1, None, (), None, None, 0.1), frozenset({1, 2})) == {1, 2}
    assert not called_by(LaneDemand("a", 1, False, (), 0, None, 0.1), frozenset({1, 2}))


@pytest.mark.parametrize(("found_share", "missed"), [(1.0, [0] * 5), (0.8, [1, 1, 1, 1, 2])])
def test_where_cameras_miss_some_nobody_seen_is_not_nobody_there(found_share: float, missed: list[int]) -> None:
    demand = LaneDemand("a", 1, False, (), 0, None, 0.0)
    learned = Learned({1: 1.0}, {1: 1.0}, 0.1, found_share)
    standing = []
    for case in range(5):
        seen = lane_picture(
            LANE, demand, Guess(learned, 0, case, 5), unserved_s=62, beyond=0, announced_s=(), told_s=None,
            sensing=Sensing(60.0, found_share), settings=AdaptiveSettings(),
        )  # fmt: skip
        standing.append(sum(one.standing for one in seen))
    assert sorted(standing) == missed


def _cost(cases: list[dict[int, int]]) -> Found:
    """What the search makes of queues by lane: one dictionary a case."""
    planner = Search(CROSS, CROSS.stages, replace(AdaptiveSettings(), keep_cases=4, change_cases_s=3.0))
    for case, queues in enumerate(cases):
        for i, lane in enumerate(CROSS.lanes):
            phase = lane.ways[0].phase
            standing = [Coming(0.0, phase, standing=True)] * queues.get(phase, 0)
            planner.lane(case, i, LanePicture(standing, 0.0, 0.0, {}), 2.0)
    return planner.solve(len(cases), 0, {2: -20.0}, {})


def test_a_plan_is_good_for_all_cases_together() -> None:
    here, there = {2: 4}, {4: 4}
    one, other = _cost([here]), _cost([there])
    assert _cost([here, here]) == replace(one, nodes=_cost([here, here]).nodes)
    assert (one.first, other.first_s) == (None, 0.0)
    # Whoever knew which case it is would do better than who must do for both.
    assert _cost([here, there]).cost_veh_s > (one.cost_veh_s + other.cost_veh_s) / 2
    assert _cost([here, there, there, there]).first == other.first


def test_travel_time_speeds_up_to_the_free_speed() -> None:
    assert travel_s(130.0, 13.0, 13.0, 2.0) == pytest.approx(10.0)
    assert travel_s(16.0, 0.0, 13.0, 2.0) == pytest.approx(4.0)
    assert travel_s(0.0, 0.0, 13.0, 2.0) == 0.0


def test_a_missing_extension_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    search._extension.cache_clear()
    monkeypatch.setitem(sys.modules, "edge.control.adaptive._planner", None)
    monkeypatch.delattr("edge.control.adaptive._planner", raising=False)
    with pytest.raises(PlannerMissingError, match="install a C compiler"):
        Search(CROSS, CROSS.stages, AdaptiveSettings())
    search._extension.cache_clear()


def test_a_model_too_large_says_how_much_room_there_is() -> None:
    lanes = tuple(replace(CROSS.lanes[0], lane=f"x{i}") for i in range(40))
    with pytest.raises(ValueError, match="has 40 lanes; the planner has room for 32"):
        AdaptiveController(replace(CROSS, lanes=lanes))
