"""Incidents noticed in a run: rules on what its cameras saw, under the lamps that the street obeys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from calibration.site import Site
from edge.replay.noticed import INCIDENT, IncidentLog, ground_facts
from edge.replay.record import Event
from edge.stages.noticing import Noticing, ScenerySource
from edge.types import PhaseRequest, SignalState
from sim_videos.score.happenings import score_of
from sim_videos.simulate.eyes import Look
from sim_videos.simulate.result import Noticed, TrueIncident
from sim_videos.state import WorldFrame


class IncidentWatcher:
    """Implements `Watcher`. sceneries: by camera, for those whose pictures are looked at."""

    def __init__(self, site: Site, cameras: Sequence[str], sceneries: Mapping[str, ScenerySource]) -> None:
        # A street has no date: its seconds count from 1970.
        self._log = IncidentLog(Noticing(site, cameras, wall_ns=lambda t_ns: t_ns, sceneries=sceneries), self._write)
        self._events: list[Event] = []
        self._tell: Callable[[str, int, Mapping[str, Any]], object] = lambda _kind, _t_ns, _fields: None
        self.ground = ground_facts(site, cameras)

    def tell(self, write: Callable[[str, int, Mapping[str, Any]], object]) -> None:
        """Have every event written from now on."""
        self._tell = write

    def on_control(self, request: PhaseRequest, state: SignalState, changed: bool) -> None:
        """Nothing to notice."""

    def on_frame(self, world: WorldFrame, looks: tuple[Look, ...], state: SignalState | None) -> None:  # noqa: ARG002
        """What the cameras made of an instant. The street obeys these lamps, measured or not."""
        lamps = None if state is None else replace(state, modelled=False)
        for look in looks:
            for result in look.results:
                frame = look.frame if look.frame is not None and look.frame.t_ns == result.t_ns else None
                self._log.see(frame, result, lamps)

    def finish(self, t_ns: int, happened: Sequence[TrueIncident]) -> Noticed:
        """The run is over, and this is what truly happened in it."""
        self._log.finish(t_ns)
        told = tuple(self._events)
        score = score_of([one.spell for one in happened], [event for event in told if event["kind"] == INCIDENT])
        return Noticed(told, score, self.ground)

    def _write(self, kind: str, t_ns: int, fields: Mapping[str, Any]) -> None:
        self._events.append({"kind": kind, "t_ns": t_ns, **fields})
        self._tell(kind, t_ns, fields)
