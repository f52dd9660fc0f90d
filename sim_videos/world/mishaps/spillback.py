"""A queue that grows back into the junction because its exit is blocked further on."""

from __future__ import annotations

from sim_videos.state import ActiveIncident
from sim_videos.street import LaneUse
from sim_videos.timetable import IncidentSpec
from sim_videos.world.mishaps.stage import STANDS_MPS, Barrier, Shown, Stage, exit_edge

#: A queue whose last vehicle stands so near the exit's start has reached the junction.
_REACHED_M = 9.0


class Spillback:
    """Every lane of a movement's exit is blocked from_stop_m past the junction.

    The incident begins when the queue has reached the junction and ends when the block is
    lifted; it is blocked for for_s from when the queue has reached it.
    """

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, movement: str) -> None:
        self.over = False
        self._number, self._spec, self._stage = number, spec, stage
        net = stage.survey.net
        edge = exit_edge(stage.survey, movement)
        self._lanes = [lane for lane in net.edges[edge] if net.lanes[lane].use is LaneUse.VEHICLES]
        self._barriers: list[Barrier] = []
        self._since_s: float | None = None

    def update(self, t_s: float) -> Shown:
        """One frame."""
        if not self._barriers:
            pos_m = max(self._spec.from_stop_m, 12.0)
            self._barriers = [Barrier(self._stage, lane, pos_m + 2, 2.0) for lane in self._lanes]
            return Shown()
        for barrier in self._barriers:
            barrier.holds()
        last = [
            reading
            for reading in self._stage.readings.values()
            if reading.lane in self._lanes
            and (person := self._stage.person(reading)) is not None
            and reading.lane_pos_m - self._stage.length_m(reading) < _REACHED_M
            and reading.speed_mps < STANDS_MPS
            and person.movement is not None
        ]
        if self._since_s is None and last:
            self._since_s = t_s
        if self._since_s is None:
            return Shown()
        if t_s - self._since_s >= self._spec.for_s - 1e-6:
            for barrier in self._barriers:
                barrier.remove()
            self.over = True
            return Shown()
        start_m = self._stage.survey.net.lanes[self._lanes[0]].line_m[0]
        who = tuple(sorted(p.user_id for reading in last if (p := self._stage.person(reading)) is not None))
        return Shown(incidents=(ActiveIncident(self._number, self._spec.kind, None, start_m, self._since_s, who),))
