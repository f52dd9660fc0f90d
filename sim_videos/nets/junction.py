"""A traffic light of a net as the rest of Stopline knows junctions: a model to plan with, a table for the core."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil

from calibration.check_lamps import WALKER_MPS
from edge.control.junction import JunctionModel, LaneModel, PhaseModel, Way
from edge.control.passing import Fed
from edge.errors import InputError
from firmware_bridge.timing_table import Channel, TimingTable
from sim_videos.nets.groups import Grouping, group
from sim_videos.nets.net_file import Program, RoadNet
from sim_videos.nets.reach import Reach, reach

#: Full eyes look so far back.
SIGHT_M = 200.0
#: Neighbours further apart than this tell each other nothing.
_CORRIDOR_M = 800.0


@dataclass(frozen=True, slots=True)
class Times:
    """One setting for all junctions, s. max_green_s is for controllers alone: the core knows none."""

    yellow_s: float = 3.0
    red_clearance_s: float = 0.0
    min_green_s: float = 5.0
    max_green_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Junction:
    """One traffic light. lanes: those with a stop line, in the order of their links; crossings: places to walk."""

    name: str
    program: Program
    grouping: Grouping
    model: JunctionModel
    table: TimingTable
    times: Times
    lanes: tuple[str, ...]
    crossings: tuple[str, ...] = ()
    fed: Fed = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Network:
    """All traffic lights of a net, and how their stop lines are reached."""

    net: RoadNet
    junctions: Mapping[str, Junction]
    reach: Reach


def network(net: RoadNet, times: Times) -> Network:
    """Read all traffic lights; InputError says what of which cannot be served."""
    groupings = {name: group(net, name) for name in net.programs}
    lanes = {name: _stop_lanes(grouping) for name, grouping in groupings.items()}
    far = reach(net, tuple(lane for each in lanes.values() for lane in each), SIGHT_M)
    junctions = {}
    for name, grouping in groupings.items():
        if not lanes[name]:
            raise InputError(f"{net.path}: traffic light {name} has no lane for vehicles; remove it from the net")
        crossings = _crossings(grouping)
        walks_s = {phase: _walk_s(net, lanes_) for phase, lanes_ in crossings.items()}
        model = _model(net, grouping, times, walks_s, far, lanes[name], crossings)
        table = _table(grouping, times, walks_s)
        walked = tuple(lane for each in crossings.values() for lane in each)
        junctions[name] = Junction(name, net.programs[name], grouping, model, table, times, lanes[name], walked)
    return Network(net, _fed(net, junctions), far)


def _stop_lanes(grouping: Grouping) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c.from_lane for link in grouping.links if not link.walk for c in link.connections))


def _crossings(grouping: Grouping) -> dict[int, tuple[str, ...]]:
    """Phase → the places that people cross by with it, as the lanes that they leave or enter."""
    found: dict[int, dict[str, None]] = {}
    for link in grouping.links:
        if link.walk and link.phase is not None:
            found.setdefault(link.phase, {}).update((c.to_lane, None) for c in link.connections)
    return {phase: tuple(lanes) for phase, lanes in found.items()}


def _walk_s(net: RoadNet, crossings: tuple[str, ...]) -> float:
    """A green that lets who begins at once get over: nothing else times those on foot here."""
    return float(ceil(max(net.lanes[lane].length_m for lane in crossings) / WALKER_MPS))


def _model(
    net: RoadNet,
    grouping: Grouping,
    times: Times,
    walks_s: Mapping[int, float],
    far: Reach,
    lanes: tuple[str, ...],
    crossings: Mapping[int, tuple[str, ...]],
) -> JunctionModel:
    phases = tuple(
        PhaseModel(
            number,
            max(times.min_green_s, walks_s.get(number, 0.0)),
            times.yellow_s,
            times.red_clearance_s,
            max(times.max_green_s, walks_s.get(number, 0.0)),
        )
        for number in grouping.phases
    )
    models = [
        LaneModel(
            name,
            _ways(grouping, name),
            far.back_m[name],
            net.lanes[name].speed_mps,
            approach=net.lanes[name].edge,
        )
        for name in lanes
    ]
    models += [
        LaneModel(name, (Way(phase, 1.0),), 1.0, WALKER_MPS) for phase, each in crossings.items() for name in each
    ]
    return JunctionModel(grouping.signal, phases, tuple(models), grouping.stages)


def _ways(grouping: Grouping, lane: str) -> tuple[Way, ...]:
    """One a connection; a turn back is rare, the others are taken to be alike before any vehicle was seen."""
    found = [
        (link, connection)
        for link in grouping.links
        for connection in link.connections
        if connection.from_lane == lane and link.phase is not None
    ]
    weights = [0.02 if connection.turn == "t" and len(found) > 1 else 1.0 for _, connection in found]
    phase_of = {link.number: link.phase for link in grouping.links}
    ways = []
    for (link, connection), weight in zip(found, weights, strict=True):
        yields = frozenset(
            other
            for number in link.yields_to
            if (other := phase_of.get(number)) is not None and frozenset((other, link.phase)) in grouping.compatible
        )
        ways.append(Way(link.phase or 0, weight / sum(weights), yields, connection.to_edge))
    return tuple(ways)


def _table(grouping: Grouping, times: Times, walks_s: Mapping[int, float]) -> TimingTable:
    """Channels in the order of phases."""
    index = {number: i for i, number in enumerate(grouping.phases)}
    channels = tuple(
        Channel(
            number,
            str(number),
            frozenset(
                index[other]
                for other in grouping.phases
                if other == number or frozenset((number, other)) in grouping.compatible
            ),
            frozenset(),
            round(max(times.min_green_s, walks_s.get(number, 0.0)) * 100),
            round(times.yellow_s * 100),
            round(times.red_clearance_s * 100),
        )
        for number in grouping.phases
    )
    return TimingTable(0, channels, 0, 300, frozenset(), frozenset(), zlib.crc32(grouping.signal.encode()))


def _fed(net: RoadNet, junctions: Mapping[str, Junction]) -> dict[str, Junction]:
    """Add to each junction which exits of neighbours lead to its lanes, and how long vehicles drive from there."""
    stop_of = {lane: name for name, junction in junctions.items() for lane in junction.lanes}
    rows: dict[str, dict[tuple[str, int], float]] = {}
    fed: dict[str, dict[tuple[str, str], dict[str, float]]] = {name: {} for name in junctions}
    for name, junction in junctions.items():
        for link in junction.grouping.links:
            for connection in link.connections:
                if link.phase is None or link.walk:
                    continue
                for lane, travel_s in _onward(net, connection.to_lane, stop_of).items():
                    if stop_of[lane] == name:
                        continue
                    rows.setdefault(lane, {}).setdefault((name, link.phase), round(travel_s, 1))
                    fed[stop_of[lane]].setdefault((name, connection.to_edge), {}).setdefault(lane, travel_s)
    made = {}
    for name, junction in junctions.items():
        lanes = tuple(
            replace(lane, fed_by=tuple((*key, travel_s) for key, travel_s in rows.get(lane.lane, {}).items()))
            for lane in junction.model.lanes
        )
        ways = {key: tuple(found.items()) for key, found in fed[name].items()}
        made[name] = replace(junction, model=replace(junction.model, lanes=lanes), fed=ways)
    return made


def _onward(net: RoadNet, lane: str, stop_of: Mapping[str, str]) -> dict[str, float]:
    """Stop lanes that a lane leads to, with the travel time over it and all between; lanes beside it count as it."""
    found: dict[str, float] = {}
    open_ = [(lane, 0.0, 0.0)]
    seen: set[str] = set()
    while open_:
        edge_lane, before_s, before_m = open_.pop(0)
        edge = net.lanes[edge_lane].edge
        if edge in seen or before_m > _CORRIDOR_M:
            continue
        seen.add(edge)
        for beside in (one for one in net.lanes.values() if one.edge == edge and not one.walk):
            end_s = before_s + beside.length_m / max(beside.speed_mps, 1.0)
            if beside.id in stop_of:
                found.setdefault(beside.id, end_s)
                continue
            onwards = (one for one in net.connections.get(beside.id, ()) if one.signal is None)
            open_ += [(one.to_lane, end_s, before_m + beside.length_m) for one in onwards]
    return found
