"""The wire contract between a cabinet and everything outside it.

A topic table, one pydantic model a message, and a schema version. Topics are
`stopline/v1/{org}/{site}/{node}/{name}`. JSON Schema and AsyncAPI in `docs/` are
generated from here (`python -m edge.telemetry.asyncapi`). Only summaries travel:
no image, no plate, no face.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from edge.errors import ProtocolError
from edge.incident import IncidentKind, Severity, Stage
from edge.types import Interval, Kind

TOPIC_ROOT = "stopline/v1"
SCHEMA_VERSION = 1

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
TopicName = Annotated[str, StringConstraints(pattern=rf"^{_NAME.pattern}$")]


class Stream(StrEnum):
    """Sequenced streams of the outbox; each has its own `seq` counted from 1 without gaps."""

    CROSSING = "crossing"
    CYCLE = "cycle"
    SUMMARY = "summary"
    HEALTH = "health"
    SIGNAL = "signal"
    LANES = "lanes"
    HIRES = "hires"
    INCIDENT = "incident"


class _Message(BaseModel):
    """Frozen; unknown keys are refused, and what has a default is on the wire all the same."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,
    )


class Record(_Message):
    """What every sequenced message carries besides its body.

    epoch names the outbox file the sequence belongs to: a new file begins a new epoch,
    so a sequence that starts again is never taken for a repeat. ts is the wall time of
    the event (not of its sending); t_ns the cabinet's monotonic time of it.
    """

    schema_: Literal["stopline/1"] = Field("stopline/1", alias="schema")
    id: str
    org: TopicName
    site: TopicName
    node: TopicName
    epoch: str = Field(pattern=r"^[0-9a-f]{8,32}$")
    seq: int = Field(ge=1)
    ts: AwareDatetime
    t_ns: int
    clock_synced: bool


class CrossingBody(_Message):
    """One road user counted on one movement; `ts` of the record is when it left the exit gate."""

    stream: Literal[Stream.CROSSING] = Stream.CROSSING
    movement: str
    kind: Kind
    lane: str | None
    track_id: int
    entered_t_ns: int | None
    speed_mps: float | None = Field(ge=0)
    waited_s: float | None = Field(ge=0)
    since_green_s: float | None = Field(ge=0)
    headway_s: float | None = Field(ge=0)


class MovementCount(_Message):
    """Road users of each kind counted on one movement within an interval.

    known_s is for how much of the interval the camera could see. counts is None where
    it saw nothing of it: unknown, not zero.
    """

    movement: str
    known_s: float = Field(ge=0)
    counts: dict[Kind, int] | None
    mean_speed_mps: float | None = Field(ge=0)


class LaneSummary(_Message):
    """One lane over an interval; each value None when it was never known within it."""

    lane: str
    known_s: float = Field(ge=0)
    occupancy: float | None = Field(ge=0, le=1)
    max_queue_vehicles: int | None = Field(ge=0)
    max_queue_m: float | None = Field(ge=0)
    max_wait_s: float | None = Field(ge=0)
    mean_speed_mps: float | None = Field(ge=0)
    mean_headway_s: float | None = Field(ge=0)


class SummaryBody(_Message):
    """One minute of one node. `ts` of the record is its end; interval_s its true length."""

    stream: Literal[Stream.SUMMARY] = Stream.SUMMARY
    interval_s: float = Field(gt=0)
    movements: list[MovementCount]
    lanes: list[LaneSummary]


class PhaseCycle(_Message):
    """One phase in one cycle. green_s is what the lamps showed; occupied share of green is 0..1."""

    phase: int
    green_s: float = Field(ge=0)
    yellow_s: float = Field(ge=0)
    red_clearance_s: float = Field(ge=0)
    crossings: int | None = Field(ge=0)
    crossings_on_red: int | None = Field(ge=0)


class CycleBody(_Message):
    """One signal cycle, from the start of the reference phase's green to its next one."""

    stream: Literal[Stream.CYCLE] = Stream.CYCLE
    number: int = Field(ge=1)
    cycle_s: float = Field(gt=0)
    plan: str
    phases: list[PhaseCycle]


class HealthBody(_Message):
    """How the node is; `state` is for people, the numbers for charts.

    camera_restarts is how often its decoder had to be started again, None where nobody counts.
    """

    stream: Literal[Stream.HEALTH] = Stream.HEALTH
    state: Literal["ok", "degraded", "failed"]
    reason: str | None
    camera: str | None
    fps: float | None = Field(ge=0)
    frames: int = Field(ge=0)
    frames_dropped: int = Field(ge=0)
    camera_restarts: int | None = Field(default=None, ge=0)
    detector: str | None
    detector_ms: float | None = Field(ge=0)
    outbox_records: int | None = Field(ge=0)
    outbox_thinned: int | None = Field(ge=0)


