"""How bodies follow their fronts: rear axles drawn behind as by a rope, people without leaps.

SUMO moves a vehicle's front along a line and tells a chord of that line as its angle,
which leaps where lanes change. Here the rear axle follows the front on a tractrix
(no sideways slip), and a trailer follows its hitch the same way.
"""

from __future__ import annotations

import math

from sim_videos.makes import Make
from sim_videos.state import PointM

#: From the front bumper to the rear axle, of the body's length.
_AXLE = 0.8
#: Of buses and lorries, whose tails hang further over.
_LONG_AXLE, _LONG_M = 0.62, 8.0
#: Nobody moves so far in one step; a body met again after that is placed anew.
_LEAP_M = 6.0
#: A walker's place is followed at no more than this over its own speed.
_CATCH_UP_MPS = 0.7
#: A vehicle that SUMO moves aside in one step is seen to do so at this speed.
_SLIDE_MPS = 2.0


class Bodies:
    """The rear axles of every vehicle on the road, and the smoothed places of walkers."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._fronts: dict[str, PointM] = {}
        self._axles: dict[str, tuple[PointM, PointM | None]] = {}
        self._walkers: dict[str, tuple[PointM, float]] = {}

    def follow(
        self, name: str, front_m: PointM, heading_rad: float, speed_mps: float, make: Make
    ) -> tuple[PointM, float, float | None]:
        """Front, heading of the body and of its trailer (None: it has none) now that SUMO has its front here.

        heading_rad is used where the body is met for the first time.
        """
        was = self._fronts.get(name)
        if was is not None:
            front_m = self._reached(was, front_m, speed_mps + _SLIDE_MPS)
        self._fronts[name] = front_m
        cab_m = make.length_m - (make.trailer_m or 0.0)
        base_m = cab_m * (1.0 if make.trailer_m is not None else _LONG_AXLE if cab_m > _LONG_M else _AXLE)
        known = self._axles.get(name)
        if known is None or math.dist(known[0], front_m) > base_m + _LEAP_M:
            axle, tail = back(front_m, heading_rad, base_m), None
            if make.trailer_m is not None:
                tail = back(front_m, heading_rad, make.length_m)
        else:
            axle, tail = known
        heading_rad = toward(axle, front_m)
        tail_rad = None
        if make.trailer_m is not None and tail is not None:
            hitch = back(front_m, heading_rad, cab_m)
            tail_rad = toward(tail, hitch)
            tail = back(hitch, tail_rad, make.trailer_m)
        self._axles[name] = (back(front_m, heading_rad, base_m), tail)
        return front_m, heading_rad, tail_rad

    def walk(self, name: str, pos_m: PointM, heading_rad: float, speed_mps: float) -> tuple[PointM, float]:
        """Place and heading of a walker, who takes SUMO's leaps between walking areas in his stride."""
        was = self._walkers.get(name)
        if was is not None:
            pos_m = self._reached(was[0], pos_m, speed_mps + _CATCH_UP_MPS)
            turn = math.remainder(heading_rad - was[1], math.tau)
            limit = 4.0 * self._step_s
            heading_rad = math.remainder(was[1] + max(-limit, min(limit, turn)), math.tau)
        self._walkers[name] = (pos_m, heading_rad)
        return pos_m, heading_rad

    def _reached(self, was: PointM, aim: PointM, speed_mps: float) -> PointM:
        """Where one gets from a place toward another in a step; the other itself after a leap too long to follow."""
        gap_m, reach_m = math.dist(was, aim), speed_mps * self._step_s
        if not reach_m < gap_m < _LEAP_M:
            return aim
        share = reach_m / gap_m
        return was[0] + (aim[0] - was[0]) * share, was[1] + (aim[1] - was[1]) * share

    def forget(self, gone: set[str]) -> None:
        """Drops what was remembered of users that have left."""
        for name in gone:
            self._fronts.pop(name, None)
            self._axles.pop(name, None)
            self._walkers.pop(name, None)


def back(front_m: PointM, heading_rad: float, by_m: float) -> PointM:
    """The place by_m behind another."""
    return front_m[0] - by_m * math.cos(heading_rad), front_m[1] - by_m * math.sin(heading_rad)


def toward(start_m: PointM, end_m: PointM) -> float:
    """Direction from one place to another."""
    return math.atan2(end_m[1] - start_m[1], end_m[0] - start_m[0])
