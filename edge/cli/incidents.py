"""`stopline incidents`: ask the rules again, explain one, compare with a scene's truth, set thresholds, draw charts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.table import Table

from calibration.load import load_site
from edge.cli.examples import examples
from edge.errors import InputError
from edge.replay import files, record
from edge.replay.compose import ReplayOptions
from edge.replay.incident_rows import IncidentRow, rows_of
from edge.replay.incident_story import story
from edge.replay.outputs import plain, write_whole
from edge.replay.record import Event, Record
from edge.replay.rerun import rerun
from edge.replay.svg import clock_text
from edge.stages.parts import chosen_camera

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Incidents of a replay: again, why, and how well.")

_RunFolder = Annotated[Path, typer.Option("--run", metavar="DIR", help="What `stopline replay … --out` wrote.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command(
    epilog=examples(
        "stopline incidents replay out/junction --site junction",
        "stopline incidents replay junction.mp4 --site junction --out out/junction",
    )
)
def replay(
    source: Annotated[
        Path, typer.Argument(metavar="DIR|VIDEO", help="A replay with --keep-tracks, or a recorded video.")
    ],
    site: Annotated[str, typer.Option(metavar="SITE", help="Site file, or the id of one in calibration/sites.")],
    camera: Annotated[str | None, typer.Option(help="Camera of the site; needed where it has several.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write; that of the replay if left out.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Of a video: model file or name.")] = None,
    as_json: _AsJson = False,
) -> None:
    """Run the rules of incidents again over recorded tracks, or first over a video.

    Of recorded tracks no picture is at hand, so things on the road and fog are not looked for. DIR/incidents.jsonl
    is written, which explain and evaluate take in place of what the replay found.
    """
    known = load_site(site)
    if source.is_dir():
        folder = out if out is not None else source
        events = rerun(source, known, chosen_camera(known, camera))
        if not folder.is_dir():
            raise InputError(f"--out {folder}: is no folder; give one that is there")
        lines = [json.dumps(plain(event), sort_keys=True, ensure_ascii=False) for event in events]
        write_whole(folder / files.INCIDENTS, "".join(f"{line}\n" for line in lines))
    else:
        if out is None:
            raise typer.BadParameter("a video's replay needs a folder", param_hint="--out")
        from edge.cli.replay import run

        result = run(ReplayOptions(source, known, out, camera, with_video=False, keep_tracks=True), model=model)
        if result.error is not None:
            raise result.error
        events = record.read(out).events
    rows = rows_of(events)
    if as_json:
        print(json.dumps([plain(row.last) for row in rows], indent=1))
    else:
        print_rows(rows, sum(event["kind"] == "silenced" for event in events))


@app.command(
    epilog=examples(
        "stopline incidents explain 20260501T070312Z-1 --run out/junction",
        "stopline incidents explain 19700101T000054Z-1 --run out/rush/adaptive-truth",
    )
)
def explain(
    incident: Annotated[str, typer.Argument(metavar="ID", help="As the table and the report name it.")],
    run: _RunFolder = Path(),
) -> None:
    """Tell the whole story of one incident.

    Which rule told it and since when, its numbers beside the rule's limits, how it changed, and what was silenced
    near it and why.
    """
    for sentence in story(found_in(run).events, incident):
        print(sentence)


@app.command(
    epilog=examples(
        "stopline incidents evaluate out/rush --truth rush.truth.jsonl",
        "stopline incidents evaluate out/rush --truth rush.truth.jsonl --json",
    )
)
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `stopline replay … --out` wrote.")],
    truth: Annotated[Path, typer.Option(metavar="FILE", help="A rendered scene's *.truth.jsonl.")],
    as_json: _AsJson = False,
) -> None:
    """Compare the incidents of a replay with the truth of a rendered scene.

    Detection rate, mean time from its start to being told, and false alarms per camera-day. Near misses are not in
    a scene's truth and are not judged; faults of the camera are, by `stopline evaluate`.
    """
    from edge.cli.incidents_score import print_score, scored

    score = scored(found_in(folder), truth)
    if as_json:
        print(json.dumps(score.to_json(), indent=1))
    else:
        print_score(score)


@app.command(
    epilog=examples(
        "stopline incidents tune --series minutes.csv --alarms-per-day 0.1",
        "stopline incidents tune --db collector.db --days 7 --timezone Europe/London",
    )
)
def tune(
    series: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV: `timestamp`, then a column for each value.")
    ] = None,
    db: Annotated[str | None, typer.Option(metavar="DB", help="A collector's database, file or URL.")] = None,
    days: Annotated[float, typer.Option(min=1, help="Of the database: so many of the last days.")] = 7.0,
    alarms_per_day: Annotated[float, typer.Option(help="False alarms allowed, per sensor and day.")] = 0.05,
    timezone: Annotated[str, typer.Option(metavar="NAME", help="Of the site, for the hour of the week.")] = "UTC",
    as_json: _AsJson = False,
) -> None:
    """Set thresholds of the statistics from the site's own past.

    Nobody need say what happened in it: every alarm of that past is taken as false, and the threshold is the least
    that stays within the budget. Minutes of lanes come from a collector, any other series from a file.
    """
    from edge.cli.incidents_series import of_collector, of_file
    from edge.cli.incidents_tune import print_tuned, tuned

    if (series is None) == (db is None):
        raise typer.BadParameter("give either --series or --db", param_hint="--series")
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(f"--timezone {timezone!r}: is no time zone; write one like Europe/London") from error
    found = of_file(series, zone) if series is not None else of_collector(db or "", days, zone)
    rows = tuned(found, alarms_per_day)
    if as_json:
        print(json.dumps([row.to_json() for row in rows], indent=1))
    else:
        print_tuned(rows, alarms_per_day)


@app.command(
    epilog=examples(
        "stopline incidents charts minutes.csv --site junction -o charts.html",
        "stopline incidents charts collector.db --days 7 --only occupancy --site junction -o charts.html",
    )
)
def charts(
    series: Annotated[
        str,
        typer.Argument(metavar="SERIES", help="CSV (`timestamp`, a column for each value), or a collector's database."),
    ],
    site: Annotated[str, typer.Option(metavar="SITE", help="Of its time zone and alarm_threshold.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page to write.")],
    days: Annotated[float, typer.Option(min=1, help="Of the database: so many of the last days.")] = 7.0,
    only: Annotated[str | None, typer.Option(metavar="TEXT", help="Series with this in their name.")] = None,
) -> None:
    """Draw series with control limits, EWMA, CUSUM, evidence, alarms and sensor faults.

    Each reading is judged by those before it, as in the cabinet. A column named flow, speed, occupancy, queue or
    wait, or ending in `.flow` and so on, has its alarms named as the cabinet does; of any other they are `unusual`.
    """
    from edge.cli.incidents_charts import draw

    drawn = draw(series, load_site(site), out, days, only)
    alarms = f"{drawn.alarms} alarm{'' if drawn.alarms == 1 else 's'}"
    faults = f"{drawn.faults} sensor fault{'' if drawn.faults == 1 else 's'}"
    print(f"{out}: {drawn.series} series, {alarms}, {faults}")


def found_in(folder: Path) -> Record:
    """The replay's record, with the incidents found since in place of its own where the rules were asked again."""
    path = folder / files.INCIDENTS
    done = read_run(folder)
    if not path.exists():
        return done
    try:
        again: list[Event] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); run `stopline incidents replay` again") from error
    rest = [event for event in done.events if event["kind"] not in {"incident", "silenced"}]
    return Record({**done.run, "incidents": True}, done.end, tuple(rest + again))


def read_run(folder: Path) -> Record:
    """A replay's record, or that of one run of a simulation, whose movements nobody asks for here."""
    return record.read(folder, must=frozenset())


def print_rows(rows: Sequence[IncidentRow], silenced: int) -> None:
    """When, what, where, how bad, and on what evidence."""
    console = Console()
    if not rows:
        console.print("no incident was noticed")
    else:
        table = Table("when", "what", "where", "severity", "evidence", "id", box=None, pad_edge=False)
        for row in rows:
            evidence = ", ".join(f"{name} {value}" for name, value in row.evidence)
            table.add_row(_when(row), row.kind, row.where, row.severity, evidence, row.id)
        console.print(table)
    if silenced:
        console.print(f"{silenced} times a rule kept silent for a reason")


def _when(row: IncidentRow) -> str:
    if row.moment:
        return clock_text(row.began_s)
    return f"{clock_text(row.began_s)}–{'' if row.ended_s is None else clock_text(row.ended_s)}"
