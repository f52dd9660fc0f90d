"""Cycles by the measured lamps: exact splits, and no cycle that nobody measured."""

from __future__ import annotations

import pytest

from edge.clock import NS_PER_S
from edge.messages import CycleBody, PhaseCycle
from edge.telemetry.cycle import CycleBuilder
from edge.types import Interval, SignalState
from tests.junction import crossed, junction, lamps, seen

BOTH = ("north", "east")
CYCLE_S = 60
#: phase → (second in the cycle, interval that begins)
TURNS = {
    2: [(0, Interval.GREEN), (25, Interval.YELLOW), (28, Interval.RED_CLEARANCE), (30, Interval.RED)],
    4: [(30, Interval.GREEN), (55, Interval.YELLOW), (58, Interval.RED_CLEARANCE), (60, Interval.RED)],
}


def at(t_s: float, offset_s: float = 0.0) -> SignalState:
    """Two-phase fixed time, cycle 60 s, phase 2 green from `offset_s` on."""
    shown = {}
    for phase, turns in TURNS.items():
        in_cycle = (t_s - offset_s) % CYCLE_S
        past = [(s, i) for s, i in turns if s <= in_cycle]
        since_s, interval = past[-1] if past else (turns[-1][0] - CYCLE_S, turns[-1][1])
        shown[phase] = (interval, t_s - in_cycle + since_s)
    return lamps(t_s, shown)


def run(builder: CycleBuilder, from_s: float, to_s: float, step_s: float = 0.1) -> list[tuple[int, CycleBody]]:
    ended = []
    for i in range(round((to_s - from_s) / step_s)):
        t = from_s + i * step_s
        ended += builder.add_signal(at(t, offset_s=0.05))
        for camera in BOTH:
            builder.add_result(seen(t, camera=camera))
    return ended


def test_a_cycle_runs_from_green_to_green_with_exact_splits() -> None:
    builder = CycleBuilder(junction(), cameras=BOTH, plan="day")
    ended = run(builder, 10, 200)
    assert [end / NS_PER_S for end, _ in ended] == pytest.approx([120.05, 180.05])
    assert [body.number for _, body in ended] == [1, 2]
    for _, body in ended:
        assert body.plan == "day"
        assert body.cycle_s == pytest.approx(60)
        for phase in body.phases:
            # Exact though the lamps turned between two measurements.
            assert (phase.green_s, phase.yellow_s, phase.red_clearance_s) == pytest.approx((25, 3, 2))


def test_a_cycle_has_the_plan_in_force_when_it_began() -> None:
    """The plan changes at 100 s, in the cycle from 60 to 120 s; nobody says of one in the cycle from 180 s on."""
    builder = CycleBuilder(junction(), cameras=BOTH, plan="default")
    ended = []
    for i in range(2500):
        t_s = 10 + i / 10
        plan = None if t_s > 170 else "night" if t_s < 100 else "day"
        ended += builder.add_signal(at(t_s, offset_s=0.05), plan)
    assert [body.plan for _, body in ended] == ["night", "day", "default"]


def test_another_reference_phase() -> None:
    builder = CycleBuilder(junction(), cameras=BOTH, reference_phase=4)
    assert [end / NS_PER_S for end, _ in run(builder, 10, 160)] == pytest.approx([90.05, 150.05])
    with pytest.raises(ValueError, match="reference phase 3 is not one of"):
        CycleBuilder(junction(), cameras=BOTH, reference_phase=3)


def phase_of(body: CycleBody, number: int) -> PhaseCycle:
    return next(p for p in body.phases if p.phase == number)


def test_who_passed_and_who_certainly_passed_on_red() -> None:
    builder = CycleBuilder(junction(), cameras=BOTH)
    run(builder, 0, 65)
    builder.add_result(seen(64.9, crossed(64.9, entered_s=62)))  # on green
    run(builder, 65, 95)
    builder.add_result(seen(94.9, crossed(94.9, entered_s=89)))  # entered on clearance: may have passed then
    builder.add_result(seen(94.9, crossed(94.9, entered_s=91)))  # red all the way
    builder.add_result(seen(94.9, crossed(94.9)))  # entry not seen
    builder.add_result(seen(94.9, crossed(94.9, "EBT", entered_s=92), camera="east"))
    ((_, body),) = run(builder, 95, 125)
    assert (phase_of(body, 2).crossings, phase_of(body, 2).crossings_on_red) == (4, 1)
    assert (phase_of(body, 4).crossings, phase_of(body, 4).crossings_on_red) == (1, 0)


def test_a_cycle_that_a_camera_did_not_see_whole_has_no_count() -> None:
    builder = CycleBuilder(junction(), cameras=BOTH)
    run(builder, 0, 80)
    builder.add_result(seen(80, blind="dark"))
    ((_, blind), (_, seen_again)) = run(builder, 80, 200)
    assert (phase_of(blind, 2).crossings, phase_of(blind, 2).crossings_on_red) == (None, None)
    assert phase_of(blind, 4).crossings == 0
    assert phase_of(seen_again, 2).crossings == 0


def test_a_camera_that_is_not_fed_has_no_count() -> None:
    builder = CycleBuilder(junction(), cameras=("north",))
    ((_, body),) = run(builder, 50, 130)
    assert phase_of(body, 2).crossings == 0
    assert phase_of(body, 4).crossings is None


def test_flash_and_gaps_break_the_cycle() -> None:
    builder = CycleBuilder(junction(), cameras=BOTH)
    run(builder, 0, 90)
    builder.add_signal(lamps(90, {2: (Interval.FLASH_YELLOW, 90), 4: (Interval.FLASH_RED, 90)}, mode="flash"))
    assert [end / NS_PER_S for end, _ in run(builder, 91, 190)] == pytest.approx([180.05])
    # Six seconds without a measurement: what was shown in them nobody knows.
    assert run(builder, 196, 250) == []


def test_a_site_without_signal_has_no_cycles() -> None:
    assert run(CycleBuilder(junction(signal=False), cameras=BOTH), 0, 130) == []
