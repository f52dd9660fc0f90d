"""Fixed time by time of day on the real core: change of plan in mid-cycle, transitions, nights of clock change.

Every second can be reckoned by hand: phase 2 has 3 s yellow and 2 s red clearance, phase 4 3.5 s and 1 s.
In a transition the clock of the cycle runs at 5/6 (a cycle 20 % longer), or, while a phase is green, at
most at 1/0.83 (17 % shorter).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from calibration.plans import Plan, Transition
from edge.clock import NS_PER_S
from edge.control.fixed import FixedTimeController
from edge.control.plan_clock import PlanClock
from edge.control.timetable import Timetable
from edge.telemetry.hires_codes import CoordState
from edge.telemetry.hires_control import ControlEvents
from edge.types import Ending
from tests.plan_sheets import LONDON, clock, entry, local_from
from tests.signal_tables import EIGHT, EIGHT_PLAN, TWO
from tests.unit.engineer.plan_run import run

NIGHT = Plan(name="night", number=1, cycle_s=40, splits_s={2: 22, 4: 18}, coordinated=(2,))
FRIDAY = date(2026, 11, 20)
SCHEDULE = (entry("00:00", "night"), entry("06:30", "day"))


def day(offset_s: float, transition: Transition = "shortway", cycle_s: float = 50) -> Plan:
    return Plan(
        name="day",
        number=2,
        cycle_s=cycle_s,
        offset_s=offset_s,
        splits_s={2: cycle_s - 20, 4: 20},
        coordinated=(2,),
        transition=transition,
    )


def changes_at(seconds: int, plan: Plan, begins: str = "06:30:00") -> PlanClock:
    """The night's plan, and from so many seconds after the start on the other one."""
    start = datetime.combine(FRIDAY, time.fromisoformat(begins), LONDON) - timedelta(seconds=seconds)
    return clock(TWO, [NIGHT, plan], [entry("00:00", "night"), entry(begins, plan.name)], start)


def test_a_change_in_mid_cycle_waits_for_the_barrier() -> None:
    """06:30:10 comes at second 88, in phase 2's green: it has its split of the old plan, phase 4 that of the new.

    At second 100 the new cycle is at its second 30, where it would be in step, too.
    """
    ran = run(FixedTimeController(changes_at(88, day(offset_s=42), "06:30:10")), TWO, 260)
    assert ran.of(2)[:4] == [(0, 15), (38, 55), (78, 95), (120, 145)]
    assert ran.of(4)[:4] == [(20, 33.5), (60, 73.5), (100, 115.5), (150, 165.5)]
    assert "plan 'night' (plan 'day' begins at a barrier, since 06:30:10), cycle second 10.0 of 40" in ran.reason_at(88)
    assert ran.reason_at(130).startswith("fixed plan 'day' (since 06:30:10), cycle second 10.0 of 50: phase 2 until 25")
    facts = [request.facts for request in ran.requests]
    patterns = [fact.pattern.number for fact in facts if fact is not None and fact.pattern is not None]
    assert [patterns.index(1), patterns.index(2), len(patterns)] == [0, 1000, 2601]
    assert facts[950] is not None
    assert facts[950].endings == {2: Ending.DECIDED}


@pytest.mark.parametrize(
    ("transition", "offset_s", "greens", "said"),
    [
        # 12 s behind when it begins at 102: greens of 15.5 and 25 s run as 12.9 and 20.8 until they are made up.
        (
            "shortway",
            30,
            [(119.4, 140.2), (162.5, 185.0), (210, 235), (260, 285)],
            "12.0 s behind, cycle shortened",
        ),
        # 18 s ahead: a cycle takes 60 s, so phase 2 begins 60 s after itself until they are lost.
        ("shortway", 10, [(125.2, 156.1), (185.2, 215), (240, 265), (290, 315)], "18.0 s ahead, cycle lengthened"),
        # The same 12 s, but the only way is round: 38 s are lost at 10 s a cycle.
        ("lengthen", 30, [(125.2, 156.1), (185.2, 216.1), (245.2, 276.1), (305.2, 335)], "38.0 s ahead"),
        # 33 s ahead: phase 2 waits before its end at 147 for the master, who comes there at 180.
        ("dwell", 25, [(122, 179.9), (205, 230), (255, 280), (305, 330)], "33.0 s ahead, dwells"),
    ],
)
def test_a_transition_takes_the_way_it_is_told(
    transition: Transition, offset_s: float, greens: list[tuple[float, float]], said: str
) -> None:
    """06:30 comes at second 80, when the old cycle ends; phase 2 is about to begin by it and has its split."""
    ran = run(FixedTimeController(changes_at(80, day(offset_s, transition))), TWO, 350)
    assert ran.of(2)[:3] == [(0, 17), (40, 57), (80, 97)]
    for found, wanted in zip(ran.of(2)[3:7], greens, strict=True):
        assert found == pytest.approx(wanted, abs=0.11)
    assert said in ran.reason_at(102)
    assert ran.reason_at(345).startswith("fixed plan 'day' (since 06:30:00), cycle second")


