"""What perfect eyes see beyond demand: each vehicle that leaves, with its turn, and who is in the box."""

from __future__ import annotations

import math

from calibration.polygon import inside
from edge.control.junction import Passed, Surroundings
from edge.types import VEHICLE_KINDS
from sim_videos.simulate.seconds import ns_of
from sim_videos.state import PointM, WorldFrame
from sim_videos.street import Street
from sim_videos.truth.queues import STANDING_MPS

#: Stop lines of fewer arms than this enclose nothing.
_ENCLOSING = 3


class TrueAround:
    """Fed with every instant of the street."""

    def __init__(self, street: Street) -> None:
        self._phases = {turn.movement: turn.phase for turn in street.turns}
        self._edge_m = _edge_m(street)
        #: Who is in which lane, and the phase of each who left one.
        self._lanes: dict[int, str] = {}
        self._gone: dict[int, int] = {}
        self._passed: list[Passed] = []
        self._box: dict[int, int] = {}
        self._stands: dict[int, int] = {}

    def see(self, world: WorldFrame) -> None:
        """Take in one instant."""
        t_ns = ns_of(world.t_s)
        self._box, self._stands = {}, {}
        users = {user.user_id: user for user in world.users if user.kind in VEHICLE_KINDS}
        for user_id in (self._lanes.keys() | self._gone.keys()) - users.keys():
            self._lanes.pop(user_id, None)
            self._gone.pop(user_id, None)
        for user_id, user in users.items():
            if user.approach is not None:
                if user.lane is not None:
                    self._lanes[user_id] = user.lane
                continue
            lane, phase = self._lanes.pop(user_id, None), self._phases.get(user.movement or "")
            if lane is not None:
                self._passed.append(Passed(lane, phase, t_ns))
                if phase is not None:
                    self._gone[user_id] = phase
            if user_id not in self._gone:
                continue
            if not self._edge_m or not inside(self._edge_m, user.pos_m):
                continue
            phase = self._gone[user_id]
            self._box[phase] = self._box.get(phase, 0) + 1
            if user.speed_mps < STANDING_MPS:
                self._stands[phase] = self._stands.get(phase, 0) + 1

    def known(self, t_ns: int) -> Surroundings:
        """As of the last instant; everybody who passed is told once."""
        passed, self._passed = tuple(self._passed), []
        if not self._edge_m:
            return Surroundings(t_ns, passed=passed)
        return Surroundings(t_ns, box=dict(self._box), passed=passed, stands=dict(self._stands))


def _edge_m(street: Street) -> list[PointM]:
    """The stop lines joined around their middle; none where they do not enclose anything."""
    if len(street.arms) < _ENCLOSING:
        return []
    ends = [end for arm in street.arms for end in arm.stop_line_m]
    x, y = (sum(axis) / len(ends) for axis in zip(*ends, strict=True))
    return sorted(ends, key=lambda end: math.atan2(end[1] - y, end[0] - x))
