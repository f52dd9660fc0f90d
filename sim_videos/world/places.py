"""Where a SUMO position is to Stopline: lane, approach and metres to the stop line."""

from __future__ import annotations

from dataclasses import dataclass

from sim_videos.world.survey import InboundLane, Survey


@dataclass(frozen=True, slots=True)
class Place:
    """One SUMO lane on the way to a stop line. to_stop_m is from the lane's start."""

    approach: str
    name: str | None
    to_stop_m: float


def places_of(found: Survey) -> dict[str, Place]:
    """SUMO lane → its place, for every lane of the inbound chains."""
    places: dict[str, Place] = {}
    for lane in found.inbound:
        left_m = 0.0
        for part in reversed(lane.chain):
            left_m += found.net.lanes[part].length_m
            places[part] = Place(lane.approach, lane.name, left_m)
    # The way into a bay from the street: the bay's own, as far as it is not the through lane's.
    for connection in found.net.connections:
        following = places.get(connection.to_lane)
        if following is None:
            continue
        left_m = following.to_stop_m
        for part in reversed(connection.via):
            left_m += found.net.lanes[part].length_m
            places.setdefault(part, Place(following.approach, following.name, left_m))
    return places


def spot_on(found: Survey, lane: InboundLane, from_stop_m: float) -> tuple[str, float]:
    """(SUMO lane, metres from its start) of a place on an inbound lane, nudged off nodes between its parts.

    Further upstream than the lane reaches gives its start.
    """
    left_m = from_stop_m
    for part in reversed(lane.chain):
        length_m = found.net.lanes[part].length_m
        if left_m <= length_m:
            if part.startswith(":"):
                left_m = length_m
                continue
            return part, max(length_m - left_m, 1.0)
        left_m -= length_m
    return lane.chain[0], 1.0
