"""What one junction is: cameras, approaches, lanes, gates, phases and its plan.

A site is one TOML file, read once, checked as a whole and frozen. `*_px` are pixels
of the named camera (origin top left, x right, y down); `*_m` are metres on the
ground plane, whose origin and axes the file chooses (one plane for all cameras).
`docs/site.md` explains every key.
"""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints

from calibration.buttons import Button
from calibration.detectors import Detector
from calibration.incidents import Incidents
from calibration.key_types import Name, PhaseNumber, SiteId, SiteModel
from calibration.plans import Plan as Plan  # noqa: PLC0414 - exported, a plan is part of a site
from calibration.plans import ScheduleEntry
from calibration.preempts import Preempt
from edge.types import Kind

PointPx = tuple[float, float]
PointM = tuple[float, float]
SegmentPx = tuple[PointPx, PointPx]
#: Approach, then turn: northbound through is NBT. `P…` are pedestrian crossings.
MovementId = Annotated[str, StringConstraints(pattern=r"^([NSEW]|NE|NW|SE|SW)B[LTRU][0-9]?$|^P[0-9A-Z]{1,7}$")]
#: Overlaps are named by letters, as in NEMA controllers.
OverlapName = Annotated[str, StringConstraints(pattern=r"^[A-P]$")]
#: A head group of the lamps: a phase by its number or an overlap by its letter.
ChannelName = Annotated[str, StringConstraints(pattern=r"^([1-9]|1[0-6]|[A-P])$")]
#: GPIO number, or number of the board's output: docs/bridges.md.
Pin = Annotated[int, Field(ge=0, le=254)]
Flash = Literal["red", "yellow"]


def _known_timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"unknown time zone {name!r}: write one like 'Europe/London'")
    return name


class PointPair(SiteModel):
    """One place on the road, in the picture and on the ground plane."""

    px: PointPx
    m: PointM


class Homography(SiteModel):
    """At least four pixel–metre pairs of the road surface; max_error_m bounds their reprojection error."""

    pairs: tuple[PointPair, ...] = Field(min_length=4)
    max_error_m: float = Field(default=0.5, gt=0)


class Camera(SiteModel):
    """One camera. anchor is the point of a box that stands for the vehicle's place on the
    ground: `foot` (middle of the lower edge) for a slanting view, `centre` from straight above."""

    id: SiteId
    size_px: tuple[Annotated[int, Field(ge=64, le=8192)], Annotated[int, Field(ge=64, le=8192)]]
    homography: Homography
    anchor: Literal["foot", "centre"] = "foot"
    ignore_px: tuple[tuple[PointPx, ...], ...] = ()


class Approach(SiteModel):
    """One leg of the junction, named by where its traffic heads (NB: northbound).

    speed_85_mps is the measured 85th percentile of free speeds, grade_percent the rise towards the
    stop line in metres per 100 m (downhill negative); None where nobody measured.
    """

    id: Annotated[str, StringConstraints(pattern=r"^([NSEW]|NE|NW|SE|SW)B$")]
    name: str = ""
    speed_limit_mps: float = Field(gt=1, le=60)
    speed_85_mps: float | None = Field(default=None, gt=1, le=60)
    grade_percent: float | None = Field(default=None, ge=-15, le=15)


class Lane(SiteModel):
    """One approach lane as one camera sees it.

    stop_line_px is where a queue starts; without it the lane has no queue or presence.
    """

    id: Name
    approach: str
    camera: str
    polygon_px: tuple[PointPx, ...] = Field(min_length=3)
    stop_line_px: SegmentPx | None = None
    phase: PhaseNumber | None = None


class Gate(SiteModel):
    """A directed line across the path of a movement.

    toward_px is a point on the side that traffic leaves to; without it the side is
    that of the movement's other gate.
    """

    line_px: SegmentPx
    toward_px: PointPx | None = None


class Movement(SiteModel):
    """One movement, counted once per road user that entered by one gate and left by the other.

    direction is the name used in hand counts (`rightward`, `toward` …). lanes are those
    it may come from. kinds are what is counted: all vehicles unless given.
    """

    id: MovementId
    approach: str
    camera: str
    entry: Gate
    exit: Gate
    lanes: tuple[Name, ...] = ()
    phase: PhaseNumber | None = None
    direction: str | None = None
    kinds: tuple[Kind, ...] = (Kind.CAR, Kind.TRUCK, Kind.BUS, Kind.MOTORCYCLE, Kind.BICYCLE)
    min_travel_m: float = Field(default=3.0, gt=0, le=100)


