"""Delay under our controllers on the scenarios of RESCO, every run through the C core and an independent monitor.

    own fixed            the net's program, as SUMO runs it
    fixed 3 s yellow     the same with yellows of 3 s (and the all-red)
    SUMO actuated        the same as SUMO's actuated program, greens of 5 to 50 s
    max pressure         the classical method, a choice every 10 s; through the core
    our actuated         stages of that program under our actuated controller; through the core
    adaptive             our planner, 200 m of sight with turns; through the core
    camera-grade         the same with 60 m, lane alone, 20 % of vehicles never seen, 0.3 s old

Delay is that of RESCO: time lost and wait to depart of every vehicle of the hour, mean. The
scenarios are not part of Stopline: clone https://github.com/Pi-Star-Lab/RESCO and give the
folder that holds cologne1/, ingolstadt1/, cologne3/ and ingolstadt7/ (environments/). Published
figures hold on SUMO 1.9.1: pip install --target DIR eclipse-sumo==1.9.1, and --sumo DIR/sumo/bin/sumo;
without it the SUMO of Stopline's extra `sim` runs, whose delays are others.

A long table goes on where it was interrupted with --rows FILE. --quick takes two seeds; without
--scenarios, a corridor of two junctions that is made on the spot, for a quarter of an hour of
the street.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from benchmarks.goals import arguments, cannot_run, finish, machine
from benchmarks.signal_runs import (
    ACTUATED,
    ADAPTIVE,
    CAMERA_GRADE,
    COLUMNS,
    OWN,
    OWN_3S,
    SUMO_ACTUATED,
    Cell,
    Kept,
    Row,
    fingerprint,
    run_cell,
    scenarios_of,
)
from benchmarks.signal_table import GOAL_SUMO, GOALS, goals, lines, tabled
from edge.clock import NS_PER_S, SystemClock
from edge.errors import StoplineError
from sim_videos.nets.made import made_corridor
from sim_videos.nets.run import Scenario
from sim_videos.nets.sumo_program import SumoProgram

_ROOT = Path(__file__).resolve().parent.parent
_QUICK = (OWN_3S, SUMO_ACTUATED, ACTUATED, ADAPTIVE, CAMERA_GRADE)


def main() -> None:
    """Make the runs, print the table, end with the goals."""
    parser = arguments(__doc__)
    parser.add_argument("--scenarios", type=Path, metavar="DIR", help="folder of RESCO's scenarios")
    parser.add_argument("--sumo", type=Path, metavar="BINARY", help="SUMO (default that of the extra sim)")
    parser.add_argument("--seeds", type=int, help="seeds 1 to N (default 20; 2 with --quick)")
    parser.add_argument("--only", metavar="A,B", help="these scenarios and columns alone")
    parser.add_argument("--all-red", metavar="S,S", default=None, help="all-reds in s (default 0,2; 0 with --quick)")
    parser.add_argument("--processes", type=int, choices=(1, 2), default=2, help="runs at a time (default 2)")
    parser.add_argument("--rows", type=Path, metavar="FILE", help="keep every run here, and go on from it")
    options = parser.parse_args()
    try:
        sumo = SumoProgram.found(options.sumo)
        with _scenarios(options) as scenarios:
            cells = _cells(options, scenarios)
            codes = {column: fingerprint(column, _ROOT) for column in COLUMNS}
            rows = _runs(cells, sumo, codes, Kept(options.rows), options.processes)
            version = sumo.version
    except StoplineError as error:
        cannot_run(str(error))
    table = tabled(rows)
    say = Console(highlight=False, soft_wrap=True)
    say.print(f"\nSUMO {version}; {machine()}")
    for line in lines(table):
        say.print(line)
    if version != GOAL_SUMO and any(row.scenario in GOALS for row in rows):
        say.print(f"\nnot compared with papers: their figures hold on SUMO {GOAL_SUMO}, this is {version}")
    shown = {f"{name}, all-red {red_s:g} s, {column}": asdict(one) for (name, red_s, column), one in table.items()}
    finish(
        goals(table, version), {"sumo": version, "columns": shown, "runs": [asdict(row) for row in rows]}, options.json
    )


@contextmanager
def _scenarios(options: argparse.Namespace) -> Iterator[list[Scenario]]:
    """Those of the folder, or a corridor made for the time being."""
    if options.scenarios is not None:
        yield scenarios_of(options.scenarios, _named(options.only, tuple(GOALS)) or tuple(GOALS))
        return
    if not options.quick:
        cannot_run("the scenarios are not part of Stopline: give the folder of RESCO's as --scenarios, or --quick")
    with tempfile.TemporaryDirectory(prefix="stopline-corridor-") as folder:
        yield [made_corridor(Path(folder), seconds=900)]


def _cells(options: argparse.Namespace, scenarios: Sequence[Scenario]) -> list[Cell]:
    columns = _named(options.only, COLUMNS) or (_QUICK if options.quick else COLUMNS)
    for name in (options.only or "").split(","):
        if name and name.strip() not in {*COLUMNS, *GOALS}:
            cannot_run(
                f"--only: there is neither a scenario nor a column {name!r}; there are {', '.join((*GOALS, *COLUMNS))}"
            )
    reds_s = [float(one) for one in (options.all_red or ("0" if options.quick else "0,2")).split(",")]
    seeds = options.seeds or (2 if options.quick else 20)
    return [
        Cell(scenario, column, red_s, seed)
        for seed in range(1, seeds + 1)
        for scenario in scenarios
        for red_s in reds_s
        for column in columns
        if column != OWN or red_s == reds_s[0]
    ]


def _named(only: str | None, among: Sequence[str]) -> tuple[str, ...]:
    asked = {name.strip() for name in (only or "").split(",")}
    return tuple(name for name in among if name in asked)


def _runs(cells: Sequence[Cell], sumo: SumoProgram, codes: dict[str, str], kept: Kept, processes: int) -> list[Row]:
    """All rows, those kept from before among them."""
    wanted = {
        (cell.scenario.name, cell.column, cell.red_clearance_s, cell.seed, sumo.version, codes[cell.column]): cell
        for cell in cells
    }
    open_ = [cell for key, cell in wanted.items() if key not in kept.rows]
    told = Console(stderr=True, highlight=False, soft_wrap=True)
    clock = SystemClock()
    began_ns, done = clock.now_ns(), 0
    if len(open_) < len(wanted):
        told.print(f"{len(wanted) - len(open_)} of {len(wanted)} runs were kept")
    # Spawned: a fork would take the parent's threads and sockets along.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        futures: list[Future[Row]] = [pool.submit(run_cell, cell, sumo, codes[cell.column]) for cell in open_]
        try:
            for future in as_completed(futures):
                row = future.result()
                kept.add(row)
                done += 1
                left_s = (clock.now_ns() - began_ns) / NS_PER_S / done * (len(open_) - done)
                told.print(
                    f"{done} of {len(open_)}: {row.scenario}, {row.column}, all-red {row.red_clearance_s:g} s, seed "
                    f"{row.seed}: {row.delay_s:.1f} s; took {row.took_s:.0f} s, {left_s / 60:.0f} min left"
                )
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [kept.rows[key] for key in wanted]


if __name__ == "__main__":
    main()
