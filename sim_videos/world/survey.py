"""What a net means to Stopline: its legs, lanes by name, movements, and the phase of every signal link.

The same rules serve parametric junctions and any SUMO net: a leg is named by the compass
heading of its inbound edge, a movement by SUMO's direction of the connection.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from edge.errors import ConfigError
from sim_videos.compass import (
    APPROACHES,
    FAR_PHASE,
    OPPOSITE,
    THROUGH_PHASE,
    Turning,
    approach_of,
    crossing_phase,
    exit_leg,
    far_turn,
    near_turn,
)
from sim_videos.state import PointM
from sim_videos.street import LaneUse, Line
from sim_videos.world.net import Connection, Net, NetCrossing, NetLane

_TURNING: dict[str, Turning] = {"s": "T", "l": "L", "L": "L", "r": "R", "R": "R", "t": "U", "T": "U"}
#: How far upstream a lane is followed over nodes at which nothing can be turned into.
_REACH_M = 400.0


@dataclass(frozen=True, slots=True)
class InboundLane:
    """One lane to a stop line: chain is its SUMO lanes in order of travel, lane the last of them.

    name is None for a cycle lane. line_m leads over the whole chain.
    """

    name: str | None
    approach: str
    use: LaneUse
    lane: NetLane
    chain: tuple[str, ...]
    line_m: Line
    movements: tuple[str, ...]
    phase: int


@dataclass(frozen=True, slots=True)
class Way:
    """One connection over the junction, and what it is to Stopline."""

    connection: Connection
    approach: str
    turning: Turning
    movement: str
    phase: int
    path_m: Line


@dataclass(frozen=True, slots=True)
class Walkway:
    """One crossing of a leg, and the phase it goes with."""

    crossing: NetCrossing
    approach: str
    phase: int | None


@dataclass(frozen=True, slots=True)
class Survey:
    """The junction as Stopline sees it. inbound_edges and outbound_edges go by leg, nearest edge first."""

    net: Net
    phases: tuple[int, ...]
    approaches: tuple[str, ...]
    inbound_edges: dict[str, tuple[str, ...]]
    outbound_edges: dict[str, tuple[str, ...]]
    inbound: tuple[InboundLane, ...]
    ways: tuple[Way, ...]
    walkways: tuple[Walkway, ...]

    @property
    def movements(self) -> tuple[str, ...]:
        """Names of the vehicle movements, in the order of approaches, then L, T, R, U."""
        found = {way.movement for way in self.ways}
        return tuple(f"{a}{t}" for a in self.approaches for t in "LTRU" if f"{a}{t}" in found)

    def lane(self, name: str) -> InboundLane | None:
        """The inbound lane of a name."""
        return next((lane for lane in self.inbound if lane.name == name), None)


def survey(net: Net) -> Survey:
    """Reads a net; ConfigError where two legs would bear one name or nothing can be driven."""
    legs = _legs(net)
    chains = {edge: _chain_edges(net, edge) for edge in legs.values()}
    outbound = _outbound(net)
    ways_raw = [
        (leg, connection)
        for leg, edge in legs.items()
        for connection in net.connections
        if net.lanes[connection.lane].edge == edge and net.lanes[connection.lane].use is not LaneUse.WALKERS
    ]
    if not ways_raw:
        raise ConfigError(f"{net.path}: no lane leads over junction {net.junction}; name another junction")
    protected = _protected(net, legs, ways_raw)
    ways = tuple(_way(net, leg, connection, protected) for leg, connection in ways_raw)
    phases = tuple(sorted({way.phase for way in ways}))
    return Survey(
        net=net,
        phases=phases,
        approaches=tuple(name for name in APPROACHES if name in legs),
        inbound_edges={leg: chains[edge] for leg, edge in legs.items()},
        outbound_edges=outbound,
        inbound=tuple(_inbound(net, legs, ways)),
        ways=ways,
        walkways=tuple(_walkways(net, legs, outbound, frozenset(phases))),
    )


def _legs(net: Net) -> dict[str, str]:
    """Approach → the edge that ends at its stop line."""
    legs: dict[str, str] = {}
    for edge, node in net.targets.items():
        vehicle = [lane for lane in net.edges[edge] if net.lanes[lane].use is LaneUse.VEHICLES]
        if node != net.junction or not vehicle:
            continue
        name = approach_of(end_heading_rad(net.lanes[vehicle[-1]].line_m))
        if name in legs:
            raise ConfigError(
                f"{net.path}: edges {legs[name]} and {edge} both bring {name} traffic to junction {net.junction}; "
                "Stopline serves at most one leg of each compass direction"
            )
        legs[name] = edge
    return {name: legs[name] for name in APPROACHES if name in legs}


def end_heading_rad(line_m: Line) -> float:
    """Direction of the end of a line."""
    (x1, y1), (x2, y2) = line_m[-2], line_m[-1]
    return math.atan2(y2 - y1, x2 - x1)


def _chain_edges(net: Net, edge: str) -> tuple[str, ...]:
    """An inbound edge and those before it from which nothing else can be reached, nearest first."""
    found, total_m = [edge], 0.0
    while total_m < _REACH_M:
        total_m += net.lanes[net.edges[found[-1]][0]].length_m
        before = {net.lanes[c.lane].edge for c in net.connections if net.lanes[c.to_lane].edge == found[-1]}
        if len(before) != 1:
            break
        (earlier,) = before
        leads = {net.lanes[c.to_lane].edge for c in net.connections if net.lanes[c.lane].edge == earlier}
        if leads != {found[-1]} or earlier in found:
            break
        found.append(earlier)
    return tuple(found)


def _outbound(net: Net) -> dict[str, tuple[str, ...]]:
    """Leg, named by the approach that comes in on it, → its exit edges."""
    found: dict[str, list[str]] = defaultdict(list)
    for edge, node in net.sources.items():
        drivable = [lane for lane in net.edges[edge] if net.lanes[lane].use is LaneUse.VEHICLES]
        if node == net.junction and drivable:
            (x1, y1), (x2, y2) = net.lanes[drivable[-1]].line_m[:2]
            found[OPPOSITE[approach_of(math.atan2(y2 - y1, x2 - x1))]].append(edge)
    return {leg: tuple(edges) for leg, edges in found.items()}


def _protected(net: Net, legs: dict[str, str], ways: list[tuple[str, Connection]]) -> frozenset[str]:
    """Approaches whose far turn has lanes of its own and traffic to be kept from: it gets a phase."""
    far = far_turn(left_hand=net.left_hand)
    turnings: dict[tuple[str, str], set[Turning]] = defaultdict(set)
    for leg, connection in ways:
        turnings[leg, connection.lane].add(_TURNING.get(connection.turning, "T"))
    return frozenset(leg for (leg, _), found in turnings.items() if found <= {far, "U"} and OPPOSITE[leg] in legs)


def _way(net: Net, leg: str, connection: Connection, protected: frozenset[str]) -> Way:
    turning = _TURNING.get(connection.turning, "T")
    far = turning in {far_turn(left_hand=net.left_hand), "U"}
    points: list[PointM] = [net.lanes[connection.lane].line_m[-1]]
    for lane in (*connection.via, connection.to_lane):
        line_m = net.lanes[lane].line_m if lane != connection.to_lane else net.lanes[lane].line_m[:1]
        points.extend(point for point in line_m if math.dist(point, points[-1]) > 1e-3)
    return Way(
        connection=connection,
        approach=leg,
        turning=turning,
        movement=f"{leg}{turning}",
        phase=FAR_PHASE[leg] if far and leg in protected else THROUGH_PHASE[leg],
        path_m=tuple(points),
    )


def _inbound(net: Net, legs: dict[str, str], ways: tuple[Way, ...]) -> Iterator[InboundLane]:
    far = far_turn(left_hand=net.left_hand)
    for leg, edge in legs.items():
        plain = bays = 0
        drivable = [lane for lane in net.edges[edge] if net.lanes[lane].use is not LaneUse.WALKERS]
        turnings = {lane: [way.turning for way in ways if way.connection.lane == lane] for lane in drivable}
        mixed = any(far not in found for found in turnings.values())
        for lane in drivable:
            found = turnings[lane]
            if not found:
                continue
            name = None
            if net.lanes[lane].use is LaneUse.VEHICLES:
                if mixed and set(found) <= {far, "U"}:
                    bays += 1
                    name = f"{leg}{far}{bays}"
                else:
                    plain += 1
                    name = f"{leg}{plain}"
            serving = [way for way in ways if way.connection.lane == lane]
            chain = _chain(net, lane)
            yield InboundLane(
                name=name,
                approach=leg,
                use=net.lanes[lane].use,
                lane=net.lanes[lane],
                chain=chain,
                line_m=_joined(net, chain),
                movements=tuple(f"{leg}{t}" for t in "LTRU" if t in found),
                phase=min((way.phase for way in serving), key=lambda phase: phase != THROUGH_PHASE[leg]),
            )


def _chain(net: Net, lane: str) -> tuple[str, ...]:
    """A lane and those before it that lead straight into it and no other better; in order of travel."""
    chain, total_m = [lane], 0.0
    while total_m < _REACH_M:
        first = net.lanes[chain[0]]
        total_m += first.length_m
        before = [c for c in net.connections if c.to_lane == chain[0] and c.turning == "s"]
        if len({net.lanes[c.lane].edge for c in before}) != 1:
            break
        best = min(before, key=lambda c: _gap_m(net, c))
        rivals = [c for c in net.connections if c.lane == best.lane]
        if min(rivals, key=lambda c: _gap_m(net, c)) != best or len({net.lanes[c.to_lane].edge for c in rivals}) != 1:
            break
        if best.lane in chain:
            break
        chain[:0] = [best.lane, *best.via]
    return tuple(chain)


def _gap_m(net: Net, connection: Connection) -> float:
    return math.dist(net.lanes[connection.lane].line_m[-1], net.lanes[connection.to_lane].line_m[0])


def _joined(net: Net, chain: tuple[str, ...]) -> Line:
    points: list[PointM] = []
    for lane in chain:
        points.extend(p for p in net.lanes[lane].line_m if not points or math.dist(p, points[-1]) > 1e-3)
    return tuple(points)


def _walkways(
    net: Net, legs: dict[str, str], outbound: dict[str, tuple[str, ...]], phases: frozenset[int]
) -> Iterator[Walkway]:
    for crossing in net.crossings:
        across = set(crossing.edges)
        leg = next(
            (name for name in APPROACHES if legs.get(name) in across or not across.isdisjoint(outbound.get(name, ()))),
            None,
        )
        if leg is not None:
            yield Walkway(crossing, leg, crossing_phase(leg, phases, left_hand=net.left_hand))


def serves_crossing(found: Survey, way: Way) -> bool:
    """Whether a turn sweeps the crossing of the leg by which it leaves while that may walk."""
    if way.turning == "T":
        return False
    leg = exit_leg(way.approach, way.turning)
    walking = {walkway.phase for walkway in found.walkways if walkway.approach == leg}
    return any(phase is not None and _may_run_together(phase, way.phase) for phase in walking)


def _may_run_together(a: int, b: int) -> bool:
    """Of the NEMA ring: the same phase, or phases of the same barrier group in different rings."""
    ring_a, ring_b = (a - 1) // 4, (b - 1) // 4
    group_a, group_b = ((a - 1) % 4) // 2, ((b - 1) % 4) // 2
    return a == b or (ring_a != ring_b and group_a == group_b)


def must_yield(found: Survey, way: Way) -> bool:
    """Whether a green of this way is one that gives way (SUMO's `g`): to oncoming, walking or cycling."""
    left_hand = found.net.left_hand
    if way.turning == "T":
        return False
    if serves_crossing(found, way):
        return True
    if way.turning in {far_turn(left_hand=left_hand), "U"}:
        return way.phase == THROUGH_PHASE[way.approach] and OPPOSITE[way.approach] in found.approaches
    beside = way.turning == near_turn(left_hand=left_hand)
    cycles = any(lane.use is LaneUse.BICYCLES and lane.approach == way.approach for lane in found.inbound)
    return beside and cycles and found.net.lanes[way.connection.lane].use is LaneUse.VEHICLES
