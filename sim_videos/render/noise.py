"""Tiles of smooth noise that repeat without a seam, and how to spread them over the ground."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TILE = 512
_ROW, _ROWS = 1024, 16384


def tile(rng: np.random.Generator, grain_px: float) -> Floats:
    """(TILE, TILE) float32 of mean 0 and standard deviation 1, its grains about grain_px wide."""
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE)))
    fy, fx = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :]
    spectrum *= np.exp(-(fx**2 + fy**2) * (grain_px * 2.2) ** 2)
    smooth = np.fft.irfft2(spectrum, (TILE, TILE))
    return np.asarray((smooth - smooth.mean()) / smooth.std(), np.float32)


def spread(noise: Floats, x_m: Floats, y_m: Floats, metre_px: float) -> Floats:
    """The tile laid over the ground, metre_px of it to a metre, read at these places."""
    u = np.mod(x_m * np.float32(metre_px), np.float32(TILE))
    v = np.mod(y_m * np.float32(metre_px), np.float32(TILE))
    return read(noise, u, v, cv2.BORDER_WRAP)


def read(raster: Floats, u: Floats, v: Floats, border: int) -> Floats:
    """(n,) values of a raster between its cells; OpenCV wants its places as rows of less than 32768."""
    n = len(u)
    rows = -(-n // _ROW)
    places = np.zeros((2, rows * _ROW), np.float32)
    places[0, :n], places[1, :n] = u, v
    grid = places.reshape(2, rows, _ROW)
    values = [
        cv2.remap(raster, grid[0, at : at + _ROWS], grid[1, at : at + _ROWS], cv2.INTER_LINEAR, borderMode=border)
        for at in range(0, rows, _ROWS)
    ]
    return np.concatenate(values).reshape(-1)[:n].astype(np.float32, copy=False) if values else np.empty(0, np.float32)
