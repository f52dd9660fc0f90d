import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

class MLPRegressor:
    coefs_: list[Floats]
    intercepts_: list[Floats]
    def __init__(
        self, hidden_layer_sizes: tuple[int, ...], *, activation: str, max_iter: int, random_state: int, tol: float
    ) -> None: ...
    def fit(self, rows: Floats, targets: Floats, /) -> MLPRegressor: ...
