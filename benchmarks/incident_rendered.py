"""A camera of `benchmarks.incidents --rendered`: pictures painted of the street, looked at by the detector."""

from __future__ import annotations

from benchmarks.incident_streets import Cell, Order
from calibration.site import Site
from edge.frames import VisionResult
from edge.incident import Scenery
from edge.types import Sight
from edge.vision.detect import open_detector
from edge.vision.health.scenery import SceneryWatch
from edge.vision.pipeline import VisionPipeline
from sim_videos.render.camera import camera_of
from sim_videos.render.faults import CameraFeed
from sim_videos.render.renderer import Renderer
from sim_videos.state import WorldFrame
from sim_videos.street import Street


class PaintedEyes:
    """Implements `Eyes` by painted pictures, the best detector on this machine and the camera's own scenery."""

    def __init__(self, cell: Cell, order: Order, site: Site, street: Street, number: int) -> None:
        spec = order.scenario.cameras[number]
        self.camera = spec.id
        renderer = Renderer(street, camera_of(spec, street), order.scenario.look, seed=cell.seed)
        self._feed = CameraFeed(renderer, (), camera=spec.id, seed=cell.seed)
        self._detector = open_detector(None, threads=1, min_score=0.1)
        self._vision = VisionPipeline(site, spec.id)
        self._scenery = SceneryWatch(site, spec.id)

    def look(self, world: WorldFrame, index: int, t_ns: int) -> tuple[VisionResult, Scenery | None]:  # noqa: ARG002
        """What follows from the picture of this instant."""
        (frame,) = self._feed.frames(world)
        result = self._vision.update(frame, self._detector.detect(frame), Sight(t_ns, self.camera, True))
        return result, self._scenery.update(frame, result)
