"""One run behind `benchmarks.incidents`: a street, its cameras' vision, the rules and their fusion; and its row.

Rows are kept in a file of JSON lines under a fingerprint of the code, so that a long table goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter_ns, thread_time_ns
from typing import Protocol

import numpy as np

from benchmarks.incident_acts import Act, CloseLane, CutBehind, RunRed, SlowDown, Truth
from benchmarks.incident_eyes import Noise, TruthEyes
from benchmarks.incident_streets import ANSWERS, OF_TIMETABLE, Cell, Order, order_of
from calibration.site import Site
from edge.clock import NS_PER_S
from edge.errors import InputError
from edge.frames import Frame, VisionResult
from edge.incident import Incident, IncidentKind, Scenery, Stage, StillObject
from edge.incidents.book import IncidentBook
from edge.incidents.watch import IncidentWatch
from edge.types import Interval, Sight, SignalState
from edge.vision.pipeline import VisionPipeline
from sim_videos.detector import Eyesight
from sim_videos.plan_lamps import PlanLamps, seconds_ns
from sim_videos.render.camera import camera_of
from sim_videos.site import site_of
from sim_videos.state import WorldFrame
from sim_videos.street import Street

K = IncidentKind
#: What the detector errs by; docs/incidents.md says where the figures come from.
NOISE: Mapping[str, Noise] = {
    "day": Noise(Eyesight()),
    "night": Noise(Eyesight(miss=0.18, jitter_px=2.0, false_per_frame=0.05, confused=0.05)),
}
#: An alarm so long before or after a happening, and so far from it, still is of it.
_EARLY_S, _LATE_S, _NEAR_M = 8.0, 30.0, 45.0
#: After the happening was noticed the street runs on so long.
_GO_ON_S = 12.0
#: A camera takes this long to know that something lies still, and its place errs by so much.
_STILL_S, _STILL_SD_M = 4.0, 0.4
_CODE = ("edge/incidents", "edge/vision", "edge/incident.py", "edge/types.py", "calibration", "sim_videos/world")
_OWN = ("incident_acts.py", "incident_eyes.py", "incident_runs.py", "incident_streets.py")


@dataclass(frozen=True, slots=True)
class Row:
    """One run made. happened: whether the truth came about. delay_s: None where it was not noticed.

    false_alarms: kind, second and camera of what was told and was of nothing; others: told while the happening went
    on, of another kind. camera_s: seconds times cameras. us_per_frame: rules and fusion, for one camera.
    """

    part: str
    kind: str
    light: str
    seed: int
    code: str
    template: str
    happened: bool
    detected: bool
    delay_s: float | None
    false_alarms: list[list[str | float]]
    others: list[list[str | float]]
    camera_s: float
    frames: int
    us_per_frame: float
    tracks_mean: float
    took_s: float

    @property
    def key(self) -> tuple[str, str, str, int, str]:
        """What makes it the same run."""
        return self.part, self.kind, self.light, self.seed, self.code


def key_of(cell: Cell, code: str) -> tuple[str, str, str, int, str]:
    """Of the row that a cell gives."""
    return cell.part, cell.kind.value if cell.kind is not None else "none", cell.light, cell.seed, code


class Eyes(Protocol):
    """One camera with its vision: what it makes of an instant."""

    camera: str

    def look(self, world: WorldFrame, index: int, t_ns: int) -> tuple[VisionResult, Scenery | None]:
        """Everything that its frame leads to."""
        ...


#: Makes the eyes of the n-th camera of an order.
MakeEyes = Callable[[Cell, Order, Site, Street, int], Eyes]


class TracksEyes:
    """Told by the truth who is in the picture; nothing is painted."""

    def __init__(self, cell: Cell, order: Order, site: Site, street: Street, number: int) -> None:
        spec = order.scenario.cameras[number]
        width, height = spec.size_px
        fog = (order.at_s, order.at_s + order.for_s) if cell.kind is K.LOW_VISIBILITY else None
        self.camera = spec.id
        self._eyes = TruthEyes(camera_of(spec, street), NOISE[cell.light], seed=cell.seed + number)
        self._vision = VisionPipeline(site, spec.id)
        self._blank = np.zeros((height, width, 3), np.uint8)
        self._scenery = _Scenes(spec.id, np.random.default_rng((cell.seed, number, 7)), fog)

    def look(self, world: WorldFrame, index: int, t_ns: int) -> tuple[VisionResult, Scenery | None]:
        """What follows from boxes spoilt as a detector spoils them."""
        detections = self._eyes.detect(world, index, t_ns)
        frame = Frame(self.camera, index, t_ns, self._blank)
        result = self._vision.update(frame, detections, Sight(t_ns, self.camera, True))
        return result, self._scenery.at(world, t_ns)


@dataclass(slots=True)
class _Scenes:
    """What the picture shows besides road users: loads of the truth, and a contrast that a fog takes away."""

    camera: str
    rng: np.random.Generator
    fog_s: tuple[float, float] | None
    since: dict[int, float] = field(default_factory=dict)

    def at(self, world: WorldFrame, t_ns: int) -> Scenery:
        """At this instant."""
        objects = []
        for thing in world.things:
            if thing.make != "load":
                continue
            since_s = self.since.setdefault(thing.thing_id, world.t_s)
            if world.t_s - since_s >= _STILL_S:
                x, y = thing.pos_m + self.rng.normal(0.0, _STILL_SD_M, 2)
                objects.append(
                    StillObject(thing.thing_id, (float(x), float(y)), (1.4, 0.9), round(since_s * NS_PER_S), 0.8)
                )
        contrast = float(np.clip(0.92 + self.rng.normal(0.0, 0.04), 0.0, 1.0))
        if self.fog_s is not None and self.fog_s[0] <= world.t_s < self.fog_s[1]:
            contrast *= max(0.28, 1.0 - 0.15 * (world.t_s - self.fog_s[0]))
        return Scenery(t_ns, self.camera, contrast, tuple(objects))


class _Lamps:
    """Measured lamps: what each phase shows, and since when."""

    def __init__(self) -> None:
        self._shown: dict[int, Interval] = {}
        self._since: dict[int, int] = {}

    def at(self, intervals: Mapping[int, Interval], t_ns: int) -> SignalState:
        """The state at t_ns."""
        for phase, shows in intervals.items():
            if self._shown.get(phase) is not shows:
                self._shown[phase], self._since[phase] = shows, t_ns
        return SignalState(t_ns, dict(intervals), dict(self._since))


class _Judge:
    """Which alarms are of the happening, and which of nothing."""

    def __init__(self, kind: K | None, late_s: float) -> None:
        self._kind, self._late_s = kind, late_s
        self._told: set[tuple[str, K]] = set()
        self.alarms: list[tuple[float, Incident]] = []

    def take(self, t_s: float, told: Iterable[Incident]) -> None:
        """What the fusion tells at t_s; the office knows of it when the detector's answer has come."""
        for one in told:
            # A happening whose kind changes is an alarm of the new kind.
            fresh = (one.id, one.kind) not in self._told
            self._told.add((one.id, one.kind))
            if one.stage is not Stage.END and fresh:
                self.alarms.append((t_s + self._late_s, one))

    def delay_s(self, truth: Truth | None) -> float | None:
        """After how long the happening was told; None where it was not."""
        if truth is None or self._kind is None:
            return None
        fitting = [t_s for t_s, one in self.alarms if self._is_of(t_s, one, truth) and one.kind in ANSWERS[self._kind]]
        return max(0.0, min(fitting) - truth.start_s) if fitting else None

    def of_nothing(self, truth: Truth | None) -> tuple[list[list[str | float]], list[list[str | float]]]:
        """False alarms, and what was told of another kind while the happening went on."""
        false: list[list[str | float]] = []
        others: list[list[str | float]] = []
        for t_s, one in self.alarms:
            row: list[str | float] = [one.kind.value, round(t_s, 1), one.place.camera or ""]
            if truth is None or not self._is_of(t_s, one, truth):
                false.append(row)
            elif self._kind is not None and one.kind not in ANSWERS[self._kind]:
                others.append(row)
        return false, others

    def _is_of(self, t_s: float, one: Incident, truth: Truth) -> bool:
        end_s = math.inf if truth.end_s is None else truth.end_s
        if not truth.start_s - _EARLY_S <= t_s <= end_s + _LATE_S:
            return False
        if truth.pos_m is None or one.place.pos_m is None:
            return True
        return math.dist(truth.pos_m, one.place.pos_m) <= _NEAR_M


