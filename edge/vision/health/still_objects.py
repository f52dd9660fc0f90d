"""Things that lie still on the road and that no detector knows: a load, a tyre, a branch.

looks ─ Background ─ what arrived and stays ─ blobs ─ not a vehicle's, a shadow, a lamp, a ghost ─ StillObject
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.geometry import GroundPlane
from edge.clock import NS_PER_S
from edge.frames import ImageBGR
from edge.incident import StillObject
from edge.types import Track
from edge.vision.health.background import Background, Bools, Bytes, apart, edge_strength
from edge.vision.health.look import WIDTH_PX, Floats

#: Seconds between looks, and looks for which a thing must have lain there, nobody before it.
LOOK_S = 0.5
_STAYS = 12
#: A blob of fewer pixels, at 640 px width, is not told from noise.
_LEAST_PX, _LEAST_SIDE_PX = 14, 4
_LEAST_M, _MOST_M = 0.35, 6.0
#: Farther away than where a pixel is so long it cannot be told from half a car.
_MOST_M_PER_PX = 0.13
#: Its colours must be apart from the road's by so many times what a pixel needs.
_CLEARLY = 1.25
#: As wide and as high as this it is a vehicle that the detector misses, which is for others to tell.
_VEHICLE_M = (1.3, 1.0)
_UPRIGHT = 1.4
_FILLED = 0.35
#: Share of it that lies on the road, and seconds until the road is known.
_ON_ROAD, _SETTLE_S = 0.6, 15.0
#: More of the road than this changed at once: the light did, or the camera moved.
_LIGHT_CHANGE = 0.2
#: Slower than this a road user stands, or nearly.
_SLOW_MPS = 1.5
#: What lies this near to a standing road user, in pixels and as shares of its box to the side and downward, may be
#: of it: its shadow, its lights on a wet road, its trailer. So may what came up to so long after it stood there.
_NEAR_PX, _NEAR_SIDE, _NEAR_DOWN = 4, 0.25, 0.7
_STOOD_S = 6.0
#: A pixel that showed another thing for so many looks and then the road again does so in turns, as lamps do.
_TURN_LOOKS, _TURNS_FOR_S = 6, 1800.0
#: What lies on the road is not among dark things that have always stood there, such as the housing of a lamp.
_DARK, _AMONG_DARK = 0.6, 0.25
_GONE_LOOKS = 4


@dataclass(slots=True)
class _Blob:
    thing: StillObject
    where: Bools
    unseen: int = 0


class StillWatch:
    """Of one camera. road (h, w): where a thing lies in somebody's way, in pixels of the camera."""

    def __init__(self, road: Bools, plane: GroundPlane) -> None:
        height, width = road.shape
        self._scale = min(1.0, WIDTH_PX / width)
        size = (round(width * self._scale), round(height * self._scale))
        small = cv2.resize(road.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
        self._size_px = size
        rows, columns = np.flatnonzero(small.any(axis=1)), np.flatnonzero(small.any(axis=0))
        self._plane = plane
        self._box = (0, 0, 0, 0)
        if len(rows):
            margin = 8
            self._box = (
                max(0, int(columns[0]) - margin), max(0, int(rows[0]) - margin),
                min(size[0], int(columns[-1]) + margin), min(size[1], int(rows[-1]) + margin),
            )  # fmt: skip
        x0, y0, x1, y1 = self._box
        self._road: Bools = small[y0:y1, x0:x1]
        self._begin()
        self._next_id = 1

    def _begin(self) -> None:
        shape = self._road.shape
        self._background = Background((shape[0], shape[1]))
        self._stood_ns: NDArray[np.int64] = np.full(shape, -(10**18), np.int64)
        #: Whether what a pixel shows came while a road user stood there or beside.
        self._left: Bools = np.zeros(shape, np.bool_)
        self._was_other: Bools = np.zeros(shape, np.bool_)
        self._turned_ns: NDArray[np.int64] = np.full(shape, -(10**18), np.int64)
        self._began_ns: int | None = None
        self._blobs: list[_Blob] = []

    def forget(self) -> None:
        """The camera was blind: what it sees next may be another street."""
        self._begin()

    def update(self, t_ns: int, image: ImageBGR, tracks: Sequence[Track]) -> tuple[StillObject, ...]:
        """Things that lie there now. Give it a look about every LOOK_S."""
        if not self._road.size:
            return ()
        x0, y0, x1, y1 = self._box
        if self._scale < 1:
            image = np.asarray(cv2.resize(image, self._size_px, interpolation=cv2.INTER_AREA), np.uint8)
        crop = np.ascontiguousarray(image[y0:y1, x0:x1])
        self._began_ns = t_ns if self._began_ns is None else self._began_ns
        background = self._background
        free, near = self._free(tracks)
        lasted = background.stays >= _TURN_LOOKS
        lit = background.update(t_ns, crop, free, self._arriving())
        # What appears as somebody who stood there is no longer followed is what is left of him, or he himself.
        fresh = background.fresh
        self._left[fresh] = t_ns - self._stood_ns[fresh] < _STOOD_S * NS_PER_S
        self._stood_ns[near] = t_ns
        other = background.other(background.short)
        self._turned_ns[fresh & lasted & self._was_other & ~other] = t_ns
        np.copyto(self._was_other, other, where=free)
        arrived = background.arrived(_STAYS) & (t_ns - self._turned_ns > _TURNS_FOR_S * NS_PER_S)
        if int(np.count_nonzero(arrived & self._road)) > _LIGHT_CHANGE * int(np.count_nonzero(self._road)):
            background.settle(np.asarray(background.stays >= 2))
            self._blobs.clear()
            return ()
        self._keep(lit, free)
        self._find(t_ns, arrived & ~self._known(), near)
        return tuple(blob.thing for blob in self._blobs)

    def _arriving(self) -> Bools:
        """Pixels of what has come and may stay: the long background must not learn it meanwhile."""
        background = self._background
        recent = (background.stays >= 3) & (background.stays < 6 * _STAYS)
        return np.asarray((recent & self._road & background.other(background.short)) | self._known(), np.bool_)

    def _known(self) -> Bools:
        known: Bools = np.zeros(self._road.shape, np.bool_)
        for blob in self._blobs:
            known |= blob.where
        return known

    def _free(self, tracks: Sequence[Track]) -> tuple[Bools, Bools]:
        """(h, w) where nobody followed is, and where it is near to one who stands."""
        x0, y0, _, _ = self._box
        taken, near = np.zeros(self._road.shape, np.uint8), np.zeros(self._road.shape, np.uint8)
        for track in tracks:
            box = np.asarray(track.box_px) * self._scale
            left, top, right, low = (float(value) for value in box)
            wide, high = right - left, low - top
            edge_x, edge_y = 0.08 * wide + 2, 0.08 * high + 2
            corner, other = (left - edge_x, top - edge_y), (right + edge_x, low + edge_y)
            cv2.rectangle(taken, *_whole(corner, other, x0, y0), (1,), -1)
            if track.speed_mps is None or track.speed_mps < _SLOW_MPS:
                corner = (left - _NEAR_SIDE * wide - _NEAR_PX, top - edge_y - _NEAR_PX)
                other = (right + _NEAR_SIDE * wide + _NEAR_PX, low + _NEAR_DOWN * high + _NEAR_PX)
                cv2.rectangle(near, *_whole(corner, other, x0, y0), (1,), -1)
        return ~taken.astype(bool), near.astype(bool)

    def _keep(self, lit: Bytes, free: Bools) -> None:
        """Follow the things that are known: one that is gone for a while is no more."""
        background = self._background
        kept = []
        for blob in self._blobs:
            where = blob.where & free
            if np.count_nonzero(where) >= 0.5 * np.count_nonzero(blob.where):
                there = float(np.mean(apart(lit, background.long)[where] > 0.6 * background.limit[where]))
                blob.unseen = 0 if there > 0.5 else blob.unseen + 1
            if blob.unseen < _GONE_LOOKS:
                kept.append(blob)
        self._blobs = kept

    def _find(self, t_ns: int, arrived: Bools, near: Bools) -> None:
        joined = cv2.morphologyEx(arrived.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        for number in range(1, count):
            x, y, wide, high, area = (int(value) for value in stats[number])
            if area < _LEAST_PX or min(wide, high) < _LEAST_SIDE_PX:
                continue
            where = np.asarray(labels == number)
            if (where & near).any() or np.mean(self._road[where]) < _ON_ROAD:
                continue
            thing = self._measured(t_ns, where, (x, y, wide, high), area)
            if thing is None or self._explained(where):
                self._background.settle(where)
                continue
            self._blobs.append(_Blob(thing, where))
            self._next_id += 1

    def _measured(self, t_ns: int, where: Bools, box: tuple[int, int, int, int], area: int) -> StillObject | None:
        """The blob in metres; None where no such thing lies on a road."""
        x, y, wide, high = box
        left, top = (x + self._box[0]) / self._scale, (y + self._box[1]) / self._scale
        right, low = left + wide / self._scale, top + high / self._scale
        feet = np.array([(left, low), (right, low), ((left + right) / 2, low)])
        if area < _FILLED * wide * high or not self._plane.on_ground(feet).all():
            return None
        on_ground = self._plane.to_m(feet)
        across_m = float(np.hypot(*(on_ground[1] - on_ground[0])))
        # Seen at a slant its height stands up as much as it lies: pixels there are as long as across.
        up_m = across_m * high / wide
        since_ns = int(np.median(self._background.since_ns[where]))
        # What was there when it began, or came before it knew the road, is not new.
        young = self._began_ns is None or since_ns - self._began_ns < _SETTLE_S * NS_PER_S
        if young or across_m > _MOST_M_PER_PX * wide or not _lies(across_m, up_m):
            return None
        place = (float(on_ground[2][0]), float(on_ground[2][1]))
        differs = apart(self._background.short, self._background.long)[where]
        clearly = float(np.median(differs)) / float(np.median(self._background.limit[where]))
        if clearly < _CLEARLY:
            return None
        return StillObject(
            self._next_id, place, (across_m, up_m), min(since_ns, t_ns), round(min(0.95, clearly / 3), 2)
        )

    def _explained(self, where: Bools) -> bool:
        """Whether it is what a vehicle left behind, a shadow, a lamp or the ghost of what went away."""
        background = self._background
        if np.mean(self._left[where]) > 0.3:
            return True
        now, before = background.short[where].astype(np.float32), background.long[where].astype(np.float32)
        ratio = (now + 4.0) / (before + 4.0)
        even = float(np.median(ratio.max(axis=1) - ratio.min(axis=1)))
        middle = float(np.median(ratio))
        if 0.4 < middle < 0.95 and even < 0.09 and float(ratio.mean(axis=1).std()) < 0.08:
            return True  # as much darker in every colour and everywhere: a shadow
        if middle > 1.05 and _alike(now, before):
            return True  # the same markings in more light: headlamps
        around = np.asarray(cv2.dilate(where.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0)
        road = float(np.median(background.long[self._road]))
        if float(np.mean(background.long[around].max(axis=1) < _DARK * road)) > _AMONG_DARK:
            return True  # part of something that stands there: mostly a lamp in its housing
        border = np.asarray(cv2.morphologyEx(where.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0)
        edges_now = float(edge_strength(background.short)[border].mean())
        edges_before = float(edge_strength(background.long)[border].mean())
        return edges_now < 0.9 * edges_before or edges_now < 30.0


def _whole(
    corner: tuple[float, float], other: tuple[float, float], x0: int, y0: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    return (int(corner[0]) - x0, int(corner[1]) - y0), (int(other[0]) - x0, int(other[1]) - y0)


def _alike(now: Floats, before: Floats) -> bool:
    """Whether two sets of pixels, (n, 3), show the same pattern in whatever light; False where there is none."""
    a, b = now.mean(axis=1), before.mean(axis=1)
    return bool(b.std() > 8.0 and a.std() > 8.0 and np.corrcoef(a, b)[0, 1] > 0.75)


def _lies(across_m: float, up_m: float) -> bool:
    """Whether something of this size lies on a road: neither a vehicle that was missed nor somebody who stands."""
    if not _LEAST_M <= max(across_m, up_m) <= _MOST_M or (across_m > _VEHICLE_M[0] and up_m > _VEHICLE_M[1]):
        return False
    return across_m >= 1.0 or up_m <= _UPRIGHT * across_m
