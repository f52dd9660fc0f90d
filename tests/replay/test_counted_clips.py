"""Real clips, from kept detections: the hand counts are met without the clips or a model.

`counted/NAME.npz` holds what the default model saw in each clip (boxes, scores, classes), made by
`stopline replay NAME.mp4 --site NAME --record-detections counted/NAME.npz`. No picture is kept.
`python -m benchmarks.clips` does the same with the clips and the model themselves.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from calibration.load import load_site
from edge.frames import Frame
from edge.replay.detections import RecordedDetector
from edge.types import Sight
from edge.vision.pipeline import VisionPipeline

COUNTED = Path(__file__).parent / "counted"

#: Clip → frames, frames/s, and vehicles counted by hand in each direction.
HAND_COUNTS: dict[str, tuple[int, float, dict[str, int]]] = {
    "625_201709141107": (262, 25.0, {"toward": 11, "away": 11}),
    "625_201709211001": (265, 25.0, {"toward": 12, "away": 17}),
    "intel_car-detection": (377, 12.5, {"up": 2, "down": 2}),
    "j9747_1156": (252, 25.0, {"toward": 10}),
    "o4n_traffic": (480, 23.976, {"rightward": 17, "leftward": 9}),
}


@pytest.mark.parametrize("clip", HAND_COUNTS)
def test_every_direction_is_within_one_or_a_tenth_of_the_hand_count(clip: str) -> None:
    frames, fps, hand_count = HAND_COUNTS[clip]
    site = load_site(clip)
    (camera,) = site.cameras
    detector = RecordedDetector.load(COUNTED / f"{clip}.npz", None)
    pipeline, picture = VisionPipeline(site, camera.id), np.zeros((*camera.size_px[::-1], 3), np.uint8)
    direction = {movement.id: movement.direction for movement in site.movements}
    ours: Counter[str | None] = Counter()
    for index in range(frames):
        frame = Frame(camera.id, index, round(index / fps * 1e9), picture)
        result = pipeline.update(frame, detector.detect(frame), Sight(frame.t_ns, camera.id, ok=True))
        ours.update(direction[crossing.movement] for crossing in result.crossings)
    for name, count in hand_count.items():
        assert abs(ours[name] - count) <= max(1, 0.1 * count), f"{name}: {ours[name]} against {count} by hand"
