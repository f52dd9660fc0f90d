"""The demo junction in metres: lanes, paths, gates and the plan its signals run.

x runs east, y north; the northbound stop line lies at y = 0 and the middle of the
main road at x = 0. Traffic drives on the right. The camera hangs north of the junction
and looks south, so northbound traffic comes toward it on the left of the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from calibration.site import Phase, Plan, Signal
from sim_videos.old.paths import Path, PointM, arc, shift

# Cross section of the main road, west to east.
WEST_KERB_X, EAST_KERB_X = -7.1, 10.4
SB_OUTER_X, SB_INNER_X = -5.15, -1.85
BAY_X, NB_INNER_X, NB_OUTER_X = 1.85, 5.15, 8.45
LANE_EDGES_X = (-6.8, -3.5, -0.2, 0.2, 3.5, 6.8, 10.1)
# Cross section of the cross street, south to north.
SOUTH_KERB_Y, NORTH_KERB_Y = 7.7, 14.9
EB_Y, WB_Y, CROSS_MIDDLE_Y = 9.65, 12.95, 11.3
KERB_RADIUS_M = 6.0
STOP_Y = 0.0
CROSSWALK_Y = (1.6, 4.6)
EB_STOP_X, WB_STOP_X = -10.6, 14.0
SB_STOP_Y = 23.5
#: Where the median island ends and the left-turn bay is full width.
ISLAND_END_Y, BAY_FULL_Y = -47.0, -36.0

FAR_Y = -190.0
SPEED_LIMIT_MPS = 13.4
CROSS_LIMIT_MPS = 11.2


@dataclass(frozen=True, slots=True)
class Route:
    """A way through the junction. Routes of one stream share their path up to shared_m.

    stop_m and slow_m are lengths along the path: the stop line, and the stretch on
    which no more than slow_mps is driven (a turn).
    """

    name: str
    movement: str
    lane: str | None
    stream: str
    phase: int
    path: Path
    stop_m: float
    shared_m: float = 0.0
    slow_m: tuple[float, float] | None = None
    slow_mps: float = 99.0
    limit_mps: float = SPEED_LIMIT_MPS


_LEFT_CENTRE: PointM = (-8.1, 3.0)
_RIGHT_CENTRE: PointM = (16.45, 1.65)


def _northbound() -> tuple[Route, ...]:
    start = (NB_INNER_X, FAR_Y)
    through = Path([start, (NB_INNER_X, 75.0)])
    left_turn = arc(_LEFT_CENTRE, 9.95, 0, 90)
    left = Path([start, *shift((NB_INNER_X, -50.0), (BAY_X, -30.0)), *left_turn, (-60.0, WB_Y)])
    outer = (NB_OUTER_X, FAR_Y)
    outer_through = Path([outer, (NB_OUTER_X, 75.0)])
    right = Path([outer, *arc(_RIGHT_CENTRE, 8.0, 180, 90), (60.0, EB_Y)])
    left_stop, right_stop = left.where(1, STOP_Y), right.where(1, STOP_Y)
    return (
        Route("NBT1", "NBT", "NBT1", "nb-inner", 2, through, -FAR_Y, -FAR_Y - 38.0),
        Route("NBL", "NBL", "NBL", "nb-inner", 5, left, left_stop, -FAR_Y - 38.0, (left_stop, left_stop + 18), 7.5),
        Route("NBT2", "NBT", "NBTR", "nb-outer", 2, outer_through, -FAR_Y, -FAR_Y + 6.0),
        Route("NBR", "NBR", "NBTR", "nb-outer", 2, right, right_stop, -FAR_Y + 6.0, (right_stop, right_stop + 14), 5.2),
    )


def _straight(name: str, movement: str, phase: int, ends: tuple[PointM, PointM], stop_m: float, limit: float) -> Route:
    return Route(name, movement, None, name, phase, Path(ends), stop_m, limit_mps=limit)


ROUTES: tuple[Route, ...] = (
    *_northbound(),
    _straight("SBT1", "SBT", 6, ((SB_INNER_X, 100.0), (SB_INNER_X, -210.0)), 100.0 - SB_STOP_Y, SPEED_LIMIT_MPS),
    _straight("SBT2", "SBT", 6, ((SB_OUTER_X, 100.0), (SB_OUTER_X, -210.0)), 100.0 - SB_STOP_Y, SPEED_LIMIT_MPS),
    _straight("EBT", "EBT", 4, ((-100.0, EB_Y), (80.0, EB_Y)), 100.0 + EB_STOP_X, CROSS_LIMIT_MPS),
    _straight("WBT", "WBT", 8, ((100.0, WB_Y), (-80.0, WB_Y)), 100.0 - WB_STOP_X, CROSS_LIMIT_MPS),
)


@dataclass(frozen=True, slots=True)
class GateM:
    """A line on the ground, and a point on the side that traffic leaves to."""

    a_m: PointM
    b_m: PointM
    toward_m: PointM


def _across_y(y: float, x: tuple[float, float], north: bool) -> GateM:
    return GateM((x[0], y), (x[1], y), (sum(x) / 2, y + (3.0 if north else -3.0)))


def _across_x(x: float, y: tuple[float, float], east: bool) -> GateM:
    return GateM((x, y[0]), (x, y[1]), (x + (3.0 if east else -3.0), sum(y) / 2))


def _across_turn(centre_m: PointM, out: PointM, radii_m: tuple[float, float], heading: PointM) -> GateM:
    """Across a turn about centre_m, halfway round it; out and heading are unit vectors' signs on the diagonal."""
    half = math.sqrt(0.5)
    near, far = ((centre_m[0] + half * r * out[0], centre_m[1] + half * r * out[1]) for r in radii_m)
    middle = ((near[0] + far[0]) / 2, (near[1] + far[1]) / 2)
    return GateM(near, far, (middle[0] + 2 * heading[0], middle[1] + 2 * heading[1]))


