"""How far off queues are, in vehicles, asked once a second in each lane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.replay.frame_log import SeenFrame, SeenQueue
from sim_videos.score.places import Spread
from sim_videos.truth import QueueRow, SceneFrame

EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class QueueScore:
    """error_vehicles: |ours − truth| while either has a queue; always: at all times. hcm_vehicles: |ours − truth| by
    the HCM's definition, while either has one. unknown: share of time ours was unknown; at_least: share with a queue
    that reached the end of sight, which is left out of the errors, and of which `true` were no longer than the truth.
    """

    error_vehicles: Spread
    error_m: Spread
    always: Spread
    hcm_vehicles: Spread
    seconds: int
    unknown: int
    at_least: int
    at_least_true: int


class QueueScorer:
    """Give it every frame, also those that show nothing."""

    def __init__(self) -> None:
        self._next_s = 0.0
        self._lanes: dict[str, _Lane] = {}

    def add(self, truth: SceneFrame, seen: SeenFrame) -> None:
        """One frame of both."""
        if truth.t_s < self._next_s - 1e-9:
            return
        self._next_s += EVERY_S
        for lane, row in truth.queues.items():
            if lane in seen.queues:
                self._lanes.setdefault(lane, _Lane()).add(row, seen.queues[lane])

    def result(self) -> tuple[QueueScore | None, Mapping[str, QueueScore]]:
        """All lanes together (None without one), and each."""
        if not self._lanes:
            return None, {}
        whole = _Lane()
        for lane in self._lanes.values():
            whole.take(lane)
        return whole.score(), {name: lane.score() for name, lane in sorted(self._lanes.items())}


class _Lane:
    def __init__(self) -> None:
        self._vehicles: list[float] = []
        self._metres: list[float] = []
        self._always: list[float] = []
        self._hcm: list[float] = []
        self._seconds = self._unknown = self._at_least = self._at_least_true = 0

    def add(self, truth: QueueRow, ours: SeenQueue) -> None:
        self._seconds += 1
        if ours.vehicles is None or ours.length_m is None:
            self._unknown += 1
            return
        if ours.at_least:
            self._at_least += 1
            self._at_least_true += truth.vehicles >= ours.vehicles
            return
        self._always.append(abs(ours.vehicles - truth.vehicles))
        if ours.vehicles or truth.vehicles:
            self._vehicles.append(abs(ours.vehicles - truth.vehicles))
            self._metres.append(abs(ours.length_m - truth.length_m))
        if ours.vehicles or truth.hcm_vehicles:
            self._hcm.append(abs(ours.vehicles - truth.hcm_vehicles))

    def take(self, other: _Lane) -> None:
        self._vehicles += other._vehicles
        self._metres += other._metres
        self._always += other._always
        self._hcm += other._hcm
        self._seconds += other._seconds
        self._unknown += other._unknown
        self._at_least += other._at_least
        self._at_least_true += other._at_least_true

    def score(self) -> QueueScore:
        return QueueScore(
            Spread.of(self._vehicles),
            Spread.of(self._metres),
            Spread.of(self._always),
            Spread.of(self._hcm),
            self._seconds,
            self._unknown,
            self._at_least,
            self._at_least_true,
        )
