"""Pictures that repeat: a camera or encoder that hangs, or fills up for frames that it lost."""

from __future__ import annotations

import numpy as np

from edge.frames import ImageBGR


class StillSince:
    """Since when pictures have been identical to the last bit.

    Sensor noise differs in every picture, so identical ones come from a camera or
    encoder that hangs. Almost every picture differs within its sampled rows; only when
    those agree is the whole compared.
    """

    def __init__(self) -> None:
        self._sample: ImageBGR | None = None
        self._whole: ImageBGR | None = None
        self._since_ns = 0

    def update(self, t_ns: int, image: ImageBGR, sample: ImageBGR) -> int:
        """When the first of the pictures identical to this one came; t_ns where it is a new one."""
        if self._sample is None or not self._same(self._sample, sample):
            self._sample = sample.copy()
            self._whole = None
            self._since_ns = t_ns
        elif self._whole is None:
            # The whole before was not kept: it counts from here that the rest agrees too.
            self._whole = image.copy()
        elif not np.array_equal(self._whole, image):
            self._whole = image.copy()
            self._since_ns = t_ns
        return self._since_ns

    @staticmethod
    def _same(before: ImageBGR, sample: ImageBGR) -> bool:
        # The first rows tell almost every two pictures apart.
        return np.array_equal(before[:4], sample[:4]) and np.array_equal(before, sample)
