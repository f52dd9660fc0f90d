import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

class DBSCAN:
    core_sample_indices_: Ints
    def __init__(self, *, eps: float, min_samples: int) -> None: ...
    def fit(self, rows: Floats, /) -> DBSCAN: ...
