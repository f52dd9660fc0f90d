import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

class _Nodes:
    node_count: int
    children_left: Ints
    children_right: Ints
    feature: Ints
    threshold: Floats
    n_node_samples: Ints

class _Tree:
    tree_: _Nodes

class IsolationForest:
    estimators_: list[_Tree]
    estimators_features_: list[Ints]
    def __init__(self, *, n_estimators: int, max_samples: int, random_state: int) -> None: ...
    def fit(self, rows: Floats, /) -> IsolationForest: ...
    def score_samples(self, rows: Floats, /) -> Floats: ...
