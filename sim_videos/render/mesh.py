"""Shapes made of flat faces, in the frame of reference of what they belong to.

x points forward, y left, z up; the origin lies on the ground under the middle. Metres.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Point = tuple[float, float, float]

#: Corners a face may have; shorter ones repeat their last.
MAX_CORNERS = 10


class Material(IntEnum):
    """What a face is made of; `shade.py` says how each looks."""

    PAINT = 0
    GLASS = 1
    TYRE = 2
    RIM = 3
    TRIM = 4
    HEADLAMP = 5
    TAIL_LAMP = 6
    LEFT_INDICATOR = 7
    RIGHT_INDICATOR = 8
    PLATE = 9
    SKIN = 10
    SHIRT = 11
    TROUSERS = 12
    HAIR = 13
    CARGO = 14
    BEACON = 15
    SALOON = 16
    STRIPE = 17
    CONE = 18
    WHITE = 19
    WOOD = 20


@dataclass(frozen=True, slots=True)
class Mesh:
    """vertices (V, 3), outline (H, 3) those on its convex hull
    (mirrors left out), footprint (4, 2) the corners of the
    rectangle that it stands within. Of each of F faces: corners (F, MAX_CORNERS) indices, normals (F, 3) outward,
    middles (F, 3), material, part, layer, detail (0 always drawn, 2 only when near).

    Faces are drawn part by part and, within one, from low layers to high. Parts are numbered from
    the rear to the front and split by upright planes, at split_x for 0 | 1: a camera behind that
    plane has them drawn from the front to the rear. lamps: material → its faces that are always drawn.
    """

    vertices: Array
    outline: Array
    footprint: Array
    corners: Ints
    counts: Ints
    normals: Array
    middles: Array
    material: Ints
    part: Ints
    layer: Ints
    detail: Ints
    lamps: Mapping[int, tuple[int, ...]]
    split_x: float
    length_m: float
    width_m: float
    height_m: float


class Builder:
    """Collects faces and becomes a `Mesh`. part is that of the faces added next."""

    def __init__(self) -> None:
        self.part = 0
        self._vertices: list[Point] = []
        self._faces: list[tuple[list[int], Material, int, int, int]] = []

    def face(self, points: Sequence[Point], material: Material, *, out: Point, layer: int = 0, detail: int = 0) -> None:
        """One flat face; its corners are turned so that it faces the side of `out`."""
        normal = np.cross(np.subtract(points[1], points[0]), np.subtract(points[2], points[0]))
        ordered = list(points) if float(np.dot(normal, out)) >= 0 else list(reversed(points))
        first = len(self._vertices)
        self._vertices.extend(ordered)
        self._faces.append((list(range(first, first + len(ordered))), material, self.part, layer, detail))

    def both(self, points: Sequence[Point], material: Material, *, out: Point, layer: int = 0, detail: int = 0) -> None:
        """A face on the left and its mirror image on the right."""
        self.face(points, material, out=out, layer=layer, detail=detail)
        self.face(
            [(x, -y, z) for x, y, z in points], material, out=(out[0], -out[1], out[2]), layer=layer, detail=detail
        )

    def box(
        self,
        low: Point,
        high: Point,
        material: Material,
        *,
        layer: int = 0,
        detail: int = 0,
        taper: float = 0.0,
    ) -> None:
        """An upright box without a floor; taper is by how much its top is drawn in on every side."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        a, b, c, d = x0 + taper, x1 - taper, y0 + taper, y1 - taper
        self.face([(a, c, z1), (b, c, z1), (b, d, z1), (a, d, z1)], material, out=(0, 0, 1), layer=layer, detail=detail)
        self.face(
            [(x1, y0, z0), (x1, y1, z0), (b, d, z1), (b, c, z1)], material, out=(1, 0, 0), layer=layer, detail=detail
        )
        self.face(
            [(x0, y0, z0), (x0, y1, z0), (a, d, z1), (a, c, z1)], material, out=(-1, 0, 0), layer=layer, detail=detail
        )
        self.face(
            [(x0, y1, z0), (x1, y1, z0), (b, d, z1), (a, d, z1)], material, out=(0, 1, 0), layer=layer, detail=detail
        )
        self.face(
            [(x0, y0, z0), (x1, y0, z0), (b, c, z1), (a, c, z1)], material, out=(0, -1, 0), layer=layer, detail=detail
        )

    def limb(self, a: Point, b: Point, half_m: float, material: Material, *, layer: int = 0, detail: int = 0) -> None:
        """A square bar from a to b."""
        start, end = np.array(a), np.array(b)
        along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)
        side = np.cross(along, (0.0, 1.0, 0.0) if abs(along[1]) < 0.9 else (1.0, 0.0, 0.0))
        side *= half_m / float(np.linalg.norm(side))
        other = np.cross(along, side)
        ring = (side + other, side - other, -side - other, -side + other)
        for one, two in zip(ring, (*ring[1:], ring[0]), strict=True):
            points = [_point(start + one), _point(start + two), _point(end + two), _point(end + one)]
            self.face(points, material, out=_point(one + two), layer=layer, detail=detail)
        for at, out in ((start, -along), (end, along)):
            self.face([_point(at + corner) for corner in ring], material, out=_point(out), layer=layer, detail=detail)

    def wheel(self, x: float, y: float, radius_m: float, *, layer: int = 1) -> None:
        """A wheel on the left side at (x, y) and its mirror image: a tyre and, when near, a rim."""
        for radius, material, detail, corners in (
            (radius_m, Material.TYRE, 0, 10),
            (radius_m * 0.62, Material.RIM, 1, 8),
        ):
            turn = np.linspace(0.0, 2 * np.pi, corners, endpoint=False)
            points = [(x + radius * float(np.cos(a)), y, radius_m + radius * float(np.sin(a))) for a in turn]
            self.both(points, material, out=(0, 1, 0), layer=layer + (material is Material.RIM), detail=detail)

    def mesh(self, *, split_x: float = 0.0) -> Mesh:
        """What was collected."""
        vertices = np.array(self._vertices, np.float64)
        solid = vertices[[i for face, *_, detail in self._faces if detail < 2 for i in face]]
        corners = np.array([face + face[-1:] * (MAX_CORNERS - len(face)) for face, *_ in self._faces], np.int64)
        a, b, c = (vertices[corners[:, i]] for i in range(3))
        lamps: dict[int, tuple[int, ...]] = {}
        for number, (_, material, _, _, detail) in enumerate(self._faces):
            if detail == 0:
                lamps[int(material)] = (*lamps.get(int(material), ()), number)
        normals = np.cross(b - a, c - a)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        size = np.ptp(solid, axis=0)
        return Mesh(
            vertices=vertices,
            outline=solid[ConvexHull(solid).vertices],
            footprint=_rectangle(solid),
            corners=corners,
            counts=np.array([len(face) for face, *_ in self._faces], np.int64),
            normals=normals,
            middles=np.array([vertices[face].mean(axis=0) for face, *_ in self._faces]),
            material=np.array([int(material) for _, material, *_ in self._faces], np.int64),
            part=np.array([part for _, _, part, _, _ in self._faces], np.int64),
            layer=np.array([layer for *_, layer, _ in self._faces], np.int64),
            detail=np.array([detail for *_, detail in self._faces], np.int64),
            lamps=lamps,
            split_x=split_x,
            length_m=float(size[0]),
            width_m=float(size[1]),
            height_m=float(vertices[:, 2].max()),
        )


def _rectangle(vertices: Array) -> Array:
    (x0, y0), (x1, y1) = vertices[:, :2].min(axis=0), vertices[:, :2].max(axis=0)
    return np.array(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def _point(array: Array) -> Point:
    return (float(array[0]), float(array[1]), float(array[2]))