class Phase(SiteModel):
    """One NEMA phase and its times. Software never times these: the signal core does.

    ped_recall: walk is served with every green, called or not. max_request_s: asked for longer than
    this without a break it no longer counts as asked for. walk_reason allows a walk of 4 to 7 s.
    junction_width_m is the way from the stop line to the far edge of the last lane that is crossed,
    crossing_length_m the longest crossing served, kerb to kerb; None where nobody measured.

    For actuated control (NEMA TS 2-2003, section 3.5.3): passage_s holds the green for whoever reaches the
    stop line within it. max2_green_s: the maximum that a plan may choose in place of max_green_s.
    recall: `min` calls in every cycle, `max` also holds to the maximum, `soft` calls only when nobody
    else does. lock: calls are remembered until green. ped_recycle: walk may come again within a green
    that nobody else waits for. dual_entry: goes along when its ring has no call; None leaves it to the longest
    phase of the group. conditional_service: may be served once more after its ring is done, while the other ring
    has time left.
    """

    number: PhaseNumber
    min_green_s: float = Field(ge=3, le=120)
    max_green_s: float = Field(ge=3, le=600)
    yellow_s: float = Field(ge=3.0, le=6.0)
    red_clearance_s: float = Field(ge=0, le=6.0)
    walk_s: float | None = Field(default=None, ge=4, le=120)
    ped_clearance_s: float | None = Field(default=None, ge=3, le=120)
    ped_recall: bool = True
    flash: Flash = "red"
    max_request_s: float | None = Field(default=None, ge=3, le=650)
    walk_reason: str | None = Field(default=None, min_length=1)
    junction_width_m: float | None = Field(default=None, gt=0, le=200)
    crossing_length_m: float | None = Field(default=None, gt=0, le=100)
    passage_s: float | None = Field(default=None, ge=0, le=25.5)
    max2_green_s: float | None = Field(default=None, ge=3, le=600)
    recall: Literal["none", "min", "max", "soft"] = "none"
    lock: bool = False
    ped_recycle: bool = True
    dual_entry: bool | None = None
    conditional_service: bool = False


class Overlap(SiteModel):
    """Heads that are green whenever one of their parents is asked for, with times of their own."""

    name: OverlapName
    parents: tuple[PhaseNumber, ...] = Field(min_length=1, max_length=8)
    min_green_s: float = Field(default=3.0, ge=3, le=120)
    yellow_s: float = Field(ge=3.0, le=6.0)
    red_clearance_s: float = Field(ge=0, le=6.0)
    flash: Flash = "red"


class Head(SiteModel):
    """Outputs of one head group; walk and dont_walk where it has pedestrians."""

    red: Pin
    yellow: Pin
    green: Pin
    walk: Pin | None = None
    dont_walk: Pin | None = None


class Senses(SiteModel):
    """Inputs that are high while the lamp of that colour has voltage."""

    red: Pin
    yellow: Pin
    green: Pin
    walk: Pin | None = None


class Wiring(SiteModel):
    """Which lamp hangs on which pin of which board. Everything from active_low on is for board `gpio` alone.

    Switches close to ground unless switches_active_high. manual_flash and door are closed while all is
    well, so that a broken wire flashes; stop_time and reset close when pressed.
    """

    board: Literal["avr328p", "avr2560", "gpio"]
    heads: dict[ChannelName, Head] = Field(min_length=1)
    active_low: bool = False
    flash_relay: Pin | None = None
    heartbeat: Pin | None = None
    manual_flash: Pin | None = None
    door: Pin | None = None
    stop_time: Pin | None = None
    reset: Pin | None = None
    switches_active_high: bool = False
    senses: dict[ChannelName, Senses] = Field(default_factory=dict)


class Signal(SiteModel):
    """Phases, and rings → barrier groups → phases in the order they are served.

    rings = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]] is the common eight-phase junction:
    phases of one ring never run together, nor do phases of different barrier groups.
    compatible, where given, says once more which phases may be green together, as the
    program card of a conflict monitor does; it must say what the rings say. rest: what actuated
    control shows while nobody calls. simultaneous_gap: a phase that waits at a barrier is extended again
    until the other ring is ready, too (NEMA TS 2-2003, section 3.5.3).
    """

    phases: tuple[Phase, ...] = Field(min_length=1, max_length=16)
    rings: tuple[tuple[tuple[PhaseNumber, ...], ...], ...] = Field(min_length=1, max_length=4)
    compatible: dict[PhaseNumber, tuple[PhaseNumber, ...]] | None = None
    overlaps: tuple[Overlap, ...] = Field(default=(), max_length=4)
    startup_phases: tuple[PhaseNumber, ...] = ()
    startup_flash_s: float = Field(default=5.0, ge=0, le=60)
    startup_red_s: float = Field(default=6.0, ge=3, le=60)
    rest: Literal["green", "red"] = "green"
    simultaneous_gap: bool = True
    wiring: Wiring | None = None


class Site(SiteModel):
    """The whole junction."""

    schema_version: Literal[1]
    id: SiteId
    name: str
    timezone: Annotated[str, AfterValidator(_known_timezone)]
    notes: str = ""
    cameras: tuple[Camera, ...] = Field(min_length=1)
    approaches: tuple[Approach, ...] = Field(min_length=1)
    lanes: tuple[Lane, ...] = Field(min_length=1)
    movements: tuple[Movement, ...] = Field(min_length=1)
    signal: Signal | None = None
    plan: Plan | None = None
    plans: tuple[Plan, ...] = Field(default=(), max_length=64)
    schedule: tuple[ScheduleEntry, ...] = Field(default=(), max_length=200)
    detectors: tuple[Detector, ...] = Field(default=(), max_length=128)
    preempts: tuple[Preempt, ...] = Field(default=(), max_length=16)
    buttons: tuple[Button, ...] = Field(default=(), max_length=64)
    incidents: Incidents = Field(default_factory=Incidents)
