"""How long a phase had been green when a vehicle crossed, from the measured lamps."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from calibration.site import Site
from edge.clock import NS_PER_S
from edge.frames import VisionResult
from edge.types import Crossing, Interval, SignalState

#: Crossings are decided seconds after they happen at most, so a few onsets of each phase suffice.
_ONSETS_KEPT = 8


class GreenOnsets:
    """Remembers when each phase last turned green. Give it every measured state in time order."""

    def __init__(self, site: Site) -> None:
        lane_phase = {lane.id: lane.phase for lane in site.lanes}
        self._movement_phase = {movement.id: movement.phase for movement in site.movements}
        self._lane_phase = lane_phase
        self._onsets: dict[int, deque[int]] = {}

    def observe(self, state: SignalState) -> None:
        """Note the start of each green that is shown now."""
        for phase, interval in state.intervals.items():
            since_ns = state.since_ns.get(phase)
            if interval is not Interval.GREEN or since_ns is None:
                continue
            onsets = self._onsets.setdefault(phase, deque(maxlen=_ONSETS_KEPT))
            if not onsets or onsets[-1] < since_ns:
                onsets.append(since_ns)

    def dated(self, result: VisionResult) -> VisionResult:
        """The result with since_green_s of each of its crossings."""
        if not result.crossings:
            return result
        crossings = tuple(replace(one, since_green_s=self.since_green_s(one)) for one in result.crossings)
        return replace(result, crossings=crossings)

    def since_green_s(self, crossing: Crossing) -> float | None:
        """Seconds from the last start of green of the crossing's phase; None before the first is known.

        The phase is the movement's, or else its lane's.
        """
        phase = self._movement_phase.get(crossing.movement)
        if phase is None and crossing.lane is not None:
            phase = self._lane_phase.get(crossing.lane)
        if phase is None:
            return None
        before = [onset for onset in self._onsets.get(phase, ()) if onset <= crossing.t_ns]
        return (crossing.t_ns - before[-1]) / NS_PER_S if before else None
