"""Four ways to find a row odd: scikit-learn fits, the arrays it finds are scored here with numpy.

fit_… returns plain arrays; odd_… says how odd one row is by them, higher being odder, in no unit.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.statistics.learned.refit import Fit, Rows
from edge.statistics.state import Arrays

Row = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Model:
    """How rows become arrays, with a seed, and how odd one row is by them."""

    fit: Fit
    odd: Callable[[Arrays, Row], float]


TREES, TREE_ROWS = 60, 256
NEIGHBOURS = 20
OUTSIDE = 0.02  # the share of rows that the one-class boundary leaves out
DENSE = 5  # points within reach that make a core of DBSCAN
EULER = 0.5772156649


def need_scikit_learn() -> None:
    """ModelError where the extra is not installed."""
    if importlib.util.find_spec("sklearn") is None:
        raise ModelError("scikit-learn is not installed; install the extra: pip install 'stopline[learned]'")


def fit_forest(rows: Rows, seed: int) -> Arrays:
    """Isolation Forest (Liu, Ting and Zhou, 2008), as one table of nodes for all trees."""
    from sklearn.ensemble import IsolationForest

    size = min(TREE_ROWS, len(rows))
    forest = IsolationForest(n_estimators=TREES, max_samples=size, random_state=seed).fit(rows)
    left, right, feature, limit, depth, roots = [], [], [], [], [], []
    start = 0
    for tree, features in zip(forest.estimators_, forest.estimators_features_, strict=True):
        nodes = tree.tree_
        leaf = nodes.children_left < 0
        here = np.arange(start, start + nodes.node_count)
        left.append(np.where(leaf, here, nodes.children_left + start))
        right.append(np.where(leaf, here, nodes.children_right + start))
        feature.append(np.where(leaf, 0, features[np.where(leaf, 0, nodes.feature)]))
        limit.append(np.where(leaf, 0.0, nodes.threshold))
        level = np.zeros(nodes.node_count)
        for node in np.flatnonzero(~leaf):  # parents come before their children
            level[[nodes.children_left[node], nodes.children_right[node]]] = level[node] + 1
        depth.append(level + _usual_depth(nodes.n_node_samples))
        roots.append(start)
        start += nodes.node_count
    return {
        "left": np.concatenate(left).astype(np.int64),
        "right": np.concatenate(right).astype(np.int64),
        "feature": np.concatenate(feature).astype(np.int64),
        "limit": np.concatenate(limit),
        "depth": np.concatenate(depth),
        "roots": np.array(roots, np.int64),
        "usual": _usual_depth(np.array([size])),
    }


def odd_in_forest(found: Arrays, row: Row) -> float:
    """2 to the power of minus the mean depth, by the usual depth: 0.5 is usual, 1 stands alone at once."""
    node = found["roots"]
    row32 = row.astype(np.float32)  # as scikit-learn compares
    while True:
        below = np.where(
            row32[found["feature"][node]] <= found["limit"][node], found["left"][node], found["right"][node]
        )
        if np.array_equal(below, node):
            break
        node = below
    return float(2.0 ** (-found["depth"][node].mean() / found["usual"][0]))


def fit_boundary(rows: Rows, _seed: int) -> Arrays:
    """One-class support vector machine (Schölkopf and others, 2001) with a Gaussian kernel; no chance in it."""
    from sklearn.svm import OneClassSVM

    gamma = 1 / (rows.shape[1] * max(float(rows.var()), 1e-9))
    machine = OneClassSVM(nu=OUTSIDE, gamma=gamma).fit(rows)
    return {
        "support": machine.support_vectors_.astype(np.float64),
        "weight": machine.dual_coef_[0].astype(np.float64),
        "offset": np.array([float(machine.offset_[0]), gamma]),
    }


def odd_beyond_boundary(found: Arrays, row: Row) -> float:
    """How far the kernel sum falls short of the boundary's."""
    offset, gamma = found["offset"]
    kernel = np.exp(-gamma * np.square(found["support"] - row).sum(axis=1))
    return float(offset - found["weight"] @ kernel)


def fit_neighbours(rows: Rows, _seed: int) -> Arrays:
    """Local outlier factor (Breunig and others, 2000); no chance in it."""
    from sklearn.neighbors import LocalOutlierFactor

    count = min(NEIGHBOURS, len(rows) - 1)
    near = LocalOutlierFactor(n_neighbors=count, novelty=True).fit(rows)
    _, order = near.kneighbors()
    apart = np.sqrt(np.square(rows[:, None] - rows[order]).sum(axis=2))
    reach = np.maximum(apart, apart[order, -1])
    return {
        "rows": np.asarray(rows, np.float64),
        "distance": apart[:, -1].copy(),
        "density": 1 / (reach.mean(axis=1) + 1e-10),
        "count": np.array([count], np.int64),
    }


def odd_among_neighbours(found: Arrays, row: Row) -> float:
    """How much denser its neighbours lie than it does: 1 is usual."""
    apart = np.sqrt(np.square(found["rows"] - row).sum(axis=1))
    near = np.argsort(apart, kind="stable")[: int(found["count"][0])]
    density = 1 / (np.maximum(apart[near], found["distance"][near]).mean() + 1e-10)
    return float(found["density"][near].mean() / density)


def fit_clusters(rows: Rows, _seed: int) -> Arrays:
    """DBSCAN (Ester and others, 1996); its reach is what nine rows in ten need to have DENSE neighbours."""
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import NearestNeighbors

    away, _ = NearestNeighbors(n_neighbors=min(DENSE, len(rows) - 1)).fit(rows).kneighbors()
    reach = max(float(np.quantile(away[:, -1], 0.9)), 1e-9)
    clusters = DBSCAN(eps=reach, min_samples=DENSE).fit(rows)
    cores = rows[clusters.core_sample_indices_]
    return {"cores": np.asarray(cores if len(cores) else rows, np.float64), "reach": np.array([reach])}


def odd_outside_clusters(found: Arrays, row: Row) -> float:
    """The distance to the nearest core, in reaches: up to 1 it is of a cluster."""
    return float(np.sqrt(np.square(found["cores"] - row).sum(axis=1).min()) / found["reach"][0])


def _usual_depth(count: NDArray[np.int64]) -> Row:
    """The mean depth of an unsuccessful search in a binary tree of so many (Liu and others, equation 1)."""
    n = np.maximum(np.asarray(count, np.float64), 1)
    more = 2 * (np.log(np.maximum(n - 1, 1)) + EULER) - 2 * (n - 1) / n
    return np.where(n > 2, more, np.where(n > 1, 1.0, 0.0))


FOREST = Model(fit_forest, odd_in_forest)
BOUNDARY = Model(fit_boundary, odd_beyond_boundary)
NEIGHBOURHOOD = Model(fit_neighbours, odd_among_neighbours)
CLUSTERS = Model(fit_clusters, odd_outside_clusters)
