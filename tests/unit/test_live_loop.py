"""The live loop under a clock moved by hand: what happens when frames come, and when none does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from calibration.site import Plan
from edge.clock import NS_PER_MS, NS_PER_S
from edge.control.demand import DemandBuilder
from edge.control.loop import ControlLoop
from edge.errors import ConfigError, DeviceError, StorageError
from edge.frames import Detections, Frame, VisionResult
from edge.live.eyes import CameraFacts, Look
from edge.live.loop import LiveLoop, Outcome
from edge.messages import Body, CrossingBody, HealthBody, LanesBody, SummaryBody
from edge.stages.greens import GreenOnsets
from edge.stages.parts import fixed_time
from edge.stages.signals import STEP_NS, ControlSteps
from edge.telemetry.live import Facts
from edge.telemetry.records import Telemetry
from edge.types import Demand, LaneDemand, NotCounted, PhaseRequest, Sight, SignalState
from firmware_bridge.recording import RecordingBridge
from tests.junction import crossed, junction, lane, seen

SITE = junction().model_copy(update={"plan": Plan(name="day", cycle_s=60, splits_s={2: 30, 4: 30})})
FRAME_NS = 40 * NS_PER_MS
START_NS = 1000 * NS_PER_S
IMAGE = np.zeros((4, 4, 3), np.uint8)


class HandClock:
    """Stands still until it is moved. Wall time begins at a full minute."""

    def __init__(self) -> None:
        self.t_ns = START_NS

    def now_ns(self) -> int:
        return self.t_ns

    def wall_ns(self, t_ns: int) -> int:
        return t_ns - START_NS + 1_777_636_800 * NS_PER_S

    def synced(self) -> bool:
        return True

    def sleep_until(self, t_ns: int) -> None:
        raise AssertionError(f"the loop slept until {t_ns} instead of waiting for a look")


class Script:
    """Looks that are there at given times (seconds from the start); waiting moves the clock.

    late_ns: how much older than its arrival each frame is.
    """

    def __init__(self, clock: HandClock, arrivals_s: Iterable[float], late_ns: int = 0) -> None:
        self.clock = clock
        self.arrivals_ns = [START_NS + round(t_s * NS_PER_S) for t_s in arrivals_s]
        self.facts = CameraFacts()
        self.late_ns = late_ns
        self.ends = False

    @property
    def ended(self) -> bool:
        return self.ends and not self.arrivals_ns

    def next(self, until_ns: int) -> Look | None:
        assert until_ns > self.clock.t_ns, "a wait that is over already would spin"
        if not self.arrivals_ns or self.arrivals_ns[0] > until_ns:
            if not self.ended:
                self.clock.t_ns = until_ns
            return None
        self.clock.t_ns = max(self.clock.t_ns, self.arrivals_ns.pop(0))
        t_ns = self.clock.t_ns - self.late_ns
        return Look(Frame("north", 0, t_ns, IMAGE), Sight(t_ns, "north", True), Detections.empty(t_ns), 30 * NS_PER_MS)


class AlwaysQueued:
    """Vision that sees one vehicle waiting, and counts one at each frame listed."""

    def __init__(self, clock: HandClock, crossing_frames: Iterable[int] = (), takes_ns: int = 0) -> None:
        self.clock = clock
        self.crossing_frames = set(crossing_frames)
        self.takes_ns = takes_ns
        self.frames = 0

    def update(self, frame: Frame, detections: Detections, sight: Sight) -> VisionResult:
        assert frame.t_ns == detections.t_ns == sight.t_ns
        t_s = frame.t_ns / NS_PER_S
        crossings = [crossed(t_s)] if self.frames in self.crossing_frames else []
        self.frames += 1
        self.clock.t_ns += self.takes_ns
        return seen(t_s, *crossings, lanes=(lane(t_s, presence=True, queue=1),))

    def finish(self, t_ns: int) -> tuple[NotCounted, ...]:
        assert t_ns == self.clock.t_ns
        return ()


class Asking:
    """A controller that asks for phase 2 and keeps the demand it was given."""

    name = "asking"

    def __init__(self) -> None:
        self.nb1: list[LaneDemand] = []

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:
        self.nb1.append(demand.lanes["nb1"])
        return PhaseRequest(signal.t_ns, frozenset({2}), "asked")


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self, refuse_after: int | None = None) -> None:
        self.told: list[tuple[int, Body]] = []
        self.records: int | None = 7
        self.thinned: int | None = 1
        self.refuse_after = refuse_after

    def append_many(self, records: Iterable[tuple[int, Body]]) -> None:
        self.told += records
        if self.refuse_after is not None and len(self.told) > self.refuse_after:
            raise StorageError("the disk is full")


class Run:
    """One loop with everything around it."""

    def __init__(
        self,
        arrivals_s: Iterable[float],
        *,
        crossing_frames: Sequence[int] = (),
        takes_ns: int = 0,
        late_ns: int = 0,
        plan: bool = False,
        sink: Kept | None = None,
    ) -> None:
        self.clock = HandClock()
        self.looks = Script(self.clock, arrivals_s, late_ns)
        self.requests: list[dict[str, Any]] = []
        self.asking = Asking()
        self.sink = sink if sink is not None else Kept()
        self.vision = AlwaysQueued(self.clock, crossing_frames, takes_ns)
        self.signals = self._plan() if plan else self._asking()

    def until(self, t_s: float, every: Callable[[float], None] = lambda _: None) -> Outcome:
        """Run until t_s; `every` hears the time in seconds before each wait."""

        def stop() -> str | None:
            now_s = (self.clock.t_ns - START_NS) / NS_PER_S
            every(now_s)
            return "the test's end" if now_s >= t_s else None

        assert SITE.signal is not None
        loop = LiveLoop(
            looks=self.looks,
            vision=self.vision,
            onsets=GreenOnsets(SITE),
            records=Telemetry(SITE, wall_ns=self.clock.wall_ns, cameras=["north"], facts=Facts(detector="scripted")),
            clock=self.clock,
            signals=self.signals,
            sink=self.sink,
            stop=stop,
        )
        return loop.run()

    def told(self, kind: type[Body]) -> list[tuple[float, Any]]:
        """Bodies of one kind with their times in seconds from the start."""
        return [((t_ns - START_NS) / NS_PER_S, body) for t_ns, body in self.sink.told if isinstance(body, kind)]

    def _record(self, line: str) -> None:
        self.requests.append(json.loads(line))

    def _asking(self) -> ControlSteps:
        assert SITE.signal is not None
        bridge = RecordingBridge(SITE.signal, self._record)
        return ControlSteps(DemandBuilder(SITE.lanes, {}), ControlLoop(self.asking, bridge), bridge)

    def _plan(self) -> ControlSteps:
        assert SITE.signal is not None
        assert SITE.plan is not None
        # Without lanes: those of the small junction have no stop line, so no axis either.
        site = SITE.model_copy(update={"lanes": ()})
        return fixed_time(site, SITE.plan, SITE.signal, zero_ns=START_NS, record=self._record)


def frames(from_s: float, to_s: float) -> list[float]:
    """Arrivals 25 times a second."""
    return [from_s + k * FRAME_NS / NS_PER_S for k in range(round((to_s - from_s) * NS_PER_S / FRAME_NS))]


def test_requests_go_on_ten_times_a_second_while_no_frame_comes() -> None:
    run = Run([*frames(0.5, 10), *frames(40, 50)])
    outcome = run.until(60)
    times_ns = [request["t_ns"] for request in run.requests]
    assert times_ns[0] == START_NS
    assert all(later - earlier == STEP_NS for earlier, later in pairwise(times_ns))
    assert (outcome.steps, outcome.late_steps) == (600, 0)
    assert not any("refused" in request for request in run.requests)


def test_demand_ages_and_becomes_unknown_while_no_frame_comes() -> None:
    run = Run([*frames(0.5, 10), *frames(40, 50)])
    run.until(60)
    at = {k / 10: known for k, known in enumerate(run.asking.nb1)}
    assert at[0.3].age_s is None
    assert (at[9.0].presence, at[9.0].queue_vehicles) == (True, 1)
    assert at[11.9].presence is True
    assert at[11.9].age_s == pytest.approx(1.92)
    assert [(at[t_s].presence, at[t_s].queue_vehicles) for t_s in (12.1, 39.9)] == [(None, None)] * 2
    assert at[39.9].age_s == pytest.approx(29.92)
    assert at[40.1].presence is True


def test_records_say_that_nothing_was_seen() -> None:
    run = Run([*frames(0, 10), *frames(70, 80)])

    def restarting(t_s: float) -> None:
        silent = 15 <= t_s < 70
        run.looks.facts = CameraFacts(3, int(t_s >= 15), "the decoder was killed" if silent else None)

    run.until(180, restarting)
    lanes = [(t_s, body.lanes[0].queue_vehicles) for t_s, body in run.told(LanesBody)]
    # Known: once a second. Unknown: once.
    assert [t_s for t_s, queue in lanes if queue is None] == [0, 15, 85]
    assert [t_s for t_s, queue in lanes if queue is not None] == [*range(1, 10), *range(70, 80)]
    health = [(t_s, body.state, body.reason, body.camera_restarts) for t_s, body in run.told(HealthBody)]
    gone = "no frame for more than 5 s: the decoder was killed"
    assert health[0] == (0, "degraded", "no frame yet", 0)
    assert health[1] == (0, "ok", None, 0)
    changes = [now for before, now in pairwise(health) if now[1:3] != before[1:3]]
    assert changes == [
        (0, "ok", None, 0),
        (15, "failed", gone, 1),
        (70, "ok", None, 1),
        (85, "failed", "no frame for more than 5 s", 1),
    ]
    (first, second, third) = [body for _, body in run.told(SummaryBody)]
    assert [body.lanes[0].known_s for body in (first, second, third)] == [
        pytest.approx(11.96),
        pytest.approx(11.96),
        0,
    ]
    assert all(body.interval_s == 60 for body in (first, second, third))
    assert [m.counts is None for m in first.movements] == [False, False]
    assert [m.counts is None for m in third.movements] == [True, True]
    assert (third.lanes[0].occupancy, third.lanes[0].max_queue_vehicles) == (None, None)


def test_a_camera_that_never_gives_a_frame_is_told_of_and_control_runs_its_plan() -> None:
    run = Run([], plan=True)
    outcome = run.until(130)
    assert outcome.frames == 0
    assert len(run.requests) == 1300
    assert {tuple(request["phases"]) for request in run.requests} >= {(2,), (4,)}
    states = [(body.state, body.frames) for _, body in run.told(HealthBody)]
    assert states[:2] == [("degraded", 0), ("failed", 0)]
    minutes = run.told(SummaryBody)
    assert [t_s for t_s, _ in minutes] == [60, 120, 130]
    assert all(m.counts is None for _, body in minutes for m in body.movements)


class Unplugged(ControlSteps):
    """Control whose bridge is gone from 3 s to 5 s."""

    def step(self, t_ns: int) -> tuple[PhaseRequest, SignalState]:
        if 3 <= (t_ns - START_NS) / NS_PER_S < 5:
            raise DeviceError("/dev/ttyACM0: was unplugged")
        return super().step(t_ns)


def test_lamps_that_are_gone_cost_their_steps_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    run = Run(frames(0, 10))
    assert SITE.signal is not None
    bridge = RecordingBridge(SITE.signal, run._record)
    run.signals = Unplugged(DemandBuilder(SITE.lanes, {}), ControlLoop(run.asking, bridge), bridge)
    outcome = run.until(10)
    assert (outcome.steps, outcome.late_steps, outcome.lost_steps) == (100, 0, 20)
    assert len(run.requests) == 80
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "control goes on without the lamps: /dev/ttyACM0: was unplugged",
        "the lamps answer again",
    ]


def test_numbers_of_detector_source_and_outbox_are_in_the_health_record() -> None:
    run = Run(frames(0, 12))
    run.looks.facts = CameraFacts(dropped=41, restarts=2)
    run.until(12)
    _, body = run.told(HealthBody)[-1]
    assert (body.detector, body.frames_dropped, body.camera_restarts) == ("scripted", 41, 2)
    assert body.detector_ms == pytest.approx(30)
    assert (body.outbox_records, body.outbox_thinned) == (7, 1)
    assert body.fps == pytest.approx(25, rel=0.02)


def test_a_stage_that_holds_up_control_costs_steps_that_are_not_caught_up(caplog: pytest.LogCaptureFixture) -> None:
    run = Run([1.05], takes_ns=730 * NS_PER_MS)
    outcome = run.until(3)
    times_ns = [(request["t_ns"] - START_NS) // NS_PER_MS for request in run.requests]
    assert times_ns[:11] == [*range(0, 1001, 100)]
    assert times_ns[11:14] == [1780, 1800, 1900]
    assert outcome.late_steps == 6
    assert "control was held up for 680 ms: 6 steps left out" in caplog.text


def test_frames_that_come_late_are_taken_with_their_own_time() -> None:
    """A second of detector: frames are a second old, and summaries still hold each crossing once."""
    run = Run(frames(1, 130), late_ns=NS_PER_S, crossing_frames=range(0, 3000, 100))
    outcome = run.until(130)
    assert outcome.crossings == len(run.told(CrossingBody)) == 30
    assert (
        sum(m.counts["car"] for _, body in run.told(SummaryBody) for m in body.movements if m.movement == "NBT") == 30
    )
    ages = {known.age_s for known in run.asking.nb1[20:]}
    assert all(age_s is not None and 1.0 <= age_s < 1.1 for age_s in ages)


def test_a_stop_tells_the_part_of_the_minute() -> None:
    run = Run(frames(0, 100), crossing_frames=(5,))
    outcome = run.until(10.5)
    assert outcome.stopped == "the test's end"
    ((t_s, body),) = run.told(SummaryBody)
    assert (t_s, body.interval_s) == (10.5, 10.5)
    assert {m.movement: m.counts for m in body.movements}["NBT"]["car"] == 1


def test_the_end_of_a_recording_is_an_end() -> None:
    run = Run(frames(0, 2))
    run.looks.ends = True
    outcome = run.until(100)
    assert (outcome.stopped, outcome.frames) == (None, 50)
    assert [body.interval_s for _, body in run.told(SummaryBody)] == [pytest.approx(1.96)]


def test_a_full_disk_ends_it() -> None:
    run = Run(frames(0, 100), sink=Kept(refuse_after=10))
    with pytest.raises(StorageError, match="the disk is full"):
        run.until(100)


def test_a_fault_of_the_source_that_no_waiting_mends_ends_it() -> None:
    class Broken(Script):
        def next(self, until_ns: int) -> Look | None:
            raise ConfigError(f"until {until_ns}: install picamera2")

    run = Run([])
    run.looks = Broken(run.clock, [])
    with pytest.raises(ConfigError, match="install picamera2"):
        run.until(10)
