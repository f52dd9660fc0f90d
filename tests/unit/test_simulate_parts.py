"""The parts of the closed loop, each by itself: true lanes, eyesight, what is measured, what is ordered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge.control.plan import CompiledPlan
from edge.errors import ConfigError
from edge.replay.decided import Decided, Wait
from edge.types import Demand, Interval, Kind, LaneState, PhaseRequest, Queue, SignalState, Track
from firmware_bridge.recording import RecordingBridge
from sim_videos.simulate import table
from sim_videos.simulate.controllers import CONTROLLERS, controller_names
from sim_videos.simulate.eyes import Look
from sim_videos.simulate.eyesight import EyesightMeter, beside_m
from sim_videos.simulate.lamps import StreetLamps, warm_quietly
from sim_videos.simulate.lanes import REACH_M, LaneTruth, TrueDemand, lane_truths
from sim_videos.simulate.ledger import Ledger
from sim_videos.simulate.order import SimulateOptions
from sim_videos.simulate.report import camera_cost, headlines, render
from sim_videos.simulate.result import Run, Series, Waiting
from sim_videos.simulate.seconds import ns_of
from sim_videos.state import ActiveIncident, IncidentKind, RoadUser, WorldFrame
from tests import plain_street

STREET = plain_street.street()


def user(number: int, lane: str | None, to_stop_m: float | None, mps: float, make: str = "saloon") -> RoadUser:
    kind = Kind.PERSON if make == "person" else Kind.CAR
    return RoadUser(number, make, kind, 3, (0.0, 0.0), 0.0, mps, lane=lane, to_stop_m=to_stop_m)


def world(t_s: float, *users: RoadUser, incidents: tuple[ActiveIncident, ...] = ()) -> WorldFrame:
    return WorldFrame(t_s, users, (), {}, {}, incidents)


# true lanes


def test_the_true_queue_is_the_chain_from_the_stop_line_and_who_moves_arrives() -> None:
    truth = lane_truths(
        STREET,
        world(
            0,
            user(1, "NB1", 2.0, 0.0),
            user(2, "NB1", 9.0, 0.3),
            user(3, "NB1", 40.0, 0.0),  # stands, but far behind the rear of 2
            user(4, "NB1", 60.0, 12.0),
            user(5, "NB1", REACH_M + 1, 12.0),
            user(6, "NB2", 30.0, 9.0),
            user(7, None, None, 5.0),
            user(8, "NB2", 1.0, 0.0, "person"),
        ),
    )
    assert truth["NB1"] == LaneTruth(True, (1, 2), ((60.0, 12.0),))
    assert truth["NB2"] == LaneTruth(False, (), ((30.0, 9.0),))
    assert truth["EB1"] == LaneTruth(False, (), ())


def test_true_demand_is_unknown_before_the_first_instant_and_exact_after() -> None:
    demand = TrueDemand(STREET)
    first = demand.demand(0).lanes["NB1"]
    assert (first.phase, first.presence, first.queue_vehicles, first.age_s) == (2, None, None, None)
    demand.see(world(1.0, user(1, "NB1", 2.0, 0.0)))
    demand.see(world(4.0, user(1, "NB1", 2.0, 0.0), user(2, "NB1", 50.0, 10.0)))
    lane = demand.demand(ns_of(4.0)).lanes["NB1"]
    assert (lane.presence, lane.queue_vehicles, lane.wait_s) == (True, 1, 3.0)
    assert lane.arrivals == ((50.0, 10.0),)
    assert demand.demand(ns_of(4.0)).lanes["EB1"].queue_vehicles == 0


def test_a_wait_begins_anew_once_a_vehicle_has_moved() -> None:
    demand = TrueDemand(STREET)
    for t_s, mps in ((0.0, 0.0), (5.0, 6.0), (6.0, 0.0), (8.0, 0.0)):
        demand.see(world(t_s, user(1, "NB1", 5.0, mps)))
    assert demand.demand(ns_of(8.0)).lanes["NB1"].wait_s == 2.0


def test_true_demand_carries_the_time_at_which_it_was_seen() -> None:
    # controllers age it from there; a demand that says "now" would never grow old
    demand = TrueDemand(STREET)
    demand.see(world(1.0))
    assert demand.demand(ns_of(9.0)).t_ns == ns_of(1.0)


# lamps


class Asks:
    """A controller that asks for one set of phases."""

    name = "asks"

    def __init__(self, *phases: int) -> None:
        self._phases = frozenset(phases)

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:  # noqa: ARG002
        return PhaseRequest(signal.t_ns, self._phases, "it may")


class Nobody:
    def demand(self, t_ns: int) -> Demand:
        return Demand(t_ns, {})


def test_the_plan_warms_the_street_up_and_the_controller_takes_over_at_zero() -> None:
    lines: list[str] = []
    bridge = RecordingBridge(STREET.signal, warm_quietly(lines.append), startup_s=0.0)
    lamps = StreetLamps(bridge, Asks(4, 8), STREET.signal, STREET.plan)
    by_plan = {w.phase for ring in CompiledPlan.of(STREET.plan, STREET.signal).rings for w in ring if w.start_ns == 0}
    for tenth in range(-600, 0):
        intervals, _ = lamps.warm(tenth * 100_000_000)
    assert lines == [], "requests of the warm-up are not part of the run's record"
    steps = list(lamps.steps(0, Nobody()))
    assert len(steps) == 1
    assert steps[0][0].phases == {4, 8}
    assert len(list(lamps.steps(ns_of(10.0), Nobody()))) == 100
    intervals, _ = lamps.shown(ns_of(30.0 - 20.0))
    assert {p for p, shown in intervals.items() if shown is Interval.GREEN} <= {4, 8} | by_plan
    assert len(lines) == 101


# eyesight


def track(x_m: float, y_m: float, mps: float) -> Track:
    return Track(0, 1, Kind.CAR, 0.9, (0, 0, 9, 9), (0, 0), (x_m, y_m), (mps, 0.0), mps, 0.3, 2.0, True)


def test_a_place_within_the_footprint_is_no_distance_away() -> None:
    car = user(1, None, None, 9.0)  # 4.6 × 1.8 m, heads east
    assert beside_m(car, (2.3, 0.9)) == 0.0
    assert beside_m(car, (3.3, 0.0)) == pytest.approx(1.0)
    assert beside_m(car, (0.0, 1.9)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("ours", "at_least", "true", "error"),
    [
        (0, False, 0, None),  # nothing to measure
        (None, False, 4, None),  # unknown is no error
        (3, False, 4, 1),
        (3, True, 8, 0),  # it said "at least"
        (6, True, 4, 2),
        (2, False, 0, 2),
    ],
)
def test_queue_errors(ours: int | None, at_least: bool, true: int, error: int | None) -> None:
    from sim_videos.simulate.eyesight import _queue_error

    state = LaneState(0, "NB1", True, None, None, None, None, Queue("NB1", ours, None, None, at_least))
    assert _queue_error(state, {"NB1": LaneTruth(True, tuple(range(true)), ())}) == error


# ledger


def signal_at(t_s: float, green: int, since_s: float) -> SignalState:
    shown = {p.number: Interval.GREEN if p.number == green else Interval.RED for p in STREET.signal.phases}
    return SignalState(ns_of(t_s), shown, dict.fromkeys(shown, ns_of(since_s)))


def test_the_ledger_keeps_queues_lamps_incidents_and_changes() -> None:
    ledger = Ledger(STREET, None)
    crash = ActiveIncident(0, IncidentKind.CRASH, "NB1", (0.0, 0.0), 1.0)
    for tenth in range(31):
        t_s = tenth / 10
        ledger.lamps(signal_at(t_s, 2 if t_s < 2 else 4, -3.0 if t_s < 2 else 2.0))
        ledger.control(PhaseRequest(ns_of(t_s), frozenset({2} if t_s < 2 else {4}), ""))
        users = [user(1, "NB1", 2.0, 0.0), *([user(2, "NB1", 9.0, 0.0)] if t_s >= 2 else [])]
        ledger.see(world(t_s, *users, incidents=(crash,) if 1.0 <= t_s < 2.5 else ()), ())
    assert ledger.series.times_s == (0.0, 1.0, 2.0, 3.0)
    assert ledger.series.queued["NB1"] == (1, 1, 2, 2)
    assert ledger.series.told["NB1"] == (None,) * 4, "no camera said anything"
    assert ledger.mean_queue == 1.5
    assert ledger.max_queue == 2
    assert ledger.changes == 1
    assert ledger.series.shown[2] == ((0.0, "green"), (2.0, "red"))
    (incident,) = ledger.incidents
    assert (incident.kind, incident.started_s, incident.ended_s) == ("crash", 1.0, 2.4)


# orders


def options(*controls: str, **other: object) -> SimulateOptions:
    return SimulateOptions(plain_street.scenario(), controls, Path("out"), **other)  # type: ignore[arg-type]


def test_a_controller_is_also_run_with_perfect_eyes_where_eyes_matter() -> None:
    assert options("actuated").runs == (("actuated", "camera"), ("actuated", "perfect"))
    assert options("fixed").runs == (("fixed", "camera"),), "alone, its counts are worth seeing"
    both = options("fixed", "actuated", truth_detector=True)
    assert both.runs == (("fixed", "none"), ("actuated", "truth"), ("actuated", "perfect"))
    assert options("actuated", perfect=False).runs == (("actuated", "camera"),)


@pytest.mark.parametrize(
    ("controls", "other", "words"),
    [
        (("fixed",), {"truth_detector": True, "model": "a.tflite"}, "--model, not both"),
        (("fixed", "actuated"), {"record": Path("films")}, "give one controller"),
        (("fixed",), {"seconds": 0.0}, "--seconds: 0 is not"),
        (("fixed",), {"record": Path("out")}, "is the folder of --out"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_sentence(
    controls: tuple[str, ...], other: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        options(*controls, **other)


def test_names_of_controllers() -> None:
    assert controller_names("fixed, actuated,", "--compare") == ("fixed", "actuated")
    with pytest.raises(ConfigError, match="names fixed twice"):
        controller_names("fixed, actuated,fixed", "--compare")
    for text, words in ((",", "names no controller"), ("magic", "no controller")):
        with pytest.raises(ConfigError, match=words):
            controller_names(text, "--compare")


def test_every_controller_of_the_table_takes_a_street() -> None:
    for name, make in CONTROLLERS.items():
        assert make(STREET, lambda _t_ns: None).name == name


# the table and the page


def a_run(control: str, eyes: str, delay_s: float | None) -> Run:
    one = Waiting(10, 8, delay_s, 0.5)
    series = Series((0.0, 1.0), {"NB1": (0, 2)}, {"NB1": (None, 2)}, {2: ((0.0, "green"), (6.0, "yellow"))})
    return Run(control, eyes, 1, 10.0, 100, one, {"NBT": one}, 1.0, 2, None, (), 3, None, 4.0, series)


def test_what_the_camera_costs_is_told_against_perfect_eyes_of_the_same_controller() -> None:
    runs = [a_run("fixed", "no eyes", 30.0), a_run("actuated", "camera", 22.0), a_run("actuated", "perfect eyes", 20.0)]
    assert camera_cost(runs) == pytest.approx(1.1)
    assert headlines(runs)[-1].value == "1.10"
    assert camera_cost(runs[:2]) is None


def test_unknown_is_a_dash_in_the_table_and_on_the_page() -> None:
    runs = [a_run("fixed", "no eyes", None)]
    assert table.rows(runs)[0].cells == ("–",)
    page = render("A <street>", "about", runs, {"fact": 1})
    assert "A &lt;street&gt;" in page
    assert "Vehicles queued in all lanes over time: fixed, no eyes at most 2" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_the_page_says_why() -> None:
    begun = Decided(3.0, (4,), "fixed", True, "no lane is known; phase 4 next")
    wait = Wait("nb1", (4,), 9.0, 41.0, True, (Decided(1.0, (2,), "actuated", False, "phase 2 (<3 queued)"),), begun)
    run = replace(a_run("actuated", "camera", 22.0), decisions=(*wait.served, begun), waits=(wait,))
    page = render("A street", "about", [run], {})
    assert "actuated, camera: 2 decisions, with the reason of each" in page
    assert page.count("no lane is known; phase 4 next") == 3, (
        "as a decision, as a change of level, as an end of waiting"
    )
    assert "phase 2 (&lt;3 queued)" in page
    assert "41 s" in page


def test_a_look_without_a_picture_counts_nothing() -> None:
    from sim_videos.site import site_of
    from sim_videos.truth import TruthRecorder

    scenario = plain_street.scenario()
    site = site_of(scenario, STREET)
    recorder = TruthRecorder(scenario, STREET, scenario.cameras[0], site)
    meter = EyesightMeter(site)
    meter.see(world(0.0), [Look("mast", recorder.frame(world(0.0), ()), None, ())], {})
    sight = meter.eyesight(10.0)
    assert (sight.looks, sight.effectiveness, sight.speed_error, sight.queue_error) == (0, None, None, None)


class Sleeps:
    """A clock that stands still and remembers until when it was asked to sleep."""

    def __init__(self) -> None:
        self.until_ns: list[int] = []

    def now_ns(self) -> int:
        return 7_000

    def wall_ns(self, t_ns: int) -> int:
        return t_ns

    def synced(self) -> bool:
        return True

    def sleep_until(self, t_ns: int) -> None:
        self.until_ns.append(t_ns)


@pytest.mark.parametrize(("speed", "waits"), [(None, []), (1.0, [7_000, 107_000]), (4.0, [7_000, 32_000])])
def test_a_run_keeps_to_its_speed_or_to_none(speed: float | None, waits: list[int]) -> None:
    from sim_videos.simulate.one import _pace

    clock = Sleeps()
    pace = _pace(speed, clock)
    pace(0)
    pace(100_000)
    assert clock.until_ns == waits
