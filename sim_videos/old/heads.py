"""Signal heads that face the camera, with the lamps they show.

The heads of northbound traffic face away from this camera. So that a person can read the
picture, a confirmation head at the kerb repeats phases 2 and 5 toward it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.types import Interval, PedInterval
from sim_videos.old.camera import PinholeCamera
from sim_videos.old.canvas import Array, Colour, ImageBGR, disc, fill, stroke

_RED, _AMBER, _GREEN = (56, 48, 246), (48, 190, 255), (120, 240, 90)
_OFF: tuple[Colour, Colour, Colour] = ((34, 32, 66), (32, 56, 70), (40, 62, 34))


@dataclass(frozen=True, slots=True)
class Head:
    """A head at `at_m`, lamps' middle z_m above the ground, on a pole at pole_m. phase None: pedestrians."""

    at_m: tuple[float, float]
    z_m: float
    phase: int | None
    pole_m: tuple[float, float]
    arrow: bool = False


_WEST_POLE, _EAST_POLE = (-9.6, 6.2), (12.6, 5.4)
#: Every head of the demo junction that faces the camera.
HEADS: tuple[Head, ...] = (
    Head((-5.2, 6.2), 6.0, 6, _WEST_POLE),
    Head((-2.0, 6.2), 6.0, 6, _WEST_POLE),
    Head((11.9, 5.4), 4.4, 2, _EAST_POLE),
    Head((13.3, 5.4), 4.4, 5, _EAST_POLE, arrow=True),
    Head((-8.6, 5.8), 2.7, None, (-8.6, 5.8)),
    Head((11.6, 5.2), 2.7, None, (11.6, 5.2)),
)


def paint_head(picture: ImageBGR, camera: PinholeCamera, head: Head, shows: Interval | PedInterval, t_s: float) -> None:
    """Pole, arm, housing and lit lamps of one head."""
    (x, y), (pole_x, pole_y) = head.at_m, head.pole_m
    scale = camera.focal_px / float(camera.depth_m([(x, y, head.z_m)])[0])
    steel = (124, 126, 124)
    top = head.z_m + (0.5 if abs(x - pole_x) > 2 else 0.0)
    stroke(picture, camera.to_px([(pole_x, pole_y, 0.0), (pole_x, pole_y, top)]), steel, 0.18 * scale)
    stroke(picture, camera.to_px([(pole_x, pole_y, top), (x, y, top)]), steel, 0.13 * scale)
    if isinstance(shows, PedInterval):
        _pedestrian(picture, camera, head, shows, t_s)
        return
    high = 1.45
    fill(picture, _plate(camera, head, 0.30, high / 2 + 0.12), (30, 30, 30))
    lit = {
        Interval.RED: 0,
        Interval.RED_CLEARANCE: 0,
        Interval.FLASH_RED: 0,
        Interval.YELLOW: 1,
        Interval.FLASH_YELLOW: 1,
        Interval.GREEN: 2,
    }[shows]
    for k, colour in enumerate((_RED, _AMBER, _GREEN)):
        centre = camera.to_px([(x, y, head.z_m + 0.47 - 0.47 * k)])[0]
        if k != lit:
            disc(picture, centre, 0.19 * scale, _OFF[k])
        elif head.arrow:
            disc(picture, centre, 0.19 * scale, (26, 26, 26))
            _arrow(picture, centre, 0.21 * scale, colour)
        else:
            disc(picture, centre, 0.21 * scale, colour)
            disc(picture, centre, 0.09 * scale, (255, 255, 255))


def _plate(camera: PinholeCamera, head: Head, half_wide: float, half_high: float) -> Array:
    x, y = head.at_m
    corners = [(-half_wide, -half_high), (half_wide, -half_high), (half_wide, half_high), (-half_wide, half_high)]
    return camera.to_px([(x + dx, y, head.z_m + dz) for dx, dz in corners])


def _arrow(picture: ImageBGR, centre: Array, size: float, colour: Colour) -> None:
    # left for the driver that the head stands for, who comes toward the camera: right in the picture
    tip = np.array(((1.0, 0.0), (-0.1, -0.85), (-0.1, 0.85))) * size + centre
    fill(picture, tip, colour)
    stroke(picture, np.array(((-0.9, 0.0), (0.2, 0.0))) * size + centre, colour, 0.5 * size)


def _pedestrian(picture: ImageBGR, camera: PinholeCamera, head: Head, shows: PedInterval, t_s: float) -> None:
    fill(picture, _plate(camera, head, 0.28, 0.28), (30, 30, 30))
    flashing_off = shows is PedInterval.CLEARANCE and (t_s % 1.0) >= 0.5
    if shows is PedInterval.DARK or flashing_off:
        return
    colour = (235, 240, 235) if shows is PedInterval.WALK else (40, 110, 255)
    fill(picture, _plate(camera, head, 0.15, 0.20), colour)
