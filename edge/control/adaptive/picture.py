"""A lane as the planner sees it: vehicles in order from the stop line, with the time each could be there.

    stop line ▌ moving off │ standing │ approaching │ unseen, by the learned rate
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from edge.control.adaptive.settings import AdaptiveSettings
from edge.control.junction import LaneModel, Sensing
from edge.types import LaneDemand

#: Unseen traffic comes in portions of so many seconds.
_PORTION_S = 6.0
_LONGEST_S = 90.0


@dataclass(frozen=True, slots=True)
class Coming:
    """One vehicle, or a portion of one: s until it could be at the stop line, its share of a vehicle, its phase."""

    at_s: float
    weight: float
    phase: int
    standing: bool


class Turns:
    """Gives turns to vehicles whose turn nobody knows, so that any few of them have the lane's shares."""

    def __init__(self, shares: Mapping[int, float]) -> None:
        self._shares = shares
        self._owed = dict(shares)

    def next(self, weight: float = 1.0) -> int:
        """The turn that is owed most."""
        phase = max(self._owed, key=lambda one: (self._owed[one], -one))
        self._owed[phase] -= weight
        for one, share in self._shares.items():
            self._owed[one] += share * weight
        return phase


def lane_picture(
    lane: LaneModel,
    demand: LaneDemand | None,
    shares: Mapping[int, float],
    rate_veh_s: float,
    unserved_s: float,
    backlog: float,
    sensing: Sensing,
    settings: AdaptiveSettings,
) -> list[Coming]:
    """Vehicles of a lane, nearest first.

    unserved_s: so long nothing could leave it, for lanes that nobody sees. backlog: vehicles
    that are thought to stand beyond the end of the view.
    """
    turns = Turns(shares)
    view_m = min(sensing.view_m, max(lane.length_m, 1.0)) if lane.length_m < sensing.view_m else sensing.view_m
    edge_s = view_m / lane.speed_mps
    found: list[Coming] = []
    if demand is None or (demand.queue_vehicles is None and demand.arrivals is None):
        if demand is None or demand.presence is not False:
            expected = max(1.0, rate_veh_s * unserved_s)
            found += [Coming(0.0, 1.0, turns.next(), True) for _ in range(min(round(expected), 20))]
        edge_s = 0.0
    else:
        found += _seen(lane, demand, turns, sensing, settings)
    if backlog > 0:
        whole = math.ceil(backlog)
        found += [Coming(edge_s, backlog / whole, turns.next(), False) for _ in range(whole)]
    weight = rate_veh_s * _PORTION_S * settings.unseen
    if weight > 0.01:
        count = int((min(settings.horizon_s, _LONGEST_S) - edge_s) / _PORTION_S)
        found += [Coming(edge_s + (i + 0.5) * _PORTION_S, weight, turns.next(weight), False) for i in range(count)]
    return found


def _seen(
    lane: LaneModel, demand: LaneDemand, turns: Turns, sensing: Sensing, settings: AdaptiveSettings
) -> list[Coming]:
    age_s = demand.age_s or 0.0
    weight = 1 / sensing.found_share
    standing = demand.queue_vehicles or 0
    arrivals = demand.arrivals or ()
    known = demand.turns if demand.turns is not None and len(demand.turns) == standing + len(arrivals) else None
    ahead = 0
    # What moves within the length of the queue is its head, on its way already.
    while ahead < len(arrivals) and arrivals[ahead][0] < (standing + ahead) * settings.spacing_m - 3.0:
        ahead += 1
    found: list[Coming] = []

    def moving(i: int) -> None:
        distance_m, speed_mps = arrivals[i]
        at_s = max(0.0, travel_s(distance_m, speed_mps, lane.speed_mps, settings.acceleration_mps2) - age_s)
        phase = known[standing + i] if known is not None else None
        found.append(Coming(at_s, weight, phase if phase is not None else turns.next(weight), False))

    if standing == 0:
        ahead = 0
    for i in range(ahead):
        moving(i)
    for i in range(standing):
        phase = known[i] if known is not None else None
        found.append(Coming(0.0, weight, phase if phase is not None else turns.next(weight), True))
    for i in range(ahead, len(arrivals)):
        moving(i)
    return found


def travel_s(distance_m: float, speed_mps: float, free_mps: float, acceleration_mps2: float) -> float:
    """Time for a distance from one speed up to the free speed, at a steady acceleration."""
    if distance_m <= 0:
        return 0.0
    if speed_mps >= free_mps:
        return distance_m / max(speed_mps, 0.1)
    gaining_m = (free_mps**2 - speed_mps**2) / (2 * acceleration_mps2)
    if distance_m <= gaining_m:
        return (math.sqrt(speed_mps**2 + 2 * acceleration_mps2 * distance_m) - speed_mps) / acceleration_mps2
    return (free_mps - speed_mps) / acceleration_mps2 + (distance_m - gaining_m) / free_mps
