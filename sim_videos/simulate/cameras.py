"""One camera of the closed loop, in two ways: painted and looked at by a detector, or told by the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.clock import Clock
from edge.frames import Detections, Frame, VisionResult
from edge.seams import Detector
from edge.types import Sight
from edge.vision.health.monitor import Known, SightMonitor
from edge.vision.pipeline import VisionPipeline
from sim_videos.detector import TruthDetector
from sim_videos.render.faults import CameraFeed
from sim_videos.scenario import CameraSpec
from sim_videos.simulate.eyes import Look
from sim_videos.simulate.seconds import ns_of
from sim_videos.state import WorldFrame
from sim_videos.truth import Seen, TruthRecorder

#: Faults that blind a camera, with the reason that sight gives for each.
_BLINDING = {"dark": "dark", "frozen": "frozen"}


@dataclass(frozen=True, slots=True)
class Mast:
    """What every camera of the loop has: its place in the scenario, its pictures, its truth and its vision.

    every: only each nth frame is looked at. told: the truth of each frame names who is in the
    picture, which takes time and is needed to record it.
    """

    spec: CameraSpec
    feed: CameraFeed
    recorder: TruthRecorder
    vision: VisionPipeline
    every: int = 1
    told: bool = False


class DetectingCamera:
    """Implements `OneCamera` by painted pictures and a detector, with every fault of the scenario.

    A frame that is not looked at is not painted either, unless it is recorded.
    """

    def __init__(self, mast: Mast, detector: Detector, stopwatch: Clock) -> None:
        self.camera_id = mast.spec.id
        self._mast = mast
        self._detector = detector
        self._stopwatch = stopwatch
        self._now_ns = 0
        self._sight = SightMonitor(mast.spec.id, known=Known(now_ns=lambda: self._now_ns))

    @property
    def contrast(self) -> float | None:
        """What is left of the picture's usual contrast, as `SightMonitor.contrast`."""
        return self._sight.contrast

    def look(self, world: WorldFrame, index: int) -> Look:
        """What the camera makes of this instant."""
        mast = self._mast
        truth = mast.recorder.frame(world, mast.feed.seen(world) if mast.told else ())
        asked = index % mast.every == 0
        frames = mast.feed.frames(world) if asked or mast.told else ()
        self._now_ns = ns_of(world.t_s)
        looked = [self._result(frame) for frame in frames] if asked else []
        return Look(
            self.camera_id,
            truth,
            frames[-1] if frames else None,
            tuple(result for result, _ in looked),
            tuple(took_ns for _, took_ns in looked if took_ns is not None),
        )

    def finish(self, t_ns: int) -> None:
        """The run is over."""
        self._mast.vision.finish(t_ns)

    def _result(self, frame: Frame) -> tuple[VisionResult, int | None]:
        """One picture through all stages, and how long the detector took; blind, it is not asked."""
        sight = self._sight.update(frame)
        if not sight.ok:
            return self._mast.vision.update(frame, Detections.empty(frame.t_ns), sight), None
        before_ns = self._stopwatch.now_ns()
        detections = self._detector.detect(frame)
        took_ns = self._stopwatch.now_ns() - before_ns
        return self._mast.vision.update(frame, detections, sight), took_ns


class TruthCamera:
    """Implements `OneCamera` by the truth: the boxes of whoever is in the picture, with no error.

    Of the camera's faults it knows a knock and those that blind it. Pictures are painted
    only to be shown or kept, and nothing is read from them.
    """

    def __init__(self, mast: Mast, *, painted: bool = False) -> None:
        self.camera_id = mast.spec.id
        self._mast = mast
        self._painted = painted
        self._detector = TruthDetector()
        width, height = mast.spec.size_px
        self._blank = np.zeros((height, width, 3), np.uint8)

    def look(self, world: WorldFrame, index: int) -> Look:
        """What the camera makes of this instant."""
        mast = self._mast
        asked = index % mast.every == 0
        seen = mast.feed.seen(world) if asked or mast.told else ()
        truth = mast.recorder.frame(world, seen)
        frames = mast.feed.frames(world) if self._painted else ()
        results = (self._result(world, index, seen),) if asked else ()
        return Look(self.camera_id, truth, frames[-1] if frames else None, results)

    def finish(self, t_ns: int) -> None:
        """The run is over."""
        self._mast.vision.finish(t_ns)

    def _result(self, world: WorldFrame, index: int, seen: Sequence[Seen]) -> VisionResult:
        t_ns = ns_of(world.t_s)
        frame = Frame(self.camera_id, index, t_ns, self._blank)
        blind = [_BLINDING[fault.kind] for fault in self._mast.feed.active(world.t_s) if fault.kind in _BLINDING]
        if blind:
            sight = Sight(t_ns, self.camera_id, False, blind[0])
            return self._mast.vision.update(frame, Detections.empty(t_ns), sight)
        self._detector.see(seen, {user.user_id: user.kind for user in world.users})
        return self._mast.vision.update(frame, self._detector.detect(frame), Sight(t_ns, self.camera_id, True))
