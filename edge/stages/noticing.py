"""From frames of all cameras of a cabinet to incidents told, and to what they ask of control.

    VisionResult, Scenery, SignalState ─→ rules of that camera ─┐
    Sight, silence ─────────────────────→ camera fault ─────────┼─→ one book ─→ Incident ─→ reactions
    per-minute numbers ─────────────────→ statistics ───────────┘

Time comes with the data; `tick` is called about once a second.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime

from calibration.incidents import Works
from calibration.site import Site
from edge.clock import NS_PER_S
from edge.errors import StorageError
from edge.frames import Frame, VisionResult
from edge.incident import Finding, Incident, Scenery, Silenced, Stage
from edge.incidents.book import IncidentBook
from edge.incidents.camera import CameraRule
from edge.incidents.reactions import Reactions, reactions
from edge.incidents.snapshots import Snapshots
from edge.incidents.watch import IncidentWatch
from edge.types import SignalState

_log = logging.getLogger(__name__)
#: A camera that brought nothing for this long shows nothing.
SILENT_NS = 2 * NS_PER_S

ScenerySource = Callable[[Frame, VisionResult], Scenery | None]


class Noticing:
    """Incidents of one cabinet. KeyError where a camera is not of the site.

    wall_ns: cabinet time to wall time, for names and for planned works. sceneries: by camera, what the picture shows
    besides road users. snapshots: where pictures of incidents go, None for none.
    """

    def __init__(
        self,
        site: Site,
        cameras: Collection[str],
        *,
        wall_ns: Callable[[int], int],
        sceneries: Mapping[str, ScenerySource] | None = None,
        snapshots: Snapshots | None = None,
    ) -> None:
        self._site = site
        self._wall_ns = wall_ns
        self._watches = {camera: IncidentWatch(site, camera) for camera in cameras}
        self._cameras = {camera: CameraRule(camera) for camera in cameras}
        self._sceneries = sceneries or {}
        self._snapshots = snapshots
        self._last_ns: dict[str, int] = {}
        self._book = IncidentBook(self._name, off=frozenset(site.incidents.off), explained=self._explained)

    def see(self, frame: Frame | None, result: VisionResult, signal: SignalState | None) -> list[Incident]:
        """One frame of one camera; frame is None where no picture is at hand."""
        camera, t_ns = result.camera, result.t_ns
        scenery = None
        if frame is not None and result.sight.ok and camera in self._sceneries:
            scenery = self._sceneries[camera](frame, result)
        self._last_ns[camera] = t_ns
        said = (
            *self._cameras[camera].update(result.sight),
            *self._watches[camera].update(result, signal, scenery, t_ns, self._closed(t_ns)),
        )
        told = self._book.take(said)
        if frame is not None and self._snapshots is not None:
            for one in told:
                if one.stage in {Stage.START, Stage.MOMENT} and one.place.camera == camera:
                    self._picture(self._snapshots, one, frame, result)
        return told

    def hear(self, findings: Iterable[Finding]) -> list[Incident]:
        """What the statistics say."""
        return self._book.take(findings)

    def tick(self, t_ns: int) -> list[Incident]:
        """What time alone brings: silent cameras, updates, ends."""
        told: list[Incident] = []
        for camera, last_ns in self._last_ns.items():
            if t_ns - last_ns >= SILENT_NS:
                told += self._book.take(self._watches[camera].blind(t_ns, "no picture comes"))
                told += self._book.take(self._cameras[camera].silent(t_ns, last_ns))
        return [*told, *self._book.tick(t_ns)]

    def finish(self, t_ns: int) -> list[Incident]:
        """The end of the run: what is open ends as last seen."""
        return self._book.finish(t_ns)

    def silenced(self) -> list[Silenced]:
        """What was not told since the last call, and why."""
        return self._book.silenced()

    def reactions(self) -> Reactions:
        """What the open incidents ask of control now."""
        return reactions(self._site, self._book.open)

    def _name(self, t_ns: int, number: int) -> str:
        at = datetime.fromtimestamp(self._wall_ns(t_ns) / NS_PER_S, UTC)
        return f"{at:%Y%m%dT%H%M%SZ}-{number}"

    def _now(self, t_ns: int) -> Iterable[Works]:
        if not self._site.incidents.works:
            return ()
        at = datetime.fromtimestamp(self._wall_ns(t_ns) / NS_PER_S, UTC)
        return [works for works in self._site.incidents.works if works.begins <= at < works.ends]

    def _closed(self, t_ns: int) -> frozenset[str]:
        return frozenset(lane for works in self._now(t_ns) if works.closes for lane in works.lanes)

    def _explained(self, finding: Finding) -> str | None:
        for works in self._now(finding.t_ns):
            if (not works.lanes or finding.place.lane in works.lanes) and (
                not works.kinds or finding.kind in works.kinds
            ):
                return f"planned: {works.name}"
        return None

    def _picture(self, snapshots: Snapshots, incident: Incident, frame: Frame, result: VisionResult) -> None:
        """A picture that cannot be kept must not keep the incident from being told."""
        try:
            snapshots.keep(incident.id, frame, result.detections)
        except StorageError as error:
            _log.warning("no picture of incident %s: %s", incident.id, error)
