"""Whether a schedule says of every instant which plan runs: names that exist, no two entries at once."""

from __future__ import annotations

from collections.abc import Iterator

from calibration.finding import At, Finding, error, warning
from calibration.plans import FREE, plans_of
from calibration.site import Site


def check_schedule(site: Site, at: At) -> Iterator[Finding]:
    """What is wrong with [[schedule]], and the plans that it never runs."""
    plans = plans_of(site)
    if site.schedule and not plans:
        yield error(at("schedule"), "there is no plan for it", "add [[plans]], or remove [[schedule]]")
        return
    names = [plan.name for plan in plans]
    for i, entry in enumerate(site.schedule):
        if entry.plan not in names and entry.plan != FREE:
            found = f"there is no plan '{entry.plan}'"
            yield error(at("schedule", i, "plan"), found, f"use {', '.join(names)}, or '{FREE}'")
    yield from _overlaps(site, at)
    run = {entry.plan for entry in site.schedule}
    for i, plan in enumerate(site.plans):
        if plan is not plans[0] and plan.name not in run:
            yield warning(at("plans", i), f"no [[schedule]] entry runs plan '{plan.name}'", "add one, or remove it")


def _overlaps(site: Site, at: At) -> Iterator[Finding]:
    """Entries of the same rank that begin at the same time of a day."""
    taken: dict[tuple[int, str, str], int] = {}
    for i, entry in enumerate(site.schedule):
        for rank, day in dict.fromkeys(entry.days()):
            first = taken.setdefault((rank, day, entry.begins.isoformat()), i)
            if first != i:
                found = f"{day} at {entry.from_local} begins plan '{entry.plan}'"
                other = f"schedule[{first + 1}] begins plan '{site.schedule[first].plan}' then, too"
                yield error(at("schedule", i), f"{found}, and {other}", "change the days or the time of one")
                break
