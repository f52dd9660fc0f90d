"""From a scenario to its street: net, survey, timing, and everything the renderer paints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ConfigError
from sim_videos.scenario import Scenario
from sim_videos.state import PointM
from sim_videos.street import Arm, Crosswalk, LaneUse, RoadLane, Street, Turn
from sim_videos.world.masts import heads_of
from sim_videos.world.net import Net, read_net
from sim_videos.world.netconvert import make_net
from sim_videos.world.survey import Survey, end_heading_rad, survey
from sim_videos.world.timing import plan_of, signal_of

#: Lanes of a larger net further off than this are not part of the street.
_REACH_M = 450.0


@dataclass(frozen=True, slots=True)
class Ground:
    """A street together with the survey it was made from, for who drives on it."""

    street: Street
    survey: Survey


def build_street(scenario: Scenario, work: Path) -> Street:
    """The street of a scenario. SUMO's files are written into work, a folder that exists.

    Raises ConfigError for a junction that cannot be built, a net without a signal, a
    movement it lacks or a plan that cannot be served, and ModuleNotFoundError without SUMO.
    """
    with scenario.naming():
        return build_ground(scenario, work).street


def build_ground(scenario: Scenario, work: Path) -> Ground:
    """As `build_street`, with the survey."""
    junction = scenario.junction
    path = junction.net if junction.net is not None else make_net(junction, work)
    found = survey(read_net(path, junction.junction if junction.net is not None else None))
    _check_movements(scenario, found)
    names: dict[str, str] = {arm.approach: arm.name for arm in junction.arms if arm.name}
    arms = tuple(_arm(found, approach, names.get(approach, approach)) for approach in found.approaches)
    signal = signal_of(found, scenario.signal)
    street = Street(
        id=scenario.id,
        arms=arms,
        lanes=tuple(_lanes(found)),
        outline_m=found.net.outline_m,
        crosswalks=tuple(
            Crosswalk(w.crossing.edge, w.approach, w.crossing.outline_m, w.crossing.axis_m, w.phase)
            for w in found.walkways
        ),
        heads=heads_of(found, arms),
        turns=tuple(_turns(found)),
        signal=signal,
        plan=plan_of(scenario, found, signal),
    )
    return Ground(street, found)


def _check_movements(scenario: Scenario, found: Survey) -> None:
    have = ", ".join(found.movements)
    for number, spec in enumerate(scenario.demand):
        if spec.movement not in found.movements:
            raise ConfigError(f"demand.{number}.movement: the junction has no movement {spec.movement}; it has {have}")


def _arm(found: Survey, approach: str, name: str) -> Arm:
    lanes = [lane for lane in found.inbound if lane.approach == approach]
    kerb, inner = lanes[0].lane, lanes[-1].lane
    heading_rad = end_heading_rad(inner.line_m)
    # Lane 0 is by the kerb; the inner border lies on the far turn's side.
    inward = math.pi / 2 if not found.net.left_hand else -math.pi / 2
    vehicle = [lane.lane for lane in lanes if lane.use is LaneUse.VEHICLES]
    return Arm(
        approach=approach,
        name=name,
        speed_limit_mps=max(lane.speed_limit_mps for lane in vehicle),
        heading_rad=heading_rad,
        stop_line_m=(
            _aside(inner.line_m[-1], heading_rad + inward, inner.width_m / 2),
            _aside(kerb.line_m[-1], heading_rad + inward, -kerb.width_m / 2),
        ),
    )


def _aside(point: PointM, direction_rad: float, by_m: float) -> PointM:
    return (
        round(point[0] + by_m * math.cos(direction_rad), 6),
        round(point[1] + by_m * math.sin(direction_rad), 6),
    )


def _lanes(found: Survey) -> list[RoadLane]:
    """Inbound lanes over their whole length, then every other lane near the junction."""
    net = found.net
    lanes = [
        RoadLane(
            id=lane.lane.id,
            line_m=lane.line_m,
            width_m=lane.lane.width_m,
            use=lane.use,
            speed_limit_mps=lane.lane.speed_limit_mps,
            inbound=True,
            name=lane.name,
            approach=lane.approach,
            movements=lane.movements,
            phase=lane.phase,
        )
        for lane in found.inbound
    ]
    drawn = {part for lane in found.inbound for part in lane.chain}
    bays = _tapers(found)
    for lane in net.lanes.values():
        if lane.id in drawn or lane.edge.startswith(f":{net.junction}_c") or _is_area(lane.id, net):
            continue
        if min(math.hypot(*point) for point in lane.line_m) < _REACH_M:
            inside = lane.inside and lane.id not in bays
            lanes.append(RoadLane(lane.id, lane.line_m, lane.width_m, lane.use, lane.speed_limit_mps, inside=inside))
    return lanes


def _tapers(found: Survey) -> frozenset[str]:
    """Internal lanes of nodes before the junction: they are open road, like the way into a bay."""
    return frozenset(
        lane.id
        for lane in found.net.lanes.values()
        if lane.inside and not lane.id.startswith(f":{found.net.junction}_")
    )


def _is_area(lane: str, net: Net) -> bool:
    """Walking areas are given by their outline, not by a line."""
    return net.lanes[lane].inside and "_w" in lane.rsplit(":", 1)[-1] and net.lanes[lane].use is LaneUse.WALKERS


def _turns(found: Survey) -> list[Turn]:
    by_lane = {lane.lane.id: lane.name for lane in found.inbound}
    turns = []
    for movement in found.movements:
        ways = [w for w in found.ways if w.movement == movement and by_lane[w.connection.lane] is not None]
        if ways:
            turns.append(
                Turn(
                    movement=movement,
                    approach=ways[0].approach,
                    phase=ways[0].phase,
                    lanes=tuple(str(by_lane[w.connection.lane]) for w in ways),
                    paths_m=tuple(w.path_m for w in ways),
                )
            )
    return turns
