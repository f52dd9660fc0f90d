"""What one camera saw in one frame, as far as control needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.control.tally import Tally
from edge.types import LaneState, Sight


@dataclass(frozen=True, slots=True)
class InBox:
    """Vehicles that left one lane and are still in the box, and how many of them stand."""

    vehicles: int
    standing: int


@dataclass(frozen=True, slots=True)
class View:
    """One frame of one camera for control: small enough to go from process to process.

    arrivals: lane → `LaneDemand.arrivals`. Without sight there are neither lanes nor arrivals. tally: all that
    was counted up to now; None from a camera that counts nothing. box: lane → who left it and is in
    the box, lanes without any left out; None where the camera cannot see the box.
    """

    sight: Sight
    lanes: tuple[LaneState, ...]
    arrivals: Mapping[str, tuple[tuple[float, float], ...] | None]
    tally: Tally | None = None
    box: Mapping[str, InBox] | None = None
