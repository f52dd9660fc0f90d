"""A camera that is told who is in its picture, fast enough for days of street: boxes of cuboids, spoilt as a
detector spoils them.

Each road user is a cuboid of its make's size; its box is that of the cuboid's corners in the picture, and what
shows of it is what no nearer box covers. No picture is painted. Misses come in runs, as those of detectors do:
who was missed in a frame is likelier to be missed in the next, with the same share of misses in the long run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.frames import Detections
from edge.types import Kind
from sim_videos.detector import Eyesight, TrueBox, spoilt
from sim_videos.makes import MAKES
from sim_videos.render.camera import PinholeCamera
from sim_videos.state import RoadUser, WorldFrame

Array = NDArray[np.float64]

#: Sizes of the raster on which boxes hide one another, in pixels of the picture per cell.
_CELL_PX = 4
#: A box of a cuboid is wider than its outline: so much of what a nearer box covers is really hidden.
_SOLID = 0.85
#: Further than this nobody is looked for.
_REACH_M = 160.0


@dataclass(frozen=True, slots=True)
class Noise:
    """What the detector errs by. sight: misses, jitter, confusions and false boxes of single frames; run: how
    likely a miss is followed by another; late_s: time from picture to answer."""

    sight: Eyesight = field(default_factory=Eyesight)
    run: float = 0.6
    late_s: float = 0.15


class TruthEyes:
    """One camera. The answer depends on the seed and on the frames before it."""

    def __init__(self, camera: PinholeCamera, noise: Noise, *, seed: int) -> None:
        self._camera, self._noise, self._seed = camera, noise, seed
        self._missed: frozenset[int] = frozenset()

    def detect(self, world: WorldFrame, index: int, t_ns: int) -> Detections:
        """What the detector answers for this instant."""
        rng = np.random.default_rng((self._seed, index))
        seen = self._boxes(world)
        sight, run = self._noise.sight, self._noise.run
        miss = sight.miss
        # Markov chain with the same long-run share: p(miss | missed) = run, p(miss | found) follows.
        start = miss * (1.0 - run) / (1.0 - miss)
        missed, kept = set(), []
        for chance, (user_id, box) in zip(rng.random(len(seen)), seen, strict=True):
            if chance < (run if user_id in self._missed else start):
                missed.add(user_id)
            else:
                kept.append(box)
        self._missed = frozenset(missed)
        clear = Eyesight(
            0.0, sight.jitter_px, sight.false_per_frame, sight.confused, sight.hidden, sight.clear, sight.small_px
        )
        return spoilt(kept, self._camera.size_px, clear, rng, t_ns)

    def _boxes(self, world: WorldFrame) -> list[tuple[int, TrueBox]]:
        eye = self._camera.pos_m
        near = [user for user in world.users if math.dist(user.pos_m, eye[:2]) < _REACH_M]
        if not near:
            return []
        corners = np.concatenate([_corners(user) for user in near])
        px = self._camera.to_px(corners).reshape(len(near), 8, 2)
        low, high = px.min(axis=1), px.max(axis=1)
        width, height = self._camera.size_px
        shape = (height // _CELL_PX + 1, width // _CELL_PX + 1)
        covered = np.zeros(shape, np.bool_)
        found: list[tuple[int, TrueBox]] = []
        order = sorted(range(len(near)), key=lambda i: math.dist(near[i].pos_m, eye[:2]))
        for i in order:
            # Who is beside or behind the camera has corners without a pixel.
            if not math.isfinite(float(low[i].sum() + high[i].sum())):
                continue
            x1, y1 = np.clip(low[i], 0, (width, height))
            x2, y2 = np.clip(high[i], 0, (width, height))
            if x2 - x1 < 2 or y2 - y1 < 4:
                continue
            area = float(np.prod(high[i] - low[i]))
            inside = float((x2 - x1) * (y2 - y1)) / area
            window = (
                slice(int(y1) // _CELL_PX, int(y2) // _CELL_PX + 1),
                slice(int(x1) // _CELL_PX, int(x2) // _CELL_PX + 1),
            )
            shown = 1.0 - _SOLID * float(covered[window].mean())
            slim = near[i].kind in {Kind.PERSON, Kind.BICYCLE, Kind.MOTORCYCLE}
            if not slim:
                covered[window] = True
            box = TrueBox(near[i].kind, (float(x1), float(y1), float(x2), float(y2)), inside * shown)
            found.append((near[i].user_id, box))
        return sorted(found, key=lambda pair: pair[0])


def _corners(user: RoadUser) -> Array:
    """(8, 3) corners of a road user's cuboid, a little rounded off as bodies are."""
    make = MAKES[user.make]
    cos, sin = math.cos(user.heading_rad), math.sin(user.heading_rad)
    long, wide = 0.47 * make.length_m, 0.47 * make.width_m
    x, y = user.pos_m
    flat = [
        (x + a * long * cos - b * wide * sin, y + a * long * sin + b * wide * cos)
        for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))
    ]
    return np.array([(px, py, z) for z in (0.0, 0.95 * make.height_m) for px, py in flat])
