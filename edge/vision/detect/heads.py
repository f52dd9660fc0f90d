"""Reads boxes, scores and classes out of what a network answers. Pure numpy, one class per kind of answer.

Each head is made from the shapes of the outputs, so a model that does not fit is
refused when it is opened; `decode` then gives `Candidates` in input pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.frames import FloatArray, IntArray
from models.manifest import HeadName

Shape = tuple[int, ...]
#: YOLO predicts one box per cell of three grids (Ultralytics v8 and later: no anchors).
_YOLO_STRIDES_PX = (8, 16, 32)
#: Coordinates that never exceed this are fractions of the input, not pixels.
_LARGEST_FRACTION = 2.0


class Candidates(NamedTuple):
    """Boxes (n, 4) xyxy in input pixels, scores (n,), labels (n,): the model's own class indices."""

    boxes_px: FloatArray
    scores: FloatArray
    labels: IntArray


class Head(Protocol):
    """One way of answering. `classes` is the number of the model's classes, None where its outputs do not tell."""

    name: HeadName
    classes: int | None

    def decode(self, outputs: Sequence[FloatArray], min_score: float) -> Candidates:
        """Candidates of score ≥ min_score, in no order, duplicates included."""
        ...


class CenterNetHead:
    """Heatmap (1, c, h, w) after its sigmoid, and distances from the cell to left, top, right, bottom (1, 4, h, w).

    A cell that is the largest of its 3×3 neighbourhood is an object (Zhou et al. 2019,
    "Objects as Points", section 4); distances are in input pixels.
    """

    name: HeadName = "centernet"

    def __init__(self, shapes: Sequence[Shape], size_px: tuple[int, int], labels: Sequence[int]) -> None:
        sides = [index for index, shape in enumerate(shapes) if len(shape) == 4 and shape[1] == 4]
        if len(shapes) != 2 or len(sides) != 1 or shapes[0][2:] != shapes[1][2:]:
            raise ModelError(f"a centernet head needs outputs (1, c, h, w) and (1, 4, h, w), this model has {shapes}")
        self._sides = sides[0]
        self._heat = 1 - self._sides
        self.classes: int | None = shapes[self._heat][1]
        self._stride_px = size_px[0] / shapes[0][3]
        self._labels = np.array([label for label in labels if label < shapes[self._heat][1]], np.int32)

    def decode(self, outputs: Sequence[FloatArray], min_score: float) -> Candidates:
        """See `Head`."""
        heat = outputs[self._heat][0]
        label, y, x = _peaks(heat, self._labels, min_score)
        left, top, right, bottom = outputs[self._sides][0][:, y, x]
        centre_x, centre_y = x * self._stride_px, y * self._stride_px
        boxes = np.stack([centre_x - left, centre_y - top, centre_x + right, centre_y + bottom], axis=1)
        return Candidates(boxes.astype(np.float32), heat[label, y, x], label.astype(np.int32))


def _peaks(heat: FloatArray, labels: NDArray[np.int32], min_score: float) -> tuple[NDArray[np.intp], ...]:
    """Indices (class, y, x) of cells ≥ min_score of these classes that no cell of their 3×3 neighbourhood exceeds."""
    # Class by class on the flat plane: ten times faster than one search through a copy of them all.
    cells = [np.flatnonzero(heat[label].ravel() >= min_score) for label in labels]
    channel = np.repeat(labels.astype(np.intp), [len(found) for found in cells])
    y, x = np.divmod(np.concatenate(cells), heat.shape[2])
    rows, columns = heat.shape[1] - 1, heat.shape[2] - 1
    # At a border the cell stands for the neighbours it lacks.
    ys = [np.clip(y + dy, 0, rows) for dy in (-1, 0, 1)]
    xs = [np.clip(x + dx, 0, columns) for dx in (-1, 0, 1)]
    around = np.stack([heat[channel, row, column] for row in ys for column in xs])
    peak = heat[channel, y, x] >= around.max(axis=0)
    return channel[peak], y[peak], x[peak]


class SsdHead:
    """SSD-MobileNet: encodings (1, n, 4) of y, x, h, w against anchors, class logits (1, n, c).

    Anchors and coder of Liu et al. 2016 ("SSD", section 2.2) with the settings of
    TensorFlow's ssd_mobilenet configurations: scales 0.2 to 0.95 over six grids, aspect
    ratios 1, 2, 1/2, 3, 1/3, variances 10, 10, 5, 5. Column 0 is the background.
    """

    name: HeadName = "ssd"

    def __init__(self, shapes: Sequence[Shape], size_px: tuple[int, int], labels: Sequence[int]) -> None:
        self._anchors = ssd_anchors(size_px[0])
        coded = [index for index, shape in enumerate(shapes) if shape == (1, len(self._anchors), 4)]
        if len(shapes) != 2 or len(coded) != 1 or shapes[1 - coded[0]][:2] != (1, len(self._anchors)):
            n = len(self._anchors)
            raise ModelError(f"an ssd head needs outputs (1, {n}, 4) and (1, {n}, c), this model has {shapes}")
        self._boxes, self._logits = coded[0], 1 - coded[0]
        self.classes: int | None = shapes[self._logits][2]
        self._size_px = size_px
        self._labels = np.array([label for label in labels if label < shapes[self._logits][2]], np.int32)

    def decode(self, outputs: Sequence[FloatArray], min_score: float) -> Candidates:
        """See `Head`."""
        logits = outputs[self._logits][0][:, self._labels]
        best = logits.argmax(axis=1)
        scores = 1 / (1 + np.exp(-logits[np.arange(len(best)), best]))
        kept = scores >= min_score
        coded, anchors = outputs[self._boxes][0][kept], self._anchors[kept]
        centre = coded[:, :2] / 10 * anchors[:, 2:] + anchors[:, :2]
        half = np.exp(np.minimum(coded[:, 2:] / 5, 10)) * anchors[:, 2:] / 2
        yx_yx = np.concatenate([centre - half, centre + half], axis=1)
        width, height = self._size_px
        boxes = yx_yx[:, [1, 0, 3, 2]] * np.array([width, height, width, height], np.float32)
        return Candidates(boxes.astype(np.float32), scores[kept].astype(np.float32), self._labels[best[kept]])


