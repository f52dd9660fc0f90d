"""What a rule keeps of each track, until the track has not been seen for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from edge.clock import NS_PER_S

Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """Track id → what is kept. A track that misses some detections drops out of the scene and comes back."""

    def __init__(self, keep_s: float = 3.0) -> None:
        self._keep_ns = round(keep_s * NS_PER_S)
        self._rows: dict[int, tuple[int, Kept]] = {}
        self._swept_ns = 0

    def __getitem__(self, track_id: int) -> Kept:
        return self._rows[track_id][1]

    def get(self, track_id: int) -> Kept | None:
        """What is kept of a track, None where nothing is."""
        row = self._rows.get(track_id)
        return None if row is None else row[1]

    def put(self, t_ns: int, track_id: int, value: Kept) -> None:
        """Keep it, from now on anew."""
        self._rows[track_id] = (t_ns, value)

    def touch(self, t_ns: int, track_id: int) -> None:
        """The track is there; what is kept of it stays."""
        row = self._rows.get(track_id)
        if row is not None:
            self._rows[track_id] = (t_ns, row[1])

    def setdefault(self, t_ns: int, track_id: int, make: Callable[[], Kept]) -> Kept:
        """What is kept, made first where nothing is; the track is there."""
        row = self._rows.get(track_id)
        value = make() if row is None else row[1]
        self._rows[track_id] = (t_ns, value)
        return value

    def sweep(self, t_ns: int) -> None:
        """Forget tracks that are gone; once a second is enough."""
        if t_ns - self._swept_ns >= NS_PER_S:
            self._swept_ns = t_ns
            limit_ns = t_ns - self._keep_ns
            self._rows = {track_id: row for track_id, row in self._rows.items() if row[0] >= limit_ns}

    def clear(self) -> None:
        """Forget all."""
        self._rows.clear()

    def __len__(self) -> int:
        return len(self._rows)
