"""A parametric junction as SUMO's plain XML: nodes, edges and connections for netconvert.

Every leg is drawn in its own frame: d metres before the middle of the junction, o metres
from its axis toward its inbound traffic. The far-turn bays of a street lie in its median,
so throughs go straight across. Lane 0 is the footway; then cycle lane, kerb lane, inward.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from edge.errors import ConfigError
from sim_videos.compass import HEADING_DEG, OPPOSITE, exit_leg, far_turn, near_turn
from sim_videos.scenario import ArmSpec, JunctionSpec
from sim_videos.state import PointM

NODE = "C"
FOOTWAY_M = 2.6
CYCLE_LANE_M = 1.7
CROSSING_M = 3.6
KERB_RADIUS_M = 7.0
_MEDIAN_M = 0.5


@dataclass(frozen=True, slots=True)
class PlainFiles:
    """Texts of the three files that netconvert reads."""

    nodes: str
    edges: str
    connections: str


@dataclass(frozen=True, slots=True)
class _Leg:
    """One leg: median_m is the width of its street's median, which holds the bays."""

    arm: ArmSpec
    median_m: float
    half_box_m: float
    side: int

    def at(self, before_m: float, aside_m: float) -> PointM:
        """A place of this leg in metres of the junction."""
        angle = math.radians(HEADING_DEG[self.arm.approach])
        cos, sin = round(math.cos(angle)), round(math.sin(angle))
        aside = aside_m * self.side
        return (-cos * before_m + sin * aside, -sin * before_m - cos * aside)

    @property
    def id(self) -> str:
        return self.arm.approach

    @property
    def last_edge(self) -> str:
        """Id of the edge that ends at the stop line."""
        return f"{self.id}_bay" if self.arm.left_bay_m else f"{self.id}_in"

    @property
    def first_vehicle_lane(self) -> int:
        return 2 if self.arm.cycle_lane else 1


def plain_files(junction: JunctionSpec) -> PlainFiles:
    """The XML of a junction's arms; ConfigError for a bay whose turn leads nowhere."""
    legs = _legs(junction)
    nodes, edges, connections = ET.Element("nodes"), ET.Element("edges"), ET.Element("connections")
    _node(nodes, NODE, (0.0, 0.0), {"type": "traffic_light", "radius": f"{KERB_RADIUS_M}"})
    for leg in legs.values():
        _leg_edges(leg, nodes, edges)
    for leg in legs.values():
        for element in _leg_connections(leg, legs, left_hand=junction.left_hand_traffic):
            connections.append(element)
        if leg.arm.crossing:
            ends = f"{leg.last_edge} {leg.id}_out"
            ET.SubElement(connections, "crossing", node=NODE, edges=ends, width=f"{CROSSING_M}", priority="true")
    return PlainFiles(*(ET.tostring(element, encoding="unicode") for element in (nodes, edges, connections)))


def _legs(junction: JunctionSpec) -> dict[str, _Leg]:
    arms: dict[str, ArmSpec] = {arm.approach: arm for arm in junction.arms}
    turning = far_turn(left_hand=junction.left_hand_traffic)
    for number, arm in enumerate(junction.arms):
        if arm.left_bay_m and exit_leg(arm.approach, turning) not in arms:
            raise ConfigError(
                f"junction.arms.{number}.left_bay_m: {arm.approach} has no leg to turn into from its bay; remove it"
            )

    def median_m(approach: str) -> float:
        street = (arms.get(approach), arms.get(OPPOSITE[approach]))
        return max([_MEDIAN_M, *(arm.lane_width_m for arm in street if arm and arm.left_bay_m)])

    def half_width_m(approach: str) -> float:
        sides = [
            arm.lane_width_m * max(arm.lanes, arm.exit_lanes) + (CYCLE_LANE_M if arm.cycle_lane else 0.0)
            for arm in arms.values()
            if arm.approach in {approach, OPPOSITE[approach]}
        ]
        return median_m(approach) / 2 + max(sides)

    across = {"NB": "EB", "SB": "EB", "EB": "NB", "WB": "NB"}
    side = -1 if junction.left_hand_traffic else 1
    return {
        name: _Leg(arm, median_m(name), half_width_m(across[name]) + KERB_RADIUS_M + CROSSING_M, side)
        for name, arm in arms.items()
    }


