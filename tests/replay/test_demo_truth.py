"""The rendered junction, through the simulated detector: counts and queues against the scene's truth."""

from __future__ import annotations

import statistics
from collections import Counter

import numpy as np
import pytest

from calibration.load import load_site
from edge.frames import Frame
from edge.types import Kind, Sight
from edge.vision.assign import overlap
from edge.vision.pipeline import VisionPipeline
from sim_videos import DEMO_TRUTH
from sim_videos.detector import PERFECT, SimulatedDetector
from sim_videos.score.judge import boxes_of
from sim_videos.truth import load_scene_truth


@pytest.mark.parametrize("seed", [1, 4, 6])
def test_counts_and_queues_of_the_demo(seed: int) -> None:
    site, truth = load_site("demo"), load_scene_truth(DEMO_TRUTH)
    (camera,) = site.cameras
    pipeline, picture = VisionPipeline(site, camera.id), np.zeros((*camera.size_px[::-1], 3), np.uint8)
    detector = SimulatedDetector(DEMO_TRUTH, seed=seed)
    ours: Counter[str] = Counter()
    true: Counter[str] = Counter()
    errors_vehicles: list[float] = []
    for scene in truth.frames:
        frame = Frame(camera.id, scene.frame, round(scene.t_s * 1e9), picture)
        result = pipeline.update(frame, detector.detect(frame), Sight(frame.t_ns, camera.id, ok=True))
        ours.update(crossing.movement for crossing in result.crossings)
        true.update(crossing.movement for crossing in scene.crossings)
        for lane in result.lanes:
            queue = scene.queues[lane.lane]
            assert lane.queue.vehicles is not None
            if lane.queue.vehicles or queue.vehicles:
                errors_vehicles.append(abs(lane.queue.vehicles - queue.vehicles))
    assert true.total() >= 25
    for movement in true | ours:
        if movement.startswith("P"):  # few pixels each, and side by side: some are lost, none is invented
            assert 1 <= ours[movement] <= true[movement] + 1
            continue
        off = max(1, 0.1 * true[movement])
        assert abs(ours[movement] - true[movement]) <= off, f"{movement}: {ours[movement]} against {true[movement]}"
    assert statistics.median(errors_vehicles) <= 1.0


def test_perfect_eyes_count_everybody_and_rarely_take_one_person_for_another() -> None:
    site, truth = load_site("demo"), load_scene_truth(DEMO_TRUTH)
    (camera,) = site.cameras
    pipeline, picture = VisionPipeline(site, camera.id), np.zeros((*camera.size_px[::-1], 3), np.uint8)
    detector = SimulatedDetector(DEMO_TRUTH, seed=1, sight=PERFECT)
    ours: Counter[str] = Counter()
    true: Counter[str] = Counter()
    number: dict[int, int] = {}
    changes = 0
    for scene in truth.frames:
        frame = Frame(camera.id, scene.frame, round(scene.t_s * 1e9), picture)
        result = pipeline.update(frame, detector.detect(frame), Sight(frame.t_ns, camera.id, ok=True))
        ours.update(crossing.movement for crossing in result.crossings)
        true.update(crossing.movement for crossing in scene.crossings)
        people = [user for user in scene.users if user.kind is Kind.PERSON]
        seen = [track for track in result.tracks if track.seen]
        same = overlap(boxes_of(people), np.array([track.box_px for track in seen], np.float64).reshape(-1, 4)) > 0.99
        for person, track in zip(*np.nonzero(same), strict=True):
            one = people[person].id
            changes += number.get(one, seen[track].track_id) != seen[track].track_id
            number[one] = seen[track].track_id
    assert ours == true
    assert len(number) > 30
    assert changes < 150
