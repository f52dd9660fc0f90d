"""A queue that is longer than it should be: past a lane's seen end, or back from an exit into the box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import Evidence, IncidentKind, Place
from edge.incidents.lamps import shown
from edge.incidents.road import Road, RoadLane
from edge.incidents.scene import Said, SceneNow
from edge.incidents.spells import Spells
from edge.incidents.standing import Stand, Standing
from edge.types import Interval, Kind, LaneState


@dataclass(frozen=True, slots=True)
class SpillbackSettings:
    """set_s: how long a queue has to reach a length that the site set. end_s, green_s: how long it has to reach the
    end of what is seen, and how much green must have passed meanwhile: a queue that one green clears is none.
    unknown_s: the same where lamps are unknown. gap_s: a queue that is shorter for a moment.

    Exits: exit_m is how near to the junction the tail of a queue in an exit stands, from past_m beyond the stop lines
    on, where the crossing is behind it; one vehicle for one_s, two for two_s. side_m: exit lanes lie this near to the
    lanes of their leg. out_mps: it was seen to drive out. linger_s: see `Spells`.
    """

    set_s: float = 5.0
    end_s: float = 25.0
    green_s: float = 12.0
    unknown_s: float = 150.0
    gap_s: float = 4.0
    exit_m: float = 11.0
    past_m: float = 1.5
    one_s: float = 11.0
    two_s: float = 7.0
    side_m: float = 18.0
    out_mps: float = 2.0
    linger_s: float = 6.0


@dataclass(slots=True)
class _Long:
    """A queue that reaches the limit: since when, until when last, and how much green went by."""

    since_ns: int
    last_ns: int
    green_ns: int = 0


class Spillback:
    """One finding for each lane, and one for the exit of each leg."""

    name: ClassVar[str] = "spillback"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.SPILLBACK})

    def __init__(
        self, road: Road, limits_m: Mapping[str, float] | None = None, settings: SpillbackSettings | None = None
    ) -> None:
        self._road = road
        self._limits_m = dict(limits_m or {})
        self._settings = settings if settings is not None else SpillbackSettings()
        self._spells = Spells(self.name, self._settings.linger_s)
        self._standing = Standing()
        self._long: dict[str, _Long] = {}
        self._last_ns: int | None = None

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Starts, updates and ends of this instant."""
        step_ns = 0 if self._last_ns is None else min(scene.t_ns - self._last_ns, NS_PER_S)
        self._last_ns = scene.t_ns
        said: list[Said] = []
        for state in scene.lanes:
            lane = self._road.lanes.get(state.lane)
            if lane is not None:
                said += self._lane(scene, lane, state, step_ns)
        said += self._exits(scene)
        return [*said, *self._spells.over(scene.t_ns)]

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """Nothing is known any more."""
        self._standing.clear()
        self._long.clear()
        self._last_ns = None
        return self._spells.blind(t_ns, reason)

    def _lane(self, scene: SceneNow, lane: RoadLane, state: LaneState, step_ns: int) -> Sequence[Said]:
        s, queue, limit_m = self._settings, state.queue, self._limits_m.get(lane.id)
        if queue.length_m is None:
            return ()
        reaches = queue.at_least if limit_m is None else queue.length_m >= limit_m
        long = self._long.get(lane.id)
        if long is not None and scene.t_ns - long.last_ns > s.gap_s * NS_PER_S:
            long = self._long.pop(lane.id, None) and None
        interval = shown(scene.signal, lane.phase)
        if long is None:
            if not reaches:
                return ()
            long = self._long[lane.id] = _Long(scene.t_ns, scene.t_ns)
        if reaches:
            long.last_ns = scene.t_ns
        long.green_ns += step_ns if interval is Interval.GREEN else 0
        lasted_s, green_s = (scene.t_ns - long.since_ns) / NS_PER_S, long.green_ns / NS_PER_S
        if limit_m is not None:
            enough = lasted_s >= s.set_s
        elif interval is None:
            enough = lasted_s >= s.unknown_s
        else:
            enough = lasted_s >= s.end_s and green_s >= s.green_s
        if not enough or not reaches:
            return ()
        place = Place(lane.approach, lane.id, None, scene.camera, round(queue.length_m, 1))
        measured: Evidence = {
            "queue_m": round(queue.length_m, 1),
            "queue_vehicles": queue.vehicles,
            "limit_m": limit_m,
            "lasted_s": round(lasted_s, 1),
            "green_meanwhile_s": round(green_s, 1),
            "where": "lane",
        }
        return self._spells.say(scene.t_ns, lane.id, IncidentKind.SPILLBACK, place, long.since_ns, 0.8, measured)

    def _exits(self, scene: SceneNow) -> list[Said]:
        s, t_ns = self._settings, scene.t_ns
        tails: dict[str, list[tuple[Stand, RoadLane, float]]] = {}
        for one in self._standing.update(t_ns, scene.tracks).values():
            found = self._in_exit(one)
            if found is not None:
                tails.setdefault(found[0].approach, []).append((one, *found))
        said: list[Said] = []
        for approach, row in tails.items():
            tail, _, out_m = min(row, key=lambda each: each[2])
            long_enough_s = s.one_s if len(row) == 1 else s.two_s
            key = f"exit-{approach}"
            # The last to arrive stands shorter; that some have stood long enough tells a queue from one who parks.
            stood_s = max(one.stood_s(t_ns) for one, _, _ in row)
            if out_m > s.exit_m or (key not in self._spells and stood_s < long_enough_s):
                continue
            place = Place(None, None, None, scene.camera, None, tail.pos_m)
            evidence: Evidence = {
                "from_junction_m": round(out_m, 1),
                "standing_s": round(stood_s, 1),
                "vehicles": len(row),
                "where": f"exit beside {approach}",
            }
            since_ns = min(one.since_ns for one, _, _ in row)
            tracks = tuple(sorted(one.track.track_id for one, _, _ in row))
            said += self._spells.say(t_ns, key, IncidentKind.SPILLBACK, place, since_ns, 0.8, evidence, tracks)
        return said

    def _in_exit(self, one: Stand) -> tuple[RoadLane, float] | None:
        """Its leg, and how far out it stands, for who drove out of the junction and stands beside the lanes that lead
        in."""
        s = self._settings
        if one.track.kind is Kind.BICYCLE or one.arrived_mps is None or self._road.lane_at(one.pos_m) is not None:
            return None
        found = self._road.leg_of(one.pos_m, s.side_m)
        if found is None or found[1] < s.past_m:
            return None
        lane, out_m = found
        assert lane.axis is not None  # noqa: S101 - leg_of answers lanes with an axis
        out_mps = -lane.axis.toward_mps(one.arrived_mps)
        return (lane, out_m) if out_mps >= s.out_mps else None
