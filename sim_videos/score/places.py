"""How far off places and speeds are, by distance from the camera.

A track is compared with the road user whose box it overlaps most. The point that it
gives stands at the foot of a box, on the side of the vehicle that the camera sees; so
its error is the distance to the vehicle's true footprint, 0 inside it. The distance to
the footprint's middle is told too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.replay.frame_log import SeenFrame, SeenTrack
from edge.types import VEHICLE_KINDS
from sim_videos.makes import MAKES
from sim_videos.score.judge import boxes_of, optional, pairs
from sim_videos.truth import SceneFrame, UserRow

#: Ends of the bands of distance from the camera, in metres on the ground.
BANDS_M = (20.0, 40.0, 60.0, 80.0, 100.0)
#: Slower than this a share of the speed means little; younger tracks are still finding theirs.
MOVING_MPS, LEAST_AGE_S = 2.0, 1.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 90th percentile of so many values; both None of none."""

    median: float | None
    p90: float | None
    values: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of these."""
        if not values:
            return cls(None, None, 0)
        middle, high = np.percentile(np.asarray(values, np.float64), (50, 90)).tolist()
        return cls(float(middle), float(high), len(values))


@dataclass(frozen=True, slots=True)
class PlaceScores:
    """footprint_m, middle_m: distance of a track's place to the footprint and to its middle, all
    and by band; speed_share: |ours − truth| / truth of vehicles that move; speed_bias: median of
    (ours − truth) / truth."""

    footprint_m: Spread
    footprint_by_distance_m: Mapping[str, Spread]
    middle_m: Spread
    middle_by_distance_m: Mapping[str, Spread]
    speed_share: Spread
    speed_by_distance: Mapping[str, Spread]
    speed_bias: float | None


class PlaceScorer:
    """Give it every frame that shows the street. eye_m: where the camera stands on the ground."""

    def __init__(self, eye_m: tuple[float, float]) -> None:
        self._eye_m = eye_m
        self._footprint: dict[str, list[float]] = {name: [] for name in _names()}
        self._middle: dict[str, list[float]] = {name: [] for name in _names()}
        self._speed: dict[str, list[float]] = {name: [] for name in _names()}
        self._bias: list[float] = []

    def add(self, truth: SceneFrame, seen: SeenFrame) -> None:
        """One frame of both."""
        tracks = [track for track in seen.tracks if track.seen and track.kind in VEHICLE_KINDS]
        spared = optional(truth.users)
        users = [user for user, off in zip(truth.users, spared, strict=True) if not off and user.kind in VEHICLE_KINDS]
        ours = np.array([track[2:6] for track in tracks], np.float64).reshape(-1, 4)
        for i, j in pairs(ours, boxes_of(users)):
            self._place(tracks[i], users[j])

    def result(self) -> PlaceScores:
        """What all frames come to."""
        return PlaceScores(
            *_spreads(self._footprint),
            *_spreads(self._middle),
            *_spreads(self._speed),
            Spread.of(self._bias).median,
        )

    def _place(self, track: SeenTrack, user: UserRow) -> None:
        band = _band(math.dist(self._eye_m, (user.x_m, user.y_m)))
        self._footprint[band].append(footprint_distance_m(user, (track.x_m, track.y_m)))
        self._middle[band].append(math.dist((track.x_m, track.y_m), (user.x_m, user.y_m)))
        if track.speed_mps is not None and user.speed_mps >= MOVING_MPS and track.age_s >= LEAST_AGE_S:
            share = (track.speed_mps - user.speed_mps) / user.speed_mps
            self._speed[band].append(abs(share))
            self._bias.append(share)


def footprint_distance_m(user: UserRow, place_m: tuple[float, float]) -> float:
    """Distance from a place to a road user's footprint, a rectangle of its make's length and width; 0 inside."""
    make = MAKES[user.make]
    dx, dy = place_m[0] - user.x_m, place_m[1] - user.y_m
    cosine, sine = math.cos(user.heading_rad), math.sin(user.heading_rad)
    ahead, aside = dx * cosine + dy * sine, -dx * sine + dy * cosine
    return math.hypot(max(0.0, abs(ahead) - make.length_m / 2), max(0.0, abs(aside) - make.width_m / 2))


def _spreads(by_band: Mapping[str, list[float]]) -> tuple[Spread, Mapping[str, Spread]]:
    """Of all values, and of each band that has any."""
    whole = Spread.of([value for part in by_band.values() for value in part])
    return whole, {name: Spread.of(values) for name, values in by_band.items() if values}


def _names() -> list[str]:
    starts = (0.0, *BANDS_M[:-1])
    return [*(f"{low:g}–{high:g} m" for low, high in zip(starts, BANDS_M, strict=True)), f"{BANDS_M[-1]:g} m up"]


def _band(distance_m: float) -> str:
    return _names()[sum(distance_m >= end for end in BANDS_M)]
