"""Passenger cars and vans: a lower body of rings, a cabin upon it, windows, lamps, wheels."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from sim_videos.makes import MAKES
from sim_videos.render.mesh import Builder, Material, Mesh, Point

_FLOOR_M = 0.24


@dataclass(frozen=True, slots=True)
class CarForm:
    """Heights above the road, and distances from the front, in metres.

    nose, bonnet: heights of the bonnet's front and rear edge; deck: of the boot's rear edge.
    screen, roof_front, roof_rear, rear_glass: where the windscreen's foot, the roof and the
    rear window's foot are. windows: share of the cabin's side, from its front, that is glass.
    """

    nose_m: float
    bonnet_m: float
    deck_m: float
    screen_m: float
    roof_front_m: float
    roof_rear_m: float
    rear_glass_m: float
    wheel_m: float = 0.32
    front_axle_m: float = 0.85
    rear_axle_m: float = 0.85
    windows: float = 1.0
    tumblehome: float = 0.82
    open_bed: bool = False


_FORMS = {
    "hatch": CarForm(0.70, 0.93, 0.95, 1.0, 1.75, 3.55, 3.92, rear_axle_m=0.68, front_axle_m=0.78),
    "saloon": CarForm(0.66, 0.90, 0.98, 1.25, 2.05, 3.35, 4.05, rear_axle_m=1.0),
    "estate": CarForm(0.66, 0.90, 0.97, 1.2, 2.0, 4.3, 4.62, rear_axle_m=0.95),
    "suv": CarForm(0.88, 1.10, 1.12, 1.15, 1.85, 4.25, 4.6, wheel_m=0.37, rear_axle_m=0.9),
    "pickup": CarForm(0.95, 1.12, 1.10, 1.3, 2.0, 3.2, 3.45, wheel_m=0.39, rear_axle_m=1.15, open_bed=True),
    "van": CarForm(0.95, 1.18, 1.2, 0.75, 1.5, 5.3, 5.38, wheel_m=0.34, rear_axle_m=1.0, windows=0.36, tumblehome=0.9),
    "ambulance": CarForm(
        1.0, 1.25, 1.25, 0.75, 1.45, 5.8, 5.88, wheel_m=0.36, rear_axle_m=1.1, windows=0.27, tumblehome=0.93
    ),
}
CAR_MAKES = frozenset(_FORMS)


def car_mesh(make: str) -> Mesh:
    """The mesh of a make of `CAR_MAKES`."""
    size, form = MAKES[make], _FORMS[make]
    car = _Car(Builder(), size.length_m / 2, size.width_m / 2, size.height_m, form)
    car.lower()
    car.cabin()
    car.lamps()
    builder = car.builder
    builder.wheel(car.at(form.front_axle_m), car.half, form.wheel_m)
    builder.wheel(-car.nose + form.rear_axle_m, car.half, form.wheel_m)
    if form.open_bed:
        car.bed()
    if make == "ambulance":
        car.livery()
    return builder.mesh()


@dataclass(frozen=True, slots=True)
class _Car:
    builder: Builder
    nose: float
    half: float
    height: float
    form: CarForm

    def at(self, from_front_m: float) -> float:
        return self.nose - from_front_m

    @property
    def belt(self) -> float:
        """Height of the line on which the cabin stands."""
        return self.form.bonnet_m

    def lower(self) -> None:
        form, half = self.form, self.half
        tail = self.at(form.rear_glass_m)
        rings = [  # x, half width, height of the top edge
            (-self.nose, half * 0.88, form.deck_m - 0.08),
            (-self.nose + 0.14, half * 0.97, form.deck_m),
            (max(tail, -self.nose + 0.2), half, form.deck_m),
            (self.at(form.screen_m), half, self.belt),
            (self.at(0.28), half * 0.96, form.nose_m + 0.08),
            (self.at(0.08), half * 0.88, form.nose_m),
            (self.nose, half * 0.78, form.nose_m - 0.14),
        ]
        for (x0, w0, z0), (x1, w1, z1) in itertools.pairwise(rings):
            middle0, middle1 = z0 * 0.68, z1 * 0.68
            low = [(x0, w0 * 0.97, _FLOOR_M), (x1, w1 * 0.97, _FLOOR_M), (x1, w1, middle1), (x0, w0, middle0)]
            high = [(x0, w0, middle0), (x1, w1, middle1), (x1, w1 * 0.93, z1), (x0, w0 * 0.93, z0)]
            self.builder.both(low, Material.PAINT, out=(0, 1, 0))
            self.builder.both(high, Material.PAINT, out=(0, 1, 0.3))
            top: list[Point] = [(x0, -w0 * 0.93, z0), (x1, -w1 * 0.93, z1), (x1, w1 * 0.93, z1), (x0, w0 * 0.93, z0)]
            self.builder.face(top, Material.PAINT, out=(0, 0, 1))
            sill = [
                (x0, w0 * 0.975, _FLOOR_M),
                (x1, w1 * 0.975, _FLOOR_M),
                (x1, w1, _FLOOR_M + 0.13),
                (x0, w0, _FLOOR_M + 0.13),
            ]
            self.builder.both(sill, Material.TRIM, out=(0, 1, 0), layer=1, detail=1)
        for (x, w, z), out in ((rings[0], -1.0), (rings[-1], 1.0)):
            corners: list[Point] = [(x, -w, _FLOOR_M), (x, w, _FLOOR_M), (x, w * 0.93, z), (x, -w * 0.93, z)]
            self.builder.face(corners, Material.PAINT, out=(out, 0, 0))
            bar: list[Point] = [
                (x, -w * 0.9, _FLOOR_M),
                (x, w * 0.9, _FLOOR_M),
                (x, w * 0.9, z * 0.5),
                (x, -w * 0.9, z * 0.5),
            ]
            self.builder.face(_shifted(bar, 0.01 * out), Material.TRIM, out=(out, 0, 0), layer=1, detail=1)

    def cabin(self) -> None:
        form, half, belt, roof = self.form, self.half, self.belt, self.height
        deck = form.deck_m
        foot, top = half * 0.93, half * form.tumblehome * 0.93
        screen, front = self.at(form.screen_m), self.at(form.roof_front_m)
        rear, tail = self.at(form.roof_rear_m), self.at(form.rear_glass_m)
        side: list[Point] = [
            (tail, foot, deck),
            (screen, foot, belt),
            (front, top, roof - 0.05),
            (rear, top, roof - 0.06),
        ]
        self.builder.both(side, Material.PAINT, out=(0, 1, 0.2), layer=3)
        windscreen: list[Point] = [
            (screen, -foot, belt),
            (screen, foot, belt),
            (front, top, roof - 0.05),
            (front, -top, roof - 0.05),
        ]
        self.builder.face(windscreen, Material.PAINT, out=(1, 0, 0.5), layer=3)
        self.builder.face(_inset(windscreen, 0.06), Material.GLASS, out=(1, 0, 0.5), layer=4)
        back: list[Point] = [
            (tail, -foot, deck),
            (tail, foot, deck),
            (rear, top, roof - 0.06),
            (rear, -top, roof - 0.06),
        ]
        self.builder.face(back, Material.PAINT, out=(-1, 0, 0.3), layer=3)
        self.builder.face(_inset(back, 0.14), Material.GLASS, out=(-1, 0, 0.3), layer=4)
        edge = 0.05
        corners: list[Point] = [
            (rear, -top, roof - 0.06),
            (front, -top, roof - 0.05),
            (front, top, roof - 0.05),
            (rear, top, roof - 0.06),
        ]
        crown: list[Point] = [(x * 0.97 + (front + rear) * 0.015, y * 0.8, z + edge) for x, y, z in corners]
        self.builder.face(corners, Material.PAINT, out=(0, 0, 1), layer=4)
        self.builder.face(crown, Material.PAINT, out=(0, 0, 1), layer=5)
        for first, last in self._panes():
            low0, low1 = _between(side[1], side[0], first), _between(side[1], side[0], last)
            high0, high1 = _between(side[2], side[3], first), _between(side[2], side[3], last)
            pane = [
                _between(low0, high0, 0.1),
                _between(low1, high1, 0.1),
                _between(low1, high1, 0.9),
                _between(low0, high0, 0.9),
            ]
            self.builder.both(pane, Material.GLASS, out=(0, 1, 0.2), layer=4)

    def _panes(self) -> list[tuple[float, float]]:
        if self.form.windows < 1:
            return [(0.03, self.form.windows)]
        return [(0.04, 0.46), (0.5, 0.93)]

    def lamps(self) -> None:
        form, half, nose = self.form, self.half, self.nose
        z = form.nose_m - 0.2
        head: list[Point] = [
            (nose + 0.01, half * 0.42, z), (nose - 0.1, half * 0.88, z + 0.02), (nose - 0.1, half * 0.88, z + 0.17),
            (nose - 0.02, half * 0.42, z + 0.14),
        ]  # fmt: skip
        self.builder.both(head, Material.HEADLAMP, out=(1, 0.2, 0), layer=2)
        low, high = form.deck_m * 0.62, form.deck_m * 0.88
        tail: list[Point] = [
            (-nose - 0.01, half * 0.5, low + 0.04), (-nose + 0.03, half * 0.9, low), (-nose + 0.03, half * 0.88, high),
            (-nose - 0.01, half * 0.5, high),
        ]  # fmt: skip
        self.builder.both(tail, Material.TAIL_LAMP, out=(-1, 0.1, 0), layer=2)
        indicators(self.builder, nose, half, z + 0.03, low - 0.1)
        for x, height in ((nose + 0.015, form.nose_m * 0.5), (-nose - 0.015, form.deck_m * 0.5)):
            plate: list[Point] = [
                (x, -0.26, height),
                (x, 0.26, height),
                (x, 0.26, height + 0.12),
                (x, -0.26, height + 0.12),
            ]
            self.builder.face(plate, Material.PLATE, out=(x, 0, 0), layer=2, detail=1)
        x = self.at(form.screen_m) - 0.25
        mirror: list[Point] = [
            (x, half, self.belt),
            (x, half + 0.14, self.belt),
            (x, half + 0.14, self.belt + 0.13),
            (x, half, self.belt + 0.13),
        ]
        self.builder.both(mirror, Material.TRIM, out=(1, 0, 0), layer=5, detail=2)

    def bed(self) -> None:
        """The pickup's open bed: a dark floor sunk between its walls."""
        front, rear, half = self.at(self.form.rear_glass_m) - 0.05, -self.nose + 0.15, self.half * 0.8
        z = self.form.deck_m + 0.005
        floor: list[Point] = [(rear, -half, z), (front, -half, z), (front, half, z), (rear, half, z)]
        self.builder.face(floor, Material.TRIM, out=(0, 0, 1), layer=1)

    def livery(self) -> None:
        """An ambulance's stripe and beacons."""
        z0, z1, half = 0.95, 1.25, self.half * 1.005
        stripe: list[Point] = [
            (-self.nose + 0.1, half, z0),
            (self.at(0.4), half, z0),
            (self.at(0.4), half, z1),
            (-self.nose + 0.1, half, z1),
        ]
        self.builder.both(stripe, Material.STRIPE, out=(0, 1, 0), layer=5)
        for x in (self.at(1.7), -self.nose + 0.25):
            self.builder.box(
                (x - 0.15, -0.75, self.height), (x + 0.15, 0.75, self.height + 0.16), Material.BEACON, layer=6
            )


