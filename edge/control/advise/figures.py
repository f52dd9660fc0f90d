"""How a timing serves the lane groups: degree of saturation and delay, each and in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calibration.site import Signal
from edge.control.advise.delay import incremental_delay_s, level_of_service, uniform_delay_s
from edge.control.advise.saturation import GroupFlow, Timing, saturation_vph
from edge.control.advise.splits import Need


@dataclass(frozen=True, slots=True)
class Timed:
    """A cycle in s and the split of each phase in s."""

    cycle_s: float
    splits_s: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Served:
    """One lane group under one timing. green_s is effective; flow_ratio is v/s; delay_s is d1 + d2 a vehicle."""

    green_s: float
    saturation_vph: float
    flow_ratio: float
    capacity_vph: float
    saturation: float
    delay_s: float
    level: str


def served(
    flows: Sequence[GroupFlow], signal: Signal, timed: Timed, base_vph: float
) -> dict[tuple[str, ...], Served | None]:
    """Movements of each group → how they fare; None where a flow is unknown."""
    lost = lost_times_s(signal)
    made: dict[tuple[str, ...], Served | None] = {}
    for flow in flows:
        phase = flow.group.phase
        if flow.vph is None:
            made[flow.group.movements] = None
            continue
        green_s = timed.splits_s[phase] - lost[phase]
        s_vph = saturation_vph(flow, _timing(flow, flows, timed, lost), base_vph)
        capacity_vph = s_vph * green_s / timed.cycle_s
        degree = flow.vph / capacity_vph
        delay_s = uniform_delay_s(timed.cycle_s, green_s, degree) + incremental_delay_s(capacity_vph, degree)
        level = level_of_service(delay_s, degree)
        made[flow.group.movements] = Served(green_s, s_vph, flow.vph / s_vph, capacity_vph, degree, delay_s, level)
    return made


def lost_times_s(signal: Signal) -> dict[int, float]:
    """Phase → time lost in each split: yellow and red clearance.

    2 s are lost at the start and 2 s are gained at the end of green (HCM 6th edition, exhibit 19-11), so effective
    green is as long as the lamp's.
    """
    return {phase.number: phase.yellow_s + phase.red_clearance_s for phase in signal.phases}


def vehicle_hours(flows: Sequence[GroupFlow], figures: Mapping[tuple[str, ...], Served | None]) -> float:
    """Delay of all vehicles whose flow is known, veh·h in an hour."""
    total = 0.0
    for flow in flows:
        one = figures[flow.group.movements]
        if one is not None and flow.vph is not None:
            total += flow.vph * one.delay_s / 3600
    return total


def needs_of(
    flows: Sequence[GroupFlow], signal: Signal, timed: Timed, least_s: Mapping[int, float], base_vph: float
) -> dict[int, Need]:
    """What each phase needs, its greatest flow ratio under the saturation flows that this timing gives."""
    lost = lost_times_s(signal)
    ratios = dict.fromkeys(lost, 0.0)
    figures = served(flows, signal, timed, base_vph)
    for flow in flows:
        one = figures[flow.group.movements]
        ratio = timed.splits_s[flow.group.phase] - lost[flow.group.phase]
        ratio = ratio / timed.cycle_s if one is None else one.flow_ratio
        ratios[flow.group.phase] = max(ratios[flow.group.phase], ratio)
    return {phase: Need(ratios[phase], lost[phase], least_s[phase]) for phase in ratios}


def _timing(flow: GroupFlow, flows: Sequence[GroupFlow], timed: Timed, lost: Mapping[int, float]) -> Timing:
    green_s = timed.splits_s[flow.group.phase] - lost[flow.group.phase]
    against = [other for other in flows if set(other.group.movements) & set(flow.group.opposing)]
    if not against:
        return Timing(timed.cycle_s, green_s)
    ratio, other = max(
        (((one.vph or 0.0) / one.through_vph, one) for one in against), key=lambda pair: (pair[0], pair[1].group.phase)
    )
    opposing_green_s = timed.splits_s[other.group.phase] - lost[other.group.phase]
    return Timing(timed.cycle_s, green_s, opposing_green_s, ratio)
