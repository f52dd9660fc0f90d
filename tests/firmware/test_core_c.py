"""Unit tests of the core and of its laws in C; together with the vectors they reach every line and branch."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.vectors.files import read_scenarios, read_tables
from tests.firmware.building import (
    CORE,
    HERE,
    HOST,
    STRICT,
    build,
    compiler,
    script_of,
    script_of_table,
    scripted_sources,
)

SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def passes(program: Path, script: str = "") -> None:
    """Run a C program of ours; what it prints is what is wrong."""
    done = subprocess.run([program], input=script, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("channels", [3, 20, 32])
def test_corners(tmp_path: Path, channels: int) -> None:
    """States that cannot be and memory that changed, in builds for few and many channels."""
    sources = (HERE / "corners.c", CORE / "stopline_core.c")
    passes(build(tmp_path / "corners", sources, *STRICT, *SANITIZED, f"-DSL_CHANNELS={channels}"))


def test_laws(tmp_path: Path) -> None:
    """Each law is broken by lamps that break it, and by no others."""
    passes(build(tmp_path / "laws", (HERE / "laws.c", CORE / "sl_laws.c"), *STRICT, *SANITIZED))


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_core_is_freestanding(tmp_path: Path, cc: str) -> None:
    """C99 without a library, without doubles, and without data of its own that could change."""
    done = subprocess.run(
        [compiler(cc), *STRICT, "-ffreestanding", "-nostdlib", "-O2", "-c", f"-I{CORE}", str(CORE / "stopline_core.c")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    symbols = subprocess.run(
        [compiler("nm"), "stopline_core.o"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    kinds = {(line.split()[-2], line.split()[-1]) for line in symbols.splitlines()}
    assert {name for kind, name in kinds if kind == "U"} <= {
        "memset",
        "memcpy",
    }  # compilers may call these by themselves
    assert not [name for kind, name in kinds if kind in "bBdDcC"]


def test_every_line_and_branch_is_reached(tmp_path: Path) -> None:
    compiler("gcov")
    flags = ("--coverage", "-O0")
    for name in ("stopline_core", "sl_laws"):
        build(tmp_path / f"{name}.o", (CORE / f"{name}.c",), *flags, "-c")
    objects = [tmp_path / "stopline_core.o", tmp_path / "sl_laws.o"]
    programs = {
        name: build(tmp_path / name, [HERE / f"{name}.c", HOST / "host_core.c", *objects], *flags)
        for name in ("script", "laws", "corners")
    }
    passes(programs["corners"])
    passes(programs["laws"])
    lines = [line for scenario, _ in read_scenarios() for line in script_of(scenario)]
    passes(programs["script"], "".join([*lines, *map(script_of_table, read_tables())]))
    told = subprocess.run(
        ["gcov", "-b", "-c", "stopline_core.gcda", "sl_laws.gcda"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    reached = {
        Path(file).name: (lines, branches)
        for file, lines, branches in re.findall(
            r"File '([^']+\.c)'\nLines executed:([\d.]+)%.*?Taken at least once:([\d.]+)%", told, flags=re.DOTALL
        )
    }
    assert reached == {"stopline_core.c": ("100.00", "100.00"), "sl_laws.c": ("100.00", "100.00")}, unreached(tmp_path)


def unreached(folder: Path) -> str:
    """Lines of the core with something that no test reached, from gcov's files."""
    told: list[str] = []
    for name in ("stopline_core", "sl_laws"):
        source = ""
        for line in (folder / f"{name}.c.gcov").read_text(encoding="utf-8").splitlines():
            if not line.startswith(("branch", "call", "function")):
                source = line
            if "#####" in line or (line.startswith("branch") and re.search(r"taken 0|never", line)):
                told.append(f"{name}: {source}")
    return "\n".join(dict.fromkeys(told))


def test_script_for_few_channels(tmp_path: Path) -> None:
    """A build for 4 channels, as for the small controller, refuses wider tables and runs the others alike."""
    program = build(tmp_path / "script", scripted_sources(), "-O1", "-DSL_CHANNELS=4")
    few = [(scenario, expect) for scenario, expect in read_scenarios() if scenario.table[1] <= 4]
    done = subprocess.run(
        [program],
        input="".join(line for scenario, _ in few for line in script_of(scenario)),
        capture_output=True,
        text=True,
        check=True,
    )
    told = [line for line in done.stdout.splitlines() if not line.startswith("S ")]
    assert told == [f"{event.t_ms} {event.text}" for _, expect in few for event in expect]
    wide = next(scenario for scenario, _ in read_scenarios() if scenario.table[1] == 10)
    done = subprocess.run([program], input=f"T {wide.table.hex()}\nC\n", capture_output=True, text=True, check=True)
    assert done.stdout == "check 2 0\n"
