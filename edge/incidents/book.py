"""One incident per happening, out of all that rules, charts and cameras say.

    Finding ─→ silenced? ─→ which open happening is it of? ─→ Incident: start, update … end
                 │ off, works          same kind and place, or explained by it
                 └─→ Silenced

A happening lives as long as one of its findings does and a while longer (`linger_s`), so that what comes and goes is
told once; the while grows with every return. A finding of a stronger kind (a crash where a stopped vehicle was)
changes the kind and keeps the id.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edge.clock import NS_PER_S
from edge.incident import Evidence, Finding, Incident, IncidentKind, Place, Severity, Silenced, Stage
from edge.incidents.actions import EXPLAINS, TABLE, severity_of

_log = logging.getLogger(__name__)
#: Of one happening; what moves through the picture has ever new ones.
_MOST_PLACES = 32
_MOST_TRACKS = 64


@dataclass(frozen=True, slots=True)
class BookSettings:
    """near_m: two findings of one happening lie no further apart. together_s: one explains another that began at
    most so long before or after it. update_s: an incident that goes on is told again so often. linger_s: it ends so
    long after its last finding, up to most_linger_s where it keeps coming back. twice_s: the same moment (a near
    miss) is not told again within it."""

    near_m: float = 15.0
    together_s: float = 60.0
    update_s: float = 10.0
    linger_s: float = 5.0
    most_linger_s: float = 120.0
    twice_s: float = 3.0


@dataclass(slots=True)
class _Open:
    """One happening. findings: by rule and key, the newest of those that go on; places: everywhere it was seen."""

    id: str
    kind: IncidentKind
    place: Place
    started_ns: int
    last_seen_ns: int
    linger_ns: int
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    confidences: dict[str, float] = field(default_factory=dict)
    evidence: dict[str, float | int | str | None] = field(default_factory=dict)
    tracks: dict[int, None] = field(default_factory=dict)
    told_ns: int = 0
    told: tuple[IncidentKind, Severity, tuple[str, ...]] | None = None
    quiet_since_ns: int | None = None
    places: dict[Place, None] = field(default_factory=dict)


class IncidentBook:
    """Fusion for one cabinet; cameras share it. Give it what is said in the order of time, and `tick` once a second.

    name(number) makes the id of the n-th incident. off: kinds that are not told. explained(t_ns, finding): the name
    of the works or event that explains it, None where none does.
    """

    def __init__(
        self,
        name: Callable[[int, int], str],
        *,
        off: frozenset[IncidentKind] = frozenset(),
        explained: Callable[[Finding], str | None] = lambda _finding: None,
        settings: BookSettings | None = None,
    ) -> None:
        self._name = name
        self._off = off
        self._explained = explained
        self._settings = settings if settings is not None else BookSettings()
        self._open: list[_Open] = []
        self._moments: list[Finding] = []
        self._refused: dict[tuple[str, str], Silenced] = {}
        self._silenced: list[Silenced] = []
        self._number = 0

    @property
    def open(self) -> tuple[Incident, ...]:
        """All that go on, oldest first."""
        return tuple(self._told(one, one.last_seen_ns, Stage.UPDATE) for one in self._open)

    def take(self, said: Iterable[Finding | Silenced]) -> list[Incident]:
        """What is to be told now because of it."""
        told: list[Incident] = []
        for one in said:
            if isinstance(one, Silenced):
                self._silenced.append(one)
            elif one.stage is Stage.MOMENT:
                told += self._moment(one)
            elif one.stage is Stage.END:
                self._ended(one)
            else:
                told += self._going(one)
        return told

    def tick(self, t_ns: int) -> list[Incident]:
        """What time alone brings: updates of what goes on, and ends."""
        told: list[Incident] = []
        for one in list(self._open):
            if one.quiet_since_ns is not None and t_ns - one.quiet_since_ns >= one.linger_ns:
                self._open.remove(one)
                told.append(self._told(one, t_ns, Stage.END, ended_ns=one.quiet_since_ns))
            elif one.quiet_since_ns is None and self._due(one, t_ns):
                told.append(self._tell(one, t_ns, Stage.UPDATE))
        return told

    def finish(self, t_ns: int) -> list[Incident]:
        """The end of the run: everything that is open ends as last seen."""
        told = [self._told(one, t_ns, Stage.END, ended_ns=one.quiet_since_ns or one.last_seen_ns) for one in self._open]
        self._open.clear()
        return told

    def silenced(self) -> list[Silenced]:
        """What was not told since the last call, and why."""
        said, self._silenced = self._silenced, []
        return said

    def _going(self, finding: Finding) -> list[Incident]:
        """A start, or an update of what may have been refused at its start and is explained no more."""
        key = (finding.rule, finding.key)
        happening = next((one for one in self._open if key in one.findings), None)
        if happening is None:
            if self._refuses(finding):
                return []
            happening = self._happening_of(finding)
        if happening is None:
            happening = self._begin(finding)
            return [self._tell(happening, finding.t_ns, Stage.START)]
        self._join(happening, finding)
        if self._news(happening, finding.t_ns):
            return [self._tell(happening, finding.t_ns, Stage.UPDATE)]
        return []

    def _moment(self, finding: Finding) -> list[Incident]:
        """Over as it is told; part of what goes on there already, or told before by another rule."""
        if self._refuses(finding):
            return []
        happening = self._happening_of(finding)
        if happening is not None:
            self._add(happening, finding)
            return []
        horizon_ns = finding.t_ns - round(self._settings.twice_s * NS_PER_S)
        self._moments = [one for one in self._moments if one.t_ns >= horizon_ns]
        if any(one.kind is finding.kind and self._together(one.place, finding.place) for one in self._moments):
            return []
        self._moments.append(finding)
        one = self._opened(finding)
        self._add(one, finding)
        return [self._told(one, finding.t_ns, Stage.MOMENT, ended_ns=finding.t_ns)]

    def _ended(self, finding: Finding) -> None:
        self._refused.pop((finding.rule, finding.key), None)
        for one in self._open:
            if one.findings.pop((finding.rule, finding.key), None) is not None:
                one.last_seen_ns = max(one.last_seen_ns, finding.t_ns)
                self._add_evidence(one, finding)
                if not one.findings:
                    one.quiet_since_ns = finding.t_ns

    def _refuses(self, finding: Finding) -> bool:
        """Whether it is not to be told; why is said once."""
        reason = f"{finding.kind} is off at this site" if finding.kind in self._off else self._explained(finding)
        if reason is None:
            self._refused.pop((finding.rule, finding.key), None)
            return False
        key = (finding.rule, finding.key)
        if finding.stage is Stage.MOMENT or key not in self._refused:
            said = Silenced(finding.t_ns, finding.rule, finding.key, finding.kind, finding.place, reason)
            self._silenced.append(said)
            if finding.stage is not Stage.MOMENT:
                self._refused[key] = said
        return True

    def _happening_of(self, finding: Finding) -> _Open | None:
        """The open happening that this is of: the same again, or one that brings it with it, or that it explains."""
        near = [one for one in self._open if any(self._together(place, finding.place) for place in one.places)]
        for one in near:
            if one.kind is finding.kind:
                return one
        within_ns = round(self._settings.together_s * NS_PER_S)
        for one in near:
            if finding.kind in EXPLAINS.get(one.kind, ()) and one.started_ns <= finding.since_ns + within_ns:
                return one
        for one in near:
            if one.kind in EXPLAINS.get(finding.kind, ()) and abs(one.started_ns - finding.since_ns) <= within_ns:
                return one
        return None

    def _together(self, a: Place, b: Place) -> bool:
        """The same lane, or near each other; without both positions the same movement, approach or camera."""
        if a.lane is not None and b.lane is not None and a.lane == b.lane:
            return True
        if a.pos_m is not None and b.pos_m is not None:
            return math.dist(a.pos_m, b.pos_m) <= self._settings.near_m
        for here, there in ((a.lane, b.lane), (a.movement, b.movement), (a.approach, b.approach)):
            if here is not None and there is not None:
                return here == there
        return a.camera is not None and a.camera == b.camera

    def _begin(self, finding: Finding) -> _Open:
        one = self._opened(finding)
        self._open.append(one)
        self._join(one, finding)
        return one

    def _opened(self, finding: Finding) -> _Open:
        self._number += 1
        return _Open(
            id=self._name(finding.t_ns, self._number),
            kind=finding.kind,
            place=finding.place,
            started_ns=finding.since_ns,
            last_seen_ns=finding.t_ns,
            linger_ns=round(self._settings.linger_s * NS_PER_S),
        )

    def _join(self, one: _Open, finding: Finding) -> None:
        if one.quiet_since_ns is not None:
            # It came back: wait longer the next time before calling it over.
            one.quiet_since_ns = None
            one.linger_ns = min(2 * one.linger_ns, round(self._settings.most_linger_s * NS_PER_S))
        one.findings[(finding.rule, finding.key)] = finding
        self._add(one, finding)

    def _add(self, one: _Open, finding: Finding) -> None:
        if one.kind in EXPLAINS.get(finding.kind, ()):
            _log.info("incident %s is a %s, no longer a %s", one.id, finding.kind, one.kind)
            one.kind, one.place = finding.kind, finding.place
        if len(one.places) < _MOST_PLACES:
            one.places[finding.place] = None
        one.started_ns = min(one.started_ns, finding.since_ns)
        one.last_seen_ns = max(one.last_seen_ns, finding.t_ns)
        one.confidences[finding.rule] = max(finding.confidence, one.confidences.get(finding.rule, 0.0))
        self._add_evidence(one, finding)
        if len(one.tracks) < _MOST_TRACKS:
            one.tracks.update(dict.fromkeys(finding.tracks))

    def _add_evidence(self, one: _Open, finding: Finding) -> None:
        """Under its own name for the kind told, under the rule's for what goes along."""
        own = finding.kind is one.kind
        one.evidence.update({key if own else f"{finding.rule}.{key}": value for key, value in finding.evidence.items()})

    def _facts(self, one: _Open, t_ns: int) -> tuple[IncidentKind, Severity, tuple[str, ...]]:
        lasted_s = (t_ns - one.started_ns) / NS_PER_S
        return one.kind, severity_of(one.kind, lasted_s, one.evidence), tuple(sorted(one.confidences))

    def _news(self, one: _Open, t_ns: int) -> bool:
        return one.told != self._facts(one, t_ns)

    def _due(self, one: _Open, t_ns: int) -> bool:
        return self._news(one, t_ns) or t_ns - one.told_ns >= self._settings.update_s * NS_PER_S

    def _tell(self, one: _Open, t_ns: int, stage: Stage) -> Incident:
        one.told_ns, one.told = t_ns, self._facts(one, t_ns)
        return self._told(one, t_ns, stage)

    def _told(self, one: _Open, t_ns: int, stage: Stage, ended_ns: int | None = None) -> Incident:
        kind, severity, sources = self._facts(one, t_ns if ended_ns is None else ended_ns)
        return Incident(
            t_ns=t_ns,
            id=one.id,
            kind=kind,
            severity=severity,
            stage=stage,
            confidence=_agreed(one.confidences),
            place=one.place,
            started_ns=one.started_ns,
            last_seen_ns=one.last_seen_ns,
            ended_ns=ended_ns,
            evidence=_frozen(one.evidence),
            sources=sources,
            actions=TABLE[kind].actions,
            tracks=tuple(one.tracks),
        )


def _agreed(confidences: dict[str, float]) -> float:
    """Of sources that err apart from each other: one minus the chance that all are wrong, never quite certain."""
    return min(0.99, 1.0 - math.prod(1.0 - confidence for confidence in confidences.values()))


def _frozen(evidence: dict[str, float | int | str | None]) -> Evidence:
    return dict(evidence)
