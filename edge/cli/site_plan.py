"""`stopline site plan`: the plans of a site, and which of them runs when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from calibration.draw_plan import draw_plans, text_bars, title
from calibration.load import find_site, load_site
from calibration.plans import plans_of
from calibration.site import Site
from edge.clock import SystemClock, instant_utc
from edge.control.timetable import Timetable
from edge.errors import SiteError, StorageError

_DAY_MINUTES = 24 * 60


def plan(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A site's .toml file, or the name of one.")],
    day: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Show what runs on that day; today if left out.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Write the split diagrams there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What runs on the day as JSON and nothing else.")] = False,
) -> None:
    """Show a site's plans: splits of each ring over the cycle, and which plan runs when on a day."""
    path = find_site(file)
    site = load_site(path)
    plans = plans_of(site)
    if site.signal is None or not plans:
        raise SiteError(f"{path}: plan: is missing, so there is nothing to show; add [plan]")
    wanted = _day(day, site)
    if picture is not None:
        _write(picture, draw_plans(plans, site.signal))
    runs = list(_runs(site, wanted))
    if as_json:
        changes = [{"from": from_, "plan": name, "reason": reason} for from_, name, reason in runs]
        print(json.dumps({"date": wanted.isoformat(), "runs": changes}))
        return
    for each in plans:
        print(title(each))
        for ring, bar in enumerate(text_bars(each, site.signal), start=1):
            print(f"  ring {ring}  {bar}")
    print(f"{wanted:%A} {wanted}, {site.timezone}:")
    for from_, name, reason in runs:
        print(f"  {from_}  {name}{f' ({reason})' if reason else ''}")
    if picture is not None:
        print(f"{picture}: split diagrams")


def _day(text: str | None, site: Site) -> date:
    if text is None:
        clock = SystemClock()
        return instant_utc(clock.wall_ns(clock.now_ns())).astimezone(ZoneInfo(site.timezone)).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date; write one like 2026-12-25", param_hint="--date") from None


def _runs(site: Site, day: date) -> Iterator[tuple[str, str, str]]:
    """(local time, plan, why) of each change of a day, looked for minute by minute as time really passes."""
    timetable = Timetable(plans_of(site), site.schedule)
    zone = ZoneInfo(site.timezone)
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    before: tuple[str, str] | None = None
    for minute in range(_DAY_MINUTES + 120):
        local = (start + timedelta(minutes=minute)).astimezone(zone)
        if local.date() != day:
            continue
        choice = timetable.at(local)
        now = ("free" if choice.plan is None else choice.plan.name, choice.reason)
        if now != before:
            yield f"{local:%H:%M}", *now
        before = now


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
    except OSError as wrong:
        reason = wrong.strerror or str(wrong)
        raise StorageError(f"{path}: cannot be written ({reason}); choose a folder that exists and has room") from wrong
