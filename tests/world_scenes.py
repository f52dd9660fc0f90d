"""Small scenarios for tests of the simulated street, and laws that any frame of it must keep."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.types import Interval, Kind, PedInterval
from sim_videos.makes import MAKES
from sim_videos.scenario import ArmSpec, CameraSpec, DemandSpec, JunctionSpec, Scenario, WalkersSpec
from sim_videos.state import RoadUser, WorldFrame
from sim_videos.street import Street

FOUR_ARMS = (
    ArmSpec(approach="NB", lanes=2, exit_lanes=2, left_bay_m=45, cycle_lane=True, name="High Street"),
    ArmSpec(approach="SB", lanes=2, exit_lanes=2, left_bay_m=45),
    ArmSpec(approach="EB", exit_lanes=1),
    ArmSpec(approach="WB", exit_lanes=2),
)
VEHICLES_PER_H = {
    "NBL": 140, "NBT": 620, "NBR": 90, "SBL": 110, "SBT": 580, "SBR": 80,
    "EBL": 50, "EBT": 200, "EBR": 50, "WBL": 50, "WBT": 190, "WBR": 50,
}  # fmt: skip


def demand(per_h: dict[str, float], share: float = 1.0, **more: Any) -> tuple[DemandSpec, ...]:
    """One entry for each movement."""
    return tuple(DemandSpec(movement=m, vehicles_per_h=v * share, **more) for m, v in per_h.items())


def scene(**more: Any) -> Scenario:
    """A busy four-arm junction with walkers and cyclists, changed by what is given."""
    given: dict[str, Any] = {
        "schema_version": 1,
        "id": "test",
        "about": "a junction for tests",
        "warm_up_s": 60.0,
        "junction": JunctionSpec(arms=FOUR_ARMS),
        "demand": demand({k: float(v) for k, v in VEHICLES_PER_H.items()}),
        "cyclists_per_h": {"NB": 60.0, "EB": 40.0},
        "walkers": (
            WalkersSpec(approach="NB", walkers_per_h=150),
            WalkersSpec(approach="EB", walkers_per_h=150),
        ),
        "cameras": (CameraSpec(id="south", facing="NB"),),
    }
    return Scenario(**(given | more))


class PlainLamps:
    """A `LampSource` that walks through the barrier groups: far turns, then throughs with their walkers."""

    def __init__(self, street: Street, green_s: float = 14.0) -> None:
        present = {phase.number for phase in street.signal.phases}
        groups = ({1, 5}, {2, 6}, {3, 7}, {4, 8})
        self._steps = [sorted(group & present) for group in groups if group & present]
        self._phases = [p.number for p in street.signal.phases]
        self._green_s = green_s

    def __call__(self, t_ns: int) -> tuple[dict[int, Interval], dict[int, PedInterval]]:
        step_s = self._green_s + 5.5
        step, into_s = divmod(t_ns / 1e9 % (step_s * len(self._steps)), step_s)
        now = self._steps[int(step)]
        shows = Interval.GREEN if into_s < self._green_s else Interval.YELLOW
        if into_s >= self._green_s + 3.5:
            shows = Interval.RED_CLEARANCE
        intervals = {p: shows if p in now else Interval.RED for p in self._phases}
        walk = PedInterval.WALK if into_s < 4 else PedInterval.DONT_WALK
        return intervals, {p: walk for p in now if p in {2, 4, 6, 8}}


def overlapping(frame: WorldFrame, shrink_m: float = 0.12) -> Iterator[tuple[RoadUser, RoadUser]]:
    """Pairs whose footprints overlap (separating axes). People among themselves may brush past."""
    near = [user for user in frame.users if user.make != "articulated"]
    for a, b in combinations(near, 2):
        if a.kind is Kind.PERSON and b.kind is Kind.PERSON:
            continue
        if math.dist(a.pos_m, b.pos_m) < 13 and _overlap(_corners(a, shrink_m), _corners(b, shrink_m)):
            yield a, b


def _corners(user: RoadUser, shrink_m: float) -> NDArray[np.float64]:
    make = MAKES[user.make]
    long, wide = make.length_m / 2 - shrink_m, make.width_m / 2 - shrink_m
    cos, sin = math.cos(user.heading_rad), math.sin(user.heading_rad)
    signs = ((1, 1), (1, -1), (-1, -1), (-1, 1))
    x, y = user.pos_m
    return np.array([(x + a * long * cos - b * wide * sin, y + a * long * sin + b * wide * cos) for a, b in signs])


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    for box in (a, b):
        for axis in (box[1] - box[0], box[2] - box[1]):
            on_a, on_b = a @ axis, b @ axis
            if on_a.max() < on_b.min() or on_b.max() < on_a.min():
                return False
    return True
