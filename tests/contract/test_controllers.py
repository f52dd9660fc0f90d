"""What every controller does: it asks only for what can be served, and says why.

A new controller is one more row of CONTROLLERS.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from calibration.signal_timing import conflicts
from calibration.site import Plan, Signal
from edge.clock import NS_PER_S
from edge.control.actuated import ActuatedController
from edge.control.adaptive.controller import AdaptiveController
from edge.control.adaptive.settings import AdaptiveSettings
from edge.control.coordinator import Coordinator
from edge.control.fallback import FallbackChain, Level
from edge.control.fixed import FixedTimeController
from edge.control.junction import JunctionModel, LaneModel, Way
from edge.control.loop import ControlLoop
from edge.control.plan import CompiledPlan
from edge.seams import Controller
from edge.stages.site_junction import phase_model, stages
from edge.types import Demand, Interval, LaneDemand, PhaseRequest
from firmware_bridge.recording import RecordingBridge
from tests.lamp_laws import Witness
from tests.plan_sheets import clock
from tests.signal_tables import TABLES

STEP_NS = NS_PER_S // 10


@dataclass(frozen=True)
class ControllerCase:
    name: str
    make: Callable[[Signal, Plan], Controller]


def _coordinated(signal: Signal, plan: Plan) -> Controller:
    plan = plan.model_copy(update={"coordinated": (signal.rings[0][0][-1],)})
    return ActuatedController(signal, plan, coordinate=Coordinator(clock(signal, [plan]), signal))


def _adaptive(signal: Signal, plan: Plan) -> Controller:
    lanes = tuple(LaneModel(f"lane {p.number}", (Way(p.number, 1.0),), 100.0, 13.9) for p in signal.phases)
    model = JunctionModel("here", tuple(map(phase_model, signal.phases)), lanes, stages(signal))
    return AdaptiveController(model, AdaptiveSettings(limit_s=plan.cycle_s / 3))


CONTROLLERS = (
    ControllerCase("fixed", lambda signal, plan: FixedTimeController(CompiledPlan.of(plan, signal))),
    ControllerCase("fixed by timetable", lambda signal, plan: FixedTimeController(clock(signal, [plan]))),
    ControllerCase("actuated", ActuatedController),
    ControllerCase("adaptive", _adaptive),
    ControllerCase(
        "chain",
        lambda signal, plan: FallbackChain(
            [
                Level("actuated", lambda: ActuatedController(signal, plan), any_known=True),
                Level("fixed", lambda: FixedTimeController(CompiledPlan.of(plan, signal))),
            ]
        ),
    ),
    ControllerCase("coordinated", _coordinated),
)

#: Nobody there, nothing known, everybody there.
DEMANDS = (
    Demand(0, {}),
    Demand(0, {"a": LaneDemand("a", 2, None, None, None, None, None)}),
    Demand(0, {"a": LaneDemand("a", 4, True, ((20.0, 9.0),), 12, 80.0, 0.1)}),
)


@dataclass
class Run:
    """Some cycles of a controller on modelled lamps at 10 Hz."""

    signal: Signal
    plan: Plan
    requests: list[PhaseRequest]
    witness: Witness
    refused: int


def run(case: ControllerCase, signal: Signal, plan: Plan, cycles: int, demand: Demand = DEMANDS[0]) -> Run:
    bridge = RecordingBridge(signal, lambda _line: None)
    loop = ControlLoop(case.make(signal, plan), bridge)
    witness = Witness(signal)
    requests = []
    for step in range(round(cycles * plan.cycle_s * 10)):
        request, state = loop.step(demand, step * STEP_NS)
        requests.append(request)
        witness.see(state)
    return Run(signal, plan, requests, witness, bridge.refused)


@pytest.fixture(params=CONTROLLERS, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> ControllerCase:
    found: ControllerCase = request.param
    return found


@pytest.mark.parametrize(("signal", "plan"), TABLES, ids=lambda value: getattr(value, "name", ""))
@pytest.mark.parametrize("demand", DEMANDS, ids=["nobody", "unknown", "everybody"])
def test_never_asks_for_what_conflicts_and_always_says_why(
    case: ControllerCase, signal: Signal, plan: Plan, demand: Demand
) -> None:
    ran = run(case, signal, plan, 2, demand)
    pairs = conflicts(signal)
    for step, request in enumerate(ran.requests):
        assert not [pair for pair in pairs if pair <= request.phases]
        assert request.reason
        assert request.t_ns == step * STEP_NS
        assert request.ttl_ms >= 2 * 100, "it must outlast a missed step"
    assert ran.refused == 0


@pytest.mark.parametrize(("signal", "plan"), TABLES, ids=lambda value: getattr(value, "name", ""))
def test_serves_every_phase_in_every_cycle(case: ControllerCase, signal: Signal, plan: Plan) -> None:
    ran = run(case, signal, plan, 4)
    greens = [(number, began_s) for number, shown, began_s, _ in ran.witness.ended if shown is Interval.GREEN]
    for phase in signal.phases:
        times = [began_s for number, began_s in greens if number == phase.number]
        assert len(times) >= 3
        assert all(b - a < 2 * plan.cycle_s for a, b in itertools.pairwise(times))


@pytest.mark.parametrize(("signal", "plan"), TABLES, ids=lambda value: getattr(value, "name", ""))
def test_fixed_time_gives_each_phase_its_split_at_its_second(signal: Signal, plan: Plan) -> None:
    ran = run(CONTROLLERS[0], signal, plan, 5)
    starts = {
        window.phase: window.start_ns / NS_PER_S for ring in CompiledPlan.of(plan, signal).rings for window in ring
    }
    for phase in signal.phases:
        began = [
            (began_s, lasted_s)
            for number, shown, began_s, lasted_s in ran.witness.ended
            if number == phase.number and shown is Interval.GREEN and began_s > plan.cycle_s
        ]
        assert len(began) >= 3
        for began_s, green_s in began:
            split_s = green_s + phase.yellow_s + phase.red_clearance_s
            assert split_s == pytest.approx(plan.splits_s[phase.number], abs=0.1001)
            late_s = (began_s - plan.offset_s - starts[phase.number]) % plan.cycle_s
            assert min(late_s, plan.cycle_s - late_s) <= 0.1001
