"""Which way is which: headings of approaches, the exits of turns, and the NEMA phase of each.

NEMA TS 2-2003 section 3.5 numbers eight phases; here north and south are the main street,
so the throughs are 2 and 6, and 4 and 8 across. A far turn is the one across oncoming
traffic: left where one drives on the right, right where one drives on the left.
"""

from __future__ import annotations

import math
from typing import Literal

Turning = Literal["L", "T", "R", "U"]
APPROACHES = ("NB", "SB", "EB", "WB")
HEADING_DEG: dict[str, float] = {"NB": 90.0, "SB": -90.0, "EB": 0.0, "WB": 180.0}
OPPOSITE: dict[str, str] = {"NB": "SB", "SB": "NB", "EB": "WB", "WB": "EB"}
THROUGH_PHASE: dict[str, int] = {"NB": 2, "SB": 6, "EB": 4, "WB": 8}
FAR_PHASE: dict[str, int] = {"NB": 5, "SB": 1, "EB": 7, "WB": 3}
RINGS: tuple[tuple[tuple[int, ...], ...], ...] = (((1, 2), (3, 4)), ((5, 6), (7, 8)))
_LEFT: dict[str, str] = {"NB": "WB", "WB": "SB", "SB": "EB", "EB": "NB"}
_RIGHT: dict[str, str] = {after: before for before, after in _LEFT.items()}


def approach_of(heading_rad: float) -> str:
    """The approach whose compass heading is nearest."""
    turned = {name: abs(angle_between(heading_rad, math.radians(deg))) for name, deg in HEADING_DEG.items()}
    return min(APPROACHES, key=lambda name: turned[name])


def angle_between(a_rad: float, b_rad: float) -> float:
    """a - b, in -pi..pi."""
    return math.remainder(a_rad - b_rad, math.tau)


def far_turn(*, left_hand: bool) -> Turning:
    """The turn across oncoming traffic."""
    return "R" if left_hand else "L"


def near_turn(*, left_hand: bool) -> Turning:
    """The turn that stays by the kerb."""
    return "L" if left_hand else "R"


def heads_after(approach: str, turning: Turning) -> str:
    """Where traffic of an approach heads once it has turned: `NB` and `L` give `WB`."""
    match turning:
        case "L":
            return _LEFT[approach]
        case "R":
            return _RIGHT[approach]
        case "U":
            return OPPOSITE[approach]
        case "T":
            return approach


def exit_leg(approach: str, turning: Turning) -> str:
    """The leg, named by its own approach, on which a turn leaves: `NB` and `L` give `EB`, the western one."""
    return OPPOSITE[heads_after(approach, turning)]


def swept_by(leg: str, *, left_hand: bool) -> str:
    """The approach whose far turn leaves by a leg and so sweeps its crossing."""
    heads = OPPOSITE[leg]
    return (_RIGHT if not left_hand else _LEFT)[heads]


def crossing_phase(leg: str, present: frozenset[int], *, left_hand: bool) -> int | None:
    """The through phase that walkers across a leg go with; None where there is none.

    The one in the ring of the far turn that sweeps the crossing, so that a protected far
    turn and the walk never run together; the opposing one where that is absent.
    """
    sweeper = swept_by(leg, left_hand=left_hand)
    for phase in (THROUGH_PHASE[OPPOSITE[sweeper]], THROUGH_PHASE[sweeper]):
        if phase in present:
            return phase
    return None
