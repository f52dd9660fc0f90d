"""Where signal heads hang: by the kerb at the stop line, beyond the junction, and at both ends of a crossing."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sim_videos.compass import FAR_PHASE, THROUGH_PHASE
from sim_videos.state import PointM
from sim_videos.street import Arm, SignalHead
from sim_videos.world.survey import Survey

_KERB_M = 0.9
_LOW_M, _HIGH_M, _WALK_M = 3.1, 5.4, 2.3


def heads_of(found: Survey, arms: tuple[Arm, ...]) -> tuple[SignalHead, ...]:
    """Every head of the junction, in the order of its arms."""
    return tuple(head for arm in arms for head in (*_vehicle(found, arm), *_walk(found, arm)))


def _vehicle(found: Survey, arm: Arm) -> Iterator[SignalHead]:
    inner, kerb = arm.stop_line_m
    along = (math.cos(arm.heading_rad), math.sin(arm.heading_rad))
    width_m = max(math.dist(inner, kerb), 1e-6)
    outward = ((kerb[0] - inner[0]) / width_m, (kerb[1] - inner[1]) / width_m)
    beyond_m = _beyond_m(found, arm, along)
    facing = math.remainder(arm.heading_rad + math.pi, math.tau)

    def at(point: PointM, out_m: float, ahead_m: float, up_m: float) -> tuple[float, float, float]:
        return (
            round(point[0] + outward[0] * out_m + along[0] * ahead_m, 3),
            round(point[1] + outward[1] * out_m + along[1] * ahead_m, 3),
            up_m,
        )

    through = THROUGH_PHASE[arm.approach]
    places = [
        ("near", at(kerb, _KERB_M, 0.6, _LOW_M)),
        ("far", at(kerb, _KERB_M, beyond_m, _LOW_M)),
        ("over", at(((inner[0] + kerb[0]) / 2, (inner[1] + kerb[1]) / 2), 0.0, beyond_m, _HIGH_M)),
    ]
    if through in found.phases:
        for name, pos_m in places:
            yield SignalHead(f"{arm.approach}-{name}", "vehicle", through, pos_m, facing)
    if FAR_PHASE[arm.approach] in found.phases:
        far = FAR_PHASE[arm.approach]
        yield SignalHead(f"{arm.approach}-turn-near", "left_arrow", far, at(inner, -0.25, 0.6, _LOW_M), facing)
        yield SignalHead(f"{arm.approach}-turn-over", "left_arrow", far, at(inner, 0.9, beyond_m, _HIGH_M), facing)


def _beyond_m(found: Survey, arm: Arm, along: tuple[float, float]) -> float:
    """From the stop line to the far side of the junction, along the approach's heading."""
    start_m = sum(c * d for c, d in zip(arm.stop_line_m[1], along, strict=True))
    return max(x * along[0] + y * along[1] for x, y in found.net.outline_m) - start_m - 0.8


def _walk(found: Survey, arm: Arm) -> Iterator[SignalHead]:
    for walkway in found.walkways:
        if walkway.approach != arm.approach or walkway.phase is None:
            continue
        start, end = walkway.crossing.axis_m
        for name, here, there in (("a", start, end), ("b", end, start)):
            way = math.atan2(there[1] - here[1], there[0] - here[0])
            # Beside the crossing, behind the kerb, shining across.
            pos_m = (
                round(here[0] - 0.8 * math.cos(way) - 1.9 * math.sin(way), 3),
                round(here[1] - 0.8 * math.sin(way) + 1.9 * math.cos(way), 3),
                _WALK_M,
            )
            yield SignalHead(f"{walkway.crossing.edge.strip(':')}-{name}", "pedestrian", walkway.phase, pos_m, way)
