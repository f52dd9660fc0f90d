"""Detectors that look at no pixel: the truth of a rendered scene, spoilt as a real detector would spoil it, or not.

They exist to cut the vision out of a closed loop and see what it costs, and to test what
follows a detector. Whatever uses one must say so, and its name does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from edge.frames import Detections, Frame
from edge.types import KINDS, Kind
from sim_videos.truth import SceneFrame, Seen, load_scene_truth

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]

#: What each kind is taken for when it is mistaken.
_MISTAKEN: dict[Kind, tuple[Kind, ...]] = {
    Kind.CAR: (Kind.TRUCK,),
    Kind.TRUCK: (Kind.CAR, Kind.BUS),
    Kind.BUS: (Kind.TRUCK,),
    Kind.MOTORCYCLE: (Kind.BICYCLE,),
    Kind.BICYCLE: (Kind.MOTORCYCLE, Kind.PERSON),
    Kind.PERSON: (Kind.BICYCLE,),
}


@dataclass(frozen=True, slots=True)
class Eyesight:
    """How well a simulated detector sees.

    miss is the share of clearly visible road users not found in a frame; those of which less
    than `clear` shows, or lower than small_px, are missed more often and score lower, and
    below `hidden` nothing is seen. jitter_px is the standard deviation of each box edge, at
    most a sixteenth of the box. confused is the share given another class. false_per_frame
    is the mean number of boxes where nothing is.
    """

    miss: float = 0.08
    jitter_px: float = 1.5
    false_per_frame: float = 0.02
    confused: float = 0.03
    hidden: float = 0.12
    clear: float = 0.45
    small_px: float = 12.0

    def __post_init__(self) -> None:
        shares = (self.miss, self.confused, self.hidden, self.clear)
        if not all(0 <= share <= 1 for share in shares) or self.hidden > self.clear:
            raise ValueError("miss, confused, hidden and clear must lie in 0..1, and hidden be no more than clear")
        if min(self.jitter_px, self.false_per_frame, self.small_px) < 0:
            raise ValueError("jitter_px, false_per_frame and small_px must not be negative")


#: Sees whatever shows, as it is.
PERFECT = Eyesight(0.0, 0.0, 0.0, 0.0, 0.05, 0.05, 0.0)


@dataclass(frozen=True, slots=True)
class TrueBox:
    """One road user in the picture."""

    kind: Kind
    box_px: Box
    visible: float


class TruthDetector:
    """`edge.seams.Detector` over the road users that the renderer says are in the picture.

    Tell it with `see` what the next picture shows, then ask `detect`. The answer depends on
    the seed, `frame.index` and what was told, not on what came before.
    """

    def __init__(self, sight: Eyesight = PERFECT, *, seed: int = 0) -> None:
        self._sight, self._seed = sight, seed
        self._boxes: tuple[TrueBox, ...] = ()
        self.name = "perfect eyes (scene truth, no model)" if sight == PERFECT else "simulated (scene truth, no model)"

    def see(self, seen: Iterable[Seen], kinds: Mapping[int, Kind]) -> None:
        """What the next picture shows; kinds: user id → kind. KeyError for one without."""
        self._boxes = tuple(TrueBox(kinds[one.user_id], one.box_px, one.visible) for one in seen)

    def detect(self, frame: Frame) -> Detections:
        """Boxes of what was told."""
        height, width = frame.image.shape[:2]
        rng = np.random.default_rng((self._seed, frame.index))
        return spoilt(self._boxes, (width, height), self._sight, rng, frame.t_ns)

    def close(self) -> None:
        """Nothing to free."""


class SimulatedDetector:
    """`edge.seams.Detector` over a scene's `*.truth.jsonl`; the answer depends on the seed and `frame.index` only.

    InputError where the truth is damaged, and where a frame is of another size or beyond it.
    """

    name = "simulated (scene truth, no model)"

    def __init__(self, truth_path: Path, *, seed: int, sight: Eyesight | None = None) -> None:
        if seed < 0:
            raise ValueError("seed must not be negative")
        truth = load_scene_truth(truth_path)
        self._path = truth_path
        self._frames = truth.frames
        self._size = truth.header.size
        self._seed = seed
        self._sight = sight if sight is not None else Eyesight()

    def detect(self, frame: Frame) -> Detections:
        """Boxes of the truth's frame of the same index."""
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
        return spoilt(boxes_of(self._frames[frame.index]), self._size, self._sight, rng, frame.t_ns)

    def close(self) -> None:
        """Nothing to free."""


def boxes_of(frame: SceneFrame) -> tuple[TrueBox, ...]:
    """The road users of one line of a scene's truth."""
    return tuple(
        TrueBox(user.kind, (user.x1_px, user.y1_px, user.x2_px, user.y2_px), user.visible) for user in frame.users
    )


def spoilt(
    boxes: Sequence[TrueBox], size_px: tuple[int, int], sight: Eyesight, rng: np.random.Generator, t_ns: int
) -> Detections:
    """What a detector of this eyesight answers for these road users in a picture of size_px (width, height)."""
    width, height = size_px
    frame = np.array((width, height, width, height), np.float64)
    draws = rng.random((len(boxes), 4))
    noise = rng.standard_normal((len(boxes), 4))
    found: list[Array] = []
    scores: list[float] = []
    kinds: list[Kind] = []
    for one, (chance, confused, which, score), shake in zip(boxes, draws, noise, strict=True):
        box = np.array(one.box_px, np.float64)
        wide, high = box[2] - box[0], box[3] - box[1]
        clear = _clear(one.visible, float(high), sight)
        if one.visible < sight.hidden or chance >= (1 - sight.miss) * clear:
            continue
        spread = np.minimum(sight.jitter_px, np.array((wide, high, wide, high)) / 16)
        found.append(np.clip(box + np.clip(shake, -2.5, 2.5) * spread, 0, frame))
        scores.append(0.35 + 0.5 * clear * min(1.0, 0.4 + one.visible) + 0.12 * score)
        others = _MISTAKEN[one.kind]
        kinds.append(others[int(which * len(others))] if confused < sight.confused else one.kind)
    extra = int(rng.poisson(sight.false_per_frame))
    false = _false_boxes(extra, width, height, rng)
    return Detections(
        t_ns,
        np.concatenate((np.array(found, np.float64).reshape(-1, 4), false)).astype(np.float32),
        np.concatenate((np.array(scores, np.float64), rng.uniform(0.25, 0.5, extra))).astype(np.float32),
        np.array([KINDS.index(kind) for kind in (*kinds, *[Kind.CAR] * extra)], np.int32),
    )


def _clear(visible: float, high_px: float, sight: Eyesight) -> float:
    """0..1: how plainly it shows."""
    span = sight.clear - sight.hidden
    shown = 1.0 if span == 0 else min(1.0, max(0.0, (visible - sight.hidden) / span))
    return shown * (1.0 if sight.small_px == 0 else min(1.0, high_px / sight.small_px))


def _false_boxes(count: int, width: int, height: int, rng: np.random.Generator) -> Array:
    size = rng.uniform((14, 12), (60, 50), (count, 2))
    corner = rng.uniform((0, 0.2 * height), (width - 60, height - 50), (count, 2))
    return np.concatenate((corner, corner + size), axis=1)
