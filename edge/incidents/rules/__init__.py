"""Every rule, and which of them a site has."""

from __future__ import annotations

from calibration.site import Site
from edge.incident import IncidentKind
from edge.incidents.road import Road
from edge.incidents.rules.blocked_box import BlockedBox
from edge.incidents.rules.closed_lane import VehicleOnClosedLane
from edge.incidents.rules.crash import Crash
from edge.incidents.rules.lost_load import LostLoad
from edge.incidents.rules.low_visibility import LowVisibility
from edge.incidents.rules.near_miss import NearMiss
from edge.incidents.rules.pedestrian import PedestrianOnCarriageway
from edge.incidents.rules.red_running import RedRunning
from edge.incidents.rules.slow_lane import SlowLane
from edge.incidents.rules.spillback import Spillback
from edge.incidents.rules.stopped import StoppedVehicle
from edge.incidents.rules.wrong_way import WrongWay
from edge.incidents.scene import Rule


def rules_of(site: Site, road: Road) -> tuple[Rule, ...]:
    """New rules for one camera of a site; kinds that are off there are left out."""
    every: tuple[Rule, ...] = (
        Crash(road),
        WrongWay(road),
        PedestrianOnCarriageway(road),
        StoppedVehicle(road),
        BlockedBox(road),
        Spillback(road, site.incidents.spillback_m),
        VehicleOnClosedLane(road),
        LostLoad(road),
        SlowLane(road),
        RedRunning(road),
        NearMiss(road),
        LowVisibility(),
    )
    off: frozenset[IncidentKind] = frozenset(site.incidents.off)
    return tuple(rule for rule in every if not rule.kinds <= off)
