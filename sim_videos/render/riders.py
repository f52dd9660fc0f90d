"""People, on foot and on two wheels."""

from __future__ import annotations

import math

from sim_videos.render.mesh import Builder, Material, Mesh, Point

SMALL_MAKES = frozenset({"person", "bicycle", "motorcycle"})


def small_mesh(make: str, swing: float) -> Mesh:
    """The mesh of a make of `SMALL_MAKES`; swing (radians of a stride, 0 at rest) moves the legs."""
    builder = Builder()
    if make == "person":
        _person(builder, swing)
    elif make == "bicycle":
        _bicycle(builder, swing)
    else:
        _motorcycle(builder)
    return builder.mesh()


def _person(builder: Builder, swing: float) -> None:
    stride = 0.30 * math.sin(swing)
    for side, ahead in ((1.0, stride), (-1.0, -stride)):
        hip: Point = (0.0, side * 0.09, 0.88)
        knee: Point = (ahead * 0.55 + 0.03, side * 0.09, 0.47)
        foot: Point = (ahead, side * 0.09, 0.08 + 0.06 * abs(ahead))
        builder.limb(hip, knee, 0.075, Material.TROUSERS)
        builder.limb(knee, foot, 0.055, Material.TROUSERS)
        builder.box(
            (foot[0] - 0.07, side * 0.09 - 0.04, 0.0), (foot[0] + 0.14, side * 0.09 + 0.04, 0.08), Material.TYRE
        )
        hand: Point = (-ahead * 0.8, side * 0.27, 0.82)
        builder.limb((0.0, side * 0.23, 1.40), hand, 0.05, Material.SHIRT, layer=2)
    builder.box((-0.12, -0.20, 0.84), (0.12, 0.20, 1.46), Material.SHIRT, layer=1, taper=0.02)
    _head(builder, 0.02, 1.62, layer=3)


def _head(builder: Builder, x: float, z: float, *, layer: int, hair: Material = Material.HAIR) -> None:
    builder.box((x - 0.09, -0.075, z - 0.14), (x + 0.10, 0.075, z + 0.06), Material.SKIN, layer=layer, taper=0.01)
    builder.box((x - 0.11, -0.09, z - 0.04), (x + 0.06, 0.09, z + 0.13), hair, layer=layer + 1, taper=0.04)


def _rider(
    builder: Builder, *, seat: Point, hands: Point, feet: tuple[Point, Point], head_m: float, layer: int
) -> None:
    shoulder: Point = (seat[0] + (hands[0] - seat[0]) * 0.45, 0.0, seat[2] + 0.50)
    for side, foot in ((1.0, feet[0]), (-1.0, feet[1])):
        hip: Point = (seat[0], side * 0.12, seat[2])
        knee: Point = (seat[0] + 0.36, side * 0.15, (seat[2] + foot[2]) / 2 + 0.14)
        builder.limb(hip, knee, 0.08, Material.TROUSERS, layer=layer)
        builder.limb(knee, foot, 0.06, Material.TROUSERS, layer=layer)
        builder.limb(
            (shoulder[0], side * 0.2, shoulder[2] - 0.04),
            (hands[0], side * hands[1], hands[2]),
            0.05,
            Material.SHIRT,
            layer=layer + 2,
        )
    builder.limb((seat[0], 0.0, seat[2]), shoulder, 0.17, Material.SHIRT, layer=layer + 1)
    _head(builder, shoulder[0] + 0.08, head_m, layer=layer + 3, hair=Material.HAIR)


def _two_wheels(builder: Builder, front: float, rear: float, radius: float, thick: float) -> None:
    for x in (front, rear):
        turn = [2 * math.pi * i / 10 for i in range(10)]
        ring: list[Point] = [(x + radius * math.cos(a), 0.0, radius + radius * math.sin(a)) for a in turn]
        builder.face([(px, thick, pz) for px, _, pz in ring], Material.TYRE, out=(0, 1, 0))
        builder.face([(px, -thick, pz) for px, _, pz in ring], Material.TYRE, out=(0, -1, 0))
        hub: list[Point] = [
            (x + radius * 0.8 * math.cos(a), 0.0, radius + radius * 0.8 * math.sin(a)) for a in turn[::2]
        ]
        builder.face([(px, thick * 1.02, pz) for px, _, pz in hub], Material.RIM, out=(0, 1, 0), layer=1, detail=1)
        builder.face([(px, -thick * 1.02, pz) for px, _, pz in hub], Material.RIM, out=(0, -1, 0), layer=1, detail=1)
        tread = radius * 0.75
        builder.box((x - tread, -thick, radius * 0.5), (x + tread, thick, radius * 1.6), Material.TYRE)


