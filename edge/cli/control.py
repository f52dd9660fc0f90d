"""`stopline control`: a site's plan on its lamps, without cameras."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer

from edge.cli.bridge_open import SPECS, lamps_of
from edge.cli.examples import examples
from edge.cli.stopping import StopSignals
from edge.clock import NS_PER_S, SystemClock
from edge.control.fixed import FixedTimeController
from edge.control.loop import ControlLoop
from edge.control.plan import CompiledPlan
from edge.control.runner import ControlRunner
from edge.errors import SiteError
from edge.stages.parts import chosen_plan, cycle_zero_ns
from edge.types import Demand, PhaseRequest, SignalState

app = typer.Typer(add_completion=False)


@app.command(
    epilog=examples(
        "stopline control junction.toml --bridge serial:/dev/ttyACM0", "stopline control example --max-seconds 60"
    )
)
def control(
    site: Annotated[str, typer.Argument(metavar="SITE", help="A site's .toml file, or the name of one.")],
    bridge: Annotated[
        str, typer.Option("--bridge", metavar="BRIDGE", help=f"What drives the lamps: {SPECS}.")
    ] = "simulated",
    max_seconds: Annotated[float | None, typer.Option(min=0, metavar="S", help="Stop after so long.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print how punctual it was as JSON and nothing else.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and open no device.")] = False,
) -> None:
    """Run a site's fixed-time plan ten times a second, and say how punctual it was.

    What the lamps show is measured and printed as it changes. Ctrl-C and SIGTERM end greens in order.
    """
    lamps = lamps_of(site, bridge)
    chosen = chosen_plan(lamps.site, wanted=True)
    if chosen is None:
        raise SiteError(f"{lamps.path}: plan: is missing, so there is nothing to run; add [plan]")
    plan, signal = chosen
    if dry_run:
        print(f"would run plan {plan.name} of {plan.cycle_s:g} s on {lamps.spoken}")
        return
    clock = SystemClock()
    began_ns = clock.now_ns()
    changes = _Changes(began_ns, quiet=as_json)
    with StopSignals() as stopping, closing(lamps.open(clock)) as opened:
        zero_ns = cycle_zero_ns(lamps.site, began_ns, clock.wall_ns(began_ns))
        loop = ControlLoop(FixedTimeController(CompiledPlan.of(plan, signal), zero_ns), opened)

        def over() -> str | None:
            if max_seconds is not None and clock.now_ns() - began_ns >= max_seconds * NS_PER_S:
                return f"--max-seconds {max_seconds:g}"
            return stopping.reason()

        runner = ControlRunner(lambda t_ns: loop.step(Demand(t_ns, {}), t_ns), clock, on_step=changes)
        stopped = runner.run(over)
    kept = runner.punctuality
    print(json.dumps({"stopped": stopped, **asdict(kept)}) if as_json else f"ended ({stopped}): {kept.spoken()}")
    raise typer.Exit(stopping.exit_code)


class _Changes:
    """A line whenever a lamp changes, the mode or the fault."""

    def __init__(self, began_ns: int, *, quiet: bool) -> None:
        self._began_ns = began_ns
        self._quiet = quiet
        self._last: tuple[object, ...] = ()

    def __call__(self, request: PhaseRequest, state: SignalState) -> None:
        now = (state.mode, dict(state.intervals), state.fault)
        if self._quiet or now == self._last:
            return
        self._last = now
        shown = "  ".join(f"{number} {interval}" for number, interval in sorted(state.intervals.items()))
        fault = f" ({state.fault})" if state.fault else ""
        print(f"{(state.t_ns - self._began_ns) / NS_PER_S:8.1f} s  {state.mode}: {shown}{fault}", flush=True)
        del request
