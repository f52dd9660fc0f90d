"""`stopline control`: the lamps of a junction in a process of its own, by plan or by what its cameras see."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from calibration.plans import plans_of
from calibration.site import Site
from edge.bus import RecordedViews, Views, ViewSubscriber
from edge.cli.bridge_open import SPECS, lamps_of
from edge.cli.examples import examples
from edge.cli.stopping import StopSignals
from edge.clock import NS_PER_S, Clock, SystemClock
from edge.control.runner import ControlRunner
from edge.errors import ConfigError, SiteError
from edge.live.cabinet import Cabinet, records_writer
from edge.live.listening import opened_inputs
from edge.live.writer import OutboxWriter
from edge.stages.chain import CONTROL_NAMES, ControlName, control_name
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.link import BrokerAddress
from edge.telemetry.outbox import Outbox
from edge.types import PhaseRequest, SignalState

app = typer.Typer(add_completion=False)
#: Where camera processes leave what they see, unless told otherwise.
BUS = Path("/run/stopline/bus")


@app.command(
    epilog=examples(
        "stopline control junction.toml --bridge serial:/dev/ttyACM0 --control actuated --demand ipc",
        "stopline control example --max-seconds 60",
    )
)
def control(
    site: Annotated[str, typer.Argument(metavar="SITE", help="A site's .toml file, or the name of one.")],
    bridge: Annotated[
        str, typer.Option("--bridge", metavar="BRIDGE", help=f"What drives the lamps: {SPECS}.")
    ] = "simulated",
    by: Annotated[
        str, typer.Option("--control", metavar="NAME", help=f"Controller: {', '.join(CONTROL_NAMES)}.")
    ] = "fixed",
    demand: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC", help=f"ipc or ipc:DIR, from stopline live --bus (DIR is {BUS}); or a file of views."
        ),
    ] = None,
    broker: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="MQTT 5 broker that commands come from.")
    ] = None,
    outbox: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep signal records and events here.")] = None,
    org: Annotated[str, typer.Option(help="Organisation, of commands and records.")] = "town",
    node: Annotated[str, typer.Option(help="Node, of commands and records.")] = "control",
    max_seconds: Annotated[float | None, typer.Option(min=0, metavar="S", help="Stop after so long.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print how punctual it was as JSON and nothing else.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and open no device.")] = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Log every decision with its reason to stderr.")
    ] = 0,
) -> None:
    """Control a junction's lamps ten times a second, and say how punctual it was.

    Where demand is missing, or a controller fails, the next less able one serves. What the lamps show is
    measured and printed as it changes. Ctrl-C and SIGTERM end greens in order.
    """
    if verbose:
        logging.getLogger().setLevel(logging.INFO if verbose == 1 else logging.DEBUG)
    lamps, name = lamps_of(site, bridge), control_name(by, "--control")
    if name == "fixed" and not plans_of(lamps.site):
        raise SiteError(f"{lamps.path}: plan: is missing, so there is nothing to run; add [plan]")
    if name != "fixed" and demand is None:
        raise ConfigError(f"--control {name} needs --demand: ipc for what stopline live --bus sees, or a file")
    identity = NodeIdentity(org, lamps.site.id, node)
    address = None if broker is None else BrokerAddress.parse(broker)
    if dry_run:
        print(f"would run {_spoken(lamps.site, name)} on {lamps.spoken}")
        return
    clock = SystemClock()
    began_ns = clock.now_ns()
    with ExitStack() as opened:
        # Views first, for a file that cannot be read is told before a lamp is touched.
        views = None if demand is None else _views(demand, lamps.site)
        if views is not None:
            opened.callback(views.close)
        inputs = opened_inputs(opened, lamps.site, clock, identity=identity, broker=address, views=views)
        writer = None if outbox is None else records_writer(opened, outbox, lambda: _writer(outbox, identity, clock))
        stopping = opened.enter_context(StopSignals())
        lit = opened.enter_context(closing(lamps.open(clock)))
        cabinet = opened.enter_context(Cabinet(lamps.site, name, lit, clock, inputs, writer))

        def over() -> str | None:
            if max_seconds is not None and clock.now_ns() - began_ns >= max_seconds * NS_PER_S:
                return f"--max-seconds {max_seconds:g}"
            return stopping.reason()

        runner = ControlRunner(cabinet.step, clock, on_step=_Changes(began_ns, quiet=as_json))
        stopped = runner.run(over)
    kept = runner.punctuality
    print(json.dumps({"stopped": stopped, **asdict(kept)}) if as_json else f"ended ({stopped}): {kept.spoken()}")
    raise typer.Exit(stopping.exit_code)


def _spoken(site: Site, name: ControlName) -> str:
    if name != "fixed":
        return f"{name} control"
    plan, *more = plans_of(site)
    others = f" and {len(more)} more" if more else ""
    return f"plan {plan.name} of {plan.cycle_s:g} s{others}"


def _views(spec: str, site: Site) -> Views:
    kind, _, folder = spec.partition(":")
    if kind == "ipc":
        return ViewSubscriber(Path(folder) if folder else BUS, [camera.id for camera in site.cameras])
    return RecordedViews(Path(spec))


def _writer(path: Path, identity: NodeIdentity, clock: Clock) -> OutboxWriter:
    return OutboxWriter(lambda: Outbox(path, identity=identity, clock=clock))


class _Changes:
    """A line whenever a lamp changes, the mode, the fault, or who decides."""

    def __init__(self, began_ns: int, *, quiet: bool) -> None:
        self._began_ns = began_ns
        self._quiet = quiet
        self._last: Sequence[object] = ()
        self._level: tuple[object, ...] = ()

    def __call__(self, request: PhaseRequest, state: SignalState) -> None:
        if self._quiet:
            return
        facts = request.facts
        level = () if facts is None else (facts.level, facts.preempt)
        if facts is not None and level != self._level:
            self._level = level
            self._line(state, f"{facts.level}: {request.reason}")
        now = (state.mode, dict(state.intervals), state.fault)
        if now != self._last:
            self._last = now
            shown = "  ".join(f"{number} {interval}" for number, interval in sorted(state.intervals.items()))
            self._line(state, f"{state.mode}: {shown}{f' ({state.fault})' if state.fault else ''}")

    def _line(self, state: SignalState, text: str) -> None:
        print(f"{(state.t_ns - self._began_ns) / NS_PER_S:8.1f} s  {text}", flush=True)