def _bicycle(builder: Builder, swing: float) -> None:
    _two_wheels(builder, 0.56, -0.56, 0.34, 0.025)
    for a, b in (
        ((-0.15, 0.0, 0.9), (0.05, 0.0, 0.32)),
        ((0.42, 0.0, 0.85), (0.05, 0.0, 0.32)),
        ((0.42, 0.0, 0.85), (-0.12, 0.0, 0.8)),
    ):
        builder.limb(a, b, 0.025, Material.PAINT, layer=2)
    builder.limb((0.42, -0.27, 1.0), (0.42, 0.27, 1.0), 0.022, Material.TRIM, layer=2)
    builder.limb((0.5, 0.0, 0.4), (0.42, 0.0, 1.0), 0.025, Material.PAINT, layer=2)
    crank = 0.17
    left: Point = (0.05 + crank * math.cos(swing), 0.12, 0.32 + crank * math.sin(swing))
    right: Point = (0.05 - crank * math.cos(swing), -0.12, 0.32 - crank * math.sin(swing))
    _rider(builder, seat=(-0.17, 0.0, 0.95), hands=(0.42, 0.24, 1.03), feet=(left, right), head_m=1.62, layer=3)
    _lamp(builder, 0.52, 0.9, Material.HEADLAMP, 0.05)
    _lamp(builder, -0.36, 0.75, Material.TAIL_LAMP, 0.05)


def _motorcycle(builder: Builder) -> None:
    _two_wheels(builder, 0.72, -0.72, 0.33, 0.07)
    builder.box((-0.35, -0.15, 0.35), (0.45, 0.15, 0.78), Material.TRIM, layer=1, taper=0.05)
    builder.box((-0.05, -0.16, 0.72), (0.5, 0.16, 1.0), Material.PAINT, layer=2, taper=0.06)
    builder.box((-0.85, -0.12, 0.68), (-0.05, 0.12, 0.86), Material.PAINT, layer=2, taper=0.04)
    builder.box((0.5, -0.17, 0.72), (0.72, 0.17, 1.12), Material.PAINT, layer=2, taper=0.05)
    builder.limb((0.75, 0.0, 0.33), (0.5, 0.0, 1.0), 0.05, Material.RIM, layer=1)
    builder.limb((0.45, -0.38, 1.05), (0.45, 0.38, 1.05), 0.03, Material.TRIM, layer=3)
    feet: tuple[Point, Point] = ((-0.05, 0.22, 0.35), (-0.05, -0.22, 0.35))
    _rider(builder, seat=(-0.3, 0.0, 0.86), hands=(0.42, 0.33, 1.08), feet=feet, head_m=1.5, layer=3)
    _lamp(builder, 0.73, 0.85, Material.HEADLAMP, 0.09)
    _lamp(builder, -0.86, 0.74, Material.TAIL_LAMP, 0.07)
    for side, material in ((1.0, Material.LEFT_INDICATOR), (-1.0, Material.RIGHT_INDICATOR)):
        for x in (0.6, -0.84):
            out = 1.0 if x > 0 else -1.0
            y0, y1 = side * 0.17, side * 0.3
            builder.face([(x, y0, 0.8), (x, y1, 0.8), (x, y1, 0.9), (x, y0, 0.9)], material, out=(out, 0, 0), layer=8)


def _lamp(builder: Builder, x: float, z: float, material: Material, half: float) -> None:
    out = 1.0 if x > 0 else -1.0
    builder.face(
        [(x, -half, z - half), (x, half, z - half), (x, half, z + half), (x, -half, z + half)],
        material,
        out=(out, 0, 0),
        layer=8,
    )
