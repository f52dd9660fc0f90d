"""`python -m tests.firmware.walk`: every reachable state of small tables, in steps of 500 and of 100 ms.

Prints what was walked through for each table; ends with 1 where a law is broken. The suite
does the quick ones.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.firmware.building import CORE, HERE, build


@dataclass(frozen=True, slots=True)
class Walk:
    """A table of walk.c by its number, its channels, and the step of time."""

    plan: int
    channels: int
    step_ms: int


QUICK = tuple(Walk(plan, channels, 500) for plan, channels in ((0, 2), (1, 2), (2, 2), (3, 2), (4, 3), (5, 3), (7, 3)))
LONG = (*QUICK, Walk(6, 3, 500), Walk(8, 4, 500), Walk(0, 2, 100), Walk(2, 2, 100), Walk(5, 3, 250))


def walker(folder: Path, walk: Walk, core: Path = CORE) -> Path:
    """Build walk.c for as many channels and as long steps."""
    return build(
        folder / f"walk-{walk.channels}-{walk.step_ms}",
        (HERE / "walk.c", core / "stopline_core.c", core / "sl_laws.c"),
        "-O2",
        f"-DSL_CHANNELS={walk.channels}",
        f"-DSL_MOST_STEP_MS={walk.step_ms}u",
        core=core,
    )


def main() -> int:
    """Walk all, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only those of the suite")
    parser.add_argument("--most", type=int, default=1 << 25, help="give up at so many states (16 bytes each, twice)")
    options = parser.parse_args()
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        for walk in QUICK if options.quick else LONG:
            program = walker(Path(folder), walk)
            done = subprocess.run(
                [program, str(walk.plan), str(options.most)], capture_output=True, text=True, check=False
            )
            print(f"steps of {walk.step_ms} ms, {done.stdout.strip()}", flush=True)
            worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
