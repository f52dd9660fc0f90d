"""One road user, one number: through misses, edges, frame rates and crowds."""

from __future__ import annotations

import numpy as np
import pytest

from edge.types import Kind, Track
from edge.vision.tracker import GroundTracker
from tests.overhead import CAMERA, PLANE, box_at, detections


def run(
    seconds: float, fps: float, speed_mps: float, hidden: tuple[float, float] = (9e9, 9e9), noise_px: float = 0.0
) -> list[tuple[Track, ...]]:
    tracker, out = GroundTracker(CAMERA, PLANE), []
    rng = np.random.default_rng(1)
    for frame in range(1, round(seconds * fps)):
        t = frame / fps
        y = -3 + speed_mps * t
        inside = -2 < y < 42 and not hidden[0] <= t < hidden[1]
        boxes = [tuple(v + rng.uniform(-noise_px, noise_px) for v in box_at(9, y))] if inside else []
        out.append(tracker.update(detections(t, boxes)))  # type: ignore[arg-type]
    return out


@pytest.mark.parametrize("fps", [5, 12.5, 25])
def test_one_number_at_any_frame_rate(fps: float) -> None:
    ids = {track.track_id for tracks in run(4, fps, 10.0) for track in tracks}
    assert len(ids) == 1


def test_coasts_through_misses_and_says_so() -> None:
    out = run(4, 25, 10.0, hidden=(2.0, 2.4))
    ids = {track.track_id for tracks in out for track in tracks}
    assert len(ids) == 1
    unseen = [track for tracks in out for track in tracks if not track.seen]
    assert len(unseen) == 10
    # The coasting box moves on at the speed it had: 10 m/s × 0.36 s × 20 px/m.
    assert unseen[-1].foot_px[1] - unseen[0].foot_px[1] == pytest.approx(72, rel=0.1)


@pytest.mark.parametrize("speed", [4.0, 10.0, 18.0])
def test_speed_is_right_and_knows_how_unsure_it_is(speed: float) -> None:
    last = [tracks[0] for tracks in run(min(3.0, 34 / speed), 25, speed, noise_px=1.0) if tracks][-1]
    assert last.speed_mps == pytest.approx(speed, abs=3 * (last.speed_sd_mps or 0))
    assert last.speed_sd_mps is not None
    assert last.speed_sd_mps < 0.15 * speed + 0.5


def test_coming_into_view_does_not_make_a_vehicle_slow() -> None:
    # While the frame's edge cuts the box, its middle moves at half the speed of the vehicle.
    speeds = [
        track.speed_mps for tracks in run(2.0, 25, 10.0) for track in tracks if track.box_px[1] > 5 and track.speed_mps
    ]
    assert speeds[10] == pytest.approx(10.0, rel=0.1)


def test_unsure_detections_continue_but_never_begin_a_track() -> None:
    tracker = GroundTracker(CAMERA, PLANE)
    for k in range(1, 6):
        assert tracker.update(detections(k / 25, [box_at(9, 10 + k * 0.2)], score=0.15)) == ()
    for k in range(6, 10):
        tracker.update(detections(k / 25, [box_at(9, 10 + k * 0.2)], score=0.8))
    weak = tracker.update(detections(10 / 25, [box_at(9, 12.0)], score=0.15))
    assert [track.seen for track in weak] == [True]


@pytest.mark.parametrize(
    ("kind", "begins"), [(Kind.CAR, False), (Kind.BUS, False), (Kind.PERSON, True), (Kind.MOTORCYCLE, True)]
)
def test_who_is_narrow_begins_a_track_at_a_lower_score(kind: Kind, begins: bool) -> None:
    tracker = GroundTracker(CAMERA, PLANE)
    for k in range(1, 6):
        tracks = tracker.update(detections(k / 25, [box_at(9, 10 + k * 0.2)], score=0.22, kind=kind))
    assert bool(tracks) is begins


def test_ids_are_never_used_twice() -> None:
    tracker = GroundTracker(CAMERA, PLANE)
    tracker.update(detections(0.04, [box_at(9, 10)]))
    first = tracker.update(detections(0.08, [box_at(9, 10)]))
    tracker.reset()
    tracker.update(detections(0.12, [box_at(9, 10)]))
    second = tracker.update(detections(0.16, [box_at(9, 10)]))
    assert first[0].track_id < second[0].track_id


