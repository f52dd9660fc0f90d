"""One camera's frame through every stage: detections → tracks → crossings and lanes.

    detections ─ tracker ─ tracks ─┬─ movements ─ crossings, not counted
                                   └─ queues ──── lane states

The same object serves a live camera and a replay: time comes with the data.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from calibration.geometry import GroundPlane
from calibration.site import Site
from edge.clock import NS_PER_S
from edge.frames import Detections, Frame, VisionResult
from edge.seams import Tracker
from edge.types import NotCounted, Sight
from edge.vision.journeys import StitchSettings
from edge.vision.movements import CountingSettings, MovementCounter
from edge.vision.queues import LaneMap, QueueMeter, QueueSettings
from edge.vision.tracker import GroundTracker, TrackerSettings

#: More than this between two frames is time without sight.
SILENT_NS = 2 * NS_PER_S


@dataclass(frozen=True, slots=True)
class VisionSettings:
    """Settings of every stage; one set serves all cameras."""

    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    counting: CountingSettings = field(default_factory=CountingSettings)
    stitch: StitchSettings = field(default_factory=StitchSettings)
    queues: QueueSettings = field(default_factory=QueueSettings)


class VisionPipeline:
    """All stages of one camera of a site; KeyError when the site has no such camera."""

    def __init__(
        self, site: Site, camera_id: str, settings: VisionSettings | None = None, tracker: Tracker | None = None
    ) -> None:
        settings = settings if settings is not None else VisionSettings()
        camera = {camera.id: camera for camera in site.cameras}[camera_id]
        plane = GroundPlane.fit(camera.homography)
        lanes = tuple(lane for lane in site.lanes if lane.camera == camera_id)
        movements = tuple(movement for movement in site.movements if movement.camera == camera_id)
        self.camera_id = camera_id
        self._ignored = LaneMap.mask(camera.ignore_px, camera.size_px)
        self._tracker = tracker if tracker is not None else GroundTracker(camera, plane, settings.tracker)
        self._lane_map = LaneMap(lanes, camera)
        self._movements = MovementCounter(movements, plane, settings.counting, settings.stitch)
        self._queues = QueueMeter(lanes, camera, plane, settings.queues)
        self._last_ns: int | None = None

    def update(self, frame: Frame, detections: Detections, sight: Sight) -> VisionResult:
        """What one frame led to. Detections of a camera that cannot be believed are not used."""
        t_ns = frame.t_ns
        silent = self._last_ns is not None and t_ns - self._last_ns > SILENT_NS
        self._last_ns = t_ns
        lost: tuple[NotCounted, ...] = ()
        if silent or not sight.ok:
            self._tracker.reset()
            lost = self._movements.blind(t_ns)
            states = self._queues.blind(t_ns)
        if not sight.ok:
            nothing = Detections.empty(t_ns)
            return VisionResult(t_ns, frame.index, self.camera_id, sight, nothing, (), (), lost, states)
        detections = self._on_the_road(detections)
        tracks = self._tracker.update(detections)
        lanes = self._lane_map.lanes_of(tracks)
        crossings, ended = self._movements.update(t_ns, tracks, lanes)
        states = self._queues.update(t_ns, tracks, lanes, self._movements.standing_since_ns(), crossings)
        return VisionResult(
            t_ns, frame.index, self.camera_id, sight, detections, tracks, crossings, (*lost, *ended), states
        )

    def finish(self, t_ns: int) -> tuple[NotCounted, ...]:
        """End of the recording: why every road user still in view was not counted."""
        return self._movements.finish(t_ns)

    def _on_the_road(self, detections: Detections) -> Detections:
        """Without those whose foot lies in an ignored part of the picture."""
        if self._ignored is None or len(detections) == 0:
            return detections
        height, width = self._ignored.shape
        boxes = detections.boxes_px
        x = np.clip(((boxes[:, 0] + boxes[:, 2]) / 2).astype(np.intp), 0, width - 1)
        y = np.clip(boxes[:, 3].astype(np.intp), 0, height - 1)
        keep = ~self._ignored[y, x]
        return Detections(detections.t_ns, boxes[keep], detections.scores[keep], detections.classes[keep])
