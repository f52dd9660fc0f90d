"""Who truly made which movement: ground points followed through the gates of a site.

A road user's ground point is the middle of its front, as a detector in the road would
see it. It makes a movement when that point, having passed the movement's entry gate since
the first frame, passes its exit gate: between the gate's ends, toward the side that
traffic leaves to. Between two frames the point moves on a straight line. One whose route
is known to be another movement does not make this one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.types import Kind
from sim_videos.gates import GatePair
from sim_videos.makes import MAKES
from sim_videos.state import PointM, RoadUser
from sim_videos.truth.schema import TrueCrossing


@dataclass(frozen=True, slots=True)
class Counted:
    """One movement: its gates, and the kinds of road user that it counts."""

    gates: GatePair
    kinds: frozenset[Kind]


class GateWatch:
    """Give it every frame's road users in order."""

    def __init__(self, movements: Mapping[str, Counted]) -> None:
        self._movements = movements
        self._last: dict[int, PointM] = {}
        self._lane: dict[int, str] = {}
        self._entered: dict[int, set[str]] = {}

    def update(self, users: Iterable[RoadUser]) -> tuple[TrueCrossing, ...]:
        """Those that passed an exit gate since the frame before, in order of id."""
        found = []
        now: dict[int, PointM] = {}
        for user in sorted(users, key=lambda user: user.user_id):
            before = self._last.get(user.user_id)
            place = front_m(user)
            now[user.user_id] = place
            if user.lane is not None:
                self._lane[user.user_id] = user.lane
            if before is not None and before != place:
                found += self._step(user, before, place)
        for gone in self._last.keys() - now.keys():
            self._entered.pop(gone, None)
            self._lane.pop(gone, None)
        self._last = now
        return tuple(found)

    def _step(self, user: RoadUser, before: PointM, place: PointM) -> list[TrueCrossing]:
        entered = self._entered.setdefault(user.user_id, set())
        found = []
        for movement, counted in self._movements.items():
            elsewhere = user.movement in self._movements and user.movement != movement
            if user.kind not in counted.kinds or (elsewhere and user.kind is not Kind.PERSON):
                continue
            if counted.gates.entry.passed(before, place):
                entered.add(movement)
            if movement in entered and counted.gates.exit.passed(before, place):
                entered.discard(movement)
                lane = self._lane.get(user.user_id)
                found.append(TrueCrossing(id=user.user_id, movement=movement, kind=user.kind, lane=lane))
        return found


def front_m(user: RoadUser) -> PointM:
    """The middle of a road user's front on the ground."""
    reach_m = MAKES[user.make].length_m / 2
    return (
        user.pos_m[0] + reach_m * math.cos(user.heading_rad),
        user.pos_m[1] + reach_m * math.sin(user.heading_rad),
    )
