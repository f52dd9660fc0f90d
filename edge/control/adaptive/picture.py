"""A lane as the planner sees it: vehicles in order from the stop line, with the time each could be there.

stop line ▌ moving off │ standing │ approaching │ unseen, by the learned rate
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edge.control.adaptive.guess import Guess
from edge.control.adaptive.settings import AdaptiveSettings
from edge.control.junction import LaneModel, Sensing
from edge.types import LaneDemand

#: More vehicles than this are not guessed in a lane that nobody sees.
_MOST_GUESSED = 20
#: Nor more than this many where a camera sees nobody stand.
_MOST_MISSED = 2.0


@dataclass(frozen=True, slots=True)
class Coming:
    """One vehicle, or a share of one: s until it could be at the stop line, its phase, and how much of one it is."""

    at_s: float
    phase: int
    standing: bool
    weight: float = 1.0


def lane_picture(
    lane: LaneModel,
    demand: LaneDemand | None,
    guess: Guess,
    *,
    unserved_s: float,
    beyond: float,
    announced_s: Sequence[float],
    told_s: float | None,
    sensing: Sensing,
    settings: AdaptiveSettings,
) -> list[Coming]:
    """Vehicles of a lane in one case, nearest first.

    unserved_s: so long nothing could leave it, for lanes that nobody sees. beyond: vehicles
    that are thought to stand beyond the end of the view. announced_s: when those of which
    neighbours told would arrive; told_s: further ahead than this they cannot tell, None
    where nobody does.
    """
    edge_s = min(sensing.view_m, max(lane.length_m, 1.0)) / lane.speed_mps
    found: list[Coming] = []
    if _unknown(demand):
        if demand is None or demand.presence is not False:
            expected = max(1.0, guess.rate_veh_s * unserved_s)
            found += [Coming(0.0, guess.turn(), standing=True) for _ in range(min(round(expected), _MOST_GUESSED))]
        edge_s = 0.0
    elif demand is not None:
        # A camera that misses some cannot say that nobody waits, the less the longer nothing could leave.
        missed = 0.0 if demand.queue_vehicles else guess.rate_veh_s * (1 - sensing.found_share) * unserved_s
        found += [Coming(0.0, guess.turn(), standing=True) for _ in range(guess.count(min(missed, _MOST_MISSED)))]
        found += _seen(lane, demand, guess, settings)
    found += [Coming(edge_s, guess.turn(), standing=False) for _ in range(guess.count(beyond))]
    for at_s in sorted(announced_s):
        if guess.unseen():
            found.append(Coming(at_s, guess.turn(), standing=False))
        found.append(Coming(at_s, guess.turn(), standing=False))
    from_s = edge_s if told_s is None else max(edge_s, told_s)
    for at_s, phase, weight in guess.coming(from_s, float(settings.horizon_s)):
        found.append(Coming(at_s, phase, standing=False, weight=weight))
    return found


def _unknown(demand: LaneDemand | None) -> bool:
    """Whether nobody knows who stands there; who comes may be known all the same."""
    return demand is None or (demand.queue_vehicles is None and (demand.arrivals is None or demand.presence is None))


def _seen(lane: LaneModel, demand: LaneDemand, guess: Guess, settings: AdaptiveSettings) -> list[Coming]:
    """Moving within the length of the queue is its head, on its way already; then the queue, then who approaches."""
    age_s = demand.age_s or 0.0
    standing, arrivals = demand.queue_vehicles or 0, demand.arrivals or ()
    known = demand.turns if demand.turns is not None and len(demand.turns) == standing + len(arrivals) else None
    ahead = 0
    while standing and ahead < len(arrivals) and arrivals[ahead][0] < (standing + ahead) * settings.spacing_m - 3.0:
        ahead += 1
    # (place in demand.turns, s until the stop line or None for one that stands), in order from the stop line.
    order: list[tuple[int, float | None]] = []
    for i, (distance_m, speed_mps) in enumerate(arrivals):
        if i == ahead:
            order += [(k, None) for k in range(standing)]
        at_s = travel_s(distance_m, speed_mps, lane.speed_mps, settings.acceleration_mps2) - age_s
        order.append((standing + i, max(0.0, at_s)))
    if ahead == len(arrivals):
        order += [(k, None) for k in range(standing)]
    found = []
    for place, at in order:
        turn = known[place] if known is not None else None
        if guess.unseen():
            found.append(Coming(0.0 if at is None else at, guess.turn(), standing=at is None))
        found.append(Coming(0.0 if at is None else at, guess.turn(turn), standing=at is None))
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
