"""The part of the packages `ultralytics` and `torch` that Stopline calls, as their documentation gives it.

It "detects" the bright parts of a picture: red as class 2, green as class 7, blue as 5 (COCO).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

NAMES = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}


@dataclass
class Tensor:
    """A torch.Tensor on some device."""

    values: NDArray[Any]
    on_cpu: bool = False

    def cpu(self) -> Tensor:
        return Tensor(self.values, on_cpu=True)

    def numpy(self) -> NDArray[Any]:
        if not self.on_cpu:
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first.")
        return self.values


@dataclass
class Boxes:
    xyxy: Tensor
    conf: Tensor
    cls: Tensor


@dataclass
class Results:
    boxes: Boxes | None


class YOLO:
    """`ultralytics.YOLO`: loads lazily in life, here it only reads the first byte."""

    def __init__(self, model: str, task: str | None = None) -> None:
        with open(model, "rb") as file:  # noqa: PTH123 - as the package does
            if file.read(1) == b"x":
                raise RuntimeError("PytorchStreamReader failed reading zip archive: not a ZIP archive")
        self.path = Path(model)
        self.task = "segment" if "seg" in model else task
        self.names = {0: "tram"} if "tram" in model else dict(NAMES)

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
    ) -> str:
        """Writes a real file of the format beside the model; an engine needs a GPU, as in life."""
        from tests import tiny_models

        if format == "engine" and device is None:
            raise AssertionError("export running on CPU but must be on GPU, i.e. use 'device=0'")
        path = self.path.with_suffix(f".{format}")
        if format == "onnx":
            tiny_models.write_onnx(path, "v8", names=NAMES | {4: "kite"}, classes=8)
        elif format == "tflite":
            tiny_models.write_tflite(path, quantised=int8)
        else:
            path.write_bytes(f"engine half={half} imgsz={imgsz} data={data} {verbose}".encode())
        return str(path)

    def predict(self, source: NDArray[np.uint8], *, conf: float, iou: float, verbose: bool) -> list[Results]:
        """One result; draws on the picture it was given, as `plot` may."""
        assert not verbose
        assert 0 < iou < 1
        found: list[tuple[float, ...]] = []
        for channel, label in ((2, 2), (1, 7), (0, 5)):
            plane = source[:, :, channel]
            score = float(plane.max()) / 255
            if score >= conf:
                x, y, width, height = cv2.boundingRect((plane > 127).astype(np.uint8))
                found.append((x, y, x + width, y + height, score, label))
        source[:2, :2] = 77
        rows = np.array(found, np.float32).reshape(-1, 6)
        return [Results(Boxes(Tensor(rows[:, :4]), Tensor(rows[:, 4]), Tensor(rows[:, 5])))]


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `import ultralytics` and `import torch` find the fakes."""
    for name, attribute, value in (("ultralytics", "YOLO", YOLO), ("torch", "set_num_threads", lambda _: None)):
        module = ModuleType(name)
        setattr(module, attribute, value)
        monkeypatch.setitem(sys.modules, name, module)
