"""How long to wait before a camera is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from zlib import crc32

from edge.clock import NS_PER_S


@dataclass(frozen=True, slots=True)
class BackoffSettings:
    """Waits grow from first_s by factor up to most_s, each ± jitter of itself.

    healthy_s: after frames for so long, the next failure counts as the first again.
    """

    first_s: float = 0.5
    factor: float = 2.0
    most_s: float = 30.0
    jitter: float = 0.25
    healthy_s: float = 10.0


class Backoff:
    """Waits of one camera. The jitter follows from its name alone: two cameras behind one
    switch that fails do not come back in the same instant, yet every run is the same."""

    def __init__(self, camera: str, settings: BackoffSettings | None = None) -> None:
        self._settings = settings if settings is not None else BackoffSettings()
        self._random = random.Random(crc32(camera.encode()))  # noqa: S311  spreads reconnects, guards nothing
        self._wait_s = self._settings.first_s

    def after(self, frames_from_ns: int | None, now_ns: int) -> float:
        """Seconds to wait after a failure at `now_ns` of a connection that gave frames since
        `frames_from_ns` (None: gave none)."""
        settings = self._settings
        if frames_from_ns is not None and now_ns - frames_from_ns >= settings.healthy_s * NS_PER_S:
            self._wait_s = settings.first_s
        wait_s = self._wait_s
        self._wait_s = min(wait_s * settings.factor, settings.most_s)
        return wait_s * (1.0 + settings.jitter * self._random.uniform(-1.0, 1.0))
