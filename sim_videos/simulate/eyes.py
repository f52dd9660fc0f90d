"""Who looks at the street for the controller: cameras with a detector, the truth in their place, or perfect eyes.

WorldFrame ─┬→ CameraEyes    picture → detector → vision ─┐
            ├→ TruthCamera   true boxes → vision ─────────┴→ View ─→ Demand, Surroundings
            └→ PerfectEyes   every lane as it is ──────────────────→ Demand, Surroundings
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.control.around import Around
from edge.control.demand import DemandBuilder
from edge.control.junction import Surroundings
from edge.frames import Frame, VisionResult
from edge.stages.viewing import CameraViews
from edge.types import Demand
from sim_videos.simulate.around import TrueAround
from sim_videos.simulate.lanes import TrueDemand
from sim_videos.simulate.result import PERFECT
from sim_videos.state import WorldFrame
from sim_videos.truth.schema import SceneFrame


@dataclass(frozen=True, slots=True)
class Look:
    """What one camera made of one instant. truth is what was there.

    results: one for each picture that came, mostly one; none where it was dropped, is late
    or was not asked for, several where late ones come at once. frame is the last picture,
    None where none came or nothing was painted. detector_ns: the detector's time for each.
    """

    camera: str
    truth: SceneFrame
    frame: Frame | None
    results: tuple[VisionResult, ...]
    detector_ns: tuple[int, ...] = ()


class OneCamera(Protocol):
    """One camera with all stages of its vision."""

    camera_id: str

    def look(self, world: WorldFrame, index: int) -> Look: ...
    def finish(self, t_ns: int) -> None: ...


class Eyes(Protocol):
    """Looks at every instant of the street, and says what the lanes ask for, and what else is known."""

    name: str

    def look(self, world: WorldFrame, index: int) -> tuple[Look, ...]: ...
    def demand(self, t_ns: int) -> Demand: ...
    def around(self, t_ns: int) -> Surroundings | None: ...
    def finish(self, t_ns: int) -> None: ...


class CameraEyes:
    """Implements `Eyes` by the cameras of the site; views: camera → what makes its views, as in a cabinet."""

    def __init__(
        self,
        name: str,
        cameras: Sequence[OneCamera],
        views: Mapping[str, CameraViews],
        demand: DemandBuilder,
        around: Around,
    ) -> None:
        self.name = name
        self._cameras = tuple(cameras)
        self._views = dict(views)
        self._demand = demand
        self._around = around

    def look(self, world: WorldFrame, index: int) -> tuple[Look, ...]:
        """One look through each camera, in the order of the site."""
        looks = tuple(camera.look(world, index) for camera in self._cameras)
        for look in looks:
            for result in look.results:
                view = self._views[look.camera].view(result)
                self._demand.take(view)
                self._around.take(view)
        return looks

    def demand(self, t_ns: int) -> Demand:
        """Demand on what was seen; unknown where nothing was for a while."""
        return self._demand.demand(t_ns)

    def around(self, t_ns: int) -> Surroundings:
        """Who left, and who is in the box, as far as cameras see it."""
        return self._around.known(t_ns)

    def finish(self, t_ns: int) -> None:
        """The run is over."""
        for camera in self._cameras:
            camera.finish(t_ns)


class PerfectEyes:
    """Implements `Eyes` by the truth of every lane."""

    def __init__(self, demand: TrueDemand, name: str = PERFECT, around: TrueAround | None = None) -> None:
        self.name = name
        self._demand = demand
        self._around = around

    def look(self, world: WorldFrame, index: int) -> tuple[Look, ...]:  # noqa: ARG002 - part of the seam
        """No camera looks."""
        self._demand.see(world)
        if self._around is not None:
            self._around.see(world)
        return ()

    def demand(self, t_ns: int) -> Demand:
        """Demand as it is."""
        return self._demand.demand(t_ns)

    def around(self, t_ns: int) -> Surroundings | None:
        """Who left, and who is in the box."""
        return None if self._around is None else self._around.known(t_ns)

    def finish(self, t_ns: int) -> None:
        """Nothing is left to tell."""
