"""The street of `benchmarks.nema`: a four-arm junction of eight phases under SUMO's NEMA program or under our control.

    scenario ─→ net, trips ─→ SUMO ─┬─ tlLogic type="NEMA", detectors as it places them
                                    └─ lanes ─→ ActuatedController ─→ signal core in C ─→ letters

Nobody walks, for SUMO's NEMA program knows no pedestrians.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from xml.etree import ElementTree as ET

import libsumo

from calibration.site import Phase, Signal
from edge.clock import NS_PER_MS, NS_PER_S
from edge.control.actuated import ActuatedController
from edge.types import Demand, Ending, Interval, LaneDemand
from firmware_bridge.host.core import CoreInputs, SignalCore, Witness
from firmware_bridge.seen import signal_state
from firmware_bridge.table import table_of_signal, to_bytes
from sim_videos.compass import RINGS
from sim_videos.scenario import Scenario
from sim_videos.street import LaneUse
from sim_videos.world.build import build_ground
from sim_videos.world.demand import trips_of, write_routes
from sim_videos.world.lamps import Links
from sim_videos.world.survey import Survey, must_yield

STEP_S = 0.5
#: How far our lanes are seen; who is slower stands; a front this near is at the line.
_REACH_M, _STANDING_MPS, _PRESENCE_M = 80.0, 1.0, 6.0
#: The first of a queue stands this near to the line, each next one within so much of the one before.
_FIRST_M, _GAP_M = 12.0, 14.0
_START_UP_S = 5
_TTL_MS = 300


@dataclass(frozen=True, slots=True)
class Times:
    """One timing sheet for both. SUMO's `vehext` is its passage time after a 20 m detector at the line."""

    min_turn_s: float = 5.0
    min_through_s: float = 7.0
    max_turn_s: float = 25.0
    max_through_s: float = 45.0
    yellow_s: float = 3.5
    red_clearance_s: float = 2.0
    vehext_s: float = 2.0

    def of(self, phase: int) -> Phase:
        turns = phase % 2 == 1
        return Phase(
            number=phase,
            min_green_s=self.min_turn_s if turns else self.min_through_s,
            max_green_s=self.max_turn_s if turns else self.max_through_s,
            yellow_s=self.yellow_s,
            red_clearance_s=self.red_clearance_s,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. delay_s and stops: means over all vehicles due after the warm-up. Shares of greens by their end."""

    vehicles: int
    delay_s: float
    stops: float
    greens: int
    gap_outs: float
    max_outs: float
    laws_broken: int = 0


@dataclass(slots=True)
class _Endings:
    count: dict[Ending, int] = field(default_factory=lambda: dict.fromkeys(Ending, 0))

    def outcome(self, folder: Path, begin_s: float, laws_broken: int) -> Outcome:
        greens = sum(self.count.values())
        trips = [trip for trip in ET.parse(folder / "trips.xml").getroot() if _due_s(trip) >= begin_s]  # noqa: S314
        return Outcome(
            len(trips),
            fmean(float(trip.attrib["timeLoss"]) + float(trip.attrib["departDelay"]) for trip in trips),
            fmean(int(trip.attrib["waitingCount"]) for trip in trips),
            greens,
            self.count[Ending.GAP_OUT] / max(1, greens),
            self.count[Ending.MAX_OUT] / max(1, greens),
            laws_broken,
        )


def _due_s(trip: ET.Element) -> float:
    """When it was to enter; one that never did has waited since then."""
    return float(trip.attrib["depart"]) - max(0.0, float(trip.attrib["departDelay"]))


class Street:
    """One junction with one seed's traffic, which any number of runs repeat. folder takes SUMO's files."""

    def __init__(self, scenario: Scenario, seed: int, times: Times, folder: Path) -> None:
        ground = build_ground(scenario, folder)
        self.survey: Survey = ground.survey
        self.times = times
        self.signal = Signal(
            phases=tuple(times.of(phase) for phase in range(1, 9)), rings=RINGS, startup_flash_s=0.0, startup_red_s=3.0
        )
        self._folder = folder
        self._seed = seed
        self._begin_s = scenario.warm_up_s
        self._end_s = scenario.warm_up_s + scenario.duration_s
        trips = trips_of(scenario, ground.survey, seed)
        write_routes(folder / "traffic.rou.xml", trips, ground.survey, seed, scenario.warm_up_s)

    def nema(self) -> Outcome:
        """Under SUMO's program. A green of its maximum has maxed out, any other gapped out."""
        program = self._folder / "nema.add.xml"
        program.write_text(self._program(), encoding="utf-8")
        links = {way.phase: way.connection.index for way in self.survey.ways if way.connection.index is not None}
        endings, since = _Endings(), dict.fromkeys(links, -1.0)
        with _running(self._command("--additional-files", str(program))):
            for now_s in self._steps():
                shown = libsumo.trafficlight.getRedYellowGreenState(self.survey.net.signal)
                for phase, index in links.items():
                    if shown[index] in "Gg":
                        since[phase] = now_s if since[phase] < 0 else since[phase]
                    elif since[phase] >= 0:
                        lasted_s, since[phase] = now_s - since[phase], -1.0
                        maxed = lasted_s >= self.times.of(phase).max_green_s - STEP_S
                        endings.count[Ending.MAX_OUT if maxed else Ending.GAP_OUT] += now_s >= self._begin_s
        return endings.outcome(self._folder, self._begin_s, 0)

    def ours(self) -> Outcome:
        """Under our actuated control, through the core, each tick seen by the witness."""
        table = table_of_signal(self.signal)
        core, witness = SignalCore(to_bytes(table)), Witness(to_bytes(table))
        controller = ActuatedController(self.signal)
        links, lanes, endings = Links(self.survey), _Lanes(self.survey), _Endings()
        step_ms, now_ms, broken = round(STEP_S * 1000), 0, 0
        inputs = CoreInputs(frozenset(), _TTL_MS)
        outputs, _ = core.run(0, range(0, _START_UP_S * 1000 + 1, 10), inputs, witness, 10)
        now_ms = _START_UP_S * 1000
        with _running(self._command()):
            for now_s in self._steps():
                state = signal_state(
                    table,
                    t_ns=now_ms * NS_PER_MS,
                    tick_ns=now_ms * NS_PER_MS,
                    mode=outputs.mode,
                    intervals=outputs.intervals,
                    ages_ms=outputs.ages_ms,
                    peds=outputs.peds,
                    fault=None,
                )
                request = controller.update(lanes.demand(now_ms * NS_PER_MS), state)
                for how in () if request.facts is None else request.facts.endings.values():
                    endings.count[how] += now_s >= self._begin_s
                inputs = CoreInputs(request.phases, _TTL_MS)
                outputs, wrong = core.run(now_ms, range(now_ms, now_ms + step_ms + 1, 10), inputs, witness, 10)
                broken += wrong is not None
                now_ms += step_ms
                shown = {channel.number: _INTERVALS[outputs.intervals[i]] for i, channel in enumerate(table.channels)}
                libsumo.trafficlight.setRedYellowGreenState(self.survey.net.signal, links.state(shown, {}))
        return endings.outcome(self._folder, self._begin_s, broken)

    def _steps(self) -> Iterator[float]:
        for step in range(round(self._end_s / STEP_S)):
            yield step * STEP_S
            libsumo.simulationStep()

    def _command(self, *more: str) -> list[str]:
        return [
            *("sumo", "--net-file", str(self.survey.net.path), "--route-files", str(self._folder / "traffic.rou.xml")),
            *("--step-length", f"{STEP_S}", "--seed", f"{self._seed}", "--time-to-teleport", "-1"),
            *("--tripinfo-output", str(self._folder / "trips.xml"), "--tripinfo-output.write-unfinished", "true"),
            *("--tripinfo-output.write-undeparted", "true", "--max-depart-delay", "-1"),
            *("--collision.action", "none", "--default.speeddev", "0", "--xml-validation", "never"),
            *("--no-step-log", "true", "--no-warnings", "true", *more),
        ]

    def _program(self) -> str:
        """The NEMA program of the same sheet (SUMO user documentation, Simulation/NEMA), no phase recalled."""
        root = ET.Element("additional")
        logic = ET.SubElement(root, "tlLogic", id=self.survey.net.signal, programID="nema", type="NEMA", offset="0")
        params = {
            "detector-length": "20",
            "detector-length-leftTurnLane": "20",
            "total-cycle-length": "180",
            "ring1": "1,2,3,4",
            "ring2": "5,6,7,8",
            "barrierPhases": "4,8",
            "barrier2Phases": "2,6",
            "coordinate-mode": "false",
            "minRecall": "",
            "maxRecall": "",
            "ignore-errors": "true",
        }
        for key, value in params.items():
            ET.SubElement(logic, "param", key=key, value=value)
        for phase in range(1, 9):
            times = self.times.of(phase)
            letters = ["r"] * self.survey.net.links
            for way in self.survey.ways:
                if way.phase == phase and way.connection.index is not None:
                    letters[way.connection.index] = "g" if must_yield(self.survey, way) else "G"
            ET.SubElement(
                logic,
                "phase",
                name=str(phase),
                duration="99",
                minDur=f"{times.min_green_s:g}",
                maxDur=f"{times.max_green_s:g}",
                vehext=f"{self.times.vehext_s:g}",
                yellow=f"{times.yellow_s:g}",
                red=f"{times.red_clearance_s:g}",
                state="".join(letters),
            )
        return ET.tostring(root, encoding="unicode")


class _Lanes:
    """What every inbound lane holds, as perfect eyes with 80 m of view would tell it."""

    def __init__(self, found: Survey) -> None:
        self._lanes = [lane for lane in found.inbound if lane.name is not None and lane.use is LaneUse.VEHICLES]
        self._length_m = {name: lane.length_m for name, lane in found.net.lanes.items()}
        self._stood_ns: dict[str, int] = {}

    def demand(self, t_ns: int) -> Demand:
        standing: dict[str, int] = {}
        lanes = {}
        for lane in self._lanes:
            assert lane.name is not None
            placed = sorted(self._placed(lane.chain))
            for _, mps, vehicle in placed:
                if mps < _STANDING_MPS:
                    standing[vehicle] = self._stood_ns.get(vehicle, t_ns)
            queue, reach_m = [], _FIRST_M
            for before_m, mps, vehicle in placed:
                if mps >= _STANDING_MPS or before_m > reach_m:
                    break
                queue.append(vehicle)
                reach_m = before_m + _GAP_M
            arrivals = tuple((b, mps) for b, mps, vehicle in placed if mps >= _STANDING_MPS)
            wait_s = (t_ns - standing[queue[0]]) / NS_PER_S if queue else None
            present = any(before_m <= _PRESENCE_M for before_m, _, _ in placed)
            lanes[lane.name] = LaneDemand(lane.name, lane.phase, present, arrivals, len(queue), wait_s, 0.0)
        self._stood_ns = standing
        return Demand(t_ns, lanes)

    def _placed(self, chain: tuple[str, ...]) -> Iterator[tuple[float, float, str]]:
        """(metres to the stop line, m/s, vehicle) of all within reach."""
        after_m = 0.0
        for lane in reversed(chain):
            if after_m > _REACH_M:
                return
            for vehicle in libsumo.lane.getLastStepVehicleIDs(lane):
                before_m = after_m + self._length_m[lane] - libsumo.vehicle.getLanePosition(vehicle)
                if before_m <= _REACH_M:
                    yield before_m, libsumo.vehicle.getSpeed(vehicle), vehicle
            after_m += self._length_m[lane]


class _running:  # noqa: N801 - reads as what it is in a with statement
    """SUMO, open while in a with statement."""

    def __init__(self, command: list[str]) -> None:
        self._command = command

    def __enter__(self) -> None:
        libsumo.start(self._command)

    def __exit__(self, *_error: object) -> None:
        libsumo.close()


_INTERVALS = (Interval.RED, Interval.GREEN, Interval.YELLOW, Interval.RED_CLEARANCE, Interval.FLASH_RED)
