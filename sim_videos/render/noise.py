"""Tiles of smooth noise that repeat without a seam, and how to spread them over the ground."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TILE = 512


def tile(rng: np.random.Generator, grain_px: float) -> Floats:
    """(TILE, TILE) float32 of mean 0 and standard deviation 1, its grains about grain_px wide."""
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE)))
    fy, fx = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :]
    spectrum *= np.exp(-(fx**2 + fy**2) * (grain_px * 2.2) ** 2)
    smooth = np.fft.irfft2(spectrum, (TILE, TILE))
    return np.asarray((smooth - smooth.mean()) / smooth.std(), np.float32)


def spread(noise: Floats, x_m: Floats, y_m: Floats, metre_px: float) -> Floats:
    """The tile laid over the ground, metre_px of it to a metre, read at these places."""
    u = np.mod(x_m * np.float32(metre_px), np.float32(TILE)).astype(np.float32)
    v = np.mod(y_m * np.float32(metre_px), np.float32(TILE)).astype(np.float32)
    return np.asarray(cv2.remap(noise, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)
