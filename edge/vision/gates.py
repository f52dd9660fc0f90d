"""Gates on the ground plane: on which side of each line every road user is.

A side changes only when a road user is `band_m` clear of the line, so one that waits
on the line, or whose box trembles there, changes nothing. Where it passed the line is
kept, so that a gate has ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.geometry import GroundPlane
from calibration.site import Gate, Movement

Array = NDArray[np.float64]
Sides = NDArray[np.int8]

BEFORE, ON, PAST = -1, 0, 1


@dataclass(frozen=True, slots=True)
class GateLines:
    """g gates as arrays: a point (g, 2), unit normal downstream (g, 2), unit direction (g, 2), length (g,)."""

    start_m: Array
    normal: Array
    along: Array
    length_m: Array

    @classmethod
    def of(cls, movements: tuple[Movement, ...], plane: GroundPlane) -> GateLines:
        """Two gates a movement: entry in row 2i, exit in row 2i + 1."""
        start, normal, along, length = [], [], [], []
        for movement in movements:
            for gate, other, forward in (
                (movement.entry, movement.exit, 1.0),
                (movement.exit, movement.entry, -1.0),
            ):
                a, b = plane.to_m(gate.line_px)
                if gate.toward_px is not None:
                    heading = plane.to_m([gate.toward_px])[0] - (a + b) / 2
                else:
                    heading = forward * (_middle_m(other, plane) - (a + b) / 2)
                size = float(np.hypot(*(b - a)))
                direction = (b - a) / size
                side = np.array((-direction[1], direction[0]))
                start.append(a)
                along.append(direction)
                normal.append(side if side @ heading > 0 else -side)
                length.append(size)
        return cls(np.array(start), np.array(normal), np.array(along), np.array(length))

    def distances_m(self, pos_m: Array) -> Array:
        """(n, g) signed distance of n positions past each line: negative before, positive past."""
        return np.asarray(pos_m @ self.normal.T - (self.start_m * self.normal).sum(axis=1), np.float64)

    def offsets_m(self, pos_m: Array) -> Array:
        """(n, g) position along each gate, 0 at its first end, length_m at its second."""
        return np.asarray(pos_m @ self.along.T - (self.start_m * self.along).sum(axis=1), np.float64)

    def between(self, movement: int) -> NDArray[np.float32]:
        """(k, 1, 2) the convex ground that the two gates of a movement span."""
        rows = slice(2 * movement, 2 * movement + 2)
        ends = self.start_m[rows] + self.along[rows] * self.length_m[rows, None]
        return np.asarray(cv2.convexHull(np.concatenate((self.start_m[rows], ends)).astype(np.float32)), np.float32)


def _middle_m(gate: Gate, plane: GroundPlane) -> Array:
    return np.asarray(plane.to_m(gate.line_px).mean(axis=0), np.float64)


def sides_of(distances_m: Array, previous: Sides, band_m: float) -> Sides:
    """New side of each pair of road user and gate: it changes only outside the band."""
    side = np.where(distances_m > band_m, PAST, np.where(distances_m < -band_m, BEFORE, previous))
    return side.astype(np.int8)
