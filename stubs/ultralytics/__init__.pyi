from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ultralytics.engine.results import Results

class YOLO:
    task: str
    @property
    def names(self) -> dict[int, str]: ...
    def __init__(self, model: str | Path = ..., task: str | None = None, verbose: bool = False) -> None: ...
    def predict(
        self, source: NDArray[np.uint8], *, conf: float = 0.25, iou: float = 0.7, verbose: bool = True
    ) -> list[Results]: ...
    def export(
        self,
        *,
        format: str,  # noqa: A002 - the package's own name
        imgsz: int,
        int8: bool,
        half: bool,
        data: str | None,
        device: str | None,
        verbose: bool,
    ) -> str | Path: ...
