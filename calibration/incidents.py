"""Keys of `[incidents]`: what a site adds to what its lanes and movements already say.

Nothing here is needed: without it the box lies between the stop lines, people belong on the
crossings of `P…` movements, and every rule is on.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from calibration.key_types import Name, SiteId, SiteModel
from edge.incident import IncidentKind

_PointPx = tuple[float, float]


class Area(SiteModel):
    """A part of one camera's picture, with a use of its own on the ground.

    box: the area that must be clear between stop lines. crossing, cycle_track, footway: people or
    cyclists belong there. works: closed ground, whatever stands on it is explained. no_traffic: nobody drives there.
    """

    id: Name
    kind: Literal["box", "crossing", "cycle_track", "footway", "works", "no_traffic"]
    camera: SiteId
    polygon_px: tuple[_PointPx, ...] = Field(min_length=3)


class Works(SiteModel):
    """Planned works or an event: what it explains is not told as an incident.

    lanes, kinds: all of them unless given. closes: its lanes are closed meanwhile.
    """

    name: str = Field(min_length=1)
    begins: AwareDatetime
    ends: AwareDatetime
    lanes: tuple[Name, ...] = ()
    kinds: tuple[IncidentKind, ...] = ()
    closes: bool = False


class Incidents(SiteModel):
    """How incidents are noticed at this site.

    off: kinds that are not told. closed_lanes: nobody may drive there now. spillback_m: length of queue by
    lane that counts as spillback; a lane not named here: its whole seen length. alarms_per_day: budget of false
    alarms of the statistics, per series. alarm_threshold: how odd a minute must be to be told; `stopline incidents
    tune` finds it. preempt_on_crash: number of the preemption that a crash calls for; None: none.
    hold_blocked_exits: greens into a blocked exit are held back. snapshots: pictures of incidents, people
    and plates blurred, kept in the cabinet only.
    """

    areas: tuple[Area, ...] = Field(default=(), max_length=64)
    off: tuple[IncidentKind, ...] = ()
    closed_lanes: tuple[Name, ...] = ()
    spillback_m: dict[Name, Annotated[float, Field(gt=0, le=2000)]] = Field(default_factory=dict)
    works: tuple[Works, ...] = Field(default=(), max_length=64)
    alarms_per_day: Annotated[float, Field(gt=0, le=24)] = 0.05
    alarm_threshold: Annotated[float, Field(ge=1, le=100)] = 5.0
    preempt_on_crash: Annotated[int, Field(ge=1, le=16)] | None = None
    hold_blocked_exits: bool = True
    snapshots: bool = False
