"""A network between one input tensor and its outputs, and the detector made of it.

`Network` is what LiteRT and ONNX Runtime have in common; `NetworkDetector` adds the
picture on one side and the head on the other. To add a runtime, write a Network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.frames import Detections, FloatArray, Frame
from edge.vision.detect.classes import classes_of, kind_table, wanted_labels
from edge.vision.detect.heads import make_head
from edge.vision.detect.picture import InputTensor, Layout, PicturePreparer
from edge.vision.detect.settle import settle
from models.manifest import ModelIO


class Network(Protocol):
    """One loaded model. `class_names` are those written into the file, None where it has none."""

    tensor: InputTensor
    class_names: Mapping[int, str] | None

    def run(self, values: NDArray[Any]) -> Sequence[FloatArray]:
        """The outputs, float32 and dequantised, always in one order."""
        ...

    def close(self) -> None: ...


class NetworkDetector:
    """A detector (`edge.seams.Detector`) on a network. Construction runs the network once, to warm it up.

    Raises ModelError when the outputs do not fit the head or the classes are unknown.
    """

    def __init__(self, name: str, network: Network, io: ModelIO, *, min_score: float, source: str) -> None:
        self.name = name
        self._network = network
        self._min_score = min_score
        self._preparer = PicturePreparer(io.picture, network.tensor)
        outputs = self._run(np.zeros((64, 64, 3), np.uint8))
        shapes = [tuple(output.shape) for output in outputs]
        labels = wanted_labels(io.classes)
        try:
            self._head = make_head(io.head, shapes, network.tensor.size_px, labels)
        except ModelError as error:
            raise ModelError(f"{source}: {error}") from error
        classes = io.classes or classes_of(self._head.classes, network.class_names, source)
        self._kind_of_label = kind_table(classes, self._head.classes, source)

    def detect(self, frame: Frame) -> Detections:
        """Road users of one frame, in its own pixels, by falling score; carries the frame's t_ns."""
        values, fit = self._preparer.prepare(frame.image)
        candidates = self._head.decode(self._network.run(values), self._min_score)
        height, width = frame.image.shape[:2]
        return settle(candidates, fit, (width, height), self._kind_of_label, frame.t_ns)

    def bare(self, frame: Frame) -> Callable[[], object]:
        """Runs of the network alone on this frame's prepared input, to measure against."""
        values, _ = self._preparer.prepare(frame.image)
        values = values.copy()
        return lambda: self._network.run(values)

    def close(self) -> None:
        """Free the network; the detector is of no more use."""
        self._network.close()

    def _run(self, image: NDArray[np.uint8]) -> Sequence[FloatArray]:
        values, _ = self._preparer.prepare(image)
        return self._network.run(values)


def input_layout(shape: Sequence[object], source: str) -> tuple[Layout, int]:
    """How an input of four axes is laid out, and which axis is its height; width follows it."""
    if len(shape) == 4 and shape[1] == 3:
        return "nchw", 2
    if len(shape) == 4 and shape[3] == 3:
        return "nhwc", 1
    raise ModelError(f"{source}: takes an input of shape {tuple(shape)}, a detector takes one colour picture")
