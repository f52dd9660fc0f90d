"""What stands beside the road and never moves: trees, houses and lamp posts."""

from __future__ import annotations

import random

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.old.camera import PinholeCamera
from sim_videos.old.canvas import Colour, ImageBGR, disc, fill, hazed, shaded, stroke


def paint_scenery(picture: ImageBGR, camera: PinholeCamera, seed: int) -> None:
    """Houses, trees and posts, far ones first."""
    rng = random.Random(f"{seed}/scenery")  # noqa: S311 - trees, not secrets
    things: list[tuple[float, str, float, float]] = []
    for side in (-1, 1):
        kerb = -7.1 if side < 0 else 10.4
        y = -14.0
        while y > -420.0:
            y -= rng.uniform(9.0, 17.0)
            things.append((y, "tree", kerb + side * rng.uniform(5.0, 7.5), rng.uniform(0.8, 1.25)))
            if rng.random() < 0.7:
                things.append((y - 4, "tree", kerb + side * rng.uniform(22.0, 60.0), rng.uniform(0.9, 1.5)))
        for row in range(9):
            out = side * rng.uniform(19.0, 24.0)
            things += [(-26.0 - 24.0 * row, "house", kerb + out, rng.uniform(0.8, 1.3))]
        things += [(-20.0 - 35.0 * row, "post", kerb + side * 1.6, 1.0) for row in range(7)]
    for y, what, x, size in sorted(things):
        picks = random.Random(f"{seed}/{y}/{x}")  # noqa: S311 - trees, not secrets
        {"tree": _tree, "house": _house, "post": _post}[what](picture, camera, (x, y), size, picks)


def _reach(camera: PinholeCamera, at_m: tuple[float, float]) -> float:
    return float(np.hypot(at_m[0] - camera.pos_m[0], at_m[1] - camera.pos_m[1]))


def _tree(picture: ImageBGR, camera: PinholeCamera, at_m: tuple[float, float], size: float, rng: random.Random) -> None:
    reach = _reach(camera, at_m)
    scale = camera.focal_px / reach
    x, y = at_m
    turn = np.linspace(0, 2 * np.pi, 16)
    shade = np.column_stack((x + size * (2.5 + 2.6 * np.cos(turn)), y + 0.8 + 2.2 * size * np.sin(turn)))
    _darken(picture, camera.ground_to_px(shade), 0.68)
    trunk = camera.to_px([(x, y, 0.0), (x, y, 3.0 * size)])
    stroke(picture, trunk, hazed((52, 68, 82), reach), 0.32 * size * scale)
    for k in range(34):
        level = k / 33
        leaves = (
            x + rng.gauss(0, 1.15) * size,
            y + rng.gauss(0, 0.8) * size,
            (2.7 + 3.6 * level + rng.gauss(0, 0.35)) * size,
        )
        light = 0.62 + 0.42 * level + rng.uniform(-0.06, 0.06)
        colour = hazed(shaded((44, 104, 80), light), reach)
        disc(picture, camera.to_px([leaves])[0], (1.15 - 0.55 * level) * size * scale, colour)


def _house(
    picture: ImageBGR, camera: PinholeCamera, at_m: tuple[float, float], size: float, rng: random.Random
) -> None:
    reach = _reach(camera, at_m)
    x, y = at_m
    half, deep, high = 4.5 * size, 11.0 * size, rng.choice((5.5, 6.5, 8.5))
    wall: Colour = rng.choice(((150, 172, 190), (172, 184, 196), (128, 146, 178), (196, 202, 206)))
    road_x = x - half if x > 0 else x + half
    south, north = y - deep / 2, y + deep / 2
    ridge = high + 2.6

    def face(corners: list[tuple[float, float, float]], colour: Colour) -> None:
        fill(picture, camera.to_px(corners), hazed(colour, reach))

    def pane(a: tuple[float, float], b: tuple[float, float], floor: float) -> None:
        face([(*a, floor), (*b, floor), (*b, floor + 1.4), (*a, floor + 1.4)], (92, 81, 72))

    face([(road_x, south, 0), (road_x, north, 0), (road_x, north, high), (road_x, south, high)], shaded(wall, 0.84))
    face([(x - half, north, 0), (x + half, north, 0), (x + half, north, high), (x - half, north, high)], wall)
    face([(road_x, south, high), (road_x, north, high), (x, north, ridge), (x, south, ridge)], (72, 82, 112))
    face([(x - half, north, high), (x + half, north, high), (x, north, ridge)], wall)
    for floor in np.arange(1.0, high - 1.4, 2.8):
        for share in (0.14, 0.42, 0.70):
            west, low = x - half + 2 * half * share, south + deep * share
            pane((west, north), (west + 1.3, north), float(floor))
            pane((road_x, low), (road_x, low + 1.4), float(floor))


def _post(picture: ImageBGR, camera: PinholeCamera, at_m: tuple[float, float], size: float, rng: random.Random) -> None:
    reach = _reach(camera, at_m)
    x, y = at_m
    high = (8.0 + rng.uniform(-0.1, 0.1)) * size
    over = x + (1.8 if x < 0 else -1.8)
    line = camera.to_px([(x, y, 0.0), (x, y, high), (over, y, high + 0.3)])
    stroke(picture, line, hazed((112, 112, 110), reach), 0.16 * camera.focal_px / reach)


def _darken(picture: ImageBGR, points_px: NDArray[np.float64], to: float) -> None:
    black = picture.copy()
    fill(black, points_px, (0, 0, 0))
    cv2.addWeighted(picture, to, black, 1 - to, 0, dst=picture)
