"""The fallback chain: what costs a level, what it says, when the level comes back, and flash when none is left."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from calibration.plans import plans_of
from calibration.site import Site
from edge.clock import NS_PER_MS, NS_PER_S
from edge.control.actuated import ActuatedController
from edge.control.fallback import FallbackChain, FallbackSettings, Level
from edge.control.fixed import FixedTimeController
from edge.control.loop import ControlLoop
from edge.control.plan import CompiledPlan
from edge.control.plan_clock import OnePlan
from edge.stages.chain import controller_of
from edge.types import ControlFacts, Demand, Interval, LaneDemand, PhaseRequest, SignalState
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of_signal
from tests.junction import junction
from tests.signal_tables import EIGHT, EIGHT_PLAN

LAMPS = SignalState(0, {2: Interval.RED}, {2: 0})


def lane(name: str, known: bool = True, phase: int = 2, age_s: float = 0.1) -> LaneDemand:
    return LaneDemand(name, phase, False if known else None, None, 0 if known else None, None, age_s)


def demand(t_s: float, known: int, lanes: int = 4) -> Demand:
    return Demand(round(t_s * NS_PER_S), {f"l{i}": lane(f"l{i}", i < known) for i in range(lanes)})


@dataclass
class Scripted:
    """A controller that fails where the test says so."""

    name: str
    wrong: Callable[[], Exception | None] = lambda: None
    asked: list[int] = field(default_factory=list)

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:  # noqa: ARG002 - part of the seam
        self.asked.append(signal.t_ns)
        error = self.wrong()
        if error is not None:
            raise error
        return PhaseRequest(signal.t_ns, frozenset({2}), f"as {self.name} says")


def level(
    name: str, share: float = 0.0, *, wrong: Callable[[], Exception | None] = lambda: None, any_known: bool = True
) -> Level:
    return Level(name, lambda: Scripted(name, wrong), share, any_known)


def levels_over(chain: FallbackChain, known_at: Callable[[float], int], seconds: float) -> list[tuple[float, str]]:
    """(second, level) at each change, in steps of 0.1 s."""
    told: list[tuple[float, str]] = []
    for tenth in range(round(seconds * 10)):
        t_s = tenth / 10
        request = chain.update(demand(t_s, known_at(t_s)), _at(t_s))
        assert request.facts is not None
        if not told or told[-1][1] != request.facts.level:
            told.append((t_s, request.facts.level))
    return told


def _at(t_s: float) -> SignalState:
    return SignalState(round(t_s * NS_PER_S), LAMPS.intervals, LAMPS.since_ns)


def test_each_level_is_left_when_too_little_is_known_and_comes_back_after_ten_seconds() -> None:
    chain = FallbackChain([level("adaptive", 0.5), level("actuated"), level("fixed", any_known=False)])

    def known(t_s: float) -> int:
        if 20 <= t_s < 30:
            return 1
        return 0 if 30 <= t_s < 40 else 4

    assert levels_over(chain, known, 70) == [(0, "adaptive"), (20, "actuated"), (30, "fixed"), (50, "adaptive")]


def test_a_camera_that_flickers_keeps_the_level_below() -> None:
    chain = FallbackChain([level("actuated"), level("fixed", any_known=False)])
    known = {True: 4, False: 0}
    told = levels_over(chain, lambda t_s: known[t_s < 5 or (t_s > 10 and int(t_s) % 5 != 0) or t_s > 31], 60)
    assert told == [(0, "actuated"), (5, "fixed"), (41, "actuated")]


def test_at_the_start_the_level_begins_with_the_first_camera_that_is_enough() -> None:
    chain = FallbackChain([level("actuated"), level("fixed", any_known=False)])
    assert levels_over(chain, lambda t_s: 4 if t_s >= 2 else 0, 20) == [(0, "fixed"), (2, "actuated")]


def test_one_blind_camera_of_four_costs_no_level() -> None:
    chain = FallbackChain([level("adaptive", 0.5), level("actuated"), level("fixed", any_known=False)])
    assert levels_over(chain, lambda t_s: 3 if t_s > 5 else 4, 20) == [(0, "adaptive")]


def test_reason_and_facts_say_why_not_a_better_one(caplog: pytest.LogCaptureFixture) -> None:
    chain = FallbackChain([level("adaptive", 0.5), level("actuated"), level("fixed", any_known=False)])
    with caplog.at_level(logging.WARNING):
        chain.update(demand(0, 4), _at(0))
        request = chain.update(demand(1, 0), _at(1))
    why = "no adaptive control: no lane is known; no actuated control: no lane is known"
    assert request.facts == ControlFacts("fixed", why)
    assert request.reason == f"{why}; as fixed says"
    assert caplog.messages == [f"control: adaptive → fixed ({why})"]
    one = chain.update(demand(2, 1), _at(2))
    assert one.facts is not None
    assert one.facts.level_reason is not None
    assert "no adaptive control: only 1 of 4 lanes are known; no actuated control: 1 of 4 lanes are known again, " in (
        one.facts.level_reason
    )


def test_knowledge_that_is_old_is_none() -> None:
    chain = FallbackChain([level("actuated"), level("fixed", any_known=False)])
    request = chain.update(Demand(0, {"a": lane("a")}), _at(2.5))
    assert request.facts is not None
    assert request.facts.level == "fixed"


def test_an_error_costs_one_level_and_no_step_and_is_told_with_its_trace_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wrong = {"now": False}
    chain = FallbackChain(
        [
            level("actuated", wrong=lambda: ZeroDivisionError("no queue") if wrong["now"] else None),
            level("fixed", any_known=False),
        ]
    )
    chain.update(demand(0, 4), _at(0))
    wrong["now"] = True
    told = []
    with caplog.at_level(logging.WARNING):
        for tenth in range(10, 1000):
            request = chain.update(demand(tenth / 10, 4), _at(tenth / 10))
            assert request.phases == {2}
            told.append("ZeroDivisionError: no queue" in request.reason)
    assert all(told)
    traces = [record for record in caplog.records if record.exc_info]
    tried = [
        record for record in caplog.records if "it failed" in record.message and "actuated control" in record.message
    ]
    assert len(traces) == 1
    # At 1 s, then after 10, 20 and 40 s: 11, 31 and 71 s.
    assert len([record for record in tried if record.levelno == logging.ERROR]) == 4
    wrong["now"] = False
    last = chain.update(demand(160, 4), _at(160))
    assert last.facts is not None
    assert last.facts.level == "actuated"


def test_a_level_that_answers_late_again_and_again_is_left() -> None:
    ticks = iter(range(10_000))
    costs_ms = {"now": 1}
    chain = FallbackChain(
        [level("adaptive", 0.5), level("fixed", any_known=False)],
        FallbackSettings(late_ms=80, late_times=3),
        stopwatch=lambda: next(ticks) * costs_ms["now"] * NS_PER_MS,
    )
    seen = []
    for step in range(8):
        costs_ms["now"] = 90 if step in {2, 4, 5} else 1
        # The stopwatch is read at the beginning and at the end of a level's step.
        request = chain.update(demand(step / 10, 4), _at(step / 10))
        assert request.facts is not None
        seen.append(request.facts.level)
    assert seen == ["adaptive"] * 6 + ["fixed"] * 2
    assert request.facts is not None
    assert "it took 90 ms for a step, again and again" in (request.facts.level_reason or "")


def test_with_nothing_left_nothing_is_asked_and_the_core_flashes() -> None:
    chain = FallbackChain([Level("actuated", lambda: Scripted("actuated", lambda: ValueError("broken")))])
    bridge = SimulatedBridge(table_of_signal(EIGHT))
    good = ControlLoop(FixedTimeController(CompiledPlan.of(EIGHT_PLAN, EIGHT)), bridge)
    for tenth in range(300):
        good.step(Demand(tenth * NS_PER_S // 10, {}), tenth * NS_PER_S // 10)
    loop = ControlLoop(chain, bridge)
    for tenth in range(300, 700):
        request, state = loop.step(Demand(tenth * NS_PER_S // 10, {}), tenth * NS_PER_S // 10)
        assert request.phases == frozenset()
    assert state.mode == "flash"
    assert state.fault == "no request came in time: greens are ended and the lamps flash"
    assert "broken); nothing is asked, the signal core flashes" in request.reason
    assert bridge.refused == 0


def test_the_last_level_serves_whatever_is_known() -> None:
    chain = FallbackChain([level("adaptive", 0.5), level("actuated")])
    assert levels_over(chain, lambda _t_s: 0, 1) == [(0, "actuated")]


def test_a_real_chain_on_the_real_core_serves_on_when_all_goes_dark() -> None:
    chain = FallbackChain(
        [
            Level("actuated", lambda: ActuatedController(EIGHT, EIGHT_PLAN), any_known=True),
            Level("fixed", lambda: FixedTimeController(CompiledPlan.of(EIGHT_PLAN, EIGHT))),
        ]
    )
    bridge = SimulatedBridge(table_of_signal(EIGHT))
    loop = ControlLoop(chain, bridge)
    greens: dict[bool, set[int]] = {True: set(), False: set()}
    for tenth in range(4000):
        t_ns, dark = tenth * NS_PER_S // 10, 1000 <= tenth < 2500
        lanes = {f"l{n}": lane(f"l{n}", not dark, n) for n in range(1, 9)}
        _, state = loop.step(Demand(t_ns, lanes), t_ns)
        assert tenth < 200 or state.mode == "running"
        greens[dark] |= {number for number, shown in state.intervals.items() if shown is Interval.GREEN}
    assert greens[True] == set(range(1, 9))
    assert bridge.refused == 0


@pytest.mark.parametrize(
    ("control", "name"),
    [("fixed", "fixed"), ("actuated", "actuated → fixed"), ("adaptive", "adaptive → actuated → fixed")],
)
def test_people_choose_the_first_of_the_chain(control: str, name: str) -> None:
    site = junction().model_copy(update={"plan": _plan()})
    assert site.signal is not None
    cycle = OnePlan(CompiledPlan.of(plans_of(site)[0], site.signal))
    chosen = controller_of(site, site.signal, control, cycle)  # type: ignore[arg-type]
    assert chosen.name == name


def _plan() -> object:
    from calibration.plans import Plan

    return Plan(name="day", cycle_s=60, splits_s={2: 30, 4: 30})


def test_a_site_without_plan_never_flashes_for_want_of_sight() -> None:
    site: Site = junction()
    assert site.signal is not None
    controller = controller_of(site, site.signal, "actuated", None)
    bridge = SimulatedBridge(table_of_signal(site.signal))
    loop = ControlLoop(controller, bridge)
    greens = set()
    for tenth in range(1500):
        _, state = loop.step(Demand(tenth * NS_PER_S // 10, {}), tenth * NS_PER_S // 10)
        greens |= {number for number, shown in state.intervals.items() if shown is Interval.GREEN}
    assert greens == {2, 4}
