"""Control delay at a fixed-time signal: Highway Capacity Manual, 6th edition, equations 19-20 and 19-26.

Isolated (no progression factor, upstream filtering 1), pretimed (k = 0.5), no queue at the beginning.
"""

from __future__ import annotations

from math import sqrt

#: The manual's analysis period, h.
PERIOD_H = 0.25
_K_PRETIMED = 0.5
#: Level of service → most delay, s (exhibit 19-8).
_LEVELS = {"A": 10.0, "B": 20.0, "C": 35.0, "D": 55.0, "E": 80.0}


def uniform_delay_s(cycle_s: float, green_s: float, saturation: float) -> float:
    """d1 of an effective green in a cycle, at a degree of saturation; seconds a vehicle."""
    share = green_s / cycle_s
    return 0.5 * cycle_s * (1 - share) ** 2 / (1 - min(1.0, saturation) * share)


def incremental_delay_s(capacity_vph: float, saturation: float, period_h: float = PERIOD_H) -> float:
    """d2, of cycles that fail by chance or for good; seconds a vehicle."""
    over = saturation - 1
    chance = 8 * _K_PRETIMED * saturation / (capacity_vph * period_h)
    return 900 * period_h * (over + sqrt(over * over + chance))


def level_of_service(delay_s: float, saturation: float) -> str:
    """A to F; F wherever demand exceeds capacity (exhibit 19-8)."""
    if saturation > 1:
        return "F"
    return next((level for level, most_s in _LEVELS.items() if delay_s <= most_s), "F")