def test_events_tell_of_the_new_pattern_and_of_the_way_into_step() -> None:
    """131 to 134 at the barrier; 150: shortened until in step, without a break where a phase clears."""
    plan = day(30)
    ran = run(FixedTimeController(changes_at(80, plan)), TWO, 215)
    events = ControlEvents(TWO)
    told = [event for asked, seen in zip(ran.requests, ran.states, strict=True) for event in events.update(asked, seen)]
    after = [(round(e.t_ns / NS_PER_S), e.code, e.parameter) for e in told if e.t_ns > 100 * NS_PER_S]
    pattern = [(t_s, code, parameter) for t_s, code, parameter in after if 131 <= code <= 149]
    assert pattern == [(102, 131, 2), (102, 132, 50), (102, 133, 30), (102, 135, 30), (102, 137, 20)]
    assert [
        (t_s, parameter) for t_s, code, parameter in after if code == 150 and parameter != CoordState.LOCAL_ZERO
    ] == [
        (102, CoordState.TRANSITION_SUBTRACT),
        (174, CoordState.IN_STEP),
    ]


@pytest.mark.parametrize(
    ("begins", "side"),
    [
        ("06:29:00", [(57, 3), (57, 8), (72, 4), (90, 7)]),  # second 30: the side street has the new order already
        (
            "06:29:40",
            [(57, 3), (57, 7), (69, 8), (72, 4)],
        ),  # second 70: it is in the side street, the cycle's end waits
    ],
)
def test_lead_and_lag_change_at_the_barrier_too(begins: str, side: list[tuple[int, int]]) -> None:
    lag = EIGHT_PLAN.model_copy(update={"name": "lag", "number": 2, "sequence": (((2, 1), (3, 4)), ((5, 6), (8, 7)))})
    start = datetime(2026, 11, 20, 6, 28, 30, tzinfo=LONDON)
    plans = clock(EIGHT, [EIGHT_PLAN, lag], [entry("00:00", "day"), entry(begins, "lag")], start)
    ran = run(FixedTimeController(plans), EIGHT, 200)
    began = [(from_s, phase) for phase, from_s, _ in ran.greens if from_s > 25]
    lagging = [(102, 2), (102, 5), (122, 6), (132, 1), (147, 3), (147, 8), (162, 4)]
    assert sorted(began)[:13] == [(27, 2), (32, 6), *side, *lagging]


@pytest.mark.parametrize(
    ("start", "before", "after"),
    [
        (datetime(2026, 3, 29, 0, 57, tzinfo=LONDON), "since 00:00", "since 01:30"),
        (datetime(2026, 10, 25, 1, 57, fold=0, tzinfo=LONDON), "since 01:30", "since 01:30"),
    ],
    ids=["an hour left out", "an hour twice"],
)
def test_a_night_of_clock_change_loses_no_plan_and_cuts_no_green(start: datetime, before: str, after: str) -> None:
    """A cycle of 70 s does not divide the hour: wall time jumps by 30 s of it, and cycles make that up."""
    plans = [NIGHT, day(0, cycle_s=70), day(0, cycle_s=70).model_copy(update={"name": "early", "number": 3})]
    timetable = Timetable(plans, [entry("00:00", "early"), entry("01:30", "day"), entry("04:00", "night")])
    controller = FixedTimeController(PlanClock(timetable, TWO, local_from(start)))
    ran = run(controller, TWO, 620)
    assert before in ran.reason_at(170)
    assert after in ran.reason_at(190)
    lasted = {phase: [to_s - from_s for from_s, to_s in ran.of(phase)[1:]] for phase in (2, 4)}
    for phase, green_s in ((2, 45.0), (4, 15.5)):
        assert min(lasted[phase]) >= 0.83 * green_s - 0.1
        assert max(lasted[phase]) <= 1.2 * green_s + 1.5
    assert any(
        "cycle" in ran.reason_at(s) and ("lengthened" in ran.reason_at(s) or "shortened" in ran.reason_at(s))
        for s in (200, 260)
    )
    shown = local_from(start)(610 * NS_PER_S)
    second = (shown.hour * 3600 + shown.minute * 60 + shown.second) % 70
    assert f"({after}), cycle second {second:.1f} of 70" in ran.reason_at(610)


