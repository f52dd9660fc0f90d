"""What is told, when, and in which order."""

from __future__ import annotations

from edge.clock import NS_PER_S
from edge.messages import (
    Body,
    CrossingBody,
    CycleBody,
    HealthBody,
    LanesBody,
    SignalBody,
    Stream,
    SummaryBody,
    ThinnedBody,
)
from edge.telemetry.live import Facts, HealthReports, LanesNow, SignalChanges
from edge.telemetry.records import Telemetry
from edge.types import ControlFacts, Interval, Pattern, PhaseRequest
from tests.junction import crossed, junction, lamps, lane, seen

GREEN = {2: (Interval.GREEN, 0.0), 4: (Interval.RED, 0.0)}


def asked(*phases: int, reason: str = "fixed time") -> PhaseRequest:
    return PhaseRequest(0, frozenset(phases), reason)


class TestSignal:
    def test_told_on_each_change_only(self) -> None:
        changes = SignalChanges()
        ((t_ns, body),) = changes.add(lamps(3, GREEN), asked(2))
        assert t_ns == 3 * NS_PER_S
        assert [(p.phase, p.interval, p.age_s) for p in body.phases] == [(2, "green", 3), (4, "red", 3)]
        assert (body.mode, body.requested, body.reason) == ("running", [2], "fixed time")
        # Another reason alone is no change; another request, other lamps and another mode are.
        assert changes.add(lamps(4, GREEN), asked(2, reason="12 s left")) == []
        assert len(changes.add(lamps(5, GREEN), asked(4))) == 1
        assert len(changes.add(lamps(6, GREEN | {2: (Interval.YELLOW, 6.0)}), asked(4))) == 1
        assert len(changes.add(lamps(7, GREEN | {2: (Interval.YELLOW, 6.0)}, mode="flash"), asked(4))) == 1
        ((_, body),) = changes.add(lamps(8, GREEN), None)
        assert (body.requested, body.reason) == ([], "")


