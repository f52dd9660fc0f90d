"""Pedestrians on the crossing of the south leg: they come, wait for the walk, and cross."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge.types import PedInterval
from sim_videos.old.lamps import FixedLamps
from sim_videos.old.layout import CROSSWALK_Y, EAST_KERB_X, WEST_KERB_X
from sim_videos.old.paths import Path, Pose

#: The vehicle phase whose walk serves this crossing.
PED_PHASE = 4
#: How many come each way during the clip, and when the first and last of them do, s.
EASTWARD, WESTWARD = 3, 3
_COME_S = (-4.0, 32.0)


@dataclass(slots=True)
class Walker:
    """One pedestrian; walked_m is measured along its path."""

    user_id: int
    movement: str
    colour: int
    path: Path
    wait_at_m: float
    starts_s: float
    pace_mps: float
    walked_m: float = 0.0
    speed_mps: float = 0.0

    def pose(self) -> Pose:
        """Where it stands and the way it faces."""
        return self.path.pose(self.walked_m + 0.2, 0.4)


class Walkers:
    """Every pedestrian of the clip."""

    def __init__(self, seed: int, new_id: Callable[[], int]) -> None:
        rng = random.Random(f"{seed}/walkers")  # noqa: S311 - traffic, not secrets
        self._all = [_walker(rng, new_id(), True, number) for number in range(EASTWARD)]
        self._all += [_walker(rng, new_id(), False, number) for number in range(WESTWARD)]
        self._t_s = -1e9

    def step(self, t_s: float, step_s: float, lamps: FixedLamps) -> None:
        """Move everyone by step_s; one at the kerb waits for the walk."""
        self._t_s = t_s
        for walker in self._all:
            if t_s < walker.starts_s:
                continue
            at_kerb = walker.wait_at_m - 0.1 <= walker.walked_m <= walker.wait_at_m + 0.05
            waits = at_kerb and lamps.pedestrian(PED_PHASE, t_s) is not PedInterval.WALK
            walker.speed_mps = 0.0 if waits else walker.pace_mps
            walker.walked_m += walker.speed_mps * step_s

    def under_way(self) -> Iterator[tuple[Walker, float]]:
        """Those who have come and not yet gone, with how far they have walked in metres."""
        for walker in self._all:
            if walker.starts_s <= self._t_s and walker.walked_m < walker.path.length_m:
                yield walker, walker.walked_m


def _walker(rng: random.Random, user_id: int, east: bool, number: int) -> Walker:
    # Each keeps a file of its own, on the right of the crossing, so that nobody walks through another.
    file = number if east else EASTWARD + number
    y = CROSSWALK_Y[0] + 0.10 + 0.56 * file
    out = 0.7 + 0.65 * number
    west_x, east_x = WEST_KERB_X - 1.2, EAST_KERB_X + 1.2
    near, far = (west_x, east_x) if east else (east_x, west_x)
    side = -1.0 if east else 1.0
    come = (near + side * out, y - rng.uniform(18.0, 26.0))
    go = (far - side * out, y - 40.0)
    path = Path([come, (near + side * out, y - 0.8), (near, y), (far, y), (far - side * out, y - 0.8), go])
    return Walker(
        user_id=user_id,
        movement="PSE" if east else "PSW",
        colour=rng.randrange(100),
        path=path,
        wait_at_m=path.where(0, near),
        starts_s=_COME_S[0] + (_COME_S[1] - _COME_S[0]) * (number + rng.uniform(0.2, 0.8)) / max(EASTWARD, WESTWARD),
        pace_mps=rng.uniform(1.3, 1.6),
    )
