"""A site's plans joined to a clock: control itself asks no clock what time it is."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from calibration.plans import plans_of
from calibration.site import Site
from edge.clock import Clock, instant_utc
from edge.control.plan_clock import LocalTime, PlanClock
from edge.control.timetable import Timetable


def local_time(clock: Clock, timezone: str) -> LocalTime:
    """Wall time in a time zone of an instant of a clock; None while the clock is not known to be right."""
    zone = ZoneInfo(timezone)

    def local(t_ns: int) -> datetime | None:
        return instant_utc(clock.wall_ns(t_ns)).astimezone(zone) if clock.synced() else None

    return local


def plan_clock(site: Site, clock: Clock) -> PlanClock | None:
    """The plans of a site by their schedule; None for a site without signal or plan."""
    plans = plans_of(site)
    if site.signal is None or not plans:
        return None
    return PlanClock(Timetable(plans, site.schedule), site.signal, local_time(clock, site.timezone))
