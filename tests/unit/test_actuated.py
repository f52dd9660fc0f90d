"""Actuated control as a traffic engineer would check it at the cabinet: one behaviour a test."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from calibration.site import Plan, Signal
from edge.clock import NS_PER_S
from edge.control.actuated import ActuatedController, ActuatedSettings
from edge.control.calls import CallSettings
from edge.types import Demand, Interval, LaneDemand, SignalState
from tests.actuated_street import Street, coming, empty, phases_of, queued, run, street, unseen
from tests.signal_tables import EIGHT, EIGHT_PLAN, phase

RING_1, RING_2 = (1, 2, 3, 4), (5, 6, 7, 8)
#: Without pedestrians, so that nothing but vehicles calls.
PLAIN = Signal(phases=tuple(phase(number, red_clearance_s=2) for number in range(1, 9)), rings=EIGHT.rings)


def always(*lanes: LaneDemand, signal: Signal = PLAIN) -> Street:
    busy = {lane.phase: lane for lane in lanes if lane.phase is not None}
    return street(signal, lambda _t_s: busy)


def test_without_calls_the_through_phases_of_the_first_group_rest_in_green() -> None:
    # plan: the longest split of a group is its through phase
    ran = run(PLAIN, always(), 100, plan=EIGHT_PLAN)
    assert [p for _, p in ran.greens] == [2, 6]
    assert ran.reasons()[-1].endswith("nobody waits, rests")


def test_phases_without_calls_are_skipped() -> None:
    ran = run(PLAIN, always(queued(2), queued(4), queued(6), queued(8)), 110)
    assert {p for _, p in ran.greens} == {2, 4, 6, 8}


def test_all_called_phases_are_served_in_the_order_of_the_rings() -> None:
    ran = run(PLAIN, always(*(queued(number) for number in range(1, 9))), 400)
    assert ran.sequence(RING_1)[:5] == [1, 2, 3, 4, 1]
    assert ran.sequence(RING_2)[:5] == [5, 6, 7, 8, 5]


def test_a_green_gaps_out_when_nobody_comes_within_the_passage_time() -> None:
    def busy(t_s: float) -> Mapping[int, LaneDemand]:
        # at 12 m/s, 3 s of passage reach 36 m
        return {2: coming(2, 30.0 if t_s < 20 else 40.0, 12.0), 4: queued(4)}

    ran = run(PLAIN, street(PLAIN, busy), 40)
    began_s = next(at for at, p in ran.greens if p == 2)
    assert ran.green_s(2) == pytest.approx(20 + 0.6 - began_s, abs=0.21)
    gapped = next(reason for reason in ran.reasons() if "phase 2 gapped out" in reason)
    assert "next phase 4 (3 queued, oldest 10 s) and 8 (goes along)" in gapped


def test_a_crawling_vehicle_near_the_line_is_not_a_gap() -> None:
    ran = run(PLAIN, always(coming(2, 14.0, 1.5), queued(4)), 40)
    assert ran.green_s(2) > 30


def test_a_green_maxes_out_so_long_after_the_conflicting_call_came() -> None:
    def busy(t_s: float) -> Mapping[int, LaneDemand]:
        return {2: queued(2)} | ({4: queued(4)} if t_s >= 30 else {})

    ran = run(PLAIN, street(PLAIN, busy), 90)
    began_s = next(at for at, p in ran.greens if p == 2)
    assert ran.green_s(2) == pytest.approx(30 + 40 - began_s, abs=0.11), "max green is 40 s from the call at 30 s"
    assert any("phase 2 maxed out after" in reason for reason in ran.reasons())


def test_rings_cross_a_barrier_only_when_both_have_gapped_out_at_once() -> None:
    def busy(t_s: float) -> Mapping[int, LaneDemand]:
        # ring 1 has its gap from 10 s on, except between 19 and 25 s; ring 2 from 20 s on
        two = queued(2) if t_s < 10 or 19 <= t_s < 25 else empty(2)
        return {2: two, 6: queued(6) if t_s < 20 else empty(6), 4: queued(4), 8: queued(8)}

    ran = run(PLAIN, street(PLAIN, busy), 40)
    ends = [next(s.since_ns[p] for s in ran.states if s.intervals[p] is Interval.YELLOW) / NS_PER_S for p in (2, 6)]
    assert ends[0] == ends[1] == pytest.approx(25.6, abs=0.21), "phase 2 gapped out, was extended, gapped out again"


def test_a_ring_goes_on_within_its_group_while_the_other_stays() -> None:
    ran = run(PLAIN, always(queued(1), queued(2), queued(6)), 100)
    assert ran.sequence(RING_2) == [6]
    assert ran.sequence(RING_1)[:3] == [1, 2, 1], "nobody calls beyond the barrier, so ring 1 begins anew"
    assert ran.green_s(6) > 50


def test_a_ring_without_a_call_goes_along_with_its_longest_phase() -> None:
    ran = run(PLAIN, always(queued(2), queued(3)), 80, plan=EIGHT_PLAN)
    assert 8 in ran.sequence(RING_2)
    alone = run(PLAIN, always(queued(2), queued(3)), 80, settings=ActuatedSettings(dual_entry=False))
    assert not {7, 8} & {p for _, p in alone.greens}


def test_a_lane_that_no_camera_sees_is_served_as_the_plan_would() -> None:
    ran = run(PLAIN, always(unseen(4), queued(2)), 160, plan=EIGHT_PLAN)
    assert ran.green_s(4) == pytest.approx(EIGHT_PLAN.splits_s[4] - 3 - 2, abs=0.11)
    assert any("recall, L4 unknown" in reason for reason in ran.reasons())
    assert len([p for _, p in ran.greens if p == 4]) >= 2


def test_old_knowledge_is_unknown() -> None:
    stale = LaneDemand("L4", 4, False, (), 0, None, 2.5)
    assert 4 in {p for _, p in run(PLAIN, always(stale, queued(2)), 60).greens}


def test_a_demand_that_is_no_longer_told_ages() -> None:
    controller = ActuatedController(PLAIN, EIGHT_PLAN)
    shown = {p: Interval.GREEN if p in {2, 6} else Interval.RED for p in phases_of(PLAIN)}
    demand = Demand(0, {f"L{p}": empty(p) for p in phases_of(PLAIN)})
    reasons = [
        controller.update(demand, SignalState(t * NS_PER_S, shown, dict.fromkeys(shown, 0))).reason for t in (1, 3)
    ]
    assert "nobody waits" in reasons[0]
    assert "L4 unknown" in reasons[1]


def test_pedestrians_are_recalled_where_a_phase_serves_them() -> None:
    # of EIGHT only phase 2 has a walk
    ran = run(EIGHT, always(queued(4, 1), queued(8, 1), signal=EIGHT), 120, plan=EIGHT_PLAN)
    assert ran.sequence((2, 4))[:3] == [2, 4, 2]
    without = ActuatedSettings(calls=CallSettings(ped_recall=False))
    assert run(EIGHT, always(queued(4, 1), signal=EIGHT), 120, settings=without).sequence((2, 4)) == [4]


def test_a_vehicle_lost_from_sight_keeps_its_call_for_a_while() -> None:
    def busy(t_s: float) -> Mapping[int, LaneDemand]:
        return {2: queued(2) if t_s < 12 else empty(2)} | ({4: queued(4, 1)} if 8 <= t_s < 10 else {})

    assert 4 in {p for _, p in run(PLAIN, street(PLAIN, busy), 30).greens}, "seen until 10 s, gap at 12 s"
    forgetful = ActuatedSettings(calls=CallSettings(remember_s=1.0))
    assert 4 not in {p for _, p in run(PLAIN, street(PLAIN, busy), 30, settings=forgetful).greens}


def test_a_phase_that_nobody_is_ever_seen_on_is_served_all_the_same() -> None:
    ran = run(PLAIN, always(queued(2)), 260)
    first_s = next(at for at, p in ran.greens if p == 4)
    # called after 180 s; phase 2, never empty, has its maximum from then
    assert first_s == pytest.approx(180 + 40 + 5, abs=16)
    assert any("not green for 180 s" in reason for reason in ran.reasons())


def test_it_takes_over_what_it_finds_green() -> None:
    shown = {p: Interval.GREEN if p in {4, 7} else Interval.RED for p in phases_of(PLAIN)}
    state = SignalState(100 * NS_PER_S, shown, dict.fromkeys(shown, 98 * NS_PER_S))
    demand = Demand(100 * NS_PER_S, {f"L{p}": queued(p) for p in phases_of(PLAIN)})
    assert ActuatedController(PLAIN).update(demand, state).phases == {4, 7}


def test_after_a_time_unasked_it_takes_over_again() -> None:
    controller = ActuatedController(PLAIN)
    demand = Demand(0, {})

    def asked(t_s: int, *green: int) -> frozenset[int]:
        shown = {p: Interval.GREEN if p in green else Interval.RED for p in phases_of(PLAIN)}
        return controller.update(
            demand, SignalState(t_s * NS_PER_S, shown, dict.fromkeys(shown, t_s * NS_PER_S))
        ).phases

    assert asked(0, 2, 6) == {2, 6}
    assert asked(60, 4, 8) == {4, 8}


def test_a_plan_without_room_for_the_minimum_does_not_shorten_it() -> None:
    plan = Plan(name="tight", cycle_s=60, splits_s=dict.fromkeys(range(1, 9), 6.0))
    ran = run(PLAIN, street(PLAIN, lambda _t: {p: unseen(p) for p in phases_of(PLAIN)}), 60, plan=plan)
    assert ran.green_s(1) == pytest.approx(5.0, abs=0.11)


def test_the_maximum_counts_anew_when_the_conflicting_call_has_gone() -> None:
    def busy(t_s: float) -> Mapping[int, LaneDemand]:
        return {2: queued(2)} | ({4: queued(4)} if 10 <= t_s < 12 or t_s >= 40 else {})

    forgetful = ActuatedSettings(calls=CallSettings(remember_s=1.0))
    ran = run(PLAIN, street(PLAIN, busy), 95, settings=forgetful)
    began_s = next(at for at, p in ran.greens if p == 2)
    assert ran.green_s(2) == pytest.approx(40 + 40 - began_s, abs=0.11)


def test_a_queue_that_stands_short_of_the_line_holds_its_green() -> None:
    short_of_it = LaneDemand("L2", 2, False, (), 2, 4.0, 0.0)
    assert run(PLAIN, always(short_of_it, queued(4)), 40).green_s(2) > 30


def test_no_green_ends_before_its_walk_and_clearance() -> None:
    # of EIGHT, phase 2 has 5 s of walk and 6 s of clearance, and nobody extends it
    ran = run(EIGHT, always(queued(4), signal=EIGHT), 60)
    first = next(request for request in ran.requests if request.phases >= {4})
    green_s = (first.t_ns - next(s.since_ns[2] for s in ran.states if s.intervals[2] is Interval.GREEN)) / NS_PER_S
    assert green_s == pytest.approx(11.0, abs=0.11)


def test_a_vehicle_at_the_line_alone_holds_its_green() -> None:
    at_the_line = LaneDemand("L2", 2, True, (), 0, None, 0.0)
    assert run(PLAIN, always(at_the_line, queued(4)), 40).green_s(2) > 30


def test_a_phase_without_a_lane_is_served_as_the_plan_would_and_a_lane_without_a_phase_asks_for_nothing() -> None:
    watched = (empty(2), queued(6), LaneDemand("kerb", None, True, (), 1, 5.0, 0.0))
    ran = run(PLAIN, lambda _t_s: (*watched, LaneDemand("odd", 16, True, (), 1, 5.0, 0.0)), 160, plan=EIGHT_PLAN)
    assert ran.green_s(4) == pytest.approx(EIGHT_PLAN.splits_s[4] - 3 - 2, abs=0.11)
    assert any("no lane of it is watched" in reason for reason in ran.reasons())
