"""`stopline demo`: a recorded junction through every stage to the office's page, in one command."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from calibration.load import load_site
from calibration.site import Site
from edge.cli.examples import examples
from edge.cli.office import Office
from edge.cli.progress import ReplayProgress
from edge.cli.replay import conclude
from edge.cli.stopping import StopSignals
from edge.clock import NS_PER_S, Clock, SystemClock, instant_utc
from edge.errors import ConfigError, NetworkError
from edge.replay import record
from edge.replay.compose import ReplayOptions, machine_facts, replay_video, sha256_of
from edge.replay.evaluate import Evaluation, evaluate, load_truth
from edge.replay.outputs import storing
from edge.seams import Detector
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox import Outbox
from edge.vision.detect import open_detector
from edge.vision.source import open_source
from sim_videos import DEMO_CLIP, DEMO_COUNT

app = typer.Typer(add_completion=False)

_ORG = "demo"
_DRAIN_S = 60.0


@app.command(
    epilog=examples(
        "stopline demo",
        "stopline demo junction.mp4 --site junction --speed 1 --keep",
    )
)
def demo(
    video: Annotated[Path | None, typer.Argument(metavar="[VIDEO]", help="A recorded video of your own.")] = None,
    site: Annotated[str | None, typer.Option(metavar="SITE", help="Its site file or id.")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for everything the demo writes.")] = Path("demo-out"),
    model: Annotated[str | None, typer.Option(help="Detector model; the best one installed if left out.")] = None,
    speed: Annotated[float, typer.Option(min=0, help="Times real time; 0 is as fast as it goes.")] = 6.0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; a taken one is passed over.")] = 8080,
    keep: Annotated[
        bool | None, typer.Option("--keep/--leave", help="Keep the page until Enter; on a terminal by default.")
    ] = None,
) -> None:
    """Replay a junction through broker, collector and page on this machine.

    Without VIDEO the clip is one that Stopline renders itself, so what is true of it is known.
    """
    if (video is None) != (site is None):
        raise ConfigError("a video of your own needs its site: give both VIDEO and --site, or neither")
    say = Console(highlight=False, soft_wrap=True)
    clock = SystemClock()
    stay = keep if keep is not None else sys.stdin.isatty() and say.is_terminal
    with storing(out):
        out.mkdir(parents=True, exist_ok=True)
        for stale in (*out.glob("office.db*"), *out.glob("outbox.db*")):
            stale.unlink()
    options = ReplayOptions(video or DEMO_CLIP, load_site(site or "demo"), out / "replay", org=_ORG, threads=2)
    options = replace(options, outbox=out / "outbox.db")
    detector = _detector(options, model)
    if video is None:
        say.print(f"the clip is [bold]rendered[/bold], not filmed; its road users are found by {detector.name}")
    say.print("starting the office: an MQTT 5 broker, a collector with its database, and its page")
    with Office(out / "office.db", out / "office.log", clock, port=port) as office:
        say.print(f"page: [bold]{office.page}[/bold]   API: {office.page}api/openapi.json\n")
        if stay:
            webbrowser.open(office.page)
        options, exit_code = _replay(options, detector, office, speed, clock)
        stored = _await_office(options, office, clock)
        _tell(say, options, stored, evaluation=_evaluate(options) if video is None else None)
        say.print(f"\nreport: {options.out / 'report.html'}   video: {options.out / 'annotated.mp4'}")
        if stay and not exit_code:
            say.print(f"the page stays at [bold]{office.page}[/bold] until you press Enter")
            sys.stdin.readline()
    if exit_code:
        raise typer.Exit(exit_code)


def _detector(options: ReplayOptions, model: str | None) -> Detector:
    tracker = options.vision.tracker
    overhead = options.camera.anchor == "centre"
    return open_detector(model, threads=options.threads, min_score=tracker.unsure_score, overhead=overhead)


def _replay(
    options: ReplayOptions, detector: Detector, office: Office, speed: float, clock: Clock
) -> tuple[ReplayOptions, int]:
    """Run the replay at `speed`, its records published while it runs; options with the start it had."""
    camera = options.camera
    with open_source(str(options.video), camera.id, camera.size_px, clock, live=False) as source:
        fps, total = source.fps, source.frames_total
        # The recording "ends now", so the page's last hour holds it.
        length_ns = int((total or 0) / (fps or 25.0) * NS_PER_S)
        began_ns = clock.now_ns()
        options = replace(options, start_wall_ns=_in_step(clock.wall_ns(began_ns) - length_ns, options.site))
        if options.outbox is not None:
            office.publish(options.outbox, options.org, options.site.id)
        with StopSignals() as stopping, ReplayProgress(options.video.name, total, clock) as progress:
            outcome = replay_video(
                options,
                source,
                detector,
                stopwatch=clock,
                video_sha256=sha256_of(options.video),
                stop=stopping.reason,
                on_frame=_paced(progress.update, speed, fps, began_ns, clock),
            )
        conclude(options.out, machine_facts(options, detector.name, outcome))
    if outcome.error is not None:
        raise outcome.error
    return options, stopping.exit_code


def _in_step(wall_ns: int, site: Site) -> int:
    """The last beginning of a cycle of the site's plan: the rendered clip begins with one, so lamps agree."""
    if site.plan is None:
        return wall_ns
    local = instant_utc(wall_ns).astimezone(ZoneInfo(site.timezone))
    since_midnight = local - local.replace(hour=0, minute=0, second=0, microsecond=0)
    into_cycle_s = since_midnight.total_seconds() % site.plan.cycle_s
    return wall_ns - round(into_cycle_s * NS_PER_S)


