"""What every benchmark ends with: its goals, where they were missed, and an exit code.

    python -m benchmarks.NAME [--quick] [--json FILE]

Exit 0 where every goal holds, 1 where one is missed (named), 2 where it could not run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from edge.clock import SystemClock, iso_utc


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing the benchmark must show. at_least says on which side of the limit value must lie."""

    name: str
    value: float
    limit: float
    at_least: bool

    @property
    def holds(self) -> bool:
        """Whether the value lies on the right side of the limit; the limit itself does."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def arguments(about: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="within a minute on 2 cores")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures, machine and date to FILE")
    return parser


def cannot_run(reason: str) -> NoReturn:
    """End with exit code 2 and the reason."""
    print(f"cannot run: {reason}", file=sys.stderr)
    raise SystemExit(2)


def finish(goals: list[Goal], figures: Mapping[str, object], json_path: Path | None) -> NoReturn:
    """Print each goal, write the JSON file if asked, and end with exit code 0 or 1."""
    print()
    for goal in goals:
        word = "holds " if goal.holds else "MISSED"
        print(f"{word}  {goal.name}: {goal.value:.4g} (goal {'>=' if goal.at_least else '<='} {goal.limit:.4g})")
    if json_path is not None:
        clock = SystemClock()
        document = {
            "command": " ".join(["python -m", f"benchmarks.{Path(sys.argv[0]).stem}", *sys.argv[1:]]),
            "date": iso_utc(clock.wall_ns(clock.now_ns())),
            "machine": machine(),
            "goals": [{**asdict(goal), "holds": goal.holds} for goal in goals],
            "figures": dict(figures),
        }
        json_path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    raise SystemExit(0 if all(goal.holds for goal in goals) else 1)


def machine() -> str:
    """Processor, cores and Python, in one line."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
