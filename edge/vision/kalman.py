"""Constant-velocity Kalman filters for many objects at once.

Each coordinate of each object is filtered on its own (position, velocity, and the
three numbers of their covariance), which keeps a frame with 20 objects at a few
numpy operations. Process noise is white acceleration in continuous time, so any
frame rate and any gap is served alike: Bar-Shalom, Li & Kirubarajan, Estimation with
Applications to Tracking and Navigation (2001), section 6.2.2.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class ConstantVelocity:
    """State of n objects in d coordinates: all arrays are (n, d)."""

    def __init__(self, x: Array, var_x: Array, var_v: Array) -> None:
        self.x = x
        self.v = np.zeros_like(x)
        self.var_x = var_x
        self.cov_xv = np.zeros_like(x)
        self.var_v = var_v

    @classmethod
    def empty(cls, d: int) -> Self:
        """No objects, d coordinates."""
        return cls(np.empty((0, d)), np.empty((0, d)), np.empty((0, d)))

    def predict(self, dt_s: float, q: Array) -> None:
        """Move all objects dt_s on; q (n, d) is acceleration noise density, unit² / s³."""
        self.x = self.x + self.v * dt_s
        self.var_x = self.var_x + dt_s * (2 * self.cov_xv + dt_s * self.var_v) + q * (dt_s**3 / 3)
        self.cov_xv = self.cov_xv + dt_s * self.var_v + q * (dt_s**2 / 2)
        self.var_v = self.var_v + q * dt_s

    def update(self, rows: NDArray[np.intp], z: Array, var_z: Array) -> None:
        """Take measurements z (m, d) with variance var_z (m, d) of the objects in rows (m,)."""
        var_x, cov_xv = self.var_x[rows], self.cov_xv[rows]
        gain_x = var_x / (var_x + var_z)
        gain_v = cov_xv / (var_x + var_z)
        error = z - self.x[rows]
        self.x[rows] += gain_x * error
        self.v[rows] += gain_v * error
        self.var_v[rows] -= gain_v * cov_xv
        self.cov_xv[rows] = (1 - gain_x) * cov_xv
        self.var_x[rows] = (1 - gain_x) * var_x

    def append(self, x: Array, var_x: Array, var_v: Array) -> None:
        """Begin new objects at rest at x (m, d)."""
        self.x = np.concatenate((self.x, x))
        self.v = np.concatenate((self.v, np.zeros_like(x)))
        self.var_x = np.concatenate((self.var_x, var_x))
        self.cov_xv = np.concatenate((self.cov_xv, np.zeros_like(x)))
        self.var_v = np.concatenate((self.var_v, var_v))

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Forget the objects whose mask (n,) is False."""
        self.x, self.v = self.x[mask], self.v[mask]
        self.var_x, self.cov_xv, self.var_v = self.var_x[mask], self.cov_xv[mask], self.var_v[mask]