class TestLanes:
    def test_once_a_second_with_all_lanes(self) -> None:
        now = LanesNow(junction(), cameras=("north", "east"))
        told = []
        for i in range(95):
            told += now.add(seen(i / 30, lanes=(lane(i / 30, presence=True, queue=2, wait_s=1.0),)))
        assert [t_ns // NS_PER_S for t_ns, _ in told] == [0, 1, 2, 3]
        north, east = told[-1][1].lanes
        assert (north.lane, north.presence, north.queue_vehicles, north.queue_m, north.wait_s) == (
            "nb1",
            True,
            2,
            14,
            1,
        )
        assert (east.lane, east.presence, east.queue_vehicles) == ("eb1", None, None)

    def test_a_lane_that_is_not_seen_any_more_is_unknown(self) -> None:
        now = LanesNow(junction(), cameras=("north", "east"))
        now.add(seen(0, lanes=(lane(0, presence=True, queue=2),)))
        ((_, at_5),) = now.add(seen(5, camera="east"))
        ((_, at_6),) = now.add(seen(6, camera="east"))
        assert [body.lanes[0].queue_vehicles for body in (at_5, at_6)] == [2, None]

    def test_without_frames_lanes_are_told_once_more_as_unknown(self) -> None:
        now = LanesNow(junction(), cameras=("north",))
        now.add(seen(3, lanes=(lane(3, presence=True, queue=2),)))
        told = [pair for t in range(4, 60) for pair in now.tick(t * NS_PER_S)]
        ((t_ns, body),) = told
        assert t_ns == 9 * NS_PER_S
        assert (body.lanes[0].presence, body.lanes[0].queue_vehicles) == (None, None)
        ((_, back),) = now.add(seen(60, lanes=(lane(60, presence=False, queue=0),)))
        assert back.lanes[0].presence is False

    def test_no_lanes_no_message(self) -> None:
        assert LanesNow(junction(), cameras=("west",)).add(seen(0)) == []


class TestHealth:
    def test_every_ten_seconds_and_at_once_on_a_change(self) -> None:
        reports = HealthReports()
        facts = Facts("ssd", 31.0, frames_dropped=4, camera_restarts=2, outbox_records=7, outbox_thinned=0)
        told = []
        for i in range(251):
            told += reports.add(seen(i / 10, blind="dark" if 120 <= i < 130 else None), facts)
        assert [(t_ns / NS_PER_S, body.state, body.reason) for t_ns, body in told] == [
            (0, "ok", None),
            (10, "ok", None),
            (12, "degraded", "dark"),
            (13, "ok", None),
            (23, "ok", None),
        ]
        assert [body.fps for _, body in told] == [None, 10, 10, 10, 10]
        assert told[-1][1] == HealthBody(
            state="ok",
            reason=None,
            camera="north",
            fps=10,
            frames=231,
            frames_dropped=4,
            camera_restarts=2,
            detector="ssd",
            detector_ms=31.0,
            outbox_records=7,
            outbox_thinned=0,
        )

    def test_a_silent_camera_has_failed_and_comes_back(self) -> None:
        reports = HealthReports()
        reports.add(seen(0), Facts())
        assert reports.tick(5 * NS_PER_S, Facts()) == []
        ((_, failed),) = reports.tick(6 * NS_PER_S, Facts())
        assert (failed.state, failed.reason, failed.fps) == ("failed", "no frame for more than 5 s", 0)
        assert reports.tick(7 * NS_PER_S, Facts()) == []
        ((_, back),) = reports.add(seen(8), Facts())
        assert back.state == "ok"

    def test_a_camera_that_never_answers_is_told_of(self) -> None:
        reports = HealthReports()
        reports.begin(0, ("north",))
        facts = Facts(camera_restarts=3, camera_failure="no route to host")
        told = [body for t in range(1, 17) for _, body in reports.tick(t * NS_PER_S, facts)]
        assert [(body.state, body.reason, body.frames) for body in told] == [
            ("degraded", "no frame yet", 0),
            ("failed", "no frame for more than 5 s: no route to host", 0),
            ("failed", "no frame for more than 5 s: no route to host", 0),
        ]
        assert told[-1].camera_restarts == 3

    def test_a_frame_that_is_older_than_the_last_report_has_no_rate(self) -> None:
        reports = HealthReports()
        reports.add(seen(0), Facts())
        reports.tick(6 * NS_PER_S, Facts())
        ((_, back),) = reports.add(seen(5.9), Facts())
        assert (back.state, back.fps) == ("ok", None)


def test_a_node_that_never_sees_anything_tells_of_unknown_minutes() -> None:
    telemetry = Telemetry(junction(), wall_ns=lambda t_ns: t_ns, cameras=("north",))
    telemetry.begin(30 * NS_PER_S)
    told = [pair for t in range(31, 130) for pair in telemetry.tick(t * NS_PER_S)]
    summaries = [(t_ns // NS_PER_S, body) for t_ns, body in told if isinstance(body, SummaryBody)]
    assert [(t_s, body.interval_s) for t_s, body in summaries] == [(60, 30), (120, 60)]
    assert all(m.counts is None and m.known_s == 0 for _, body in summaries for m in body.movements)


def _stream(body: Body) -> Stream:
    assert not isinstance(body, ThinnedBody)
    return body.stream


def test_all_streams_in_one_deterministic_order() -> None:
    def replay() -> list[tuple[int, Body]]:
        telemetry = Telemetry(junction(), wall_ns=lambda t_ns: t_ns)
        told: list[tuple[int, Body]] = []
        for i in range(1301):
            t = i / 10
            green = (Interval.GREEN, t // 60 * 60) if t % 60 < 30 else (Interval.RED, t // 60 * 60 + 30)
            red = (Interval.RED, t // 60 * 60) if t % 60 < 30 else (Interval.GREEN, t // 60 * 60 + 30)
            told += telemetry.on_signal(asked(2), lamps(t, {2: green, 4: red}))
            crossings = [crossed(t)] if i % 100 == 5 else []
            told += telemetry.on_result(seen(t, *crossings, lanes=(lane(t, presence=False, queue=0),)))
        return told + telemetry.finish(130 * NS_PER_S)

    told = replay()
    assert told == replay()
    by_stream = {stream: [body for _, body in told if _stream(body) is stream] for stream in Stream}
    assert {stream: len(bodies) for stream, bodies in by_stream.items()} == {
        Stream.CROSSING: 13,
        Stream.SUMMARY: 3,
        Stream.CYCLE: 1,
        Stream.SIGNAL: 5,
        Stream.LANES: 131,
        Stream.HEALTH: 14,
        Stream.HIRES: 0,  # made from control steps, by edge.telemetry.hires
        Stream.INCIDENT: 0,  # made of what rules find, by edge.stages.noticing
    }
    assert isinstance(told[0][1], SignalBody)
    assert isinstance(told[1][1], LanesBody)
    crossing = by_stream[Stream.CROSSING][0]
    assert isinstance(crossing, CrossingBody)
    assert (crossing.movement, crossing.lane, crossing.speed_mps) == ("NBT", "nb1", None)
    assert (
        sum(
            sum((m.counts or {}).values())
            for body in by_stream[Stream.SUMMARY]
            if isinstance(body, SummaryBody)
            for m in body.movements
        )
        == 13
    )


def test_facts_are_in_the_next_health_record_and_time_alone_closes_minutes() -> None:
    telemetry = Telemetry(junction(), wall_ns=lambda t_ns: t_ns, facts=Facts(detector="one"))
    telemetry.on_result(seen(0))
    telemetry.facts = Facts(detector="two")
    told = telemetry.tick(61 * NS_PER_S)
    assert [_stream(body) for _, body in told] == [Stream.SUMMARY, Stream.HEALTH]
    health = told[-1][1]
    assert isinstance(health, HealthBody)
    assert (health.detector, health.state) == ("two", "failed")


def test_a_cycle_is_told_with_the_plan_that_the_controller_runs() -> None:
    telemetry = Telemetry(junction(), wall_ns=lambda t_ns: t_ns)
    facts = ControlFacts("fixed", pattern=Pattern(2, "am-peak", 60, 0, {}))
    request = PhaseRequest(0, frozenset({2}), "fixed time", facts=facts)
    told = []
    for step in range(100):
        shown = {2: (Interval.GREEN, step // 60 * 60.0 + 10) if step % 60 >= 10 else (Interval.RED, step // 60 * 60.0)}
        told += telemetry.on_signal(request, lamps(step, shown | {4: (Interval.RED, 0.0)}))
    assert [body.plan for _, body in told if isinstance(body, CycleBody)] == ["am-peak"]