class PhaseInterval(_Message):
    """What one phase shows and for how long it has."""

    phase: int
    interval: Interval
    age_s: float = Field(ge=0)


class PreemptState(_Message):
    """The preemption in force: its number in the site file, and how far it is."""

    number: int = Field(ge=1)
    stage: Literal["delay", "entry", "dwell", "exit"]


class SignalBody(_Message):
    """Measured lamps, sent on each change, and what was asked for with the reason.

    modelled is true where no lamp was measured: a model answered what a core would show.
    level is who decided (adaptive, actuated, fixed, preempt, flash), level_reason why not a better
    one, pattern the plan in force; None where it is not known, and where there is none.
    """

    stream: Literal[Stream.SIGNAL] = Stream.SIGNAL
    modelled: bool = False
    mode: Literal["startup", "running", "flash"]
    fault: str | None
    phases: list[PhaseInterval]
    requested: list[int]
    reason: str
    level: str | None = None
    level_reason: str | None = None
    preempt: PreemptState | None = None
    pattern: str | None = None


class LaneNow(_Message):
    """One lane as it is now; None is unknown."""

    lane: str
    presence: bool | None
    vehicles: int | None = Field(ge=0)
    queue_vehicles: int | None = Field(ge=0)
    queue_m: float | None = Field(ge=0)
    queue_at_least: bool
    wait_s: float | None = Field(ge=0)
    speed_mps: float | None = Field(ge=0)


class LanesBody(_Message):
    """Live lanes, about once a second; the first stream to be thinned when the disk is full."""

    stream: Literal[Stream.LANES] = Stream.LANES
    lanes: list[LaneNow]


#: Tenths of a second since the record's `ts`, event code, parameter.
HiResEntry = tuple[
    Annotated[int, Field(ge=0, le=864_000)],
    Annotated[int, Field(ge=0, le=32767)],
    Annotated[int, Field(ge=0, le=32767)],
]


class HiResBody(_Message):
    """High-resolution events of about a minute, in the order of time: docs/hires.md names the codes."""

    stream: Literal[Stream.HIRES] = Stream.HIRES
    events: list[HiResEntry] = Field(min_length=1)


class IncidentPlace(_Message):
    """Where an incident is, as far as it is known; from_stop_m upstream of the stop line, pos_m on the ground plane."""

    approach: str | None
    lane: str | None
    movement: str | None
    camera: str | None
    from_stop_m: float | None
    pos_m: tuple[float, float] | None


class IncidentBody(_Message):
    """One incident as it starts, goes on and ends; the same `incident` throughout.

    began_s, seen_s: how long before the record's `ts` it began and was last seen. lasted_s is None while it goes on.
    `moment`: over as it is told. evidence: numbers with their units in their names, under `rule.` where another rule
    than that of the kind gave them.
    """

    stream: Literal[Stream.INCIDENT] = Stream.INCIDENT
    incident: str = Field(min_length=1, max_length=64)
    kind: IncidentKind
    severity: Severity
    stage: Stage
    confidence: float = Field(ge=0, le=1)
    place: IncidentPlace
    began_s: float = Field(ge=0)
    seen_s: float = Field(ge=0)
    lasted_s: float | None = Field(ge=0)
    evidence: dict[str, float | int | str | None]
    sources: list[str]
    actions: list[str]
    tracks: list[int]


class ThinnedBody(_Message):
    """Stands in a stream for records that a full outbox had to give up.

    It has the `seq` of the last of them, comes on the topic of the stream it is `of`,
    and says that no seq from from_seq to its own will ever be sent again: the collector
    takes them as accounted for, keeps those it has, and acknowledges past them. A later
    one of the same stream may cover the range of an earlier one.
    """

    stream: Literal["thinned"] = "thinned"
    of: Stream
    from_seq: int = Field(ge=1)


Body = Annotated[
    CrossingBody
    | SummaryBody
    | CycleBody
    | HealthBody
    | SignalBody
    | LanesBody
    | HiResBody
    | IncidentBody
    | ThinnedBody,
    Field(discriminator="stream"),
]


class RecordMessage(Record):
    """A sequenced record as it travels: envelope and body."""

    body: Body

    @property
    def stream(self) -> Stream:
        """The stream that `seq` counts in, which is also the topic's name and the ack's stream."""
        return self.body.of if isinstance(self.body, ThinnedBody) else self.body.stream

    @property
    def first_seq(self) -> int:
        """Lowest seq that this message accounts for; `seq` itself unless it is a `ThinnedBody`."""
        return self.body.from_seq if isinstance(self.body, ThinnedBody) else self.seq


