"""What an incident is, from the first finding of a rule to the record that the office works.

    rule, statistics, camera health ─→ Finding, Silenced ─→ fusion ─→ Incident (one per happening)

Frozen values; times are monotonic nanoseconds of cabinet time; metres are the site's ground
plane. Unknown is `None`, never zero. No numpy here, so that control and collector may read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

#: Evidence: a name with its unit (`standing_s`) → a number, a word, or None where it is unknown.
Evidence = Mapping[str, float | int | str | None]


class IncidentKind(StrEnum):
    """What happened, in the words of the wire. The last five come from numbers, not from tracks."""

    STOPPED_VEHICLE = "stopped_vehicle"
    WRONG_WAY = "wrong_way"
    SPILLBACK = "spillback"
    BLOCKED_BOX = "blocked_box"
    PEDESTRIAN = "pedestrian_on_carriageway"
    CRASH = "crash"
    SLOW_LANE = "slow_lane"
    CLOSED_LANE = "vehicle_on_closed_lane"
    RED_RUNNING = "red_light_running"
    NEAR_MISS = "near_miss"
    LOST_LOAD = "lost_load"
    LOW_VISIBILITY = "low_visibility"
    CAMERA_FAULT = "camera_fault"
    CONGESTION = "congestion"
    UNUSUALLY_EMPTY = "unusually_empty"
    UNUSUAL = "unusual"
    SENSOR_FAULT = "sensor_fault"
    DISTURBANCE = "disturbance"


class Severity(StrEnum):
    """How much it matters, falling."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Stage(StrEnum):
    """Where in its life a finding or an incident is. MOMENT: over as it is told (a near miss)."""

    START = "start"
    UPDATE = "update"
    END = "end"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is, as far as it is known. from_stop_m: upstream of the lane's stop line, negative beyond it."""

    approach: str | None = None
    lane: str | None = None
    movement: str | None = None
    camera: str | None = None
    from_stop_m: float | None = None
    pos_m: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says at t_ns. (rule, key) is the same from its start to its end.

    since_ns: when it began to be so, which is before the rule was sure of it. confidence is 0..1.
    tracks: ids of the road users it is about.
    """

    t_ns: int
    rule: str
    key: str
    kind: IncidentKind
    stage: Stage
    place: Place
    since_ns: int
    confidence: float
    evidence: Evidence = field(default_factory=dict)
    tracks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Silenced:
    """A rule would have spoken, and why it did not. Told once when it begins to be so."""

    t_ns: int
    rule: str
    key: str
    kind: IncidentKind
    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One happening, as of t_ns. id stays the same; ended_ns is None while it goes on.

    sources: the rules and charts that saw it. actions: what an operator might do, from the table.
    """

    t_ns: int
    id: str
    kind: IncidentKind
    severity: Severity
    stage: Stage
    confidence: float
    place: Place
    started_ns: int
    last_seen_ns: int
    ended_ns: int | None
    evidence: Evidence
    sources: tuple[str, ...]
    actions: tuple[str, ...] = ()
    tracks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StillObject:
    """Something that lies still on the ground and is no road user: a load, a tyre, a fallen tree.

    pos_m and size_m of what is seen of it on the ground plane; since_ns: when it was first there.
    """

    object_id: int
    pos_m: tuple[float, float]
    size_m: tuple[float, float]
    since_ns: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Scenery:
    """What the picture shows besides road users. contrast: of the road and what stands beside it, against that
    of the same hour on clear days, 0..1; None where it is not known."""

    t_ns: int
    camera: str
    contrast: float | None
    objects: tuple[StillObject, ...] = ()
