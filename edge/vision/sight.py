"""Whether a camera's pictures can be believed: neither dark, nor covered, nor frozen.

What follows from a picture that shows nothing is unknown, not zero; so this is asked
before anything is counted in it. Cheap: it looks at 90 rows of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.clock import NS_PER_S
from edge.frames import Frame, ImageBGR
from edge.types import Sight

_SAMPLE_ROWS = 90
_BLOCKS_PX = (80, 45)


@dataclass(frozen=True, slots=True)
class SightSettings:
    """Luminance is 0..255, averaged over blocks; spread is its 5th to 95th percentile.

    Dark: mean below dark_mean and spread below dark_spread, so that a lit road at night
    is not. Covered: spread below covered_spread (a bag over the lens, dense fog; a lens
    covered in part is not noticed). frozen_s: identical pictures for so long. A fault
    must last bad_s before it is believed, and be gone for good_s before sight is again.
    light_every_s: light changes slowly, so not every picture is asked for it.
    """

    dark_mean: float = 20.0
    dark_spread: float = 12.0
    covered_spread: float = 10.0
    frozen_s: float = 2.0
    bad_s: float = 1.0
    good_s: float = 1.0
    light_every_s: float = 0.2


class SightMonitor:
    """Sight of one camera, frame by frame. Reasons are `dark`, `covered` and `frozen`.

    All times are the frames' own. The first picture is judged at once: before it
    nothing is known that hysteresis could keep.
    """

    def __init__(self, camera: str, settings: SightSettings | None = None) -> None:
        self._camera = camera
        self._settings = settings if settings is not None else SightSettings()
        self._still = _StillSince()
        self._reason: str | None = None
        self._differs_since_ns: int | None = None
        self._light: str | None = None
        self._light_ns = 0
        self._first = True

    def update(self, frame: Frame) -> Sight:
        """Sight at this frame."""
        t_ns = frame.t_ns
        sample = frame.image[:: max(1, frame.image.shape[0] // _SAMPLE_ROWS)]
        still_s = (t_ns - self._still.update(t_ns, frame.image, sample)) / NS_PER_S
        frozen = still_s >= self._settings.frozen_s
        if self._first or t_ns - self._light_ns >= self._settings.light_every_s * NS_PER_S:
            self._light, self._light_ns = self._of_light(sample), t_ns
        seen = "frozen" if frozen else self._light
        # frozen_s has already been waited for.
        if self._first or frozen or self._lasted(seen, t_ns):
            self._reason = seen
            self._differs_since_ns = None
        self._first = False
        return Sight(t_ns, self._camera, self._reason is None, self._reason)

    def _lasted(self, seen: str | None, t_ns: int) -> bool:
        if seen == self._reason:
            self._differs_since_ns = None
            return False
        if self._differs_since_ns is None:
            self._differs_since_ns = t_ns
        wait_s = self._settings.good_s if seen is None else self._settings.bad_s
        return t_ns - self._differs_since_ns >= wait_s * NS_PER_S

    def _of_light(self, sample: ImageBGR) -> str | None:
        settings = self._settings
        blocks = cv2.resize(sample, _BLOCKS_PX, interpolation=cv2.INTER_AREA)
        grey = np.sort(cv2.cvtColor(blocks, cv2.COLOR_BGR2GRAY), axis=None)
        spread = float(grey[len(grey) * 95 // 100]) - float(grey[len(grey) * 5 // 100])
        if float(grey.mean()) < settings.dark_mean and spread < settings.dark_spread:
            return "dark"
        return "covered" if spread < settings.covered_spread else None


class _StillSince:
    """Since when pictures have been identical to the last bit.

    Sensor noise differs in every picture, so identical ones come from a camera or
    encoder that hangs. Almost every picture differs within its sampled rows; only when
    those agree is the whole compared.
    """

    def __init__(self) -> None:
        self._sample: ImageBGR | None = None
        self._whole: ImageBGR | None = None
        self._since_ns = 0

    def update(self, t_ns: int, image: ImageBGR, sample: ImageBGR) -> int:
        if self._sample is None or not np.array_equal(self._sample, sample):
            self._sample = sample.copy()
            self._whole = None
            self._since_ns = t_ns
        elif self._whole is None:
            # The whole before was not kept: it counts from here that the rest agrees too.
            self._whole = image.copy()
        elif not np.array_equal(self._whole, image):
            self._whole = image.copy()
            self._since_ns = t_ns
        return self._since_ns