def test_a_clock_not_set_at_boot_runs_the_default_and_gets_in_step_when_it_is() -> None:
    right = local_from(datetime(2026, 11, 20, 12, 0, 7, tzinfo=LONDON))
    timetable = Timetable([NIGHT, day(0)], SCHEDULE)
    plans = PlanClock(timetable, TWO, lambda t_ns: right(t_ns) if 90 * NS_PER_S <= t_ns < 200 * NS_PER_S else None)
    ran = run(FixedTimeController(plans), TWO, 420)
    assert "plan 'night' (the default, the time of day is not known), cycle second 20.0 of 40" in ran.reason_at(60)
    assert "plan 'day' begins at a barrier" in ran.reason_at(90)
    assert ran.reason_at(400).startswith("fixed plan 'day' (since 06:30), cycle second 7.0 of 50"), "also when lost"
    assert ran.of(2)[-1] == (393, 418)


def test_a_commanded_plan_runs_until_it_is_taken_back() -> None:
    plans = clock(TWO, [NIGHT, day(0)], SCHEDULE, datetime(2026, 11, 20, 5, 0, tzinfo=LONDON))
    plans.command("day")
    assert plans.at(0).plan.name == "day"
    assert plans.at(0).reason == "by command"
    plans.command("free")
    assert plans.at(NS_PER_S).free
    plans.command(None)
    assert not plans.at(2 * NS_PER_S).free
    assert "plan 'night' begins at a barrier" in plans.at(2 * NS_PER_S).reason
    with pytest.raises(KeyError):
        plans.command("evening")


def test_whoever_was_away_begins_again_in_step() -> None:
    plans = clock(TWO, [NIGHT, day(0)], SCHEDULE, datetime(2026, 11, 20, 6, 29, 30, tzinfo=LONDON))
    assert plans.at(0).plan.name == "night"
    moment = plans.at(45 * NS_PER_S)
    assert (moment.plan.name, moment.local_ns, moment.state) == ("day", 15 * NS_PER_S, "in_step")


def test_a_clock_set_during_a_transition_takes_the_way_that_is_nearer_now() -> None:
    """18 s ahead, cycles lengthened; then the clock is set forward by 25 s, which leaves 7 s behind."""
    right = local_from(datetime(2026, 11, 20, 12, 0, 0, tzinfo=LONDON))
    jumps = {0: 0, 10: -18, 12: 7}

    def local(t_ns: int) -> datetime:
        jump_s = next(jumped_s for at_s, jumped_s in reversed(jumps.items()) if t_ns >= at_s * NS_PER_S)
        return right(t_ns + jump_s * NS_PER_S)

    plans = PlanClock(Timetable([day(0)]), TWO, local)
    states = {step: plans.at(step * NS_PER_S // 10).state for step in range(200)}
    assert [states[step] for step in (99, 101, 119, 121)] == ["in_step", "add", "add", "subtract"]


def test_a_plan_that_begins_during_a_transition_goes_on_in_its_own_way() -> None:
    """20 s ahead in phase 4, one plan would dwell; the next has no coordinated phase to dwell in, and lengthens."""
    right = local_from(datetime(2026, 11, 20, 12, 0, 0, tzinfo=LONDON))
    other = day(0).model_copy(update={"name": "other", "coordinated": ()})
    timetable = Timetable([day(0, "dwell"), other])
    plans = PlanClock(timetable, TWO, lambda t_ns: right(t_ns - (20 * NS_PER_S if t_ns >= 35 * NS_PER_S else 0)))
    moments = {}
    for step in range(600):
        if step == 360:
            plans.command("other")
        moments[step] = plans.at(step * NS_PER_S // 10)
    assert (moments[400].plan.name, moments[400].state) == ("day", "dwell")
    assert (moments[510].plan.name, moments[510].state) == ("other", "add")
