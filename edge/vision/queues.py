"""Per lane: presence at the stop line, queue from the stop line back, occupancy and speed.

A queue is the chain of standing vehicles whose first stands near the stop line and
whose next ones follow within a vehicle's gap (HCM 2016, chapter 31: a vehicle is queued
from when it stops until it passes the stop line). Everything is `None` while the camera
cannot tell.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.geometry import GroundPlane, stop_axis
from calibration.site import Camera, Lane, PointPx
from calibration.stop_axis import StopAxis
from edge.clock import NS_PER_S
from edge.types import VEHICLE_KINDS, Crossing, Kind, LaneState, Queue, Track

#: Standing lengths with the gap in front, m. HCM 2016 uses 7.6 m (25 ft) for a queued car.
LENGTH_M: dict[Kind, float] = {Kind.CAR: 4.5, Kind.TRUCK: 9.0, Kind.BUS: 12.0, Kind.MOTORCYCLE: 2.2, Kind.BICYCLE: 1.8}


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Distances in m along the lane. presence_m: how far before the stop line a vehicle calls.

    past_m: how far past it one still counts as at it. first_m and gap_m: how far the head
    of a queue may stand from the line, and the next vehicle from the one before it.
    """

    presence_m: float = 6.0
    past_m: float = 2.0
    first_m: float = 12.0
    gap_m: float = 14.0
    window_s: float = 60.0


class LaneMap:
    """Which lane a pixel lies in; one look-up a track."""

    def __init__(self, lanes: tuple[Lane, ...], camera: Camera) -> None:
        width, height = camera.size_px
        self._names = tuple(lane.id for lane in lanes)
        self._index: NDArray[np.uint8] = np.zeros((height, width), np.uint8)
        for number, lane in enumerate(lanes, start=1):
            cv2.fillPoly(self._index, [np.round(lane.polygon_px).astype(np.int32)], (number,))

    @staticmethod
    def mask(polygons_px: tuple[tuple[PointPx, ...], ...], size_px: tuple[int, int]) -> NDArray[np.bool_] | None:
        """(h, w) True inside any of the polygons; None where there are none."""
        if not polygons_px:
            return None
        canvas: NDArray[np.uint8] = np.zeros((size_px[1], size_px[0]), np.uint8)
        cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32) for polygon in polygons_px], (1,))
        return canvas.astype(bool)

    def lanes_of(self, tracks: tuple[Track, ...]) -> dict[int, str]:
        """Track id → lane, for tracks whose foot stands in one."""
        height, width = self._index.shape
        found: dict[int, str] = {}
        for track in tracks:
            x = min(max(round(track.foot_px[0]), 0), width - 1)
            y = min(max(round(track.foot_px[1]), 0), height - 1)
            number = int(self._index[y, x])
            if number:
                found[track.track_id] = self._names[number - 1]
        return found


