"""Where every vehicle of a SUMO run stands to the lights ahead of it, second by second.

Truth alone: who sees what of it is the business of `eyes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim_videos.nets.junction import Network
from sim_videos.nets.net_file import NetLane
from sim_videos.nets.sumo_link import Frame, Moving

#: Slower than this nobody arrives: he stands in a queue.
STANDING_MPS = 1.0
#: Road that a vehicle takes, and with the gap to the next.
VEHICLE_M, SPACE_M = 5.0, 7.5


@dataclass(frozen=True, slots=True)
class Turn:
    """A light on a vehicle's way: the edge it comes by, the one it leaves by, and its place in the route."""

    at: int
    junction: str
    edge: str
    exit: str


@dataclass(slots=True)
class Driven:
    """One vehicle on its way. turns: lights still ahead, next first. stood_s: since when it stands."""

    name: str
    turns: list[Turn]
    lane: str = ""
    place_m: float = 0.0
    speed_mps: float = 0.0
    stood_s: int | None = None
    inside: tuple[str, int] | None = None
    stop_lane: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """A vehicle that passed a stop line within the last second."""

    name: str
    junction: str
    lane: str
    phase: int
    exit: str


class Watching:
    """Keeps every vehicle's place. Feed it each frame, then read `driven` and `gone`."""

    def __init__(self, network: Network) -> None:
        self._net = network.net
        self._junction_of = {lane: name for name, one in network.junctions.items() for lane in one.lanes}
        self._signal_of = {network.net.lanes[lane].edge: name for lane, name in self._junction_of.items()}
        #: (approach edge, exit edge) → stop lanes with the phase of that turn.
        self.ways: Mapping[tuple[str, str], tuple[tuple[str, int], ...]] = _ways(network)
        edges = edge_lanes(network.net.lanes.values())
        exits = {way.exit for one in network.junctions.values() for lane in one.model.lanes for way in lane.ways}
        #: Exit edge → its lanes.
        self.exit_lanes = {edge: tuple(edges[edge]) for edge in sorted(one for one in exits if one is not None)}
        #: The same lanes.
        self.exits = frozenset(lane for lanes in self.exit_lanes.values() for lane in lanes)
        self.driven: dict[str, Driven] = {}
        self.gone: list[Gone] = []

    def see(self, t_s: int, frame: Frame) -> None:
        """Take in the frame of second t_s."""
        self.gone = []
        for name in frame.left:
            driven = self.driven.pop(name, None)
            if driven is not None and driven.turns and driven.stop_lane is not None:
                self._passed(driven)
        for name, route in frame.entered.items():
            self.driven[name] = Driven(name, self._turns(route))
        for moving in frame.moving:
            driven = self.driven.get(moving.vehicle)
            if driven is not None:
                self._move(driven, moving, t_s)

    def _turns(self, route: Sequence[str]) -> list[Turn]:
        return [
            Turn(i, self._signal_of[edge], edge, route[i + 1])
            for i, edge in enumerate(route[:-1])
            if edge in self._signal_of and (edge, route[i + 1]) in self.ways
        ]

    def _move(self, driven: Driven, moving: Moving, t_s: int) -> None:
        lane, index = moving.lane, moving.route_index
        inner = lane.startswith(":")
        while driven.turns and (index > driven.turns[0].at or (index == driven.turns[0].at and inner)):
            self._passed(driven)
        if not inner:
            driven.inside = None
            if lane in self._junction_of:
                driven.stop_lane = lane
        driven.lane, driven.place_m, driven.speed_mps = lane, moving.place_m, moving.speed_mps
        if moving.speed_mps >= STANDING_MPS:
            driven.stood_s = None
        elif driven.stood_s is None:
            driven.stood_s = t_s

    def _passed(self, driven: Driven) -> None:
        turn = driven.turns.pop(0)
        ways = self.ways[turn.edge, turn.exit]
        lane = driven.stop_lane
        found = [(one, phase) for one, phase in ways if one == lane] or list(ways)
        driven.stop_lane = None
        driven.inside = (turn.junction, found[0][1])
        self.gone.append(Gone(driven.name, turn.junction, found[0][0], found[0][1], turn.exit))


def _ways(network: Network) -> dict[tuple[str, str], tuple[tuple[str, int], ...]]:
    ways: dict[tuple[str, str], dict[str, int]] = {}
    for junction in network.junctions.values():
        for lane in junction.model.lanes:
            for way in lane.ways:
                if way.exit is not None:
                    ways.setdefault((network.net.lanes[lane.lane].edge, way.exit), {}).setdefault(lane.lane, way.phase)
    return {key: tuple(found.items()) for key, found in ways.items()}


def edge_lanes(lanes: Iterable[NetLane]) -> dict[str, list[str]]:
    """Edge → its lanes for vehicles, in order."""
    found: dict[str, list[str]] = {}
    for lane in lanes:
        if not lane.walk:
            found.setdefault(lane.edge, []).append(lane.id)
    return found
