"""The streets of `benchmarks.incidents`: scenarios of the library with other traffic, one happening or none each.

Thresholds were chosen on `tune` streets; `check` streets have other junctions, cameras, seeds and spots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge.incident import IncidentKind
from sim_videos.scenario import LookSpec, Scenario, load_scenario
from sim_videos.timetable import IncidentSpec

Light = Literal["day", "night", "dusk", "rain"]
Part = Literal["tune", "check"]
K = IncidentKind

#: Kinds with a truth of their own. Camera faults and what statistics say are measured elsewhere.
KINDS: tuple[K, ...] = (
    K.STOPPED_VEHICLE,
    K.WRONG_WAY,
    K.CRASH,
    K.SPILLBACK,
    K.BLOCKED_BOX,
    K.PEDESTRIAN,
    K.LOST_LOAD,
    K.SLOW_LANE,
    K.CLOSED_LANE,
    K.RED_RUNNING,
    K.NEAR_MISS,
    K.LOW_VISIBILITY,
)
#: Kinds that the scenario's own timetable brings about; the others are acts of `incident_acts`, or made scenery.
OF_TIMETABLE = frozenset(
    {K.STOPPED_VEHICLE, K.WRONG_WAY, K.CRASH, K.SPILLBACK, K.BLOCKED_BOX, K.PEDESTRIAN, K.LOST_LOAD}
)
#: What one sees that answers a happening of the truth.
ANSWERS: Mapping[K, frozenset[K]] = {kind: frozenset({kind}) for kind in KINDS} | {
    # A queue that grows back into the junction blocks its box.
    K.SPILLBACK: frozenset({K.SPILLBACK, K.BLOCKED_BOX})
}
LOOKS: Mapping[Light, LookSpec] = {
    "day": LookSpec(hour=11.0, cloud=0.4),
    "dusk": LookSpec(hour=20.5, cloud=0.4),
    "night": LookSpec(hour=22.5, cloud=0.4),
    "rain": LookSpec(hour=14.0, cloud=1.0, rain=0.6, wet=0.8),
}
_NIGHT_SHARE = 0.25
_BEGINS_S = 20.0


@dataclass(frozen=True, slots=True)
class Template:
    """One scenario of the library. lanes: those for happenings, of the approach that its first camera watches."""

    name: str
    approach: str
    lanes: tuple[str, ...]
    across: str
    part: Part

    @property
    def opposite(self) -> str:
        """The approach that comes the other way."""
        return {"NB": "SB", "SB": "NB", "EB": "WB", "WB": "EB"}[self.approach]


TEMPLATES: tuple[Template, ...] = (
    Template("crash", "NB", ("NB1", "NB2"), "EB", "tune"),
    Template("avenue", "NB", ("NB1", "NB2", "NB3"), "EB", "tune"),
    Template("quiet", "NB", ("NB1",), "EB", "tune"),
    Template("left_turn_bay", "NB", ("NB1", "NB2"), "WB", "check"),
    Template("tee", "EB", ("EB1", "EB2"), "EB", "check"),
    Template("rush", "SB", ("SB1", "SB2"), "EB", "check"),
    Template("small_camera", "NB", ("NB1", "NB2"), "EB", "check"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One run to make. kind None: nothing happens for `seconds`."""

    part: Part
    kind: K | None
    light: Light
    seed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Order:
    """What a cell means: the scenario, the cameras that look, and where an act is to be."""

    scenario: Scenario
    template: Template
    cameras: tuple[str, ...]
    lane: str
    at_s: float
    for_s: float


