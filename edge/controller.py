"""The seam to the decision: which phases to ask for.

It stands apart from the other seams, which hold arrays, since control needs no numpy.
"""

from __future__ import annotations

from typing import Protocol

from edge.types import Demand, PhaseRequest, SignalState


class Controller(Protocol):
    """Decides which phases to ask for, from demand and the measured signal state.

    The time is that of `signal`; `demand` may be older and says for each lane how old.
    """

    name: str

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest: ...
