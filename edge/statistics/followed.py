"""A past series as the cabinet would have met it, with what an engineer reads beside it.

Reading ─┬─→ SeriesWatch ─→ fault, evidence, alarm          (the cabinet's own)
         └─→ Profile, Ewma, Cusum, without faulty values    (control charts, to read: they alarm on nothing)

Causal: what is expected of a reading, and the limits, are of before it was learned from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.incident import IncidentKind, Severity
from edge.statistics.alarm import Alarm, Quantity, severity_of
from edge.statistics.budget import typical_interval_s
from edge.statistics.charts import Cusum, Ewma
from edge.statistics.profile import Profile, Usual
from edge.statistics.seam import Reading, Score
from edge.statistics.sensor import FAULT_SEVERITIES, Fault
from edge.statistics.watch import LEARN_READINGS, SeriesWatch


@dataclass(frozen=True, slots=True)
class Point:
    """What the charts said at one reading; None is unknown.

    usual: as expected before the reading, None until the profile has LEARN_READINGS of them. ewma, cusum: signed, in
    standard deviations, CUSUM's summed up. evidence: in bars. value: as read, also where fault says not to believe it.
    """

    unix_s: int
    value: float | None
    fault: Fault | None
    usual: Usual | None
    ewma: float | None
    cusum: float | None
    evidence: float | None
    learning: bool

    @property
    def believed(self) -> float | None:
        """The value that the statistics used."""
        return None if self.fault is not None else self.value


@dataclass(frozen=True, slots=True)
class Mark:
    """An alarm, or a fault of the sensor. what: the alarm's shape, the fault. until_s: a fault's end, None: goes on.

    ratio: of an alarm, evidence over threshold.
    """

    unix_s: int
    kind: IncidentKind
    severity: Severity
    what: str
    value: float | None
    expected: float | None
    ratio: float | None = None
    confidence: float | None = None
    until_s: int | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """One series. learning_until_s: None once it has learned. interval_s: between readings, typically."""

    points: tuple[Point, ...]
    marks: tuple[Mark, ...]
    threshold: float
    interval_s: float
    learning_until_s: int | None


def follow(readings: Sequence[Reading], quantity: Quantity | None, threshold: float) -> Followed:
    """Readings of one value each, in the order of time. quantity None: not known, its alarms are `unusual`.

    InputError where a reading is not after the one before.
    """
    times_s = [reading.moment.unix_s for reading in readings]
    interval_s = typical_interval_s(times_s) if len(times_s) > 1 else 60.0
    watch = SeriesWatch(quantity or Quantity.FLOW, threshold=threshold, interval_s=max(1, round(interval_s)))
    profile, ewma, cusum = Profile(), Ewma(), Cusum()
    points: list[Point] = []
    marks: list[Mark] = []
    fault_at: int | None = None  # in marks, while it lasts
    until_s: int | None = None
    for reading in readings:
        said = watch.update(reading)
        until_s = said.learning_until_s
        moment, read = reading.moment, reading.values[0]
        value = read if read is not None and math.isfinite(read) else None
        believed = Reading(moment, (None if said.fault is not None else value,))
        usual = profile.usual(moment)
        if profile.count < LEARN_READINGS:
            usual = None
        if believed.values[0] is not None:
            profile.learn(moment, believed.values[0])
        points.append(
            Point(
                moment.unix_s,
                value,
                said.fault,
                usual,
                _signed(ewma.update(believed)),
                _signed(cusum.update(believed)),
                None if said.score is None else said.score.value,
                until_s is not None,
            )
        )
        expected = None if usual is None else usual.level
        if fault_at is not None and (said.fault is None or said.fault_began):
            marks[fault_at] = replace(marks[fault_at], until_s=moment.unix_s)
            fault_at = None
        if said.fault_began and said.fault is not None:
            fault_at = len(marks)
            severity = FAULT_SEVERITIES[said.fault]
            marks.append(Mark(moment.unix_s, IncidentKind.SENSOR_FAULT, severity, said.fault.value, value, expected))
        if said.alarm is not None:
            marks.append(_of_alarm(said.alarm, quantity, value, expected))
    return Followed(tuple(points), tuple(marks), threshold, interval_s, until_s)


def _of_alarm(alarm: Alarm, quantity: Quantity | None, value: float | None, expected: float | None) -> Mark:
    kind, severity = alarm.kind, alarm.severity
    if quantity is None:
        kind = IncidentKind.UNUSUAL
        severity = severity_of(kind, alarm.ratio)
    return Mark(
        alarm.moment.unix_s, kind, severity, alarm.shape.value, value, expected, alarm.ratio, alarm.confidence
    )  # fmt: skip


def _signed(score: Score | None) -> float | None:
    return None if score is None else score.value * (score.direction or 1)
