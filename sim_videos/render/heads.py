"""Signal heads: their housings, and the lamps that they really show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.types import Interval, PedInterval
from sim_videos.render.camera import PinholeCamera
from sim_videos.render.facets import outline_px
from sim_videos.render.light import Light, bgr
from sim_videos.street import SignalHead

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

_SHIFT = 4
_BLINK_HZ = 1.0
_HOUSING = bgr(0.018, 0.020, 0.020)
_DARK = bgr(0.012, 0.012, 0.012)


class Lamp(Enum):
    """What a lamp shines, linear."""

    RED = (5.0, 0.06, 0.05)
    YELLOW = (5.0, 1.9, 0.04)
    GREEN = (0.06, 3.4, 1.5)
    WHITE = (3.6, 3.6, 3.3)

    @property
    def light(self) -> Array:
        return bgr(*self.value)


@dataclass(frozen=True, slots=True)
class LitLamp:
    """A burning lamp in the picture."""

    at_m: Array
    px: tuple[float, float]
    radius_px: float
    lamp: Lamp


_VEHICLE: dict[Interval, tuple[Lamp | None, ...]] = {
    Interval.RED: (Lamp.RED, None, None),
    Interval.RED_CLEARANCE: (Lamp.RED, None, None),
    Interval.YELLOW: (None, Lamp.YELLOW, None),
    Interval.GREEN: (None, None, Lamp.GREEN),
    Interval.FLASH_RED: (Lamp.RED, None, None),
    Interval.FLASH_YELLOW: (None, Lamp.YELLOW, None),
}
_WALKERS: dict[PedInterval, tuple[Lamp | None, ...]] = {
    PedInterval.WALK: (None, Lamp.GREEN),
    PedInterval.CLEARANCE: (Lamp.RED, None),
    PedInterval.DONT_WALK: (Lamp.RED, None),
    PedInterval.DARK: (None, None),
}
_FLASHING = frozenset({Interval.FLASH_RED, Interval.FLASH_YELLOW, PedInterval.CLEARANCE})


def lamps_of(
    head: SignalHead, intervals: Mapping[int, Interval], pedestrian: Mapping[int, PedInterval], t_s: float
) -> tuple[Lamp | None, ...]:
    """What a head's lamps show now, from the top down; a head whose phase is not told of is dark."""
    shown: Interval | PedInterval | None
    if head.kind == "pedestrian":
        shown = pedestrian.get(head.phase)
        lamps = _WALKERS[shown] if shown is not None else (None, None)
    else:
        shown = intervals.get(head.phase)
        lamps = _VEHICLE[shown] if shown is not None else (None, None, None)
    if shown in _FLASHING and (t_s * _BLINK_HZ) % 1.0 >= 0.5:
        return (None,) * len(lamps)
    return lamps


