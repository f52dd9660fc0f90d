"""What a cabinet knows of the traffic: everything within 200 m, or what a camera gives.

full      200 m back along the road, each vehicle with its turn
camera    60 m, the lane alone; one vehicle in five never seen; knowledge 0.3 s old

Unknown stays `None`: a lane on foot, a turn that no camera can tell.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from edge.clock import NS_PER_S
from edge.control.junction import Passed, Sensing, Surroundings
from edge.control.passing import Announced, Departure
from edge.types import Demand, LaneDemand
from sim_videos.nets.junction import SIGHT_M, Junction, Network
from sim_videos.nets.watching import SPACE_M, STANDING_MPS, VEHICLE_M, Driven, Turn, Watching

EyesName = Literal["full", "camera"]
#: A front this near to the stop line is at it.
_PRESENCE_M = 6.0
#: Whoever stands nearer than this cannot change lanes by itself.
_TOO_LATE_M = 15.0


@dataclass(frozen=True, slots=True)
class Sight:
    """How well is seen. unseen: share of vehicles that never are. latency_s: age of what is known."""

    name: EyesName
    reach_m: float
    turns: bool
    unseen: float
    latency_s: float

    @property
    def sensing(self) -> Sensing:
        """The same as a planner wants to know it."""
        return Sensing(self.reach_m, 1.0 - self.unseen)


FULL = Sight("full", SIGHT_M, turns=True, unseen=0.0, latency_s=0.0)
CAMERA = Sight("camera", 60.0, turns=False, unseen=0.2, latency_s=0.3)
SIGHTS: Mapping[EyesName, Sight] = {"full": FULL, "camera": CAMERA}


@dataclass(slots=True)
class _Seen:
    """One vehicle before a stop line: metres to it, m/s, its phase where known, since when it stands."""

    before_m: float
    speed_mps: float
    phase: int | None
    stood_s: int | None


@dataclass(frozen=True, slots=True)
class StreetAround(Surroundings):
    """With what only the classical peer asks for. standing: exit → vehicles that stand on it within sight."""

    standing: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """What the cabinets know after a second, by junction."""

    demands: Mapping[str, Demand]
    around: Mapping[str, StreetAround]


class Eyes:
    """Looks at a `Watching`. seed makes the vehicles that are never seen others in each run."""

    def __init__(self, network: Network, sight: Sight, seed: int) -> None:
        self._network = network
        self._sight = sight
        self._seed = seed
        self._lanes = network.net.lanes
        self._ahead = network.reach.ahead
        self._junction_of = {lane: name for name, one in network.junctions.items() for lane in one.lanes}
        self._main_phase = {
            lane.lane: lane.ways[0].phase for one in network.junctions.values() for lane in one.model.lanes
        }
        self._exits = {
            name: tuple(
                dict.fromkeys(way.exit for lane in one.model.lanes for way in lane.ways if way.exit is not None)
            )
            for name, one in network.junctions.items()
        }
        self._announced = {
            name: Announced(one.model, one.fed, sight.reach_m) for name, one in network.junctions.items()
        }
        self._hidden: dict[str, bool] = {}
        #: Vehicles of a lane upstream that were seen to come to each stop lane, or to none.
        self._came: dict[tuple[str, str | None], int] = {}
        #: Vehicle → lanes upstream on which it was seen.
        self._guessed: dict[str, dict[str, None]] = {}

    @property
    def sight(self) -> Sight:
        """How well these see."""
        return self._sight

    def look(self, t_s: int, watching: Watching) -> View:
        """What is known at second t_s."""
        found: dict[str, list[_Seen]] = {lane: [] for lane in self._junction_of}
        inside: dict[str, dict[int, int]] = {name: {} for name in self._network.junctions}
        stuck: dict[str, dict[int, int]] = {name: {} for name in self._network.junctions}
        standing: dict[str, int] = {}
        #: Lane of a road out → how far from its beginning the rear of its last standing vehicle is, m.
        clear_m: dict[str, float] = {}
        late: list[tuple[float, Driven, Turn]] = []
        for driven in watching.driven.values():
            if not driven.lane or (self._sight.unseen and self._unseen(driven.name)):
                continue
            if driven.inside is not None:
                box, phase = inside[driven.inside[0]], driven.inside[1]
                box[phase] = box.get(phase, 0) + 1
                if driven.speed_mps < STANDING_MPS:
                    stands = stuck[driven.inside[0]]
                    stands[phase] = stands.get(phase, 0) + 1
            if driven.stood_s is not None and driven.lane in watching.exits and driven.place_m <= self._sight.reach_m:
                edge = self._lanes[driven.lane].edge
                standing[edge] = standing.get(edge, 0) + 1
                rear_m = max(0.0, driven.place_m - VEHICLE_M)
                clear_m[driven.lane] = min(clear_m.get(driven.lane, rear_m), rear_m)
            if not driven.turns and self._sight.turns:
                continue
            if self._sight.turns:
                before_m = self._before_m(driven, driven.turns[0])
                if before_m is not None:
                    late.append((before_m, driven, driven.turns[0]))
            else:
                self._glimpse(driven, found)
        for before_m, driven, turn in sorted(late, key=lambda one: (one[0], one[1].name)):
            lane, phase = self._lane(driven, turn, watching, found)
            found[lane].append(_Seen(before_m, driven.speed_mps, phase, driven.stood_s))
        t_ns = t_s * NS_PER_S
        demands = {
            name: Demand(t_ns, {lane.lane: self._demand(one, lane.lane, found, t_s) for lane in one.model.lanes})
            for name, one in self._network.junctions.items()
        }
        return View(demands, self._around(t_ns, inside, stuck, standing, clear_m, watching))

    def _around(
        self,
        t_ns: int,
        inside: Mapping[str, Mapping[int, int]],
        stuck: Mapping[str, Mapping[int, int]],
        standing: Mapping[str, int],
        clear_m: Mapping[str, float],
        watching: Watching,
    ) -> dict[str, StreetAround]:
        """What is known beyond the lanes, with what neighbours told each other of this second."""
        seen = [gone for gone in watching.gone if not (self._sight.unseen and self._unseen(gone.name))]
        told = [Departure(t_ns, gone.junction, gone.phase, gone.exit) for gone in seen]
        around = {}
        for name, junction in self._network.junctions.items():
            announced = self._announced[name]
            announced.hear(told)
            around[name] = StreetAround(
                t_ns,
                inside[name],
                tuple(Passed(gone.lane, gone.phase, t_ns) for gone in seen if gone.junction == name),
                self._room(junction, clear_m, watching),
                announced.coming(t_ns),
                stuck[name],
                standing={one: standing.get(one, 0) for one in self._exits[name]},
            )
        return around

    def _room(self, junction: Junction, clear_m: Mapping[str, float], watching: Watching) -> dict[str, int]:
        """Exit → vehicles that still fit in, for those in which somebody stands within sight."""
        room = {}
        for name in self._exits[junction.name]:
            lanes = watching.exit_lanes[name]
            if any(lane in clear_m for lane in lanes):
                free_m = [min(clear_m.get(lane, self._lanes[lane].length_m), self._sight.reach_m) for lane in lanes]
                room[name] = sum(int(one / SPACE_M) for one in free_m)
        return room

    def _unseen(self, name: str) -> bool:
        hidden = self._hidden.get(name)
        if hidden is None:
            hidden = zlib.crc32(f"{self._seed} {name}".encode()) < self._sight.unseen * 2**32
            self._hidden[name] = hidden
        return hidden

    def _before_m(self, driven: Driven, turn: Turn) -> float | None:
        """Way to the stop line of its next turn; None beyond sight."""
        lane = self._lanes[driven.lane]
        rest_m = lane.length_m - driven.place_m
        if lane.edge == turn.edge:
            return rest_m if rest_m <= self._sight.reach_m else None
        best: float | None = None
        for ahead in self._ahead.get(driven.lane, ()):
            if self._lanes[ahead.stop_lane].edge == turn.edge and (best is None or ahead.from_end_m < best):
                best = ahead.from_end_m
        if best is None:
            best = self._beside(driven.lane, turn.edge)
        return best + rest_m if best is not None and best + rest_m <= self._sight.reach_m else None

    def _beside(self, lane: str, edge: str) -> float | None:
        """The same by a lane beside it, for one who must change lanes first."""
        name, _, _ = lane.rpartition("_")
        found = [
            ahead.from_end_m
            for i in range(8)
            for ahead in self._ahead.get(f"{name}_{i}", ())
            if self._lanes[ahead.stop_lane].edge == edge
        ]
        return min(found, default=None)

    def _lane(
        self, driven: Driven, turn: Turn, watching: Watching, found: Mapping[str, list[_Seen]]
    ) -> tuple[str, int]:
        """The stop lane it will stand in: its own, one its lane leads to, or the emptiest that leads its way."""
        ways = watching.ways[turn.edge, turn.exit]
        lane = self._lanes[driven.lane]
        if lane.edge == turn.edge:
            best = min(ways, key=lambda way: abs(self._lanes[way[0]].index - lane.index))
            near = driven.stood_s is not None and lane.length_m - driven.place_m < _TOO_LATE_M
            # Who stands at the end of a lane that does not lead its way keeps that one closed until it is let in.
            return (driven.lane, best[1]) if near and driven.lane in found else best
        if len(ways) == 1:
            return ways[0]
        reached = {ahead.stop_lane for ahead in self._ahead.get(driven.lane, ())}
        open_ = [way for way in ways if way[0] in reached] or ways
        return min(open_, key=lambda way: len(found[way[0]]))

    def _glimpse(self, driven: Driven, found: Mapping[str, list[_Seen]]) -> None:
        """What a camera makes of it: where the lane leads, and where it was 0.3 s ago."""
        ahead = self._ahead.get(driven.lane)
        if ahead is None:
            self._turned_out(driven, None)
            return
        rest_m = self._lanes[driven.lane].length_m - driven.place_m + self._sight.latency_s * driven.speed_mps
        within = {one.stop_lane: one.from_end_m for one in ahead if one.from_end_m + rest_m <= self._sight.reach_m}
        if not within:
            return
        if driven.lane in within:
            stop_lane: str | None = driven.lane
            self._turned_out(driven, stop_lane)
        else:
            stop_lane = self._guess(driven, tuple(one.stop_lane for one in ahead))
        if stop_lane is not None and stop_lane in within:
            found[stop_lane].append(_Seen(within[stop_lane] + rest_m, driven.speed_mps, None, driven.stood_s))

    def _turned_out(self, driven: Driven, stop_lane: str | None) -> None:
        """It has come to a stop line of ours, or drives where none is ahead: so did one of those lanes upstream."""
        for lane in self._guessed.pop(driven.name, ()):
            self._came[lane, stop_lane] = self._came.get((lane, stop_lane), 0) + 1

    def _guess(self, driven: Driven, stop_lanes: tuple[str, ...]) -> str | None:
        """By the shares in which vehicles of this lane were seen to come to each, or to none (None)."""
        self._guessed.setdefault(driven.name, {})[driven.lane] = None
        ways: tuple[str | None, ...] = (*dict.fromkeys(stop_lanes), None)
        counts = [(0 if one is None else 1) + self._came.get((driven.lane, one), 0) for one in ways]
        at = zlib.crc32(driven.name.encode()) / 2**32 * sum(counts)
        for one, count in zip(ways, counts, strict=True):
            at -= count
            if at < 0:
                return one
        return ways[0]

    def _demand(self, junction: Junction, lane: str, found: Mapping[str, list[_Seen]], t_s: int) -> LaneDemand:
        phase = self._main_phase[lane]
        if lane in junction.crossings:
            return LaneDemand(lane, phase, None, None, None, None, None)
        seen = sorted(found[lane], key=lambda one: one.before_m)
        queue = [one for one in seen if one.speed_mps < STANDING_MPS]
        coming = [one for one in seen if one.speed_mps >= STANDING_MPS]
        stood = queue[0].stood_s if queue else None
        return LaneDemand(
            lane,
            phase,
            bool(seen) and seen[0].before_m <= _PRESENCE_M,
            tuple((max(one.before_m, 0.0), one.speed_mps) for one in coming),
            len(queue),
            None if stood is None else float(t_s - stood),
            self._sight.latency_s,
            tuple(one.phase for one in (*queue, *coming)) if self._sight.turns else None,
        )
