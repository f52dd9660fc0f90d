"""`stopline live`: a camera through the same stages as a replay, for as long as it runs."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from calibration.load import load_site
from edge.cli.bridge_open import SPECS, Lamps, lamps_of
from edge.cli.examples import examples
from edge.cli.stopping import StopSignals
from edge.clock import Clock, SystemClock, instant_utc
from edge.errors import ConfigError
from edge.live.compose import LiveOptions, run_live
from edge.live.loop import Outcome
from edge.messages import Body, HealthBody, MovementCount, SummaryBody
from edge.stages.chain import control_name
from edge.telemetry.link import BrokerAddress
from edge.vision.detect import open_detector
from edge.vision.source import open_source, redact

app = typer.Typer(add_completion=False)


@app.command(
    epilog=examples(
        "stopline live --site junction --source rtsp://192.0.2.20/ch1 --outbox /var/lib/stopline/outbox.db",
        "stopline live --site junction.toml --source noon.mp4 --threads 2 --max-seconds 60 -v",
    )
)
def live(
    site: Annotated[str, typer.Option(metavar="SITE", help="Site file, or the id of one in calibration/sites.")],
    source: Annotated[
        str,
        typer.Option(metavar="SPEC", help="rtsp://…, http://…, /dev/video0, usb:0, csi:0, or a file at its own pace."),
    ],
    camera: Annotated[str | None, typer.Option(help="Camera of the site; needed where it has several.")] = None,
    model: Annotated[str | None, typer.Option(help="Model file or name; the best one installed if left out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the detector; all cores if left out.")] = None,
    outbox: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep records here for `stopline publish`.")
    ] = None,
    org: Annotated[str, typer.Option(help="Organisation of the outbox's records.")] = "town",
    node: Annotated[str, typer.Option(help="Node of the outbox's records.")] = "cabinet",
    plan: Annotated[bool, typer.Option("--plan/--no-plan", help="Run the site's signal plan.")] = True,
    control: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="fixed: the plans. actuated, adaptive: by demand, and the next less able one when blind.",
        ),
    ] = "fixed",
    bridge: Annotated[
        str | None, typer.Option(metavar="BRIDGE", help=f"Drive lamps: {SPECS}. None are driven if left out.")
    ] = None,
    bus: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Let stopline control --demand ipc:DIR have what is seen.")
    ] = None,
    broker: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="MQTT 5 broker that commands come from, for the plan.")
    ] = None,
    max_seconds: Annotated[float | None, typer.Option(min=0, help="Stop after so long.")] = None,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Log to stderr; twice for every detail.")
    ] = 0,
) -> None:
    """Watch a camera: count, run the plan, keep records.

    A camera that is lost is tried again for ever, while control goes on and records say that nothing is known.
    SIGTERM ends it with 0 and Ctrl-C with 130, after the last records are kept.
    """
    if verbose:
        logging.getLogger().setLevel(logging.INFO if verbose == 1 else logging.DEBUG)
    lamps = None if bridge is None else lamps_of(site, bridge)
    options = LiveOptions(
        load_site(site) if lamps is None else lamps.site,
        camera,
        plan,
        outbox,
        org,
        node,
        max_seconds,
        lamps=None if lamps is None else lamps.open,
        control=control_name(control, "--control"),
        bus=bus,
        broker=None if broker is None else BrokerAddress.parse(broker),
    )
    if broker is not None and options.plan is None:
        raise ConfigError("--broker: no plan runs here, so there is nothing to command; leave it out, or --no-plan")
    if lamps is not None and options.plan is None:
        raise ConfigError(
            "--bridge: there is no plan to run on the lamps; add [plan] to the site, or leave --bridge out"
        )
    chosen, where_kept = options.camera, _about_outbox(options)
    clock = SystemClock()
    cores = threads if threads is not None else len(os.sched_getaffinity(0))
    with StopSignals() as stopping:
        detector = open_detector(
            model,
            threads=cores,
            min_score=options.vision.tracker.unsure_score,
            overhead=chosen.anchor == "centre",
        )
        frames = open_source(source, chosen.id, chosen.size_px, clock, live=True)
        _say(f"{options.site.name}, camera {chosen.id}: {redact(source)} → {detector.name}")
        _say(_about_plan(options, lamps))
        _say(where_kept)
        outcome = run_live(
            options,
            frames,
            detector,
            clock=clock,
            stop=stopping.reason,
            on_told=_Telling(ZoneInfo(options.site.timezone), clock),
        )
    _say(_about_end(outcome))
    if stopping.exit_code == 128 + signal.SIGINT:
        raise typer.Exit(stopping.exit_code)


def _say(line: str) -> None:
    # Whoever reads a pipe or a journal wants each line when it is said.
    print(line, flush=True)


def _about_plan(options: LiveOptions, lamps: Lamps | None) -> str:
    if options.plan is None:
        return "no plan runs, and no lamp is driven"
    if lamps is not None:
        return f"plan {options.plan[0].name}, {options.control} control, on {lamps.spoken}"
    return f"plan {options.plan[0].name} runs on a model of the lamps: no lamp is driven, requests are only recorded"


def _about_outbox(options: LiveOptions) -> str:
    if options.outbox is None:
        return "no --outbox: minutes are shown here, and no record is kept"
    who = options.identity
    return (
        f"records are kept in {options.outbox}; send them with: stopline publish --outbox {options.outbox} "
        f"--broker HOST:PORT --org {who.org} --site {who.site} --node {who.node}"
    )


def _about_end(outcome: Outcome) -> str:
    camera = outcome.camera
    return (
        f"ended ({outcome.stopped or 'end of the stream'}): frames {outcome.frames}, counted {outcome.crossings}, "
        f"frames dropped {camera.dropped}, camera restarts {camera.restarts}, "
        f"control steps left out {outcome.late_steps} of {outcome.steps + outcome.late_steps}"
        + (f", without the lamps {outcome.lost_steps}" if outcome.lost_steps else "")
    )


def _word(reason: str | None) -> str | None:
    """A reason without its numbers, which change all the time."""
    return None if reason is None else reason.partition(":")[0]


class _Telling:
    """One line a minute, and one whenever the camera's state changes."""

    def __init__(self, zone: ZoneInfo, clock: Clock) -> None:
        self._zone = zone
        self._clock = clock
        self._health: tuple[str, str | None] | None = None

    def __call__(self, t_ns: int, body: Body) -> None:
        if isinstance(body, SummaryBody):
            counts = "  ".join(map(_count, body.movements))
            self._line(t_ns, f"last {body.interval_s:.0f} s  {counts}")
        elif isinstance(body, HealthBody) and (body.state, _word(body.reason)) != self._health:
            self._health = (body.state, _word(body.reason))
            why = "" if body.reason is None else f" ({body.reason})"
            self._line(t_ns, f"camera {body.camera}: {body.state}{why}")

    def _line(self, t_ns: int, text: str) -> None:
        local = instant_utc(self._clock.wall_ns(t_ns)).astimezone(self._zone)
        _say(f"{local:%H:%M:%S}  {text}")


def _count(movement: MovementCount) -> str:
    counts = movement.counts
    return f"{movement.movement} {'unknown' if counts is None else sum(counts.values())}"
