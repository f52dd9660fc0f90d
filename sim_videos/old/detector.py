"""A simulated detector: the truth of a rendered clip, spoilt as a real detector would spoil it.

It looks at no pixel. It exists because pretrained detectors do not see drawn vehicles;
whatever uses it must say so, and its name does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from edge.frames import Detections, Frame
from edge.types import KINDS, Kind
from sim_videos.old.truth import SceneFrame, load_scene_truth

#: What each kind is taken for when it is mistaken.
_MISTAKEN: dict[Kind, tuple[Kind, ...]] = {
    Kind.CAR: (Kind.TRUCK,),
    Kind.TRUCK: (Kind.CAR, Kind.BUS),
    Kind.BUS: (Kind.TRUCK,),
    Kind.MOTORCYCLE: (Kind.BICYCLE,),
    Kind.BICYCLE: (Kind.MOTORCYCLE, Kind.PERSON),
    Kind.PERSON: (Kind.BICYCLE,),
}
_CONFUSED = 0.03
#: Below this visible share nothing is seen; up to the second the chance rises.
_HIDDEN, _CLEAR = 0.12, 0.45
#: A box lower than this is harder to find, in pixels.
_SMALL_PX = 12.0
Array = NDArray[np.float64]


class SimulatedDetector:
    """`edge.seams.Detector` over a scene's `*.truth.jsonl`.

    miss is the share of clearly visible road users not found in a frame; those half
    hidden or far away are missed more often and score lower. jitter_px is the standard
    deviation of each box edge, at most a sixteenth of the box. false_per_frame is the
    mean number of boxes where nothing is. The answer depends on the seed and on
    `frame.index` only, not on the order of calls. InputError where the truth is damaged.
    """

    name = "simulated (scene truth, no model)"

    def __init__(
        self,
        truth_path: Path,
        *,
        seed: int,
        miss: float = 0.08,
        jitter_px: float = 1.5,
        false_per_frame: float = 0.02,
    ) -> None:
        if not 0 <= miss <= 1 or jitter_px < 0 or false_per_frame < 0 or seed < 0:
            raise ValueError("miss must lie in 0..1; jitter_px, false_per_frame and seed must not be negative")
        truth = load_scene_truth(truth_path)
        self._path = truth_path
        self._frames = truth.frames
        self._size = truth.header.size
        self._seed, self._miss, self._jitter_px, self._false = seed, miss, jitter_px, false_per_frame

    def detect(self, frame: Frame) -> Detections:
        """Boxes of the truth's frame of the same index; InputError where size or index differ from the truth."""
        height, width = frame.image.shape[:2]
        if (width, height) != self._size:
            wide, high = self._size
            raise InputError(
                f"{self._path}: is of {wide}×{high} pixels, the frame of {width}×{height}: replay its own clip"
            )
        if not 0 <= frame.index < len(self._frames):
            raise InputError(
                f"{self._path}: has no frame {frame.index}, only 0 to {len(self._frames) - 1}: replay its own clip"
            )
        rng = np.random.default_rng((self._seed, frame.index))
        boxes, scores, kinds = self._seen(self._frames[frame.index], rng)
        extra = int(rng.poisson(self._false))
        boxes = np.concatenate((boxes, self._false_boxes(extra, rng)))
        scores = np.concatenate((scores, rng.uniform(0.25, 0.5, extra)))
        kinds += [Kind.CAR] * extra
        return Detections(
            frame.t_ns,
            boxes.astype(np.float32),
            scores.astype(np.float32),
            np.array([KINDS.index(kind) for kind in kinds], np.int32),
        )

    def close(self) -> None:
        """Nothing to free."""

    def _seen(self, truth: SceneFrame, rng: np.random.Generator) -> tuple[Array, Array, list[Kind]]:
        users = truth.users
        draws = rng.random((len(users), 4))
        noise = rng.standard_normal((len(users), 4))
        boxes, scores, kinds = [], [], []
        for user, (found, confused, which, score), shake in zip(users, draws, noise, strict=True):
            box = np.array((user.x1_px, user.y1_px, user.x2_px, user.y2_px))
            wide, high = box[2] - box[0], box[3] - box[1]
            clear = float(
                np.clip((user.visible - _HIDDEN) / (_CLEAR - _HIDDEN), 0, 1) * np.clip(high / _SMALL_PX, 0, 1)
            )
            if found >= (1 - self._miss) * clear:
                continue
            spread = np.minimum(self._jitter_px, np.array((wide, high, wide, high)) / 16)
            box += np.clip(shake, -2.5, 2.5) * spread
            boxes.append(np.clip(box, 0, np.array((*self._size, *self._size))))
            scores.append(0.35 + 0.5 * clear * min(1.0, 0.4 + user.visible) + 0.12 * score)
            others = _MISTAKEN[user.kind]
            kinds.append(others[int(which * len(others))] if confused < _CONFUSED else user.kind)
        return np.array(boxes, np.float64).reshape(-1, 4), np.array(scores, np.float64), kinds

    def _false_boxes(self, count: int, rng: np.random.Generator) -> Array:
        width, height = self._size
        size = rng.uniform((14, 12), (60, 50), (count, 2))
        corner = rng.uniform((0, 0.2 * height), (width - 60, height - 50), (count, 2))
        return np.concatenate((corner, corner + size), axis=1)