def test_time_must_advance() -> None:
    tracker = GroundTracker(CAMERA, PLANE)
    tracker.update(detections(1.0, []))
    with pytest.raises(ValueError, match="time must advance"):
        tracker.update(detections(1.0, []))


def test_a_standing_vehicle_stands() -> None:
    tracker, rng = GroundTracker(CAMERA, PLANE), np.random.default_rng(2)
    last: tuple[Track, ...] = ()
    for k in range(1, 200):
        x1, y1, x2, y2 = box_at(9, 15)
        dx, dy = rng.uniform(-3, 3, 2)
        last = tracker.update(detections(k / 25, [(x1 + dx, y1 + dy, x2 + dx, y2 + dy)]))
    assert last[0].speed_mps is not None
    assert last[0].speed_mps < 1.0


def test_two_side_by_side_keep_their_numbers() -> None:
    tracker = GroundTracker(CAMERA, PLANE)
    seen: dict[int, set[float]] = {}
    for k in range(1, 80):
        for track in tracker.update(detections(k / 25, [box_at(6, k * 0.4), box_at(9, k * 0.4)])):
            seen.setdefault(track.track_id, set()).add(round(track.foot_px[0] / 20))
    assert sorted(map(sorted, seen.values())) == [[6], [9]]


@pytest.mark.parametrize(("out_px", "in_px"), [(8, 6), (8, 10), (12, 10)])
def test_one_that_leaves_is_not_taken_for_one_that_comes_in_there(out_px: int, in_px: int) -> None:
    # Out by the right edge of a 360 px frame, not seen as its last 45 px go; another comes in at the same place.
    tracker, numbers = GroundTracker(CAMERA, PLANE), dict[str, set[int]](out=set(), back=set())
    for k in range(1, 60):
        boxes = []
        for name, x, least in (("out", 60 + out_px * k, 45), ("back", 405 + in_px * (28 - k), 12)):
            left, right = x - 45, min(x + 45, 360)
            if right - left > least:
                boxes.append((name, (float(left), 300.0, float(right), 335.0)))
        tracks = tracker.update(detections(k / 12.5, [box for _, box in boxes]))
        for name, box in boxes:
            numbers[name] |= {t.track_id for t in tracks if t.seen and abs(t.box_px[0] - box[0]) < 1}
    assert numbers["back"]
    assert not numbers["out"] & numbers["back"]


def test_boxes_that_overlap_but_stand_apart_on_the_ground_are_two() -> None:
    tracker = GroundTracker(CAMERA, PLANE)
    first: set[int] = set()
    second: set[int] = set()
    for k in range(1, 100):
        behind = k >= 50
        tracks = tracker.update(detections(k / 25, [box_at(9, 18.4 if behind else 15)]))
        (second if behind else first).update(track.track_id for track in tracks if track.seen)
    assert first
    assert second
    assert not first & second


def braking_m(t_s: float) -> float:
    """From 14 m/s to rest at 3 m/s², from the top of the picture."""
    t_s = min(t_s, 14 / 3)
    return 14 * t_s - 1.5 * t_s**2


def test_the_speed_of_one_that_brakes_does_not_lag_behind() -> None:
    tracker, rng = GroundTracker(CAMERA, PLANE), np.random.default_rng(3)
    late = []
    for k in range(1, 46):
        t = k / 10
        box = tuple(v + rng.uniform(-1, 1) for v in box_at(9, braking_m(t)))
        tracks = tracker.update(detections(t, [box]))  # type: ignore[list-item]
        if t > 1.5:
            late.append((tracks[0].speed_mps or 0.0) - (14 - 3 * t))
    assert np.median(late) < 0.3


def test_one_that_brakes_out_of_sight_does_not_drive_backwards() -> None:
    tracker, unseen = GroundTracker(CAMERA, PLANE), []
    for k in range(1, 48):
        hidden = k > 43
        tracks = tracker.update(detections(k / 10, [] if hidden else [box_at(9, braking_m(k / 10))]))
        unseen += [track.pos_m[1] for track in tracks if hidden]
    assert len(unseen) == 4
    assert (np.diff(unseen) >= 0).all()
