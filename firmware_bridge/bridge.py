"""The seam to the lamps: software asks for phases, the core behind a bridge decides.

Every implementation goes through one contract suite (`tests/contract/test_bridges.py`).
"""

from __future__ import annotations

from typing import Protocol

from edge.types import PhaseRequest, SignalState


class Bridge(Protocol):
    """The only way to the lamps: takes requests, returns what the lamps were measured to show."""

    def request(self, request: PhaseRequest) -> None:
        """Ask for phases; holds for `request.ttl_ms`. Asking is all that software can do."""
        ...

    def state(self, t_ns: int) -> SignalState:
        """Lamps as measured at `t_ns`; DeviceError when the core does not answer."""
        ...

    def close(self) -> None:
        """Leave the lamps to the core's own fallback and free the device."""
        ...
