"""Lorries and buses."""

from __future__ import annotations

from sim_videos.makes import MAKES
from sim_videos.render.cars import indicators
from sim_videos.render.mesh import Builder, Material, Mesh, Point

LARGE_MAKES = frozenset({"box_van", "lorry", "articulated", "bus"})


def large_mesh(make: str, part: int) -> Mesh:
    """The mesh of a make of `LARGE_MAKES`; part 1 is the trailer of an articulated one."""
    size = MAKES[make]
    half = size.width_m / 2
    if make == "bus":
        return _bus(size.length_m / 2, half, size.height_m)
    if make == "articulated" and size.trailer_m is not None:
        if part == 1:
            return _trailer(size.trailer_m / 2, half, size.height_m)
        return _tractor((size.length_m - size.trailer_m) / 2, half, size.height_m * 0.88)
    return _rigid(size.length_m / 2, half, size.height_m, cab_m=1.7 if make == "lorry" else 1.9, flat=make == "lorry")


def _rigid(nose: float, half: float, height: float, *, cab_m: float, flat: bool) -> Mesh:
    """A cab in front, a cargo box behind."""
    builder = Builder()
    gap = nose - cab_m
    floor = 0.95 if flat else 0.75
    builder.box((-nose, -half * 0.86, 0.4), (gap, half * 0.86, floor), Material.TRIM)
    _cargo(builder, -nose, gap - 0.08, half, floor, height)
    _rear(builder, -nose, half, floor)
    radius = 0.48 if flat else 0.38
    builder.wheel(-nose + 0.24 * 2 * nose, half, radius)
    builder.part = 1
    _cab(builder, gap, nose, half * 0.96, height * (0.82 if flat else 0.74), flat=flat)
    builder.wheel(nose - (1.0 if flat else 0.9), half, radius)
    return builder.mesh(split_x=gap)


def _trailer(nose: float, half: float, height: float) -> Mesh:
    builder = Builder()
    builder.box((-nose, -half * 0.8, 0.55), (nose, half * 0.8, 1.15), Material.TRIM)
    _cargo(builder, -nose, nose, half, 1.1, height)
    _rear(builder, -nose, half, 1.05)
    for x in (-nose + 1.6, -nose + 2.85, -nose + 4.1):
        builder.wheel(x, half, 0.5)
    return builder.mesh()


def _tractor(nose: float, half: float, height: float) -> Mesh:
    builder = Builder()
    builder.box((-nose, -half * 0.8, 0.45), (nose, half * 0.8, 1.0), Material.TRIM)
    _cab(builder, -nose + 0.75, nose, half * 0.98, height, flat=True)
    builder.wheel(nose - 1.3, half, 0.5)
    return builder.mesh()


def _cargo(builder: Builder, x0: float, x1: float, half: float, z0: float, z1: float) -> None:
    builder.box((x0, -half, z0), (x1, half, z1), Material.CARGO, layer=2)
    rib = 0.05
    for z in (z0, z1 - rib):
        edge: list[Point] = [(x0, half, z), (x1, half, z), (x1, half, z + rib), (x0, half, z + rib)]
        builder.both(edge, Material.TRIM, out=(0, 1, 0), layer=3, detail=1)
    mark_x0, mark_x1 = x0 + (x1 - x0) * 0.2, x0 + (x1 - x0) * 0.75
    mark_z0, mark_z1 = z0 + (z1 - z0) * 0.42, z0 + (z1 - z0) * 0.72
    mark: list[Point] = [
        (mark_x0, half, mark_z0),
        (mark_x1, half, mark_z0),
        (mark_x1, half, mark_z1),
        (mark_x0, half, mark_z1),
    ]
    builder.both(mark, Material.PAINT, out=(0, 1, 0), layer=3)


