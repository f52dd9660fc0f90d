"""What moves: one instant of the simulated street, as the renderer, the truth and the control loop read it.

Metres are those of the scenario's junction: x east, y north, the origin at its middle,
z up from the road. Angles are radians, counter-clockwise from east. Times are seconds
of the scene; the first frame is at 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge.types import Interval, Kind, PedInterval

PointM = tuple[float, float]


class IncidentKind(StrEnum):
    """What can go wrong on the street, on a scenario's timetable."""

    STOPPED_VEHICLE = "stopped_vehicle"
    WRONG_WAY = "wrong_way"
    CRASH = "crash"
    LOST_LOAD = "lost_load"
    PEDESTRIAN = "pedestrian_on_carriageway"
    SPILLBACK = "spillback"
    LANE_CLOSED = "lane_closed"
    BLOCKED_BOX = "blocked_box"
    EMERGENCY = "emergency_vehicle"


@dataclass(frozen=True, slots=True)
class RoadUser:
    """One road user.

    make is a key of `sim_videos.makes.MAKES`. pos_m is the middle of its footprint,
    heading_rad where its front points; tail_heading_rad is that of the trailer of an
    articulated vehicle, which hangs at the middle of the front body's rear (None: one body).
    Of an articulated one pos_m is half its whole length behind its front, along heading_rad.
    colour (0..99) is its own for life. indicator: 1 left, -1 right, 0 none; hazard: both flash.
    approach, lane (Stopline's name), movement are where it goes, None when it is on none.
    to_stop_m is from its front to the stop line of its lane, None off an approach.
    """

    user_id: int
    make: str
    kind: Kind
    colour: int
    pos_m: PointM
    heading_rad: float
    speed_mps: float
    accel_mps2: float = 0.0
    tail_heading_rad: float | None = None
    braking: bool = False
    indicator: int = 0
    hazard: bool = False
    beacon: bool = False
    approach: str | None = None
    lane: str | None = None
    movement: str | None = None
    to_stop_m: float | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that lies or stands on the road: `load`, `cone`, `barrier`."""

    thing_id: int
    make: str
    pos_m: PointM
    heading_rad: float


@dataclass(frozen=True, slots=True)
class ActiveIncident:
    """An incident that is going on: its number in the scenario, and who and where it is.

    lane is None where it is in none (the box). user_ids may be empty (a lost load).
    """

    number: int
    kind: IncidentKind
    lane: str | None
    pos_m: PointM
    started_s: float
    user_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class WorldFrame:
    """The whole street at t_s. intervals and pedestrian are what the lamps show, by phase."""

    t_s: float
    users: tuple[RoadUser, ...]
    things: tuple[Thing, ...]
    intervals: Mapping[int, Interval]
    pedestrian: Mapping[int, PedInterval]
    incidents: tuple[ActiveIncident, ...] = ()
