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


class Manoeuvring:
    """Singer's model of n objects in d coordinates: an acceleration that lasts for a while.

    What slows down goes on slowing down, so the velocity does not lag behind a queue that
    forms or leaves, as that of a constant-velocity filter does by its own time constant.
    Accelerations have the standard deviation given to `predict`, and are forgotten within
    tau_s: Bar-Shalom, Li & Kirubarajan (2001), section 8.2.2; the noise is that of short
    steps (dt_s ≪ tau_s), which is more than the exact one for long ones.
    """

    def __init__(self, state: Array, cov: Array, tau_s: float) -> None:
        self._state, self._cov, self._tau_s = state, cov, tau_s

    @classmethod
    def empty(cls, d: int, tau_s: float) -> Self:
        """No objects, d coordinates."""
        return cls(np.empty((0, d, 3)), np.empty((0, d, 3, 3)), tau_s)

    @property
    def x(self) -> Array:
        """(n, d) positions; a view."""
        return self._state[:, :, 0]

    @property
    def v(self) -> Array:
        """(n, d) velocities; a view."""
        return self._state[:, :, 1]

    @property
    def var_x(self) -> Array:
        """(n, d) variances of the positions; a view."""
        return self._cov[:, :, 0, 0]

    @property
    def var_v(self) -> Array:
        """(n, d) variances of the velocities; a view."""
        return self._cov[:, :, 1, 1]

    def predict(self, dt_s: float, sd: Array) -> None:
        """Move all objects dt_s on; sd (n, d) is the standard deviation of the acceleration, unit / s²."""
        tau_s, kept = self._tau_s, float(np.exp(-dt_s / self._tau_s))
        move = np.array(
            [[1.0, dt_s, tau_s * (dt_s - tau_s * (1.0 - kept))], [0.0, 1.0, tau_s * (1.0 - kept)], [0, 0, kept]]
        )
        self._state = self._state @ move.T
        steps = dt_s ** np.array([[5, 4, 3], [4, 3, 2], [3, 2, 1]]) / np.array([[20, 8, 6], [8, 3, 2], [6, 2, 1]])
        self._cov = move @ self._cov @ move.T + (2.0 / tau_s) * sd[:, :, None, None] ** 2 * steps

    def stand(self, rows: NDArray[np.intp]) -> None:
        """The objects in rows (m,) have come to rest."""
        self._state[rows, :, 1:] = 0.0

    def update(self, rows: NDArray[np.intp], z: Array, var_z: Array) -> None:
        """Take measurements z (m, d) with variance var_z (m, d) of the objects in rows (m,)."""
        cov = self._cov[rows]
        gain = cov[:, :, :, 0] / (cov[:, :, 0, 0] + var_z)[:, :, None]
        self._state[rows] += gain * (z - self._state[rows, :, 0])[:, :, None]
        self._cov[rows] = cov - gain[:, :, :, None] * cov[:, :, None, 0, :]

    def append(self, x: Array, var_x: Array, var_v: Array, var_a: Array) -> None:
        """Begin new objects at rest at x (m, d)."""
        state, cov = np.zeros((*x.shape, 3)), np.zeros((*x.shape, 3, 3))
        state[:, :, 0] = x
        for place, variance in enumerate((var_x, var_v, var_a)):
            cov[:, :, place, place] = variance
        self._state = np.concatenate((self._state, state))
        self._cov = np.concatenate((self._cov, cov))

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Forget the objects whose mask (n,) is False."""
        self._state, self._cov = self._state[mask], self._cov[mask]
