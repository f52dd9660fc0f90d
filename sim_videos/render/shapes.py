"""The mesh of each make and thing."""

from __future__ import annotations

from functools import cache

from sim_videos.makes import MAKES
from sim_videos.render.mesh import Builder, Material, Mesh

#: Poses of legs in one stride.
STRIDE_POSES = 8


@cache
def mesh_of(make: str, part: int = 0, pose: int = 0) -> Mesh:
    """A make's front body (part 0) or trailer (1), or a thing; pose is where its legs are in a stride."""
    del pose
    builder = Builder()
    known = MAKES.get(make)
    if known is None:
        builder.box((-0.4, -0.4, 0.0), (0.4, 0.4, 0.7), Material.CARGO)
        return builder.mesh()
    length = known.length_m
    if known.trailer_m is not None:
        length = known.trailer_m if part else length - known.trailer_m
    half = known.width_m / 2
    builder.box((-length / 2, -half, 0.0), (length / 2, half, known.height_m), Material.PAINT)
    return builder.mesh()