def _leg_edges(leg: _Leg, nodes: ET.Element, edges: ET.Element) -> None:
    arm, end = leg.arm, f"{leg.id}_end"
    half_m = leg.median_m / 2
    far_m = max(arm.length_m, leg.half_box_m + arm.left_bay_m + 30)
    _node(nodes, end, leg.at(far_m, 0.0), {"type": "priority"})
    before_m = (far_m, 0.0)
    if arm.left_bay_m:
        middle_m = leg.half_box_m + arm.left_bay_m
        middle = f"{leg.id}_mid"
        _node(nodes, middle, leg.at(middle_m, half_m), {"type": "unregulated"})
        _edge(edges, leg, (f"{leg.id}_in", end, middle), ((far_m, half_m), (middle_m, half_m)), arm.lanes)
        left_m = half_m - arm.lane_width_m
        _edge(edges, leg, (f"{leg.id}_bay", middle, NODE), ((middle_m, left_m), (0.0, left_m)), arm.lanes + 1)
    else:
        ends = ((before_m[0], half_m), (0.0, half_m))
        _edge(edges, leg, (f"{leg.id}_in", end, NODE), ends, arm.lanes)
    _edge(edges, leg, (f"{leg.id}_out", NODE, end), ((0.0, -half_m), (far_m, -half_m)), arm.exit_lanes)


def _edge(
    edges: ET.Element, leg: _Leg, ids: tuple[str, str, str], ends: tuple[tuple[float, float], ...], vehicle_lanes: int
) -> None:
    """One edge: ids are its own, where from, where to; ends are (before, aside) along its inner border."""
    name, start, end = ids
    first = leg.first_vehicle_lane
    edge = ET.SubElement(
        edges,
        "edge",
        {
            "id": name,
            "from": start,
            "to": end,
            "numLanes": f"{first + vehicle_lanes}",
            "speed": f"{leg.arm.speed_limit_mps}",
            "spreadType": "right",
            "priority": "5" if leg.id in {"NB", "SB"} else "4",
            "shape": " ".join(f"{x:.3f},{y:.3f}" for x, y in (leg.at(*end_m) for end_m in ends)),
        },
    )
    ET.SubElement(edge, "lane", index="0", allow="pedestrian", width=f"{FOOTWAY_M}")
    if leg.arm.cycle_lane:
        ET.SubElement(edge, "lane", index="1", allow="bicycle", width=f"{CYCLE_LANE_M}")
    barred = "pedestrian bicycle rail" if leg.arm.cycle_lane else "pedestrian rail"
    for lane in range(first, first + vehicle_lanes):
        ET.SubElement(edge, "lane", index=f"{lane}", disallow=barred, width=f"{leg.arm.lane_width_m}")


def _leg_connections(leg: _Leg, legs: dict[str, _Leg], *, left_hand: bool) -> Iterator[ET.Element]:
    """Who goes where. Lanes are counted here from the median, 0 innermost."""
    arm = leg.arm
    far, near = far_turn(left_hand=left_hand), near_turn(left_hand=left_hand)
    ahead, across, beside = (legs.get(exit_leg(arm.approach, turning)) for turning in ("T", far, near))
    kerb = leg.first_vehicle_lane
    innermost = kerb + arm.lanes - 1
    if arm.left_bay_m:
        yield from _into_bay(leg, kerb)
        if across is not None:
            yield _connection(leg, across, innermost + 1, _inner(across, 0))
    for inward in range(arm.lanes):
        lane = innermost - inward
        if ahead is not None:
            yield _connection(leg, ahead, lane, _inner(ahead, inward))
        sole = arm.lanes > 1 and inward == arm.lanes - 1
        if across is not None and not arm.left_bay_m and (inward == 0 or (ahead is None and not sole)):
            yield _connection(leg, across, lane, _inner(across, inward))
    if beside is not None:
        yield _connection(leg, beside, kerb, beside.first_vehicle_lane)
    for leads in (ahead, beside):
        # Cyclists: lane 1 is the cycle lane, or the kerb lane where there is none.
        if leads is not None and (arm.cycle_lane or leads.arm.cycle_lane):
            yield _connection(leg, leads, 1, 1)


def _into_bay(leg: _Leg, kerb: int) -> Iterator[ET.Element]:
    """Connections from the street's lanes to the same lanes beside the bay, and into the bay."""
    lanes = leg.arm.lanes
    for lane in range(1, kerb + lanes):
        yield _element(f"{leg.id}_in", f"{leg.id}_bay", lane, lane)
    yield _element(f"{leg.id}_in", f"{leg.id}_bay", kerb + lanes - 1, kerb + lanes)


def _inner(leg: _Leg, inward: int) -> int:
    """The exit lane that many from the median, or the one by the kerb where there are fewer."""
    return leg.first_vehicle_lane + leg.arm.exit_lanes - 1 - min(inward, leg.arm.exit_lanes - 1)


def _connection(leg: _Leg, leads: _Leg, lane: int, to_lane: int) -> ET.Element:
    return _element(leg.last_edge, f"{leads.id}_out", lane, to_lane)


def _element(edge: str, to_edge: str, lane: int, to_lane: int) -> ET.Element:
    return ET.Element("connection", {"from": edge, "to": to_edge, "fromLane": f"{lane}", "toLane": f"{to_lane}"})


def _node(nodes: ET.Element, name: str, pos_m: PointM, more: dict[str, str]) -> None:
    ET.SubElement(nodes, "node", {"id": name, "x": f"{pos_m[0]:.3f}", "y": f"{pos_m[1]:.3f}", **more})
