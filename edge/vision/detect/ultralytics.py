"""The package `ultralytics` as a detector, for .pt and .engine files (extra `ultralytics`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.errors import ModelError
from edge.frames import Detections, Frame
from edge.vision.detect.classes import Classes, classes_of, kind_table
from edge.vision.detect.heads import Candidates
from edge.vision.detect.picture import Fit
from edge.vision.detect.settle import SUPPRESS_IOU, settle

if TYPE_CHECKING:
    from ultralytics.engine.results import Results

#: Ultralytics gives boxes in frame pixels already.
_AS_IS = Fit((1.0, 1.0), (0.0, 0.0))


class UltralyticsDetector:
    """A detector (`edge.seams.Detector`) on `ultralytics.YOLO`, which chooses GPU or CPU itself.

    Raises ModelError when the extra is missing, the file cannot be loaded, or it is not
    a detection model.
    """

    def __init__(self, path: Path, classes: Classes | None, *, threads: int, min_score: float) -> None:
        try:
            import torch
            from ultralytics import YOLO
        except ImportError as error:
            raise ModelError(f"{path}: needs Ultralytics: run `pip install 'stopline[ultralytics]'`") from error
        torch.set_num_threads(threads)
        try:
            self._model = YOLO(str(path), task="detect")
            names: Mapping[int, str] = self._model.names
        except (OSError, RuntimeError, ValueError, KeyError, EOFError, TypeError, AttributeError, ImportError) as error:
            first = (str(error).splitlines() or ["no reason given"])[0][:200]
            raise ModelError(f"{path}: Ultralytics cannot load it ({first}); export it again") from error
        if self._model.task != "detect":
            raise ModelError(f"{path}: is a model for {self._model.task}; give one for detection")
        self.name = path.name
        self._min_score = min_score
        known = classes or classes_of(len(names), names, str(path))
        self._kind_of_label = kind_table(known, max(names, default=-1) + 1, str(path))
        self._predict(np.zeros((64, 64, 3), np.uint8))

    def detect(self, frame: Frame) -> Detections:
        """Road users of one frame, in its own pixels, by falling score; carries the frame's t_ns."""
        boxes = self._predict(frame.image).boxes
        height, width = frame.image.shape[:2]
        if boxes is None:
            return Detections.empty(frame.t_ns)
        candidates = Candidates(
            np.asarray(boxes.xyxy.cpu().numpy(), np.float32).reshape(-1, 4),
            np.asarray(boxes.conf.cpu().numpy(), np.float32),
            np.asarray(boxes.cls.cpu().numpy(), np.int32),
        )
        return settle(candidates, _AS_IS, (width, height), self._kind_of_label, frame.t_ns)

    def close(self) -> None:
        """Nothing to free before the object itself goes."""

    def _predict(self, image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Results:
        # A copy: Ultralytics keeps the picture it is given in its result, and may draw on it.
        found = self._model.predict(image.copy(), conf=self._min_score, iou=SUPPRESS_IOU, verbose=False)
        return found[0]
