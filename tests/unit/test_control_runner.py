"""The control loop in time: jitter, deadlines, a bridge that is gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.clock import NS_PER_MS, NS_PER_S, ReplayClock
from edge.control.fixed import FixedTimeController
from edge.control.loop import ControlLoop
from edge.control.plan import CompiledPlan
from edge.control.runner import ControlRunner
from edge.control.spread import Spread
from edge.errors import DeviceError
from edge.types import Demand, Interval, PhaseRequest, SignalState
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of_signal
from tests.signal_tables import TWO, TWO_PLAN

LAMPS = SignalState(0, {2: Interval.RED}, {2: 0})


class Costly:
    """A step that takes so many ms, one after the other; None: the bridge is gone."""

    def __init__(self, clock: ReplayClock, costs_ms: list[int | None]) -> None:
        self._clock = clock
        self._costs_ms = costs_ms
        self.at_ms: list[int] = []

    def __call__(self, t_ns: int) -> tuple[PhaseRequest, SignalState]:
        self.at_ms.append(t_ns // NS_PER_MS)
        cost_ms = self._costs_ms[len(self.at_ms) - 1]
        if cost_ms is None:
            raise DeviceError("unplugged")
        self._clock.advance_to(t_ns + cost_ms * NS_PER_MS)
        return PhaseRequest(t_ns, frozenset({2}), "test"), LAMPS

    def over(self) -> str | None:
        return "done" if len(self.at_ms) == len(self._costs_ms) else None


def run(costs_ms: list[int | None]) -> tuple[ControlRunner, Costly]:
    clock = ReplayClock()
    step = Costly(clock, costs_ms)
    runner = ControlRunner(step, clock)
    assert runner.run(step.over) == "done"
    return runner, step


def test_steps_begin_every_100_ms_whatever_they_take() -> None:
    runner, step = run([5, 40, 0, 99, 1])
    assert step.at_ms == [0, 100, 200, 300, 400]
    kept = runner.punctuality
    assert (kept.steps, kept.left_out, kept.missed, kept.failed) == (5, 0, 0, 0)
    assert (kept.jitter_max_ms, kept.step_max_ms) == (0, 99)


def test_a_long_step_makes_the_next_late_and_leaves_out_what_is_over() -> None:
    runner, step = run([120, 5, 350, 5, 5])
    # due 0 ends at 120; due 100 begins then; due 200 ends at 550; 300 and 400 are over, 500 begins late.
    assert step.at_ms == [0, 120, 200, 550, 600]
    kept = runner.punctuality
    assert (kept.left_out, kept.missed) == (2, 2)
    assert kept.jitter_max_ms == 50


def test_a_bridge_that_is_gone_costs_its_step_only() -> None:
    runner, step = run([1, None, None, 1])
    assert step.at_ms == [0, 100, 200, 300]
    assert runner.punctuality.failed == 2
    assert runner.trouble is None
    runner, _ = run([1, None])
    assert runner.trouble == "unplugged"


def test_a_real_core_gets_ten_requests_a_second_and_runs_the_plan() -> None:
    clock = ReplayClock()
    loop = ControlLoop(FixedTimeController(CompiledPlan.of(TWO_PLAN, TWO)), SimulatedBridge(table_of_signal(TWO)))
    seen: list[SignalState] = []
    runner = ControlRunner(lambda t: loop.step(Demand(t, {}), t), clock, on_step=lambda _asked, now: seen.append(now))
    runner.run(lambda: "over" if clock.now_ns() >= 120 * NS_PER_S else None)
    assert runner.punctuality.steps == 1200
    greens = {number for state in seen for number, shown in state.intervals.items() if shown is Interval.GREEN}
    assert greens == {2, 4}
    assert all(state.mode == "running" for state in seen[200:])


@given(st.lists(st.integers(0, 900_000_000), min_size=1, max_size=60), st.sampled_from([0, 1, 50, 90, 99, 100]))
def test_percentiles_are_within_a_bin_of_the_true_ones(times_ns: list[int], percent: int) -> None:
    spread = Spread()
    for ns in times_ns:
        spread.add(ns)
    rank = max(1, -(-percent * len(times_ns) // 100))
    true_ms = sorted(times_ns)[rank - 1] / NS_PER_MS
    got_ms = spread.percentile_ms(percent)
    assert got_ms is not None
    if true_ms < 499:
        assert true_ms - 1e-9 <= got_ms <= true_ms + 0.1 + 1e-9 or percent == 0
    assert spread.max_ms == max(times_ns) / NS_PER_MS


def test_no_times_have_no_percentile() -> None:
    assert Spread().percentile_ms(50) is None
    assert Spread().max_ms is None
