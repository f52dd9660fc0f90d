"""How much a kind of incident matters, and what an operator might do: one table, shown in docs/incidents.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.incident import Evidence, IncidentKind, Severity

K = IncidentKind


@dataclass(frozen=True, slots=True)
class Row:
    """severity: as it begins; lasting: after `lasting_s` of it, None where time makes it no worse."""

    severity: Severity
    actions: tuple[str, ...]
    lasting: Severity | None = None
    lasting_s: float = 120.0


TABLE: Mapping[IncidentKind, Row] = {
    K.CRASH: Row(
        Severity.CRITICAL,
        ("look at the camera", "call police and ambulance", "hold traffic back from the approach", "warn upstream"),
    ),
    K.WRONG_WAY: Row(
        Severity.CRITICAL, ("look at the camera", "call police", "warn drivers on the approach by signs and radio")
    ),
    K.PEDESTRIAN: Row(
        Severity.HIGH,
        ("look at the camera", "call police where it goes on", "warn drivers by signs"),
        Severity.CRITICAL,
    ),
    K.STOPPED_VEHICLE: Row(
        Severity.HIGH, ("look at the camera", "send road patrol", "close the lane by signs"), Severity.CRITICAL, 300.0
    ),
    K.LOST_LOAD: Row(Severity.HIGH, ("look at the camera", "send road patrol", "warn drivers by signs")),
    K.BLOCKED_BOX: Row(
        Severity.HIGH, ("check the exit downstream", "hold the greens that feed it"), Severity.CRITICAL, 180.0
    ),
    K.SPILLBACK: Row(
        Severity.MEDIUM,
        ("check the next junction", "run the plan for the peak", "divert by signs"),
        Severity.HIGH,
        300.0,
    ),
    K.CLOSED_LANE: Row(Severity.HIGH, ("check cones and signs", "tell the works' foreman")),
    K.SLOW_LANE: Row(Severity.LOW, ("look at the camera", "check the road surface"), Severity.MEDIUM, 600.0),
    K.RED_RUNNING: Row(Severity.LOW, ("watch the trend", "check yellow and red clearance times")),
    K.NEAR_MISS: Row(Severity.LOW, ("watch the trend", "check sight lines and phasing")),
    K.LOW_VISIBILITY: Row(Severity.MEDIUM, ("warn drivers by signs", "do not trust counts of this hour")),
    K.CAMERA_FAULT: Row(Severity.MEDIUM, ("send a technician", "its approaches run on recall"), Severity.HIGH, 3600.0),
    K.CONGESTION: Row(Severity.MEDIUM, ("look at the camera", "run the plan for the peak"), Severity.HIGH, 1800.0),
    K.UNUSUALLY_EMPTY: Row(Severity.LOW, ("check for a closure upstream", "look at the camera")),
    K.UNUSUAL: Row(Severity.LOW, ("look at the charts",)),
    K.SENSOR_FAULT: Row(Severity.MEDIUM, ("look at the camera's picture", "send a technician")),
    K.DISTURBANCE: Row(Severity.MEDIUM, ("look at neighbouring junctions", "check for events"), Severity.HIGH, 1800.0),
}

#: What a happening of one kind brings with it, so that it is not told a second time.
EXPLAINS: Mapping[IncidentKind, frozenset[IncidentKind]] = {
    K.CRASH: frozenset(
        {
            K.STOPPED_VEHICLE,
            K.BLOCKED_BOX,
            K.NEAR_MISS,
            K.SLOW_LANE,
            K.SPILLBACK,
            K.LOST_LOAD,
            K.PEDESTRIAN,
            K.CONGESTION,
            K.UNUSUAL,
            K.DISTURBANCE,
            K.UNUSUALLY_EMPTY,
        }
    ),
    K.WRONG_WAY: frozenset({K.NEAR_MISS, K.SLOW_LANE, K.CLOSED_LANE}),
    K.STOPPED_VEHICLE: frozenset({K.SLOW_LANE, K.SPILLBACK, K.CONGESTION, K.UNUSUAL, K.BLOCKED_BOX, K.UNUSUALLY_EMPTY}),
    K.LOST_LOAD: frozenset({K.STOPPED_VEHICLE, K.SLOW_LANE, K.CONGESTION, K.UNUSUAL}),
    K.PEDESTRIAN: frozenset({K.STOPPED_VEHICLE, K.NEAR_MISS, K.SLOW_LANE}),
    K.BLOCKED_BOX: frozenset({K.SLOW_LANE, K.SPILLBACK, K.CONGESTION, K.UNUSUAL}),
    K.SPILLBACK: frozenset({K.SLOW_LANE, K.CONGESTION, K.UNUSUAL}),
    K.CLOSED_LANE: frozenset({K.STOPPED_VEHICLE, K.UNUSUAL}),
    K.LOW_VISIBILITY: frozenset({K.SLOW_LANE, K.UNUSUAL}),
    K.CAMERA_FAULT: frozenset({K.SENSOR_FAULT, K.UNUSUALLY_EMPTY, K.UNUSUAL, K.LOW_VISIBILITY}),
    K.SENSOR_FAULT: frozenset({K.UNUSUALLY_EMPTY, K.UNUSUAL}),
    K.CONGESTION: frozenset({K.UNUSUAL}),
    K.DISTURBANCE: frozenset({K.CONGESTION, K.UNUSUALLY_EMPTY, K.UNUSUAL}),
}


def severity_of(kind: IncidentKind, lasted_s: float, evidence: Evidence) -> Severity:
    """By the table; one step up where the evidence says that more than one lane is blocked."""
    row = TABLE[kind]
    severity = row.lasting if row.lasting is not None and lasted_s >= row.lasting_s else row.severity
    lanes = evidence.get("lanes_blocked")
    if isinstance(lanes, int | float) and lanes > 1:
        order = list(Severity)
        severity = order[max(0, order.index(severity) - 1)]
    return severity
