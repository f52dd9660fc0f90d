"""Every estimator that goes through tests/contract/test_estimators.py, and the readings they are given.

A new estimator is one line in ESTIMATORS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from edge.statistics.charts import Cusum, Ewma, Shewhart
from edge.statistics.ensemble import Ensemble, Member
from edge.statistics.hotelling import Hotelling
from edge.statistics.learned.network import Autoencoder
from edge.statistics.learned.refitted import Dbscan, IsolationForest, LocalOutlierFactor, OneClassSvm
from edge.statistics.novelty import ExcursionNovelty, LevelNovelty, Novelty
from edge.statistics.plane_knn import PlaneKnn
from edge.statistics.range_novelty import RangeNovelty
from edge.statistics.seam import WEEK_S, Estimator, Moment, Reading, Score
from edge.statistics.windowed import RelativeEntropy, WindowedGaussian
from tests.tiny_networks import tiny

MONDAY_UNIX_S = 1_767_571_200  # Monday 2026-01-05 0:00 UTC


@dataclass(frozen=True, slots=True)
class Case:
    """How an estimator is made anew, how many values it reads, and how long its interval is.

    count: readings after which it has long learned, at least 600.
    long: numbers of readings after which its state must be of the same size; it is full by the first.
    """

    make: Callable[[], Estimator]
    width: int = 1
    step_s: int = 900
    count: int = 3 * 7 * 96
    long: tuple[int, int] = (10_000, 40_000)


ESTIMATORS: dict[str, Case] = {
    "ensemble": Case(Ensemble, long=(4_000, 12_000)),
    "ensemble_of_charts": Case(lambda: Ensemble([Member(Shewhart()), Member(Novelty(), 0.02)]), long=(4_000, 12_000)),
    "shewhart": Case(Shewhart, long=(4_000, 12_000)),
    "shewhart_group": Case(lambda: Shewhart(group=4), long=(4_000, 12_000)),
    "ewma": Case(Ewma, long=(4_000, 12_000)),
    "cusum": Case(Cusum, long=(4_000, 12_000)),
    "range_novelty": Case(RangeNovelty, long=(4_000, 12_000)),
    "novelty": Case(Novelty, long=(4_000, 12_000)),
    "level_novelty": Case(LevelNovelty, long=(4_000, 12_000)),
    "excursion_novelty": Case(ExcursionNovelty, long=(4_000, 12_000)),
    "windowed_gaussian": Case(WindowedGaussian, long=(4_000, 12_000)),
    "relative_entropy": Case(RelativeEntropy, long=(4_000, 12_000)),
    "hotelling": Case(Hotelling, width=2),
    "plane_knn": Case(
        lambda: PlaneKnn(slot_s=21_600, kept=26, learn_readings=21),
        width=2,
        step_s=3_600,
        count=600,
        long=(2_500, 5_000),
    ),
    "isolation_forest": Case(lambda: IsolationForest(window=400), width=2, count=800, long=(1_000, 3_000)),
    "one_class_svm": Case(lambda: OneClassSvm(window=400), width=2, count=800, long=(1_000, 3_000)),
    "local_outlier_factor": Case(lambda: LocalOutlierFactor(window=400), width=2, count=800, long=(1_000, 3_000)),
    "dbscan": Case(lambda: Dbscan(window=400), width=2, count=800, long=(1_000, 3_000)),
    "autoencoder": Case(lambda: Autoencoder(tiny("dense")), width=2, count=800, long=(1_000, 3_000)),
    "lstm_autoencoder": Case(lambda: Autoencoder(tiny("lstm")), width=2, count=800, long=(1_000, 3_000)),
}


def moment(index: int, step_s: int = 900) -> Moment:
    """The end of the interval of that number, counted from a Monday 0:00 local time (UTC here)."""
    after_s = index * step_s
    return Moment(MONDAY_UNIX_S + after_s, after_s % WEEK_S)


def street(count: int, width: int = 1, step_s: int = 900, *, seed: int = 1) -> Iterator[Reading]:
    """A daily wave with noise in every value, one reading after another: plausible flow, density and so on."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        at = moment(index, step_s)
        wave = 1.1 - math.cos(at.week_s / 86_400 * 2 * math.pi)
        noise = rng.normal(0, 0.05, width)
        yield Reading(at, tuple(float(100 / (k + 1) * max(0.0, wave + noise[k])) for k in range(width)))


def street_with_faults(count: int, width: int = 1, step_s: int = 900, *, seed: int = 1) -> list[Reading]:
    """The same with what happens in the field: unknown values, missing intervals, a spike, a sensor that freezes."""
    readings = list(street(count, width, step_s, seed=seed))
    unknown: tuple[float | None, ...] = (None,) * width
    for index, reading in enumerate(readings):
        values = reading.values
        if index % 97 == 13:
            values = unknown
        if index % 211 == 17:
            values = (*values[:-1], math.nan)
        if index % 401 == 23:
            values = tuple(None if v is None else v * 10 for v in values)
        if index % 1_009 > 990:
            values = readings[index - index % 1_009 + 990].values
        readings[index] = Reading(reading.moment, values)
    return [reading for index, reading in enumerate(readings) if index % 503 not in range(40, 47)]


def scores(estimator: Estimator, readings: list[Reading]) -> list[Score | None]:
    """What the estimator says to each."""
    return [estimator.update(reading) for reading in readings]
