"""Faults injected into every bridge, what the lamps did, and how long that took.

    python -m benchmarks.faults [--quick] [--only core,serial,avr,gpio] [--json FILE]

Every row is watched by the laws of the lamps (`firmware_bridge/core/sl_laws.h`). --quick
runs the core's rows alone. A bridge whose tools are missing cannot run, and is said.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from benchmarks.fault_rows import FaultRow
from benchmarks.goals import Goal, arguments, cannot_run, finish
from edge.errors import StoplineError

BRIDGES = ("core", "serial", "avr", "gpio")
_LEAST_FAULTS = 20


def main() -> None:
    """Inject, print, judge."""
    parser = arguments(__doc__)
    parser.add_argument("--only", default="", metavar="A,B", help=f"some of {', '.join(BRIDGES)}")
    options = parser.parse_args()
    chosen = tuple(filter(None, options.only.split(","))) or (("core",) if options.quick else BRIDGES)
    unknown = [name for name in chosen if name not in BRIDGES]
    if unknown:
        cannot_run(f"--only: there is no bridge {unknown[0]!r}; choose of {', '.join(BRIDGES)}")
    rows = [row for name in chosen for row in _rows(name)]
    print_rows(rows)
    broken = sorted({law for row in rows for law in row.laws_broken})
    shouted = [row for row in rows if any(word.isupper() and len(word) > 3 for word in _words(row))]
    goals = [
        Goal("rows with a law broken", sum(bool(row.laws_broken) for row in rows), 0, at_least=False),
        Goal("rows where lamps did not do what they must", len(shouted), 0, at_least=False),
    ]
    if not options.only:
        different = len({(row.bridge, row.fault) for row in rows})
        goals.append(Goal("faults injected", different, _LEAST_FAULTS, at_least=True))
    finish(goals, {"rows": [asdict(row) for row in rows], "laws_broken": broken}, options.json)


def print_rows(rows: list[FaultRow]) -> None:
    """One line each, for people and for the docs."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("bridge", "fault", "what the lamps did", "ms", "laws broken"):
        shown.add_column(heading, justify="right" if heading == "ms" else "left")
    for row in rows:
        ms = "" if row.simulated_ms is None else f"{row.simulated_ms:.0f}"
        shown.add_row(row.bridge, row.fault, row.what_lamps_did, ms, ", ".join(row.laws_broken) or "none")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    console.print(shown)


def _words(row: FaultRow) -> list[str]:
    """Rows say in capitals what must not be; names of faults of the core come after `latched:`."""
    return row.what_lamps_did.partition("latched:")[0].split()


def _rows(bridge: str) -> list[FaultRow]:
    name = f"benchmarks.fault_rows.{bridge}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            cannot_run(f"{bridge}: {missing}; install it, or leave {bridge} out with --only")
        cannot_run(f"{bridge}: there are no rows for it here; leave it out with --only")
    try:
        rows: list[FaultRow] = module.rows()
    except StoplineError as wrong:
        cannot_run(f"{bridge}: {wrong}")
    print(f"{bridge}: {len(rows)} rows", file=sys.stderr)
    return rows


if __name__ == "__main__":
    main()
