"""Shapes of road users: prisms in the user's own frame, and the colours they wear.

Own frame: x ahead, y left, z up, in metres, origin in the middle of the footprint.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim_videos.old.world import BODIES, Body

Array = NDArray[np.float64]
Colour = tuple[int, int, int]

#: BGR; about as common as on a road: white, greys and black first.
PAINTS: tuple[Colour, ...] = (
    (236, 238, 238),
    (225, 225, 222),
    (188, 190, 192),
    (150, 152, 155),
    (104, 104, 106),
    (62, 60, 60),
    (44, 42, 42),
    (150, 92, 48),
    (104, 66, 40),
    (46, 44, 168),
    (52, 58, 120),
    (78, 104, 70),
    (120, 150, 172),
    (58, 130, 186),
)
CARGO: tuple[Colour, ...] = ((232, 234, 236), (206, 210, 214), (226, 222, 200), (150, 112, 60), (84, 128, 66))
BUS_PAINTS: tuple[Colour, ...] = ((52, 52, 190), (160, 108, 46), (70, 150, 196))
CLOTHES: tuple[Colour, ...] = (
    (60, 60, 190),
    (170, 110, 60),
    (70, 66, 66),
    (80, 150, 90),
    (60, 180, 220),
    (200, 200, 204),
)
GLASS: Colour = (74, 66, 58)
#: Corner order of a prism: bottom front-left, front-right, rear-right, rear-left, then the top.
FACES: dict[str, tuple[int, int, int, int]] = {
    "front": (0, 1, 5, 4),
    "right": (1, 2, 6, 5),
    "rear": (2, 3, 7, 6),
    "left": (3, 0, 4, 7),
    "top": (4, 5, 6, 7),
}


@dataclass(frozen=True)
class Prism:
    """Eight corners (8, 3), and which colour: `paint`, `cargo`, `dark`. glazed faces carry a window."""

    corners: Array
    colour: str
    glazed: tuple[str, ...] = ()
    pane: tuple[float, float] = (0.16, 0.90)


@dataclass(frozen=True)
class Shape:
    """A user's prisms, lowest first; wheels are (x, radius); lamps are heights above ground."""

    prisms: tuple[Prism, ...]
    wheels: tuple[tuple[float, float], ...]
    half_width_m: float
    nose_m: float
    tail_m: float
    lamp_z: tuple[float, float]

    @property
    def outline(self) -> Array:
        """(n, 3) every corner, whose picture's hull is the silhouette."""
        feet = [(x, side * self.half_width_m, 0.02) for x, _ in self.wheels for side in (-0.96, 0.96)]
        corners = [prism.corners for prism in self.prisms]
        return np.concatenate([*corners, np.array(feet)]) if feet else np.concatenate(corners)


def _prism(
    x: tuple[float, float],
    half: float,
    z: tuple[float, float],
    inset: tuple[float, float, float],
    colour: str,
    glazed: tuple[str, ...] = (),
    pane: tuple[float, float] = (0.16, 0.90),
) -> Prism:
    """From x[0] (rear) to x[1] (front); inset is how far the top draws in at front, rear and sides."""
    front, rear, side = inset
    bottom = [(x[1], half), (x[1], -half), (x[0], -half), (x[0], half)]
    top = [
        (x[1] - front, half - side),
        (x[1] - front, side - half),
        (x[0] + rear, side - half),
        (x[0] + rear, half - side),
    ]
    corners = [(px, py, z[0]) for px, py in bottom] + [(px, py, z[1]) for px, py in top]
    return Prism(np.array(corners), colour, glazed, pane)


_ROUND = ("front", "right", "rear", "left")


@cache
def shape_of(name: str) -> Shape:
    """The shape of a body of `BODIES`."""
    body = BODIES[name]
    build = {"lorry": _lorry, "boxvan": _lorry, "bus": _bus, "bicycle": _rider, "person": _person}.get(name, _car)
    return build(body)


