"""From evidence to an alarm: one for each happening, of a type, a class and a severity.

    evidence >= threshold ─→ Alarm ─→ silence for rest_readings ─→ ready again

What an alarm is called stands in tables here; a cabinet's record of it is an Incident (edge/incident.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from edge.errors import InputError
from edge.incident import IncidentKind, Severity
from edge.statistics.ensemble import confidence
from edge.statistics.seam import Moment, Score


class Shape(StrEnum):
    """What is odd: one value, a value at this hour, or many together."""

    POINT = "point"
    CONTEXTUAL = "contextual"
    COLLECTIVE = "collective"


class Reach(StrEnum):
    """How far it reaches: one place, several along one street, or several streets."""

    LOCAL = "local"
    CORRIDOR = "corridor"
    NETWORK = "network"


class Quantity(StrEnum):
    """What the readings measure."""

    FLOW = "flow"
    SPEED = "speed"
    OCCUPANCY = "occupancy"
    QUEUE = "queue"
    WAIT = "wait"


#: A member of the ensemble → the shape of what it sees.
SHAPES: Final[Mapping[str, Shape]] = {
    "novelty": Shape.POINT,
    "range_novelty": Shape.POINT,
    "windowed_gaussian": Shape.POINT,
    "shewhart": Shape.CONTEXTUAL,
    "ewma": Shape.CONTEXTUAL,
    "cusum": Shape.COLLECTIVE,
    "level_novelty": Shape.COLLECTIVE,
    "excursion_novelty": Shape.COLLECTIVE,
    "relative_entropy": Shape.COLLECTIVE,
}

#: Quantity and direction (1 more than usual, -1 less) → class. Many cars less fast, longer and fuller is
#: congestion; less flow than usual is emptiness unless something else says that they stand.
KINDS: Final[Mapping[tuple[Quantity, int], IncidentKind]] = {
    (Quantity.FLOW, 1): IncidentKind.CONGESTION,
    (Quantity.FLOW, -1): IncidentKind.UNUSUALLY_EMPTY,
    (Quantity.SPEED, 1): IncidentKind.UNUSUALLY_EMPTY,
    (Quantity.SPEED, -1): IncidentKind.CONGESTION,
    (Quantity.OCCUPANCY, 1): IncidentKind.CONGESTION,
    (Quantity.OCCUPANCY, -1): IncidentKind.UNUSUALLY_EMPTY,
    (Quantity.QUEUE, 1): IncidentKind.CONGESTION,
    (Quantity.QUEUE, -1): IncidentKind.UNUSUALLY_EMPTY,
    (Quantity.WAIT, 1): IncidentKind.CONGESTION,
    (Quantity.WAIT, -1): IncidentKind.UNUSUALLY_EMPTY,
}

#: Evidence over the threshold, from this ratio on → severity of congestion; other classes are one lower.
SEVERITIES: Final[Sequence[tuple[float, Severity]]] = (
    (4.0, Severity.CRITICAL),
    (2.5, Severity.HIGH),
    (1.5, Severity.MEDIUM),
    (0.0, Severity.LOW),
)
ORDER: Final = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One happening. ratio: evidence over the threshold. parts: each member's score in its own bars."""

    moment: Moment
    shape: Shape
    kind: IncidentKind
    severity: Severity
    confidence: float
    ratio: float
    direction: int
    parts: Mapping[str, float]


def kind_of(quantity: Quantity, direction: int) -> IncidentKind:
    """The class by the table; UNUSUAL where more or less is not known."""
    return KINDS.get((quantity, direction), IncidentKind.UNUSUAL)


def severity_of(kind: IncidentKind, ratio: float) -> Severity:
    """The severity by the table."""
    found = next(severity for least, severity in SEVERITIES if ratio >= least)
    if kind is IncidentKind.CONGESTION:
        return found
    return ORDER[min(ORDER.index(found) + 1, len(ORDER) - 1)]


class Alarms:
    """One sensor's alarms. After one there is rest for rest_readings, however high the evidence."""

    def __init__(self, quantity: Quantity, threshold: float, *, rest_readings: int = 100) -> None:
        """InputError where threshold is not above 0 or rest_readings below 0."""
        if threshold <= 0 or rest_readings < 0:
            raise InputError(
                f"alarms: threshold {threshold}, rest_readings {rest_readings}; give above 0 and 0 or more"
            )
        self._quantity, self._threshold, self._rest = quantity, threshold, rest_readings
        self._since = rest_readings + 1

    def update(self, moment: Moment, score: Score | None) -> Alarm | None:
        """An alarm where one starts with this reading's evidence; an unknown reading counts as time passed."""
        self._since = min(self._since + 1, self._rest + 1)
        if score is None or score.value < self._threshold or self._since <= self._rest:
            return None
        self._since = 0
        lead = max(score.evidence, key=lambda name: score.evidence[name], default="")
        kind = kind_of(self._quantity, score.direction)
        ratio = score.value / self._threshold
        return Alarm(
            moment,
            SHAPES.get(lead, Shape.POINT),
            kind,
            severity_of(kind, ratio),
            confidence(score.evidence),
            ratio,
            score.direction,
            score.evidence,
        )

    def fields(self) -> dict[str, Any]:
        """What JSON holds of it."""
        return {"since": self._since}

    def take_back(self, fields: Mapping[str, Any]) -> None:
        """The reverse."""
        self._since = fields["since"]
