"""`stopline hires`: Indiana high-resolution events for ATSPM tools."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from itertools import chain
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from calibration.detectors import detectors_of
from calibration.load import load_site
from edge.cli.examples import examples
from edge.cli.hires_write import check_out, write
from edge.clock import wall_ns_of
from edge.errors import ConfigError, InputError, StorageError
from edge.replay import files
from edge.replay.outputs import write_whole
from edge.telemetry.hires_read import Row, Source, Span, in_order, outbox_source, table_source

app = typer.Typer(
    add_completion=False,
    help="High-resolution events (Indiana enumerations), for ATSPM tools.",
    no_args_is_help=True,
    epilog=examples(
        "stopline hires export --database town.sqlite --from 2026-05-01T07:00 --to 2026-05-01T08:00 -o hour.parquet",
        "stopline hires detectors junction -o detectors.csv",
    ),
)


@app.command(
    epilog=examples(
        "stopline hires export --database town.sqlite --site a1 --from 2026-05-01T07:00 --to 2026-05-01T08:00 -o a.csv",
        "stopline hires export --replay out/junction --timezone Europe/London -o out/events.parquet",
    )
)
def export(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="What to write: .csv or .parquet.")],
    outbox: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A cabinet's outbox: what the collector does not have yet.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="FILE", help="The collector's database, a file or a URL.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of a replay, or of one run of a simulation.")
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", metavar="ISO", help="First instant; all if left out.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="ISO", help="The instant after the last one.")] = None,
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Time of TimeStamp, and of --from and --to without an offset.")
    ] = "UTC",
    site: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="With --database: this site only; may be repeated.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="ID", help="DeviceId of all rows; the site's id if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON and nothing else.")] = False,
) -> None:
    """Write high-resolution events into a table of TimeStamp, DeviceId, EventId and Parameter.

    TimeStamp is wall time of --timezone, to a tenth of a second, without offset. Give one of --outbox,
    --database and --replay. Parquet needs the extra `hires`. Ends with 65 where there is no event.
    """
    given = {"--outbox": outbox, "--database": database, "--replay": replay}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        raise ConfigError(f"{' and '.join(named) or 'nothing'} given: give one of {', '.join(given)}")
    if site and database is None:
        raise ConfigError(f"--site is for --database; {named[0]} has one site")
    zone = _zone(timezone)
    span = Span(_instant("--from", begin, zone), _instant("--to", end, zone))
    if span.begin_ns is not None and span.end_ns is not None and span.begin_ns >= span.end_ns:
        raise ConfigError(f"--from {begin} is not before --to {end}: exchange them")
    check_out(out)
    with _opened(outbox, database, replay, span, site or []) as source:
        rows = in_order(row for row in source.rows if span.holds(row.wall_ns))
        first = next(rows, None)
        if first is None:
            raise InputError(f"{named[0]} {given[named[0]]}: has no high-resolution event{_between(begin, end)}")
        done = _write(source.total, chain([first], rows), out, zone, device)
    if as_json:
        print(json.dumps({"out": str(out), "events": done, "timezone": timezone}))
    else:
        print(f"{out}: {done} events, TimeStamp in {timezone}")


@app.command(
    epilog=examples(
        "stopline hires detectors junction -o detectors.csv",
        "stopline hires detectors junction.toml -o detectors.csv --device 1136",
    )
)
def detectors(
    site: Annotated[str, typer.Argument(metavar="SITE", help="A site's .toml file, or the name of one.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.csv", help="What to write.")],
    device: Annotated[
        str | None, typer.Option(metavar="ID", help="DeviceId of all rows; the site's id if left out.")
    ] = None,
) -> None:
    """Write which detector channel serves which phase, as the package atspm wants it (detector_config).

    A detector at the stop line is one of Presence and of Yellow_Red, one upstream of Advance.
    """
    known = load_site(site)
    rows = [
        f"{device or known.id},{detector.phase},{detector.channel},{function}"
        for detector in detectors_of(known)
        for function in (("Advance",) if detector.kind == "advance" else ("Presence", "Yellow_Red"))
    ]
    write_whole(out, "\n".join(["DeviceId,Phase,Parameter,Function", *rows, ""]))
    print(f"{out}: {len(detectors_of(known))} detectors of {known.id}")


def _write(total: int, rows: Iterator[Row], out: Path, zone: tzinfo, device: str | None) -> int:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(out.name, total=total)
        return write(rows, out, zone, device, lambda done: progress.update(task, completed=done))


@contextmanager
def _opened(
    outbox: Path | None, database: str | None, replay: Path | None, span: Span, sites: list[str]
) -> Iterator[Source]:
    if outbox is not None:
        yield outbox_source(outbox)
    elif replay is not None:
        yield table_source(replay / files.HIRES)
    elif database is not None:
        with _database(database, span, sites) as source:
            yield source


@contextmanager
def _database(where: str, span: Span, sites: list[str]) -> Iterator[Source]:
    from collector import hires
    from collector.database import open_database

    if "://" not in where and not Path(where).is_file():
        raise StorageError(f"--database {where}: there is no such file")
    opened = open_database(where)
    try:
        total = hires.count(opened, span.begin_ns, span.end_ns, sites)
        found = hires.events(opened, span.begin_ns, span.end_ns, sites)
        yield Source(total, (Row(ts_ns, site, code, parameter) for ts_ns, _, site, _, code, parameter in found))
    finally:
        opened.close()


def _zone(name: str) -> tzinfo:
    if name not in available_timezones():
        raise ConfigError(f"--timezone {name}: is no time zone; write one like Europe/London")
    return ZoneInfo(name)


def _instant(option: str, text: str | None, zone: tzinfo) -> int | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text}: is no date and time; write it like 2026-05-01T07:00") from error
    return wall_ns_of(instant if instant.tzinfo is not None else instant.replace(tzinfo=zone))


def _between(begin: str | None, end: str | None) -> str:
    return (f" from {begin}" if begin else "") + (f" before {end}" if end else "")
