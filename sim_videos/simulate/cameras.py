"""One camera of the closed loop, in two ways: painted and looked at by a detector, or told by the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from edge.frames import Detections, Frame, VisionResult
from edge.types import Sight
from edge.vision.pipeline import VisionPipeline
from sim_videos.detector import TruthDetector
from sim_videos.scenario import CameraFaultSpec, CameraSpec
from sim_videos.simulate.eyes import Look
from sim_videos.simulate.seconds import ns_of
from sim_videos.state import WorldFrame
from sim_videos.truth import Seen, TruthRecorder

#: Faults that blind a camera, with the reason that sight gives for each.
_BLINDING = {"dark": "dark", "frozen": "frozen"}


class TruthCamera:
    """Implements `OneCamera` without painting: the boxes are those of the truth, with no error.

    Of the camera's faults only those that blind it are known to it. every: look at each
    nth frame only.
    """

    def __init__(
        self,
        spec: CameraSpec,
        seen: Callable[[WorldFrame], Sequence[Seen]],
        recorder: TruthRecorder,
        vision: VisionPipeline,
        faults: Iterable[CameraFaultSpec] = (),
        every: int = 1,
    ) -> None:
        self.camera_id = spec.id
        self._seen = seen
        self._recorder = recorder
        self._vision = vision
        self._faults = tuple(fault for fault in faults if fault.camera == spec.id and fault.kind in _BLINDING)
        self._every = every
        self._detector = TruthDetector()
        width, height = spec.size_px
        self._blank = np.zeros((height, width, 3), np.uint8)

    def look(self, world: WorldFrame, index: int) -> Look:
        """What the camera makes of this instant."""
        seen = self._seen(world) if index % self._every == 0 else ()
        truth = self._recorder.frame(world, seen)
        result = self._result(world, index, seen) if index % self._every == 0 else None
        return Look(self.camera_id, truth, None, result, None)

    def finish(self, t_ns: int) -> None:
        """The run is over."""
        self._vision.finish(t_ns)

    def _result(self, world: WorldFrame, index: int, seen: Sequence[Seen]) -> VisionResult:
        t_ns = ns_of(world.t_s)
        frame = Frame(self.camera_id, index, t_ns, self._blank)
        fault = next((f for f in self._faults if f.at_s <= world.t_s < f.at_s + f.for_s), None)
        if fault is not None:
            sight = Sight(t_ns, self.camera_id, False, _BLINDING[fault.kind])
            return self._vision.update(frame, Detections.empty(t_ns), sight)
        self._detector.see(seen, {user.user_id: user.kind for user in world.users})
        return self._vision.update(frame, self._detector.detect(frame), Sight(t_ns, self.camera_id, True))
