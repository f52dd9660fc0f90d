"""Several estimators as one: how far each is over its bar, added up.

    evidence = sum over members of min(score / bar, CLIP)

A bar is the score at which a member would speak alone; one reading then weighs at most CLIP. Members
without a set bar get theirs from their own past: the score that BAR_SHARE of it reached. Confidence
grows with agreement: 1 - product of 1 / (1 + score / bar), so one member at its bar gives 0.5, two 0.75.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from edge.errors import InputError
from edge.statistics.calibrate import Calibrator
from edge.statistics.charts import Cusum, Ewma, Shewhart
from edge.statistics.novelty import ExcursionNovelty, LevelNovelty, Novelty
from edge.statistics.range_novelty import RangeNovelty
from edge.statistics.readings import check
from edge.statistics.seam import Estimator, Reading, Score
from edge.statistics.state import pack, unpack
from edge.statistics.windowed import RelativeEntropy, WindowedGaussian

CLIP: Final = 4.0
BAR_SHARE: Final = 0.001

#: Which estimator a saved member is of.
KNOWN: Final[Mapping[str, type[Estimator]]] = {
    kind.name: kind
    for kind in (
        Cusum,
        Ewma,
        ExcursionNovelty,
        LevelNovelty,
        Novelty,
        RangeNovelty,
        RelativeEntropy,
        Shewhart,
        WindowedGaussian,
    )
}


@dataclass(frozen=True, slots=True)
class Member:
    """One of them. bar: the score at which it would speak alone; None takes it from its own past."""

    estimator: Estimator
    bar: float | None = None


def novelty_members(memory_readings: int = 3000) -> tuple[Member, ...]:
    """The three novelties, with bars as shares of the range (docs/statistics.md says how they were chosen).

    memory_readings: at least ten days of them, so that each weekday has been met.
    """
    return (
        Member(Novelty(memory_readings=memory_readings), 0.019),
        Member(LevelNovelty(memory_readings=memory_readings), 0.0127),
        Member(ExcursionNovelty(memory_readings=memory_readings), 0.0154),
    )


class Ensemble:
    """Itself an estimator: its score is the evidence, in bars. evidence: each member's score in its own bars."""

    name: ClassVar[str] = "ensemble"
    version: ClassVar[int] = 1

    def __init__(self, members: Sequence[Member] | None = None) -> None:
        """members: the three novelties where left out. InputError where two are alike or one is unknown here."""
        self._members = tuple(members) if members is not None else novelty_members()
        names = [member.estimator.name for member in self._members]
        if not names or len(set(names)) < len(names) or not set(names) <= set(KNOWN):
            raise InputError(f"ensemble: members {', '.join(names) or 'none'}; give different ones of {sorted(KNOWN)}")
        self._past = {member.estimator.name: Calibrator() for member in self._members if member.bar is None}
        self._last_unix_s: int | None = None

    def update(self, reading: Reading) -> Score | None:
        """The evidence of all that speak; None where none does."""
        check(self.name, self._last_unix_s, 1, reading)
        self._last_unix_s = reading.moment.unix_s
        parts: dict[str, float] = {}
        leading: Score | None = None
        most = -1.0
        for member in self._members:
            said = member.estimator.update(reading)
            if said is None:
                continue
            bar = self._bar(member, said.value)
            if bar is None:
                continue
            part = min(said.value / bar, CLIP)
            parts[member.estimator.name] = part
            if part > most:
                leading, most = said, part
        if leading is None:
            return None
        return Score(sum(parts.values()), leading.direction if most > 0 else 0, leading.expected, parts)

    def _bar(self, member: Member, score: float) -> float | None:
        """What counts as one for this member; None while its past is young. Then the score is past too."""
        if member.bar is not None:
            return member.bar
        past = self._past[member.estimator.name]
        bar = past.bar(BAR_SHARE)
        past.learn(score)
        return bar

    def save(self) -> bytes:
        """Every member's state, and the past of those without a set bar."""
        fields = {
            "last_unix_s": self._last_unix_s,
            "members": [
                [member.estimator.name, member.bar, base64.b64encode(member.estimator.save()).decode()]
                for member in self._members
            ],
            "past": {name: past.fields() for name, past in self._past.items()},
        }
        return pack(self.name, self.version, fields)

    @classmethod
    def restore(cls, state: bytes) -> Self:
        """Go on from a saved state. InputError where it or a member's is not of this version."""
        fields, _ = unpack(cls.name, cls.version, state)
        members = [Member(KNOWN[name].restore(base64.b64decode(inner)), bar) for name, bar, inner in fields["members"]]
        made = cls(members)
        made._last_unix_s = fields["last_unix_s"]
        for name, past in fields["past"].items():
            made._past[name].take_back(past)
        return made


def confidence(evidence: Mapping[str, float]) -> float:
    """0..1 from how many members agree and by how much, each in its own bars."""
    doubt = 1.0
    for part in evidence.values():
        doubt /= 1 + part
    return 1 - doubt
