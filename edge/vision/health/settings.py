"""What counts as a fault of a camera. One set serves all cameras; `docs/camera-health.md` explains each."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """Two levels of one trouble: from `told` on it is told, from `blind` on nothing is believed.

    Each must last for_s (0: at once) and be gone below `gone` × its limit for as long. None: never blinds.
    told_for_s: what does not blind must last so much longer, for something else may look like it.
    """

    told: float
    blind: float | None
    for_s: float
    gone: float = 0.8
    told_for_s: float | None = None


@dataclass(frozen=True, slots=True)
class SightSettings:
    """Luminance is 0..255, averaged over blocks; spread is its 5th to 95th percentile.

    Dark: mean below dark_mean and spread below dark_spread, so that a lit road at night
    is not. Covered: spread below covered_spread (a bag over the lens, the densest fog).
    frozen_s: identical pictures for so long. A fault must last bad_s before it is believed,
    and be gone for good_s before sight is again. light_every_s: light changes slowly, so
    not every picture is asked for it.

    look_every_s: what takes more looking than that. learn_looks: so many of them until the camera's own
    normal is known in one light. blurred is the extra blur in px of a picture 640 px wide (one standard
    deviation), dirty the share of what has structure that lost it, dazzled the share of the ground that is
    saturated, knocked the shift in px at 640 px, low_visibility the contrast lost.
    slow is the share of the usual frame rate that is missing, lost the share of frames, late seconds,
    clock_drift millionths by which its clock is fast or slow.
    """

    dark_mean: float = 20.0
    dark_spread: float = 12.0
    covered_spread: float = 10.0
    frozen_s: float = 2.0
    bad_s: float = 1.0
    good_s: float = 1.0
    light_every_s: float = 0.2
    look_every_s: float = 0.5
    learn_looks: int = 40
    blurred: Limits = field(default_factory=lambda: Limits(1.2, 1.9, 2.0))
    # A lorry that stands before the camera hides a part of the picture, for as long as red may last.
    dirty: Limits = field(default_factory=lambda: Limits(0.12, 0.4, 3.0, told_for_s=180.0))
    dazzled: Limits = field(default_factory=lambda: Limits(0.08, 0.25, 1.5))
    knocked: Limits = field(default_factory=lambda: Limits(2.5, 5.0, 1.5))
    low_visibility: Limits = field(default_factory=lambda: Limits(0.5, None, 3.0))
    slow: Limits = field(default_factory=lambda: Limits(0.4, 0.85, 5.0))
    lost: Limits = field(default_factory=lambda: Limits(0.15, 0.8, 2.0))
    late: Limits = field(default_factory=lambda: Limits(0.4, 1.0, 1.0))
    clock_drift: Limits = field(default_factory=lambda: Limits(500.0, None, 0.0))
