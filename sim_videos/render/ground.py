"""Colours of the ground, spot by spot: asphalt with its wear, kerbs, paving, grass, paint, light and wet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_videos.render.light import FOG, Light, bgr
from sim_videos.render.noise import spread, tile
from sim_videos.render.roadbed import Roadbed

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

_KERB_M, _PAVED_M = 0.22, 3.0
#: Repairs of the road, in a field of this many metres around the middle.
_PATCHES, _PATCH_FIELD_M = 26, 70.0


class GroundPainter:
    """Paints the ground of one street in one light; rng settles its wear."""

    def __init__(self, bed: Roadbed, light: Light, lamps: NDArray[np.float64], rng: np.random.Generator) -> None:
        self._bed, self._light, self._lamps = bed, light, lamps
        self._horizon = light.horizon.astype(np.float32)
        self._fine, self._mid, self._broad = tile(rng, 0.7), tile(rng, 4.0), tile(rng, 16.0)
        self._grey = float(rng.uniform(0.105, 0.165))
        warm = float(rng.uniform(-0.012, 0.02))
        self._tone = _flat(1 + warm, 1.0, 1 - warm)
        self._wear = float(rng.uniform(0.15, 0.5))
        self._cycle = _flat(0.30, 0.10, 0.08) if rng.random() < 0.6 else _flat(0.10, 0.22, 0.12)
        self._grass = _flat(0.10, 0.135, 0.05) * np.float32(rng.uniform(0.8, 1.3))
        self._slab = float(rng.uniform(0.24, 0.36))
        self._patches = [
            (
                *rng.uniform(-_PATCH_FIELD_M, _PATCH_FIELD_M, 2),
                *rng.uniform(0.5, 3.2, 2),
                float(rng.uniform(0.80, 1.10)),
            )
            for _ in range(_PATCHES)
        ]

    def paint(
        self, x: Floats, y: Floats, far: Floats, white: Image, cycle: Image, sunlit: Image
    ) -> tuple[Floats, Image]:
        """Linear colours (n, 3) of spots on the ground, far metres away, and (n,) 0..255 where they are carriageway.

        white, cycle 0..255: how much of the spot is painted; sunlit 0..255.
        """
        bed, light = self._bed, self._light
        edge = bed.read(bed.edge, x, y)
        near = np.asarray(1.0 / (1.0 + (far / 28.0) ** 2), np.float32)
        soft = np.maximum(far * 0.002, 0.02)
        fine = spread(self._fine, x, y, 36.0) * near
        mid = spread(self._mid, x, y, 9.0)
        broad = spread(self._broad, x, y, 4.0)
        road = np.asarray(np.clip(0.5 - edge / soft, 0, 1), np.float32)
        asphalt = self._grey * (1 + 0.13 * fine + 0.05 * mid * (0.4 + near) + 0.07 * broad)
        asphalt *= 1 + 0.10 * bed.read(bed.track, x, y) - 0.17 * bed.read(bed.oil, x, y)
        asphalt *= self._patched(x, y)
        gutter = np.clip(1 - np.abs(edge + 0.35) / 0.45, 0, 1)
        asphalt *= 1 - 0.18 * gutter
        colour: Floats = np.asarray(asphalt[:, None] * self._tone, np.float32)
        colour = _mix(colour, self._cycle * (1 + 0.12 * mid + 0.1 * fine)[:, None], cycle * np.float32(0.8 / 255))
        worn = np.clip(1.0 - self._wear * (0.55 + 0.35 * mid + 0.5 * fine + 0.25 * broad), 0.25, 1)
        worn *= 1 - 0.35 * bed.read(bed.track, x, y)
        share = np.asarray(white * worn / 255, np.float32)
        colour = _mix(colour, _flat(0.60, 0.60, 0.57) * (1 + 0.05 * fine)[:, None], share)
        verge = self._verge(x, y, edge, fine, mid, broad, near)
        colour = _mix(verge, colour, road)
        wet = light.wet * np.clip(0.75 + 0.35 * broad, 0.2, 1) * np.clip(road + 0.5, 0, 1)
        colour *= (1 - 0.58 * wet)[:, None]
        lit = self._lit(x, y, sunlit)
        out = colour * lit
        grazing = np.clip(far / 60.0, 0.15, 1.0) ** 0.8
        out += (wet * grazing * 0.08)[:, None] * self._horizon
        clear = np.exp(far * np.float32(-FOG / light.fog_m))[:, None]
        return np.asarray(out * clear + self._horizon * (1 - clear), np.float32), np.asarray(road * 255, np.uint8)

    def _verge(
        self, x: Floats, y: Floats, edge: Floats, fine: Floats, mid: Floats, broad: Floats, near: Floats
    ) -> Floats:
        """Kerb, paving, and grass beyond."""
        joint = np.maximum(_grid(x, 0.6), _grid(y, 0.6)) * near
        slab = self._slab * (1 + 0.06 * fine + 0.05 * mid + 0.05 * broad - 0.22 * joint)
        paving = slab[:, None] * _flat(1.02, 1.0, 0.96)
        grass = self._grass * np.clip(1 + 0.22 * fine + 0.16 * mid + 0.22 * broad, 0.3, 2)[:, None]
        colour = _mix(paving, grass, np.clip((edge - _PAVED_M) / 0.25, 0, 1))
        return _mix(_flat(0.40, 0.40, 0.38) * (1 + 0.06 * mid)[:, None], colour, np.clip((edge - _KERB_M) / 0.06, 0, 1))

    def _patched(self, x: Floats, y: Floats) -> Floats:
        factor = np.ones_like(x)
        for at_x, at_y, half_x, half_y, tone in self._patches:
            inside = (np.abs(x - at_x) < half_x) & (np.abs(y - at_y) < half_y)
            factor[inside] *= tone
        return factor

    def _lit(self, x: Floats, y: Floats, sunlit: Image) -> Floats:
        light = self._light
        lit: Floats = light.sky.astype(np.float32) + np.zeros((len(x), 1), np.float32)
        if light.casts_shadows:
            lit += (sunlit / np.float32(255))[:, None] * (light.sun * max(light.sun_direction[2], 0.0)).astype(
                np.float32
            )
        if light.street_lamps:
            lit += lamp_light(self._lamps, x, y)[:, None] * light.lamp.astype(np.float32)
        return lit


def lamp_light(lamps: NDArray[np.float64], x: Floats, y: Floats) -> Floats:
    """(n,) light of street lamps on the level: the inverse square of the distance and the cosine, 0.16 below one."""
    total = np.zeros_like(x)
    for at_x, at_y, at_z in lamps.astype(np.float32):
        square = (x - at_x) ** 2 + (y - at_y) ** 2
        total += np.float32(0.16) * (at_z**2 / (square + at_z**2)) ** np.float32(1.7)
    return total


def _mix(under: Floats, over: Floats, share: Floats) -> Floats:
    return np.asarray(under * (1 - share)[:, None] + over * share[:, None], np.float32)


def _flat(red: float, green: float, blue: float) -> Floats:
    return bgr(red, green, blue).astype(np.float32)


def _grid(at: Floats, step_m: float) -> Floats:
    """1 on the joints between slabs."""
    part = np.mod(at, step_m) / step_m
    return np.asarray((part < 0.05).astype(np.float32), np.float32)
