"""What the origin sees in the training pictures: where it is sure and nobody drew a box, nothing is taught.

The human and machine labels leave out many vehicles (the data's README puts recall of the
machine labels at 0.77). To teach "nothing is here" there would unteach.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from rich.progress import track

from models.train.origin import OUR_CLASSES
from models.train.pictures import Labelled

_SIZE_PX = 512
_STRIDE_PX = 4
#: Below this the origin is more often wrong than right.
SURE = 0.2


def look(origin: Path, pictures: Sequence[Labelled], threads: int) -> list[NDArray[np.float32]]:
    """For each picture (n, 6) rows of x1, y1, x2, y2 as shares of its sides, score, class (our order)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(origin), options)
    name = session.get_inputs()[0].name
    found = []
    for one in track(pictures, description="the origin looks"):
        picture = np.asarray(cv2.resize(one.picture(), (_SIZE_PX, _SIZE_PX)))[:, :, ::-1]
        heat, sides = session.run(None, {name: picture.transpose(2, 0, 1)[None].astype(np.float32)})
        heat = heat[0, list(OUR_CLASSES)]
        highest = np.stack([cv2.dilate(plane, np.ones((3, 3), np.uint8)) for plane in heat])
        label, y, x = np.nonzero((heat >= highest) & (heat >= SURE))
        left, top, right, bottom = sides[0][:, y, x]
        at_x, at_y = x * _STRIDE_PX, y * _STRIDE_PX
        boxes = np.stack((at_x - left, at_y - top, at_x + right, at_y + bottom), 1) / _SIZE_PX
        found.append(np.column_stack((boxes.clip(0, 1), heat[label, y, x], label)).astype(np.float32))
    return found
