"""What a planner must know of a simulated street, from its lanes and turns."""

from __future__ import annotations

from itertools import pairwise
from math import dist

from edge.control.junction import JunctionModel, LaneModel, Way
from edge.stages.site_junction import phase_model, stages
from sim_videos.simulate.lanes import REACH_M
from sim_videos.street import RoadLane, Street


def junction_of(street: Street) -> JunctionModel:
    """Every inbound lane that a phase serves, as far back as perfect eyes see; its turns in equal shares."""
    models = tuple(_lane(street, lane, lane.name) for lane in street.inbound if lane.name is not None)
    return JunctionModel(
        street.id,
        tuple(phase_model(phase) for phase in street.signal.phases),
        tuple(model for model in models if model.ways),
        stages(street.signal),
    )


def _lane(street: Street, lane: RoadLane, name: str) -> LaneModel:
    phases = sorted({turn.phase for turn in street.turns if name in turn.lanes})
    length_m = sum(dist(a, b) for a, b in pairwise(lane.line_m))
    ways = tuple(Way(phase, 1 / len(phases)) for phase in phases)
    return LaneModel(name, ways, min(length_m, REACH_M), lane.speed_limit_mps)
