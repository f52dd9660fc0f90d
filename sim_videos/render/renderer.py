"""What a camera sees of the street: the picture, and who is in it.

street, camera, look ─→ backdrop, what stands before it     once
WorldFrame ─→ bodies placed, far to near ─┬→ seen_users
                                          └→ shadows → faces → lamps → glow → rain → sensor
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frames import ImageBGR
from sim_videos.render.backdrop import Backdrop, backdrop_of, depths_of
from sim_videos.render.camera import PinholeCamera
from sim_videos.render.faces import Faces, Surroundings, faces_of
from sim_videos.render.glow import Glow
from sim_videos.render.ground import lamp_light
from sim_videos.render.heads import HeadPainter
from sim_videos.render.light import Light, light_of
from sim_videos.render.motion import exposure_s, motion_px, smear
from sim_videos.render.palette import Palette
from sim_videos.render.placing import Placed, bodies_of, place
from sim_videos.render.reflections import Reflections
from sim_videos.render.roadbed import Roadbed, roadbed_of
from sim_videos.render.scenery import Scenery, scenery_of
from sim_videos.render.seen import DepthMap, SeenUser, seen_users
from sim_videos.render.sensor import Sensor, SensorModel
from sim_videos.render.shadows import cast
from sim_videos.render.weather import Rain
from sim_videos.scenario import LookSpec
from sim_videos.state import WorldFrame
from sim_videos.street import Street

Image = NDArray[np.uint8]

_SHIFT = 4
#: Less motion than this while the shutter is open cannot be told from a sharp edge.
_LEAST_BLUR_PX = 1.4


@dataclass(frozen=True, slots=True)
class Picture:
    """image (h, w, 3) BGR, and everybody whose outline touches it."""

    image: ImageBGR
    users: tuple[SeenUser, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """What is the camera's and the place's own, whatever the weather; `randomise.py` draws others.

    exposure multiplies the light; sodium: orange street lamps.
    """

    palette: Palette = field(default_factory=Palette)
    sensor: Sensor = field(default_factory=Sensor)
    exposure: float = 1.0
    sodium: bool = False


class Renderer:
    """One camera's view of one street.

    seed settles what the scenario leaves open: buildings, wear of the road, noise. The same
    arguments and the same frame give the same bytes. scenery: what stands there, worked out
    anew for this camera unless given.
    """

    def __init__(
        self,
        street: Street,
        camera: PinholeCamera,
        look: LookSpec,
        *,
        seed: int,
        style: Style | None = None,
        scenery: Scenery | None = None,
    ) -> None:
        self.street, self.camera, self.look, self.seed = street, camera, look, seed
        self.style = Style() if style is None else style
        self.light: Light = light_of(look, sodium=self.style.sodium, exposure=self.style.exposure)
        self._bed: Roadbed = roadbed_of(street)
        rng = np.random.default_rng((seed, 1))
        self._scenery: Scenery = scenery_of(street, camera, self._bed, rng) if scenery is None else scenery
        self._heads = HeadPainter(street.heads, camera, self.light)
        self._depths: DepthMap = depths_of(self._scenery, camera)
        self._heads.stamp(self._depths)

    def turned(self, camera: PinholeCamera) -> Renderer:
        """The same place seen by a camera that was knocked."""
        return Renderer(self.street, camera, self.look, seed=self.seed, style=self.style, scenery=self._scenery)

    def seen(self, world: WorldFrame) -> tuple[SeenUser, ...]:
        """Everybody in the picture and how much of them shows, without painting it."""
        return seen_users(world, place(bodies_of(world), self.camera), self._depths, self.camera.size_px)

    def frame(self, world: WorldFrame) -> Picture:
        """The picture of one instant."""
        placed = place(bodies_of(world), self.camera)
        users = seen_users(world, placed, self._depths, self.camera.size_px)
        painted = self._painted(world, placed)
        number = round(world.t_s * 1000) % 2**31
        return Picture(self._sensor.take(self._rain.fall(painted, number), number), users)

    def _painted(self, world: WorldFrame, placed: Placed) -> Image:
        backdrop = self._backdrop
        ground = backdrop.image.copy()
        cast(ground, placed, self.camera, self.light, backdrop.sunlit)
        faces = faces_of(placed, world, self.camera, self.light, self.style.palette, self._around(placed))
        self._reflections.mirror(ground, placed, faces, backdrop.road)
        self._glow.light_road(ground, world, placed)
        # What stands before the ground hides shadows and light that fall on the ground behind it.
        standing = self._standing
        cv2.copyTo(backdrop.image, standing, ground)
        lit = self._heads.lamps(ground, world.intervals, world.pedestrian, world.t_s)
        image = ground.copy()
        moved = motion_px(placed, world, self.camera, exposure_s(self.light))
        self._draw(image, ground, placed, faces, moved.tolist())
        self._glow.halos(image, world, placed, lit, backdrop.road)
        return image

    def _draw(self, image: Image, behind: Image, placed: Placed, faces: Faces, moved: list[list[float]]) -> None:
        """Bodies from far to near, each smeared by moved (n, 2) pixels; what stands nearer is put back over it."""
        colours = faces.colours.tolist()
        counts = faces.counts.tolist()
        starts = faces.starts.tolist()
        width, height = self.camera.size_px
        for row in range(len(placed.bodies)):
            x0, y0, x1, y1 = placed.box_px[row]
            dx, dy = moved[row]
            left, top = max(int(x0 - abs(dx)) - 2, 0), max(int(y0 - abs(dy)) - 2, 0)
            right, low = min(int(x1 + abs(dx)) + 3, width), min(int(y1 + abs(dy)) + 3, height)
            blurs = dx * dx + dy * dy > _LEAST_BLUR_PX**2
            before = image[top:low, left:right].copy() if blurs else None
            for i in range(starts[row], starts[row + 1]):
                cv2.fillConvexPoly(image, faces.corners[i, : counts[i]], colours[i], cv2.LINE_AA, _SHIFT)
            if before is not None:
                smear(image[top:low, left:right], before, placed.outlines[row] - (left, top), (dx, dy))
            nearer = self._depths[top:low, left:right] < placed.distance_m[row]
            if nearer.any():
                image[top:low, left:right][nearer] = behind[top:low, left:right][nearer]

    def _around(self, placed: Placed) -> Surroundings:
        """Sun and street lamps where each body stands."""
        n = len(placed.bodies)
        at = np.array([(body.x_m, body.y_m) for body in placed.bodies], np.float32).reshape(-1, 2)
        lamp = np.zeros(n)
        if self.light.street_lamps and n:
            lamp = np.asarray(lamp_light(self._scenery.lamps, at[:, 0], at[:, 1]), np.float64)
        sunlit = np.ones(n)
        if self.light.casts_shadows and n:
            px = np.nan_to_num(self.camera.ground_to_px(at), nan=-1.0)
            inside = self.camera.inside(px)
            column, row = px[inside].astype(np.int64).T
            sunlit[inside] = self._backdrop.sunlit[row, column] / 255.0
        return Surroundings(sunlit, lamp)

    @cached_property
    def _backdrop(self) -> Backdrop:
        rng = np.random.default_rng((self.seed, 2))
        backdrop = backdrop_of(self.street, self.camera, self._bed, self._scenery, self.light, rng)
        self._heads.housings(backdrop.image)
        return backdrop

    @cached_property
    def _standing(self) -> Image:
        """255 where something stands before the ground."""
        return np.asarray(np.isfinite(self._depths) * np.uint8(255), np.uint8)

    @cached_property
    def _glow(self) -> Glow:
        return Glow(self.camera, self.light)

    @cached_property
    def _reflections(self) -> Reflections:
        return Reflections(self.camera, self.light)

    @cached_property
    def _rain(self) -> Rain:
        return Rain(self.camera.size_px, self.light, self.seed)

    @cached_property
    def _sensor(self) -> SensorModel:
        return SensorModel(self.style.sensor, self.camera.size_px, self.light, self.seed)
