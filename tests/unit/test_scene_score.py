"""Scores against sums done by hand: detection, tracking, places, speeds, queues, incidents, camera faults."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from edge.replay.frame_log import SeenBox, SeenFrame, SeenQueue, SeenTrack
from edge.replay.record import Record
from edge.types import Kind
from sim_videos.score.detection import DetectionScorer
from sim_videos.score.happenings import HappeningWatch, Spell, incident_score, sight_score
from sim_videos.score.places import PlaceScorer, footprint_distance_m
from sim_videos.score.queues import QueueScorer
from sim_videos.score.tracking import TrackingScore, TrackingScorer
from sim_videos.truth import IncidentRow, QueueRow, SceneFrame, UserRow

Box = tuple[float, float, float, float]
LEFT: Box = (10.0, 10.0, 50.0, 40.0)
RIGHT: Box = (200.0, 10.0, 240.0, 40.0)


def user(user_id: int, box: Box, *, kind: Kind = Kind.CAR, visible: float = 1.0, speed_mps: float = 10.0) -> UserRow:
    return UserRow(user_id, kind, "saloon", *box, visible, 0.0, -30.0, math.pi / 2, speed_mps, "NB1", 12.0)


def track(
    track_id: int,
    box: Box,
    *,
    speed_mps: float | None = 10.0,
    at: tuple[float, float] = (0.0, -30.0),
    seen: bool = True,
) -> SeenTrack:
    return SeenTrack(track_id, Kind.CAR, *box, *at, speed_mps, 5.0, seen)


def true(index: int, users: Sequence[UserRow] = (), **other: Any) -> SceneFrame:
    parts = {"signal": {}, "walk": {}, "crossings": (), "queues": {}, **other}
    return SceneFrame(frame=index, t_s=index / 10, users=tuple(users), **parts)


def seen(
    index: int,
    tracks: Sequence[SeenTrack] = (),
    boxes: Sequence[SeenBox] = (),
    queues: dict[str, SeenQueue] | None = None,
) -> SeenFrame:
    return SeenFrame(
        index=index,
        t_ns=index * 100_000_000,
        ok=True,
        detections=tuple(boxes),
        tracks=tuple(tracks),
        queues=queues or {},
    )


def test_detection_in_all_by_class_and_by_height() -> None:
    scorer = DetectionScorer()
    far: Box = (300.0, 10.0, 320.0, 22.0)
    users = [
        user(1, LEFT),
        user(2, RIGHT, kind=Kind.BUS),
        user(3, far),
        user(4, (400.0, 10.0, 440.0, 40.0), visible=0.2),
    ]
    boxes = [
        SeenBox(*LEFT, 0.9, Kind.CAR),
        SeenBox(*RIGHT, 0.8, Kind.TRUCK),  # found, but taken for a lorry
        SeenBox(400.0, 10.0, 440.0, 40.0, 0.95, Kind.CAR),  # nearly hidden: neither right nor wrong
        SeenBox(600.0, 10.0, 603.0, 16.0, 0.99, Kind.CAR),  # too small to say
    ]
    scorer.add(true(0, users), seen(0, boxes=boxes))
    result = scorer.result()
    assert result.overall.ap50 == pytest.approx(2 / 3)
    assert result.overall.labels == 3
    assert result.by_class["car"].ap50 == pytest.approx(0.5)
    assert result.by_class["bus"].ap50 == 0.0
    assert "truck" not in result.by_class
    assert [score.ap50 for score in result.by_size.values()] == [0.0, 1.0, None]


@pytest.fixture
def trackeval() -> None:
    """These need the library that scores tracks."""
    pytest.importorskip("trackeval")


def tracked(ids: Sequence[tuple[int, int]], frames: int = 20) -> TrackingScore:
    """Two road users; ids gives the track of each in the first and the second half."""
    scorer = TrackingScorer()
    for index in range(frames):
        left, right = ids[0 if index < frames / 2 else 1]
        tracks = [track(left, LEFT), track(right, RIGHT), track(99, LEFT, seen=False)]
        scorer.add(true(index, [user(7, LEFT), user(8, RIGHT)]), seen(index, tracks))
    result = scorer.result()
    assert result is not None
    return result


@pytest.mark.usefixtures("trackeval")
def test_a_perfect_tracker_scores_one() -> None:
    score = tracked([(1, 2), (1, 2)])
    assert (score.hota, score.deta, score.assa, score.idf1) == pytest.approx((1.0, 1.0, 1.0, 1.0))


@pytest.mark.usefixtures("trackeval")
def test_a_switch_halfway_halves_association_and_costs_detection_nothing() -> None:
    score = tracked([(1, 2), (3, 4)])
    assert score.deta == pytest.approx(1.0)
    # each match: 10 of 20 frames agree, 10 of the user's 20 are another's: 10 / (20 + 10 - 10)
    assert score.assa == pytest.approx(0.5)
    assert score.hota == pytest.approx(math.sqrt(0.5))
    assert score.idf1 == pytest.approx(2 * 20 / (2 * 20 + 20 + 20))


@pytest.mark.usefixtures("trackeval")
def test_two_that_change_places_are_worse_than_two_new_ones() -> None:
    score = tracked([(1, 2), (2, 1)])
    # 10 / (20 + 20 - 10)
    assert score.assa == pytest.approx(1 / 3)


@pytest.mark.usefixtures("trackeval")
def test_missed_and_invented_cost_detection() -> None:
    scorer = TrackingScorer()
    for index in range(10):
        scorer.add(
            true(index, [user(7, LEFT), user(8, RIGHT)]), seen(index, [track(1, LEFT), track(2, (400, 10, 440, 40))])
        )
    result = scorer.result()
    assert result is not None
    assert result.deta == pytest.approx(1 / 3)
    assert result.assa == pytest.approx(1.0)


@pytest.mark.usefixtures("trackeval")
def test_tracks_of_the_hidden_and_the_tiny_cost_nothing() -> None:
    scorer = TrackingScorer()
    hidden: Box = (400.0, 10.0, 440.0, 40.0)
    for index in range(10):
        users = [user(7, LEFT), user(8, hidden, visible=0.1)]
        scorer.add(true(index, users), seen(index, [track(1, LEFT), track(2, hidden), track(3, (600, 1, 602, 5))]))
    result = scorer.result()
    assert result is not None
    assert result.hota == pytest.approx(1.0)


def test_nothing_to_follow_is_not_measured() -> None:
    scorer = TrackingScorer()
    scorer.add(true(0), seen(0, [track(1, LEFT)]))
    assert scorer.result() is None


def test_places_and_speeds() -> None:
    scorer = PlaceScorer((0.0, 25.0))
    scorer.add(true(0, [user(7, LEFT)]), seen(0, [track(1, LEFT, speed_mps=9.0, at=(0.0, -26.0))]))
    # slow ones say nothing of speed, coasting ones nothing at all
    scorer.add(true(1, [user(7, LEFT, speed_mps=1.0)]), seen(1, [track(1, LEFT, at=(0.0, -26.0))]))
    scorer.add(true(2, [user(7, LEFT)]), seen(2, [track(1, LEFT, at=(50.0, 50.0), seen=False)]))
    score = scorer.result()
    # a saloon is 4.6 m long and heads north, so its front is at -27.7
    assert score.footprint_m.median == pytest.approx(1.7)
    assert score.middle_m.median == pytest.approx(4.0)
    assert score.footprint_m.values == 2
    assert score.speed_share.median == pytest.approx(0.1)
    assert score.speed_share.values == 1
    assert score.speed_bias == pytest.approx(-0.1)
    assert list(score.footprint_by_distance_m) == ["40–60 m"]


@pytest.mark.parametrize(
    ("place_m", "distance_m"),
    [((0.0, -30.0), 0.0), ((0.9, -27.8), 0.0), ((1.9, -30.0), 1.0), ((0.0, -35.3), 3.0), ((3.9, -23.7), 5.0)],
)
def test_distance_to_a_footprint(place_m: tuple[float, float], distance_m: float) -> None:
    assert footprint_distance_m(user(1, LEFT), place_m) == pytest.approx(distance_m, abs=1e-9)


def test_queues_are_asked_once_a_second() -> None:
    scorer = QueueScorer()
    for index in range(40):
        truth = QueueRow(3, 20.0, 4, 27.0)
        ours = [
            SeenQueue(3, 20.0, False),
            SeenQueue(1, 8.0, False),
            SeenQueue(None, None, False),
            SeenQueue(2, 14.0, True),
        ]
        scorer.add(true(index, queues={"NB1": truth}), seen(index, queues={"NB1": ours[index // 10]}))
    whole, lanes = scorer.result()
    assert whole is not None
    assert list(lanes) == ["NB1"]
    assert (whole.seconds, whole.unknown, whole.at_least, whole.at_least_true) == (4, 1, 1, 1)
    assert whole.error_vehicles.values == 2
    assert whole.error_vehicles.median == pytest.approx(1.0)
    assert whole.error_m.median == pytest.approx(6.0)
    assert whole.hcm_vehicles.median == pytest.approx(2.0)


def test_an_empty_lane_does_not_flatter() -> None:
    scorer = QueueScorer()
    nothing, none = QueueRow(0, 0.0, 0, 0.0), SeenQueue(0, 0.0, False)
    for index in range(100):
        truth = QueueRow(4, 30.0, 4, 30.0) if index >= 90 else nothing
        scorer.add(true(index, queues={"NB1": truth}), seen(index, queues={"NB1": none}))
    whole, _ = scorer.result()
    assert whole is not None
    assert whole.error_vehicles.median == 4.0
    assert whole.always.median == 0.0


def record(*events: dict[str, Any], **run: Any) -> Record:
    first = {"kind": "run", "t_ns": 0, "site": "s", "movements": [], **run}
    return Record(first, None, (first, *events))


def crash(number: int, started_s: float) -> IncidentRow:
    return IncidentRow(number=number, kind="crash", lane="NB1", x_m=0, y_m=0, started_s=started_s, users=())


def test_spells_begin_and_end() -> None:
    watch = HappeningWatch()
    for index in range(100):
        faults = (("dark",) if 20 <= index < 50 else ()) + (("blur",) if index >= 80 else ())
        watch.add(true(index, incidents=(crash(0, 2.0),) if 20 <= index < 60 else (), faults=faults))
    assert watch.incidents() == (Spell("crash", "NB1", 2.0, 5.9),)
    assert watch.faults() == (Spell("dark", None, 2.0, 5.0), Spell("blur", None, 8.0, None))


def incident(t_s: float, kind: str = "crash", lane: str | None = "NB1") -> dict[str, Any]:
    return {"kind": "incident", "t_ns": round(t_s * 1e9), "incident": kind, "lane": lane}


def test_incidents_found_late_missed_and_invented() -> None:
    truth = [Spell("crash", "NB1", 10.0, 40.0), Spell("wrong_way", "NB2", 50.0, None)]
    assert incident_score(truth, record()) is None  # nobody looked
    looked = incident_score(truth, record(incidents=True))
    assert looked is not None
    assert looked.found == 0
    score = incident_score(
        truth, record(incident(14.0), incident(20.0), incident(30.0, lane="SB1"), incident(45.0, "red_light_running"))
    )
    assert score is not None
    assert [one.delay_s for one in score.noticed] == [4.0, None]
    assert score.false_reports == 2


def test_an_incident_told_many_times_is_one_report_and_its_end_none() -> None:
    truth = [Spell("stopped_vehicle", "NB1", 10.0, 40.0), Spell("stopped_vehicle", "NB1", 60.0, 90.0)]

    def told(t_s: float, name: str, stage: str, kind: str = "stopped_vehicle") -> dict[str, Any]:
        return {**incident(t_s, kind), "id": name, "stage": stage}

    one = [told(16, "1", "start"), told(26, "1", "update"), told(65, "1", "update"), told(140, "1", "end")]
    score = incident_score(truth, record(*one))
    assert score is not None
    assert ([one.delay_s for one in score.noticed], score.false_reports) == ([6.0, None], 0)
    two = [*one, told(70, "2", "start", "slow_lane"), told(72, "2", "update"), told(80, "3", "moment", "near_miss")]
    score = incident_score(truth, record(*two, told(85, "4", "start", "crash")))
    assert score is not None
    assert ([one.delay_s for one in score.noticed], score.false_reports) == ([6.0, 12.0], 1)


def test_who_stands_behind_a_crash_is_no_false_alarm_and_a_crash_behind_who_stands_is() -> None:
    behind = incident_score([Spell("crash", "NB1", 10.0, 40.0)], record(incident(30.0, "stopped_vehicle", "NB2")))
    before = incident_score([Spell("stopped_vehicle", "NB1", 10.0, 40.0)], record(incident(30.0)))
    assert behind is not None
    assert before is not None
    assert (behind.found, behind.false_reports, before.found, before.false_reports) == (0, 0, 0, 1)


def test_a_queue_into_the_box_answers_spillback_and_an_engine_is_no_incident() -> None:
    truth = [Spell("spillback", None, 10.0, None), Spell("emergency_vehicle", None, 20.0, None)]
    score = incident_score(truth, record(incident(30.0, "blocked_box")))
    assert score is not None
    assert ([one.delay_s for one in score.noticed], score.false_reports) == ([20.0], 0)


def test_camera_faults_noticed_and_cried_for_nothing() -> None:
    truth = [Spell("dark", None, 10.0, 20.0), Spell("blur", None, 30.0, 40.0)]

    def sight(t_s: float, ok: bool) -> dict[str, Any]:
        return {"kind": "sight", "t_ns": round(t_s * 1e9), "ok": ok, "reason": None if ok else "dark"}

    events = [sight(0, ok=True), sight(11.5, ok=False), sight(21, ok=True), sight(60, ok=False)]
    score = sight_score(truth, record(*events))
    assert [one.delay_s for one in score.noticed] == [1.5, None]
    assert score.false_reports == 1
