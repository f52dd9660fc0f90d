"""Saturation flow of a lane group, by measurement or by the Highway Capacity Manual, 6th edition, chapter 19.

    s = base × lanes × lane use × heavy vehicles and grade × turns

Left turns that must find gaps count as so many through vehicles (chapter 31, section 3), for as long as the
opposing queue leaves them any; two of them leave at each end of green.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

from calibration.site import Site
from edge.control.advise.flows import Flow
from edge.control.advise.groups import LaneGroup, turn_of
from edge.control.advise.headways import Headway

#: Passenger cars an hour and lane in a large town (exhibit 19-11); the share of heavy vehicles where nobody counted.
BASE_VPH = 1900.0
DEFAULT_HEAVY = 0.03
#: Through vehicles that a turn counts as: protected left, right (equations 19-13 and 19-14).
_LEFT, _RIGHT = 1.05, 1.18
#: Critical headway and follow-up headway of a left turn through gaps, s; those that leave at the end of green.
_CRITICAL_S, _FOLLOW_S, _SNEAKERS = 4.5, 2.5, 2.0
#: Lane use of exclusive lanes: (turn, lanes) → factor; one lane, and shared ones, have 1 (exhibit 19-15).
_LANE_USE = {("T", 2): 0.952, ("T", 3): 0.908, ("L", 2): 0.971, ("R", 2): 0.885}


@dataclass(frozen=True, slots=True)
class GroupFlow:
    """What of a lane group does not hang on timing. vph None: a movement of it is unknown.

    through_vph: saturation flow without what turns take. measured: the headways of its lanes were; turns are
    within it then. opposing_vph is None where the left turns yield to nobody, or to somebody unknown.
    """

    group: LaneGroup
    vph: float | None
    heavy_share: float | None
    left_share: float
    right_share: float
    through_vph: float
    measured: tuple[Headway, ...]
    opposing_vph: float | None
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """Effective green of the group, and of the opposing through movement with its flow ratio, in a cycle."""

    cycle_s: float
    green_s: float
    opposing_green_s: float | None = None
    opposing_ratio: float | None = None


def group_flow(
    site: Site, group: LaneGroup, flows: Mapping[str, Flow], headways: Mapping[str, Headway], base_vph: float
) -> GroupFlow:
    """Flows of a group's movements together, and its saturation flow before timing is known."""
    unknown = [movement for movement in (*group.movements, *group.opposing) if flows[movement].vph is None]
    vph = None if unknown else sum(flows[movement].vph or 0.0 for movement in group.movements)
    heavy = _heavy_share(group, flows)
    measured = tuple(headways[lane] for lane in group.lanes if lane in headways)
    usable = len(measured) == len(group.lanes) > 0 and not group.opposing
    if usable:
        through_vph = sum(3600 / one.headway_s for one in measured)
    else:
        grade = next((a.grade_percent for a in site.approaches if a.id == group.approach), None) or 0.0
        share = DEFAULT_HEAVY if heavy is None else heavy
        through_vph = base_vph * group.lane_count * _lane_use(group) * heavy_factor(share, grade)
    return GroupFlow(
        group,
        vph,
        heavy,
        _share(group, flows, vph, "LU"),
        _share(group, flows, vph, "R"),
        through_vph,
        measured if usable else (),
        None if unknown or not group.opposing else sum(flows[m].vph or 0.0 for m in group.opposing),
        tuple(unknown),
    )


def heavy_factor(share: float, grade_percent: float) -> float:
    """Heavy vehicles and grade, equations 19-9 (downhill) and 19-10."""
    percent = 100 * share
    if grade_percent < 0:
        return (100 - 0.79 * percent - 2.07 * grade_percent) / 100
    return (100 - 0.78 * percent - 0.31 * grade_percent**2) / 100


def saturation_vph(flow: GroupFlow, timing: Timing, base_vph: float) -> float:
    """Saturation flow of a lane group under this timing, vehicles an hour of green."""
    if flow.measured:
        return flow.through_vph
    left = _LEFT
    if flow.opposing_vph is not None:
        left = permitted_left(flow.opposing_vph, timing, base_vph)
    return flow.through_vph / (1 + flow.left_share * (left - 1) + flow.right_share * (_RIGHT - 1))


def permitted_left(opposing_vph: float, timing: Timing, base_vph: float) -> float:
    """Through vehicles that one left turn through gaps counts as, over the whole green."""
    per_s = opposing_vph / 3600
    gaps_vph = 3600 / _FOLLOW_S
    if per_s > 0:
        gaps_vph = opposing_vph * exp(-per_s * _CRITICAL_S) / (1 - exp(-per_s * _FOLLOW_S))
    free_s = timing.green_s
    if timing.opposing_green_s is not None and timing.opposing_ratio is not None:
        ratio = min(timing.opposing_ratio, 0.999)
        free_s = max(0.0, free_s - ratio * (timing.cycle_s - timing.opposing_green_s) / (1 - ratio))
    most = max(_LEFT, base_vph * timing.green_s / 3600 / _SNEAKERS)
    return min(most, base_vph / gaps_vph * timing.green_s / free_s) if free_s > 0 else most


def _share(group: LaneGroup, flows: Mapping[str, Flow], vph: float | None, turns: str) -> float:
    own = [movement for movement in group.movements if turn_of(movement) in turns]
    if not vph:
        return 1.0 if len(own) == len(group.movements) else 0.0
    return sum(flows[movement].vph or 0.0 for movement in own) / vph


def _heavy_share(group: LaneGroup, flows: Mapping[str, Flow]) -> float | None:
    known = [flow for m in group.movements if (flow := flows[m]).heavy_share is not None and flow.vehicles]
    vehicles = sum(flow.vehicles for flow in known)
    return sum((flow.heavy_share or 0.0) * flow.vehicles for flow in known) / vehicles if vehicles else None


def _lane_use(group: LaneGroup) -> float:
    turns = {turn_of(movement).replace("U", "L") for movement in group.movements}
    if len(turns) > 1 or group.lane_count == 1:
        return 1.0
    turn = turns.pop()
    return _LANE_USE[turn, min(group.lane_count, 3 if turn == "T" else 2)]