_WALK_Y = (0.9, 5.3)
#: Movement → entry gate, exit gate. A road user counts when the middle of its footprint
#: passes the exit gate after the entry gate. Turns end halfway
#: round, and those of the cross street before the turns join it, so that no exit gate is shared.
GATES: dict[str, tuple[GateM, GateM]] = {
    "NBL": (_across_y(1.0, (0.2, 3.5), True), _across_turn(_LEFT_CENTRE, (1, 1), (7.0, 12.0), (-1, 1))),
    "NBT": (_across_y(1.0, (3.5, 10.1), True), _across_y(12.0, (3.2, 10.3), True)),
    "NBR": (_across_y(1.0, (6.8, 10.3), True), _across_turn(_RIGHT_CENTRE, (-1, 1), (5.0, 9.7), (1, 1))),
    "SBT": (_across_y(6.5, (-7.0, -0.2), False), _across_y(-14.0, (-7.0, -0.2), False)),
    "EBT": (_across_x(-5.0, (7.9, 11.4), True), _across_x(6.8, (7.9, 11.4), True)),
    "WBT": (_across_x(11.0, (11.4, 15.2), False), _across_x(1.0, (11.4, 15.2), False)),
    "PSE": (_across_x(-5.5, _WALK_Y, True), _across_x(8.8, _WALK_Y, True)),
    "PSW": (_across_x(8.8, _WALK_Y, False), _across_x(-5.5, _WALK_Y, False)),
}

_CLEAR = {"yellow_s": 3.5, "red_clearance_s": 1.5}
SIGNAL = Signal(
    phases=(
        Phase(number=2, min_green_s=10, max_green_s=45, **_CLEAR),
        Phase(number=4, min_green_s=8, max_green_s=30, walk_s=7, ped_clearance_s=15, **_CLEAR),
        Phase(number=5, min_green_s=5, max_green_s=20, **_CLEAR),
        Phase(number=6, min_green_s=10, max_green_s=40, **_CLEAR),
        Phase(number=8, min_green_s=8, max_green_s=30, **_CLEAR),
    ),
    rings=(((2,), (4,)), ((5, 6), (8,))),
)
#: Cycle second 0 (phases 2 and 5 turn green) falls on t = 1 s of the clip, and 62 s later.
PLAN = Plan(name="demo", cycle_s=62, offset_s=1, splits_s={2: 34, 4: 28, 5: 14, 6: 20, 8: 28})

#: Lane id → approach, phase, west and east edge, and how far it is seen (y of its far end).
LANES: dict[str, tuple[str, int, float, float, float]] = {
    "NBL": ("NB", 5, 0.2, 3.5, BAY_FULL_Y + 2.0),
    "NBT1": ("NB", 2, 3.5, 6.8, -75.0),
    "NBTR": ("NB", 2, 6.8, 10.1, -75.0),
}