def ssd_anchors(size_px: int) -> FloatArray:
    """Anchors (n, 4) as y, x, h, w, fractions of the input; 1917 for 300 px."""
    scales = [0.2 + (0.95 - 0.2) * layer / 5 for layer in range(6)] + [1.0]
    rows = []
    for layer in range(6):
        cells = -(-size_px // (16 << layer))
        if layer == 0:
            shapes = [(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]
        else:
            shapes = [(scales[layer], ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 1 / 3)]
            shapes.append(((scales[layer] * scales[layer + 1]) ** 0.5, 1.0))
        y, x, shape = np.meshgrid(np.arange(cells), np.arange(cells), np.arange(len(shapes)), indexing="ij")
        high_wide = np.array([(scale / ratio**0.5, scale * ratio**0.5) for scale, ratio in shapes])[shape.ravel()]
        centres = (np.stack([y.ravel(), x.ravel()], axis=1) + 0.5) / cells
        rows.append(np.concatenate([centres, high_wide], axis=1))
    return np.concatenate(rows).astype(np.float32)


class YoloHead:
    """Ultralytics v8, v11 and later: (1, 4 + c, n) or its transpose, boxes as centre, width, height."""

    name: HeadName = "yolo"

    def __init__(self, shapes: Sequence[Shape], size_px: tuple[int, int]) -> None:
        if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][0] != 1:
            raise ModelError(f"a YOLO head has one output (1, 4 + classes, n), this model has {_said(shapes)}")
        _, rows, columns = shapes[0]
        self._size_px = size_px
        cells = yolo_cells(size_px)
        self._channels_first = columns == cells or (rows != cells and rows <= columns)
        self.classes: int | None = (rows if self._channels_first else columns) - 4
        if self.classes < 1:
            raise ModelError(f"a YOLO head has one output (1, 4 + classes, n), this model has {_said(shapes)}")

    def decode(self, outputs: Sequence[FloatArray], min_score: float) -> Candidates:
        """See `Head`."""
        answer = outputs[0][0] if self._channels_first else outputs[0][0].T
        best = answer[4:].max(axis=0)
        kept = np.flatnonzero(best >= min_score)
        centre_x, centre_y, width, height = answer[:4, kept] * _to_pixels(answer[:4], self._size_px)
        half_w, half_h = np.maximum(width, 0) / 2, np.maximum(height, 0) / 2
        boxes = np.stack([centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h], axis=1)
        labels = answer[4:, kept].argmax(axis=0)
        return Candidates(boxes.astype(np.float32), best[kept].astype(np.float32), labels.astype(np.int32))


class YoloEndToEndHead:
    """Suppression inside the network: (1, n, 6) of x1, y1, x2, y2, score, class."""

    name: HeadName = "yolo_end_to_end"
    classes: int | None = None

    def __init__(self, shapes: Sequence[Shape], size_px: tuple[int, int]) -> None:
        if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][0] != 1 or 6 not in shapes[0][1:]:
            raise ModelError(f"an end-to-end YOLO head has one output (1, n, 6), this model has {_said(shapes)}")
        self._size_px = size_px
        self._rows_first = shapes[0][2] == 6

    def decode(self, outputs: Sequence[FloatArray], min_score: float) -> Candidates:
        """See `Head`."""
        answer = outputs[0][0].T if self._rows_first else outputs[0][0]
        kept = np.flatnonzero(answer[4] >= min_score)
        boxes = (answer[:4, kept] * _to_pixels(answer[:4], self._size_px)).T
        labels = np.rint(answer[5, kept]).astype(np.int32)
        return Candidates(boxes.astype(np.float32), answer[4, kept].astype(np.float32), labels)


def _to_pixels(coordinates: FloatArray, size_px: tuple[int, int]) -> FloatArray:
    """Factors (4, 1) that bring coordinates to input pixels: TFLite exports give fractions, ONNX ones pixels."""
    if coordinates.size and coordinates.max() > _LARGEST_FRACTION:
        return np.ones((4, 1), np.float32)
    width, height = size_px
    return np.array([[width], [height], [width], [height]], np.float32)


def yolo_cells(size_px: tuple[int, int]) -> int:
    """Number of boxes a v8 or v11 network predicts for an input of this size: 8400 for 640×640."""
    return sum(-(-size_px[0] // stride) * -(-size_px[1] // stride) for stride in _YOLO_STRIDES_PX)


def make_head(
    name: HeadName | None, shapes: Sequence[Shape], size_px: tuple[int, int], labels: Sequence[int] = ()
) -> Head:
    """The head called `name`, or for None the YOLO head that fits the output's shape.

    `labels` are the model's classes that matter (heads with many planes read only those).
    Raises ModelError where the outputs do not fit.
    """
    if name == "centernet":
        return CenterNetHead(shapes, size_px, labels)
    if name == "ssd":
        return SsdHead(shapes, size_px, labels)
    end_to_end = len(shapes) == 1 and 6 in shapes[0][-1:] and yolo_cells(size_px) not in shapes[0]
    if name == "yolo_end_to_end" or (name is None and end_to_end):
        return YoloEndToEndHead(shapes, size_px)
    return YoloHead(shapes, size_px)


def _said(shapes: Sequence[Shape]) -> str:
    return ", ".join(str(tuple(shape)) for shape in shapes)
