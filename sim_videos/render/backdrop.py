"""The street without its traffic, painted once per camera at twice the size and drawn together."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.camera import PinholeCamera
from sim_videos.render.facets import Piece, outline_px, paint, stamp
from sim_videos.render.ground import GroundPainter
from sim_videos.render.light import Light, bgr
from sim_videos.render.markings import markings_of
from sim_videos.render.noise import spread, tile
from sim_videos.render.roadbed import Roadbed
from sim_videos.render.scenery import Scenery
from sim_videos.render.seen import DepthMap
from sim_videos.street import Street

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

_TIMES = 2
_BAND = 40
_RIDGE = bgr(0.17, 0.20, 0.15)
_RIDGE_M = 900.0
_POST_FACES = 20
#: Ground farther than this is lost in the haze.
_HORIZON_M = 3000.0
_SHIFT = 4


@dataclass(frozen=True, slots=True)
class Backdrop:
    """image (h, w, 3); sunlit (h, w) 0..255, where the sun reaches the ground and nothing stands before it;
    road (h, w) 0..255, where the ground is carriageway."""

    image: Image
    sunlit: Image
    road: Image


def depths_of(scenery: Scenery, camera: PinholeCamera) -> DepthMap:
    """How far what stands before each pixel is; inf where only ground and sky are."""
    width, height = camera.size_px
    depths = np.full((height, width), np.inf, np.float32)
    for piece in by_distance(scenery, camera):
        stamp(depths, piece, camera)
    return depths


def by_distance(scenery: Scenery, camera: PinholeCamera) -> list[Piece]:
    """The pieces, far ones first."""
    return sorted(scenery.pieces, key=lambda piece: -piece.distance_m(camera))


def backdrop_of(
    street: Street, camera: PinholeCamera, bed: Roadbed, scenery: Scenery, light: Light, rng: np.random.Generator
) -> Backdrop:
    """Paint it."""
    large = camera.scaled(_TIMES)
    width, height = large.size_px
    shade = _shadows(scenery, large, light)
    white, cycle = _paint_masks(street, large)
    ground = GroundPainter(bed, light, scenery.lamps, rng)
    sky = SkyPainter(light, rng)
    shown = np.zeros((height, width, 3), np.uint8)
    surface = np.zeros((height, width), np.uint8)
    # In bands that fit the processor's cache.
    for top in range(0, height, _BAND):
        low = min(top + _BAND, height)
        columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(top, low) + 0.5)
        rays = large.rays(np.column_stack((columns.ravel(), rows.ravel()))).astype(np.float32)
        falls = rays[:, 2] < -1e-4
        reach = np.where(falls, np.float32(-camera.pos_m[2]) / np.where(falls, rays[:, 2], np.float32(-1)), np.inf)
        below = np.flatnonzero(reach < _HORIZON_M)
        above = np.flatnonzero(~(reach < _HORIZON_M))
        colours = np.zeros((len(rays), 3), np.float32)
        colours[above] = sky.paint(rays[above])
        if len(below):
            run = reach[below].astype(np.float32)
            x = rays[below, 0] * run + np.float32(camera.pos_m[0])
            y = rays[below, 1] * run + np.float32(camera.pos_m[1])
            far = run * np.sqrt((rays[below] ** 2).sum(axis=1))
            painted, dyed, sunlit = (mask[top:low].ravel()[below] for mask in (white, cycle, shade))
            colours[below], road = ground.paint(x, y, far, painted, dyed, sunlit)
            surface[top:low].reshape(-1)[below] = road
        shown[top:low] = np.clip(light.shown(colours), 0, 255).reshape(low - top, width, 3).astype(np.uint8)
    if light.wet > 0.05:
        _reflect(shown, scenery, large, light, surface)
    for piece in by_distance(scenery, large):
        paint(shown, piece, large, light)
    size = camera.size_px
    sunlit = shade if light.casts_shadows else np.zeros_like(shade)
    return Backdrop(
        image=np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA), np.uint8),
        sunlit=np.asarray(cv2.resize(sunlit, size, interpolation=cv2.INTER_AREA), np.uint8),
        road=np.asarray(cv2.resize(surface, size, interpolation=cv2.INTER_AREA), np.uint8),
    )


class SkyPainter:
    """A sky that grows brighter to the horizon, with clouds on a layer overhead."""

    def __init__(self, light: Light, rng: np.random.Generator) -> None:
        self._light = light
        self._large, self._small = tile(rng, 40.0), tile(rng, 12.0)

    def paint(self, rays: Floats) -> Floats:
        """(n, 3) linear colours in these directions, which need not be level or above."""
        light = self._light
        up = np.maximum(rays[:, 2] / np.sqrt((rays**2).sum(axis=1)), 0.0)
        share = np.power(np.clip(up * 2.2, 0, 1), 0.55)[:, None]
        sky = light.horizon * (1 - share) + light.zenith * share
        layer = 8.0 / np.maximum(rays[:, 2], np.float32(0.06))
        x, y = (rays[:, 0] * layer).astype(np.float32), (rays[:, 1] * layer).astype(np.float32)
        cloud = spread(self._large, x, y, 1.2) + 0.5 * spread(self._small, x, y, 1.2)
        cover = 0.55 * np.clip((cloud + 0.1) * 0.7, 0, 1)[:, None] * np.clip(up * 12, 0, 1)[:, None]
        sky = sky * (1 - cover) + cover * light.horizon * 1.05
        # A far line of trees and roofs, dim in the haze.
        bearing = np.arctan2(rays[:, 1], rays[:, 0]).astype(np.float32)
        rise = 0.016 + 0.007 * spread(self._small, bearing, np.zeros_like(bearing), 150.0)
        ridge = np.clip((rise - up) / 0.002, 0, 1)[:, None] * float(light.clear(np.array(_RIDGE_M)))
        hazy = 0.30 * light.horizon + 0.7 * _RIDGE * (light.sky + 0.3 * light.sun)
        return np.asarray(sky * (1 - ridge) + ridge * hazy, np.float32)


def _shadows(scenery: Scenery, camera: PinholeCamera, light: Light) -> Image:
    """255 in the sun, 0 in the shadow of what stands there; its edge as soft as the sun's disc makes it."""
    width, height = camera.size_px
    shade = np.full((height, width), 255, np.uint8)
    if not light.casts_shadows:
        return shade
    for piece in scenery.pieces:
        if piece.blobs:
            _dappled(shade, piece, camera, light)
        # A post is as thin as its faces are; of a house the whole counts.
        for solid in (facet.points for facet in piece.facets) if len(piece.facets) < _POST_FACES else (piece.outline,):
            _shade(shade, shadow_of(solid, light), camera, 0)
    # The sun's disc and the lens make edges soft, the more so the lower it stands.
    return np.asarray(cv2.GaussianBlur(shade, (0, 0), 1.6 + 2.2 * (1 - light.sun_direction[2]) ** 2), np.uint8)