class QueueMeter:
    """Lanes of one camera. Give it every frame's tracks in time order."""

    def __init__(
        self, lanes: tuple[Lane, ...], camera: Camera, plane: GroundPlane, settings: QueueSettings | None = None
    ) -> None:
        self._settings = settings if settings is not None else QueueSettings()
        self._foot_is_front = camera.anchor == "foot"
        self._axes = {lane.id: stop_axis(lane, plane) for lane in lanes}
        self._occupied = {lane.id: _Share(self._settings.window_s) for lane in lanes}
        self._headway: dict[str, tuple[int, float]] = {}
        self._last_ns: int | None = None

    def update(
        self,
        t_ns: int,
        tracks: tuple[Track, ...],
        lanes: dict[int, str],
        standing_since_ns: dict[int, int],
        crossings: tuple[Crossing, ...],
    ) -> tuple[LaneState, ...]:
        """State of every lane at t_ns, in the site's order."""
        elapsed_s = 0.0 if self._last_ns is None else (t_ns - self._last_ns) / NS_PER_S
        self._last_ns = t_ns
        for crossing in crossings:
            if crossing.lane is not None and crossing.headway_s is not None:
                self._headway[crossing.lane] = (crossing.t_ns, crossing.headway_s)
        by_lane: dict[str, list[Track]] = {name: [] for name in self._axes}
        for track in tracks:
            name = lanes.get(track.track_id)
            if name is not None and track.kind in VEHICLE_KINDS:
                by_lane[name].append(track)
        return tuple(
            self._lane(t_ns, name, axis, by_lane[name], standing_since_ns, elapsed_s)
            for name, axis in self._axes.items()
        )

    def blind(self, t_ns: int) -> tuple[LaneState, ...]:
        """State of every lane while the camera cannot be believed: nothing is known."""
        self._last_ns = None
        self._headway.clear()
        return tuple(
            LaneState(t_ns, name, None, None, None, None, None, Queue(name, None, None, None)) for name in self._axes
        )

    def _lane(
        self,
        t_ns: int,
        name: str,
        axis: StopAxis | None,
        tracks: list[Track],
        standing_since_ns: dict[int, int],
        elapsed_s: float,
    ) -> LaneState:
        moving = [t.speed_mps for t in tracks if t.speed_mps is not None and t.track_id not in standing_since_ns]
        speed_mps = sum(moving) / len(moving) if moving else None
        headway = self._headway.get(name)
        headway_s = headway[1] if headway and t_ns - headway[0] < self._settings.window_s * NS_PER_S else None
        if axis is None:
            queue = Queue(name, None, None, None)
            return LaneState(t_ns, name, None, None, len(tracks), speed_mps, headway_s, queue)
        s = self._settings
        placed = sorted(((axis.before_m(t.pos_m), t) for t in tracks), key=lambda pair: pair[0])
        presence = any(-s.past_m <= before <= s.presence_m for before, _ in placed)
        share = self._occupied[name].update(t_ns, elapsed_s, presence)
        queue = self._queue(t_ns, name, axis, placed, standing_since_ns)
        return LaneState(t_ns, name, presence, share, len(tracks), speed_mps, headway_s, queue)

    def _queue(
        self,
        t_ns: int,
        name: str,
        axis: StopAxis,
        placed: list[tuple[float, Track]],
        standing_since_ns: dict[int, int],
    ) -> Queue:
        s = self._settings
        queued: list[tuple[float, Track]] = []
        reach = s.first_m
        for before, track in placed:
            if track.track_id not in standing_since_ns or before < -s.past_m:
                continue
            if before > reach:
                break
            queued.append((before, track))
            reach = before + s.gap_m + LENGTH_M[track.kind] - LENGTH_M[Kind.CAR]
        if not queued:
            return Queue(name, 0, 0.0, None)
        tail, last = queued[-1]
        # A camera that sees fronts has the tail one vehicle further back.
        length_m = max(0.0, tail) + (LENGTH_M[last.kind] if self._foot_is_front else LENGTH_M[last.kind] / 2)
        wait_s = (t_ns - standing_since_ns[queued[0][1].track_id]) / NS_PER_S
        return Queue(name, len(queued), length_m, wait_s, at_least=length_m + s.gap_m / 2 >= axis.far_m)


class _Share:
    """Share of a sliding window in which something was true, weighted by time."""

    def __init__(self, window_s: float) -> None:
        self._window_ns = int(window_s * NS_PER_S)
        self._steps: deque[tuple[int, float, bool]] = deque()
        self._known_s = 0.0
        self._true_s = 0.0

    def update(self, t_ns: int, elapsed_s: float, value: bool) -> float | None:
        """The share after a step; None while less than a second is known."""
        self._steps.append((t_ns, elapsed_s, value))
        self._known_s += elapsed_s
        self._true_s += elapsed_s if value else 0.0
        while self._steps[0][0] <= t_ns - self._window_ns:
            _, gone_s, was = self._steps.popleft()
            self._known_s -= gone_s
            self._true_s -= gone_s if was else 0.0
        return min(1.0, max(0.0, self._true_s / self._known_s)) if self._known_s >= 1.0 else None
