"""How well road users are followed: HOTA (Luiten et al., 2021) and IDF1 (Ristani et al., 2016), by `trackeval`.

Tracks that coast unseen say nothing about a frame. A track that lies on a road user too
hidden or too small to be asked for is left out of that frame, as MOTChallenge does with
distractors; so is one too small to be of any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.replay.frame_log import SeenFrame
from edge.vision.average_precision import overlaps
from sim_videos.score.judge import Array, boxes_of, optional, pairs, small
from sim_videos.truth import SceneFrame

Ids = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class TrackingScore:
    """Shares 0..1; deta and assa are HOTA's parts, detection and association, averaged over IoU 0.05 to 0.95."""

    hota: float
    deta: float
    assa: float
    idf1: float


class TrackingScorer:
    """Give it every frame that shows the street, in order."""

    def __init__(self) -> None:
        self._truth_ids: list[Ids] = []
        self._track_ids: list[Ids] = []
        self._shares: list[Array] = []
        self._known: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def add(self, truth: SceneFrame, seen: SeenFrame) -> None:
        """One frame of both."""
        spared = optional(truth.users)
        boxes = boxes_of(truth.users)
        tracks = [track for track in seen.tracks if track.seen]
        ours = np.array([track[2:6] for track in tracks], np.float64).reshape(-1, 4)
        matched = dict(pairs(ours, boxes))
        tiny = small(ours)
        dropped = {i for i in range(len(tracks)) if (spared[matched[i]] if i in matched else tiny[i])}
        keep = [i for i in range(len(tracks)) if i not in dropped]
        self._truth_ids.append(
            self._numbered(0, [user.id for user, off in zip(truth.users, spared, strict=True) if not off])
        )
        self._track_ids.append(self._numbered(1, [tracks[i].id for i in keep]))
        self._shares.append(np.asarray(overlaps(boxes[~spared], ours[keep]), np.float64))

    def result(self) -> TrackingScore | None:
        """What all frames come to; None without a road user to follow, or without `trackeval`."""
        truths, tracks = (sum(len(ids) for ids in part) for part in (self._truth_ids, self._track_ids))
        if truths == 0:
            return None
        try:
            from trackeval.metrics import HOTA, Identity
        except ModuleNotFoundError:
            return None
        data: dict[str, Any] = {
            "num_gt_dets": truths,
            "num_tracker_dets": tracks,
            "num_gt_ids": len(self._known[0]),
            "num_tracker_ids": len(self._known[1]),
            "gt_ids": self._truth_ids,
            "tracker_ids": self._track_ids,
            "similarity_scores": self._shares,
        }
        hota = HOTA().eval_sequence(data)
        identity = Identity({"PRINT_CONFIG": False}).eval_sequence(data)
        whole, found, kept = (float(np.mean(hota[name])) for name in ("HOTA", "DetA", "AssA"))
        return TrackingScore(whole, found, kept, float(identity["IDF1"]))

    def _numbered(self, side: int, ids: Iterable[int]) -> Ids:
        """Numbers from 0 without a gap, which trackeval asks for."""
        known = self._known[side]
        return np.array([known.setdefault(one, len(known)) for one in ids], np.intp).reshape(-1)
