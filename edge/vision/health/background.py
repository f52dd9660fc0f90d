"""Two pictures of the empty road: as it has long been, and as it has been for the last seconds.

After F. Porikli, Y. Ivanov, T. Haga, Robust abandoned object detection using dual foregrounds, 2008: what the
short one shows and the long one does not has come to stay. Road users that are followed are left out of both.
The long one moves by single steps (sigma-delta, A. Manzanera and J. Richefeu, 2004), all in bytes, which is quick.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frames import ImageBGR

Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

#: Looks that settle what was there at first, and the step by which it does.
LEARN_LOOKS = 12
_YOUNG_STEP = 8
#: After those it follows by one step of luminance in so many looks.
_FOLLOW_LOOKS = 4
#: Steps that are noise, at least, and as multiples of the pixel's own.
_NOISE, _NOISES = 9, 4
#: Steps by which a pixel is another thing; less is noise, dew or a shadow's border.
_OTHER, _OTHERS = 20, 6
_AT_FIRST, _MOST_NOISE = 3, 5


class Background:
    """Of one crop of the picture. Looks come about twice a second."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.long: Bytes = np.zeros((*shape, 3), np.uint8)
        self.short: Bytes = np.zeros((*shape, 3), np.uint8)
        #: Usual step from look to look.
        self.noise: Bytes = np.full(shape, _AT_FIRST, np.uint8)
        #: Looks in which the pixel was free, and for which it has shown the same; up to 255.
        self.seen: Bytes = np.zeros(shape, np.uint8)
        self.stays: Bytes = np.zeros(shape, np.uint8)
        #: When it began to show that.
        self.since_ns: NDArray[np.int64] = np.zeros(shape, np.int64)
        self.fresh: Bools = np.zeros(shape, np.bool_)
        self._looks = 0

    def update(self, t_ns: int, crop: ImageBGR, free: Bools, held: Bools) -> Bytes:
        """Take in one look. free (h, w): nobody followed is there. held: not to be taken into the long picture.

        Returns crop with the change of light of the whole scene taken out.
        """
        self._looks += 1
        crop = self._as_lit_before(crop, free)
        other = apart(crop, self.short)
        changed = free & (other > np.maximum(_NOISE, self.noise * np.uint8(_NOISES)))
        self.fresh = changed
        same = _mask(free & ~changed)
        cv2.copyTo(crop, _mask(changed), self.short)
        self.stays[changed] = 0
        self.since_ns[changed] = t_ns
        _count(self.stays, free & ~changed)
        if self._looks % 2 == 0:
            _toward(self.short, crop, 1, same)
            _toward(self.noise, np.minimum(other, np.uint8(_MOST_NOISE)), 1, same)
        young = free & (self.seen < LEARN_LOOKS)
        begun = free & (self.seen == 0)
        _count(self.seen, free)
        cv2.copyTo(crop, _mask(begun), self.long)
        # The middle of what was seen rather than its mean: a car that nobody followed is gone soon.
        if young.any():
            _toward(self.long, crop, _YOUNG_STEP, _mask(young))
        if self._looks % _FOLLOW_LOOKS == 0:
            _toward(self.long, crop, 1, _mask(free & ~young & ~held))
        return crop

    def arrived(self, looks: int) -> Bools:
        """(h, w) pixels that have for so many looks shown something that is not the long background."""
        return np.asarray((self.seen >= LEARN_LOOKS) & (self.stays >= looks) & self.other(self.short), np.bool_)

    def other(self, crop: Bytes) -> Bools:
        """(h, w) where crop shows another thing than the long background."""
        return np.asarray(apart(crop, self.long) > self.limit, np.bool_)

    @property
    def limit(self) -> Bytes:
        """(h, w) how far apart two colours of a pixel must be to be two things."""
        return np.asarray(np.maximum(self.noise * np.uint8(_OTHERS), np.uint8(_OTHER)), np.uint8)

    def settle(self, where: Bools) -> None:
        """What is there now has always been there."""
        self.long[where] = self.short[where]

    def _as_lit_before(self, crop: ImageBGR, free: Bools) -> Bytes:
        known = free[::5, ::5] & (self.seen[::5, ::5] >= 1)
        if np.count_nonzero(known) < 30:
            return crop
        now, before = crop[::5, ::5][known].astype(np.float32), self.short[::5, ::5][known].astype(np.float32)
        gain = np.clip(np.median((before + 8.0) / (now + 8.0), axis=0), 0.6, 1.6)
        if np.abs(gain - 1.0).max() < 0.01:
            return crop
        return np.asarray(cv2.convertScaleAbs(crop * gain.astype(np.float32)), np.uint8)


def apart(a: Bytes, b: Bytes) -> Bytes:
    """(h, w) largest difference of the colours of two pictures."""
    blue, green, red = cv2.split(cv2.absdiff(a, b))
    return np.asarray(cv2.max(cv2.max(blue, green), red), np.uint8)


def edge_strength(picture: Bytes) -> NDArray[np.float32]:
    """(h, w) strength of the edges of a colour picture."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _toward(kept: Bytes, now: Bytes, step: int, where: Bytes) -> None:
    """Move `kept` toward `now` by at most `step`, in its place."""
    most = np.uint8(step)
    up, down = np.minimum(cv2.subtract(now, kept), most), np.minimum(cv2.subtract(kept, now), most)
    cv2.copyTo(cv2.subtract(cv2.add(kept, up), down), where, kept)


def _count(counts: Bytes, where: Bools) -> None:
    """One more in each of those, up to 255."""
    counts += where & (counts < 255)


def _mask(where: Bools) -> Bytes:
    return where.view(np.uint8) * np.uint8(255)
