"""Light that lamps throw: cones of headlamps on the road, halos about what burns, streaks on a wet road.

Kept on a grid of a quarter of the picture's size, which blurs it as a lens would.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.camera import PinholeCamera
from sim_videos.render.facets import outline_px
from sim_videos.render.heads import LitLamp
from sim_videos.render.light import Light
from sim_videos.render.mesh import Material
from sim_videos.render.placing import Placed
from sim_videos.render.shade import LAMP_COLOUR, burning
from sim_videos.state import WorldFrame

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

_PART = 4
_LEAST_RADIUS = 0.6
_FAR_PX = 4000.0
_SHIFT = 4
#: Where headlamps light the road, metres ahead and to the left; how far its parts reach and how bright they are.
_LEFT = ((0.3, 0.75), (7.0, 1.9), (17.0, 2.7), (26.0, 2.0))
_CONE = np.array((*_LEFT, *((ahead, -aside) for ahead, aside in reversed(_LEFT))))
_PARTS = ((1.0, 14), (0.75, 28), (0.5, 50), (0.3, 72))
#: Light of a halo near a lamp, 0..255, by what burns.
_HALO = {
    Material.HEADLAMP: 250.0,
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
        for value, shape in self._cones(world, placed):
            cv2.fillPoly(gain, [shape], value, cv2.LINE_8, _SHIFT)
        wide = cv2.resize(cv2.GaussianBlur(gain, (0, 0), 1.3), self._camera.size_px, interpolation=cv2.INTER_LINEAR)
        # In 64ths: 64 leaves the ground as it is; a wet road throws the light away from the camera.
        share = 0.62 * self._light.night**2.5 * (1 - 0.5 * self._light.wet)
        factor = cv2.addWeighted(wide, share, wide, 0.0, 64.0)
        cv2.multiply(image, cv2.merge((factor, factor, factor)), dst=image, scale=1 / 64)

    def _cones(self, world: WorldFrame, placed: Placed) -> Iterator[tuple[int, NDArray[np.int32]]]:
        """Outlines of the light on the road on the small grid, with its strength, the brighter parts last."""
        bodies = [
            body
            for body in placed.bodies
            if body.user is not None and not body.trailer and world.users[body.user].make not in {"person", "bicycle"}
        ]
        if not bodies:
            return
        pose = np.array([(b.x_m, b.y_m, math.cos(b.heading_rad), math.sin(b.heading_rad)) for b in bodies])
        x, y, cos, sin = (column[:, None] for column in pose.T)
        front = np.array([body.mesh.length_m / 2 for body in bodies])[:, None]
        for reach, value in _PARTS:
            ahead, aside = front + _CONE[:, 0] * reach, _CONE[:, 1] * reach
            ground = np.stack(
                (x + ahead * cos - aside * sin, y + ahead * sin + aside * cos, np.zeros_like(ahead)), axis=2
            )
            flat = ground.reshape(-1, 3)
            px = self._small.to_px(flat).reshape(len(bodies), -1, 2)
            for row in range(len(bodies)):
                if np.isfinite(px[row]).all():
                    yield value, np.asarray(np.round((np.clip(px[row], -_FAR_PX, _FAR_PX) - 0.5) * 16), np.int32)
                else:  # it reaches behind the camera and must be cut
                    shape = outline_px(ground[row], self._small)
                    if shape is not None and len(shape) > 2:
                        yield value, shape

    def halos(self, image: Image, world: WorldFrame, placed: Placed, heads: Sequence[LitLamp], road: Image) -> None:
        """Add the halos of all that burns towards the camera, and their streaks on a wet road."""
        width, height = self._small.size_px
        field = np.zeros((height, width, 3), np.uint8)
        streaks = np.zeros((height, width, 3), np.uint8)
        at, colours, radii = self._sources(world, placed, heads)
        if not len(at):
            return
        below = at * np.array((1.0, 1.0, -1.0))
        lamps_px, feet_px, below_px = (
            self._small.to_px(points) for points in (at, at * np.array((1.0, 1.0, 0.0)), below)
        )
        near = np.isfinite(lamps_px).all(axis=1) & (np.abs(np.nan_to_num(lamps_px)) < _FAR_PX).all(axis=1)
        for i in np.flatnonzero(near).tolist():
            centre = (round((lamps_px[i, 0] - 0.5) * 16), round((lamps_px[i, 1] - 0.5) * 16))
            # A lamp smaller than a cell of the grid lights only its part of it.
            part = min(1.0, (radii[i] / _LEAST_RADIUS) ** 1.5)
            disc = max(_LEAST_RADIUS, radii[i]) * 16
            cv2.circle(field, centre, round(disc), (colours[i] * part).tolist(), -1, cv2.LINE_AA, _SHIFT)
        if self._light.wet > 0.1:
            mirrored = near & (np.abs(np.nan_to_num(below_px, nan=1e9)) < _FAR_PX).all(axis=1)
            for i in np.flatnonzero(mirrored).tolist():
                self._streak(streaks, feet_px[i, 1], below_px[i], colours[i], radii[i])
        if not field.any():
            return
        wide = 1.6 + 2.2 * self._light.rain + (1.5 if self._light.fog_m < 300 else 0.0)
        core, halo = cv2.GaussianBlur(field, (0, 0), 0.8), cv2.GaussianBlur(field, (0, 0), 1.8 * wide)
        glow = cv2.addWeighted(core, 0.9, halo, 0.6, 0)
        _screen(image, np.asarray(cv2.resize(glow, self._camera.size_px, interpolation=cv2.INTER_LINEAR), np.uint8))
        if self._light.wet > 0.1:
            soft = cv2.resize(
                cv2.GaussianBlur(streaks, (0, 0), 1.0), self._camera.size_px, interpolation=cv2.INTER_LINEAR
            )
            on_road = cv2.multiply(soft, cv2.merge((road, road, road)), scale=0.75 * self._light.wet / 255)
            _screen(image, np.asarray(on_road, np.uint8))

    def _sources(self, world: WorldFrame, placed: Placed, heads: Sequence[LitLamp]) -> tuple[Array, Array, Array]:
        """Where each light is (n, 3), its halo's colour (n, 3) and radius (n,) on the small grid."""
        burns = [
            {} if body.user is None else burning(world.users[body.user], world.t_s, headlamps=self._light.headlamps)
            for body in placed.bodies
        ]
        points, normals, owners, values, tints, sizes = [], [], [], [], [], []
        for row, lamps in enumerate(burns):
            mesh = placed.bodies[row].mesh
            for material, brightness in lamps.items():
                for face in mesh.lamps.get(int(material), ()):
                    points.append(mesh.middles[face])
                    normals.append(mesh.normals[face])
                    owners.append(row)
                    values.append(_HALO[material] * brightness)
                    tints.append(_TINT[material])
                    sizes.append(0.16 if material is Material.HEADLAMP else 0.10)
        at_heads = np.array([lit.at_m for lit in heads]).reshape(-1, 3)
        tint_heads = np.array([_tint(lit.lamp.light) for lit in heads]).reshape(-1, 3) * (120.0 * self._strength)
        size_heads = np.array([lit.radius_px / _PART * 1.3 for lit in heads])
        if not points:
            return at_heads, tint_heads, size_heads
        pose = np.array([(b.x_m, b.y_m, math.cos(b.heading_rad), math.sin(b.heading_rad)) for b in placed.bodies])
        x, y, cos, sin = pose[owners].T
        local, out = np.array(points), np.array(normals)
        at = np.stack(
            (local[:, 0] * cos - local[:, 1] * sin + x, local[:, 0] * sin + local[:, 1] * cos + y, local[:, 2]), 1
        )
        way = np.stack((out[:, 0] * cos - out[:, 1] * sin, out[:, 0] * sin + out[:, 1] * cos, out[:, 2]), 1)
        to_eye = self._camera.eye_m - at
        ahead = (way * to_eye).sum(axis=1) / np.linalg.norm(to_eye, axis=1)
        depth = self._small.depth_m(at)
        strength = np.array(values) * self._strength * np.clip(ahead * 1.3, 0, 1)
        kept = (ahead > 0.05) & (depth > 1.0) & (strength > 4)
        size = self._small.focal_px * np.array(sizes) / np.maximum(depth, 1.0)
        colour = np.array(tints) * strength[:, None]
        return (
            np.vstack((at_heads, at[kept])),
            np.vstack((tint_heads, colour[kept])),
            np.concatenate((size_heads, size[kept])),
        )

    @staticmethod
    def _streak(streaks: Image, top: float, below: Array, colour: Array, radius: float) -> None:
        """On a wet road a lamp is seen again below itself, drawn out towards the camera."""
        x = round((below[0] - 0.5) * 16)
        reach = (below[1] - top) * 1.6 + radius * 2
        for share, strength in ((1.0, 0.30), (0.6, 0.35)):
            end = (x, round((top + reach * share) * 16))
            faded = (colour * strength).tolist()
            cv2.line(streaks, (x, round(top * 16)), end, faded, max(1, round(radius * 1.6)), cv2.LINE_AA, _SHIFT)


def _screen(image: Image, light: Image) -> None:
    """Add light so that nothing is washed out: what is bright already grows less."""
    room = cv2.multiply(cv2.bitwise_not(image), light, scale=1 / 255)
    cv2.add(image, room, dst=image)


def _tint(light: Array) -> Array:
    """The colour of a light, its brightest channel 1."""
    return np.asarray(light / max(float(light.max()), 1e-9), np.float64)


_TINT = {material: _tint(LAMP_COLOUR[material]) for material in _HALO}
