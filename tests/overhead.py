"""A camera straight above a road, 20 px to the metre, and road users that move under it.

Traffic runs down the picture (southbound). The entry gate of SBT lies at y = 10 m, its exit
gate at y = 20 m, both from x = 1 m to x = 17 m.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from calibration.geometry import GroundPlane
from calibration.site import Approach, Camera, Gate, Homography, Lane, Movement, PointPair, Site
from edge.clock import NS_PER_S
from edge.frames import Detections
from edge.types import KINDS, Crossing, Kind, NotCounted, Track
from edge.vision.movements import MovementCounter

PX_PER_M = 20.0
CAMERA = Camera(
    id="above",
    size_px=(360, 800),
    anchor="centre",
    homography=Homography(
        pairs=tuple(PointPair(px=(x, y), m=(x / PX_PER_M, y / PX_PER_M)) for x in (0.0, 360.0) for y in (0.0, 800.0))
    ),
)
PLANE = GroundPlane.fit(CAMERA.homography)


def across(y_m: float, from_m: float = 1.0, to_m: float = 17.0) -> Gate:
    """A gate across the road at y_m."""
    return Gate(line_px=((from_m * PX_PER_M, y_m * PX_PER_M), (to_m * PX_PER_M, y_m * PX_PER_M)))


SBT = Movement(id="SBT", approach="SB", camera="above", entry=across(10), exit=across(20))
NBT = Movement(id="NBT", approach="NB", camera="above", entry=across(20), exit=across(10))
LANE = Lane(
    id="SB1",
    approach="SB",
    camera="above",
    polygon_px=((20.0, 0.0), (340.0, 0.0), (340.0, 400.0), (20.0, 400.0)),
    stop_line_px=((20.0, 400.0), (340.0, 400.0)),
)
SITE = Site(
    schema_version=1,
    id="overhead",
    name="overhead",
    timezone="UTC",
    cameras=(CAMERA,),
    approaches=(Approach(id="SB", speed_limit_mps=14), Approach(id="NB", speed_limit_mps=14)),
    lanes=(LANE,),
    movements=(SBT, NBT),
)

Place = tuple[float, float]
#: Seconds → place in metres, or None while it is not seen.
Path = Callable[[float], Place | None]


def straight(speed_mps: float, x_m: float = 9.0, from_m: float = 0.0, start_s: float = 0.0) -> Path:
    """Down the road at one speed, in view from start_s until 40 m."""

    def place(t_s: float) -> Place | None:
        y = from_m + speed_mps * (t_s - start_s)
        return (x_m, y) if t_s >= start_s and 0 <= y <= 40 else None

    return place


def track(
    t_ns: int,
    track_id: int,
    place: Place,
    velocity: Place | None = None,
    kind: Kind = Kind.CAR,
    size_m: Place = (1.8, 4.5),
    seen: bool = True,
) -> Track:
    """A track whose middle is at `place` in metres."""
    x, y = place[0] * PX_PER_M, place[1] * PX_PER_M
    w, h = size_m[0] * PX_PER_M / 2, size_m[1] * PX_PER_M / 2
    speed = None if velocity is None else math.hypot(*velocity)
    return Track(
        t_ns, track_id, kind, 0.8, (x - w, y - h, x + w, y + h), (x, y), place, velocity, speed,
        None if speed is None else 0.3, 1.0, seen,
    )  # fmt: skip


def follow(
    counter: MovementCounter,
    paths: Iterable[Path],
    seconds: float,
    fps: float = 25.0,
    ids: Callable[[int, float], int] = lambda i, _: i,
    lanes: dict[int, str] | None = None,
    kind: Kind = Kind.CAR,
) -> tuple[list[Crossing], list[NotCounted]]:
    """Give the counter perfect tracks of road users on their paths; ids(number, time) names each track."""
    crossings: list[Crossing] = []
    uncounted: list[NotCounted] = []
    paths = list(paths)
    t_ns = 0
    for frame in range(round(seconds * fps)):
        t_s = frame / fps
        t_ns = round(t_s * NS_PER_S)
        tracks = []
        for number, path in enumerate(paths):
            place, before = path(t_s), path(t_s - 0.04)
            if place is not None:
                velocity = None if before is None else ((place[0] - before[0]) / 0.04, (place[1] - before[1]) / 0.04)
                tracks.append(track(t_ns, ids(number, t_s), place, velocity, kind))
        counted, ended = counter.update(t_ns, tuple(tracks), lanes or {})
        crossings += counted
        uncounted += ended
    uncounted += counter.finish(t_ns)
    return crossings, uncounted


def detections(
    t_s: float, boxes: Iterable[tuple[float, float, float, float]], score: float = 0.8, kind: Kind = Kind.CAR
) -> Detections:
    """Road users of one kind with one score."""
    rows = np.array(list(boxes), np.float32).reshape(-1, 4)
    n = len(rows)
    return Detections(
        round(t_s * NS_PER_S), rows, np.full(n, score, np.float32), np.full(n, KINDS.index(kind), np.int32)
    )


def box_at(x_m: float, y_m: float, length_m: float = 4.5) -> tuple[float, float, float, float]:
    """A car's box around a place in metres, cut by the frame."""
    x, y = x_m * PX_PER_M, y_m * PX_PER_M
    half = length_m * PX_PER_M / 2
    return x - 18, max(0.0, y - half), x + 18, min(800.0, y + half)
