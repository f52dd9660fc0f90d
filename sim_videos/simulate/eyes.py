"""Who looks at the street for the controller: cameras with a detector, the truth in their place, or perfect eyes.

WorldFrame ─┬→ CameraEyes    picture → detector → vision ─┐
            ├→ TruthCamera   true boxes → vision ─────────┴→ DemandBuilder → Demand
            └→ PerfectEyes   every lane as it is ──────────────────────────→ Demand
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.control.demand import DemandBuilder
from edge.frames import Frame, VisionResult
from edge.types import Demand
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
    """Looks at every instant of the street, and says what the lanes ask for."""

    name: str

    def look(self, world: WorldFrame, index: int) -> tuple[Look, ...]: ...
    def demand(self, t_ns: int) -> Demand: ...
    def finish(self, t_ns: int) -> None: ...


class CameraEyes:
    """Implements `Eyes` by the cameras of the site."""

    def __init__(self, name: str, cameras: Sequence[OneCamera], demand: DemandBuilder) -> None:
        self.name = name
        self._cameras = tuple(cameras)
        self._demand = demand

    def look(self, world: WorldFrame, index: int) -> tuple[Look, ...]:
        """One look through each camera, in the order of the site."""
        looks = tuple(camera.look(world, index) for camera in self._cameras)
        for look in looks:
            for result in look.results:
                self._demand.see(result.sight, result.lanes, result.tracks)
        return looks

    def demand(self, t_ns: int) -> Demand:
        """Demand on what was seen; unknown where nothing was for a while."""
        return self._demand.demand(t_ns)

    def finish(self, t_ns: int) -> None:
        """The run is over."""
        for camera in self._cameras:
            camera.finish(t_ns)


class PerfectEyes:
    """Implements `Eyes` by the truth of every lane."""

    def __init__(self, demand: TrueDemand, name: str = PERFECT) -> None:
        self.name = name
        self._demand = demand

    def look(self, world: WorldFrame, index: int) -> tuple[Look, ...]:  # noqa: ARG002 - part of the seam
        """No camera looks."""
        self._demand.see(world)
        return ()

    def demand(self, t_ns: int) -> Demand:
        """Demand as it is."""
        return self._demand.demand(t_ns)

    def finish(self, t_ns: int) -> None:
        """Nothing is left to tell."""
