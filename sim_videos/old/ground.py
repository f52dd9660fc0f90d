"""The still part of the picture: road, kerbs, markings, grass, trees, houses and sky.

Each pixel is taken back to the ground and coloured by what lies there, so markings have
the right perspective; edges are softened over one pixel's width on the ground.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.old import layout
from sim_videos.old.camera import PinholeCamera
from sim_videos.old.canvas import HAZE, ImageBGR
from sim_videos.old.scenery import paint_scenery

Array = NDArray[np.float32]
_PAINT = (214, 222, 224)
_YELLOW = (70, 178, 222)


class _Ground:
    """Ground coordinates of each pixel, and one pixel's width there along x and y, in metres."""

    def __init__(self, camera: PinholeCamera) -> None:
        width, height = camera.size_px
        self.first_row = max(0, int(np.ceil(camera.horizon_px)) + 1)
        rows, columns = np.mgrid[self.first_row : height, 0:width]
        at = camera.to_ground(np.column_stack((columns.ravel() + 0.5, rows.ravel() + 0.5)))
        self.x: Array = at[:, 0].reshape(rows.shape).astype(np.float32)
        self.y: Array = at[:, 1].reshape(rows.shape).astype(np.float32)
        self.wide_x: Array = _step(self.x)
        self.wide_y: Array = _step(self.y)
        self.reach: Array = np.hypot(self.x - camera.pos_m[0], self.y - camera.pos_m[1]).astype(np.float32)
        self.colour: Array = np.zeros((*rows.shape, 3), np.float32)

    def lay(self, colour: tuple[float, float, float] | Array, cover: Array) -> None:
        """Paint over what is there; cover is 0..1 a pixel."""
        share = np.clip(cover, 0.0, 1.0)[..., None]
        self.colour += (np.asarray(colour, np.float32) - self.colour) * share

    def band(self, x: tuple[float, float] | None, y: tuple[float, float] | None) -> Array:
        """Cover of an upright rectangle; None leaves a side open."""
        cover = np.ones_like(self.x)
        for values, wide, limits in ((self.x, self.wide_x, x), (self.y, self.wide_y, y)):
            if limits is not None:
                cover *= np.clip((values - limits[0]) / wide + 0.5, 0, 1) - np.clip(
                    (values - limits[1]) / wide + 0.5, 0, 1
                )
        return cover

    def edge(self, distance: Array) -> Array:
        """Cover of where a signed distance in metres is negative."""
        return np.clip(0.5 - distance / np.maximum(self.wide_x, self.wide_y), 0, 1)


def _step(values: Array) -> Array:
    along = np.abs(np.gradient(values, axis=1))
    down = np.abs(np.gradient(values, axis=0))
    return np.asarray(np.maximum(np.maximum(along, down), 1e-3), np.float32)


def _noise(g: _Ground, size_m: float, seed: int) -> Array:
    """Smooth noise of −1..1 with features of size_m, fading where pixels are larger than it."""
    grid = np.random.default_rng(seed).uniform(-1, 1, (128, 128)).astype(np.float32)
    grid[-1], grid[:, -1] = grid[0], grid[:, 0]  # so that it repeats without a seam
    shape = ((g.x / size_m) % 127, (g.y / size_m) % 127)
    values = cv2.remap(grid, shape[0].astype(np.float32), shape[1].astype(np.float32), cv2.INTER_LINEAR)
    return np.asarray(values * np.clip(size_m / np.maximum(g.wide_x, g.wide_y), 0, 1), np.float32)


def _strip(values: Array, low: float, high: float) -> Array:
    return np.asarray(np.maximum(low - values, values - high), np.float32)


def _round_union(a: Array, b: Array, radius: float) -> Array:
    corner = np.hypot(np.maximum(radius - a, 0), np.maximum(radius - b, 0))
    return np.asarray(np.maximum(radius, np.minimum(a, b)) - corner, np.float32)


def _island(g: _Ground) -> Array:
    """Signed distance (rough) of the median island, which tapers where the bay opens."""
    taper = np.clip((layout.ISLAND_END_Y - g.y) / 11.0, 0, 1)
    right = 0.45 + 2.75 * taper
    return np.asarray(np.maximum(np.maximum(0.45 - g.x, g.x - right), g.y - layout.ISLAND_END_Y), np.float32)


