"""Incidents of a replay or a simulation as events of events.jsonl, each with the tracks around it at its moment.

frame, result, signal ─→ IncidentLog.see ─→ Noticing ─→ incidents told ─→ `incident`, `silenced` events
                              └ a tick each second of the frames' time
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from calibration.site import Site
from edge.clock import NS_PER_S
from edge.frames import Frame, VisionResult
from edge.incident import Incident, Silenced, Stage
from edge.incidents.road import Road
from edge.types import SignalState, Track

#: Kinds of events.
INCIDENT, SILENCED = "incident", "silenced"
#: A picture of the tracks shows where each came from, so long and so densely.
_TRAIL_S, _TRAIL_EVERY_NS = 4.0, 400_000_000


class Notices(Protocol):
    """What `edge.stages.noticing.Noticing` is to a run."""

    def see(self, frame: Frame | None, result: VisionResult, signal: SignalState | None) -> list[Incident]: ...
    def tick(self, t_ns: int) -> list[Incident]: ...
    def finish(self, t_ns: int) -> list[Incident]: ...
    def silenced(self) -> list[Silenced]: ...


class IncidentLog:
    """Noticing driven by frames alone. write(kind, t_ns, fields) gets every event."""

    def __init__(self, notices: Notices, write: Callable[[str, int, Mapping[str, Any]], object]) -> None:
        self._notices = notices
        self._write = write
        self._trails: dict[str, Trails] = {}
        self._tick_ns: int | None = None

    def see(self, frame: Frame | None, result: VisionResult, signal: SignalState | None) -> list[Incident]:
        """One frame of one camera: what is to be told because of it."""
        self._trails.setdefault(result.camera, Trails()).add(result.t_ns, result.tracks)
        told = self._ticked(result.t_ns)
        told += self._notices.see(frame, result, signal)
        self._tell(told)
        return told

    def finish(self, t_ns: int) -> list[Incident]:
        """The end of the run."""
        told = self._notices.finish(t_ns)
        self._tell(told)
        return told

    def _ticked(self, t_ns: int) -> list[Incident]:
        """The seconds that are over since the last frame; a gap of hours costs one tick."""
        if self._tick_ns is None:
            self._tick_ns = t_ns + NS_PER_S
        if t_ns < self._tick_ns:
            return []
        self._tick_ns += ((t_ns - self._tick_ns) // NS_PER_S + 1) * NS_PER_S
        return self._notices.tick(t_ns)

    def _tell(self, told: Iterable[Incident]) -> None:
        for one in self._notices.silenced():
            self._write(SILENCED, one.t_ns, silenced_fields(one))
        for incident in told:
            fields = incident_fields(incident)
            trails = None if incident.place.camera is None else self._trails.get(incident.place.camera)
            if trails is not None and incident.stage in {Stage.START, Stage.MOMENT}:
                fields["scene"] = trails.scene()
            self._write(INCIDENT, incident.t_ns, fields)


class Trails:
    """Where the road users of one camera have been in the last seconds."""

    def __init__(self) -> None:
        self._places: dict[int, deque[tuple[int, float, float]]] = {}
        self._now: tuple[Track, ...] = ()

    def add(self, t_ns: int, tracks: tuple[Track, ...]) -> None:
        """The tracks of one frame."""
        self._now = tracks
        places = {track.track_id: self._places.get(track.track_id, deque(maxlen=32)) for track in tracks}
        for track in tracks:
            mine = places[track.track_id]
            if not mine or t_ns - mine[-1][0] >= _TRAIL_EVERY_NS:
                mine.append((t_ns, *track.pos_m))
            while t_ns - mine[0][0] > _TRAIL_S * NS_PER_S and len(mine) > 1:
                mine.popleft()
        self._places = places

    def scene(self) -> list[dict[str, Any]]:
        """Each road user now: id, class, speed, and its places, oldest first and the present one last."""
        return [
            {
                "id": track.track_id,
                "class": track.kind.value,
                "speed_mps": track.speed_mps,
                "trail_m": [*((x, y) for _, x, y in self._places[track.track_id]), track.pos_m],
            }
            for track in self._now
        ]


def incident_fields(incident: Incident) -> dict[str, Any]:
    """An incident as an event tells it; `incident` is its kind."""
    place = incident.place
    return {
        "id": incident.id,
        "stage": incident.stage.value,
        "incident": incident.kind.value,
        "severity": incident.severity.value,
        "confidence": incident.confidence,
        "approach": place.approach,
        "lane": place.lane,
        "movement": place.movement,
        "camera": place.camera,
        "from_stop_m": place.from_stop_m,
        "pos_m": place.pos_m,
        "began_ns": incident.started_ns,
        "seen_ns": incident.last_seen_ns,
        "ended_ns": incident.ended_ns,
        "evidence": dict(incident.evidence),
        "sources": list(incident.sources),
        "actions": list(incident.actions),
        "tracks": list(incident.tracks),
    }


def silenced_fields(said: Silenced) -> dict[str, Any]:
    """What a rule did not say, and why."""
    place = said.place
    return {
        "rule": said.rule,
        "key": said.key,
        "incident": said.kind.value,
        "approach": place.approach,
        "lane": place.lane,
        "movement": place.movement,
        "camera": place.camera,
        "from_stop_m": place.from_stop_m,
        "pos_m": place.pos_m,
        "reason": said.reason,
    }


def ground_facts(site: Site, cameras: Sequence[str]) -> dict[str, Any]:
    """Camera → its lanes on the ground in metres, for pictures: outline, and stop line where there is one."""
    facts: dict[str, Any] = {}
    for camera in cameras:
        rows = []
        for lane in Road(site, camera).lanes.values():
            axis = lane.axis
            rows.append({"id": lane.id, "outline_m": lane.polygon_m, "stop_m": None if axis is None else axis.middle_m})
        facts[camera] = rows
    return facts
