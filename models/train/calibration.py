"""Real pictures to measure ranges on: training pictures as a cabinet's detector would prepare them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.vision.detect.picture import InputTensor, PicturePreparer
from models.manifest import Picture
from models.train.pictures import Labelled

#: How every file of stopline-nano takes its picture.
PICTURE = Picture(scale=1.0)


def drawn(pictures: Sequence[Labelled], count: int, size_px: int, seed: int) -> list[NDArray[np.float32]]:
    """`count` pictures as (1, 3, size, size) RGB of 0..255, letterboxed; each part as often as in training."""
    shares = np.array([one.part.share for one in pictures], np.float64)
    chosen = np.random.default_rng(seed).choice(len(pictures), count, replace=False, p=shares / shares.sum())
    preparer = PicturePreparer(PICTURE, InputTensor((size_px, size_px), "nchw", np.dtype(np.float32)))
    return [np.array(preparer.prepare(pictures[index].picture())[0], np.float32) for index in chosen]
