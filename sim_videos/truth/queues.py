"""Two definitions of the queue of a lane, worked out from where vehicles truly are.

Standing: vehicles slower than `STANDING_MPS`, from the stop line back, the front of the
first within `FIRST_M` of the line and that of each further one within `GAP_M` of the rear
of the one before. One that moves is passed over: it neither counts nor ends the queue. It
is what `edge.vision.queues` measures.

HCM: vehicles that have been in such a queue and have not passed the stop line yet (HCM
2016, chapter 31: a vehicle is queued from when it stops until it passes the stop line),
so a discharging queue still counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge.types import VEHICLE_KINDS
from sim_videos.makes import MAKES
from sim_videos.state import RoadUser
from sim_videos.truth.schema import QueueRow

STANDING_MPS = 1.4
FIRST_M, GAP_M = 12.0, 8.0
#: A front this far over the line still stands at it.
_OVER_M = 0.5


@dataclass(frozen=True, slots=True)
class Waiting:
    """One vehicle of a lane: its front's distance before the stop line, its length, its speed."""

    user_id: int
    before_m: float
    length_m: float
    speed_mps: float


class LaneQueues:
    """Queues of given lanes. Give it every frame in order: who has queued is remembered until it leaves the lane."""

    def __init__(self, lanes: Iterable[str]) -> None:
        self._queued: dict[str, set[int]] = {lane: set() for lane in lanes}

    def update(self, users: Iterable[RoadUser]) -> dict[str, QueueRow]:
        """Lane → its queue now."""
        by_lane: dict[str, list[Waiting]] = {lane: [] for lane in self._queued}
        for user in users:
            if user.lane in by_lane and user.to_stop_m is not None and user.kind in VEHICLE_KINDS:
                length_m = MAKES[user.make].length_m
                by_lane[user.lane].append(Waiting(user.user_id, user.to_stop_m, length_m, user.speed_mps))
        rows = {}
        for lane, waiting in by_lane.items():
            chain = standing(waiting)
            here = {one.user_id for one in waiting if one.before_m > -_OVER_M}
            queued = {one.user_id for one in _joined(waiting, self._queued[lane])} & here
            self._queued[lane] = queued
            rows[lane] = QueueRow(
                len(chain), _rear_m(chain), len(queued), _rear_m([one for one in waiting if one.user_id in queued])
            )
        return rows


def standing(waiting: Iterable[Waiting]) -> list[Waiting]:
    """The standing queue, first vehicle first; it ends at the first that stands too far back."""
    chain: list[Waiting] = []
    reach_m = FIRST_M
    for one in sorted(waiting, key=lambda one: one.before_m):
        if one.before_m <= -_OVER_M or one.speed_mps >= STANDING_MPS:
            continue
        if one.before_m > reach_m:
            break
        chain.append(one)
        reach_m = one.before_m + one.length_m + GAP_M
    return chain


def _joined(waiting: Iterable[Waiting], queued: set[int]) -> list[Waiting]:
    """Those that had queued, and those that stand behind them or at the line now."""
    joined: list[Waiting] = []
    reach_m = FIRST_M
    for one in sorted(waiting, key=lambda one: one.before_m):
        stands = one.before_m <= reach_m and one.speed_mps < STANDING_MPS
        if one.user_id in queued or stands:
            joined.append(one)
            reach_m = max(reach_m, one.before_m + one.length_m + GAP_M)
    return joined


def _rear_m(vehicles: list[Waiting]) -> float:
    return round(max((one.before_m + one.length_m for one in vehicles), default=0.0), 1)
