"""Follows detections over time, in pixels for matching and in metres for motion.

ByteTrack's idea (Zhang et al., ECCV 2022): match sure detections first, then let the
unsure ones keep known tracks alive, and begin tracks from sure ones only. All times
are seconds of the data, never frames, so a slower detector needs no other settings.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from calibration.geometry import GroundPlane
from calibration.site import Camera
from edge.clock import NS_PER_S
from edge.frames import Detections, FloatArray, IntArray
from edge.types import KINDS, Kind, Track
from edge.vision.assign import Rows, best_pairs, overlap
from edge.vision.kalman import ConstantVelocity, Manoeuvring

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """sure_score begins tracks, unsure_score only continues them. Times in seconds.

    People and those on two wheels are narrow, and score less than vehicles do: their tracks begin
    from sure_slim_score.
    min_iou are limits on buffered overlap in the first and the second round.
    pixel_accel is acceleration noise in box heights per s²; ground_accel_mps2 is what is usual on
    the road, and ground_accel_s how long it lasts. People take walking_share of both.
    box_noise is the error of a box's edge as a share of its height, cut_noise by how much more
    an edge errs that the frame cuts; edge_share of the frame's size is how near its border a
    box's edge is taken for cut. A track of which less than gone_share should still be
    in the picture, and which is not seen, has left it. gate_sigma bounds how far from where a
    track is expected on the ground its detection may be, spread_m is the part of that which
    comes from boxes that grip their vehicle differently; away_cost is what a detection at that
    bound loses against one where the track is expected, in overlap.
    """

    sure_score: float = 0.30
    sure_slim_score: float = 0.20
    unsure_score: float = 0.10
    min_iou: float = 0.15
    min_iou_unsure: float = 0.30
    buffer: float = 0.25
    min_hits: int = 2
    tentative_s: float = 0.1
    lost_s: float = 1.5
    coast_s: float = 0.5
    pixel_accel: float = 4.0
    ground_accel_mps2: float = 2.0
    ground_accel_s: float = 2.0
    box_noise: float = 0.05
    cut_noise: float = 30.0
    edge_share: float = 0.01
    unsure_cost: float = 0.3
    gone_share: float = 0.3
    gate_sigma: float = 4.0
    spread_m: float = 0.7
    away_cost: float = 1.0
    walking_share: float = 0.25
    speed_after_s: float = 0.3


class GroundTracker:
    """The tracker of one camera; implements `edge.seams.Tracker`."""

    def __init__(self, camera: Camera, plane: GroundPlane, settings: TrackerSettings | None = None) -> None:
        self._camera = camera
        self._plane = plane
        self._settings = settings if settings is not None else TrackerSettings()
        self._next_id = 1
        self._last_ns: int | None = None
        self._book = _Book.empty()
        self._box = ConstantVelocity.empty(4)
        self._ground = Manoeuvring.empty(2, self._settings.ground_accel_s)

    def reset(self) -> None:
        """Forget every track; ids go on, so an id never names two road users."""
        self._last_ns = None
        self._book = _Book.empty()
        self._box = ConstantVelocity.empty(4)
        self._ground = Manoeuvring.empty(2, self._settings.ground_accel_s)

    def update(self, detections: Detections) -> tuple[Track, ...]:
        """Tracks as of the detections' t_ns, oldest first; ValueError when time does not advance."""
        if self._last_ns is not None and detections.t_ns <= self._last_ns:
            raise ValueError(f"time must advance: had {self._last_ns} ns, got {detections.t_ns} ns")
        if self._last_ns is not None:
            self._predict((detections.t_ns - self._last_ns) / NS_PER_S, self._last_ns)
        self._last_ns = detections.t_ns
        s = self._settings

        found = self._measured(detections)
        least = np.where(_SLIM[detections.classes], s.sure_slim_score, s.sure_score)
        sure = np.flatnonzero(detections.scores >= least)
        unsure = np.flatnonzero((detections.scores < least) & (detections.scores >= s.unsure_score))
        seen = np.zeros(len(self._book.ids), bool)

        confirmed = np.flatnonzero(self._book.hits >= s.min_hits)
        left = self._match(found, confirmed, sure, s.min_iou, seen)
        recent = confirmed[~seen[confirmed] & (detections.t_ns - self._book.last_ns[confirmed] < s.coast_s * NS_PER_S)]
        self._match(found, recent, unsure, s.min_iou_unsure, seen)
        tentative = np.flatnonzero(self._book.hits < s.min_hits)
        left = self._match(found, tentative, left, s.min_iou, seen)

        self._drop(detections.t_ns, seen)
        self._begin(found, left)
        return self._tracks(detections.t_ns)

    def _predict(self, dt_s: float, last_ns: int) -> None:
        s = self._settings
        height = self._box.x[:, 3:4]
        # People walk on at one pace: told apart by it, two who meet keep their numbers.
        walks = (self._book.votes.argmax(axis=1) == _PERSON)[:, None]
        calm = np.where(walks, s.walking_share, 1.0)
        self._box.predict(dt_s, (s.pixel_accel * height * calm * [1.0, 1.0, 0.1, 0.1]) ** 2)
        before = self._ground.v.copy()
        self._ground.predict(dt_s, s.ground_accel_mps2 * np.repeat(calm, 2, axis=1))
        # What brakes out of sight comes to rest; it does not drive backwards.
        backwards = (self._ground.v * before).sum(axis=1) < 0
        self._ground.stand(np.flatnonzero(backwards & (self._book.last_ns < last_ns)))

    def _match(self, found: _Found, rows: Rows, candidates: Rows, min_iou: float, seen: NDArray[np.bool_]) -> Rows:
        """Match tracks `rows` with detections `candidates`; returns the candidates left over."""
        if len(rows) == 0 or len(candidates) == 0:
            return candidates
        s = self._settings
        cost = 1.0 - overlap(self._visible(self._box.x[rows]), found.boxes[candidates], s.buffer)
        # Of two tracks that fit alike, the one whose place is known better has the better claim.
        unsure = np.sqrt(self._box.var_x[rows, 0] + self._box.var_x[rows, 1]) / np.maximum(self._box.x[rows, 3], 1.0)
        cost += np.minimum(s.unsure_cost * unsure, 0.3)[:, None]
        # Boxes overlap in the picture where one vehicle hides another; on the ground they are apart.
        variance = self._ground.var_x[rows, None, :] + found.var_m[None, candidates, :] + s.spread_m**2
        away = (found.pos_m[None, candidates, :] - self._ground.x[rows, None, :]) ** 2 / variance
        away = away.sum(axis=2) / s.gate_sigma**2
        # Of two that pass each other the boxes overlap, but each goes on as it went.
        cost += s.away_cost * np.minimum(away, 1.0)
        cost[away > 1.0] = 2.0
        a, b = best_pairs(cost, 1.0 - min_iou)
        matched, taken = rows[a], candidates[b]
        self._measure(found, matched, taken)
        seen[matched] = True
        return np.delete(candidates, b)

    def _measure(self, found: _Found, rows: Rows, taken: Rows) -> None:
        if len(rows) == 0:
            return
        middle, var_px = self._box_measurement(found.boxes[taken])
        # What leaves the picture shrinks at its edge; it must not seem to stop there and wait
        # to be taken for the next one that comes in. What comes in grows, and is followed.
        cut = np.stack(self._cut(found.boxes[taken]), axis=1) & (middle[:, 2:] < self._box.x[rows, 2:])
        var_px *= np.where(np.tile(cut, 2), self._settings.cut_noise**2, 1.0)
        self._box.update(rows, middle, var_px)
        self._ground.update(rows, found.pos_m[taken], found.var_m[taken])
        book = self._book
        book.hits[rows] += 1
        book.last_ns[rows] = found.t_ns
        book.score[rows] = found.scores[taken]
        book.measured[rows] = found.boxes[taken]
        book.votes[rows, found.classes[taken]] += found.scores[taken]

    def _measured(self, detections: Detections) -> _Found:
        boxes = detections.boxes_px.astype(np.float64)
        pos_m, var_m = self._ground_measurement(boxes)
        return _Found(detections.t_ns, boxes, detections.scores, detections.classes, pos_m, var_m)

    def _box_measurement(self, boxes: Array) -> tuple[Array, Array]:
        """Middle and size of each box (n, 4), and their variances in px² (n, 4)."""
        size = boxes[:, 2:] - boxes[:, :2]
        sd = self._settings.box_noise * size[:, 1:2] + 0.7
        return np.concatenate(((boxes[:, :2] + boxes[:, 2:]) / 2, size), axis=1), np.repeat(sd**2, 4, axis=1)

    def _cut(self, boxes: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(n,) whether the frame cuts each box at its left or right edge, and at its top or bottom."""
        width, height = self._camera.size_px
        # Detectors place the edge of a cut box a little inside the frame.
        x, y = self._settings.edge_share * width, self._settings.edge_share * height
        cut_x = (boxes[:, 0] <= x) | (boxes[:, 2] >= width - x)
        cut_y = (boxes[:, 1] <= y) | (boxes[:, 3] >= height - y)
        return cut_x, cut_y

    def _visible(self, middle: Array) -> Array:
        """(n, 4) the part of each box, given by middle and size, that lies in the frame."""
        width, height = self._camera.size_px
        return np.clip(_corners(middle), 0.0, (width, height, width, height))

    def _ground_measurement(self, boxes: Array) -> tuple[Array, Array]:
        """Anchor of each box on the ground (n, 2), and its variance in m² (n, 2)."""
        s = self._settings
        anchor = _anchor(boxes, self._camera.anchor)
        sd_px = s.box_noise * (boxes[:, 3] - boxes[:, 1]) + 0.7
        # A box cut by the frame's edge moves slower than its vehicle: it may hardly weigh, or the
        # speed learnt while a vehicle comes into view would be too low for seconds.
        cut_x, cut_y = self._cut(boxes)
        if self._camera.anchor == "foot":
            # A roof out of the picture says nothing of the wheels.
            cut_y &= boxes[:, 3] > self._camera.size_px[1] / 2
        cut = cut_x | cut_y
        sd_px = np.where(cut, sd_px * s.cut_noise, sd_px)
        pos_m = self._plane.to_m(anchor)
        # Seen at a flat angle a pixel is long along the line of sight and short across it.
        right, down = (self._plane.to_m(anchor + step) - pos_m for step in ((1.0, 0.0), (0.0, 1.0)))
        return pos_m, sd_px[:, None] ** 2 * (right**2 + down**2)

    def _begin(self, found: _Found, taken: Rows) -> None:
        if len(taken) == 0:
            return
        middle, var_px = self._box_measurement(found.boxes[taken])
        # At birth a box may move a few of its own heights a second, a vehicle some 15 m/s.
        self._box.append(middle, var_px, np.repeat((3.0 * middle[:, 3:4]) ** 2, 4, axis=1) * [1.0, 1.0, 0.1, 0.1])
        unknown = np.ones((len(taken), 2))
        accel = self._settings.ground_accel_mps2
        self._ground.append(found.pos_m[taken], found.var_m[taken], 15.0**2 * unknown, accel**2 * unknown)
        votes = np.zeros((len(taken), len(KINDS)))
        votes[np.arange(len(taken)), found.classes[taken]] = found.scores[taken]
        ids = np.arange(self._next_id, self._next_id + len(taken))
        self._next_id += len(taken)
        times = np.full(len(taken), found.t_ns)
        hits = np.ones(len(taken), int)
        self._book.append(_Book(ids, hits, times, times.copy(), found.scores[taken], found.boxes[taken], votes))

    def _drop(self, t_ns: int, seen: NDArray[np.bool_]) -> None:
        """Forget tracks lost too long (tentative ones soon) or gone from the picture."""
        s, book = self._settings, self._book
        patience_s = np.where(book.hits < s.min_hits, s.tentative_s, s.lost_s)
        keep = seen | (t_ns - book.last_ns < patience_s * NS_PER_S)
        part = self._visible(self._box.x)
        share = (part[:, 2:] - part[:, :2]).prod(axis=1) / np.maximum(self._box.x[:, 2:], 1.0).prod(axis=1)
        keep &= seen | (share > s.gone_share)
        if not keep.all():
            book.keep(keep)
            self._box.keep(keep)
            self._ground.keep(keep)

    def _tracks(self, t_ns: int) -> tuple[Track, ...]:
        s, book = self._settings, self._book
        out = np.flatnonzero((book.hits >= s.min_hits) & (t_ns - book.last_ns <= s.coast_s * NS_PER_S))
        if len(out) == 0:
            return ()
        seen = book.last_ns[out] == t_ns
        boxes = np.where(seen[:, None], book.measured[out], _corners(self._box.x[out]))
        feet = _anchor(boxes, self._camera.anchor).tolist()
        age_s = ((t_ns - book.born_ns[out]) / NS_PER_S).tolist()
        speed = np.hypot(self._ground.v[out, 0], self._ground.v[out, 1]).tolist()
        speed_sd = np.sqrt(self._ground.var_v[out].mean(axis=1)).tolist()
        kinds = book.votes[out].argmax(axis=1).tolist()
        ids, scores, rows = book.ids[out].tolist(), book.score[out].tolist(), boxes.tolist()
        pos, vel = self._ground.x[out].tolist(), self._ground.v[out].tolist()
        return tuple(
            Track(
                t_ns=t_ns,
                track_id=ids[i],
                kind=KINDS[kinds[i]],
                score=scores[i],
                box_px=tuple(rows[i]),
                foot_px=tuple(feet[i]),
                pos_m=tuple(pos[i]),
                vel_mps=tuple(vel[i]) if age_s[i] >= s.speed_after_s else None,
                speed_mps=speed[i] if age_s[i] >= s.speed_after_s else None,
                speed_sd_mps=speed_sd[i] if age_s[i] >= s.speed_after_s else None,
                age_s=age_s[i],
                seen=bool(seen[i]),
            )
            for i in range(len(ids))
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """A frame's detections with the place of each on the ground (n, 2) and its variance in m²."""

    t_ns: int
    boxes: Array
    scores: FloatArray
    classes: IntArray
    pos_m: Array
    var_m: Array


@dataclass(slots=True)
class _Book:
    """What is kept of each track besides its filters, one row a track in order of birth."""

    ids: NDArray[np.int64]
    hits: NDArray[np.int64]
    born_ns: NDArray[np.int64]
    last_ns: NDArray[np.int64]
    score: NDArray[np.float32]
    measured: Array
    votes: Array

    @classmethod
    def empty(cls) -> _Book:
        n = np.empty(0, np.int64)
        return cls(n, n, n, n, np.empty(0, np.float32), np.empty((0, 4)), np.empty((0, len(KINDS))))

    def append(self, other: _Book) -> None:
        for name in _COLUMNS:
            setattr(self, name, np.concatenate((getattr(self, name), getattr(other, name))))

    def keep(self, mask: NDArray[np.bool_]) -> None:
        for name in _COLUMNS:
            setattr(self, name, getattr(self, name)[mask])


_PERSON = KINDS.index(Kind.PERSON)
_SLIM = np.array([kind in {Kind.PERSON, Kind.BICYCLE, Kind.MOTORCYCLE} for kind in KINDS])
_COLUMNS = tuple(column.name for column in fields(_Book))


def _corners(middle: Array) -> Array:
    """(n, 4) middle x, y, width, height → x1, y1, x2, y2."""
    half = np.maximum(middle[:, 2:], 1.0) / 2
    return np.concatenate((middle[:, :2] - half, middle[:, :2] + half), axis=1)


def _anchor(boxes: Array, anchor: str) -> Array:
    """(n, 2) the point of each box that stands for the vehicle's place on the ground."""
    x = (boxes[:, 0] + boxes[:, 2]) / 2
    y = boxes[:, 3] if anchor == "foot" else (boxes[:, 1] + boxes[:, 3]) / 2
    return np.stack((x, y), axis=1)