def _car(body: Body) -> Shape:
    nose, half = body.length_m / 2, body.width_m / 2
    waist = 0.60 * body.height_m
    bonnet = {"hatch": 0.24, "saloon": 0.27, "suv": 0.25}[body.name] * body.length_m
    boot = {"hatch": 0.02, "saloon": 0.13, "suv": 0.02}[body.name] * body.length_m
    rake = {"hatch": 0.45, "saloon": 0.65, "suv": 0.22}[body.name]
    cabin = (-nose + boot, nose - bonnet)
    return Shape(
        (
            _prism((-nose, nose), half, (0.24, waist), (0.10, 0.06, 0.05), "paint"),
            _prism(cabin, half - 0.06, (waist, body.height_m), (0.75, rake, 0.20), "paint", _ROUND),
        ),
        ((0.30 * body.length_m, 0.33), (-0.29 * body.length_m, 0.33)),
        half,
        nose,
        -nose,
        (0.62, 0.72),
    )


def _lorry(body: Body) -> Shape:
    nose, half, top = body.length_m / 2, body.width_m / 2, body.height_m
    cab = nose - 1.9
    return Shape(
        (
            _prism((-nose, nose), half - 0.05, (0.45, 0.80), (0.0, 0.0, 0.0), "dark"),
            _prism((-nose, cab - 0.25), half, (0.80, top), (0.0, 0.0, 0.0), "cargo"),
            _prism(
                (cab, nose),
                half - 0.06,
                (0.45, 0.80 * top),
                (0.28, 0.0, 0.06),
                "paint",
                ("front", "left", "right"),
                (0.52, 0.90),
            ),
        ),
        ((nose - 1.1, 0.45), (-nose + 1.5, 0.45)),
        half,
        nose,
        -nose,
        (0.70, 0.85),
    )


def _bus(body: Body) -> Shape:
    nose, half, top = body.length_m / 2, body.width_m / 2, body.height_m
    return Shape(
        (_prism((-nose, nose), half, (0.35, top), (0.10, 0.04, 0.06), "paint", _ROUND, (0.42, 0.84)),),
        ((nose - 2.6, 0.48), (-nose + 3.0, 0.48)),
        half,
        nose,
        -nose,
        (0.70, 0.95),
    )


def _rider(body: Body) -> Shape:
    nose = body.length_m / 2
    return Shape(
        (
            _prism((-0.30, 0.15), 0.18, (0.55, 0.95), (0.0, 0.1, 0.0), "trousers"),
            _prism((-0.28, 0.12), 0.24, (0.95, 1.48), (-0.20, 0.22, 0.04), "clothes"),
            _prism((0.04, 0.28), 0.11, (1.48, 1.75), (0.03, 0.03, 0.03), "helmet"),
        ),
        ((nose - 0.33, 0.33), (-nose + 0.33, 0.33)),
        0.06,
        nose,
        -nose,
        (0.9, 0.9),
    )


def _person(body: Body) -> Shape:
    return Shape(
        (
            _prism((-0.12, 0.12), 0.19, (0.0, 0.85), (0.0, 0.0, 0.0), "trousers"),
            _prism((-0.14, 0.14), 0.25, (0.85, 1.47), (0.02, 0.02, 0.03), "clothes"),
            _prism((-0.10, 0.11), 0.10, (1.50, body.height_m), (0.02, 0.02, 0.02), "skin"),
        ),
        (),
        0.25,
        0.2,
        -0.2,
        (1.0, 1.0),
    )


def colours_of(body: Body, pick: int) -> dict[str, Colour]:
    """BGR of each named part, from the user's own number 0..99."""
    paints = BUS_PAINTS if body.name == "bus" else PAINTS
    return {
        "paint": paints[pick % len(paints)],
        "cargo": CARGO[pick % len(CARGO)],
        "dark": (58, 56, 54),
        "clothes": CLOTHES[pick % len(CLOTHES)],
        "trousers": ((86, 66, 52), (60, 58, 58), (96, 108, 120))[pick % 3],
        "skin": (128, 158, 206),
        "helmet": ((60, 200, 230), (230, 230, 230))[pick % 2],
    }
