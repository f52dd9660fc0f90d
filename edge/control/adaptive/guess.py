"""What nobody knows of a lane, guessed several times over: each case is one way that things may be.

case 1   ▌ T  L  T ·  T      unseen vehicles between those that are seen,
case 2   ▌ L  T ·  T  T      turns, and when the next come from beyond the view
case 3   ▌ T  T  L  T  ·

All cases together have what was learned: shares, rates, how many are never seen. No chance is
involved: sequences that fill 0..1 evenly (Roberts 2018, R1 and R2) give the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

_TURN_STEP, _LANE_STEP, _UNSEEN_STEP = 0.6180339887498949, 0.7548776662466927, 0.5698402909980532
#: Less traffic than this is none.
_LEAST_VEH_S = 0.002


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of a lane's unknowns. shares: phase → share of its vehicles; head: the same of the first alone.

    gone: vehicles that have left it, so that each keeps what was guessed of it from second to
    second. came: vehicles expected so far, so that those on their way come nearer.
    """

    shares: Mapping[int, float]
    head: Mapping[int, float]
    rate_veh_s: float
    found_share: float
    gone: int = 0
    came: float = 0.0


class Guess:
    """One lane in one case. lane: its number in the junction."""

    def __init__(self, learned: Learned, lane: int = 0, case: int = 0, cases: int = 1) -> None:
        self._learned = learned
        self._shares = learned.head
        self._unseen = (1 - learned.found_share) / learned.found_share
        self._chance = (case / cases + lane * _LANE_STEP) % 1.0
        self._at = learned.gone

    @property
    def rate_veh_s(self) -> float:
        """Vehicles a second that come by the lane."""
        return self._learned.rate_veh_s

    def turn(self) -> int:
        """The next vehicle's phase."""
        shares, self._shares = self._shares, self._learned.shares
        left = (self._chance + self._at * _TURN_STEP) % 1.0 * sum(shares.values())
        self._at += 1
        found = 0
        for phase, share in shares.items():
            if left >= 0:
                found = phase
            left -= share
        return found

    def unseen(self) -> bool:
        """Whether a vehicle that nobody sees is before the next one that is seen."""
        return (self._chance + self._at * _UNSEEN_STEP) % 1.0 < self._unseen

    def count(self, expected: float) -> int:
        """A whole number of vehicles of which only the mean is known."""
        return int(expected + self._chance)

    def coming_s(self, from_s: float, to_s: float) -> list[float]:
        """When those that are too far to be seen arrive, s from now."""
        rate, came = self._learned.rate_veh_s, self._learned.came
        if rate < _LEAST_VEH_S or to_s <= from_s:
            return []
        first = math.ceil(came + from_s * rate - self._chance)
        due_s = ((first + i + self._chance - came) / rate for i in range(int((to_s - from_s) * rate) + 1))
        return [at_s for at_s in due_s if at_s < to_s]
