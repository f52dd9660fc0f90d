"""Demand from what cameras saw, the plan laid out, the reasons of fixed time, one step of the loop."""

from __future__ import annotations

import subprocess
import sys

import pytest

from calibration.signal_timing import conflicts, shortest_split_s
from calibration.site import Lane, Plan
from calibration.stop_axis import StopAxis
from edge.clock import NS_PER_S
from edge.control.demand import DemandBuilder, DemandSettings
from edge.control.fixed import FixedTimeController
from edge.control.loop import ControlLoop
from edge.control.plan import CompiledPlan
from edge.errors import DeviceError
from edge.types import Demand, Interval, Kind, LaneState, PhaseRequest, Queue, Sight, SignalState, Track
from tests.signal_tables import EIGHT, EIGHT_PLAN, LOPSIDED, LOPSIDED_PLAN, TWO, TWO_PLAN, phase

SQUARE = ((0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0))
LANES = (
    Lane(id="n1", approach="NB", camera="north", polygon_px=SQUARE, phase=2),
    Lane(id="e1", approach="EB", camera="east", polygon_px=SQUARE),
)
#: Northbound: upstream is south, the stop line lies at y = 10 m.
AXES = {"n1": StopAxis((0.0, 10.0), (0.0, -1.0), 60.0)}


def seconds(value: float) -> int:
    return round(value * NS_PER_S)


def lane_state(t_s: float, lane: str = "n1", queue: int | None = 2) -> LaneState:
    return LaneState(seconds(t_s), lane, True, 0.5, 3, 4.0, None, Queue(lane, queue, 12.0, 7.5))


def track(
    track_id: int, y_m: float, v_mps: float | None, *, x_px: float = 50.0, kind: Kind = Kind.CAR, t_s: float = 1.0
) -> Track:
    velocity = None if v_mps is None else (0.0, v_mps)
    box = (x_px - 5, 40.0, x_px + 5, 50.0)
    return Track(seconds(t_s), track_id, kind, 0.9, box, (x_px, 50.0), (0.0, y_m), velocity, v_mps, 0.5, 3.0, True)


@pytest.fixture
def builder() -> DemandBuilder:
    return DemandBuilder(LANES, AXES, DemandSettings(stale_s=2.0))


def test_a_lane_never_seen_is_unknown(builder: DemandBuilder) -> None:
    demand = builder.demand(seconds(5))
    assert demand.lanes.keys() == {"n1", "e1"}
    lane = demand.lanes["n1"]
    assert (lane.phase, lane.presence, lane.arrivals, lane.queue_vehicles, lane.wait_s, lane.age_s) == (
        2,
        None,
        None,
        None,
        None,
        None,
    )


def test_what_a_camera_saw_comes_with_its_age(builder: DemandBuilder) -> None:
    builder.see(Sight(seconds(1), "north", True), [lane_state(1)], [])
    lane = builder.demand(seconds(1.5)).lanes["n1"]
    assert (lane.presence, lane.queue_vehicles, lane.wait_s, lane.age_s) == (True, 2, 7.5, 0.5)
    assert builder.demand(seconds(1.5)).lanes["e1"].age_s is None


def test_arrivals_are_moving_vehicles_of_the_lane_nearest_first(builder: DemandBuilder) -> None:
    tracks = [
        track(1, -30.0, 12.0),
        track(2, 0.0, 8.0),
        track(3, 5.0, 0.3),  # stands
        track(4, 12.0, 8.0),  # past the stop line
        track(5, -10.0, -8.0),  # drives away
        track(6, -10.0, 8.0, x_px=150.0),  # in no lane
        track(7, -10.0, 8.0, kind=Kind.PERSON),
        track(8, -10.0, None),  # too new for a speed
    ]
    builder.see(Sight(seconds(1), "north", True), [lane_state(1)], tracks)
    assert builder.demand(seconds(1)).lanes["n1"].arrivals == ((10.0, 8.0), (40.0, 12.0))


