"""A street made by hand for tests of the renderer: one straight road north and south, no SUMO needed."""

from __future__ import annotations

import math

from calibration.site import Phase, Plan, Signal
from edge.types import Interval, PedInterval
from sim_videos.makes import MAKES
from sim_videos.render.camera import PinholeCamera
from sim_videos.state import RoadUser, WorldFrame
from sim_videos.street import Arm, Crosswalk, LaneUse, RoadLane, SignalHead, Street

NORTH = math.pi / 2
SIZE = (320, 192)


def lane(name: str, x: float, *, inbound: bool) -> RoadLane:
    """A lane of the south leg; inbound ones lead north."""
    line = ((x, -90.0), (x, -12.0)) if inbound else ((x, -12.0), (x, -90.0))
    return RoadLane(
        name, line, 3.3, LaneUse.VEHICLES, 13.4, inbound=inbound, name=name if inbound else None,
        approach="NB" if inbound else None, movements=("NBT",) if inbound else (), phase=2 if inbound else None,
    )  # fmt: skip


def street() -> Street:
    """Two lanes each way south of a square junction, one crossing, one head that faces south and one north."""
    box = ((-8.0, -12.0), (8.0, -12.0), (8.0, 12.0), (-8.0, 12.0))
    walk = ((-6.6, -11.0), (6.6, -11.0), (6.6, -8.0), (-6.6, -8.0))
    signal = Signal(
        phases=(Phase(number=2, min_green_s=5, max_green_s=30, yellow_s=3.5, red_clearance_s=2),), rings=(((2,),),)
    )
    return Street(
        id="straight",
        arms=(Arm("NB", "South Street", 13.4, NORTH, ((0.0, -12.0), (6.6, -12.0))),),
        lanes=(
            lane("NB1", 4.95, inbound=True), lane("NB2", 1.65, inbound=True),
            lane("out-1", -1.65, inbound=False), lane("out-2", -4.95, inbound=False),
        ),
        outline_m=box,
        crosswalks=(Crosswalk("south", "NB", walk, ((-6.6, -9.5), (6.6, -9.5)), 4),),
        heads=(
            SignalHead("to-north", "vehicle", 2, (2.0, -14.0, 5.0), NORTH),
            SignalHead("to-south", "vehicle", 2, (8.5, 12.0, 5.0), -NORTH),
        ),
        turns=(),
        signal=signal,
        plan=Plan(name="day", cycle_s=60, splits_s={2: 60}),
    )  # fmt: skip


def camera(size_px: tuple[int, int] = SIZE) -> PinholeCamera:
    """South over the junction, from its north side."""
    return PinholeCamera((2.0, 14.0, 9.0), -NORTH, math.radians(14.0), 0.0, 0.9 * size_px[0], size_px)


def user(number: int, make: str, at: tuple[float, float], heading: float = NORTH) -> RoadUser:
    """One road user, standing; `dataclasses.replace` makes it brake or move."""
    return RoadUser(number, make, MAKES[make].kind, 5, at, heading, 0.0)


def world(*users: RoadUser, t_s: float = 0.0, interval: Interval = Interval.RED) -> WorldFrame:
    """An instant with these road users; phase 2 shows `interval`."""
    return WorldFrame(t_s, users, (), {2: interval}, {4: PedInterval.DONT_WALK})
