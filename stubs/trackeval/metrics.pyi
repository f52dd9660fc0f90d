from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

class HOTA:
    array_labels: NDArray[np.float64]
    def __init__(self, config: Mapping[str, object] | None = None) -> None: ...
    def eval_sequence(self, data: Mapping[str, Any]) -> dict[str, Any]: ...

class Identity:
    def __init__(self, config: Mapping[str, object] | None = None) -> None: ...
    def eval_sequence(self, data: Mapping[str, Any]) -> dict[str, Any]: ...
