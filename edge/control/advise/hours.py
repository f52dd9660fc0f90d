"""Which counts belong to a plan: those of the hours that a person names, and in which the plan runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from calibration.plans import plans_of
from calibration.site import Site
from edge.clock import NS_PER_S, instant_utc
from edge.control.advise.flows import Counted, Observed
from edge.control.timetable import Timetable
from edge.errors import InputError


@dataclass(frozen=True, slots=True)
class Span:
    """From one instant to before another, with time zones; None is open."""

    begin: datetime | None = None
    end: datetime | None = None


def of_plan(site: Site, plan_name: str | None, observed: Observed, span: Span) -> Observed:
    """Only the intervals within the span, and of those only the ones in which the site's schedule runs the plan.

    An interval counts where its middle is. Passages stay: how fast a queue leaves hangs on no plan.
    InputError where hours are asked for and the counts tell none, or none is left.
    """
    timed = all(row.begin_ns is not None for row in observed.counted)
    if span != Span() and not timed:
        raise InputError(f"{observed.source}: tells no time of day; leave out --from and --to, or give counts that do")
    plans = plans_of(site)
    wanted = plan_name if plan_name is not None else plans[0].name if plans else None
    scheduled = bool(site.schedule) and wanted is not None
    notes = list(observed.notes)
    kept: Sequence[Counted] = observed.counted
    if timed:
        kept = [row for row in kept if _within(row, span)]
        if scheduled:
            timetable, zone = Timetable(plans, site.schedule), ZoneInfo(site.timezone)
            kept = [row for row in kept if _plan_at(timetable, row, zone) == wanted]
            notes.append(f"only what was counted while the schedule runs plan {wanted} is used")
    elif scheduled:
        notes.append(f"the counts tell no time of day: whether plan {wanted} ran then is not known")
    if not kept:
        hours = f" while plan {wanted} runs" if scheduled else ""
        raise InputError(f"{observed.source}: nothing was counted in the time asked for{hours}; give other hours")
    return replace(observed, counted=tuple(kept), notes=tuple(notes))


def _middle(row: Counted) -> datetime:
    return instant_utc((row.begin_ns or 0) + round(row.length_s / 2 * NS_PER_S))


def _within(row: Counted, span: Span) -> bool:
    middle = _middle(row)
    return (span.begin is None or span.begin <= middle) and (span.end is None or middle < span.end)


def _plan_at(timetable: Timetable, row: Counted, zone: ZoneInfo) -> str | None:
    plan = timetable.at(_middle(row).astimezone(zone)).plan
    return None if plan is None else plan.name