class StatusMessage(_Message):
    """Retained on `status`; the broker publishes the offline one as last will."""

    schema_: Literal["stopline/1"] = Field("stopline/1", alias="schema")
    org: TopicName
    site: TopicName
    node: TopicName
    state: Literal["online", "offline"]
    boot: str
    version: str
    movements: list[str] = []
    lanes: list[str] = []


class AckMessage(_Message):
    """From the collector on `ack`: everything up to `seq` of this stream is stored for good.

    Only then does the node delete: a broker's PUBACK does not survive the broker.
    """

    schema_: Literal["stopline/1"] = Field("stopline/1", alias="schema")
    epoch: str
    stream: Stream
    seq: int = Field(ge=0)


class Command(_Message):
    """What every command carries: policy for the controller, never a lamp.

    id is the sender's, and comes back in the acknowledgement. It holds for ttl_s from `sent` on and
    then lapses by itself: what the site file says holds again. Send it anew to go on.
    """

    schema_: Literal["stopline/1"] = Field("stopline/1", alias="schema")
    id: str = Field(min_length=1, max_length=64)
    sent: AwareDatetime
    ttl_s: float = Field(gt=0, le=86_400)


class PreemptCommand(Command):
    """Call a preemption of the site file by its number, or with active = false end that call."""

    number: int = Field(ge=1, le=16)
    active: bool = True


class PlanCommand(Command):
    """Run a plan by its name whatever the hour; None: by the schedule again."""

    plan: str | None


class RecallCommand(Command):
    """Call phases in every cycle, pedestrians with ped_phases. Takes the place of the recall command before."""

    phases: list[int]
    ped_phases: list[int] = []


class CoordinationCommand(Command):
    """free: detectors decide, no cycle is kept; plan: as the plan of the hour says."""

    mode: Literal["plan", "free"]


class CommandAck(_Message):
    """What became of a command. id is None where the command could not be read. reason says why it was refused."""

    schema_: Literal["stopline/1"] = Field("stopline/1", alias="schema")
    id: str | None
    command: Literal["preempt", "plan", "recall", "coordination"]
    ts: AwareDatetime
    state: Literal["accepted", "refused"]
    reason: str | None


#: Name of the topic below `cmd/` → its message.
COMMANDS: dict[Literal["preempt", "plan", "recall", "coordination"], type[Command]] = {
    "preempt": PreemptCommand,
    "plan": PlanCommand,
    "recall": RecallCommand,
    "coordination": CoordinationCommand,
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the topic table; `node_sends` is the direction."""

    name: str
    message: type[BaseModel]
    node_sends: bool
    qos: Literal[0, 1]
    retained: bool
    about: str


#: Every topic below `stopline/v1/{org}/{site}/{node}/`.
TOPICS: tuple[Topic, ...] = (
    Topic("status", StatusMessage, True, 1, True, "online, or offline as last will"),
    Topic("crossing", RecordMessage, True, 1, False, "one road user counted on one movement"),
    Topic("summary", RecordMessage, True, 1, False, "one minute: counts by movement and kind, lanes"),
    Topic("cycle", RecordMessage, True, 1, False, "one signal cycle: splits shown and who passed"),
    Topic("health", RecordMessage, True, 1, False, "camera, detector and outbox of the node"),
    Topic("signal", RecordMessage, True, 1, False, "measured lamps, on each change"),
    Topic("lanes", RecordMessage, True, 1, False, "live queues, about once a second"),
    Topic("hires", RecordMessage, True, 1, False, "Indiana high-resolution events, about once a minute"),
    Topic("incident", RecordMessage, True, 1, False, "an incident starts, goes on or ends"),
    Topic("ack", AckMessage, False, 1, False, "the collector has stored a stream up to seq"),
    Topic("cmd/preempt", PreemptCommand, False, 1, False, "call a preemption, or end the call"),
    Topic("cmd/plan", PlanCommand, False, 1, False, "run a plan whatever the hour"),
    Topic("cmd/recall", RecallCommand, False, 1, False, "call phases in every cycle"),
    Topic("cmd/coordination", CoordinationCommand, False, 1, False, "leave coordination, or take it up again"),
    Topic("cmd/ack", CommandAck, True, 1, False, "a command was accepted or refused, and why"),
)


def topic(org: str, site: str, node: str, name: str) -> str:
    """Full topic, for example `stopline/v1/town/a1/cabinet/summary`."""
    for level in (org, site, node):
        if _NAME.fullmatch(level) is None:
            raise ValueError(f"{level!r} cannot be a topic level: use lower case letters, digits, '-' and '_'")
    return f"{TOPIC_ROOT}/{org}/{site}/{node}/{name}"


def parse_record(payload: bytes | str) -> RecordMessage:
    """The record in a payload; ProtocolError says which field is wrong."""
    try:
        return RecordMessage.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "payload"
        raise ProtocolError(f"record refused: {where}: {first['msg']}") from error