def _shade(shade: Image, ground: Array, camera: PinholeCamera, value: int) -> None:
    """Fill the hull of points on the ground."""
    hull = np.asarray(cv2.convexHull(ground.astype(np.float32)), np.float64).reshape(-1, 2)
    shape = outline_px(np.column_stack((hull, np.zeros(len(hull)))), camera)
    if shape is not None and len(shape) > 2:
        cv2.fillPoly(shade, [shape], value, cv2.LINE_AA, _SHIFT)


def _dappled(shade: Image, piece: Piece, camera: PinholeCamera, light: Light) -> None:
    """A tree's shadow: that of each ball of leaves and of the trunk."""
    turn = np.linspace(0, 2 * np.pi, 9)[:-1]
    for blob in piece.blobs[::2]:
        centre = shadow_of(blob.at[None, :], light)[0]
        ring = np.column_stack(
            (
                centre[0] + 1.4 * blob.radius_m * np.cos(turn),
                centre[1] + 1.4 * blob.radius_m * np.sin(turn),
                np.zeros(8),
            )
        )
        shape = outline_px(ring, camera)
        if shape is not None:
            cv2.fillPoly(shade, [shape], 25, cv2.LINE_AA, _SHIFT)


def shadow_of(points: Array, light: Light) -> Array:
    """(n, 3) points → (n, 2) where on the ground their shadow falls, at most 60 m away."""
    x, y, z = light.sun_direction
    slope = min(1.0 / max(z, 1e-3), 12.0)
    run = np.minimum(points[:, 2] * slope, 60.0)[:, None]
    return np.asarray(points[:, :2] - run * np.array((x, y)), np.float64)


def _paint_masks(street: Street, camera: PinholeCamera) -> tuple[Image, Image]:
    """(h, w) 0..255: white paint, and the coloured ground of cycle lanes."""
    width, height = camera.size_px
    marks = markings_of(street)
    masks = []
    for shapes in (marks.white, marks.cycle):
        mask = np.zeros((height, width), np.uint8)
        for points in shapes:
            shape = outline_px(np.column_stack((points, np.zeros(len(points)))), camera)
            if shape is not None:
                cv2.fillPoly(mask, [shape], 255, cv2.LINE_AA, _SHIFT)
        masks.append(mask)
    return masks[0], masks[1]


def _reflect(shown: Image, scenery: Scenery, camera: PinholeCamera, light: Light, road: Image) -> None:
    """What stands there, upside down and smeared, on the wet carriageway."""
    mirror = np.full_like(shown, 0)
    mirror[:] = np.clip(light.shown(light.horizon * 0.8), 0, 255)
    for piece in by_distance(scenery, camera):
        paint(mirror, piece, camera, light, mirrored=True)
    smeared = cv2.GaussianBlur(mirror, (0, 0), sigmaX=3.0, sigmaY=22.0)
    share = (road.astype(np.float32) / 255 * (0.22 * light.wet))[..., None]
    shown[:] = np.clip(shown * (1 - share) + smeared * share, 0, 255).astype(np.uint8)
