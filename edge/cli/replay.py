"""`stopline replay`: a recorded video through every stage, into a folder a person can read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from calibration.load import load_site
from edge.cli.examples import examples
from edge.cli.progress import ReplayProgress
from edge.cli.stopping import StopSignals
from edge.clock import SystemClock
from edge.errors import InputError, StoplineError
from edge.replay import files, record, report
from edge.replay.compose import ReplayOptions, machine_facts, replay_video, sha256_of, start_wall_ns
from edge.replay.detections import RecordedDetector
from edge.replay.outputs import write_whole
from edge.replay.run import Outcome
from edge.seams import Detector
from edge.vision.detect import open_detector
from edge.vision.source import open_source

app = typer.Typer(add_completion=False)


@app.command(
    epilog=examples(
        "stopline replay junction.mp4 --site junction --out out/junction",
        "stopline replay junction.mp4 --site junction.toml --out out/a --start 2026-05-01T07:00 --no-video --json",
    )
)
def replay(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="A recorded video.")],
    site: Annotated[str, typer.Option(metavar="SITE", help="Site file, or the id of one in calibration/sites.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write; files of an earlier replay are replaced.")],
    camera: Annotated[str | None, typer.Option(help="Camera of the site; needed where it has several.")] = None,
    model: Annotated[str | None, typer.Option(help="Model file or name; the best one installed if left out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the detector; all cores if left out.")] = None,
    start: Annotated[
        str | None, typer.Option(metavar="ISO", help="When the recording began; the site's time zone unless given.")
    ] = None,
    interval: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="Interval of counts.csv.")] = 60.0,
    plan: Annotated[bool, typer.Option("--plan/--no-plan", help="Run the site's signal plan beside it.")] = True,
    with_video: Annotated[bool, typer.Option("--video/--no-video", help="Write annotated.mp4.")] = True,
    codec: Annotated[
        str, typer.Option(help="Of annotated.mp4: auto, h264 (needs ffmpeg), mp4v, vp09 (slow).")
    ] = "auto",
    max_frames: Annotated[int | None, typer.Option(min=1, help="Stop after so many frames.")] = None,
    outbox: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also put records into this outbox; needs --start.")
    ] = None,
    org: Annotated[str, typer.Option(help="Organisation of the outbox's records.")] = "town",
    node: Annotated[str, typer.Option(help="Node of the outbox's records.")] = "cabinet",
    record_detections: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the detector's answers (.npz).")
    ] = None,
    detections: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take kept answers in place of a model.")
    ] = None,
    keep_tracks: Annotated[
        bool, typer.Option("--keep-tracks", help="Keep what was seen in each frame, to score it against a truth.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON and nothing else.")] = False,
) -> None:
    """Run a recorded video through counting, control and telemetry.

    DIR holds events.jsonl, crossings.csv, counts.csv, annotated.mp4, report.html, run.json and, where the site
    has a plan, bridge.jsonl and hires.csv. Ctrl-C leaves all of them complete up to the frame reached.
    """
    if outbox is not None and start is None:
        raise typer.BadParameter(
            "records carry wall time: say when the recording began with --start", param_hint="--outbox"
        )
    known_site = load_site(site)
    options = ReplayOptions(
        video=video,
        site=known_site,
        out=out,
        camera_id=camera,
        start_wall_ns=None if start is None else start_wall_ns(start, known_site),
        interval_s=interval,
        with_plan=plan,
        with_video=with_video,
        codec=codec,
        max_frames=max_frames,
        record_detections=record_detections,
        keep_tracks=keep_tracks,
        outbox=outbox,
        org=org,
        node=node,
        threads=threads if threads is not None else len(os.sched_getaffinity(0)),
    )
    result = run(options, model=model, detections=detections)
    _print(result, out, as_json=as_json)
    if result.error is not None:
        raise result.error
    if result.exit_code:
        raise typer.Exit(result.exit_code)


class Result:
    """A finished replay: its summary, and what the process must end with."""

    def __init__(self, outcome: Outcome, summary: dict[str, Any], exit_code: int) -> None:
        self.error: StoplineError | None = outcome.error
        self.stopped = outcome.stopped
        self.summary = summary
        self.exit_code = exit_code


def run(options: ReplayOptions, *, model: str | None = None, detections: Path | None = None) -> Result:
    """Replay with a model or with kept detections, show progress, write run.json and the report."""
    if options.video.resolve() == (options.out / files.VIDEO).resolve():
        raise InputError(f"{options.video}: would be overwritten by the replay's own video; choose another --out")
    clock = SystemClock()
    camera = options.camera
    with open_source(str(options.video), camera.id, camera.size_px, clock, live=False) as source:
        video_sha256 = sha256_of(options.video)
        detector: Detector
        if detections is not None:
            detector = RecordedDetector.load(detections, video_sha256)
        else:
            detector = open_detector(
                model,
                threads=options.threads,
                min_score=options.vision.tracker.unsure_score,
                overhead=camera.anchor == "centre",
            )
        total = source.frames_total
        if options.max_frames is not None:
            total = options.max_frames if total is None else min(total, options.max_frames)
        with StopSignals() as stopping, ReplayProgress(options.video.name, total, clock) as progress:
            outcome = replay_video(
                options,
                source,
                detector,
                stopwatch=clock,
                video_sha256=video_sha256,
                stop=stopping.reason,
                on_frame=progress.update,
            )
            facts = machine_facts(options, detector.name, outcome)
            summary = conclude(options.out, facts)
    return Result(outcome, summary, stopping.exit_code)


def conclude(out: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Write run.json and report.html from what the folder holds; the summary for `--json`."""
    done = record.read(out)
    write_whole(out / files.RUN, json.dumps(facts, indent=1) + "\n")
    report.write(out, done, report.readable(facts))
    written = [name for name in files.ALL if (out / name).exists()]
    return {**report.summary(done), "fps": facts["fps"], "out": str(out), "files": written}


def _print(result: Result, out: Path, *, as_json: bool) -> None:
    summary = result.summary
    if as_json:
        print(json.dumps(summary, indent=1))
        return
    console = Console()
    table = Table("movement", box=None, pad_edge=False)
    for kind in summary["kinds"]:
        table.add_column(kind, justify="right")
    table.add_column("total", justify="right")
    for name, counts in summary["movements"].items():
        table.add_row(name, *(str(counts.get(kind, "")) for kind in summary["kinds"]), str(counts["total"]))
    console.print(table)
    if result.stopped is not None:
        console.print(f"stopped after frame {summary['frames']} of {summary['frames_total']}: {result.stopped}")
    console.print(f"report: {out / files.REPORT}", highlight=False, soft_wrap=True)
