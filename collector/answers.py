"""What the API answers, and what the page is drawn from. None is unknown, never zero."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edge.incident import IncidentKind, Severity, Stage
from edge.types import Kind

NodeState = Literal["online", "offline", "unknown"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)


class Site(_Answer):
    """One intersection. `latest` is the time of its latest record, by its own clock."""

    org: str
    site: str
    nodes: int
    nodes_online: int
    latest: AwareDatetime | None
    movements: list[str]
    lanes: list[str]


class Sites(_Answer):
    """Every site a record or status ever came from."""

    sites: list[Site]


class CountInterval(_Answer):
    """Road users of each kind counted in an interval that begins at `start`.

    known_s is for how much of it the camera is known to have seen. counts is null where
    nothing is known; a kind that was not counted in a known interval is 0.
    """

    start: AwareDatetime
    known_s: float
    counts: dict[Kind, int] | None


class MovementCounts(_Answer):
    """One movement over the asked time, interval by interval without holes."""

    movement: str
    intervals: list[CountInterval]


class Counts(_Answer):
    """Counts by movement, kind and interval; begins and ends on whole intervals (UTC).

    crossings_lost: records of single road users that a cabinet's full disk gave up, over
    all time; where it is not 0 counts may be too low.
    """

    org: str
    site: str
    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    interval_s: int
    crossings_lost: int
    movements: list[MovementCounts]


class LaneQueue(_Answer):
    """One lane as last reported at `as_of`. live is false when its node is not online."""

    node: str
    lane: str
    as_of: AwareDatetime
    live: bool
    presence: bool | None
    vehicles: int | None
    queue_vehicles: int | None
    queue_m: float | None
    queue_at_least: bool
    wait_s: float | None
    speed_mps: float | None


class Queues(_Answer):
    """The lanes of a site now."""

    org: str
    site: str
    lanes: list[LaneQueue]


class CrossingSeen(_Answer):
    """One road user counted on one movement at `ts`."""

    ts: AwareDatetime
    clock_synced: bool
    node: str
    movement: str
    kind: Kind
    lane: str | None
    track_id: int
    speed_mps: float | None
    waited_s: float | None
    since_green_s: float | None
    headway_s: float | None


class Crossings(_Answer):
    """The latest road users counted at a site, newest first."""

    org: str
    site: str
    crossings: list[CrossingSeen]


class ControlNow(_Answer):
    """Who controls the lamps of a node as last reported at `as_of`.

    level is adaptive, actuated, fixed, preempt or flash, null where the node tells none; level_reason says why not
    a better one. `since` is when the level began; with since_at_least it may have begun earlier.
    """

    node: str
    live: bool
    as_of: AwareDatetime
    mode: Literal["startup", "running", "flash"]
    fault: str | None
    level: str | None
    since: AwareDatetime | None
    since_at_least: bool
    level_reason: str | None
    pattern: str | None
    preempt_number: int | None
    preempt_stage: str | None
    requested: list[int]
    reason: str


class Decision(_Answer):
    """A step at which other phases were asked for, or another level asked, and why."""

    ts: AwareDatetime
    node: str
    level: str | None
    level_changed: bool
    level_reason: str | None
    preempt_number: int | None
    preempt_stage: str | None
    requested: list[int]
    reason: str


class Control(_Answer):
    """Control of a site now, and the latest decisions, newest first."""

    org: str
    site: str
    nodes: list[ControlNow]
    decisions: list[Decision]


class IncidentNow(_Answer):
    """One incident as last reported; ended null while it goes on.

    live: its cabinet is connected, so that one that goes on really does as far as is known. evidence has numbers with
    their units in their names; unknown is null.
    """

    incident: str
    node: str
    live: bool
    kind: IncidentKind
    severity: Severity
    stage: Stage
    confidence: float
    began: AwareDatetime
    seen: AwareDatetime
    ended: AwareDatetime | None
    approach: str | None
    lane: str | None
    movement: str | None
    camera: str | None
    from_stop_m: float | None
    pos_m: tuple[float, float] | None
    evidence: dict[str, float | int | str | None]
    sources: list[str]
    actions: list[str]


class Incidents(_Answer):
    """Incidents of a site: those that go on, then the latest that ended; newest first in both."""

    org: str
    site: str
    going_on: list[IncidentNow]
    ended: list[IncidentNow]


class CameraHealth(_Answer):
    """The latest health record of one camera, or of the node itself where camera is null."""

    camera: str | None
    as_of: AwareDatetime
    clock_synced: bool
    state: Literal["ok", "degraded", "failed"]
    reason: str | None
    fps: float | None
    frames: int
    frames_dropped: int
    camera_restarts: int | None
    detector: str | None
    detector_ms: float | None
    outbox_records: int | None
    outbox_thinned: int | None


class NodeHealth(_Answer):
    """One cabinet. `last_seen` is by the collector's clock, `latest` by the cabinet's own."""

    org: str
    site: str
    node: str
    state: NodeState
    version: str | None
    last_seen: AwareDatetime
    last_seen_age_s: float
    latest: AwareDatetime | None
    cameras: list[CameraHealth]


class CollectorHealth(_Answer):
    """The collector itself. The counters are since its start; reasons are null when all is well."""

    version: str
    ok: bool
    broker: str
    broker_connected: bool
    broker_reason: str | None
    database: str
    storage_reason: str | None
    stored: int
    duplicates: int
    quarantined: int
    refused_full: int


class Health(_Answer):
    """The collector and every node it knows."""

    collector: CollectorHealth
    nodes: list[NodeHealth]


class Problem(_Answer):
    """Why a request was not answered: one sentence."""

    error: str