class HeadPainter:
    """Paints the heads of one street for one camera, those that face away from behind."""

    def __init__(self, heads: tuple[SignalHead, ...], camera: PinholeCamera, light: Light) -> None:
        self._camera, self._light = camera, light
        far_first = sorted(heads, key=lambda head: -float(np.hypot(*(np.array(head.pos_m[:2]) - camera.eye_m[:2]))))
        self._heads = tuple(head for head in far_first if _in_view(head, camera))

    def housings(self, image: Image) -> None:
        """The boxes of all heads, without their lamps."""
        for head in self._heads:
            for shape, shade in self._boxes(head):
                cv2.fillConvexPoly(
                    image, shape, self._colour(_HOUSING * shade * self._falls(), head), cv2.LINE_AA, _SHIFT
                )

    def stamp(self, depths: NDArray[np.float32]) -> None:
        """Write how far each box is where it stands before what is behind it."""
        for head in self._heads:
            distance = float(np.hypot(*(np.array(head.pos_m[:2]) - self._camera.eye_m[:2])))
            for shape, _ in self._boxes(head):
                patch = np.full_like(depths, np.inf)
                cv2.fillConvexPoly(patch, shape, distance, cv2.LINE_8, _SHIFT)
                np.minimum(depths, patch, out=depths)

    def lamps(
        self, image: Image, intervals: Mapping[int, Interval], pedestrian: Mapping[int, PedInterval], t_s: float
    ) -> list[LitLamp]:
        """Paint what burns, and dark lenses; the lamps that burn towards the camera."""
        burning: list[LitLamp] = []
        for head in self._heads:
            for place, lamp in self._lenses(head, intervals, pedestrian, t_s):
                at, radius = place
                px = self._camera.to_px(at[None, :])[0]
                spread = self._camera.focal_px * radius / max(float(self._camera.depth_m(at)[0]), 0.5)
                linear = _DARK * self._falls() if lamp is None else lamp.light / self._light.exposure**0.7
                colour = self._colour(linear, head)
                if lamp is not None:
                    spread = max(spread * 1.15, 0.75)
                    burning.append(LitLamp(at, (float(px[0]), float(px[1])), spread, lamp))
                elif spread < 0.8:
                    continue
                centre = (round((px[0] - 0.5) * 16), round((px[1] - 0.5) * 16))
                cv2.circle(image, centre, round(spread * 16), colour, -1, cv2.LINE_AA, _SHIFT)
        return burning

    def _lenses(
        self, head: SignalHead, intervals: Mapping[int, Interval], pedestrian: Mapping[int, PedInterval], t_s: float
    ) -> Iterator[tuple[tuple[Array, float], Lamp | None]]:
        if not _faces(head, self._camera):
            return
        lamps = lamps_of(head, intervals, pedestrian, t_s)
        pitch, radius = (0.26, 0.10) if head.kind == "pedestrian" else (0.31, 0.12)
        out = np.array((math.cos(head.facing_rad), math.sin(head.facing_rad), 0.0))
        for row, lamp in enumerate(lamps):
            up = ((len(lamps) - 1) / 2 - row) * pitch
            yield (np.array(head.pos_m) + out * 0.13 + np.array((0.0, 0.0, up)), radius), lamp

    def _boxes(self, head: SignalHead) -> Iterator[tuple[NDArray[np.int32], float]]:
        """Faces of the housing that can be seen, with how light each is."""
        half_w, half_h = (0.16, 0.29) if head.kind == "pedestrian" else (0.19, 0.50)
        out = np.array((math.cos(head.facing_rad), math.sin(head.facing_rad), 0.0))
        side = np.array((-out[1], out[0], 0.0)) * half_w
        up = np.array((0.0, 0.0, half_h))
        middle = np.array(head.pos_m)
        for normal, across, shade in (
            (side / half_w, out * 0.12, 1.2),
            (-side / half_w, out * 0.12, 1.2),
            (out, side, 1.0),
            (-out, side, 1.6),
        ):
            reach = half_w if abs(float(normal @ out)) < 0.5 else 0.12
            face = middle + normal * reach
            if float(normal @ (self._camera.eye_m - face)) <= 0:
                continue
            shape = outline_px(
                np.stack((face - across - up, face + across - up, face + across + up, face - across + up)), self._camera
            )
            if shape is not None:
                yield shape, shade

    def _falls(self) -> Array:
        lamp = self._light.lamp * 0.05 if self._light.street_lamps else 0.0
        return np.asarray(self._light.sky + self._light.sun * 0.35 + lamp, np.float64)

    def _colour(self, linear: Array, head: SignalHead) -> tuple[float, float, float]:
        clear = self._light.clear(np.hypot(*(np.array(head.pos_m[:2]) - self._camera.eye_m[:2])))
        b, g, r = np.minimum(self._light.shown(linear * clear + self._light.horizon * (1 - clear)), 255.0)
        return float(b), float(g), float(r)


def _in_view(head: SignalHead, camera: PinholeCamera) -> bool:
    return bool(camera.depth_m(np.array(head.pos_m))[0] > 1.0) and bool(
        camera.inside(camera.to_px(np.array(head.pos_m)))[0]
    )


def _faces(head: SignalHead, camera: PinholeCamera) -> bool:
    """Whether a camera sees a head's lenses; visors hide them from far aside."""
    to_eye = camera.eye_m[:2] - np.array(head.pos_m[:2])
    ahead = math.cos(head.facing_rad) * to_eye[0] + math.sin(head.facing_rad) * to_eye[1]
    return bool(ahead > 0.35 * float(np.hypot(*to_eye)))
