"""A vehicle that passes the stop line by red, with the time into red from measured lamps."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import Finding, IncidentKind, Place, Silenced, Stage
from edge.incidents.recent import Recent
from edge.incidents.road import Road
from edge.incidents.scene import Said, SceneNow
from edge.types import Crossing, Interval, Kind, SignalState

_RED = frozenset({Interval.RED, Interval.RED_CLEARANCE})


@dataclass(frozen=True, slots=True)
class RedRunningSettings:
    """into_red_s: less than this is within the error of the place and of the lamps' time (enforcement cameras grant 0.3
    to 0.5 s). over_s: from entry to exit gate at most; who takes longer stopped over the line and went on later.
    stood_mps, since_stood_s: who stood so short before it entered was let over the line by something else than haste.
    past_s: the lamps are remembered for so long. turns: turns that may go by red after a stop (MUTCD 4A.04), the near
    turn in right-hand traffic.
    """

    into_red_s: float = 0.5
    over_s: float = 8.0
    past_s: float = 30.0
    turns: str = "R"
    stood_mps: float = 1.5
    since_stood_s: float = 2.0


class RedRunning:
    """A moment for each vehicle, told when it has left the box."""

    name: ClassVar[str] = "red_running"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.RED_RUNNING})

    def __init__(self, road: Road, settings: RedRunningSettings | None = None) -> None:
        self._road = road
        self._settings = settings if settings is not None else RedRunningSettings()
        self._changes: dict[int, deque[tuple[int, Interval]]] = {}
        self._stood_ns: Recent[int] = Recent(60.0)

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Moments of this instant."""
        if scene.signal is None or scene.signal.mode != "running":
            self._changes.clear()
            return ()
        self._note(scene.t_ns, scene.signal)
        for track in scene.tracks:
            if track.speed_mps is not None and track.speed_mps < self._settings.stood_mps:
                self._stood_ns.put(scene.t_ns, track.track_id, scene.t_ns)
        self._stood_ns.sweep(scene.t_ns)
        said: list[Said] = []
        for crossing in scene.crossings:
            found = self._one(scene, crossing)
            if found is not None:
                said.append(found)
        return said

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:  # noqa: ARG002 - part of the protocol
        """A moment is over as it is told; nothing is open."""
        self._stood_ns.clear()
        return ()

    def _note(self, t_ns: int, signal: SignalState) -> None:
        limit_ns = t_ns - round(self._settings.past_s * NS_PER_S)
        for phase, interval in signal.intervals.items():
            since_ns = signal.since_ns.get(phase)
            if since_ns is None:
                continue
            changes = self._changes.setdefault(phase, deque(maxlen=32))
            if not changes or changes[-1][1] is not interval:
                changes.append((since_ns, interval))
            while len(changes) > 1 and changes[1][0] < limit_ns:
                changes.popleft()

    def _one(self, scene: SceneNow, crossing: Crossing) -> Said | None:
        s, phase = self._settings, self._road.phases.get(crossing.movement)
        if phase is None or crossing.entered_ns is None or crossing.kind in {Kind.PERSON, Kind.BICYCLE}:
            return None
        if crossing.movement.startswith("P"):
            return None
        into_red_s = self._into_red_s(phase, crossing.entered_ns)
        over_s = (crossing.t_ns - crossing.entered_ns) / NS_PER_S
        if into_red_s is None or into_red_s < s.into_red_s:
            return None
        approach = None if crossing.lane is None else self._approach(crossing.lane)
        place = Place(approach, crossing.lane, crossing.movement, scene.camera)
        key, kind = f"{crossing.track_id}", IncidentKind.RED_RUNNING
        reason = self._reason(scene, crossing, over_s, phase)
        if reason is not None:
            return Silenced(scene.t_ns, self.name, key, kind, place, reason)
        evidence = {
            "into_red_s": round(into_red_s, 1),
            "speed_mps": None if crossing.speed_mps is None else round(crossing.speed_mps, 1),
            "phase": phase,
            "over_s": round(over_s, 1),
            "vehicle": crossing.kind.value,
        }
        confidence = 0.9 if into_red_s >= 1.0 else 0.75
        return Finding(
            scene.t_ns,
            self.name,
            key,
            kind,
            Stage.MOMENT,
            place,
            crossing.entered_ns,
            confidence,
            evidence,
            (crossing.track_id,),
        )

    def _reason(self, scene: SceneNow, crossing: Crossing, over_s: float, phase: int) -> str | None:
        """Why it is not told; None where it is."""
        signal: Mapping[int, Interval] = scene.signal.intervals if scene.signal is not None else {}
        if scene.signal is not None and scene.signal.modelled:
            return "the lamps are not measured"
        if crossing.movement.rstrip("0123456789")[-1] in self._settings.turns:
            return "this turn may go by red after a stop"
        stood_ns = self._stood_ns.get(crossing.track_id)
        entered_ns = crossing.entered_ns if crossing.entered_ns is not None else crossing.t_ns
        if stood_ns is not None and entered_ns - stood_ns < self._settings.since_stood_s * NS_PER_S:
            return "it stood at the line just before"
        if over_s > self._settings.over_s:
            return "it stopped over the line and went on later"
        if signal.get(phase) not in _RED and over_s > 2.0:
            return "it rolled over the line and left by green"
        return None

    def _into_red_s(self, phase: int, t_ns: int) -> float | None:
        """Seconds of red at t_ns; None where the phase did not show red then, or nobody knows."""
        changes = self._changes.get(phase)
        if not changes or changes[0][0] > t_ns:
            return None
        into: float | None = None
        for since_ns, interval in changes:
            if since_ns > t_ns:
                break
            if interval not in _RED:
                into = None
            elif into is None:
                into = (t_ns - since_ns) / NS_PER_S
            else:
                into = max(into, (t_ns - since_ns) / NS_PER_S)
        return into

    def _approach(self, lane: str) -> str | None:
        found = self._road.lanes.get(lane)
        return None if found is None else found.approach
