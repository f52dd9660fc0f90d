"""The values that flow through Stopline, in the order in which they come to be.

    Frame → Detections → Track → Crossing, LaneState → Demand → PhaseRequest → SignalState

Those that hold arrays are in `edge.frames`, so that control needs no numpy. All are
frozen and carry `t_ns`, monotonic nanoseconds of cabinet time. Pixels have their
origin at the top left of the frame, x right, y down. Metres are the site's ground
plane. Unknown is `None`, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Kind(StrEnum):
    """Road user classes, in the order of the integers in `Detections.classes`."""

    CAR = "car"
    TRUCK = "truck"
    BUS = "bus"
    MOTORCYCLE = "motorcycle"
    BICYCLE = "bicycle"
    PERSON = "person"


#: Index in `Detections.classes` → kind.
KINDS: tuple[Kind, ...] = tuple(Kind)
#: What a vehicle count counts; people are counted by pedestrian movements only.
VEHICLE_KINDS: frozenset[Kind] = frozenset(KINDS) - {Kind.PERSON}


@dataclass(frozen=True, slots=True)
class Track:
    """One road user followed over time, as of `t_ns`.

    box_px is x1, y1, x2, y2; foot_px the point of the box that stands on the ground;
    pos_m that point on the ground plane; vel_mps its smoothed velocity; speed_mps the
    length of it and speed_sd_mps one standard deviation (both None until enough was
    seen). seen is False while the track coasts through a missed detection.
    """

    t_ns: int
    track_id: int
    kind: Kind
    score: float
    box_px: tuple[float, float, float, float]
    foot_px: tuple[float, float]
    pos_m: tuple[float, float]
    vel_mps: tuple[float, float] | None
    speed_mps: float | None
    speed_sd_mps: float | None
    age_s: float
    seen: bool


@dataclass(frozen=True, slots=True)
class Crossing:
    """One road user counted once on one movement.

    entered_ns is None where its entry was not seen (it was first seen between the
    gates). waited_s is the time it stood on its approach; since_green_s the time since
    the movement's phase last turned green, negative never, None when unknown.
    """

    t_ns: int
    movement: str
    kind: Kind
    lane: str | None
    track_id: int
    entered_ns: int | None
    speed_mps: float | None
    waited_s: float | None
    since_green_s: float | None = None
    headway_s: float | None = None


@dataclass(frozen=True, slots=True)
class NotCounted:
    """Why a road user that ended was not counted on a movement it came near."""

    t_ns: int
    track_id: int
    kind: Kind
    movement: str | None
    reason: str
    last_px: tuple[float, float]
    first_px: tuple[float, float]
    travelled_m: float


@dataclass(frozen=True, slots=True)
class Queue:
    """Vehicles standing in one lane, from the stop line back.

    vehicles and length_m are None when the camera cannot tell; wait_s is how long the
    first one has stood, None with no queue or no sight. at_least says that the queue
    reaches the end of what the camera sees, so it may be longer.
    """

    lane: str
    vehicles: int | None
    length_m: float | None
    wait_s: float | None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class LaneState:
    """What is known of one lane at `t_ns`; every value None when the camera cannot tell.

    presence: a vehicle stands at or near the stop line. occupancy: share of the last
    minute (or of what was seen of it) with presence, 0..1. speed_mps: mean of moving
    vehicles now in the lane. headway_s: time between the last two that passed the line.
    """

    t_ns: int
    lane: str
    presence: bool | None
    occupancy: float | None
    vehicles: int | None
    speed_mps: float | None
    headway_s: float | None
    queue: Queue


@dataclass(frozen=True, slots=True)
class Sight:
    """Whether a camera can be believed at `t_ns`; `reason` says in a word why not, `detail` in numbers."""

    t_ns: int
    camera: str
    ok: bool
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class LaneDemand:
    """What one lane asks of the signals.

    presence, queue_vehicles and wait_s are None when unknown. arrivals lists the moving
    vehicles upstream of the stop line as (distance to it in m, speed in m/s), nearest
    first, None when unknown. age_s is the age of this knowledge; None if never known.
    """

    lane: str
    phase: int | None
    presence: bool | None
    arrivals: tuple[tuple[float, float], ...] | None
    queue_vehicles: int | None
    wait_s: float | None
    age_s: float | None
    turns: tuple[int | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """Per-lane demand at `t_ns`, one entry for every lane of the site."""

    t_ns: int
    lanes: Mapping[str, LaneDemand]


class Ending(StrEnum):
    """Why a controller ended a green. DECIDED: a plan ahead or a stage change chose so."""

    GAP_OUT = "gap_out"
    MAX_OUT = "max_out"
    FORCE_OFF = "force_off"
    DECIDED = "decided"
    PREEMPT = "preempt"


@dataclass(frozen=True, slots=True)
class Pattern:
    """The coordination pattern in force: number as in the timing sheet, times in s, splits by phase."""

    number: int
    name: str
    cycle_s: float
    offset_s: float
    splits_s: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class PreemptNow:
    """The preemption in force: its number in the timing sheet, and how far it is."""

    number: int
    stage: Literal["delay", "entry", "dwell", "exit"]


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """What the controller did or knows in one step that no lamp shows, for records and reports.

    level: which controller of the fallback chain decided (or `preempt`, `flash`), and level_reason
    why not a better one. endings: phases whose green was ended in this very step. called, ped_called, held: phases with
    a call, a pedestrian call, a hold now; None where this controller has none of it.
    cycle_second: local time in the cycle, None when free. coordination: whether it runs at its own second, or
    how it gets there; None where the controller does not say.
    """

    level: str
    level_reason: str | None = None
    endings: Mapping[int, Ending] = field(default_factory=dict)
    called: frozenset[int] | None = None
    ped_called: frozenset[int] | None = None
    held: frozenset[int] | None = None
    pattern: Pattern | None = None
    cycle_second: float | None = None
    coordination: Literal["free", "in_step", "add", "subtract", "dwell"] | None = None
    preempt: PreemptNow | None = None


@dataclass(frozen=True, slots=True)
class PhaseRequest:
    """Phases that software asks to be green, the engineer's reason, and how long it holds.

    ped_calls: phases whose pedestrians called; walk is served with the phase's next green.
    facts: for records only; no bridge looks at it.
    """

    t_ns: int
    phases: frozenset[int]
    reason: str
    ttl_ms: int = 300
    ped_calls: frozenset[int] = frozenset()
    facts: ControlFacts | None = None


class Interval(StrEnum):
    """What one vehicle phase shows; the signal core alone decides it."""

    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"
    RED_CLEARANCE = "red_clearance"
    FLASH_YELLOW = "flash_yellow"
    FLASH_RED = "flash_red"


class PedInterval(StrEnum):
    """What one pedestrian head shows."""

    WALK = "walk"
    CLEARANCE = "clearance"
    DONT_WALK = "dont_walk"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class SignalState:
    """Measured state of the lamps. since_ns: when each phase's interval began.

    modelled: no lamp was measured, a model answered what a signal core would show.
    """

    t_ns: int
    intervals: Mapping[int, Interval]
    since_ns: Mapping[int, int]
    pedestrian: Mapping[int, PedInterval] = field(default_factory=dict)
    mode: Literal["startup", "running", "flash"] = "running"
    fault: str | None = None
    modelled: bool = False
