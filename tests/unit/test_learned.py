"""Learned estimators: our scores are scikit-learn's, and a fit never stops the loop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest as TheirForest
from sklearn.neighbors import LocalOutlierFactor as TheirFactor
from sklearn.svm import OneClassSVM as TheirMachine

from edge.errors import InputError
from edge.statistics.learned import models
from edge.statistics.learned.refit import ProcessRefits, Rows
from edge.statistics.learned.refitted import Dbscan, IsolationForest, LocalOutlierFactor, OneClassSvm, Refitted
from edge.statistics.seam import Reading
from tests.estimators import moment, scores, street
from tests.slow_fit import PIPE, Told

ALL: list[type[Refitted]] = [IsolationForest, OneClassSvm, LocalOutlierFactor, Dbscan]


@pytest.fixture(scope="module")
def rows() -> Rows:
    return np.random.default_rng(5).normal(size=(300, 4))


def test_the_forest_scores_as_scikit_learn_does(rows: Rows) -> None:
    theirs = TheirForest(n_estimators=models.TREES, max_samples=256, random_state=3).fit(rows)
    found = models.fit_forest(rows, 3)
    ours = [models.odd_in_forest(found, row) for row in rows[:40] * 2]
    np.testing.assert_allclose(ours, -theirs.score_samples(rows[:40] * 2), rtol=1e-9)


def test_the_boundary_scores_as_scikit_learn_does(rows: Rows) -> None:
    theirs = TheirMachine(nu=models.OUTSIDE, gamma=1 / (4 * float(rows.var()))).fit(rows)
    found = models.fit_boundary(rows, 0)
    ours = [models.odd_beyond_boundary(found, row) for row in rows[:40] * 2]
    np.testing.assert_allclose(ours, -theirs.decision_function(rows[:40] * 2), rtol=1e-9, atol=1e-12)


def test_the_factor_is_scikit_learns(rows: Rows) -> None:
    theirs = TheirFactor(n_neighbors=models.NEIGHBOURS, novelty=True).fit(rows)
    found = models.fit_neighbours(rows, 0)
    new = rows[:40] * 1.7
    ours = [models.odd_among_neighbours(found, row) for row in new]
    np.testing.assert_allclose(ours, -theirs.score_samples(new), rtol=1e-6)


def test_a_row_of_a_cluster_is_within_reach_and_a_far_one_is_not(rows: Rows) -> None:
    found = models.fit_clusters(rows, 0)
    assert models.odd_outside_clusters(found, np.zeros(4)) <= 1
    assert models.odd_outside_clusters(found, np.full(4, 9.0)) > 5


@pytest.mark.parametrize("kind", ALL)
def test_a_spike_scores_more_than_what_is_usual(kind: type[Refitted]) -> None:
    made = kind(window=400)
    usual = [said.value for said in scores(made, list(street(500, 2))) if said is not None]
    spike = made.update(Reading(moment(500), (900.0, 5.0)))
    assert spike is not None
    assert spike.value > 1
    assert np.median(usual) < 0.5


@pytest.mark.parametrize("wrong", [{"learn_readings": 5}, {"window": 100}, {"lead_s": 90_000}, {"lead_s": -1}])
def test_lengths_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="dbscan"):
        Dbscan(**wrong)


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "fit"
    os.mkfifo(path)
    monkeypatch.setenv(PIPE, str(path))
    return path


@pytest.fixture
def refits() -> Iterator[ProcessRefits]:
    made = ProcessRefits()
    yield made
    made.close()


def finished(refits: ProcessRefits) -> None:
    """Wait for the fit under way; it stays to be taken."""
    assert refits._running is not None
    refits._running.exception(timeout=200)


def test_readings_are_taken_while_a_fit_runs_and_the_model_comes_in_afterwards(
    pipe: Path, refits: ProcessRefits
) -> None:
    made = Told(learn_readings=50, window=100, refits=refits)
    during = [made.update(Reading(moment(i), (50.0 + i % 7, 20.0))) for i in range(1_000)]
    assert during == [None] * 1_000, "the fit has not been let go: had a reading waited for it, we were not here"
    pipe.write_text("go", encoding="utf-8")
    finished(refits)
    assert made.update(Reading(moment(1_000), (50.0, 20.0))) is not None
    assert made.failed_fits == 0


def test_a_fit_that_fails_is_counted_and_the_loop_goes_on(pipe: Path, refits: ProcessRefits) -> None:
    made = Told(learn_readings=50, window=100, refits=refits)
    scores(made, [Reading(moment(i), (50.0 + i % 7, 20.0)) for i in range(60)])
    pipe.write_text("fail", encoding="utf-8")
    finished(refits)
    assert made.update(Reading(moment(60), (50.0, 20.0))) is None
    assert made.failed_fits == 1


def test_fits_made_beside_the_loop_give_the_same_scores_as_fits_made_in_it(refits: ProcessRefits) -> None:
    readings = list(street(220, 2))
    inline, beside = IsolationForest(window=400), IsolationForest(window=400, refits=refits)
    scores(inline, readings)
    assert scores(beside, readings[:200]) == [None] * 200
    finished(refits)
    scores(beside, readings[200:])
    odd = Reading(moment(220), (400.0, 3.0))
    assert inline.update(odd) == beside.update(odd)