def run_cell(cell: Cell, code: str, eyes: MakeEyes = TracksEyes) -> Row:
    """Make one run, looked at by these eyes; ModuleNotFoundError without SUMO."""
    from sim_videos.world import SumoWorld

    began_ns = perf_counter_ns()
    order = order_of(cell)
    with SumoWorld(order.scenario) as world:
        lamps = PlanLamps(world.street.signal, world.street.plan)
        site = site_of(order.scenario, world.street)
        run = _Run(cell, order, site, world.street, eyes)
        world.warm_up(lamps)
        for index in range(round(cell.seconds * order.scenario.fps)):
            intervals, walk = lamps(seconds_ns(index / order.scenario.fps))
            if run.step(world.step(intervals, walk), index):
                break
    return run.row(code, (perf_counter_ns() - began_ns) / 1e9)


class _Run:
    """One street with its cameras while it runs."""

    def __init__(self, cell: Cell, order: Order, site: Site, street: Street, eyes: MakeEyes) -> None:
        self._cell, self._order = cell, order
        cameras = order.cameras
        self._eyes = [eyes(cell, order, site, street, number) for number in range(len(cameras))]
        self._watches = [IncidentWatch(site, camera) for camera in cameras]
        self._act = _act_of(cell, order, street)
        self._book = IncidentBook(lambda _t_ns, number: f"i{number}")
        self._judge = _Judge(cell.kind, NOISE.get(cell.light, NOISE["night"]).late_s)
        self._lamps = _Lamps()
        self._truth: Truth | None = None
        self._noticed_s: float | None = None
        self._frames = self._cost_ns = self._tracks = 0
        self._t_s = 0.0

    def step(self, world: WorldFrame, index: int) -> bool:
        """One frame; whether there is nothing more to wait for."""
        t_ns = round(index / self._order.scenario.fps * NS_PER_S)
        self._t_s = world.t_s
        if self._act is not None:
            world = self._act.update(world)
        self._note_truth(world)
        signal = self._lamps.at(world.intervals, t_ns)
        closed = self._act.closed(world.t_s) if isinstance(self._act, CloseLane) else frozenset()
        for eye, watch in zip(self._eyes, self._watches, strict=True):
            result, scenery = eye.look(world, index, t_ns)
            before_ns = thread_time_ns()
            said = watch.update(result, signal, scenery, t_ns, closed)
            told = self._book.take(said)
            if index % 10 == 0:
                told += self._book.tick(t_ns)
            self._cost_ns += thread_time_ns() - before_ns
            self._frames += 1
            self._tracks += len(result.tracks)
            self._judge.take(world.t_s, told)
        if self._noticed_s is None and self._judge.delay_s(self._truth) is not None:
            self._noticed_s = world.t_s
        return self._noticed_s is not None and world.t_s > self._noticed_s + _GO_ON_S

    def row(self, code: str, took_s: float) -> Row:
        """What came of it."""
        false, others = self._judge.of_nothing(self._truth)
        delay_s = self._judge.delay_s(self._truth)
        return Row(
            part=self._cell.part,
            kind=self._cell.kind.value if self._cell.kind is not None else "none",
            light=self._cell.light,
            seed=self._cell.seed,
            code=code,
            template=self._order.template.name,
            happened=self._truth is not None,
            detected=delay_s is not None,
            delay_s=None if delay_s is None else round(delay_s, 2),
            false_alarms=false,
            others=others,
            camera_s=round(self._t_s * len(self._eyes), 1),
            frames=self._frames,
            us_per_frame=round(self._cost_ns / 1000 / max(self._frames, 1), 1),
            tracks_mean=round(self._tracks / max(self._frames, 1), 1),
            took_s=round(took_s, 1),
        )

    def _note_truth(self, world: WorldFrame) -> None:
        kind = self._cell.kind
        if kind in OF_TIMETABLE and kind is not None:
            if world.incidents and self._truth is None:
                first = world.incidents[0]
                self._truth = Truth(kind, first.started_s, first.pos_m)
            elif not world.incidents and self._truth is not None and self._truth.end_s is None:
                self._truth.end_s = world.t_s
        elif self._act is not None:
            self._truth = self._act.truth
        elif kind is K.LOW_VISIBILITY and world.t_s >= self._order.at_s:
            self._truth = self._truth or Truth(kind, self._order.at_s, None, self._order.at_s + self._order.for_s)


def _act_of(cell: Cell, order: Order, street: Street) -> Act | None:
    """What the benchmark itself does to the street."""
    if cell.kind is K.RED_RUNNING:
        return RunRed(street, order.template.approach, order.at_s)
    if cell.kind is K.SLOW_LANE:
        return SlowDown(street, order.lane, order.at_s, 200.0)
    if cell.kind is K.CLOSED_LANE:
        return CloseLane(order.lane, order.at_s, order.for_s)
    if cell.kind is K.NEAR_MISS:
        return CutBehind(street, order.template.approach, order.at_s)
    return None


def fingerprint(root: Path) -> str:
    """Of the code that the figures depend on: rows of another are not taken for today's."""
    digest = hashlib.sha256()
    for name in _CODE:
        path = root / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    for name in _OWN:
        digest.update((root / "benchmarks" / name).read_bytes())
    return digest.hexdigest()[:12]


class Kept:
    """Rows in a file of JSON lines; in memory without one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.rows: dict[tuple[str, str, str, int, str], Row] = {}
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

    def wanted(self, cells: Sequence[Cell], code: str) -> list[Row]:
        """Rows of these cells that were made with this code."""
        return [self.rows[key] for cell in cells if (key := key_of(cell, code)) in self.rows]
