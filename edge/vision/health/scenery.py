"""What the picture shows besides road users: how clear the air is, and what lies on the road."""

from __future__ import annotations

from collections.abc import Callable

from calibration.geometry import GroundPlane
from calibration.site import Camera, Site
from edge.clock import NS_PER_S
from edge.frames import Frame, VisionResult
from edge.incident import Scenery
from edge.vision.health.still_objects import LOOK_S, StillWatch
from edge.vision.health.street import road_mask


class SceneryWatch:
    """Of one camera of a site. contrast: that of its `SightMonitor`. KeyError where the site has no such camera."""

    def __init__(self, site: Site, camera_id: str, contrast: Callable[[], float | None] = lambda: None) -> None:
        camera: Camera = {camera.id: camera for camera in site.cameras}[camera_id]
        self._camera_id, self._contrast = camera_id, contrast
        self._things = StillWatch(road_mask(site, camera), GroundPlane.fit(camera.homography))
        self._look_ns: int | None = None
        self._last = Scenery(0, camera_id, None)

    def update(self, frame: Frame, result: VisionResult) -> Scenery:
        """Scenery at this frame, new twice a second; the road users of `result` are left out."""
        t_ns = frame.t_ns
        if not result.sight.ok:
            # Blind, nothing is known of it; what is seen afterwards may be another street.
            self._things.forget()
            self._look_ns = None
            self._last = Scenery(t_ns, self._camera_id, None)
            return self._last
        if self._look_ns is None or t_ns - self._look_ns >= (LOOK_S - 0.02) * NS_PER_S:
            self._look_ns = t_ns
            things = self._things.update(t_ns, frame.image, result.tracks)
            self._last = Scenery(t_ns, self._camera_id, self._contrast(), things)
        return self._last
