"""`python -m tests.firmware.mutate`: does every small change of the signal core fail a test?

Each mutant of `stopline_core.c` is compiled and goes through the C tests one after the other,
until one fails: corners, the vectors and tables, the fuzzer's seeds, the walk through a small table,
and then these under the sanitizers. `survivors.txt` lists those that pass them all, each with
the reason. Ends with 1 where fewer than 95 % are killed, a survivor is not in the list, or one
in the list is killed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local

from firmware_bridge.host.core import TableFault
from firmware_bridge.vectors.files import read_scenarios, read_tables
from tests.firmware.building import CORE, HERE, HOST, script_of, script_of_table
from tests.firmware.mutants import Mutant, mutants

SURVIVORS = Path(__file__).parent / "survivors.txt"
SEEDS = Path(__file__).parent / "corpus" / "core"
LEAST_KILLED = 0.95
#: Seconds of processor time after which a mutant counts as hanging; the core itself needs a tenth.
MOST_CPU_S = 8


@dataclass(frozen=True, slots=True)
class Stage:
    """One program: objects that no mutant changes, flags of the core beside it, and whether a run of it passes."""

    name: str
    objects: tuple[Path, ...]
    flags: tuple[str, ...]
    passes: Callable[[Path], bool]


def stages(folder: Path) -> list[Stage]:
    """The programs in the order of what they cost."""
    script, told = _script()
    seeds = [str(path) for path in sorted(SEEDS.iterdir())]

    def objects(name: str, *flags: str) -> tuple[Path, ...]:
        sources = [HERE / f"{name}.c", CORE / "sl_laws.c", HOST / "host_core.c"]
        into = Path(tempfile.mkdtemp(dir=folder))
        return tuple(_compiled(source, into / f"{source.stem}.o", *flags) for source in sources)

    few = ("-DSL_CHANNELS=2", "-DSL_MOST_STEP_MS=500u")
    six = ("-DSL_CHANNELS=6",)
    checked = ("-fsanitize=address,undefined,bounds-strict", "-fno-sanitize-recover=all")
    exact = (*checked, *few)
    wide = (*checked, "-DSL_CHANNELS=32")
    return [
        Stage("corners", objects("corners"), (), lambda program: _run(program).returncode == 0),
        Stage("vectors", objects("script"), (), lambda program: _passes_script(program, script, told)),
        Stage("seeds", objects("fuzz", *six, "-DREPLAY"), six, lambda program: _run(program, *seeds).returncode == 0),
        Stage("walk", objects("walk", *few), few, lambda program: _run(program, "1").returncode == 0),
        Stage("wide corners", objects("corners", *wide), wide, lambda program: _run(program).returncode == 0),
        Stage("checked walk", objects("walk", *exact), exact, lambda program: _run(program, "0").returncode == 0),
        Stage("checked", objects("script", *checked), checked, lambda program: _passes_script(program, script, told)),
    ]


def killer(mutant: Mutant, source: str, chain: list[Stage], folder: Path) -> str:
    """The stage that the mutant fails; `compiler` where it is no C, empty where it survives."""
    changed = folder / "stopline_core.c"
    changed.write_text(mutant.applied(source), encoding="utf-8")
    for stage in chain:
        program = folder / stage.name.replace(" ", "-")
        command = ["gcc", "-O0", "-Werror=return-type", f"-I{CORE}", *stage.flags, str(changed)]
        done = subprocess.run(
            [*command, *map(str, stage.objects), "-o", str(program)], capture_output=True, check=False
        )
        if done.returncode:
            return "compiler"
        if not stage.passes(program):
            return stage.name
    return ""


def main() -> int:
    """Run all, print what killed how many, and compare survivors with the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="only every so many-th mutant, for a quick look")
    parser.add_argument("--only", type=Path, help="only those that the output of an earlier run told to be alive")
    options = parser.parse_args()
    source = (CORE / "stopline_core.c").read_text(encoding="utf-8")
    every = list(mutants(source))[:: options.every]
    if options.only:
        told = options.only.read_text(encoding="utf-8").splitlines()
        names = {line.split(": ", 1)[1] for line in told if line.startswith("alive, line")}
        every = [mutant for mutant in every if mutant.name in names]
    with tempfile.TemporaryDirectory() as folder:
        chain = stages(Path(folder))
        own = local()

        def judge(mutant: Mutant) -> str:
            if not hasattr(own, "folder"):
                own.folder = Path(tempfile.mkdtemp(dir=folder))
            by = killer(mutant, source, chain, own.folder)
            if not by:
                print(f"alive, line {mutant.line}: {mutant.name}", flush=True)
            return by

        if killer(Mutant(0, 0, 0, "", "", ""), source, chain, Path(folder)):
            sys.stderr.write("the core itself fails its tests\n")
            return 1
        with ThreadPoolExecutor(options.jobs) as pool:
            killers = list(pool.map(judge, every))
    return report(every, killers, whole=options.every == 1 and not options.only)


def report(every: list[Mutant], killers: list[str], *, whole: bool) -> int:
    """Figures and survivors to stdout; the exit code."""
    reasons = dict(
        line.rsplit(" || ", 1) for line in SURVIVORS.read_text(encoding="utf-8").splitlines() if " || " in line
    )
    alive = [mutant for mutant, by in zip(every, killers, strict=True) if not by]
    real = sum(by != "compiler" for by in killers)
    for stage in dict.fromkeys(by for by in killers if by):
        print(f"{stage}: {killers.count(stage)}")
    share = 1 - len(alive) / real
    print(f"{real} mutants that compile, {real - len(alive)} killed: {100 * share:.1f} %")
    new = [mutant for mutant in alive if mutant.name not in reasons]
    for mutant in new:
        print(f"without a reason: {mutant.name}")
    gone = set(reasons) - {mutant.name for mutant in alive} if whole else set()
    for name in sorted(gone):
        print(f"listed as a survivor, but killed or not there: {name}")
    return 1 if share < LEAST_KILLED or new or gone else 0


def _script() -> tuple[str, str]:
    """Vectors and tables as a script, and what it must print."""
    scenarios, cases = read_scenarios(), read_tables()
    lines = [line for scenario, _ in scenarios for line in script_of(scenario)]
    told = [
        line
        for scenario, expect in scenarios
        for line in (f"S {scenario.name}\n", *(f"{event.t_ms} {event.text}\n" for event in expect))
    ]
    checks = [
        f"S {case.name}\ncheck {TableFault[case.fault.upper()] if case.fault else 0:d} {case.channel}\n"
        for case in cases
    ]
    return "".join([*lines, *map(script_of_table, cases)]), "".join([*told, *checks])


def _passes_script(program: Path, script: str, told: str) -> bool:
    done = _run(program, script=script)
    return done.returncode == 0 and done.stdout == told


def _run(program: Path, *words: str, script: str = "") -> subprocess.CompletedProcess[str]:
    limited = ["sh", "-c", f'ulimit -t {MOST_CPU_S}; exec "$0" "$@"', str(program), *words]
    return subprocess.run(limited, input=script, capture_output=True, text=True, check=False, errors="replace")


def _compiled(source: Path, output: Path, *flags: str) -> Path:
    subprocess.run(
        ["gcc", "-O1", "-c", *flags, f"-I{CORE}", f"-I{HOST}", str(source), "-o", str(output)],
        check=True,
        capture_output=True,
    )
    return output


if __name__ == "__main__":
    raise SystemExit(main())
