"""The mesh of each make and thing, made once."""

from __future__ import annotations

import math
from functools import cache

from sim_videos.render.cars import CAR_MAKES, car_mesh
from sim_videos.render.large import LARGE_MAKES, large_mesh
from sim_videos.render.mesh import Builder, Material, Mesh
from sim_videos.render.riders import SMALL_MAKES, small_mesh

#: Poses of legs in one stride.
STRIDE_POSES = 8


@cache
def mesh_of(make: str, part: int = 0, pose: int = 0) -> Mesh:
    """A make's front body (part 0) or trailer (1), or a thing; pose 1..STRIDE_POSES is where its legs are, 0 rest."""
    if make in CAR_MAKES:
        return car_mesh(make)
    if make in LARGE_MAKES:
        return large_mesh(make, part)
    if make in SMALL_MAKES:
        return small_mesh(make, 2 * math.pi * pose / STRIDE_POSES)
    return _thing(make)


def _thing(make: str) -> Mesh:
    """A cone, a barrier, or whatever else lies there: boxes that fell from a lorry."""
    builder = Builder()
    if make == "cone":
        builder.box((-0.22, -0.22, 0.0), (0.22, 0.22, 0.05), Material.TYRE)
        builder.box((-0.17, -0.17, 0.05), (0.17, 0.17, 0.42), Material.CONE, layer=1, taper=0.08)
        builder.box((-0.09, -0.09, 0.42), (0.09, 0.09, 0.58), Material.WHITE, layer=2, taper=0.02)
        builder.box((-0.07, -0.07, 0.58), (0.07, 0.07, 0.8), Material.CONE, layer=3, taper=0.05)
    elif make == "barrier":
        for y in (-1.1, 1.1):
            builder.box((-0.2, y - 0.05, 0.0), (0.2, y + 0.05, 0.2), Material.TYRE)
        boards = 6
        for i in range(boards):
            y0 = -1.3 + 2.6 * i / boards
            material = Material.CONE if i % 2 == 0 else Material.WHITE
            builder.box((-0.04, y0, 0.6), (0.04, y0 + 2.6 / boards, 1.0), material, layer=1)
    else:
        builder.box((-0.6, -0.45, 0.0), (0.35, 0.4, 0.65), Material.WOOD)
        builder.part = 1
        builder.box((0.45, -0.5, 0.0), (0.95, 0.15, 0.4), Material.WOOD, taper=0.03)
    return builder.mesh(split_x=0.4)
