"""Safe times of the phases, and a fixed-time plan by Webster's method.

F. V. Webster, "Traffic Signal Settings", Road Research Technical Paper 39, HMSO 1958:
cycle = (1.5 L + 5) / (1 - Y), green shared by flow ratio. Walkers are given 1.2 m/s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from calibration.signal_timing import shortest_split_s
from calibration.site import Phase, Plan, Signal
from edge.errors import ConfigError
from sim_videos.compass import FAR_PHASE, RINGS
from sim_videos.scenario import Scenario, SignalSpec
from sim_videos.street import LaneUse
from sim_videos.world.survey import Survey

WALKING_MPS = 1.2
_WALK_S = 6.0
_WALK_REASON = "crossings of simulated streets are short and few people wait at them"
_SATURATION_VEH_H = 1650.0
#: A turn that gives way counts as more through vehicles (Highway Capacity Manual's order of size).
_OPPOSED = 1.6
#: Longest wait in a queue that a plan is made for: flow over capacity of its busiest phase.
_BUSIEST = 0.88
_CYCLE_S = (50, 120)


def signal_of(found: Survey, spec: SignalSpec) -> Signal:
    """Phases with their safe times, and the rings without what the junction lacks."""
    rings = tuple(tuple(tuple(p for p in group if p in found.phases) for group in ring) for ring in RINGS)
    groups = [g for g in range(len(RINGS[0])) if any(ring[g] for ring in rings)]
    return Signal(
        phases=tuple(_phase(number, found, spec) for number in found.phases),
        rings=tuple(ring for ring in (tuple(ring[g] for g in groups) for ring in rings) if any(ring)),
    )


def _phase(number: int, found: Survey, spec: SignalSpec) -> Phase:
    far = number in FAR_PHASE.values()
    lengths_m = [math.dist(*walkway.crossing.axis_m) for walkway in found.walkways if walkway.phase == number]
    clearance_s = max(3.0, math.ceil(max(lengths_m) / WALKING_MPS)) if lengths_m else None
    walk_s = _WALK_S if lengths_m else None
    served_s = (walk_s or 0.0) + (clearance_s or 0.0)
    return Phase(
        number=number,
        min_green_s=5.0 if far else 7.0,
        max_green_s=max(25.0 if far else 50.0, served_s),
        yellow_s=spec.yellow_s,
        red_clearance_s=spec.red_clearance_s,
        walk_s=walk_s,
        walk_reason=_WALK_REASON if lengths_m else None,
        ped_clearance_s=clearance_s,
    )


def plan_of(scenario: Scenario, found: Survey, signal: Signal) -> Plan:
    """The scenario's splits, or Webster's for its mean demand; ConfigError where they cannot be served."""
    spec = scenario.signal
    least = {phase.number: math.ceil(shortest_split_s(phase)) for phase in signal.phases}
    if spec.splits_s is not None:
        return _given(spec, spec.splits_s, signal)
    ratio = _flow_ratios(scenario, found)
    groups = range(len(signal.rings[0]))
    critical = [max(sum(ratio[p] for p in ring[g]) for ring in signal.rings) for g in groups]
    least_s = [max(sum(least[p] for p in ring[g]) for ring in signal.rings) for g in groups]
    dead_s = scenario.signal.yellow_s + scenario.signal.red_clearance_s
    lost_s = dead_s * sum(max(len(ring[g]) for ring in signal.rings) for g in groups)
    best_s = math.ceil((1.5 * lost_s + 5) / (1 - min(sum(critical), 0.92)))
    if spec.cycle_s is not None and sum(least_s) > spec.cycle_s:
        raise ConfigError(
            f"signal.cycle_s: {spec.cycle_s:g} s is too short, the phases need {sum(least_s)} s; "
            "raise it or leave it out"
        )
    shortest, longest = _CYCLE_S if spec.cycle_s is None else (int(spec.cycle_s), int(spec.cycle_s))
    first = max(sum(least_s), min(max(best_s, shortest), longest))
    for cycle_s in range(first, max(first, longest) + 1):
        splits = _splits(cycle_s, signal, least, ratio, dead_s)
        # Minima distort Webster's shares: lengthen until nobody is starved.
        if all(ratio[p] * cycle_s <= _BUSIEST * (split_s - dead_s) for p, split_s in splits.items()):
            break
    return Plan(name="webster", cycle_s=float(cycle_s), splits_s=dict(sorted(splits.items())))


def _splits(
    cycle_s: int, signal: Signal, least: Mapping[int, int], ratio: Mapping[int, float], dead_s: float
) -> dict[int, float]:
    """Whole seconds of each phase for one cycle: shared among barrier groups, then within every ring."""
    columns = list(zip(*signal.rings, strict=True))
    # The ring that needs most of a barrier group speaks for it.
    critical = [max(column, key=lambda members: sum(ratio[p] for p in members)) for column in columns]
    totals = _share(
        cycle_s,
        [max(sum(least[p] for p in members) for members in column) for column in columns],
        [sum(ratio[p] for p in members) for members in critical],
        [dead_s * len(members) for members in critical],
    )
    splits: dict[int, float] = {}
    for column, total_s in zip(columns, totals, strict=True):
        for members in filter(None, column):
            parts = _share(total_s, [least[p] for p in members], [ratio[p] for p in members], [dead_s] * len(members))
            splits.update(zip(members, map(float, parts), strict=True))
    return splits


def _share(total: int, least: list[int], weights: list[float], dead_s: list[float]) -> list[int]:
    """Whole seconds that add up to total, none under its least; what is green goes by weight."""
    spare, green_s = total - sum(least), total - sum(dead_s)
    weight = sum(weights) or 1.0
    # What a member holds already counts against its share, so that minima do not add to large flows.
    wanted = [
        max(0.0, dead + green_s * w / weight - at_least)
        for w, at_least, dead in zip(weights, least, dead_s, strict=True)
    ]
    scale = sum(wanted)
    shares = [spare * (w / scale if scale else 1 / len(least)) for w in wanted]
    parts = [at_least + math.floor(share) for at_least, share in zip(least, shares, strict=True)]
    order = sorted(range(len(parts)), key=lambda i: (-(shares[i] % 1), i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def _given(spec: SignalSpec, splits_s: Mapping[int, float], signal: Signal) -> Plan:
    known = {phase.number: phase for phase in signal.phases}
    for number in sorted(splits_s.keys() ^ known.keys()):
        said = f"phase {number} has no split" if number in known else f"the junction has no phase {number}"
        raise ConfigError(f"signal.splits_s: {said}; give one each for {', '.join(map(str, sorted(known)))}")
    for number, split_s in sorted(splits_s.items()):
        if split_s < shortest_split_s(known[number]) - 1e-6:
            raise ConfigError(
                f"signal.splits_s.{number}: {split_s:g} s is too short, "
                f"phase {number} needs {shortest_split_s(known[number]):g} s"
            )
    cycle_s = 0.0
    for g in range(len(signal.rings[0])):
        sums = [sum(splits_s[p] for p in ring[g]) for ring in signal.rings if ring[g]]
        if max(sums) - min(sums) > 1e-6:
            raise ConfigError(
                f"signal.splits_s: the rings reach barrier {g + 1} after {' and '.join(f'{s:g}' for s in sums)} s; "
                "make them equal"
            )
        cycle_s += sums[0]
    if spec.cycle_s is not None and abs(spec.cycle_s - cycle_s) > 1e-6:
        raise ConfigError(f"signal.cycle_s: is {spec.cycle_s:g} s, but the splits add up to {cycle_s:g} s")
    return Plan(name="given", cycle_s=cycle_s, splits_s=dict(splits_s))


def _flow_ratios(scenario: Scenario, found: Survey) -> dict[int, float]:
    """Phase → mean flow over what its lanes can carry."""
    flows: dict[int, float] = dict.fromkeys(found.phases, 0.0)
    lanes: dict[int, set[str]] = {phase: set() for phase in found.phases}
    phase_of = {way.movement: way.phase for way in found.ways}
    for way in found.ways:
        if found.net.lanes[way.connection.lane].use is LaneUse.VEHICLES:
            lanes[way.phase].add(way.connection.lane)
    for spec in scenario.demand:
        phase = phase_of.get(spec.movement)
        if phase is None:
            continue
        start_s = max(0.0, spec.from_s if spec.from_s is not None else 0.0)
        end_s = min(scenario.duration_s, spec.to_s if spec.to_s is not None else scenario.duration_s)
        opposed = _OPPOSED if phase not in FAR_PHASE.values() and not spec.movement.endswith("T") else 1.0
        flows[phase] += opposed * spec.vehicles_per_h * max(0.0, end_s - start_s) / scenario.duration_s
    return {phase: flows[phase] / (_SATURATION_VEH_H * max(1, len(lanes[phase]))) for phase in found.phases}
