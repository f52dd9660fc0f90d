"""A camera as the cabinet gets it: pictures of the street, spoilt on a timetable."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.clock import NS_PER_S
from edge.frames import Frame, ImageBGR
from sim_videos.render.renderer import Renderer
from sim_videos.render.seen import SeenUser
from sim_videos.state import WorldFrame
from sim_videos.timetable import CameraFaultSpec

Floats = NDArray[np.float32]

_SPOTS = 26


class CameraFeed:
    """Turns every instant of the street into the frames that arrive then: mostly one.

    Of `faults` those of this camera count. Give instants in order: `frozen` and `latency` need
    the ones before. A knocked camera stays turned while the fault lasts and is then put right.

    A frame keeps the instant and the index (counted from 0, dropped ones too) at which it was
    taken. Under `latency` it arrives late_s later, so that nothing arrives for the first late_s;
    when the fault ends the frames still under way arrive at once, in order.
    """

    def __init__(self, renderer: Renderer, faults: Iterable[CameraFaultSpec], *, camera: str, seed: int) -> None:
        self._renderer, self._camera, self._seed = renderer, camera, seed
        self._faults = tuple(fault for fault in faults if fault.camera == camera)
        self._knocked: dict[tuple[float, float], Renderer] = {}
        self._index = 0
        self._last: ImageBGR | None = None
        self._under_way: deque[Frame] = deque()

    def active(self, t_s: float) -> tuple[CameraFaultSpec, ...]:
        """The faults that hold at t_s, in the order of the scenario."""
        return tuple(fault for fault in self._faults if fault.at_s <= t_s < fault.at_s + fault.for_s)

    def seen(self, world: WorldFrame) -> tuple[SeenUser, ...]:
        """Who is before the lens as it points now, whatever the picture shows of it."""
        return self._renderer_at(world.t_s).seen(world)

    def frames(self, world: WorldFrame) -> tuple[Frame, ...]:
        """What arrives at this instant, in the order in which it was taken."""
        active: dict[str, CameraFaultSpec] = {fault.kind: fault for fault in self.active(world.t_s)}
        taken = self._taken(world, active)
        if taken is not None:
            self._under_way.append(taken)
        latency = active.get("latency")
        late_ns = 0 if latency is None else round(latency.late_s * NS_PER_S)
        now_ns = round(world.t_s * NS_PER_S)
        arrived = []
        while self._under_way and self._under_way[0].t_ns + late_ns <= now_ns:
            arrived.append(self._under_way.popleft())
        return tuple(arrived)

    def _taken(self, world: WorldFrame, active: dict[str, CameraFaultSpec]) -> Frame | None:
        index, self._index = self._index, self._index + 1
        dropped = active.get("dropped")
        if dropped is not None and np.random.default_rng((self._seed, index, 3)).random() < dropped.amount:
            return None
        if "frozen" not in active or self._last is None:
            self._last = self._picture(world, index, active)
        return Frame(self._camera, index, round(world.t_s * NS_PER_S), self._last)

    def _picture(self, world: WorldFrame, index: int, active: dict[str, CameraFaultSpec]) -> ImageBGR:
        if "dark" in active:
            width, height = self._renderer.camera.size_px
            noise = np.random.default_rng((self._seed, index, 4)).integers(0, 4, (height, width, 3))
            return np.asarray(noise, np.uint8)
        image = self._renderer_at(world.t_s).frame(world).image
        if "dirt" in active:
            image = self._dirty(image, active["dirt"].amount)
        if "blur" in active:
            sigma = max(0.3, active["blur"].amount * 7.0 * image.shape[0] / 360)
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)
        return image

    def _renderer_at(self, t_s: float) -> Renderer:
        fault = next((fault for fault in self.active(t_s) if fault.kind == "knocked"), None)
        if fault is None:
            return self._renderer
        turn = (fault.pan_deg, fault.tilt_deg)
        if turn not in self._knocked:
            self._knocked[turn] = self._renderer.turned(self._renderer.camera.turned(*turn))
        return self._knocked[turn]

    def _dirty(self, image: ImageBGR, amount: float) -> ImageBGR:
        """A greasy film over all of it and out-of-focus spots, their number and weight growing with amount."""
        share = np.clip(self._spots * (0.4 + 0.6 * amount) * amount * 1.3, 0.0, 0.97)[..., None]
        film = cv2.GaussianBlur(image, (0, 0), 0.2 + 2.2 * amount).astype(np.float32)
        mud = np.array((38.0, 52.0, 60.0), np.float32) * (0.35 + float(image.mean()) / 200)
        out = film * (1 - share) + mud * share
        return np.asarray(np.clip(out * (1 - 0.15 * amount) + 18 * amount, 0, 255), np.uint8)

    @cached_property
    def _spots(self) -> Floats:
        """(h, w) 0..1: how much dirt lies where."""
        width, height = self._renderer.camera.size_px
        rng = np.random.default_rng((self._seed, 6))
        mask = np.zeros((height, width), np.float32)
        for _ in range(_SPOTS):
            spot = np.zeros_like(mask)
            centre = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
            size = float(rng.uniform(0.05, 0.24)) * height
            box = (centre, (size, size * float(rng.uniform(0.5, 1.5))), float(rng.uniform(0, 180)))
            cv2.ellipse(spot, box, float(rng.uniform(0.4, 1.0)), -1)
            np.maximum(mask, cv2.GaussianBlur(spot, (0, 0), max(1.0, size * 0.16)), out=mask)
        return mask
