"""`stopline bridge`: what the lamps run by, and what a technician does with their controller."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.bridge_open import SPECS, Lamps, lamps_of
from edge.cli.bridge_text import (
    check_rows,
    load_report,
    print_table,
    state_table,
    table_json,
    tested_line,
    walked_line,
    write_table,
)
from edge.cli.examples import examples
from edge.cli.stopping import StopSignals
from edge.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from edge.control.commission import Asker, Stopped
from edge.control.commission import exercise as walk_phases
from edge.control.commission import selftest as tests_of
from edge.errors import ConfigError, SafetyFault
from edge.types import SignalState
from firmware_bridge.bridge import Bridge
from firmware_bridge.times_check import check_times

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Timing table, and commissioning of the lamps' controller."
)

_Site = Annotated[str, typer.Argument(metavar="SITE", help="A site's .toml file, or the name of one that comes along.")]
_Spec = Annotated[str, typer.Option("--bridge", metavar="BRIDGE", help=f"What drives the lamps: {SPECS}.")]
_Port = Annotated[str | None, typer.Option("--port", metavar="PORT", help="The same as --bridge serial:PORT.")]
_Board = Annotated[
    str | None, typer.Option("--board", metavar="BOARD", help="avr328p, avr2560 or gpio; that of the site's wiring.")
]
_Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and open no device.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before lamps change.")]
_LOOK_NS = 100 * NS_PER_MS


@app.command(epilog=examples("stopline bridge table example", "stopline bridge table junction.toml -o junction.table"))
def table(
    site: _Site,
    board: _Board = None,
    as_json: Annotated[bool, typer.Option("--json", help="Table, CRC and checks as one JSON object.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the table's bytes, as on the wire.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave with 78 where a time is shorter than it needs.")
    ] = False,
) -> None:
    """The timing and conflict table of a site, its CRC, and a check of every time.

    Times are checked by the formulas of ITE and MUTCD from the site's speeds, grades, widths and crossings;
    what is not known of them is said. A site that no controller could run by is refused with 78.
    """
    lamps = lamps_of(site, "simulated", board=board)
    checks = check_times(lamps.site)
    if as_json:
        print(table_json(lamps.site, lamps.table, checks))
    else:
        print_table(lamps.site, lamps.table, checks)
    if out is not None:
        write_table(out, lamps.table)
        print(f"{out}: written", file=sys.stderr if as_json else sys.stdout)
    short = [check for check in checks if check.verdict == "short"]
    if strict and short:
        raise ConfigError(f"{lamps.path}: {len(short)} times are shorter than they need: {check_rows(short)}")


@app.command(
    epilog=examples("stopline bridge load junction.toml --port /dev/ttyACM0", "stopline bridge load example --dry-run")
)
def load(
    site: _Site,
    bridge: _Spec = "simulated",
    port: _Port = None,
    board: _Board = None,
    dry_run: _Dry = False,
) -> None:
    """Give a controller the site's table; it is stored there, checked and read back.

    A controller takes it only while it flashes, and with its door open or its reset button held. Where the
    core runs in this computer nothing is stored, and the table is only checked by it.
    """
    lamps = lamps_of(site, bridge, port, board)
    print(load_report(lamps))
    if dry_run or lamps.port is None:
        return
    from firmware_bridge.serial_bridge import SerialBridge

    with closing(SerialBridge(lamps.table, lamps.port, SystemClock())) as serial:
        serial.load()
        serial.wait_ready()
    print(f"{lamps.port}: the controller runs by it now")


@app.command(
    epilog=examples("stopline bridge monitor junction.toml --port /dev/ttyACM0", "stopline bridge monitor example")
)
def monitor(
    site: _Site,
    bridge: _Spec = "simulated",
    port: _Port = None,
    board: _Board = None,
    seconds: Annotated[float | None, typer.Option(min=0, metavar="S", help="End after so long.")] = None,
    dry_run: _Dry = False,
) -> None:
    """Show what the lamps are measured to show, until Ctrl-C. Nothing is asked of them, so they flash."""
    lamps = lamps_of(site, bridge, port, board)
    if dry_run:
        print(f"would open {lamps.spoken} and show its lamps; nothing would be asked of them")
        return
    clock = SystemClock()
    with StopSignals() as stopping, closing(lamps.open(clock)) as opened:
        _watch(lamps, opened, clock, stopping.reason, seconds)
    raise typer.Exit(stopping.exit_code)


@app.command(
    "exercise",
    epilog=examples("stopline bridge exercise junction.toml --port /dev/ttyACM0", "stopline bridge exercise example"),
)
def exercise_(
    site: _Site,
    bridge: _Spec = "simulated",
    port: _Port = None,
    board: _Board = None,
    hold: Annotated[float, typer.Option(min=0, max=600, metavar="S", help="Least green of each phase.")] = 10.0,
    yes: _Yes = False,
    dry_run: _Dry = False,
) -> None:
    """Walk all phases slowly, one at a time, and measure each interval: for commissioning.

    Asks before it starts. In the end lamps flash.
    """
    lamps = lamps_of(site, bridge, port, board)
    numbers = ", ".join(str(channel.number) for channel in lamps.table.channels if channel.number)
    what = f"phases {numbers} of {lamps.site.name} green one after the other, {hold:g} s each, on {lamps.spoken}"
    if dry_run:
        print(f"would make {what}")
        return
    _sure(lamps, what, yes=yes)
    failed = 0
    clock = lamps.clock()
    with StopSignals() as stopping, closing(lamps.open(clock)) as opened:
        try:
            print(f"exercise of {lamps.spoken}, by the table of {lamps.site.name}")
            for walked in walk_phases(Asker(lamps.table, opened, clock, stopping.reason), hold):
                print(walked_line(walked), flush=True)
                failed += walked.green_ms is None or walked.conflict is not None
        except Stopped as why:
            print(f"ended by {why}: greens end in order, then lamps flash")
    if failed:
        raise SafetyFault(f"{lamps.path}: {failed} phases were not shown as they should be; do not leave it in service")
    raise typer.Exit(stopping.exit_code)


@app.command(
    epilog=examples(
        "stopline bridge selftest junction.toml --port /dev/ttyACM0 --yes", "stopline bridge selftest example"
    )
)
def selftest(
    site: _Site,
    bridge: _Spec = "simulated",
    port: _Port = None,
    board: _Board = None,
    yes: _Yes = False,
    dry_run: _Dry = False,
) -> None:
    """Test a controller by what its lamps do: start-up, every phase, a conflicting request, silence.

    Asks before it starts. Leaves with 70 where a check fails.
    """
    lamps = lamps_of(site, bridge, port, board)
    what = f"every phase of {lamps.site.name} green once, conflicting and missing requests tried, on {lamps.spoken}"
    if dry_run:
        print(f"would make {what}")
        return
    _sure(lamps, what, yes=yes)
    failed = []
    clock = lamps.clock()
    with StopSignals() as stopping, closing(lamps.open(clock)) as opened:
        try:
            print(f"self-test of {lamps.spoken}, by the table of {lamps.site.name}")
            for tested in tests_of(Asker(lamps.table, opened, clock, stopping.reason)):
                print(tested_line(tested), flush=True)
                if not tested.good:
                    failed.append(tested.name)
        except Stopped as why:
            print(f"ended by {why}: greens end in order, then lamps flash")
    if failed:
        raise SafetyFault(f"{lamps.path}: the self-test failed: {'; '.join(failed)}; do not put it into service")
    raise typer.Exit(stopping.exit_code)


def _sure(lamps: Lamps, what: str, *, yes: bool) -> None:
    """Ask a person, unless told not to or no lamp hangs there; typer.Abort where the answer is no."""
    if yes or not lamps.touches:
        return
    if not sys.stdin.isatty():
        raise ConfigError(
            "lamps would change and nobody is here to ask: add --yes, or --dry-run to see what would be done"
        )
    typer.confirm(f"This makes {what}. Is the junction closed, or are the lamps bagged?", abort=True)


def _watch(lamps: Lamps, bridge: Bridge, clock: Clock, stop: Callable[[], str | None], seconds: float | None) -> None:
    """A live table where a person looks; else one line for each change."""
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)
    begin_ns = clock.now_ns()
    before: SignalState | None = None

    def over(now_ns: int) -> bool:
        return stop() is not None or (seconds is not None and now_ns - begin_ns >= seconds * NS_PER_S)

    with Live(console=console, auto_refresh=False, transient=False) as live:
        while not over(now_ns := clock.now_ns()):
            state = bridge.state(now_ns)
            if console.is_terminal:
                live.update(state_table(lamps.table, state), refresh=True)
            elif before is None or (state.intervals, state.mode, state.fault) != (
                before.intervals,
                before.mode,
                before.fault,
            ):
                print(change_line(state), flush=True)
            before = state
            clock.sleep_until(now_ns + _LOOK_NS)


def change_line(state: SignalState) -> str:
    """A state in one line."""
    shown = "  ".join(f"{number} {interval}" for number, interval in sorted(state.intervals.items()))
    return f"{state.mode}: {shown}" + (f" ({state.fault})" if state.fault else "")
