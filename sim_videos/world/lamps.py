"""From phases to SUMO's signal state: one letter per link, exactly what was given, nothing of SUMO's own.

SUMO user documentation, "Simulation/Traffic Lights": G green, g green that gives way,
y yellow, r red, o flashing yellow, s stop and go on (flashing red), O off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge.types import Interval, PedInterval
from sim_videos.world.survey import Survey, must_yield

#: What the lamps are to show at a time of the cabinet's clock: vehicle phases, pedestrian phases.
LampSource = Callable[[int], tuple[Mapping[int, Interval], Mapping[int, PedInterval]]]

_LETTER = {
    Interval.RED: "r",
    Interval.RED_CLEARANCE: "r",
    Interval.YELLOW: "y",
    Interval.FLASH_YELLOW: "o",
    Interval.FLASH_RED: "s",
}
_WALK_LETTER = {PedInterval.WALK: "G", PedInterval.CLEARANCE: "r", PedInterval.DONT_WALK: "r", PedInterval.DARK: "r"}


class Links:
    """The signal's links of one junction."""

    def __init__(self, found: Survey) -> None:
        self._count = found.net.links
        self._vehicle = {
            way.connection.index: (way.phase, "g" if must_yield(found, way) else "G")
            for way in found.ways
            if way.connection.index is not None
        }
        self._walk = {
            walkway.crossing.index: walkway.phase
            for walkway in found.walkways
            if walkway.crossing.index is not None and walkway.phase is not None
        }

    def state(self, intervals: Mapping[int, Interval], pedestrian: Mapping[int, PedInterval]) -> str:
        """SUMO's state string. A phase that is not given shows red; a link of no phase is off."""
        letters = ["O"] * self._count
        for index, (phase, green) in self._vehicle.items():
            interval = intervals.get(phase, Interval.RED)
            letters[index] = green if interval is Interval.GREEN else _LETTER[interval]
        for index, phase in self._walk.items():
            letters[index] = _WALK_LETTER[pedestrian.get(phase, PedInterval.DONT_WALK)]
        return "".join(letters)
