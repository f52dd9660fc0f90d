"""The runs behind `benchmarks.signal`: one scenario, one column, one all-red, one seed; and their file."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.signal_max_pressure import max_pressure
from edge.clock import NS_PER_S, SystemClock
from edge.errors import InputError
from sim_videos.nets.controllers import CONTROLLERS
from sim_videos.nets.delay import delay_of, scheduled
from sim_videos.nets.eyes import CAMERA, FULL, Sight
from sim_videos.nets.junction import Times
from sim_videos.nets.net_file import read_net
from sim_videos.nets.own_programs import OwnName, additional_file
from sim_videos.nets.run import MakeController, Scenario, run
from sim_videos.nets.sumo_program import SumoProgram

OWN, OWN_3S, SUMO_ACTUATED = "own fixed", "fixed 3 s yellow", "SUMO actuated"
PRESSURE, ACTUATED, ADAPTIVE, CAMERA_GRADE = "max pressure", "our actuated", "adaptive", "camera-grade"
#: Columns that SUMO runs by itself.
_BARE: Mapping[str, OwnName] = {OWN: "own", OWN_3S: "own yellow", SUMO_ACTUATED: "sumo actuated"}
_OURS: Mapping[str, tuple[MakeController, Sight]] = {
    PRESSURE: (max_pressure, FULL),
    ACTUATED: (CONTROLLERS["actuated"], FULL),
    ADAPTIVE: (CONTROLLERS["adaptive"], FULL),
    CAMERA_GRADE: (CONTROLLERS["adaptive"], CAMERA),
}
COLUMNS = (*_BARE, *_OURS)
#: What a row of ours depends on; of the others only the last.
_OUR_CODE = (
    "edge/control",
    "edge/types.py",
    "firmware_bridge/core",
    "firmware_bridge/host",
    "benchmarks/signal_max_pressure.py",
)
_ALL_CODE = ("sim_videos/nets",)
#: The hour of each scenario, as its .sumocfg has it.
_CONFIG = "{name}.sumocfg"


@dataclass(frozen=True, slots=True)
class Cell:
    """One run to make."""

    scenario: Scenario
    column: str
    red_clearance_s: float
    seed: int


@dataclass(frozen=True, slots=True)
class Row:
    """One run made. laws: seconds in which the monitor of the lamps, or the witness of the core, saw a law broken."""

    scenario: str
    column: str
    red_clearance_s: float
    seed: int
    sumo: str
    code: str
    delay_s: float
    vehicles: int
    unfinished: int
    waiting: int
    laws: int
    first_law: str | None
    refused: int
    decision_p99_ms: float | None
    decision_max_ms: float | None
    took_s: float

    @property
    def key(self) -> tuple[str, str, float, int, str, str]:
        """What makes it the same run."""
        return self.scenario, self.column, self.red_clearance_s, self.seed, self.sumo, self.code


def run_cell(cell: Cell, sumo: SumoProgram, code: str) -> Row:
    """Make one run."""
    clock = SystemClock()
    began_ns = clock.now_ns()
    if cell.column in _BARE:
        return _bare(cell, sumo, code, clock, began_ns)
    make, sight = _OURS[cell.column]
    times = Times(red_clearance_s=cell.red_clearance_s)
    result = run(cell.scenario, make, seed=cell.seed, sight=sight, sumo=sumo, clock=clock, times=times)
    decisions = sorted(result.decision_s)
    said = next((f"{one.law}: {one.said} at {one.t_s}" for one in result.violations), result.first_broken)
    return Row(
        cell.scenario.name,
        cell.column,
        cell.red_clearance_s,
        cell.seed,
        sumo.version,
        code,
        result.delay.mean_s if result.delay.mean_s is not None else 0.0,
        result.delay.vehicles,
        result.delay.unfinished,
        result.delay.waiting,
        len(result.violations) + result.laws_broken,
        said,
        result.refused,
        1000 * decisions[int(0.99 * (len(decisions) - 1))],
        1000 * decisions[-1],
        round((clock.now_ns() - began_ns) / NS_PER_S, 1),
    )


def _bare(cell: Cell, sumo: SumoProgram, code: str, clock: SystemClock, began_ns: int) -> Row:
    one = cell.scenario
    with tempfile.TemporaryDirectory(prefix="stopline-net-") as folder:
        tripinfo = Path(folder) / "tripinfo.xml"
        more: tuple[str, ...] = ()
        name = _BARE[cell.column]
        if name != "own":
            programs = read_net(one.net).programs
            made = additional_file(Path(folder) / "own.add.xml", programs, name, 3.0, cell.red_clearance_s)
            more = ("--additional-files", str(made))
        command = sumo.command(one.net, one.routes, one.begin_s, one.end_s, cell.seed, tripinfo, more=more)
        done = subprocess.run(
            command, env={**os.environ, **sumo.environment}, capture_output=True, text=True, timeout=3600, check=False
        )
        if done.returncode != 0:
            raise InputError(f"{one.net}: SUMO cannot run it ({done.stderr.strip()[:200]})")
        delay = delay_of(tripinfo, scheduled(one.routes, one.begin_s, one.end_s), one.end_s)
    took_s = round((clock.now_ns() - began_ns) / NS_PER_S, 1)
    mean_s = delay.mean_s if delay.mean_s is not None else 0.0
    return Row(
        one.name,
        cell.column,
        cell.red_clearance_s,
        cell.seed,
        sumo.version,
        code,
        mean_s,
        delay.vehicles,
        delay.unfinished,
        delay.waiting,
        0,
        None,
        0,
        None,
        None,
        took_s,
    )


def scenarios_of(folder: Path, names: Iterable[str]) -> list[Scenario]:
    """Scenarios of a folder that holds RESCO's; InputError naming the one that is not there."""
    found = []
    for name in names:
        net, routes = folder / name / f"{name}.net.xml", folder / name / f"{name}.rou.xml"
        for path in (net, routes):
            if not path.is_file():
                raise InputError(f"{path}: is not there; give the folder that holds {name}/ of RESCO as --scenarios")
        begin_s = 25200 if name.startswith("cologne") else 57600
        found.append(Scenario(name, net, routes, begin_s, begin_s + 3600))
    return found


def fingerprint(column: str, root: Path) -> str:
    """Of the code that a column's figures depend on: rows of another are not taken for today's."""
    digest = hashlib.sha256()
    for name in _ALL_CODE if column in _BARE else (*_ALL_CODE, *_OUR_CODE):
        path = root / name
        files = sorted(path.rglob("*.[pch]*")) if path.is_dir() else [path]
        for file in files:
            if file.suffix in {".py", ".c", ".h"}:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


class Kept:
    """Rows in a file of JSON lines, which a later run of the benchmark goes on with; in memory without one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.rows: dict[tuple[str, str, float, int, str, str], Row] = {}
        if path is not None and path.exists():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                try:
                    row = Row(**json.loads(line))
                except (ValueError, TypeError) as error:
                    raise InputError(
                        f"{path}: line {number} is no row of this benchmark; remove it ({error})"
                    ) from error
                self.rows[row.key] = row

    def add(self, row: Row) -> None:
        """Keep it, at once."""
        self.rows[row.key] = row
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(row)) + "\n")