def paint_ground(camera: PinholeCamera, seed: int = 0) -> ImageBGR:
    """The empty junction as `camera` sees it, (h, w, 3) uint8 BGR."""
    g = _Ground(camera)
    road = _round_union(
        _strip(g.x, layout.WEST_KERB_X, layout.EAST_KERB_X),
        _strip(g.y, layout.SOUTH_KERB_Y, layout.NORTH_KERB_Y),
        layout.KERB_RADIUS_M,
    )
    _lay_verges(g, road, seed)
    _lay_asphalt(g, road, seed)
    _lay_markings(g, seed)
    island = _island(g)
    g.lay((150, 156, 158), g.edge(island))
    g.lay((88 + 0 * g.x)[..., None] * np.array((0.80, 1.32, 1.10), np.float32), g.edge(island + 0.25))
    far = np.clip((g.reach - 60.0) / 520.0, 0, 0.75)
    g.lay(HAZE, far)
    picture: ImageBGR = np.zeros((camera.size_px[1], camera.size_px[0], 3), np.uint8)
    picture[g.first_row :] = np.clip(g.colour, 0, 255).astype(np.uint8)
    _paint_sky(picture, g.first_row)
    paint_scenery(picture, camera, seed)
    return picture


def _lay_verges(g: _Ground, road: Array, seed: int) -> None:
    shade = 1 + 0.10 * _noise(g, 6.0, seed + 1) + 0.07 * _noise(g, 1.2, seed + 2) + 0.06 * _noise(g, 0.25, seed + 3)
    g.colour[:] = np.array((62, 122, 104), np.float32) * shade[..., None]
    walk = np.clip(1 + 0.04 * _noise(g, 2.5, seed + 4) + 0.04 * _noise(g, 0.3, seed + 5), 0.8, 1.2)
    g.lay(np.array((166, 174, 178), np.float32) * walk[..., None], g.edge(road - 2.6))
    for values, wide in ((g.x, g.wide_x), (g.y, g.wide_y)):
        joint = np.abs((values + 0.7) % 1.5 - 0.75)
        line = np.clip((0.03 - joint) / wide + 0.5, 0, 1) * np.clip(0.06 / wide, 0, 1)
        g.lay((120, 128, 132), line * g.edge(road - 2.6))
    g.lay((190, 194, 196), g.edge(road - 0.28))
    g.lay((132, 136, 138), g.edge(road - 0.08))


def _lay_asphalt(g: _Ground, road: Array, seed: int) -> None:
    grain = 1 + 0.05 * _noise(g, 9.0, seed + 6) + 0.05 * _noise(g, 1.7, seed + 7) + 0.06 * _noise(g, 0.16, seed + 8)
    asphalt = np.array((104, 103, 102), np.float32) * grain[..., None]
    cover = g.edge(road)
    g.lay(asphalt, cover)
    on_main = g.edge(_strip(g.y, -400.0, layout.SOUTH_KERB_Y))
    for x in (layout.SB_OUTER_X, layout.SB_INNER_X, layout.NB_INNER_X, layout.NB_OUTER_X, layout.BAY_X):
        wear = np.exp(-(((np.abs(g.x - x) - 0.8) / 0.35) ** 2)) * 0.10 + np.exp(-(((g.x - x) / 0.30) ** 2)) * 0.12
        g.lay((70, 70, 71), wear.astype(np.float32) * on_main * cover)
    for y in (layout.EB_Y, layout.WB_Y):
        wear = np.exp(-(((np.abs(g.y - y) - 0.8) / 0.35) ** 2)) * 0.12
        g.lay((70, 70, 71), wear.astype(np.float32) * cover)
    oil = np.exp(-(((g.y + 4.0) / 4.5) ** 2)) * sum(
        np.exp(-(((g.x - x) / 0.55) ** 2)) for x in (layout.BAY_X, layout.NB_INNER_X, layout.NB_OUTER_X)
    )
    g.lay((58, 57, 57), (0.30 * oil).astype(np.float32) * cover)
    g.lay((84, 84, 84), 0.8 * g.band((-4.6, -2.2), (-31.0, -24.5)))
    g.lay((88, 87, 86), 0.8 * g.band((6.9, 9.9), (-62.0, -52.0)))


