"""Incidents of a live run: as records for the office, and as wishes for control of the same process.

frame, result, measured lamps ─→ Noticing ─┬→ records
summaries ─→ statistics ─────────┘         └→ reactions ─→ policy of control
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from edge.frames import Frame, VisionResult
from edge.incident import Finding, Incident, Silenced
from edge.incidents.reactions import Reactions
from edge.messages import Body, SummaryBody
from edge.telemetry.incidents import body_of
from edge.types import SignalState

_log = logging.getLogger(__name__)

Told = list[tuple[int, Body]]


class Notices(Protocol):
    """What `edge.stages.noticing.Noticing` is to a live run."""

    def see(self, frame: Frame | None, result: VisionResult, signal: SignalState | None) -> list[Incident]: ...
    def hear(self, findings: Iterable[Finding]) -> list[Incident]: ...
    def tick(self, t_ns: int) -> list[Incident]: ...
    def finish(self, t_ns: int) -> list[Incident]: ...
    def silenced(self) -> list[Silenced]: ...
    def reactions(self) -> Reactions: ...


class Minutes(Protocol):
    """What `edge.stages.minutes.MinuteStatistics` is to a live run."""

    def take(self, t_ns: int, summary: SummaryBody) -> list[Finding]: ...
    def save(self) -> None: ...


class LiveIncidents:
    """react is told what the open incidents ask of control, each time that it is something else than before.

    minutes: statistics of the summaries, None for none.
    """

    def __init__(
        self,
        notices: Notices,
        react: Callable[[Reactions], object] = lambda _asked: None,
        minutes: Minutes | None = None,
    ) -> None:
        self._notices = notices
        self._minutes = minutes
        self._react = react
        self._asked = Reactions()

    def see(self, frame: Frame, result: VisionResult, signal: SignalState | None) -> Told:
        """One frame. A model's lamps are not those that drivers see: the rules then know of none."""
        measured = None if signal is None or signal.modelled else signal
        return self._told(self._notices.see(frame, result, measured))

    def hear(self, records: Iterable[tuple[int, Body]]) -> Told:
        """What the node has just recorded: each summary goes through the statistics."""
        if self._minutes is None:
            return []
        minutes = [(t_ns, body) for t_ns, body in records if isinstance(body, SummaryBody)]
        findings = [one for t_ns, body in minutes for one in self._minutes.take(t_ns, body)]
        return self._told(self._notices.hear(findings)) if findings else []

    def tick(self, t_ns: int) -> Told:
        """About once a second, whether frames come or not."""
        return self._told(self._notices.tick(t_ns))

    def finish(self, t_ns: int) -> Told:
        """The end of the run."""
        if self._minutes is not None:
            self._minutes.save()
        return self._told(self._notices.finish(t_ns))

    def _told(self, incidents: list[Incident]) -> Told:
        for one in self._notices.silenced():
            _log.info("%s not told in %s: %s", one.kind, one.place.lane or one.place.camera, one.reason)
        for incident in incidents:
            _log.info("incident %s: %s, %s", incident.id, incident.kind, incident.stage)
        asked = self._notices.reactions()
        if asked != self._asked:
            self._asked = asked
            self._react(asked)
        return [body_of(one) for one in incidents]
