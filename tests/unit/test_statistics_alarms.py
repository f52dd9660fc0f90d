"""Calibration, ensemble, budget, alarms, several sensors together, and sensors at fault."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import InputError
from edge.incident import IncidentKind, Severity
from edge.statistics.alarm import KINDS, Alarm, Alarms, Quantity, Reach, Shape, kind_of, severity_of
from edge.statistics.budget import alarms, tune
from edge.statistics.calibrate import Calibrator
from edge.statistics.charts import Cusum, Shewhart
from edge.statistics.ensemble import CLIP, Ensemble, Member, confidence
from edge.statistics.novelty import Novelty
from edge.statistics.seam import Moment, Reading, Score
from edge.statistics.sensor import FAULT_SEVERITIES, Fault, SensorCheck
from edge.statistics.together import Stands, Together
from edge.statistics.watch import Said, SeriesWatch
from tests.estimators import moment, street

DAY = 96


def test_the_tail_of_a_known_distribution() -> None:
    rng = np.random.default_rng(1)
    past = Calibrator(memory_scores=10**6)
    for score in rng.pareto(2, 20_000):
        past.learn(float(score))
    for share in (0.1, 0.01, 0.001, 0.0001):
        score = share ** (-1 / 2) - 1
        tail, bar = past.tail(score), past.bar(share)
        assert tail is not None
        assert bar is not None
        assert share / 2 < tail < share * 2
        assert score / 1.6 < bar < score * 1.6


def test_a_young_past_says_nothing_and_a_fading_one_follows_the_stream() -> None:
    past = Calibrator(memory_scores=500)
    for _ in range(99):
        past.learn(1.0)
    assert past.tail(1.0) is None
    assert past.bar(0.01) is None
    for _ in range(20_000):
        past.learn(1.0)
    for _ in range(5_000):
        past.learn(100.0)
    tail = past.tail(50.0)
    assert tail is not None
    assert tail > 0.99


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1e5), min_size=100, max_size=300), st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_tail_falls_with_the_score_and_stays_a_share(past_scores: list[float], one: float, other: float) -> None:
    past = Calibrator()
    for score in past_scores:
        past.learn(score)
    low, high = past.tail(min(one, other)), past.tail(max(one, other))
    assert low is not None
    assert high is not None
    assert 0 <= high <= low * (1 + 1e-9) + 1e-12
    assert low <= 1 + 1e-9


def test_the_ensemble_adds_up_its_members_in_their_bars() -> None:
    ensemble, alone = Ensemble([Member(Novelty(), 0.1)]), Novelty()
    for index, value in enumerate([10.0, 90.0] * 100 + [50.0, 200.0]):
        reading = Reading(moment(index), (value,))
        said, single = ensemble.update(reading), alone.update(reading)
        assert (said is None) == (single is None)
        if said is not None and single is not None:
            assert said.value == pytest.approx(min(single.value / 0.1, CLIP))
    assert said is not None
    assert said.value == CLIP, "one member never says more than its clip"


def test_members_without_a_bar_take_it_from_their_own_past() -> None:
    ensemble = Ensemble([Member(Shewhart()), Member(Cusum())])
    readings = list(street(40 * DAY))
    said = [ensemble.update(r) for r in readings[:-1]]
    spoken = [s.value for s in said if s is not None]
    assert len(spoken) > 35 * DAY
    assert sum(v >= 2 for v in spoken) < 0.01 * len(spoken)
    last = ensemble.update(replace(readings[-1], values=(1e6,)))
    assert last is not None
    assert last.value > max(spoken[-DAY:])


def test_the_same_members_twice_are_refused() -> None:
    with pytest.raises(InputError, match="different"):
        Ensemble([Member(Novelty(), 1.0), Member(Novelty(), 2.0)])
    with pytest.raises(InputError, match="none"):
        Ensemble([])


def test_confidence_grows_with_agreement() -> None:
    assert confidence({}) == 0
    assert confidence({"a": 1.0}) == pytest.approx(0.5)
    assert confidence({"a": 1.0, "b": 1.0}) == pytest.approx(0.75)
    assert confidence({"a": 2.0}) < confidence({"a": 1.0, "b": 1.0})


def test_alarms_rest_after_each() -> None:
    assert alarms([0, 5, 5, 5, None, 5], 5, 2) == [1, 5]
    assert alarms([0, 5, 5], 6, 0) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(0, 10), min_size=5, max_size=60), min_size=1, max_size=4), st.floats(0.05, 3))
def test_the_tuned_threshold_keeps_the_budget(past: list[list[float]], per_day: float) -> None:
    days = 3.0
    if not any(v > 0 for sensor in past for v in sensor):
        return
    threshold = tune([(sensor, 3) for sensor in past], per_day, days)
    raised = sum(len(alarms(sensor, threshold, 3)) for sensor in past)
    if raised <= per_day * days:
        return
    # Alarms can rise by one as the threshold rises, where the rest moves; never by more than one a sensor.
    assert raised <= per_day * days + len(past)


def test_the_tuned_threshold_lies_above_the_first_that_breaks_the_budget() -> None:
    assert tune([([1.0, 2.0, 4.0, 3.0], 0)], 2, 1) == 2.5
    assert tune([([1.0, 2.0], 0)], 0.5, 1) == pytest.approx(2.2), "over the highest, where none is allowed"
    assert tune([([1.0, 2.0], 0)], 5, 1) == 1, "the least, where all are"


def test_a_larger_budget_gives_no_higher_threshold() -> None:
    rng = np.random.default_rng(0)
    past = [(rng.exponential(1, 2_000).tolist(), 10) for _ in range(3)]
    strict, loose = tune(past, 0.1, 60), tune(past, 2, 60)
    assert strict > loose
    assert tune(past, 0.1, 60, least=1e3) == 1e3


@pytest.mark.parametrize(("per_day", "days", "evidence"), [(0, 1, [1.0]), (1, 0, [1.0]), (1, 1, [None])])
def test_a_budget_without_sense_is_refused(per_day: float, days: float, evidence: list[float | None]) -> None:
    with pytest.raises(InputError, match="budget"):
        tune([(evidence, 1)], per_day, days)


def score(value: float, direction: int = 1, **parts: float) -> Score:
    return Score(value, direction, (), parts or {"novelty": value})


def test_one_alarm_for_one_happening() -> None:
    made = Alarms(Quantity.SPEED, 3.0, rest_readings=5)
    raised = [made.update(moment(i), score(9.0, -1) if i in {3, 4, 8, 9, 10} else None) for i in range(20)]
    assert [i for i, alarm in enumerate(raised) if alarm] == [3, 9]


def test_an_alarm_is_named_by_the_tables() -> None:
    alarm = Alarms(Quantity.SPEED, 2.0).update(moment(0), score(8.0, -1, novelty=1.0, level_novelty=4.0))
    assert alarm is not None
    assert alarm.kind is IncidentKind.CONGESTION
    assert alarm.shape is Shape.COLLECTIVE
    assert alarm.severity is Severity.CRITICAL
    assert alarm.confidence == pytest.approx(0.9)
    assert len(KINDS) == 2 * len(Quantity)
    assert kind_of(Quantity.FLOW, 0) is IncidentKind.UNUSUAL


@pytest.mark.parametrize(
    ("kind", "ratio", "severity"),
    [
        (IncidentKind.CONGESTION, 1.0, Severity.LOW),
        (IncidentKind.CONGESTION, 1.5, Severity.MEDIUM),
        (IncidentKind.CONGESTION, 2.5, Severity.HIGH),
        (IncidentKind.CONGESTION, 4.0, Severity.CRITICAL),
        (IncidentKind.UNUSUALLY_EMPTY, 4.0, Severity.HIGH),
        (IncidentKind.UNUSUALLY_EMPTY, 1.0, Severity.LOW),
    ],
)
def test_severity_by_the_table(kind: IncidentKind, ratio: float, severity: Severity) -> None:
    assert severity_of(kind, ratio) is severity


def alarm_at(unix_s: int) -> Alarm:
    return Alarm(Moment(unix_s, 0), Shape.POINT, IncidentKind.CONGESTION, Severity.LOW, 0.5, 1.0, 1, {})


def test_several_sensors_are_one_happening_and_how_far_it_reaches() -> None:
    places = {
        "n1": Stands("north", "main"),
        "n2": Stands("north", "main"),
        "s1": Stands("south", "main"),
        "e1": Stands("east", "side"),
    }
    together = Together(places, window_s=900)
    assert together.update("n1", alarm_at(1_000)) is None
    two = together.update("n2", alarm_at(1_100))
    assert two is not None
    assert (two.reach, two.sensors, two.since_s) == (Reach.LOCAL, ("n1", "n2"), 1_000)
    assert two.confidence == pytest.approx(0.75)
    street_long = together.update("s1", alarm_at(1_200))
    assert street_long is not None
    assert street_long.reach is Reach.CORRIDOR
    town = together.update("e1", alarm_at(1_300))
    assert town is not None
    assert town.reach is Reach.NETWORK
    assert together.update("n1", alarm_at(9_000)) is None, "long after, it stands alone again"
    with pytest.raises(InputError, match="w9"):
        together.update("w9", alarm_at(9_001))
    again = Together(places, window_s=900)
    again.take_back(together.fields())
    assert again.update("n2", alarm_at(9_002)) == together.update("n2", alarm_at(9_002))


def varied(count: int) -> list[float]:
    return [v for r in street(count) for v in r.values if v is not None]


def faults(values: list[float | None]) -> list[Fault | None]:
    made = SensorCheck()
    return [made.check(moment(i), v).fault for i, v in enumerate(values)]


def test_a_frozen_sensor_is_told_once_and_its_values_are_unknown() -> None:
    made = SensorCheck()
    values = [*varied(300), *[77.0] * 30, 80.0]
    checked = [made.check(moment(i), v) for i, v in enumerate(values)]
    frozen = [i for i, c in enumerate(checked) if c.fault is Fault.FROZEN]
    assert frozen == list(range(311, 330))
    assert [i for i, c in enumerate(checked) if c.began] == [311]
    assert checked[320].reading.values == (None,)
    assert checked[330].fault is None
    assert checked[330].reading.values == (80.0,)


def test_a_constant_series_a_silent_night_and_coarse_counts_are_no_faults() -> None:
    assert set(faults([5.0] * 1_000)) == {None}
    nights: list[float | None] = [0.0 if i % DAY < 24 else 50.0 + i % 7 for i in range(10 * DAY)]
    assert set(faults(nights)) == {None}
    coarse: list[float | None] = [float(i // 9 % 5) for i in range(2_000)]
    assert set(faults(coarse)) == {None}


def test_every_fault_has_a_severity() -> None:
    assert set(FAULT_SEVERITIES) == set(Fault)


def test_a_negative_count_is_a_fault() -> None:
    assert faults([3.0, -1.0, 4.0]) == [None, Fault.NEGATIVE, None]


def test_nothing_at_an_hour_when_there_is_always_something() -> None:
    values = varied(8 * DAY)
    for i in range(7 * DAY + 40, 7 * DAY + 50):
        values[i] = 0.0
    said = faults(list(values))
    assert said[7 * DAY + 40 : 7 * DAY + 43] == [None, None, Fault.ZERO]
    assert set(said[: 7 * DAY]) == {None}


def watch(values: list[float | None], made: SeriesWatch | None = None, start: int = 0) -> list[Said]:
    made = made or SeriesWatch(Quantity.FLOW, interval_s=900)
    return [made.update(Reading(moment(start + i), (v,))) for i, v in enumerate(values)]


def test_a_new_site_says_until_when_it_learns_and_does_not_alarm() -> None:
    said = watch([1e6 if i % 7 == 0 else 1.0 for i in range(DAY)])
    assert all(s.learning_until_s is not None and s.alarm is None for s in said)
    assert said[0].learning_until_s == moment(101).unix_s - 900
    later = watch(list(varied(3 * DAY)))
    assert later[-1].learning_until_s is None


def test_there_is_no_alarm_on_the_first_day_however_many_readings_it_has() -> None:
    made = SeriesWatch(Quantity.FLOW, interval_s=60)
    for index in range(2 * 1_440):
        value = {700: 1e6, 2_800: 2e6}.get(index, 50.0 + index % 7)
        said = made.update(Reading(moment(index, 60), (value,)))
        if index == 700:
            assert said.score is not None
            assert said.score.value > 3
        assert (said.alarm is not None) is (index == 2_800)
        assert (said.learning_until_s is not None) is (index < 1_440)


def test_a_site_of_which_nothing_is_known_learns_on() -> None:
    said = watch([None] * 500)
    assert all(s.learning_until_s is not None and s.learning_until_s > moment(i).unix_s for i, s in enumerate(said))


def test_a_jam_is_one_alarm_and_a_frozen_sensor_none() -> None:
    values: list[float | None] = list(varied(10 * DAY))
    values[9 * DAY + 48 : 9 * DAY + 60] = [900.0] * 3 + [950.0] * 9
    assert [i for i, s in enumerate(watch(values)) if s.alarm and i >= 9 * DAY] == [9 * DAY + 48]
    values = list(varied(10 * DAY))
    values[9 * DAY + 48 :] = [values[9 * DAY + 48]] * 48
    said = watch(values)
    assert [s.alarm for s in said[9 * DAY + 48 :]] == [None] * 48
    assert said[-1].fault is Fault.FROZEN


@pytest.mark.parametrize("at", [0, 5, 150, 400])
def test_a_watch_goes_on_from_its_state(at: int) -> None:
    values: list[float | None] = [v if i % 31 else None for i, v in enumerate(varied(600))]
    values[500] = 5_000.0
    whole = watch(values)
    made = SeriesWatch(Quantity.FLOW, interval_s=900)
    watch(values[:at], made)
    again = SeriesWatch.restore(made.save())
    assert watch(values[at:], again, at) == whole[at:]


def test_nan_is_unknown_and_time_goes_forward() -> None:
    made = SeriesWatch(Quantity.FLOW)
    assert made.update(Reading(moment(0), (math.nan,))).score is None
    with pytest.raises(InputError, match="not after"):
        made.update(Reading(moment(0), (1.0,)))
    with pytest.raises(InputError, match="state"):
        SeriesWatch.restore(Ensemble().save())
