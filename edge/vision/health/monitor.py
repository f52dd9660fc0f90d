"""Whether a camera's pictures can be believed, and what is wrong with them.

What follows from a picture that shows nothing is unknown, not zero; so this is asked
before anything is counted in it. Cheap: most of it looks twice a second only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from calibration.site import Camera
from edge.clock import NS_PER_S
from edge.frames import Frame, ImageBGR
from edge.types import Sight
from edge.vision.health.lens import focal_px
from edge.vision.health.memory import HealthMemory, calibration_key
from edge.vision.health.scene import SceneHealth
from edge.vision.health.settings import SightSettings
from edge.vision.health.still import StillSince
from edge.vision.health.timing import Timing
from edge.vision.health.trouble import Trouble

_SAMPLE_ROWS = 90
_BLOCKS_PX = (80, 45)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a camera besides its pictures; nothing of it is needed.

    now_ns: cabinet time, to tell late frames. clock_offset_ns:
    cabinet time less the stream's own, to tell drift. memory: kept over restarts.
    """

    focal_px: float | None = None
    now_ns: Callable[[], int] | None = None
    clock_offset_ns: Callable[[], int | None] | None = None
    memory: HealthMemory | None = None


class SightMonitor:
    """Sight of one camera, frame by frame. All times are the frames' own.

    Blind, reason says why: `frozen`, `dark`, `covered`, `dazzled`, `knocked`, `blurred`, `dirty`, `late`,
    `slow`, `lost_frames`. Not blind but not well: ok with a reason, of the same words besides the
    first three, or `shifted`, `low_visibility`, `clock_drift`.
    The first picture is judged at once: before it nothing is known that hysteresis could keep.
    """

    def __init__(self, camera: str, settings: SightSettings | None = None, known: Known | None = None) -> None:
        self._camera = camera
        self._settings = settings if settings is not None else SightSettings()
        known = known if known is not None else Known()
        self._still = StillSince()
        self._reason: str | None = None
        self._differs_since_ns: int | None = None
        self._light: str | None = None
        self._light_ns = 0
        self._look_ns: int | None = None
        self._first = True
        self._scene = SceneHealth(self._settings, known.focal_px, known.memory)
        self._timing = Timing(self._settings, known.now_ns, known.clock_offset_ns)

    @classmethod
    def of(
        cls,
        camera: Camera,
        *,
        state: Path | None = None,
        now_ns: Callable[[], int] | None = None,
        clock_offset_ns: Callable[[], int | None] | None = None,
    ) -> Self:
        """For a calibrated camera. state: folder in which what was learned is kept over restarts."""
        memory = None
        if state is not None:
            memory = HealthMemory(state / f"view-{camera.id}.npz", calibration_key(camera))
        return cls(camera.id, known=Known(focal_px(camera), now_ns, clock_offset_ns, memory))

    @property
    def contrast(self) -> float | None:
        """What is left of the usual contrast, 0..1 (fog, smoke); None where it is not known."""
        return self._scene.contrast if self._reason is None else None

    def update(self, frame: Frame) -> Sight:
        """Sight at this frame."""
        t_ns = frame.t_ns
        sample = frame.image[:: max(1, frame.image.shape[0] // _SAMPLE_ROWS)]
        still_ns = t_ns - self._still.update(t_ns, frame.image, sample)
        frozen = still_ns >= self._settings.frozen_s * NS_PER_S
        if self._first or t_ns - self._light_ns >= self._settings.light_every_s * NS_PER_S:
            self._light, self._light_ns = self._of_light(sample), t_ns
        seen = "frozen" if frozen else self._light
        # frozen_s has already been waited for.
        if self._first or frozen or self._lasted(seen, t_ns):
            self._reason = seen
            self._differs_since_ns = None
        self._first = False
        timing = self._timing.update(t_ns, frame.index, repeated=still_ns > 0)
        if self._reason is not None:
            self._scene.blind()
            return Sight(t_ns, self._camera, False, self._reason, self._detail(still_ns, sample))
        # A repeated picture has nothing new to look at, nor has one on the way to dark or covered.
        if still_ns == 0 and seen is None and self._due(t_ns):
            self._look_ns = t_ns
            self._scene.update(t_ns, frame.image)
        return self._worst([*self._scene.troubles(), *timing], t_ns)

    def _worst(self, troubles: list[Trouble], t_ns: int) -> Sight:
        if not troubles:
            return Sight(t_ns, self._camera, True)
        worst = max(troubles, key=lambda trouble: trouble.blind)  # the first of the worst
        return Sight(t_ns, self._camera, not worst.blind, worst.reason, worst.detail)

    def _due(self, t_ns: int) -> bool:
        # Half a frame early rather than one late.
        return self._look_ns is None or t_ns - self._look_ns >= (self._settings.look_every_s - 0.02) * NS_PER_S

    def _lasted(self, seen: str | None, t_ns: int) -> bool:
        if seen == self._reason:
            self._differs_since_ns = None
            return False
        if self._differs_since_ns is None:
            self._differs_since_ns = t_ns
        wait_s = self._settings.good_s if seen is None else self._settings.bad_s
        return t_ns - self._differs_since_ns >= wait_s * NS_PER_S

    def _of_light(self, sample: ImageBGR) -> str | None:
        mean, spread = _mean_spread(sample)
        if mean < self._settings.dark_mean and spread < self._settings.dark_spread:
            return "dark"
        return "covered" if spread < self._settings.covered_spread else None

    def _detail(self, still_ns: int, sample: ImageBGR) -> str:
        if self._reason == "frozen":
            return f"the same picture for {still_ns / NS_PER_S:.0f} s"
        mean, spread = _mean_spread(sample)
        return f"luminance {mean:.0f}, spread {spread:.0f} of 255"


def _mean_spread(sample: ImageBGR) -> tuple[float, float]:
    blocks = cv2.resize(sample, _BLOCKS_PX, interpolation=cv2.INTER_AREA)
    grey = np.sort(cv2.cvtColor(blocks, cv2.COLOR_BGR2GRAY), axis=None)
    spread = float(grey[len(grey) * 95 // 100]) - float(grey[len(grey) * 5 // 100])
    return float(grey.mean()), spread
