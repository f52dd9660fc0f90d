"""The rendered junction, through the simulated detector: counts and queues against the scene's truth."""

from __future__ import annotations

import statistics
from collections import Counter

import numpy as np
import pytest

from calibration.load import load_site
from edge.frames import Frame
from edge.types import Sight
from edge.vision.pipeline import VisionPipeline
from sim_videos import DEMO_TRUTH
from sim_videos.detector import SimulatedDetector
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
