"""C programs of the tests, built from the core's sources, and the scripts they read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from firmware_bridge.vectors.refused_tables import TableCase
from firmware_bridge.vectors.scenario import Scenario, Tick, ticks

ROOT = Path(__file__).parents[2]
CORE = ROOT / "firmware_bridge" / "core"
HOST = ROOT / "firmware_bridge" / "host"
HERE = Path(__file__).parent / "c"

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")


def compiler(name: str = "gcc") -> str:
    """Path of a compiler; the test skips without it."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed; tests/system_packages.sh installs it")
    return path


def build(output: Path, sources: Iterable[Path], *flags: str, core: Path = CORE, cc: str = "gcc") -> Path:
    """Compile and link; `core` may be a folder with a changed copy of the core. Warnings of STRICT are failures."""
    command = [compiler(cc), *flags, f"-I{core}", f"-I{HOST}", *map(str, sources), "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return output


def scripted_sources(core: Path = CORE) -> list[Path]:
    """What the script runner is made of."""
    return [HERE / "script.c", core / "stopline_core.c", core / "sl_laws.c", HOST / "host_core.c"]


def script_of(scenario: Scenario) -> Iterator[str]:
    """Lines for script.c; ticks of equal inputs are told as one run."""
    yield f"S {scenario.name}\nT {scenario.table.hex()}\nB {scenario.boot_ms}\n"
    last_ms, told, count = scenario.boot_ms, "", 0
    for tick in ticks(scenario):
        jump_ms = (tick.now_ms - last_ms - scenario.tick_ms + 2**31) % 2**32 - 2**31
        last_ms = tick.now_ms
        line = _inputs_line(tick)
        if line == told and not jump_ms and tick.corrupt is None:
            count += 1
            continue
        if count:
            yield f"R {count} {scenario.tick_ms} 0\n"
        if tick.corrupt is not None:
            yield f"X {tick.corrupt[0]} {tick.corrupt[1]}\n"
        yield f"{line}R 1 {scenario.tick_ms} {jump_ms}\n"
        # A request and a call are sent once, so a tick with one is never like the one before.
        told, count = "" if tick.inputs.request is not None or tick.inputs.ped_calls else line, 0
    if count:
        yield f"R {count} {scenario.tick_ms} 0\n"


def script_of_table(case: TableCase) -> str:
    """Lines that print what sl_table_check says of a table."""
    return f"S {case.name}\nT {case.table.hex()}\nC\n"


def _inputs_line(tick: Tick) -> str:
    inputs, rule = tick.inputs, tick.sense or {}
    on, off = rule.get("on", {}), rule.get("off", {})
    values = (
        int(inputs.request is not None),
        _phases(inputs.request or frozenset()),
        inputs.ttl_ms,
        _phases(inputs.ped_calls),
        int(inputs.agreed),
        int(inputs.manual_flash),
        int(inputs.stop_time),
        int(inputs.reset),
        inputs.platform_fault,
        rule.get("fitted", 0),
        *(on.get(lamp, 0) for lamp in _LAMPS),
        *(off.get(lamp, 0) for lamp in _LAMPS),
    )
    return f"I {' '.join(map(str, values))}\n"


_LAMPS = ("red", "yellow", "green", "walk")


def _phases(phases: frozenset[int]) -> int:
    return sum(1 << (phase - 1) for phase in phases)
