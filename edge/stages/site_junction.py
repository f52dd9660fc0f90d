"""What a planner must know of a junction, from its site description."""

from __future__ import annotations

from itertools import combinations

from calibration.geometry import stop_axes
from calibration.signal_timing import conflicts
from calibration.site import Lane, Phase, Signal, Site
from edge.control.junction import JunctionModel, LaneModel, PhaseModel, Way, exit_name

#: As far back as vehicles stand in a lane whose length nobody can see.
_LENGTH_M = 60.0


def junction_of(site: Site, signal: Signal) -> JunctionModel:
    """Lanes with the phases of their movements (in equal shares), stages as large as rings and barriers let them be."""
    seen_m = {name: axis.far_m for name, axis in stop_axes(site).items()}
    limits = {approach.id: approach.speed_limit_mps for approach in site.approaches}
    lanes = []
    for lane in site.lanes:
        phases = _phases_of(lane, site)
        if phases:
            ways = tuple(Way(phase, 1 / len(phases), exit=exit_name(lane.id, phase)) for phase in phases)
            length_m = seen_m.get(lane.id, _LENGTH_M)
            lanes.append(LaneModel(lane.id, ways, length_m, limits[lane.approach], approach=lane.approach))
    return JunctionModel(site.id, tuple(map(phase_model, signal.phases)), tuple(lanes), stages(signal))


def ways_of(model: JunctionModel) -> dict[str, frozenset[int]]:
    """Lane → phases of its turns."""
    return {lane.lane: frozenset(way.phase for way in lane.ways) for lane in model.lanes}


def stages(signal: Signal) -> tuple[frozenset[int], ...]:
    """Sets of phases that may be green together, each as large as it can be, in the order of their numbers."""
    pairs = conflicts(signal)
    numbers = [phase.number for phase in signal.phases]
    good = [
        frozenset(chosen)
        for size in range(1, len(signal.rings) + 1)
        for chosen in combinations(numbers, size)
        if not any(frozenset(pair) in pairs for pair in combinations(chosen, 2))
    ]
    return tuple(sorted((one for one in good if not any(one < other for other in good)), key=sorted))


def _phases_of(lane: Lane, site: Site) -> tuple[int, ...]:
    """Of its movements, and its own; sorted."""
    own = {movement.phase for movement in site.movements if lane.id in movement.lanes} | {lane.phase}
    return tuple(sorted(phase for phase in own if phase is not None))


def phase_model(phase: Phase) -> PhaseModel:
    """Its times, as a planner reckons with them."""
    return PhaseModel(
        phase.number,
        phase.min_green_s,
        phase.yellow_s,
        phase.red_clearance_s,
        phase.max_green_s,
        phase.walk_s,
        phase.ped_clearance_s,
    )