def indicators(
    builder: Builder, nose: float, half: float, front_m: float, rear_m: float, *, size_m: float = 0.13
) -> None:
    """The four corner lamps, at these heights."""
    for x, z in ((nose - 0.05, front_m), (-nose - 0.015, rear_m)):
        for side, material in ((1.0, Material.LEFT_INDICATOR), (-1.0, Material.RIGHT_INDICATOR)):
            inner, outer = side * half * 0.74, side * half * 0.97
            quad: list[Point] = [
                (x + 0.07 * (x > 0), inner, z),
                (x, outer, z),
                (x, outer, z + size_m),
                (x + 0.07 * (x > 0), inner, z + size_m),
            ]
            builder.face(quad, material, out=(x, 0, 0), layer=3)
            wrap: list[Point] = [
                (x - 0.16 * (1 if x > 0 else -1), side * (half + 0.01), z),
                (x, outer, z),
                (x, outer, z + size_m),
                (x - 0.16 * (1 if x > 0 else -1), side * (half + 0.01), z + size_m),
            ]
            builder.face(wrap, material, out=(0, side, 0), layer=3, detail=1)


def _between(a: Point, b: Point, share: float) -> Point:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def _inset(face: list[Point], share: float) -> list[Point]:
    """The same face drawn in toward its middle."""
    n = len(face)
    middle = (sum(p[0] for p in face) / n, sum(p[1] for p in face) / n, sum(p[2] for p in face) / n)
    return [_between(point, middle, share) for point in face]


def _shifted(face: list[Point], x: float) -> list[Point]:
    return [(point[0] + x, point[1], point[2]) for point in face]
