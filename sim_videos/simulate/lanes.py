"""What is true of every approach lane: who stands at its line, who queues, who comes.

The definitions are those that cameras are held to: presence is a front up to PRESENCE_M
before the stop line, a queue is the standing one of `sim_videos.truth.queues`, and whoever
is not in it and moves arrives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.types import VEHICLE_KINDS, Demand, LaneDemand
from sim_videos.makes import MAKES
from sim_videos.simulate.seconds import ns_of
from sim_videos.state import RoadUser, WorldFrame
from sim_videos.street import Street
from sim_videos.truth.queues import STANDING_MPS, Waiting, standing

#: A front this near to the stop line is at it.
PRESENCE_M = 6.0
#: Slower than this nobody arrives, as with cameras.
_MOVING_MPS = 1.0
#: Perfect eyes see so far: what a camera on a mast is good for at its best.
REACH_M = 80.0


@dataclass(frozen=True, slots=True)
class LaneTruth:
    """One lane now. arrivals: (metres to the line, m/s), nearest first. users: ids in the queue, first in front."""

    presence: bool
    queue: tuple[int, ...]
    arrivals: tuple[tuple[float, float], ...]


def lane_truths(street: Street, world: WorldFrame) -> dict[str, LaneTruth]:
    """Lane name → what is true of it, for every inbound lane of the street."""
    by_lane: dict[str, list[RoadUser]] = {lane.name: [] for lane in street.inbound if lane.name is not None}
    for user in world.users:
        if user.lane in by_lane and user.to_stop_m is not None and user.kind in VEHICLE_KINDS:
            by_lane[user.lane].append(user)
    return {name: _truth(users) for name, users in by_lane.items()}


def _truth(users: Sequence[RoadUser]) -> LaneTruth:
    placed = sorted(
        (
            Waiting(user.user_id, user.to_stop_m, MAKES[user.make].length_m, user.speed_mps)
            for user in users
            if user.to_stop_m is not None
        ),
        key=lambda one: (one.before_m, one.user_id),
    )
    chain = standing(placed)
    queue = tuple(one.user_id for one in chain)
    arrivals = tuple(
        (one.before_m, one.speed_mps)
        for one in placed
        if 0 < one.before_m <= REACH_M and one.speed_mps >= _MOVING_MPS and one.user_id not in queue
    )
    return LaneTruth(any(one.before_m <= PRESENCE_M for one in placed), queue, arrivals)


class TrueDemand:
    """Demand of every lane as it is, with no error and no age: what perfect eyes would tell."""

    def __init__(self, street: Street) -> None:
        self._street = street
        self._phases = {lane.name: lane.phase for lane in street.inbound if lane.name is not None}
        self._standing_since_s: dict[int, float] = {}
        self._lanes: Mapping[str, LaneDemand] = {}
        self._t_ns = 0

    def see(self, world: WorldFrame) -> None:
        """Take in one instant."""
        standing = {user.user_id for user in world.users if user.speed_mps < STANDING_MPS}
        self._standing_since_s = {
            user_id: self._standing_since_s.get(user_id, world.t_s) for user_id in sorted(standing)
        }
        self._t_ns = ns_of(world.t_s)
        self._lanes = {
            name: self._lane(name, truth, world.t_s) for name, truth in lane_truths(self._street, world).items()
        }

    def demand(self, t_ns: int) -> Demand:
        """Demand at t_ns, on the last instant seen; unknown before any was."""
        if not self._lanes:
            unknown = {name: LaneDemand(name, p, None, None, None, None, None) for name, p in self._phases.items()}
            return Demand(t_ns, unknown)
        return Demand(min(t_ns, self._t_ns), self._lanes)

    def _lane(self, name: str, truth: LaneTruth, t_s: float) -> LaneDemand:
        wait_s = t_s - self._standing_since_s[truth.queue[0]] if truth.queue else None
        return LaneDemand(name, self._phases[name], truth.presence, truth.arrivals, len(truth.queue), wait_s, 0.0)
