"""Flow of each movement out of what was counted in intervals.

A rate is vehicles over the time for which the camera is known to have seen. A movement that was
seen for too short a time is unknown, never empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from calibration.site import Site
from edge.types import VEHICLE_KINDS, Kind

HEAVY_KINDS = frozenset({Kind.TRUCK, Kind.BUS})


@dataclass(frozen=True, slots=True)
class Counted:
    """One movement in one interval of length_s, of which known_s were seen.

    begin_ns: UTC ns since 1970, None where nobody knows the hour. vehicles is None where the camera saw nothing;
    heavy (trucks and buses) where classes were not told.
    """

    movement: str
    begin_ns: int | None
    length_s: float
    known_s: float
    vehicles: int | None
    heavy: int | None


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle over a lane's gate: headway_s after the one before it, having stood for waited_s. None is unknown."""

    lane: str
    headway_s: float | None
    waited_s: float | None


@dataclass(frozen=True, slots=True)
class Observed:
    """What a source told. source names it for people; passages are in the order of time."""

    source: str
    counted: tuple[Counted, ...]
    passages: tuple[Passage, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """One movement over all its intervals. vph and heavy_share are None where unknown."""

    movement: str
    vehicles: int
    intervals: int
    known_s: float
    vph: float | None
    heavy_share: float | None


def split_counts(counts: Mapping[Kind, int]) -> tuple[int, int]:
    """(vehicles, heavy ones among them); people on foot are neither."""
    return sum(counts.get(kind, 0) for kind in VEHICLE_KINDS), sum(counts.get(kind, 0) for kind in HEAVY_KINDS)


def is_vehicular(movement: str) -> bool:
    """Whether a movement's id is of vehicles; those of pedestrian crossings begin with P."""
    return not movement.startswith("P")


def flows_of(site: Site, counted: Iterable[Counted], least_s: float) -> dict[str, Flow]:
    """Flow of every vehicular movement of the site; those seen for less than least_s have none."""
    rows: dict[str, list[Counted]] = {m.id: [] for m in site.movements if is_vehicular(m.id)}
    for row in counted:
        if row.movement in rows and row.vehicles is not None and row.known_s > 0:
            rows[row.movement].append(row)
    return {movement: _flow(movement, own, least_s) for movement, own in rows.items()}


def _flow(movement: str, rows: list[Counted], least_s: float) -> Flow:
    vehicles = sum(row.vehicles or 0 for row in rows)
    known_s = sum(row.known_s for row in rows)
    classed = [row for row in rows if row.heavy is not None]
    of_classed = sum(row.vehicles or 0 for row in classed)
    enough = known_s >= least_s and known_s > 0
    return Flow(
        movement,
        vehicles,
        len(rows),
        known_s,
        vph=3600 * vehicles / known_s if enough else None,
        heavy_share=sum(row.heavy or 0 for row in classed) / of_classed if of_classed else None,
    )
