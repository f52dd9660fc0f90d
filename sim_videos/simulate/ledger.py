"""What a run is measured by, kept while it runs: queues, lamps, incidents, how well it was seen."""

from __future__ import annotations

from collections.abc import Sequence

from edge.replay.decided import DecisionBook
from edge.types import PhaseRequest, SignalState
from sim_videos.simulate.eyes import Look
from sim_videos.simulate.eyesight import EyesightMeter
from sim_videos.simulate.lanes import lane_truths
from sim_videos.simulate.result import Series, TrueIncident
from sim_videos.state import ActiveIncident, WorldFrame
from sim_videos.street import Street


class Ledger:
    """Give it every control step and every instant, in order. meter is None where no camera looks."""

    def __init__(self, street: Street, meter: EyesightMeter | None) -> None:
        self._street = street
        self.meter = meter
        lanes = [lane.name for lane in street.inbound if lane.name is not None]
        self._times_s: list[float] = []
        self._queued: dict[str, list[int]] = {name: [] for name in lanes}
        self._told: dict[str, list[int | None]] = {name: [] for name in lanes}
        self._now_told: dict[str, int | None] = dict.fromkeys(lanes)
        self._shown: dict[int, list[tuple[float, str]]] = {phase.number: [] for phase in street.signal.phases}
        self._asked: frozenset[int] | None = None
        self.changes = 0
        self.book = DecisionBook()
        self._incidents: dict[int, tuple[ActiveIncident, float]] = {}
        self._last_s = 0.0

    def control(self, request: PhaseRequest) -> bool:
        """Take in one control step; whether it asks for other phases than the one before."""
        changed = self._asked is not None and request.phases != self._asked
        first = self._asked is None
        self._asked = request.phases
        self.changes += changed
        return changed or first

    def lamps(self, state: SignalState) -> None:
        """Take in what the lamps were measured to show."""
        for phase, interval in state.intervals.items():
            changes = self._shown[phase]
            if not changes or changes[-1][1] != interval.value:
                since_s = max(0.0, state.since_ns[phase] / 1e9)
                changes.append((round(since_s, 3), interval.value))

    def see(self, world: WorldFrame, looks: Sequence[Look]) -> None:
        """Take in one instant."""
        lanes = lane_truths(self._street, world)
        if self.meter is not None:
            self.meter.see(world, looks, lanes)
        for look in looks:
            for state in look.results[-1].lanes if look.results else ():
                if state.lane in self._now_told:
                    self._now_told[state.lane] = state.queue.vehicles
        if not self._times_s or world.t_s >= self._times_s[-1] + 1.0 - 1e-6:
            self._times_s.append(round(world.t_s, 3))
            for name, truth in lanes.items():
                self._queued[name].append(len(truth.queue))
                self._told[name].append(self._now_told[name])
        for incident in world.incidents:
            self._incidents[incident.number] = (incident, world.t_s)
        self._last_s = world.t_s

    @property
    def incidents(self) -> tuple[TrueIncident, ...]:
        """The mishaps so far, in the scenario's order."""
        return tuple(
            TrueIncident(
                number,
                incident.kind.value,
                incident.lane,
                incident.started_s,
                None if last_s >= self._last_s else last_s,
            )
            for number, (incident, last_s) in sorted(self._incidents.items())
        )

    @property
    def mean_queue(self) -> float | None:
        """Vehicles queued at a whole second, all lanes together; None before the first."""
        totals = self._totals()
        return sum(totals) / len(totals) if totals else None

    @property
    def max_queue(self) -> int | None:
        """The longest queue of any lane; None before the first second."""
        return max((max(values) for values in self._queued.values() if values), default=None)

    @property
    def series(self) -> Series:
        """What is drawn over time."""
        return Series(
            tuple(self._times_s),
            {name: tuple(values) for name, values in self._queued.items()},
            {name: tuple(values) for name, values in self._told.items()},
            {phase: tuple(changes) for phase, changes in self._shown.items()},
        )

    def _totals(self) -> list[int]:
        return [sum(values[i] for values in self._queued.values()) for i in range(len(self._times_s))]
