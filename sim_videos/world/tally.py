"""What the traffic suffered: delay, stops and queues of a run, by movement.

Counted are vehicles due at or after 0 s of the scene, those still on their way with what
they have lost so far. Delay of one vehicle: SUMO's time loss (time beyond that of driving
at its own wished speed) plus the time it waited to enter the network. A stop: its speed
fell under 0.1 m/s after it had been above 1.4 m/s. A queue: vehicles of one movement
under 1.4 m/s (5 km/h) on inbound lanes, sampled at every frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_STANDS_MPS, _MOVES_MPS = 0.1, 1.4


@dataclass(frozen=True, slots=True)
class Flow:
    """One movement, or all. Means are None where no vehicle or frame was counted."""

    due: int
    arrived: int
    waiting_outside: int
    mean_delay_s: float | None
    mean_travel_s: float | None
    stops_per_vehicle: float | None
    mean_queue: float | None
    max_queue: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Totals and movements of a run from 0 to until_s. teleports is 0 by configuration, and watched."""

    until_s: float
    total: Flow
    movements: dict[str, Flow]
    teleports: int


@dataclass(slots=True)
class _Vehicle:
    movement: str
    due_s: float
    entered_s: float | None = None
    left_s: float | None = None
    lost_s: float = 0.0
    stops: int = 0
    moving: bool = False


@dataclass(slots=True)
class _Queue:
    now: int = 0
    total: int = 0
    most: int = 0


@dataclass(slots=True)
class Ledger:
    """Collects a run's tally, frame by frame."""

    frames: int = 0
    teleports: int = 0
    now_s: float = 0.0
    _vehicles: dict[str, _Vehicle] = field(default_factory=dict)
    _queues: dict[str, _Queue] = field(default_factory=dict)

    def expect(self, name: str, movement: str, due_s: float) -> None:
        """A vehicle that is to come; nobody due in the warm-up is counted."""
        self._queues.setdefault(movement, _Queue())
        if due_s >= 0:
            self._vehicles[name] = _Vehicle(movement, due_s)

    def see(self, name: str, speed_mps: float, lost_s: float, now_s: float) -> None:
        """A vehicle on the road."""
        vehicle = self._vehicles.get(name)
        if vehicle is None:
            return
        if vehicle.entered_s is None:
            vehicle.entered_s = now_s
            vehicle.moving = speed_mps > _MOVES_MPS
        vehicle.lost_s = lost_s
        if vehicle.moving and speed_mps < _STANDS_MPS:
            vehicle.stops += 1
            vehicle.moving = False
        elif speed_mps > _MOVES_MPS:
            vehicle.moving = True

    def frame(self, now_s: float, queued: Iterable[str], gone: Iterable[str], teleports: int) -> None:
        """The end of a frame: the movement of every queued vehicle, and who has left."""
        self.now_s = now_s
        self.teleports += teleports
        for name in gone:
            if name in self._vehicles:
                self._vehicles[name].left_s = now_s
        if now_s < 0:
            return
        self.frames += 1
        for queue in self._queues.values():
            queue.now = 0
        for movement in queued:
            self._queues.setdefault(movement, _Queue()).now += 1
        for queue in self._queues.values():
            queue.total += queue.now
            queue.most = max(queue.most, queue.now)

    def tally(self) -> Tally:
        """As of the last frame."""
        names = sorted(self._queues)
        return Tally(
            until_s=self.now_s,
            total=self._flow(names),
            movements={name: self._flow([name]) for name in names},
            teleports=self.teleports,
        )

    def _flow(self, movements: list[str]) -> Flow:
        due = [v for v in self._vehicles.values() if v.movement in movements and v.due_s <= self.now_s]
        arrived = [v for v in due if v.left_s is not None]
        # Outside it waits until it enters, or still does.
        delays = [v.lost_s + max(0.0, (self.now_s if v.entered_s is None else v.entered_s) - v.due_s) for v in due]
        travel = [v.left_s - v.entered_s for v in arrived if v.left_s is not None and v.entered_s is not None]
        queues = [self._queues[name] for name in movements]
        return Flow(
            due=len(due),
            arrived=len(arrived),
            waiting_outside=sum(v.entered_s is None for v in due),
            mean_delay_s=_mean(delays),
            mean_travel_s=_mean(travel),
            stops_per_vehicle=_mean([float(v.stops) for v in due]),
            mean_queue=sum(q.total for q in queues) / self.frames if self.frames else None,
            max_queue=max((q.most for q in queues), default=None) if self.frames else None,
        )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
