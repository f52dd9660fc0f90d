"""The plane of flow and density: lone points, small companies apart, and the crowd."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import InputError
from edge.statistics.plane_knn import PlaneKnn, distances, gaps_to_the_crowd
from edge.statistics.seam import WEEK_S, Moment, Reading, Score

DAY_S = 86_400
NOON_S = 12 * 3_600


def noon(day: int, flow: float, density: float) -> Reading:
    return Reading(Moment(day * DAY_S + NOON_S, (day % 5 * DAY_S + NOON_S) % WEEK_S), (flow, density))


def learned(days: int = 60) -> PlaneKnn:
    rng = np.random.default_rng(4)
    made = PlaneKnn()
    for day in range(days):
        flow = float(rng.normal(600, 60))
        made.update(noon(day, flow, flow / 20 + float(rng.normal(0, 1))))
    return made


def score(made: PlaneKnn, day: int, flow: float, density: float) -> Score:
    said = made.update(noon(day, flow, density))
    assert said is not None
    return said


def test_congestion_and_an_empty_road_lie_far_out_and_the_evidence_says_which() -> None:
    usual, jam, empty = (score(learned(), 60, *at) for at in [(600, 30), (450, 70), (100, 5)])
    assert usual.value < 0.15
    assert jam.value > 1
    assert jam.direction == 1
    assert jam.evidence["density_off"] > 1
    assert jam.evidence["flow_off"] < 0
    assert empty.value > 1
    assert empty.direction == -1


def test_a_pair_that_breaks_the_law_of_the_road_is_odd_though_each_value_is_usual() -> None:
    assert score(learned(), 60, 520, 34).value > 3 * score(learned(), 60, 520, 26).value


def test_a_small_company_far_from_the_crowd_stays_odd_after_more_days_than_neighbours() -> None:
    made = learned()
    said = [score(made, 60 + n, 450 + 2 * n, 70 + n / 5).value for n in range(8)]
    assert said[7] > 0.15
    assert said[7] > score(made, 70, 600, 30).value


def test_a_weekend_is_judged_by_weekends_alone() -> None:
    saturday = Reading(Moment(100 * DAY_S, 5 * DAY_S + NOON_S), (100, 5))
    assert learned().update(saturday) is None


def test_a_negative_count_is_unknown() -> None:
    made = learned()
    assert made.update(noon(60, -1, 30)) is None
    assert len(list(made.among_kept())) == 60


def test_every_kept_reading_can_be_scored_against_the_others() -> None:
    made = learned()
    score(made, 60, 450, 70)
    kept = dict(made.among_kept())
    assert len(kept) == 61
    assert max(kept, key=kept.__getitem__) == 60 * DAY_S + NOON_S


def test_gaps_are_those_of_single_linkage() -> None:
    from scipy.cluster.hierarchy import cophenet, linkage
    from scipy.spatial.distance import pdist, squareform

    points = np.random.default_rng(1).normal(size=(60, 2)) ** 3
    apart = distances(points)
    joined = squareform(cophenet(linkage(pdist(points), "single")))
    gaps = gaps_to_the_crowd(apart)
    crowd = int(np.argmin(np.sort(apart, axis=1)[:, 20]))
    np.testing.assert_allclose(gaps, joined[crowd], atol=1e-12)


@pytest.mark.parametrize(
    "wrong", [{"slot_s": 7_000}, {"kept": 10}, {"learn_readings": 5}, {"neighbours": 0}, {"slot_s": 0}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="plane_knn"):
        PlaneKnn(**wrong)
