"""The grid on which the network answers."""

from __future__ import annotations

#: Input pixels per cell, in x and in y.
STRIDE_PX = 4
