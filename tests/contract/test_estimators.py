"""What every estimator must do, ours and any that is added (tests/estimators.py holds the list)."""

from __future__ import annotations

import copy
import json
import math

import pytest

from edge.errors import InputError
from edge.statistics.seam import Estimator, Moment, Reading
from tests.estimators import ESTIMATORS, Case, moment, scores, street, street_with_faults

pytestmark = pytest.mark.parametrize("case", ESTIMATORS.values(), ids=ESTIMATORS.keys())


def faulty(case: Case, *, seed: int = 1) -> list[Reading]:
    return street_with_faults(case.count, case.width, case.step_s, seed=seed)


def test_it_has_a_name_and_a_version(case: Case) -> None:
    made = case.make()
    assert made.name
    assert made.version >= 1


def test_nothing_is_said_of_the_first_reading(case: Case) -> None:
    assert case.make().update(next(street(1, case.width, case.step_s))) is None


def test_it_learns_and_then_speaks(case: Case) -> None:
    said = scores(case.make(), list(street(case.count, case.width, case.step_s)))
    assert sum(score is not None for score in said[-96:]) == 96
    assert all(score.value >= 0 and math.isfinite(score.value) for score in said if score is not None)
    assert all(score.direction in {-1, 0, 1} for score in said if score is not None)
    assert all(len(score.expected) in {0, case.width} for score in said if score is not None)


def test_the_same_readings_give_the_same_scores(case: Case) -> None:
    readings = faulty(case)
    assert scores(case.make(), readings) == scores(case.make(), readings)


@pytest.mark.parametrize("percent", [0, 1, 30, 75])
def test_saved_and_restored_in_mid_stream_it_goes_on_as_if_nothing_had_been(case: Case, percent: int) -> None:
    readings = faulty(case)
    at = len(readings) * percent // 100
    whole = case.make()
    said = scores(whole, readings)
    before = case.make()
    scores(before, readings[:at])
    after = type(before).restore(before.save())
    assert scores(after, readings[at:]) == said[at:]
    assert after.save() == whole.save()
    assert scores(before, readings[at:]) == said[at:], "saving changes nothing"


def test_readings_are_left_as_they_were(case: Case) -> None:
    readings = faulty(case)[:800]
    before = copy.deepcopy(readings)
    scores(case.make(), readings)
    assert repr(readings) == repr(before)  # nan is not equal to itself


def test_the_future_changes_no_score_of_the_past(case: Case) -> None:
    at = case.count * 3 // 4
    past, one, other = faulty(case)[:at], faulty(case)[at:], faulty(case, seed=2)[at:]
    first, second = case.make(), case.make()
    said = scores(first, past)
    kept = copy.deepcopy(said)
    scores(first, one)
    assert said == kept, "a score is not changed afterwards"
    again = scores(second, past)
    scores(second, other)
    assert again == kept


@pytest.mark.parametrize("unknown", [None, math.nan, math.inf])
def test_an_unknown_value_scores_nothing_and_teaches_nothing(case: Case, unknown: float | None) -> None:
    readings = list(street(case.count, case.width, case.step_s))
    with_unknown, without = case.make(), case.make()
    for index, reading in enumerate(readings):
        if index % 50 == 7:
            assert with_unknown.update(Reading(reading.moment, (unknown,) * case.width)) is None
        else:
            assert with_unknown.update(reading) == without.update(reading)


def test_one_unknown_value_among_known_ones_never_becomes_a_number_that_is_none(case: Case) -> None:
    for said in scores(case.make(), faulty(case)):
        assert said is None or math.isfinite(said.value)


def test_a_gap_of_days_is_survived(case: Case) -> None:
    readings = list(street(case.count + 7 * 96, case.width, case.step_s))
    made = case.make()
    scores(made, readings[: case.count])
    said = scores(made, readings[case.count + 5 * 96 :])
    assert any(score is not None for score in said)


@pytest.mark.parametrize("value", [0.0, 1.0, 1e9, 0.1, -3.7])
def test_a_constant_series_never_scores(case: Case, value: float) -> None:
    made = case.make()
    for index in range(case.count):
        said = made.update(Reading(moment(index, case.step_s), (value,) * case.width))
        assert said is None or said.value <= 0


@pytest.mark.parametrize("back_s", [0, 1, 86_400])
def test_time_that_does_not_go_forward_is_refused_and_nothing_is_learned_from_it(case: Case, back_s: int) -> None:
    readings = list(street(case.count // 2, case.width, case.step_s))
    made = case.make()
    scores(made, readings)
    before = made.save()
    last = readings[-1]
    earlier = Moment(last.moment.unix_s - back_s, last.moment.week_s)
    with pytest.raises(InputError, match="not after"):
        made.update(Reading(earlier, last.values))
    assert made.save() == before


def test_time_that_does_not_go_forward_is_refused_after_a_restore_and_for_an_unknown_reading(case: Case) -> None:
    readings = list(street(20, case.width, case.step_s))
    made = case.make()
    scores(made, readings)
    again = type(made).restore(made.save())
    with pytest.raises(InputError, match="not after"):
        again.update(Reading(readings[-1].moment, (None,) * case.width))


def test_a_reading_of_another_width_is_refused(case: Case) -> None:
    made = case.make()
    scores(made, list(street(20, case.width, case.step_s)))
    with pytest.raises(InputError, match="values"):
        made.update(Reading(moment(20, case.step_s), (1.0,) * (case.width + 1)))


def test_state_of_another_version_or_estimator_is_refused(case: Case) -> None:
    made = case.make()
    scores(made, list(street(100, case.width, case.step_s)))
    state = made.save()
    later: type[Estimator] = type("Later", (type(made),), {"version": made.version + 1})
    other: type[Estimator] = type("Other", (type(made),), {"name": "another"})
    for wrong in (later, other):
        with pytest.raises(InputError, match="state"):
            wrong.restore(state)


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text", "json"])
def test_damaged_state_is_refused(case: Case, damage: str) -> None:
    made = case.make()
    scores(made, list(street(300, case.width, case.step_s)))
    state = made.save()
    middle = len(state) // 2
    wrong = {
        "empty": b"",
        "cut": state[:-3],
        "flipped": state[:middle] + bytes([state[middle] ^ 0x55]) + state[middle + 1 :],
        "text": b"hello",
        "json": json.dumps({"name": made.name, "version": made.version}).encode(),
    }[damage]
    with pytest.raises(InputError, match="state"):
        type(made).restore(wrong)


def test_state_is_bounded(case: Case) -> None:
    made = case.make()
    sizes = []
    for index, reading in enumerate(street(case.long[1], case.width, case.step_s), start=1):
        made.update(reading)
        if index in case.long:
            sizes.append(len(made.save()))
    assert sizes[1] <= sizes[0] * 1.02 + 200, sizes  # 200: longer numbers in text
