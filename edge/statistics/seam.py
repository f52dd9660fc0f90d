"""The seam of the statistics: one reading after another in, how odd it is out.

    Reading ─→ Estimator ─→ Score ─→ calibration ─→ ensemble ─→ threshold ─→ Alarm

Streaming and causal: a score is of this reading and of those before it, never of later ones.
Memory is bounded. Time comes with the readings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, Self

WEEK_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Moment:
    """When a reading ended: seconds since 1970 in UTC, and the local second of the week, Monday 0:00 being 0.

    Whoever knows the site's time zone makes it, so that daylight saving is settled before it comes here.
    """

    unix_s: int
    week_s: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The values of one interval, in the same order every time; None is unknown."""

    moment: Moment
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """How odd a reading is: 0 is ordinary, higher is odder, in the estimator's own unit.

    direction: 1 more than expected, -1 less, 0 neither. expected: what each value should have been, None
    where the estimator does not say. evidence: numbers for whoever asks why.
    """

    value: float
    direction: int = 0
    expected: tuple[float | None, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)


class Estimator(Protocol):
    """One way to find readings odd. Each goes through tests/contract/test_estimators.py.

    update returns None while it learns and where the reading is unknown (nothing is learned from that).
    InputError where a moment is not after the one before. The same readings and seed give the same
    scores; save and restore in mid-stream change none. A constant series never scores above 0.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    def update(self, reading: Reading) -> Score | None: ...

    def save(self) -> bytes:
        """All that is needed to go on; bounded."""
        ...

    @classmethod
    def restore(cls, state: bytes) -> Self:
        """Go on from there. InputError where it is of another estimator or version, or damaged."""
        ...
