"""The camera's own normal: how much structure each tile has in this light, learned from clear pictures.

A wall has little of it and a hedge much, at night there is less than by day: only the camera itself can
be the measure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.vision.health.look import TILES, Floats, Look

#: Mean luminance below which it is night, and dusk.
_LIGHTS = (40.0, 75.0)
N_LIGHTS = len(_LIGHTS) + 1
#: Looks after which the normal changes ever more slowly no further: about six hours of them.
_SLOWEST = 40_000
_LEAST = 1e-7


def light_of(look: Look) -> int:
    """0 night, 1 dusk, 2 day."""
    return sum(look.mean >= limit for limit in _LIGHTS)


@dataclass(slots=True)
class Normal:
    """What is usual in one light. fine, coarse, means (9, 16): means of logarithms, and of luminance; count: looks."""

    fine: Floats
    coarse: Floats
    means: Floats
    saturated: Floats
    count: int = 0

    @classmethod
    def unknown(cls) -> Normal:
        """Before the first look."""
        nothing = np.zeros((TILES[1], TILES[0]), np.float32)
        return cls(nothing.copy(), nothing.copy(), nothing.copy(), nothing.copy())

    def learn(self, look: Look) -> None:
        """Take in one clear look."""
        self.count = min(self.count + 1, _SLOWEST)
        share = np.float32(1 / self.count)
        for kept, now in (
            (self.fine, _log(look.fine)), (self.coarse, _log(look.coarse)),
            (self.means, look.means), (self.saturated, look.saturated),
        ):  # fmt: skip
            np.add(kept, share * (now - kept), out=kept)

    def lost_fine(self, look: Look) -> Floats:
        """(9, 16) logarithm of the fine structure against the normal: 0 as ever, negative less."""
        return np.asarray(_log(look.fine) - self.fine, np.float32)

    def lost_coarse(self, look: Look) -> Floats:
        """The same of the coarse structure."""
        return np.asarray(_log(look.coarse) - self.coarse, np.float32)

    def structured(self) -> NDArray[np.bool_]:
        """(9, 16) tiles with enough coarse structure that its loss would show."""
        floor = max(float(np.log(2e-4)), float(np.percentile(self.coarse, 90)) - 4.0)
        return np.asarray(self.coarse > floor, np.bool_)


def _log(energy: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(energy, _LEAST)), np.float32)
