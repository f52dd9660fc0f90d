"""What stands still: the junction in metres, as the world, the renderer and the site generator read it.

The frame of reference is that of `sim_videos.state`. A street is made by
`sim_videos.world` from a scenario, whether its junction is parametric or a SUMO net.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from calibration.site import Plan, Signal
from sim_videos.state import PointM

Line = tuple[PointM, ...]


class LaneUse(StrEnum):
    """Who a lane is for."""

    VEHICLES = "vehicles"
    BICYCLES = "bicycles"
    WALKERS = "walkers"


@dataclass(frozen=True, slots=True)
class RoadLane:
    """One lane of the net. line_m is its middle, in the direction of travel.

    id is SUMO's. An inbound lane ends at its stop line and has a Stopline name (`NB1` is
    the lane nearest the kerb, counted inward; `NBL1` a left-turn bay), its approach and
    the movements it serves. inside: it lies within the junction and is not painted.
    """

    id: str
    line_m: Line
    width_m: float
    use: LaneUse
    speed_limit_mps: float
    inbound: bool = False
    inside: bool = False
    name: str | None = None
    approach: str | None = None
    movements: tuple[str, ...] = ()
    phase: int | None = None


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """A pedestrian crossing: outline_m is its painted area, axis_m runs from kerb to kerb."""

    id: str
    approach: str
    outline_m: Line
    axis_m: tuple[PointM, PointM]
    phase: int | None


@dataclass(frozen=True, slots=True)
class SignalHead:
    """One signal head. facing_rad is where it shines to, so against the traffic it is for."""

    id: str
    kind: Literal["vehicle", "left_arrow", "pedestrian"]
    phase: int
    pos_m: tuple[float, float, float]
    facing_rad: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One movement: paths_m lead from each of its lanes' stop lines to the exit lane's start."""

    movement: str
    approach: str
    phase: int
    lanes: tuple[str, ...]
    paths_m: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Arm:
    """One leg. heading_rad is the direction of its inbound traffic at the stop line.

    stop_line_m goes across all inbound lanes, from the median to the kerb.
    """

    approach: str
    name: str
    speed_limit_mps: float
    heading_rad: float
    stop_line_m: tuple[PointM, PointM]


@dataclass(frozen=True, slots=True)
class Street:
    """One junction. outline_m is its paved middle, from stop line to stop line."""

    id: str
    arms: tuple[Arm, ...]
    lanes: tuple[RoadLane, ...]
    outline_m: Line
    crosswalks: tuple[Crosswalk, ...]
    heads: tuple[SignalHead, ...]
    turns: tuple[Turn, ...]
    signal: Signal
    plan: Plan

    @property
    def inbound(self) -> tuple[RoadLane, ...]:
        """Vehicle lanes that end at a stop line, in the order of the file."""
        return tuple(lane for lane in self.lanes if lane.inbound and lane.name is not None)
