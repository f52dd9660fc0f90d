"""Keys of a site file that carry a unit in their name, and what to say of a wrong one.

Every number in a site file is in one unit, named by the end of its key: `yellow_s`,
`line_px`. A key with another unit is refused, with the value in the right one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

#: Unit at the end of a key → (what it measures, how many of the site's own unit one of it is).
_UNITS: dict[str, tuple[str, float]] = {
    "s": ("time", 1.0),
    "sec": ("time", 1.0),
    "seconds": ("time", 1.0),
    "ms": ("time", 1e-3),
    "us": ("time", 1e-6),
    "ns": ("time", 1e-9),
    "min": ("time", 60.0),
    "minutes": ("time", 60.0),
    "ds": ("time", 0.1),
    "m": ("length", 1.0),
    "metres": ("length", 1.0),
    "meters": ("length", 1.0),
    "cm": ("length", 0.01),
    "mm": ("length", 1e-3),
    "km": ("length", 1000.0),
    "ft": ("length", 0.3048),
    "feet": ("length", 0.3048),
    "yd": ("length", 0.9144),
    "mps": ("speed", 1.0),
    "ms1": ("speed", 1.0),
    "kmh": ("speed", 1 / 3.6),
    "kph": ("speed", 1 / 3.6),
    "mph": ("speed", 0.44704),
    "fps": ("speed", 0.3048),
    "px": ("picture", 1.0),
    "pixels": ("picture", 1.0),
}
_SPOKEN = {"s": "seconds", "m": "metres", "mps": "metres per second", "px": "pixels"}


def unit_of(key: str) -> str | None:
    """What a key is measured in, in words: `yellow_s` → "seconds"; None for a key without unit."""
    return _SPOKEN.get(key.rpartition("_")[2]) if "_" in key or key in {"px", "m"} else None


def instead_of(key: str, value: object, known: Iterable[str]) -> tuple[str | None, str]:
    """The known key that an unknown one was meant to be (None: no idea), and the advice to give."""
    known = tuple(known)
    base, _, unit = key.rpartition("_")
    by_base = {name.rpartition("_")[0]: name for name in known if unit_of(name)}
    if unit in _UNITS and base in by_base:
        wanted = by_base[base]
        return wanted, f"write it in {unit_of(wanted)}: {wanted}{_converted(value, unit, wanted)}"
    if key in by_base:
        wanted = by_base[key]
        return wanted, f"did you mean '{wanted}', in {unit_of(wanted)}?"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if near:
        return near[0], f"did you mean '{near[0]}'?"
    return None, f"remove it, or use one of {', '.join(known)}"


def _converted(value: object, unit: str, wanted: str) -> str:
    dimension, factor = _UNITS[unit]
    target, _ = _UNITS[wanted.rpartition("_")[2]]
    if dimension != target or isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f" = {float(f'{value * factor:.3g}'):g}"
