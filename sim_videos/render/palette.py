"""Colours that each road user keeps for life, drawn from what is common on the street. Linear albedo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim_videos.render.light import bgr
from sim_videos.render.mesh import Material

Array = NDArray[np.float64]

#: Car colours with how many of a hundred cars have them (European sales of recent years, rounded).
_CARS = (
    (bgr(0.62, 0.63, 0.63), 22), (bgr(0.022, 0.022, 0.026), 20), (bgr(0.14, 0.145, 0.15), 17),
    (bgr(0.36, 0.37, 0.38), 14), (bgr(0.03, 0.07, 0.22), 9),
    (bgr(0.30, 0.025, 0.025), 7), (bgr(0.02, 0.05, 0.12), 3), (bgr(0.06, 0.12, 0.07), 2),
    (bgr(0.34, 0.26, 0.17), 2), (bgr(0.10, 0.05, 0.03), 2), (bgr(0.55, 0.36, 0.03), 1), (bgr(0.45, 0.14, 0.03), 1),
)  # fmt: skip
_BUSES = (
    bgr(0.42, 0.03, 0.03),
    bgr(0.60, 0.58, 0.50),
    bgr(0.05, 0.16, 0.32),
    bgr(0.08, 0.27, 0.13),
    bgr(0.55, 0.40, 0.06),
)
_CARGO = (
    bgr(0.66, 0.66, 0.65),
    bgr(0.60, 0.60, 0.58),
    bgr(0.42, 0.44, 0.46),
    bgr(0.10, 0.16, 0.34),
    bgr(0.40, 0.07, 0.05),
    bgr(0.12, 0.25, 0.16),
)
_CLOTHES = (
    bgr(0.03, 0.03, 0.035), bgr(0.05, 0.06, 0.12), bgr(0.14, 0.14, 0.14), bgr(0.35, 0.34, 0.32), bgr(0.30, 0.05, 0.05),
    bgr(0.08, 0.13, 0.08), bgr(0.40, 0.33, 0.22), bgr(0.10, 0.20, 0.38), bgr(0.55, 0.55, 0.52), bgr(0.45, 0.42, 0.05),
)  # fmt: skip
_SKIN = (bgr(0.50, 0.32, 0.24), bgr(0.40, 0.24, 0.16), bgr(0.16, 0.09, 0.06), bgr(0.07, 0.04, 0.03))

_FIXED = {
    Material.GLASS: bgr(0.025, 0.03, 0.035),
    Material.SALOON: bgr(0.04, 0.045, 0.05),
    Material.TYRE: bgr(0.018, 0.018, 0.018),
    Material.RIM: bgr(0.28, 0.28, 0.29),
    Material.TRIM: bgr(0.03, 0.03, 0.032),
    Material.HEADLAMP: bgr(0.55, 0.56, 0.58),
    Material.TAIL_LAMP: bgr(0.22, 0.012, 0.012),
    Material.LEFT_INDICATOR: bgr(0.32, 0.13, 0.02),
    Material.RIGHT_INDICATOR: bgr(0.32, 0.13, 0.02),
    Material.PLATE: bgr(0.62, 0.60, 0.42),
    Material.BEACON: bgr(0.03, 0.08, 0.40),
    Material.STRIPE: bgr(0.10, 0.32, 0.10),
    Material.CONE: bgr(0.60, 0.12, 0.02),
    Material.WHITE: bgr(0.62, 0.62, 0.61),
    Material.WOOD: bgr(0.32, 0.20, 0.10),
}


@dataclass(frozen=True, slots=True)
class Palette:
    """shift moves which of the colours a road user's number stands for; tint (0..1) how far colours stray."""

    shift: int = 0
    tint: float = 0.0

    def of(self, make: str, colour: int) -> Array:
        """(materials, 3) albedo of one road user; the same for the same number."""
        return _albedo(make, (colour + self.shift) % 100, round(self.tint, 2))


@cache
def _albedo(make: str, colour: int, tint: float) -> Array:
    rng = np.random.default_rng((colour, sum(make.encode())))
    table = np.zeros((len(Material), 3))
    for material, albedo in _FIXED.items():
        table[material] = albedo
    table[Material.PAINT] = _car(colour)
    if make in {"van", "box_van"} and rng.random() < 0.6:
        table[Material.PAINT] = bgr(0.64, 0.64, 0.63)
    if make == "bus":
        table[Material.PAINT] = _BUSES[colour % len(_BUSES)]
    if make == "ambulance":
        table[Material.PAINT] = bgr(0.62, 0.60, 0.20) if colour % 2 else bgr(0.66, 0.66, 0.65)
    table[Material.CARGO] = _CARGO[int(rng.integers(len(_CARGO)))]
    table[Material.SHIRT] = _CLOTHES[int(rng.integers(len(_CLOTHES)))]
    table[Material.TROUSERS] = _CLOTHES[int(rng.integers(5))] * 0.8
    table[Material.SKIN] = _SKIN[int(rng.integers(len(_SKIN)))]
    hair = _CLOTHES[int(rng.integers(len(_CLOTHES)))] if make in {"bicycle", "motorcycle"} else bgr(0.04, 0.028, 0.02)
    table[Material.HAIR] = hair
    if tint > 0:
        table[[Material.PAINT, Material.CARGO, Material.SHIRT, Material.TROUSERS]] *= 1 + tint * rng.uniform(
            -1, 1, (4, 3)
        )
    return np.asarray(np.clip(table, 0.004, 0.9), np.float64)


def _car(colour: int) -> Array:
    left = colour
    for albedo, share in _CARS:
        if left < share:
            return albedo * (0.85 + 0.3 * (left / share))
        left -= share
    return _CARS[0][0]
