"""A series as the cabinet would have met it: the same fault, evidence and alarm; limits of before the reading."""

from __future__ import annotations

import numpy as np
import pytest

from edge.incident import IncidentKind, Severity
from edge.statistics.alarm import Quantity
from edge.statistics.charts import Cusum, Shewhart
from edge.statistics.followed import Followed, follow
from edge.statistics.seam import Moment, Reading
from edge.statistics.watch import SeriesWatch

START_S = 1_777_852_800  # a Monday, 00:00 UTC
STEP_S = 300
DAY = 288
JAM = 3 * DAY + 132


def readings(days: int = 4, changes: dict[int, float | None] | None = None) -> list[Reading]:
    """Occupancy with a pattern of the day; some readings otherwise."""
    rng = np.random.default_rng(5)
    found = []
    for i in range(days * DAY):
        hour = i % DAY / 12
        usual = 0.06 + 0.3 * np.exp(-(((hour - 17) / 2) ** 2)) + 0.02 * rng.random()
        value = (changes or {}).get(i, float(usual)) if changes else float(usual)
        found.append(Reading(Moment(START_S + STEP_S * i, STEP_S * i % 604_800), (value,)))
    return found


@pytest.fixture(scope="module")
def jammed() -> tuple[list[Reading], Followed]:
    given = readings(changes={JAM + i: 0.8 + 0.01 * (i % 3) for i in range(14)})
    return given, follow(given, Quantity.OCCUPANCY, 5.0)


def test_faults_evidence_and_alarms_are_those_of_the_cabinet(jammed: tuple[list[Reading], Followed]) -> None:
    given, followed = jammed
    watch = SeriesWatch(Quantity.OCCUPANCY, threshold=5.0, interval_s=STEP_S)
    said = [watch.update(reading) for reading in given]
    assert [point.evidence for point in followed.points] == [None if s.score is None else s.score.value for s in said]
    assert [point.learning for point in followed.points] == [s.learning_until_s is not None for s in said]
    alarms = [s.alarm for s in said if s.alarm is not None]
    assert [(m.unix_s, m.kind, m.severity) for m in followed.marks] == [
        (a.moment.unix_s, a.kind, a.severity) for a in alarms
    ]
    assert followed.marks[0].kind is IncidentKind.CONGESTION
    assert START_S + STEP_S * JAM <= followed.marks[0].unix_s <= START_S + STEP_S * (JAM + 6)


def test_expected_is_of_before_the_reading_as_in_shewharts_chart(jammed: tuple[list[Reading], Followed]) -> None:
    given, followed = jammed
    charts = Shewhart(), Cusum()
    spoke = 0
    for reading, point in zip(given, followed.points, strict=True):
        shewhart, cusum = (chart.update(reading) for chart in charts)
        if shewhart is None or cusum is None:
            assert point.usual is None
            assert point.cusum is None
            continue
        spoke += 1
        assert point.usual is not None
        assert (point.usual.level, point.usual.spread) == (shewhart.expected[0], shewhart.evidence["spread"])
        assert point.cusum is not None
        assert abs(point.cusum) == cusum.value
    assert spoke == len(given) - 100


def test_less_than_usual_is_below_zero_on_the_charts() -> None:
    followed = follow(readings(changes={JAM + i: 0.001 for i in range(6)}), Quantity.OCCUPANCY, 5.0)
    point = followed.points[JAM + 3]
    assert point.ewma is not None
    assert point.cusum is not None
    assert point.ewma < -3
    assert point.cusum < -5


def test_a_later_reading_changes_nothing_before_it() -> None:
    other = readings(changes={JAM: 9.0})
    assert follow(other, None, 5.0).points[:JAM] == follow(readings(), None, 5.0).points[:JAM]


def test_a_fault_has_its_end_and_its_values_count_as_unknown() -> None:
    at = 3 * DAY
    followed = follow(readings(changes={at + i: 0.171 for i in range(40)}), Quantity.OCCUPANCY, 5.0)
    (mark,) = [m for m in followed.marks if m.kind is IncidentKind.SENSOR_FAULT]
    assert (mark.what, mark.severity, mark.ratio) == ("frozen", Severity.MEDIUM, None)
    assert START_S + STEP_S * at < mark.unix_s < START_S + STEP_S * (at + 40)
    assert mark.until_s == START_S + STEP_S * (at + 40)
    frozen = [point for point in followed.points if point.fault is not None]
    assert {(point.value, point.believed, point.ewma, point.cusum) for point in frozen} == {(0.171, None, None, None)}


def test_of_an_unknown_quantity_an_alarm_is_unusual_and_one_less_severe() -> None:
    given = readings(changes={JAM + i: 5.0 for i in range(5)})
    known, unknown = follow(given, Quantity.OCCUPANCY, 2.0).marks[-1], follow(given, None, 2.0).marks[-1]
    assert (known.unix_s, known.kind) == (unknown.unix_s, IncidentKind.CONGESTION)
    assert unknown.kind is IncidentKind.UNUSUAL
    order = list(Severity)
    assert abs(order.index(known.severity) - order.index(unknown.severity)) == 1


def test_unknown_stays_unknown_and_a_young_series_learns() -> None:
    followed = follow(readings(days=1, changes={50: None}), Quantity.OCCUPANCY, 5.0)
    point = followed.points[50]
    assert (point.value, point.ewma, point.evidence) == (None, None, None)
    assert followed.learning_until_s == START_S + 86_400
    assert not followed.marks
    assert follow([], None, 5.0).points == ()
