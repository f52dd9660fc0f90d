"""`stopline simulate --net`: any SUMO net under our controllers, with a live table and a report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from edge.cli.stopping import StopSignals
from edge.clock import SystemClock

if TYPE_CHECKING:
    from sim_videos.nets.ledger import Now
    from sim_videos.nets.simulate import NetOptions

_MOST_ROWS = 20
_NAME_LETTERS, _REASON_LETTERS = 24, 120


def run_net(options: NetOptions, *, as_json: bool) -> int:
    """Simulate, show what happens, print the table; the exit code."""
    from sim_videos.nets.report import rows
    from sim_videos.nets.simulate import FIGURES, REPORT, NetSurroundings, simulate_net

    clock = SystemClock()
    with ExitStack() as opened:
        stopping = opened.enter_context(StopSignals())
        shown = opened.enter_context(_Shown(clock, options.scenario.begin_s))
        runs = simulate_net(options, NetSurroundings(clock, stopping.reason, shown.begin))
    if as_json:
        print((options.out / FIGURES).read_text(encoding="utf-8"), end="")
        return stopping.exit_code
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column(f"{options.scenario.name}, SUMO {options.sumo.version}", no_wrap=True)
    for one in runs:
        table.add_column(one.name, justify="right")
    for row in rows(runs):
        table.add_row(row.name, *row.cells)
    console.print(table)
    for one in runs:
        if one.stopped is not None:
            console.print(f"{one.name}: stopped after {one.seconds} s: {one.stopped}")
    console.print(f"report: {options.out / REPORT}")
    return stopping.exit_code


class _Shown:
    """The live table on a terminal, a line every tenth elsewhere; a context manager that ends the last run's."""

    def __init__(self, clock: SystemClock, begin_s: int) -> None:
        self._clock = clock
        self._begin_s = begin_s
        self._open = ExitStack()

    def begin(self, name: str, seconds: int) -> Callable[[int, list[Now]], object]:
        """Show another run."""
        self._open.close()
        console = Console(file=sys.stderr)
        if not console.is_terminal:
            return lambda t_s, _now: _say_tenth(console, name, t_s - self._begin_s, seconds)
        live = self._open.enter_context(Live(console=console, auto_refresh=False, transient=True))
        last_ns = 0

        def show(t_s: int, now: list[Now]) -> None:
            nonlocal last_ns
            now_ns = self._clock.now_ns()
            if now_ns - last_ns > 250_000_000:
                last_ns = now_ns
                live.update(_table(name, t_s - self._begin_s, seconds, now), refresh=True)

        return show

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


def _say_tenth(console: Console, name: str, done_s: int, seconds: int) -> None:
    if 10 * done_s // seconds > 10 * (done_s - 1) // seconds:
        console.print(f"{name}: {100 * done_s // seconds} %, second {done_s} of {seconds}", highlight=False)


def _table(name: str, done_s: int, seconds: int, now: list[Now]) -> Table:
    table = Table(box=None, pad_edge=False, title=f"{name}: second {done_s} of {seconds}", title_justify="left")
    widest = max([8, *(len(one.junction) for one in now)])
    for column, least in (("junction", min(widest, _NAME_LETTERS)), ("green", 12), ("standing", 8), ("why", 10)):
        table.add_column(column, no_wrap=True, min_width=least)
    for one in now[:_MOST_ROWS]:
        green = " ".join(map(str, one.green)) or "–"
        table.add_row(one.junction[:_NAME_LETTERS], green, str(one.standing), one.reason[:_REASON_LETTERS])
    if len(now) > _MOST_ROWS:
        table.add_row(f"and {len(now) - _MOST_ROWS} more")
    return table
