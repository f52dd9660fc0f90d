"""Light that lamps throw: cones of headlamps on the road, halos about what burns, streaks on a wet road.

Kept on a grid of a quarter of the picture's size, which blurs it as a lens would.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.camera import PinholeCamera
from sim_videos.render.facets import outline_px
from sim_videos.render.heads import LitLamp
from sim_videos.render.light import Light
from sim_videos.render.mesh import Material
from sim_videos.render.placing import Placed, turned
from sim_videos.render.shade import LAMP_COLOUR, burning
from sim_videos.state import WorldFrame

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

_PART = 4
_LEAST_RADIUS = 0.6
_SHIFT = 4
#: A headlamp's reach on the road: distance ahead and half width, metres.
_CONE = ((0.3, 0.75), (7.0, 1.9), (17.0, 2.7), (26.0, 2.0))
#: Light of a halo near a lamp, 0..255, by what burns.
_HALO = {
    Material.HEADLAMP: 210.0,
    Material.TAIL_LAMP: 95.0,
    Material.LEFT_INDICATOR: 110.0,
    Material.RIGHT_INDICATOR: 110.0,
    Material.BEACON: 220.0,
}


class Glow:
    """Collects light thrown in one frame of one camera."""

    def __init__(self, camera: PinholeCamera, light: Light) -> None:
        self._camera, self._light = camera, light
        self._small = camera.scaled(1 / _PART)
        # Halos fade in with the dark; by day only the brightest lamps dazzle a little.
        self._strength = 0.10 + 0.90 * light.night**1.5 + 0.25 * light.rain * light.night

    def light_road(self, image: Image, world: WorldFrame, placed: Placed) -> None:
        """Light the road before headlamps: a picture of the ground grows brighter there."""
        if self._light.night < 0.25 or not self._light.headlamps:
            return
        width, height = self._small.size_px
        gain = np.zeros((height, width), np.uint8)
        for body in placed.bodies:
            if body.user is None or body.trailer or world.users[body.user].make in {"person", "bicycle"}:
                continue
            front = body.mesh.length_m / 2
            for reach, value in ((1.0, 40), (0.6, 85)):
                left = [(front + ahead * reach, half * reach, 0.0) for ahead, half in _CONE]
                cone = turned(np.array(left + [(x, -y, z) for x, y, z in reversed(left)]), body)
                shape = outline_px(cone, self._small)
                if shape is not None and len(shape) > 2:
                    layer = np.zeros_like(gain)
                    cv2.fillPoly(layer, [shape], value, cv2.LINE_AA, _SHIFT)
                    np.maximum(gain, layer, out=gain)
        wide = cv2.resize(cv2.GaussianBlur(gain, (0, 0), 1.3), self._camera.size_px, interpolation=cv2.INTER_LINEAR)
        # In 64ths: 64 leaves the ground as it is; a wet road throws the light away from the camera.
        share = 0.62 * self._light.night * (1 - 0.5 * self._light.wet)
        factor = cv2.addWeighted(wide, share, wide, 0.0, 64.0)
        cv2.multiply(image, cv2.merge((factor, factor, factor)), dst=image, scale=1 / 64)

    def halos(self, image: Image, world: WorldFrame, placed: Placed, heads: Sequence[LitLamp], road: Image) -> None:
        """Add the halos of all that burns towards the camera, and their streaks on a wet road."""
        width, height = self._small.size_px
        field = np.zeros((height, width, 3), np.uint8)
        streaks = np.zeros((height, width, 3), np.uint8)
        for at, colour, radius in self._sources(world, placed, heads):
            px = self._small.to_px(at[None, :])[0]
            if not np.isfinite(px).all() or np.abs(px).max() > 4000:
                continue
            centre = (round((px[0] - 0.5) * 16), round((px[1] - 0.5) * 16))
            # A lamp smaller than a cell of the grid lights only its part of it.
            part = min(1.0, (radius / _LEAST_RADIUS) ** 1.5)
            faint = (colour[0] * part, colour[1] * part, colour[2] * part)
            disc = max(_LEAST_RADIUS, radius) * 16
            cv2.circle(field, centre, round(disc), faint, -1, cv2.LINE_AA, _SHIFT)
            if self._light.wet > 0.1:
                self._streak(streaks, at, colour, radius)
        if not field.any():
            return
        wide = 1.6 + 2.2 * self._light.rain + (1.5 if self._light.fog_m < 300 else 0.0)
        near, far = cv2.GaussianBlur(field, (0, 0), 0.8), cv2.GaussianBlur(field, (0, 0), 1.8 * wide)
        glow = cv2.addWeighted(near, 0.75, far, 0.55, 0)
        _screen(image, np.asarray(cv2.resize(glow, self._camera.size_px, interpolation=cv2.INTER_LINEAR), np.uint8))
        if self._light.wet > 0.1:
            soft = cv2.resize(
                cv2.GaussianBlur(streaks, (0, 0), 1.0), self._camera.size_px, interpolation=cv2.INTER_LINEAR
            )
            on_road = cv2.multiply(soft, cv2.merge((road, road, road)), scale=0.75 * self._light.wet / 255)
            _screen(image, np.asarray(on_road, np.uint8))

    def _sources(
        self, world: WorldFrame, placed: Placed, heads: Sequence[LitLamp]
    ) -> list[tuple[Array, tuple[float, float, float], float]]:
        """Where each light is, its halo's colour and radius on the small grid."""
        found: list[tuple[Array, tuple[float, float, float], float]] = []
        value = 120.0 * self._strength
        found.extend((lit.at_m, _scaled(lit.lamp.light, value), lit.radius_px / _PART * 1.3) for lit in heads)
        for body in placed.bodies:
            if body.user is None:
                continue
            lamps = burning(world.users[body.user], world.t_s, headlamps=self._light.headlamps)
            if not lamps:
                continue
            mesh = body.mesh
            for material, brightness in lamps.items():
                for face in np.flatnonzero((mesh.material == material) & (mesh.detail == 0)):
                    at = turned(mesh.middles[face][None, :], body)[0]
                    ahead = self._toward(mesh.normals[face], body.heading_rad, at)
                    if ahead <= 0.05:
                        continue
                    depth = float(self._small.depth_m(at)[0])
                    if depth < 1.0:
                        continue
                    size = self._small.focal_px * (0.16 if material is Material.HEADLAMP else 0.10) / depth
                    value = _HALO[material] * brightness * self._strength * min(1.0, ahead * 1.3)
                    if value > 4:
                        found.append((at, _scaled(LAMP_COLOUR[material], value), size))
        return found

    def _toward(self, normal: Array, heading: float, at: Array) -> float:
        """Cosine between where a face points and the camera."""
        to_eye = self._camera.eye_m - at
        cos, sin = math.cos(heading), math.sin(heading)
        x, y = normal[0] * cos - normal[1] * sin, normal[0] * sin + normal[1] * cos
        return float((x * to_eye[0] + y * to_eye[1] + normal[2] * to_eye[2]) / np.linalg.norm(to_eye))

    def _streak(self, streaks: Image, at: Array, colour: tuple[float, float, float], radius: float) -> None:
        """On a wet road a lamp is seen again below itself, drawn out towards the camera."""
        mirror = at * np.array((1.0, 1.0, -1.0))
        px = self._small.to_px(np.stack((np.array((at[0], at[1], 0.0)), mirror)))
        if not np.isfinite(px).all() or np.abs(px).max() > 4000:
            return
        x, top, low = px[1, 0], px[0, 1], px[1, 1]
        reach = (low - top) * 1.6 + radius * 2
        for share, strength in ((1.0, 0.30), (0.6, 0.35)):
            start, end = (
                (round((x - 0.5) * 16), round(top * 16)),
                (round((x - 0.5) * 16), round((top + reach * share) * 16)),
            )
            faded = (colour[0] * strength, colour[1] * strength, colour[2] * strength)
            cv2.line(streaks, start, end, faded, max(1, round(radius * 1.6)), cv2.LINE_AA, _SHIFT)


def _screen(image: Image, light: Image) -> None:
    """Add light so that nothing is washed out: what is bright already grows less."""
    room = cv2.multiply(cv2.bitwise_not(image), light, scale=1 / 255)
    cv2.add(image, room, dst=image)


def _scaled(light: Array, value: float) -> tuple[float, float, float]:
    """A colour whose brightest channel has this value."""
    b, g, r = light / max(float(light.max()), 1e-9) * value
    return float(b), float(g), float(r)