def _rear(builder: Builder, x: float, half: float, z: float) -> None:
    for y0, y1 in ((half * 0.6, half * 0.92), (-half * 0.92, -half * 0.6)):
        lamp: list[Point] = [
            (x - 0.02, y0, z - 0.3),
            (x - 0.02, y1, z - 0.3),
            (x - 0.02, y1, z - 0.12),
            (x - 0.02, y0, z - 0.12),
        ]
        builder.face(lamp, Material.TAIL_LAMP, out=(-1, 0, 0), layer=4)
    seam: list[Point] = [
        (x - 0.01, -0.03, z),
        (x - 0.01, 0.03, z),
        (x - 0.01, 0.03, z + 2.0),
        (x - 0.01, -0.03, z + 2.0),
    ]
    builder.face(seam, Material.TRIM, out=(-1, 0, 0), layer=4, detail=1)
    plate: list[Point] = [
        (x - 0.02, -0.26, z - 0.26),
        (x - 0.02, 0.26, z - 0.26),
        (x - 0.02, 0.26, z - 0.14),
        (x - 0.02, -0.26, z - 0.14),
    ]
    builder.face(plate, Material.PLATE, out=(-1, 0, 0), layer=4, detail=1)
    for side, material in ((1.0, Material.LEFT_INDICATOR), (-1.0, Material.RIGHT_INDICATOR)):
        y0, y1 = side * half * 0.93, side * half * 1.0
        quad: list[Point] = [
            (x - 0.02, y0, z - 0.3),
            (x - 0.02, y1, z - 0.3),
            (x - 0.02, y1, z - 0.12),
            (x - 0.02, y0, z - 0.12),
        ]
        builder.face(quad, material, out=(-1, 0, 0), layer=4)


