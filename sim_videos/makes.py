"""The makes of road user: sizes for the renderer and the truth, liveliness for the traffic.

Lengths and widths are those of common European and American models, rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.types import Kind


@dataclass(frozen=True, slots=True)
class Make:
    """One make. trailer_m is the length of the hind body of an articulated one (within length_m).

    A bicycle's or motorcycle's height includes its rider.
    """

    name: str
    kind: Kind
    length_m: float
    width_m: float
    height_m: float
    accel_mps2: float
    decel_mps2: float
    top_mps: float
    trailer_m: float | None = None


MAKES: dict[str, Make] = {
    make.name: make
    for make in (
        Make("hatch", Kind.CAR, 4.0, 1.75, 1.50, 2.4, 4.5, 45.0),
        Make("saloon", Kind.CAR, 4.6, 1.80, 1.44, 2.4, 4.5, 50.0),
        Make("estate", Kind.CAR, 4.7, 1.82, 1.48, 2.3, 4.5, 50.0),
        Make("suv", Kind.CAR, 4.7, 1.90, 1.75, 2.2, 4.5, 45.0),
        Make("pickup", Kind.CAR, 5.3, 1.95, 1.85, 2.1, 4.2, 45.0),
        Make("van", Kind.CAR, 5.4, 2.00, 2.35, 1.8, 4.2, 40.0),
        Make("box_van", Kind.TRUCK, 6.6, 2.20, 3.00, 1.5, 4.0, 35.0),
        Make("lorry", Kind.TRUCK, 8.6, 2.50, 3.50, 1.1, 3.8, 30.0),
        Make("articulated", Kind.TRUCK, 16.0, 2.55, 3.90, 0.9, 3.5, 26.0, trailer_m=12.6),
        Make("bus", Kind.BUS, 12.0, 2.55, 3.10, 1.1, 3.8, 25.0),
        Make("ambulance", Kind.CAR, 5.9, 2.10, 2.60, 2.0, 4.5, 35.0),
        Make("motorcycle", Kind.MOTORCYCLE, 2.2, 0.80, 1.65, 3.0, 5.0, 50.0),
        Make("bicycle", Kind.BICYCLE, 1.8, 0.60, 1.75, 1.0, 3.0, 6.0),
        Make("person", Kind.PERSON, 0.45, 0.55, 1.75, 1.5, 2.0, 1.6),
    )
}
