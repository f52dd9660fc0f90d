"""Any two plans, any instant of change, any jump of the clock: no green is cut, and the cycle gets in step."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.plans import Plan
from calibration.signal_timing import shortest_split_s
from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.control.fixed import FixedTimeController
from edge.control.plan import CompiledPlan
from edge.control.plan_clock import Moment, PlanClock
from edge.control.timetable import Timetable
from edge.types import Demand, Interval, PhaseRequest
from firmware_bridge.recording import RecordingBridge
from tests.lamp_laws import Witness
from tests.plan_sheets import LONDON, entry, local_from
from tests.signal_tables import EIGHT, LOPSIDED, TWO

STEP_NS = NS_PER_S // 2
#: Seconds that a change of plan may wait for its barrier, beyond the old cycle.
SLACK_S = 2.0


@st.composite
def plans(draw: st.DrawFn, signal: Signal, name: str) -> Plan:
    """A plan that can be served: every split its least and a share of what is spare in its group."""
    least = {phase.number: shortest_split_s(phase) for phase in signal.phases}
    splits_s: dict[int, float] = {}
    for groups in zip(*signal.rings, strict=True):
        sums = [sum(least[p] for p in phases) for phases in groups if phases]
        group_s = max(sums) + draw(st.sampled_from([0.0, 0.5, 4.0, 15.0, 40.0]))
        for phases in groups:
            spare_s = group_s - sum(least[p] for p in phases)
            for i, phase in enumerate(phases):
                share = 1.0 if i == len(phases) - 1 else draw(st.sampled_from([0.0, 0.5, 1.0]))
                splits_s[phase] = least[phase] + spare_s * share
                spare_s *= 1 - share
    cycle_s = sum(max(sum(splits_s[p] for p in ring[g]) for ring in signal.rings) for g in range(len(signal.rings[0])))
    lag = draw(st.booleans())
    sequence = tuple(tuple(tuple(reversed(g)) if lag else g for g in ring) for ring in signal.rings)
    coordinated = (signal.rings[0][0][0],)
    transition: Literal["shortway", "lengthen", "dwell"] = draw(st.sampled_from(["shortway", "lengthen", "dwell"]))
    return Plan(
        name=name,
        cycle_s=cycle_s,
        offset_s=draw(st.floats(0, cycle_s - 1).map(lambda s: round(s, 1))),
        splits_s=splits_s,
        sequence=sequence,
        coordinated=coordinated,
        transition=transition,
    )


def longest_way_s(old: Plan, new: Plan) -> float:
    """The old cycle out, then the whole cycle lost at a sixth of each second, or dwelled away."""
    return old.cycle_s + 6 * new.cycle_s + SLACK_S


class Chatter:
    """AssertionError where a phase is asked for and given up, or the other way round, within a second."""

    def __init__(self) -> None:
        self._asked: frozenset[int] | None = None
        self._since: dict[int, int] = {}

    def see(self, request: PhaseRequest) -> None:
        if self._asked is not None:
            for phase in self._asked ^ request.phases:
                before_ns = self._since.get(phase)
                assert before_ns is None or request.t_ns - before_ns >= NS_PER_S, f"phase {phase} at {request.t_ns}"
                self._since[phase] = request.t_ns
        self._asked = request.phases


@settings(max_examples=80, deadline=None)
@given(data=st.data(), signal=st.sampled_from([EIGHT, TWO, LOPSIDED]))
def test_no_green_is_cut_and_the_new_plan_gets_in_step(data: st.DataObject, signal: Signal) -> None:
    old, new = data.draw(plans(signal, "old")), data.draw(plans(signal, "new"))
    change_s = data.draw(st.integers(20, 20 + round(old.cycle_s)))
    start = datetime(2026, 11, 20, 6, 0, tzinfo=LONDON)
    begins = (start + timedelta(seconds=change_s)).time().isoformat()
    timetable = Timetable([old, new], [entry("00:00", "old"), entry(begins, "new")])
    clock = PlanClock(timetable, signal, local_from(start))
    run_s = change_s + longest_way_s(old, new)
    moments = drive(clock, signal, run_s + 2 * new.cycle_s)
    settled = [moment for t_s, moment in moments if t_s >= run_s]
    assert all(moment.plan.name == "new" and moment.state == "in_step" for moment in settled)
    assert all(abs(moment.late_ns) <= NS_PER_S for moment in settled)


@settings(max_examples=8, deadline=None)
@given(data=st.data(), jump_s=st.one_of(st.floats(-7200, 7200), st.sampled_from([-3600.0, 3600.0, 0.4])))
def test_a_clock_that_jumps_cuts_no_green_either(data: st.DataObject, jump_s: float) -> None:
    plan = data.draw(plans(TWO, "only"))
    right = local_from(datetime(2026, 11, 20, 12, 0, tzinfo=LONDON))
    known_s = data.draw(st.sampled_from([0.0, 30.0]))

    def local(t_ns: int) -> datetime | None:
        if t_ns < known_s * NS_PER_S:
            return None
        return right(t_ns + (round(jump_s * NS_PER_S) if t_ns > 50 * NS_PER_S else 0))

    clock = PlanClock(Timetable([plan]), TWO, local)
    run_s = 50 + longest_way_s(plan, plan)
    moments = drive(clock, TWO, run_s + plan.cycle_s)
    assert all(moment.state == "in_step" and abs(moment.late_ns) <= NS_PER_S for t_s, moment in moments if t_s >= run_s)


def drive(clock: PlanClock, signal: Signal, seconds: float) -> list[tuple[float, Moment]]:
    """Run fixed time on modelled lamps under the witness of the laws; greens keep five sixths of their split's."""
    controller = FixedTimeController(clock, ttl_ms=1000)
    bridge = RecordingBridge(signal, lambda _line: None)
    witness, chatter = Witness(signal), Chatter()
    moments = []
    for step in range(round(seconds * NS_PER_S / STEP_NS)):
        t_ns = step * STEP_NS
        state = bridge.state(t_ns)
        request = controller.update(Demand(t_ns, {}), state)
        bridge.request(request)
        witness.see(state)
        chatter.see(request)
        moments.append((t_ns / NS_PER_S, clock.at(t_ns)))
    assert bridge.refused == 0
    for number, shown, began_s, lasted_s in witness.ended:
        if shown is Interval.GREEN and began_s > 20:
            plan = moments[round((began_s + lasted_s) * NS_PER_S) // STEP_NS - 1][1].plan
            window = plan.windows[number]
            green_s = (window.force_off_ns - window.start_ns) / NS_PER_S
            assert lasted_s >= green_s * 0.83 - 2 * STEP_NS / NS_PER_S, f"phase {number} at {began_s}"
    served = [number for number, shown, began_s, _ in witness.ended if shown is Interval.GREEN and began_s > 20]
    assert {phase.number for phase in signal.phases} <= set(served)
    return moments


@given(data=st.data(), signal=st.sampled_from([EIGHT, TWO, LOPSIDED]))
@settings(max_examples=50, deadline=None)
def test_a_shortened_cycle_still_holds_every_least_green(data: st.DataObject, signal: Signal) -> None:
    """Reckoned, not run: each green takes its least at the fastest pace, clearances take their own time."""
    plan = CompiledPlan.of(data.draw(plans(signal, "p")), signal)
    assert plan.cycle_ns * 0.83 - 1 <= plan.shortened_ns <= plan.cycle_ns
    for window in plan.windows.values():
        took_ns, local_ns = 0.0, float(window.start_ns)
        for stretch in plan.stretches:
            if local_ns < stretch.end_ns <= window.force_off_ns:
                took_ns += (stretch.end_ns - local_ns) / stretch.fastest
                local_ns = stretch.end_ns
        assert local_ns == window.force_off_ns
        assert took_ns >= window.least_green_ns - 1
        clearing = [s for s in plan.stretches if window.force_off_ns < s.end_ns <= window.end_ns]
        assert all(stretch.fastest == 1.0 for stretch in clearing)