def _lay_markings(g: _Ground, seed: int) -> None:
    worn = 0.86 + 0.16 * _noise(g, 0.7, seed + 9) + 0.12 * _noise(g, 0.12, seed + 10)
    south = (-400.0, layout.STOP_Y)

    def line(colour: tuple[int, int, int], x: float, y: tuple[float, float], wide_m: float = 0.14) -> None:
        g.lay(colour, worn * g.band((x - wide_m / 2, x + wide_m / 2), y))

    line(_PAINT, -6.85, (-400.0, 0.0))
    line(_PAINT, 10.15, (-400.0, 0.0))
    line(_YELLOW, -0.12, south, 0.12)
    line(_YELLOW, 0.12, (-400.0, layout.STOP_Y), 0.12)
    line(_PAINT, 3.5, (layout.BAY_FULL_Y, layout.STOP_Y))
    line(_PAINT, 6.8, (-30.0, layout.STOP_Y))
    for start in range(-40, -260, -10):
        line(_PAINT, 6.8, (start - 3.0, float(start)))
        line(_PAINT, -3.5, (start - 3.0, float(start)))
    for start in range(-4, -40, -10):
        line(_PAINT, -3.5, (start - 3.0, float(start)))
    g.lay(_PAINT, worn * g.band((0.25, 10.1), (-0.55, layout.STOP_Y)))
    for k in range(14):
        x = layout.WEST_KERB_X + 0.55 + 1.25 * k
        g.lay(_PAINT, worn * g.band((x, x + 0.62), layout.CROSSWALK_Y))
    g.lay(_YELLOW, worn * g.band((-200.0, layout.EB_STOP_X), (11.14, 11.26)))
    g.lay(_YELLOW, worn * g.band((-200.0, layout.EB_STOP_X), (11.34, 11.46)))
    g.lay(_YELLOW, worn * g.band((layout.WB_STOP_X, 200.0), (11.14, 11.26)))
    g.lay(_YELLOW, worn * g.band((layout.WB_STOP_X, 200.0), (11.34, 11.46)))
    g.lay(_PAINT, worn * g.band((layout.EB_STOP_X - 0.5, layout.EB_STOP_X), (8.0, 11.1)))
    g.lay(_PAINT, worn * g.band((layout.WB_STOP_X, layout.WB_STOP_X + 0.5), (11.5, 14.6)))
    for y in (-7.0, -27.0):
        for x, turn in ((layout.BAY_X, -1), (layout.NB_INNER_X, 0), (layout.NB_OUTER_X, 2)):
            _arrow(g, x, y, turn, worn)


def _arrow(g: _Ground, x: float, y: float, turn: int, worn: Array) -> None:
    """A lane arrow whose tip lies at y: −1 left, 0 straight, 2 straight and right."""
    stem_top = y - 1.4 if turn in {0, 2} else y - 1.9
    g.lay(_PAINT, worn * g.band((x - 0.11, x + 0.11), (y - 5.0, stem_top)))
    if turn in {0, 2}:
        g.lay(_PAINT, worn * g.edge(np.maximum((g.y - y) * 0.35 + np.abs(g.x - x), y - 1.5 - g.y)))
    if turn != 0:
        side = -1.0 if turn < 0 else 1.0
        at = y - 1.9 if turn < 0 else y - 3.0
        out = side * (g.x - x)
        g.lay(_PAINT, worn * g.edge(np.maximum(np.maximum(-out, out - 0.55), np.abs(g.y - at) - 0.30)))
        g.lay(_PAINT, worn * g.edge(np.maximum(0.5 - out, np.abs(g.y - at) * 0.5 + out - 1.15)))


def _paint_sky(picture: ImageBGR, horizon_row: int) -> None:
    height = np.linspace(1.0, 0.0, max(horizon_row, 1), dtype=np.float32)[:, None, None]
    top, bottom = np.array((222, 190, 150), np.float32), np.array((232, 222, 210), np.float32)
    picture[:horizon_row] = (bottom + (top - bottom) * height).astype(np.uint8)