def test_nobody_arriving_is_not_unknown_but_a_lane_without_stop_line_is(builder: DemandBuilder) -> None:
    builder.see(Sight(seconds(1), "north", True), [lane_state(1)], [])
    builder.see(Sight(seconds(1), "east", True), [lane_state(1, "e1")], [track(1, 0.0, 8.0)])
    lanes = builder.demand(seconds(1)).lanes
    assert (lanes["n1"].arrivals, lanes["e1"].arrivals) == ((), None)


def test_a_dark_camera_makes_its_lanes_unknown_at_once_and_no_others(builder: DemandBuilder) -> None:
    builder.see(Sight(seconds(1), "north", True), [lane_state(1)], [])
    builder.see(Sight(seconds(1), "east", True), [lane_state(1, "e1")], [])
    builder.see(Sight(seconds(1.1), "north", False, "dark"), [], [])
    lanes = builder.demand(seconds(1.2)).lanes
    assert (lanes["n1"].presence, lanes["n1"].queue_vehicles, lanes["n1"].age_s) == (None, None, 0.2)
    assert lanes["e1"].presence is True
    builder.see(Sight(seconds(1.3), "north", True), [lane_state(1.3)], [])
    assert builder.demand(seconds(1.3)).lanes["n1"].presence is True


def test_stale_knowledge_is_unknown_with_its_age(builder: DemandBuilder) -> None:
    builder.see(Sight(seconds(1), "north", True), [lane_state(1)], [])
    assert builder.demand(seconds(3.0)).lanes["n1"].presence is True
    lane = builder.demand(seconds(3.5)).lanes["n1"]
    assert (lane.presence, lane.arrivals, lane.age_s) == (None, None, 2.5)


def test_an_unknown_queue_stays_unknown(builder: DemandBuilder) -> None:
    builder.see(Sight(seconds(1), "north", True), [lane_state(1, queue=None)], [])
    assert builder.demand(seconds(1)).lanes["n1"].queue_vehicles is None


def test_states_of_another_camera_are_refused(builder: DemandBuilder) -> None:
    with pytest.raises(KeyError):
        builder.see(Sight(seconds(1), "north", True), [lane_state(1, "e1")], [])


def test_conflicts_follow_from_rings_and_barriers() -> None:
    pairs = conflicts(EIGHT)
    together = {frozenset(pair) for pair in [(1, 5), (1, 6), (2, 5), (2, 6), (3, 7), (3, 8), (4, 7), (4, 8)]}
    assert len(pairs) == 28 - 8
    assert not pairs & together
    assert conflicts(TWO) == {frozenset((2, 4))}
    assert conflicts(LOPSIDED) == {frozenset(pair) for pair in [(2, 3), (2, 4), (6, 3), (6, 4), (3, 4)]}


def test_shortest_split_counts_pedestrians() -> None:
    assert shortest_split_s(phase(2)) == 9
    assert shortest_split_s(phase(2, walk_s=7, ped_clearance_s=9)) == 20


def windows(plan: CompiledPlan) -> dict[int, tuple[float, float, float]]:
    return {
        w.phase: (w.start_ns / NS_PER_S, w.force_off_ns / NS_PER_S, w.end_ns / NS_PER_S)
        for ring in plan.rings
        for w in ring
    }


def test_plan_is_laid_out_ring_by_ring_from_barrier_to_barrier() -> None:
    assert windows(CompiledPlan.of(EIGHT_PLAN, EIGHT)) == {
        1: (0, 11, 15),
        2: (15, 39.5, 45),
        3: (45, 57, 60),
        4: (60, 85.5, 90),
        5: (0, 16, 20),
        6: (20, 39, 45),
        7: (45, 53, 57),
        8: (57, 85.5, 90),
    }
    assert windows(CompiledPlan.of(LOPSIDED_PLAN, LOPSIDED))[3] == (30, 38, 42)


