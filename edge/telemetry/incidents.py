"""An incident as the record that the office gets."""

from __future__ import annotations

import math

from edge.clock import NS_PER_S
from edge.incident import Incident
from edge.messages import IncidentBody, IncidentPlace


def body_of(incident: Incident) -> tuple[int, IncidentBody]:
    """The record and the time of it; everything else in it is told relative to that time."""
    place = incident.place
    t_ns = incident.t_ns
    ended_ns = incident.ended_ns
    return t_ns, IncidentBody(
        incident=incident.id,
        kind=incident.kind,
        severity=incident.severity,
        stage=incident.stage,
        confidence=incident.confidence,
        place=IncidentPlace(
            approach=place.approach,
            lane=place.lane,
            movement=place.movement,
            camera=place.camera,
            from_stop_m=place.from_stop_m,
            pos_m=place.pos_m,
        ),
        began_s=_before_s(incident.started_ns, t_ns),
        seen_s=_before_s(incident.last_seen_ns, t_ns),
        lasted_s=None if ended_ns is None else _before_s(incident.started_ns, ended_ns),
        evidence={name: _known(value) for name, value in incident.evidence.items()},
        sources=list(incident.sources),
        actions=list(incident.actions),
        tracks=list(incident.tracks),
    )


def _known(value: float | int | str | None) -> float | int | str | None:
    """What is no finite number is unknown: the wire has neither infinity nor nan."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _before_s(then_ns: int, t_ns: int) -> float:
    return max(0, t_ns - then_ns) / NS_PER_S