def _cab(builder: Builder, x0: float, x1: float, half: float, height: float, *, flat: bool) -> None:
    """A driver's cab with its windscreen, windows, lamps and grille."""
    floor = 0.42
    belt = floor + (height - floor) * 0.45
    slope = 0.12 if flat else 0.75
    bonnet = 0.0 if flat else 0.55
    foot, top = x1 - bonnet, x1 - bonnet - slope
    roof = half * 0.93
    lower: list[Point] = [
        (x0, half, floor),
        (x1, half, floor),
        (x1, half, belt - bonnet * 0.4),
        (foot, half, belt),
        (x0, half, belt),
    ]
    builder.both(lower, Material.PAINT, out=(0, 1, 0))
    upper: list[Point] = [(x0, half, belt), (foot, half, belt), (top, roof, height), (x0, roof, height)]
    builder.both(upper, Material.PAINT, out=(0, 1, 0), layer=1)
    nose: list[Point] = [
        (x1, -half, floor),
        (x1, half, floor),
        (x1, half, belt - bonnet * 0.4),
        (x1, -half, belt - bonnet * 0.4),
    ]
    builder.face(nose, Material.PAINT, out=(1, 0, 0))
    if bonnet:
        lid: list[Point] = [
            (foot, -half, belt),
            (x1, -half, belt - bonnet * 0.4),
            (x1, half, belt - bonnet * 0.4),
            (foot, half, belt),
        ]
        builder.face(lid, Material.PAINT, out=(0, 0, 1))
    face: list[Point] = [(foot, -half, belt), (foot, half, belt), (top, roof, height), (top, -roof, height)]
    builder.face(face, Material.PAINT, out=(1, 0, 0.2), layer=1)
    glass: list[Point] = [
        (foot + 0.01, -half * 0.93, belt + 0.05), (foot + 0.01, half * 0.93, belt + 0.05),
        (foot - slope * 0.78, roof * 0.93, belt + (height - belt) * 0.78),
        (foot - slope * 0.78, -roof * 0.93, belt + (height - belt) * 0.78),
    ]  # fmt: skip
    builder.face(glass, Material.GLASS, out=(1, 0, 0.2), layer=2)
    side: list[Point] = [
        (x0 + (foot - x0) * 0.35, half + 0.01, belt + 0.06), (foot - 0.12, half + 0.01, belt + 0.06),
        (foot - 0.12 - slope * 0.7, roof + 0.03, belt + (height - belt) * 0.72),
        (x0 + (foot - x0) * 0.35, roof + 0.03, belt + (height - belt) * 0.72),
    ]  # fmt: skip
    builder.both(side, Material.GLASS, out=(0, 1, 0), layer=2)
    builder.face(
        [(x0, -roof, height), (top, -roof, height), (top, roof, height), (x0, roof, height)],
        Material.PAINT,
        out=(0, 0, 1),
        layer=2,
    )
    builder.face(
        [(x0, -half, floor), (x0, half, floor), (x0, roof, height), (x0, -roof, height)], Material.PAINT, out=(-1, 0, 0)
    )
    grille: list[Point] = [
        (x1 + 0.01, -half * 0.6, floor + 0.3),
        (x1 + 0.01, half * 0.6, floor + 0.3),
        (x1 + 0.01, half * 0.6, belt - 0.35),
        (x1 + 0.01, -half * 0.6, belt - 0.35),
    ]
    builder.face(grille, Material.TRIM, out=(1, 0, 0), layer=1)
    lamp: list[Point] = [
        (x1 + 0.02, half * 0.62, floor + 0.16),
        (x1 + 0.02, half * 0.9, floor + 0.16),
        (x1 + 0.02, half * 0.9, floor + 0.36),
        (x1 + 0.02, half * 0.62, floor + 0.36),
    ]
    builder.both(lamp, Material.HEADLAMP, out=(1, 0, 0), layer=2)
    for sign, material in ((1.0, Material.LEFT_INDICATOR), (-1.0, Material.RIGHT_INDICATOR)):
        y0, y1 = sign * half * 0.91, sign * half * 1.0
        quad: list[Point] = [
            (x1 + 0.02, y0, floor + 0.16),
            (x1 + 0.02, y1, floor + 0.16),
            (x1 + 0.02, y1, floor + 0.36),
            (x1 + 0.02, y0, floor + 0.36),
        ]
        builder.face(quad, material, out=(1, 0, 0), layer=2)
    plate: list[Point] = [
        (x1 + 0.02, -0.26, floor + 0.05),
        (x1 + 0.02, 0.26, floor + 0.05),
        (x1 + 0.02, 0.26, floor + 0.17),
        (x1 + 0.02, -0.26, floor + 0.17),
    ]
    builder.face(plate, Material.PLATE, out=(1, 0, 0), layer=2, detail=1)


