"""One picture of the junction: ground, shadows, then everything that stands, far things first.

Painted at twice the size and averaged down, so that slow movement looks smooth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

from edge.types import Kind
from sim_videos.old.bodies import shape_of
from sim_videos.old.camera import PinholeCamera
from sim_videos.old.canvas import Array, ImageBGR, fill, hull
from sim_videos.old.ground import paint_ground
from sim_videos.old.heads import HEADS, paint_head
from sim_videos.old.lamps import FixedLamps
from sim_videos.old.paint import SHADOW_PER_M, paint_user, world_points
from sim_videos.old.walkers import PED_PHASE
from sim_videos.old.world import UserState

TIMES = 2
#: Light left in a shadow and right below a vehicle, of 255.
_SHADE, _UNDERNEATH = (150.0, 150.0, 150.0), (105.0, 105.0, 105.0)
_CAPTION = "STOPLINE DEMO  RENDERED SCENE"


def silhouette(camera: PinholeCamera, user: UserState) -> Array:
    """(m, 2) convex outline of a road user in the picture, in pixels, not cut at its edges."""
    return hull(camera.to_px(world_points(user, shape_of(user.body.name).outline)))


def in_sight(camera: PinholeCamera, user: UserState) -> bool:
    """Whether a road user is far enough ahead of the camera to be drawn."""
    return float(camera.depth_m([(*user.pose.pos_m, 0.0)])[0]) > 12.0


class Painter:
    """Draws frames of one camera. The ground is painted once, at construction."""

    def __init__(self, camera: PinholeCamera, seed: int = 0) -> None:
        self._camera = camera
        self._large = camera.enlarged(TIMES)
        self._ground = paint_ground(self._large, seed)

    def frame(self, t_s: float, users: Sequence[UserState], lamps: FixedLamps) -> ImageBGR:
        """(h, w, 3) uint8 BGR picture of the junction at t_s."""
        seen = [user for user in users if in_sight(self._camera, user)]
        canvas = self._with_shadows(seen)
        things: list[tuple[float, Callable[[], None]]] = [
            (self._reach(user.pose.pos_m), partial(paint_user, canvas, self._large, user, t_s)) for user in seen
        ]
        for head in HEADS:
            shows = lamps.pedestrian(PED_PHASE, t_s) if head.phase is None else lamps.interval(head.phase, t_s)
            things.append((self._reach(head.at_m), partial(paint_head, canvas, self._large, head, shows, t_s)))
        for _, paint in sorted(things, key=lambda pair: -pair[0]):
            paint()
        _caption(canvas, t_s)
        picture = cv2.resize(canvas, self._camera.size_px, interpolation=cv2.INTER_AREA)
        return np.asarray(picture, np.uint8)

    def _reach(self, at_m: tuple[float, float]) -> float:
        return math.hypot(at_m[0] - self._camera.pos_m[0], at_m[1] - self._camera.pos_m[1])

    def _with_shadows(self, users: Sequence[UserState]) -> ImageBGR:
        width, height = self._camera.size_px
        light: ImageBGR = np.full((height, width), 255, np.uint8)
        for user in users:
            points = world_points(user, shape_of(user.body.name).outline)
            flat = points[:, :2] + points[:, 2:] * SHADOW_PER_M
            fill(light, hull(self._camera.ground_to_px(flat)), _SHADE)
            if user.body.kind is not Kind.PERSON:
                # darker right below the floor pan, where no sky reaches
                fill(light, hull(self._camera.ground_to_px(points[:, :2])), _UNDERNEATH)
        soft = cv2.GaussianBlur(light, (5, 5), 0)
        large = cv2.resize(soft, self._large.size_px, interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.multiply(self._ground, cv2.merge((large, large, large)), scale=1 / 255), np.uint8)


def _caption(canvas: ImageBGR, t_s: float) -> None:
    minutes, seconds = divmod(t_s, 60.0)
    clock = f"{int(minutes):02d}:{seconds:05.2f}"
    for text, x in ((_CAPTION, 16), (clock, canvas.shape[1] - 136)):
        cv2.putText(canvas, text, (x, 32), cv2.FONT_HERSHEY_SIMPLEX, 0.75, (72, 54, 40), 2, cv2.LINE_AA)
