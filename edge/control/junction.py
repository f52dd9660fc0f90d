"""What a planner must know of a junction beforehand: its lanes, who serves them, and where they lead.

    lane ── way ─→ phase          a lane shared by two turns has two ways
                 └→ exit          the link it leaves by, where that can be blocked

Made from a site, or from a road network (`sim_videos.nets`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Way:
    """One turn out of a lane: the phase that serves it, and its share of the vehicles (0..1) before any was seen.

    yields_to: phases to whose vehicles it must give way while both are green (a permissive
    left turn). exit: name of the road it leads to; None where nothing is known of that.
    """

    phase: int
    share: float
    yields_to: frozenset[int] = frozenset()
    exit: str | None = None


def exit_name(lane: str, phase: int) -> str:
    """The exit of a lane's turn on a phase, where nothing else names it: a site does not say where ways lead."""
    return f"{lane} by phase {phase}"


@dataclass(frozen=True, slots=True)
class LaneModel:
    """A lane up to its stop line. length_m: as far back as vehicles can stand in it.

    headway_s is the saturation headway of its queue and start_lost_s what its first
    vehicle loses (HCM 6th edition, chapter 19: 1.9 s and 2 s). fed_by: the neighbours'
    (junction, phase) whose greens send vehicles here, with the travel time in s. approach: the
    road it belongs to; None where that is not known.
    """

    lane: str
    ways: tuple[Way, ...]
    length_m: float
    speed_mps: float
    headway_s: float = 1.9
    start_lost_s: float = 2.0
    fed_by: tuple[tuple[str, int, float], ...] = ()
    approach: str | None = None


@dataclass(frozen=True, slots=True)
class PhaseModel:
    """Times of a phase that a planner must reckon with, in s; the core enforces them whoever asks."""

    phase: int
    min_green_s: float
    yellow_s: float
    red_clearance_s: float
    max_green_s: float
    walk_s: float | None = None
    ped_clearance_s: float | None = None


@dataclass(frozen=True, slots=True)
class JunctionModel:
    """All of it. stages: sets of phases that may be green together, each as large as it can be."""

    name: str
    phases: tuple[PhaseModel, ...]
    lanes: tuple[LaneModel, ...]
    stages: tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True)
class Passed:
    """One vehicle that left a lane over its stop line. phase: that of the turn it made, None where nobody saw it."""

    lane: str
    phase: int | None
    t_ns: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known at `t_ns` beyond the lanes' demand; everything that nobody knows is left out or None.

    box: phase → vehicles that left on it and still stand or drive in the box. passed: the
    vehicles that crossed stop lines since the last call, each once. room: exit → vehicles
    that still fit into it. coming: lane → seconds until each vehicle that a neighbour has
    announced, and that is not yet in view, would reach the stop line unhindered. stands: those
    of box that stand. unwatched: lanes of which nobody would know who leaves; nothing is
    learned of them now.
    """

    t_ns: int
    box: Mapping[int, int] | None = None
    passed: tuple[Passed, ...] | None = None
    room: Mapping[str, int] = field(default_factory=dict)
    coming: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    stands: Mapping[int, int] | None = None
    unwatched: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sensing:
    """How a junction's sensors see: view_m up the road from the stop line, the share of vehicles they find (0..1]."""

    view_m: float = 200.0
    found_share: float = 1.0