def _paced(
    update: Callable[[int], None], speed: float, fps: float | None, began_ns: int, clock: Clock
) -> Callable[[int], None]:
    """Reports frames and, with a speed, waits for each until its time has come."""
    if speed <= 0 or fps is None:
        return update

    def on_frame(frames: int) -> None:
        update(frames)
        clock.sleep_until(began_ns + int(frames / fps / speed * NS_PER_S))

    return on_frame


def _await_office(options: ReplayOptions, office: Office, clock: Clock) -> dict[str, Any]:
    """Wait until the collector has acknowledged every record; what its API then says was counted."""
    if options.outbox is None or options.start_wall_ns is None:
        raise ConfigError("a demo needs an outbox and a start")
    deadline_ns = clock.now_ns() + int(_DRAIN_S * NS_PER_S)
    with Outbox(options.outbox, identity=NodeIdentity(options.org, options.site.id, options.node), clock=clock) as box:
        while left := box.stats().records:
            if clock.now_ns() > deadline_ns:
                raise NetworkError(f"the collector has not acknowledged {left} records: they stay in {options.outbox}")
            clock.sleep_until(clock.now_ns() + NS_PER_S // 10)
    start = instant_utc(options.start_wall_ns - 60 * NS_PER_S)
    end = instant_utc(clock.wall_ns(clock.now_ns()) + 60 * NS_PER_S)
    asked = {"org": options.org, "site": options.site.id, "from": start.isoformat(), "to": end.isoformat()}
    answer: dict[str, Any] = office.ask(f"/api/v1/counts?{urlencode(asked)}&interval=60")
    return answer


def _evaluate(options: ReplayOptions) -> Evaluation:
    return evaluate(record.read(options.out), load_truth(DEMO_COUNT))


def _tell(say: Console, options: ReplayOptions, stored: dict[str, Any], evaluation: Evaluation | None) -> None:
    """One row a movement: what the cabinet counted, what the office stored, what was true."""
    done = record.read(options.out)
    table = Table(title=f"{options.site.name}", title_justify="left")
    for column in ("movement", "counted", "in the office", *(("true",) if evaluation else ())):
        table.add_column(column, justify="left" if column == "movement" else "right")
    office = {row["movement"]: _total(row["intervals"]) for row in stored["movements"]}
    for movement in (m for m in options.site.movements if m.camera == options.camera.id):
        counted = sum(event["movement"] == movement.id for event in done.of("crossing"))
        true = evaluation.directions.get(movement.direction or movement.id) if evaluation else None
        stood = office.get(movement.id)
        cells = [movement.id, str(counted), "–" if stood is None else str(stood)]
        if evaluation:
            cells.append("–" if true is None else str(true.truth))
        table.add_row(*cells)
    say.print(table)
    if evaluation and evaluation.effectiveness is not None:
        say.print(f"counting effectiveness against the scene's truth: {evaluation.effectiveness:.3f}")


def _total(intervals: list[dict[str, Any]]) -> int | None:
    """Road users of all known intervals; None where none is known."""
    known = [interval["counts"] for interval in intervals if interval["counts"] is not None]
    return sum(sum(counts.values()) for counts in known) if known else None
