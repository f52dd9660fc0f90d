"""Plans and clocks for tests of timing by time of day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from calibration.plans import Plan, ScheduleEntry
from calibration.site import Signal
from edge.control.plan_clock import PlanClock
from edge.control.timetable import Timetable

LONDON = ZoneInfo("Europe/London")


def entry(begins: str, plan: str, **days: object) -> ScheduleEntry:
    """One `[[schedule]]` entry."""
    return ScheduleEntry.model_validate({"from": begins, "plan": plan, **days})


def local_from(start: datetime) -> Callable[[int], datetime]:
    """Local time of a clock that showed `start`, with its time zone, at instant 0 and is right."""
    utc, zone = start.astimezone(UTC), start.tzinfo
    return lambda t_ns: (utc + timedelta(microseconds=t_ns // 1000)).astimezone(zone)


def clock(
    signal: Signal, plans: Sequence[Plan], schedule: Sequence[ScheduleEntry] = (), start: datetime | None = None
) -> PlanClock:
    """The plans of a signal by a right clock that shows `start` at instant 0; midnight unless given."""
    shown = datetime(2026, 11, 20, tzinfo=LONDON) if start is None else start
    return PlanClock(Timetable(plans, schedule), signal, local_from(shown))
