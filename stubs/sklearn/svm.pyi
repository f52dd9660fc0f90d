import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

class OneClassSVM:
    support_vectors_: Floats
    dual_coef_: Floats
    offset_: Floats
    def __init__(self, *, nu: float, gamma: float) -> None: ...
    def fit(self, rows: Floats, /) -> OneClassSVM: ...
    def decision_function(self, rows: Floats, /) -> Floats: ...
