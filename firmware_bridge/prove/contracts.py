"""Contracts of small functions, proved by Frama-C WP where it is installed (apt-get install frama-c-base z3)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from firmware_bridge.prove.model import CORE, HARNESSES

_FUNCTIONS = (
    "ms_of",
    "older",
    "seen_for",
    "show",
    "show_ped",
    "step_ped",
    "step_interval",
    "check_times",
    "channel_is_consistent",
)
_PROVED = re.compile(r"Proved goals:\s+(\d+) / (\d+)")


def prove_contracts(core: Path | None = None) -> bool:
    """Whether every goal was proved; True where Frama-C is missing, which is said. `core` replaces stopline_core.c."""
    if shutil.which("frama-c") is None or shutil.which("why3") is None or shutil.which("z3") is None:
        sys.stdout.write("contracts not proved: Frama-C is not installed (apt-get install frama-c-base why3 z3)\n")
        return True
    with tempfile.TemporaryDirectory() as folder:
        why3 = Path(folder) / "why3.conf"
        subprocess.run(["why3", "config", "detect", "-C", str(why3)], capture_output=True, check=False)
        (Path(folder) / "contracts.c").write_bytes((HARNESSES / "contracts.c").read_bytes())
        (Path(folder) / "stopline_core.c").write_bytes((core or CORE / "stopline_core.c").read_bytes())
        command = [
            *("frama-c", f"-cpp-extra-args=-I{folder} -I{CORE}", "-wp", "-wp-rte", "-wp-prover", "z3"),
            *("-wp-timeout", "60", "-wp-par", "2", "-wp-fct", ",".join(_FUNCTIONS), f"{folder}/contracts.c"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    goals = _PROVED.search(done.stdout)
    if goals is None:
        sys.stdout.write(f"contracts: Frama-C gave no verdict\n{done.stdout[-500:]}{done.stderr[-500:]}\n")
        return False
    sys.stdout.write(f"contracts: Frama-C WP proved {goals[1]} of {goals[2]} goals of {len(_FUNCTIONS)} functions\n")
    return goals[1] == goals[2]
