"""Which stop line a vehicle on any lane comes to, and how far it is: lanes followed upstream over roads and junctions.

Another traffic light ends the way back: whoever stands before that one is not on the way
to this one yet. Inside that junction he is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim_videos.nets.net_file import Connection, RoadNet


@dataclass(frozen=True, slots=True)
class Ahead:
    """A stop line ahead of a lane's end: that many metres on, over `steps` connections."""

    stop_lane: str
    from_end_m: float
    steps: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Lane → stop lines ahead within sight, nearest first; and stop lane → how far back lanes lead to it, m."""

    ahead: Mapping[str, tuple[Ahead, ...]]
    back_m: Mapping[str, float]


def reach(net: RoadNet, stop_lanes: tuple[str, ...], sight_m: float) -> Reach:
    """Follow every stop lane back for sight_m from its stop line."""
    into: dict[str, list[Connection]] = {}
    for each in net.connections.values():
        for connection in each:
            into.setdefault(connection.to_lane, []).append(connection)
    ahead: dict[str, list[Ahead]] = {}
    back_m: dict[str, float] = {}
    for stop_lane in stop_lanes:
        open_ = [(stop_lane, 0.0, 0)]
        seen: set[str] = set()
        farthest_m = 0.0
        while open_:
            lane, from_end_m, steps = open_.pop(0)
            if lane in seen:
                continue
            seen.add(lane)
            ahead.setdefault(lane, []).append(Ahead(stop_lane, from_end_m, steps))
            begin_m = from_end_m + net.lanes[lane].length_m
            if not lane.startswith(":"):
                farthest_m = max(farthest_m, min(begin_m, sight_m))
            if begin_m >= sight_m:
                continue
            open_ += [(before, at_m, steps + 1) for before, at_m in _before(net, into.get(lane, ()), begin_m)]
        back_m[stop_lane] = farthest_m
    return Reach(
        {lane: tuple(sorted(each, key=lambda a: (a.from_end_m, a.stop_lane))) for lane, each in ahead.items()}, back_m
    )


def _before(net: RoadNet, into: tuple[Connection, ...] | list[Connection], begin_m: float) -> list[tuple[str, float]]:
    """Lanes before one, and how far their ends are from the stop line. An inner lane stands in for a ruled one."""
    found = []
    for connection in into:
        if net.lanes[connection.from_lane].walk:
            continue
        inner_m, first = _inner(net, connection)
        found += [(lane, begin_m + at_m) for lane, at_m in first]
        if connection.signal is None and not connection.from_lane.startswith(":"):
            found.append((connection.from_lane, begin_m + inner_m))
    return found


def _inner(net: RoadNet, connection: Connection) -> tuple[float, list[tuple[str, float]]]:
    """Length of a connection's lanes inside the junction, and each with its end's distance from the way out."""
    chain: list[str] = []
    lane = connection.via
    while lane is not None and lane not in chain and lane in net.lanes:
        chain.append(lane)
        onward = [c for c in net.connections.get(lane, ()) if c.to_lane == connection.to_lane]
        lane = onward[0].via if onward else None
    lengths = [net.lanes[name].length_m for name in chain]
    return sum(lengths), [(name, sum(lengths[i + 1 :])) for i, name in enumerate(chain)]
