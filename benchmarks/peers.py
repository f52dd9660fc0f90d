"""What the benchmarks share of the libraries they compare with."""

from __future__ import annotations

import numpy as np
import supervision as sv


def with_ids(tracked: sv.Detections) -> sv.Detections:
    """Those that ByteTrack has given a number; it marks the others with -1."""
    ids = np.asarray(tracked.tracker_id if tracked.tracker_id is not None else np.empty(0, int))
    kept = tracked[ids >= 0]
    if not isinstance(kept, sv.Detections):
        raise TypeError(f"indexing detections gave {type(kept).__name__}")
    return kept


def ids_of(tracked: sv.Detections) -> list[int]:
    """The numbers of tracked detections."""
    return [] if tracked.tracker_id is None else [int(i) for i in tracked.tracker_id]
