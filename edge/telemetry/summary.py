"""One-minute summaries: counts by movement and kind, queues and speeds by lane.

An interval ends at each full minute of wall time (`wall_ns` of the cabinet's time, so
12:01:00, 12:02:00 …); the first and the last are as long as they are. What a frame
showed holds until the next one of its camera, for at most `HOLD_NS`; time beyond that,
and time without sight, is unknown and is in nobody's mean. A crossing counts in the
interval in which it happened, or in the present one if that has been sent already: no
crossing is ever lost or counted twice, whatever the times of the frames.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from calibration.site import Movement, Site
from edge.clock import NS_PER_S
from edge.frames import VisionResult
from edge.messages import LaneSummary, MovementCount, SummaryBody
from edge.types import Crossing, Kind, LaneState

_N = TypeVar("_N", int, float)

MINUTE_NS = 60 * NS_PER_S
#: Longest time that one frame stands for; a camera slower than this is not watching.
HOLD_NS = 2 * NS_PER_S
#: An interval shorter than this joins the next: wall time wanders a little against cabinet time.
_SHORTEST_NS = NS_PER_S
#: A gap longer than this becomes one unknown interval instead of one a minute.
_LONG_GAP_NS = 60 * MINUTE_NS
_AN_INSTANT_NS = NS_PER_S // 1000


@dataclass(slots=True)
class _Mean:
    total: float = 0.0
    weight: float = 0.0

    def add(self, value: float | None, weight: float = 1.0) -> None:
        if value is not None:
            self.total += value * weight
            self.weight += weight

    @property
    def value(self) -> float | None:
        return self.total / self.weight if self.weight > 0 else None


@dataclass(slots=True)
class _Counted:
    counts: dict[Kind, int]
    speed_mps: _Mean = field(default_factory=_Mean)

    def add(self, crossing: Crossing) -> None:
        self.counts[crossing.kind] = self.counts.get(crossing.kind, 0) + 1
        self.speed_mps.add(crossing.speed_mps)


@dataclass(slots=True)
class _LaneTally:
    occupancy: _Mean = field(default_factory=_Mean)
    speed_mps: _Mean = field(default_factory=_Mean)
    headway_s: _Mean = field(default_factory=_Mean)
    queue_vehicles: int | None = None
    queue_m: float | None = None
    wait_s: float | None = None

    def see(self, state: LaneState) -> None:
        queue = state.queue
        self.queue_vehicles = _larger(self.queue_vehicles, queue.vehicles)
        self.queue_m = _larger(self.queue_m, queue.length_m)
        self.wait_s = _larger(self.wait_s, queue.wait_s)

    def hold(self, state: LaneState, span_ns: int) -> None:
        self.occupancy.add(None if state.presence is None else float(state.presence), span_ns)
        self.speed_mps.add(state.speed_mps, span_ns)


@dataclass(slots=True)
class _Held:
    """What a camera showed last; `until_ns` is how far that has been accounted for."""

    t_ns: int
    until_ns: int
    ok: bool
    lanes: tuple[LaneState, ...]


class SummaryBuilder:
    """Fed with every result in the order of time; returns (end of the interval, body) pairs.

    `cameras` are those that will be fed; movements and lanes of others are left out.
    """

    def __init__(self, site: Site, *, cameras: Collection[str], wall_ns: Callable[[int], int]) -> None:
        self._movements: tuple[Movement, ...] = tuple(m for m in site.movements if m.camera in cameras)
        self._lane_camera = {lane.id: lane.camera for lane in site.lanes if lane.camera in cameras}
        self._wall_ns = wall_ns
        self._held: dict[str, _Held] = {}
        self._start_ns: int | None = None
        self._end_ns = 0
        self._reset()

    def begin(self, t_ns: int) -> None:
        """The first interval begins, at the latest with the first frame."""
        if self._start_ns is None:
            self._begin(t_ns)

    def add(self, result: VisionResult) -> list[tuple[int, SummaryBody]]:
        """Take in one frame; ValueError for a crossing of a movement that the site does not have."""
        closed: list[tuple[int, SummaryBody]] = []
        self.begin(result.t_ns)
        for crossing in sorted(result.crossings, key=lambda c: c.t_ns):
            closed += self.tick(crossing.t_ns)
            self._count(crossing)
        closed += self.tick(result.t_ns)
        self._account(result.camera, result.t_ns)
        begun_ns = max(result.t_ns, self._start_ns or 0)
        self._held[result.camera] = _Held(result.t_ns, begun_ns, result.sight.ok, result.lanes)
        if result.sight.ok:
            for state in result.lanes:
                self._lanes[state.lane].see(state)
        return closed

    def tick(self, t_ns: int) -> list[tuple[int, SummaryBody]]:
        """Close the intervals that are over at `t_ns`, with or without frames."""
        closed: list[tuple[int, SummaryBody]] = []
        while self._start_ns is not None and t_ns >= self._end_ns:
            closed.append(self._close(self._end_ns))
            self._begin(self._end_ns)
            if t_ns - self._end_ns > _LONG_GAP_NS:
                self._end_ns += (t_ns - self._end_ns) // MINUTE_NS * MINUTE_NS
        return closed

    def finish(self, t_ns: int) -> list[tuple[int, SummaryBody]]:
        """Close everything up to `t_ns`, the last interval with its true length.

        What was counted at the very instant that an interval began gets one of a millisecond.
        """
        closed = self.tick(t_ns)
        if self._start_ns is not None:
            if any(sum(m.counts.values()) for m in self._counted.values()):
                t_ns = max(t_ns, self._start_ns + _AN_INSTANT_NS)
            if t_ns > self._start_ns:
                closed.append(self._close(t_ns))
        self._start_ns = None
        self._held.clear()
        self._reset()
        return closed

    def _begin(self, t_ns: int) -> None:
        remaining_ns = MINUTE_NS - self._wall_ns(t_ns) % MINUTE_NS
        if remaining_ns < _SHORTEST_NS:
            remaining_ns += MINUTE_NS
        self._start_ns = t_ns
        self._end_ns = t_ns + remaining_ns

    def _reset(self) -> None:
        self._counted = {m.id: _Counted(dict.fromkeys(m.kinds, 0)) for m in self._movements}
        self._lanes = {lane: _LaneTally() for lane in self._lane_camera}
        self._known_ns: dict[str, int] = {}

    def _count(self, crossing: Crossing) -> None:
        counted = self._counted.get(crossing.movement)
        if counted is None:
            raise ValueError(f"crossing of movement {crossing.movement!r}, but the site has {list(self._counted)}")
        counted.add(crossing)
        if crossing.lane in self._lanes:
            self._lanes[crossing.lane].headway_s.add(crossing.headway_s)

    def _account(self, camera: str, t_ns: int) -> None:
        """What the camera showed last holds until `t_ns`."""
        held = self._held.get(camera)
        if held is None:
            return
        until_ns = min(t_ns, held.t_ns + HOLD_NS)
        span_ns = until_ns - held.until_ns
        if span_ns <= 0:
            return
        held.until_ns = until_ns
        if held.ok:
            self._known_ns[camera] = self._known_ns.get(camera, 0) + span_ns
            for state in held.lanes:
                self._lanes[state.lane].hold(state, span_ns)

    def _close(self, end_ns: int) -> tuple[int, SummaryBody]:
        assert self._start_ns is not None  # noqa: S101 - for the type checker; callers have begun
        for camera in self._held:
            self._account(camera, end_ns)
        body = SummaryBody(
            interval_s=(end_ns - self._start_ns) / NS_PER_S,
            movements=[self._movement_count(m) for m in self._movements],
            lanes=[self._lane_summary(lane, tally) for lane, tally in self._lanes.items()],
        )
        self._reset()
        return end_ns, body

    def _movement_count(self, movement: Movement) -> MovementCount:
        known_ns = self._known_ns.get(movement.camera, 0)
        counted = self._counted[movement.id]
        unknown = known_ns == 0 and not any(counted.counts.values())
        return MovementCount(
            movement=movement.id,
            known_s=known_ns / NS_PER_S,
            counts=None if unknown else counted.counts,
            mean_speed_mps=counted.speed_mps.value,
        )

    def _lane_summary(self, lane: str, tally: _LaneTally) -> LaneSummary:
        return LaneSummary(
            lane=lane,
            known_s=self._known_ns.get(self._lane_camera[lane], 0) / NS_PER_S,
            occupancy=tally.occupancy.value,
            max_queue_vehicles=tally.queue_vehicles,
            max_queue_m=tally.queue_m,
            max_wait_s=tally.wait_s,
            mean_speed_mps=tally.speed_mps.value,
            mean_headway_s=tally.headway_s.value,
        )


def _larger(one: _N | None, other: _N | None) -> _N | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