@pytest.mark.parametrize("splits_s", [{2: 22, 4: 17}, {2: 21, 4: 18}])
def test_a_plan_that_does_not_fill_its_cycle_is_refused(splits_s: dict[int, float]) -> None:
    with pytest.raises(ValueError, match="'night': splits end at 39 s of 40"):
        CompiledPlan.of(Plan(name="night", cycle_s=40, splits_s=splits_s), TWO)


def test_rings_that_reach_a_barrier_apart_are_refused() -> None:
    plan = Plan(name="p", cycle_s=60, splits_s={2: 30, 6: 29, 3: 12, 4: 18})
    with pytest.raises(ValueError, match="at different times"):
        CompiledPlan.of(plan, LOPSIDED)


def asked_at(second: float, green: set[int], plan: CompiledPlan, zero_s: float = 0.0) -> PhaseRequest:
    controller = FixedTimeController(plan, zero_ns=seconds(zero_s))
    numbers = windows(plan)
    shown = {n: Interval.GREEN if n in green else Interval.RED for n in numbers}
    state = SignalState(seconds(second), shown, dict.fromkeys(numbers, 0))
    return controller.update(Demand(0, {}), state)


EIGHT_COMPILED = CompiledPlan.of(EIGHT_PLAN, EIGHT)


@pytest.mark.parametrize(
    ("second", "green", "phases", "reason"),
    [
        (12 + 34.2, {2, 6}, {2, 6}, "cycle second 34.2 of 90: phase 6 until 39.0, phase 2 until 39.5"),
        (12 + 39.2, {2, 6}, {2}, "cycle second 39.2 of 90: phase 2 until 39.5"),
        (12 + 40.0, set(), {3, 7}, "cycle second 40.0 of 90: next phase 3 and 7 from 45.0"),
        (12 + 13.0, {5}, {2, 5}, "cycle second 13.0 of 90: phase 5 until 16.0, next phase 2 from 15.0"),
        (12 + 86.0, set(), {1, 5}, "cycle second 86.0 of 90: next phase 1 and 5 from 0.0"),
        (1.0, {4, 8}, {4, 8}, "cycle second 79.0 of 90: phase 4 and 8 until 85.5"),
        # Phase 4 (least green 7 s) is not begun with 5 s left; a green one is kept to its end.
        (12 + 80.5, {8}, {8}, "cycle second 80.5 of 90: phase 8 until 85.5"),
    ],
)
def test_fixed_time_says_what_it_asks_and_why(second: float, green: set[int], phases: set[int], reason: str) -> None:
    request = asked_at(second, green, EIGHT_COMPILED)
    assert request.phases == phases
    assert request.reason == f"fixed plan 'day', {reason}"
    assert request.t_ns == seconds(second)


def test_the_cycle_clock_has_its_own_zero() -> None:
    plan = CompiledPlan.of(TWO_PLAN, TWO)
    assert asked_at(1000.0, set(), plan, zero_s=1000.0).phases == {2}
    assert asked_at(999.0, set(), plan, zero_s=1000.0).phases == {2}, "its next phase while 4 clears"
    assert asked_at(1025.0, set(), plan, zero_s=1000.0).phases == {4}


class _DeadBridge:
    """A core that does not answer."""

    def __init__(self) -> None:
        self.requests: list[PhaseRequest] = []

    def request(self, request: PhaseRequest) -> None:
        self.requests.append(request)

    def state(self, t_ns: int) -> SignalState:
        raise DeviceError(f"no answer from the signal core at {t_ns} ns")

    def close(self) -> None:
        pass


def test_without_measured_lamps_nothing_is_asked() -> None:
    bridge = _DeadBridge()
    loop = ControlLoop(FixedTimeController(EIGHT_COMPILED), bridge)
    with pytest.raises(DeviceError):
        loop.step(Demand(0, {}), 0)
    assert bridge.requests == []


def test_control_runs_without_numpy_and_opencv() -> None:
    code = (
        "import sys; sys.modules['numpy'] = sys.modules['cv2'] = None\n"
        "import edge.control.loop, edge.control.fixed, edge.control.demand, firmware_bridge.recording"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
