"""hires.csv of a net: the high-resolution events of all its junctions, DeviceId naming each.

Lamps have the core's own instants, to 100 ms; control decides, and lanes are looked at, once a second.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from calibration.detectors import each_lane
from calibration.site import Phase, Signal
from edge.replay.outputs import LineFile
from edge.telemetry.hires import HiResEvents
from edge.telemetry.hires_event import HiResEvent
from edge.telemetry.hires_text import COLUMNS, stamp, write_rows
from edge.types import Demand, PhaseRequest, SignalState
from sim_videos.nets.junction import Junction
from sim_videos.nets.run import Watcher


class NetHiRes(LineFile):
    """Implements `Watcher`. Times are SUMO's seconds, from 1970 on: a net knows no date. StorageError of the disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._events: dict[str, HiResEvents] = {}
        self.write_line(",".join(COLUMNS))

    def on_step(self, t_s: int, junction: Junction, demand: Demand, request: PhaseRequest, state: SignalState) -> None:
        """What one junction did in a second."""
        del t_s
        if junction.name not in self._events:
            self._events[junction.name] = _events_of(junction)
        self._write(junction.name, self._events[junction.name].update(demand, request, state))

    def on_second(self, t_s: int, standing: Mapping[str, int]) -> None:
        """Nothing that a cabinet would know."""

    def _write(self, device: str, events: Sequence[HiResEvent]) -> None:
        if events:
            text = io.StringIO()
            write_rows(text, ((stamp(one.t_ns), device, int(one.code), one.parameter) for one in events))
            self.write_text(text.getvalue())


class Both:
    """Implements `Watcher` by several, told in order."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def on_step(self, t_s: int, junction: Junction, demand: Demand, request: PhaseRequest, state: SignalState) -> None:
        """One decision."""
        for one in self._watchers:
            one.on_step(t_s, junction, demand, request, state)

    def on_second(self, t_s: int, standing: Mapping[str, int]) -> None:
        """The end of a second."""
        for one in self._watchers:
            one.on_second(t_s, standing)


def _events_of(junction: Junction) -> HiResEvents:
    """A light of a net has groups that may be green together, and no rings: no barrier is told of."""
    phases = tuple(
        Phase.model_construct(
            number=one.phase,
            min_green_s=one.min_green_s,
            max_green_s=one.max_green_s,
            yellow_s=one.yellow_s,
            red_clearance_s=one.red_clearance_s,
        )
        for one in junction.model.phases
    )
    signal = Signal.model_construct(phases=phases, rings=())
    numbers = [one.phase for one in junction.model.phases]
    apart = frozenset(map(frozenset, combinations(numbers, 2))) - junction.grouping.compatible
    detectors = each_lane({lane.lane: lane.ways[0].phase for lane in junction.model.lanes})
    return HiResEvents(signal, detectors, apart)
