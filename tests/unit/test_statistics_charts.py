"""Profile, control charts and novelty: what each sees, and what it does not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import InputError
from edge.statistics.charts import Cusum, Ewma, Shewhart
from edge.statistics.gaps import CAP, Gaps
from edge.statistics.novelty import ExcursionNovelty, LevelNovelty, Novelty
from edge.statistics.profile import DAY_S, Profile
from edge.statistics.range_novelty import RangeNovelty
from edge.statistics.seam import WEEK_S, Estimator, Moment, Reading
from edge.statistics.windowed import RelativeEntropy, WindowedGaussian
from tests.estimators import moment, street

DAY = 96  # readings of a quarter of an hour


def feed(estimator: Estimator, values: list[float], start: int = 0) -> list[float]:
    """The score of each, nan where nothing is said."""
    said = [estimator.update(Reading(moment(start + i), (v,))) for i, v in enumerate(values)]
    return [math.nan if s is None else s.value for s in said]


def days(count: int, seed: int = 1) -> list[float]:
    """A daily wave with noise."""
    return [v for reading in street(count * DAY, seed=seed) for v in reading.values if v is not None]


def learned(profile: Profile, values: list[float]) -> None:
    for index, value in enumerate(values):
        profile.usual(moment(index))
        profile.learn(moment(index), value)


def test_a_profile_knows_the_hour_after_a_week() -> None:
    profile = Profile()
    learned(profile, days(7))
    night, noon = profile.usual(moment(7 * DAY + 4)), profile.usual(moment(7 * DAY + 48))
    assert night is not None
    assert noon is not None
    assert noon.level > 5 * night.level


def test_a_weekend_of_its_own_is_learned_in_weeks() -> None:
    profile = Profile()
    rng = np.random.default_rng(6)
    noise = rng.normal(1, 0.15, 12 * 7 * DAY)
    learned(profile, [float(n) * (20 if i % (7 * DAY) >= 5 * DAY else 100) for i, n in enumerate(noise)])
    sunday, monday = profile.usual(moment(12 * 7 * DAY + 6 * DAY)), profile.usual(moment(12 * 7 * DAY))
    assert sunday is not None
    assert monday is not None
    assert sunday.level < 45
    assert monday.level > 85


def test_an_incident_does_not_become_usual() -> None:
    calm, shaken = Profile(), Profile()
    values = days(14)
    learned(calm, values)
    values[13 * DAY + 48] = 100_000.0
    learned(shaken, values)
    at = moment(14 * DAY + 48)
    one, other = calm.usual(at), shaken.usual(at)
    assert one is not None
    assert other is not None
    assert other.level < one.level + 2 * one.spread


def test_summer_time_keeps_the_profile_and_another_time_zone_drops_it() -> None:
    values = days(7)
    for shift_s, kept in ((3_600, True), (-3_600, True), (-8 * 3_600, False)):
        profile = Profile()
        learned(profile, values)
        later = moment(7 * DAY + 48)
        usual = profile.usual(Moment(later.unix_s, (later.week_s + shift_s) % WEEK_S))
        assert (usual is not None) is kept, shift_s


def test_the_offset_is_told_apart_across_the_end_of_a_week() -> None:
    profile = Profile()
    sunday_s = 6 * DAY_S + 86_399
    profile.usual(Moment(moment(0).unix_s + sunday_s, sunday_s))
    profile.learn(Moment(moment(0).unix_s + sunday_s, sunday_s), 5.0)
    assert profile.usual(Moment(moment(0).unix_s + sunday_s + 1, 0)) is not None


def test_the_residual_charts_are_not_driven_by_the_day_but_by_what_breaks_it() -> None:
    for make, limit in ((Shewhart, 6.0), (Ewma, 6.0), (Cusum, 12.0)):
        values = days(21)
        quiet = feed(make(), values)
        assert max(quiet[14 * DAY :]) < limit, make.name
        jam = values[:]
        for i in range(20 * DAY + 46, 20 * DAY + 54):  # two hours at noon with a third of the flow
            jam[i] *= 0.33
        loud = feed(make(), jam)
        assert max(loud[20 * DAY + 46 : 20 * DAY + 54]) > limit, make.name


def test_cusum_sees_a_small_lasting_shift_that_shewhart_does_not() -> None:
    rng = np.random.default_rng(3)
    values = [100 + float(v) for v in rng.normal(0, 5, 20 * DAY)]
    values[15 * DAY :] = [v + 7 for v in values[15 * DAY :]]
    shift = slice(15 * DAY, 15 * DAY + 24)
    before = slice(5 * DAY, 15 * DAY)
    cusum, shewhart = feed(Cusum(), values), feed(Shewhart(), values)
    assert max(cusum[shift]) > 1.2 * max(cusum[before])
    assert max(shewhart[shift]) < 1.2 * max(shewhart[before])


def test_cusum_stops_at_its_most_and_comes_back() -> None:
    values = [10.0 + (i % 2) for i in range(300)] + [1_000.0] * 30 + [10.0 + (i % 2) for i in range(100)]
    said = feed(Cusum(most=20, slack=0.5), values)
    assert max(said[300:330]) == 20
    assert said[-1] < 5


def test_a_group_of_four_adds_up_what_one_does_not_say() -> None:
    rng = np.random.default_rng(5)
    values = [100 + float(v) for v in rng.normal(0, 5, 10 * DAY)]
    values[-4:] = [112.0] * 4
    assert feed(Shewhart(group=4), values)[-1] > 1.5 * feed(Shewhart(), values)[-1]


@pytest.mark.parametrize("make", [lambda: Shewhart(group=0), lambda: Ewma(weight=0), lambda: Cusum(slack=0)])
def test_settings_without_sense_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(InputError, match="give"):
        make()


def test_direction_says_more_or_less() -> None:
    for value, direction in ((1_000.0, 1), (-1_000.0, -1)):
        for make in (Shewhart, Ewma, Cusum, RangeNovelty, Novelty, LevelNovelty, ExcursionNovelty, WindowedGaussian):
            estimator = make()
            feed(estimator, days(7))
            said = estimator.update(Reading(moment(7 * DAY), (value,)))
            assert said is not None
            assert said.direction == direction, make.name


def test_novelty_sees_a_hole_between_two_usual_values_and_the_range_does_not() -> None:
    values = [10.0 if i % 2 else 90.0 for i in range(300)] + [50.0]
    assert feed(Novelty(), values)[-1] == pytest.approx(0.5, abs=0.02)
    assert feed(RangeNovelty(), values)[-1] == 0


def test_what_was_seen_is_not_new_and_what_is_long_ago_is_new_again() -> None:
    values = [10.0, 90.0, 50.0] + [10.0 if i % 2 else 90.0 for i in range(200)] + [50.0]
    assert feed(Novelty(learn_readings=1, memory_readings=500), values)[-1] == 0
    assert feed(Novelty(learn_readings=1, memory_readings=100), values)[-1] > 0.3


def test_range_novelty_by_hand() -> None:
    # A range of 0..100, then 125: a quarter of the range beyond.
    values = [0.0, 100.0] * 60 + [125.0]
    assert feed(RangeNovelty(memory_readings=10**9), values)[-1] == pytest.approx(0.25, abs=1e-6)


def test_a_level_that_drifts_away_is_new_though_each_value_is_not() -> None:
    values = [0.0 if i % 2 else 100.0 for i in range(400)] + [100.0] * 20
    assert feed(Novelty(), values)[-1] == 0
    assert max(feed(LevelNovelty(), values)[-20:]) > 0.02


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=120))
def test_the_net_says_what_comparing_with_everything_seen_says_within_its_mesh(values: list[float]) -> None:
    gaps = Gaps(100_000)
    for index, value in enumerate(values):
        if index:
            nearest = min(abs(value - seen) for seen in values[:index])
            near = gaps.nearest(value)
            assert near is not None
            assert nearest <= abs(value - near) <= nearest + 0.011 * max(gaps.span, 1e-300) + 1e-9
        gaps.learn(value)


def test_the_net_stays_small() -> None:
    gaps = Gaps(3_000)
    for index in range(5_000):
        gaps.learn(1.01 ** (index % 1_500))
    assert len(gaps.arrays()["net"]) <= CAP


def test_windowed_gaussian_by_hand() -> None:
    # 200 values of 0 and 2: mean 1, deviation 1; 4 is three deviations out, two-sided p = 0.0027.
    values = [0.0, 2.0] * 100 + [4.0]
    assert feed(WindowedGaussian(window_readings=200), values)[-1] == pytest.approx(-math.log10(0.0026998), abs=1e-3)


def test_the_window_forgets_and_its_sums_stay_right() -> None:
    rng = np.random.default_rng(2)
    values = [1e8 + float(v) for v in rng.normal(0, 1, 3_000)]
    said = feed(WindowedGaussian(window_readings=300), values)
    past = np.array(values[2_699:2_999])
    away = abs(values[2_999] - past.mean()) / past.std()
    assert said[2_999] == pytest.approx(-math.log10(math.erfc(away / math.sqrt(2))), rel=1e-3)


def test_relative_entropy_sees_another_shape_with_the_same_mean() -> None:
    rng = np.random.default_rng(4)
    values = [float(v) for v in rng.uniform(0, 100, 900)] + [50.0] * 52
    said = feed(RelativeEntropy(), values)
    assert said[-1] > 3 * max(said[300:900])
