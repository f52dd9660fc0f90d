"""What the picture has lost of its structure: focus, parts of the glass, sight through the air."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.vision.health.look import Floats, Look
from edge.vision.health.normal import Normal

#: Squared widths in px of a sharp edge as the fine and as the coarse steps see it; from rendered blur.
_FINE_PX2, _COARSE_PX2 = 0.22, 23.6
_MOST_BLUR_PX = 8.0
#: Looks over which a tile must never have shown its structure to count as dirty: traffic passes within them.
_WINDOW = 16
_LOST_FINE, _OTHER_LIGHT = -1.3, 0.08

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Loss:
    """blur_px: standard deviation of the extra blur. dirty: share of the structured tiles that lost theirs.
    contrast: what is left of it in the middle tile, 0..1. None: too few tiles to tell."""

    blur_px: float | None
    dirty: float | None
    contrast: float | None


class Structure:
    """Compares looks with the camera's own normal."""

    def __init__(self) -> None:
        self._fine: deque[Floats] = deque(maxlen=_WINDOW)
        self._light: deque[Floats] = deque(maxlen=_WINDOW)
        self._sharp: deque[float] = deque(maxlen=5)

    def forget(self) -> None:
        """Another light, or a picture that showed nothing: what was seen before is not compared."""
        self._fine.clear()
        self._light.clear()
        self._sharp.clear()

    def update(self, look: Look, normal: Normal) -> Loss:
        """What this look has lost."""
        structured = normal.structured()
        if np.count_nonzero(structured) < 8:
            return Loss(None, None, None)
        fine, coarse = normal.lost_fine(look), normal.lost_coarse(look)
        contrast = float(np.minimum(np.exp(coarse[structured] / 2), 1.0).mean())
        # Where fog took nearly all, what is left of an edge cannot tell how wide it is.
        clear = structured & (coarse > -2.5)
        if np.count_nonzero(clear) >= 8:
            self._sharp.append(float(np.median((fine - coarse)[clear])))
        blur_px = _blur_px(float(np.median(self._sharp))) if len(self._sharp) >= 3 else None
        return Loss(blur_px, self._dirty(look, normal, structured, fine, coarse), contrast)

    def _dirty(self, look: Look, normal: Normal, structured: Bools, fine: Floats, coarse: Floats) -> float | None:
        """Tiles that lost their structure for the whole window and changed in light."""
        brighter = np.log(np.maximum(look.means, 1.0)) - np.log(np.maximum(normal.means, 1.0))
        self._fine.append(fine)
        self._light.append(np.asarray(brighter - np.median(brighter), np.float32))
        if len(self._fine) < _WINDOW:
            return None
        history = np.stack(self._fine)
        lost = structured & (history.max(axis=0) < _LOST_FINE)
        lost &= np.abs(np.median(np.stack(self._light), axis=0)) > _OTHER_LIGHT
        lost &= ~_veiled(structured, fine, coarse)
        return float(np.count_nonzero(lost)) / float(np.count_nonzero(structured))


def _blur_px(lost: float) -> float:
    """Extra blur from the logarithm of how much more fine than coarse structure was lost."""
    k = math.exp(2 * lost) * _COARSE_PX2 / _FINE_PX2
    if k <= 1.0 + (_COARSE_PX2 - _FINE_PX2) / (_MOST_BLUR_PX**2 + _FINE_PX2):
        return _MOST_BLUR_PX
    return math.sqrt(max(0.0, (_COARSE_PX2 - k * _FINE_PX2) / (k - 1.0)))


def _veiled(structured: Bools, fine: Floats, coarse: Floats) -> Bools:
    """Tiles that fog may have taken: as much coarse as fine structure, and all above them is taken too.

    What is near stays, so a column that lost all of it did so to dirt, unless most columns did.
    """
    faded = ~structured | (coarse < -0.7)
    whole = faded.all(axis=0)
    veiled = np.logical_and.accumulate(faded, axis=0) & (fine - coarse > -0.6)
    return np.asarray(veiled & (~whole | (np.count_nonzero(whole) > 0.6 * whole.size)), np.bool_)
