"""What nobody knows of a lane, guessed several times over: each case is one way that things may be.

case 1   ▌ T  L  T ·  T      unseen vehicles between those that are seen,
case 2   ▌ L  T ·  T  T      turns, and when the next come from beyond the view
case 3   ▌ T  T  L  T  ·

All cases together have what was learned: shares, rates, how many are never seen. A case that is
the only one has the mean of what comes from beyond the view, in portions. No chance is
involved: sequences that fill 0..1 evenly (Roberts 2018, R1 and R2) give the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

_TURN_STEP, _LANE_STEP, _UNSEEN_STEP = 0.6180339887498949, 0.7548776662466927, 0.5698402909980532
#: Less traffic than this is none.
_LEAST_VEH_S = 0.002
#: The only case has the mean of what comes in portions of so many seconds.
_PORTION_S = 6.0


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
        self._only = cases == 1
        self._owed = dict(learned.shares)

    @property
    def rate_veh_s(self) -> float:
        """Vehicles a second that come by the lane."""
        return self._learned.rate_veh_s

    def turn(self, known: int | None = None) -> int:
        """The next vehicle's phase, where it is not known already."""
        if self._only:
            return self._most_owed(1.0) if known is None else known
        shares, self._shares = self._shares, self._learned.shares
        left = (self._chance + self._at * _TURN_STEP) % 1.0 * sum(shares.values())
        self._at += 1
        found = 0
        for phase, share in shares.items():
            if left >= 0:
                found = phase
            left -= share
        return found if known is None else known

    def unseen(self) -> bool:
        """Whether a vehicle that nobody sees is before the next one that is seen."""
        return (self._chance + self._at * _UNSEEN_STEP) % 1.0 < self._unseen

    def count(self, expected: float) -> int:
        """A whole number of vehicles of which only the mean is known."""
        return int(expected + self._chance)

    def coming(self, from_s: float, to_s: float) -> list[tuple[float, int, float]]:
        """Those that are too far to be seen: when each arrives, s from now, its phase, and its share of a vehicle.

        Whole vehicles in one of several cases. Where there is but one, any instant of a whole
        vehicle would be wrong with nothing to make up for it: it has portions of vehicles.
        """
        if self._only:
            return self._portions(from_s, to_s)
        return [(at_s, self.turn(), 1.0) for at_s in self._coming_s(from_s, to_s)]

    def _portions(self, from_s: float, to_s: float) -> list[tuple[float, int, float]]:
        weight = self._learned.rate_veh_s * _PORTION_S
        if self._learned.rate_veh_s < _LEAST_VEH_S:
            return []
        count = int((to_s - from_s) / _PORTION_S)
        return [(from_s + (i + 0.5) * _PORTION_S, self._most_owed(weight), weight) for i in range(count)]

    def _most_owed(self, weight: float) -> int:
        """The phase that most lacks of its share, so that any few vehicles of the only case have the shares."""
        phase = max(self._owed, key=lambda one: (self._owed[one], -one))
        self._owed[phase] -= weight
        for one, share in self._learned.shares.items():
            self._owed[one] += share * weight
        return phase

    def _coming_s(self, from_s: float, to_s: float) -> list[float]:
        rate, came = self._learned.rate_veh_s, self._learned.came
        if rate < _LEAST_VEH_S or to_s <= from_s:
            return []
        first = math.ceil(came + from_s * rate - self._chance)
        due_s = ((first + i + self._chance - came) / rate for i in range(int((to_s - from_s) * rate) + 1))
        return [at_s for at_s in due_s if at_s < to_s]
