"""From a score in an estimator's own unit to the share of the stream's own past that scored as high.

A histogram of the scores in steps of a constant ratio, fading with time; where fewer than TAIL of them
lie beyond, the tail is drawn on as a power law (Hill, 1975, "A simple general approach to inference
about the tail of a distribution"). Causal: only scores given to `learn` before count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

LEAST: Final = 1e-6  # scores at or below are one step: as good as nothing
STEPS_PER_DECADE: Final = 10
DECADES: Final = 12
TAIL: Final = 20.0  # scores beyond, under which the power law takes over
YOUNG: Final = 100  # scores before which it says nothing
RENEW: Final = 1e9  # the weight at which all are scaled back
FLATTEST: Final = 0.02  # the least Hill index: a tail of equal scores is not infinitely thin


class Calibrator:
    """How rare a score is, by this stream's own past. memory_scores: the half-life of that past."""

    def __init__(self, *, memory_scores: int = 10_000) -> None:
        self._keep = 0.5 ** (1 / memory_scores)
        self._steps = [0.0] * (STEPS_PER_DECADE * DECADES + 1)
        self._seen = 0
        self._now = 1.0  # what the newest weighs

    def learn(self, score: float) -> None:
        """Take a score in (0 or more)."""
        # The newest weighs ever more instead of all others less: one number changes, not all of them.
        self._seen += 1
        self._now /= self._keep
        self._steps[_step(score)] += self._now
        if self._now > RENEW:
            self._steps = [weight / self._now for weight in self._steps]
            self._now = 1.0

    def tail(self, score: float) -> float | None:
        """The share of scores at least that high, above 0; None while young."""
        if self._seen < YOUNG:
            return None
        now = self._now
        total = math.fsum(self._steps)
        at = _step(score)
        beyond = math.fsum(self._steps[at:])
        if beyond >= TAIL * now or at == 0:
            return min(beyond / total, 1.0)
        start, share, index = self._law(total, TAIL * now)
        return share * math.pow(score / start, -1 / index) if score > start else share

    def bar(self, share: float) -> float | None:
        """The score that no more than this share of them reach; None while young."""
        if self._seen < YOUNG:
            return None
        now = self._now
        total = math.fsum(self._steps)
        start, law_share, index = self._law(total, TAIL * now)
        if share <= law_share:
            return start * math.pow(law_share / share, index)
        beyond = 0.0
        for at in range(len(self._steps) - 1, 0, -1):
            beyond += self._steps[at]
            if beyond > share * total:
                return _lower(at + 1)
        return LEAST

    def _law(self, total: float, least: float) -> tuple[float, float, float]:
        """Where the power law starts, the share beyond, and Hill's index."""
        beyond, at = 0.0, len(self._steps)
        while at > 1 and beyond < least:
            at -= 1
            beyond += self._steps[at]
        start = _lower(at)
        if beyond <= 0:
            return start, 1 / max(total, 1.0), FLATTEST
        logs = math.fsum(w * math.log(_middle(k) / start) for k, w in enumerate(self._steps[at:], start=at) if w)
        return start, beyond / total, max(logs / beyond, FLATTEST)

    def fields(self) -> dict[str, Any]:
        """What JSON holds of it."""
        return {"steps": self._steps, "seen": self._seen, "now": self._now}

    def take_back(self, fields: Mapping[str, Any]) -> None:
        """The reverse."""
        self._steps, self._seen, self._now = fields["steps"], fields["seen"], fields["now"]


def _step(score: float) -> int:
    if score <= LEAST:
        return 0
    return min(1 + int(math.log10(score / LEAST) * STEPS_PER_DECADE), STEPS_PER_DECADE * DECADES)


def _lower(step: int) -> float:
    return float(LEAST * 10 ** ((step - 1) / STEPS_PER_DECADE))


def _middle(step: int) -> float:
    return float(LEAST * 10 ** ((step - 0.5) / STEPS_PER_DECADE))