def _bus(nose: float, half: float, height: float) -> Mesh:
    builder = Builder()
    floor, belt, eaves = 0.3, 1.25, height - 0.42
    tip = nose - 0.25
    for x0, x1 in ((-nose, tip),):
        wall: list[Point] = [(x0, half, floor), (x1, half, floor), (x1, half, height - 0.12), (x0, half, height - 0.12)]
        builder.both(wall, Material.PAINT, out=(0, 1, 0))
        eave: list[Point] = [
            (x0, half, height - 0.12),
            (x1, half, height - 0.12),
            (x1, half * 0.9, height),
            (x0, half * 0.9, height),
        ]
        builder.both(eave, Material.PAINT, out=(0, 1, 1))
    corner: list[Point] = [
        (tip, half, floor),
        (nose, half * 0.86, floor),
        (nose - 0.06, half * 0.86, height - 0.1),
        (tip, half, height - 0.12),
    ]
    builder.both(corner, Material.PAINT, out=(0.5, 1, 0))
    front: list[Point] = [
        (nose, -half * 0.86, floor),
        (nose, half * 0.86, floor),
        (nose - 0.06, half * 0.86, height - 0.1),
        (nose - 0.06, -half * 0.86, height - 0.1),
    ]
    builder.face(front, Material.PAINT, out=(1, 0, 0))
    rear: list[Point] = [
        (-nose, -half, floor),
        (-nose, half, floor),
        (-nose, half * 0.9, height),
        (-nose, -half * 0.9, height),
    ]
    builder.face(rear, Material.PAINT, out=(-1, 0, 0))
    roof: list[Point] = [
        (-nose, -half * 0.9, height),
        (tip, -half * 0.9, height),
        (nose - 0.06, -half * 0.84, height - 0.1),
        (nose - 0.06, half * 0.84, height - 0.1),
        (tip, half * 0.9, height),
        (-nose, half * 0.9, height),
    ]
    builder.face(roof, Material.WHITE, out=(0, 0, 1), layer=1)
    builder.box(
        (-nose + 1.0, -half * 0.6, height), (-nose + 3.4, half * 0.6, height + 0.001), Material.TRIM, layer=2, detail=1
    )
    panes = 6
    step = (tip - 0.2 + nose - 0.4) / panes
    for i in range(panes):
        x0 = -nose + 0.35 + i * step
        pane: list[Point] = [
            (x0, half + 0.01, belt),
            (x0 + step - 0.12, half + 0.01, belt),
            (x0 + step - 0.12, half + 0.01, eaves),
            (x0, half + 0.01, eaves),
        ]
        builder.both(pane, Material.SALOON, out=(0, 1, 0), layer=1)
    for x in (tip - 1.3, -0.6):  # doors, on the kerb side
        door: list[Point] = [
            (x, -half - 0.015, floor + 0.05),
            (x + 1.15, -half - 0.015, floor + 0.05),
            (x + 1.15, -half - 0.015, eaves),
            (x, -half - 0.015, eaves),
        ]
        builder.face(door, Material.SALOON, out=(0, -1, 0), layer=2)
    glass: list[Point] = [
        (nose + 0.01, -half * 0.8, 1.05),
        (nose + 0.01, half * 0.8, 1.05),
        (nose - 0.04, half * 0.8, height - 0.5),
        (nose - 0.04, -half * 0.8, height - 0.5),
    ]
    builder.face(glass, Material.GLASS, out=(1, 0, 0), layer=1)
    sign: list[Point] = [
        (nose - 0.03, -half * 0.7, height - 0.45),
        (nose - 0.03, half * 0.7, height - 0.45),
        (nose - 0.04, half * 0.7, height - 0.17),
        (nose - 0.04, -half * 0.7, height - 0.17),
    ]
    builder.face(sign, Material.TRIM, out=(1, 0, 0), layer=1)
    back: list[Point] = [
        (-nose - 0.01, -half * 0.75, 1.6),
        (-nose - 0.01, half * 0.75, 1.6),
        (-nose - 0.01, half * 0.72, height - 0.6),
        (-nose - 0.01, -half * 0.72, height - 0.6),
    ]
    builder.face(back, Material.GLASS, out=(-1, 0, 0), layer=1)
    for y0, y1 in ((half * 0.45, half * 0.8), (-half * 0.8, -half * 0.45)):
        lamp: list[Point] = [
            (nose + 0.02, y0, 0.55),
            (nose + 0.02, y1, 0.55),
            (nose + 0.02, y1, 0.75),
            (nose + 0.02, y0, 0.75),
        ]
        builder.face(lamp, Material.HEADLAMP, out=(1, 0, 0), layer=2)
        red: list[Point] = [
            (-nose - 0.02, y0 * 1.1, 0.85),
            (-nose - 0.02, y1 * 1.1, 0.85),
            (-nose - 0.02, y1 * 1.1, 1.2),
            (-nose - 0.02, y0 * 1.1, 1.2),
        ]
        builder.face(red, Material.TAIL_LAMP, out=(-1, 0, 0), layer=2)
    indicators(builder, nose, half * 0.95, 0.55, 1.25, size_m=0.2)
    builder.wheel(nose - 2.7, half, 0.48)
    builder.wheel(-nose + 3.3, half, 0.48)
    return builder.mesh()
