"""`stopline site advise`: better timing out of a junction's own counts, with what it would save."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from calibration.check import check_site
from calibration.load import find_site, load_site
from calibration.plans import Plan
from calibration.site import Site
from edge.cli.advise_sources import observe
from edge.cli.advise_text import as_json, lines
from edge.control.advise.fragment import fragment
from edge.control.advise.hours import Span, of_plan
from edge.control.advise.picture import draw_advice
from edge.control.advise.propose import Wishes, advise
from edge.control.advise.saturation import BASE_VPH
from edge.errors import ConfigError
from edge.replay.outputs import write_whole


def site_advise(
    file: Annotated[str, typer.Argument(metavar="SITE", help="A site's .toml file, or the name of one.")],
    counts: Annotated[
        str,
        typer.Argument(
            metavar="COUNTS",
            help="A folder of stopline replay, a CSV table (movement, interval_s, count), an outbox, or the "
            "collector's database.",
        ),
    ],
    plan: Annotated[
        str | None, typer.Option(show_default="the site's first", help="The plan to better, by its name.")
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Counts from this local time on, 2026-05-01T06:30.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Counts before this local time.")] = None,
    max_cycle_s: Annotated[float, typer.Option("--max-cycle", min=20, max=600, help="Longest cycle, s.")] = 120,
    cycle_s: Annotated[
        int | None,
        typer.Option("--cycle", min=20, max=600, show_default="about Webster's", help="This cycle and no other, s."),
    ] = None,
    base_vph: Annotated[
        float,
        typer.Option("--base-saturation", min=500, max=3000, help="Cars an hour and lane where nothing is measured."),
    ] = BASE_VPH,
    least_min: Annotated[
        float, typer.Option("--least-minutes", min=0.5, help="A movement seen for less than this is unknown.")
    ] = 5,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Write the proposed plan as part of a site file.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw both plans and their delays.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="All of it as one JSON object.")] = False,
) -> None:
    """Propose cycle and splits from what was counted, and say what they would save.

    Nothing is changed: a person decides. Methods: Webster (1958), Highway Capacity Manual, 6th edition.
    """
    site = load_site(find_site(file))
    span = Span(_local(begin, site, "--from"), _local(end, site, "--to"))
    observed = of_plan(site, plan, observe(counts, site, span), span)
    wishes = Wishes(max_cycle_s, None if cycle_s is None else float(cycle_s), base_vph, least_min * 60)
    advice = advise(site, plan, observed, wishes)
    if advice.proposed is not None:
        checked(site, advice.proposed.plan)
    print(json.dumps(as_json(advice), ensure_ascii=False) if json_ else "\n".join(lines(advice)))
    if advice.proposed is None or site.signal is None:
        return
    if write is not None:
        listed = advice.proposed.plan.name in {other.name for other in site.plans}
        write_whole(write, fragment(advice, in_list=listed))
        _say(f"{write}: the proposed plan", quiet=json_)
    if picture is not None:
        write_whole(picture, draw_advice(advice, site.signal))
        _say(f"{picture}: both plans and their delays", quiet=json_)


def checked(site: Site, plan: Plan) -> Site:
    """The site with this plan in the place of the one of its name; ConfigError where it could not be served."""
    if plan.name in {other.name for other in site.plans}:
        plans = tuple(plan if other.name == plan.name else other for other in site.plans)
        changed = site.model_copy(update={"plans": plans})
    else:
        changed = site.model_copy(update={"plan": plan})
    faults = [finding.sentence() for finding in check_site(changed) if finding.severity == "error"]
    if faults:
        raise ConfigError(f"site {site.id}: the proposed plan cannot be served: {'; '.join(faults)}")
    return changed


def _say(text: str, *, quiet: bool) -> None:
    if not quiet:
        print(text)


def _local(text: str | None, site: Site, option: str) -> datetime | None:
    """An instant given as time of the site's wall; with a zone of its own if it names one."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a time; write one like 2026-05-01T06:30", param_hint=option
        ) from None
    return instant.replace(tzinfo=ZoneInfo(site.timezone)) if instant.tzinfo is None else instant