def order_of(cell: Cell) -> Order:
    """The street of a cell; the same cell gives the same street."""
    rng = np.random.default_rng((cell.seed, list(K).index(cell.kind) if cell.kind else 99, cell.part == "check"))
    template = _template(cell, rng)
    base = load_scenario(template.name)
    lane = str(rng.choice(template.lanes))
    spot_m = round(float(rng.uniform(18.0, 42.0)), 1)
    for_s = float(rng.uniform(45.0, 70.0))
    share = float(rng.uniform(0.7, 1.15)) * (_NIGHT_SHARE if cell.light == "night" else 1.0)
    if template.name in {"rush", "left_turn_bay"}:
        # Their own demand is more than the junction takes: every lane would spill back.
        share *= 0.6
    if cell.kind is K.WRONG_WAY:
        # He waits for a lane without anybody near the line, which a busy day has not.
        share = min(share, 0.35)
    if cell.kind in {K.CRASH, K.NEAR_MISS, K.SPILLBACK, K.CLOSED_LANE, K.SLOW_LANE, K.RED_RUNNING}:
        # Without anybody on the road nothing of this comes about.
        share = max(share, 0.45)
    incidents: tuple[IncidentSpec, ...] = ()
    if cell.kind in OF_TIMETABLE:
        incidents = (_spec(cell.kind, template, lane, spot_m, for_s, rng),)
    first = next(camera for camera in base.cameras if camera.facing == template.approach)
    looking = (first,) if cell.kind is not None else base.cameras[:2]
    scenario = base.model_copy(
        update={
            "seed": int(rng.integers(1, 2**30)),
            "duration_s": cell.seconds + 60.0,
            "warm_up_s": 60.0,
            "cameras": looking,
            "look": LOOKS[cell.light],
            "camera_faults": (),
            "incidents": incidents,
            "demand": tuple(
                row.model_copy(update={"vehicles_per_h": row.vehicles_per_h * share, "from_s": None, "to_s": None})
                for row in base.demand
            ),
            "walkers": tuple(row.model_copy(update={"from_s": None, "to_s": None}) for row in base.walkers),
        }
    )
    return Order(scenario, template, tuple(camera.id for camera in looking), lane, _BEGINS_S, for_s)


def _template(cell: Cell, rng: np.random.Generator) -> Template:
    fitting = [one for one in TEMPLATES if one.part == cell.part]
    if cell.kind in {K.WRONG_WAY, K.SPILLBACK, K.BLOCKED_BOX, K.NEAR_MISS}:
        # These need an exit beside the lanes, or a way straight on across them.
        fitting = [one for one in fitting if one.name != "tee"]
    if cell.kind in {K.NEAR_MISS, K.CRASH}:
        # Two have to come one after the other.
        fitting = [one for one in fitting if one.name != "quiet"]
    return fitting[int(rng.integers(len(fitting)))]


def _spec(
    kind: K | None, template: Template, lane: str, spot_m: float, for_s: float, rng: np.random.Generator
) -> IncidentSpec:
    given: dict[str, object] = {"kind": str(kind), "at_s": _BEGINS_S, "for_s": for_s}
    if kind is K.CRASH and rng.random() < 0.4:
        given["movement"] = f"{template.approach}T"
    elif kind is K.CRASH:
        given |= {"lane": lane, "from_stop_m": spot_m}
    elif kind is K.BLOCKED_BOX:
        given["movement"] = f"{rng.choice([template.approach, template.across])}T"
    elif kind is K.SPILLBACK:
        given |= {"approach": template.opposite, "from_stop_m": float(rng.uniform(12.0, 25.0))}
    elif kind is K.WRONG_WAY:
        given["lane"] = template.lanes[-1]
    else:
        given |= {"lane": lane, "from_stop_m": spot_m}
    return IncidentSpec.model_validate(given)


def cells(
    part: Part,
    each: int,
    quiet_s: float,
    quiet_run_s: float,
    kinds: Sequence[K] = KINDS,
    lights: Sequence[Light] = ("day", "night"),
) -> list[Cell]:
    """`each` incidents of each kind by each light, and quiet_s of street with none, by turns."""
    offset = 3000 if part == "check" else 0
    found = [
        Cell(part, kind, light, offset + number, 240.0 if kind in {K.WRONG_WAY, K.RED_RUNNING} else 150.0)
        for number in range(each)
        for kind in kinds
        for light in lights
    ]
    quiet = [
        Cell(part, None, lights[number % len(lights)], offset + 500 + number, quiet_run_s)
        for number in range(round(quiet_s / quiet_run_s))
    ]
    if not quiet:
        return found
    # By turns, so that a table of a part of the rows says something of each.
    mixed: list[Cell] = []
    for number in range(max(len(found), len(quiet))):
        mixed += found[number : number + 1] + quiet[number : number + 1]
    return mixed
