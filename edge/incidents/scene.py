"""What a rule sees at one instant, and what it is.

VisionResult, Scenery, SignalState ─→ SceneNow ─→ Rule.update ─→ findings, silenced
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from edge.incident import Finding, IncidentKind, Scenery, Silenced
from edge.types import Crossing, LaneState, SignalState, Track

Said = Finding | Silenced


@dataclass(frozen=True, slots=True)
class SceneNow:
    """One camera's street at t_ns, everything in metres and seconds.

    tracks: seen or coasting. crossings: of this frame. lanes: states by lane. signal: measured lamps, None
    where they are unknown. closed_lanes: nobody may drive there now.
    """

    t_ns: int
    camera: str
    tracks: tuple[Track, ...]
    crossings: tuple[Crossing, ...] = ()
    lanes: tuple[LaneState, ...] = ()
    signal: SignalState | None = None
    scenery: Scenery | None = None
    closed_lanes: frozenset[str] = field(default_factory=frozenset)


class Rule(Protocol):
    """One kind of thing to notice, with its own hysteresis. Contract: tests/contract/test_rules.py.

    Every START is followed by any number of UPDATEs (at most one a second) and one END with the same key, even
    where sight is lost (`blind`). The same scenes give the same findings.
    """

    name: ClassVar[str]
    kinds: ClassVar[frozenset[IncidentKind]]

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """What it says of this instant; scenes come in the order of time."""
        ...

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """The camera is not to be believed from t_ns on: end what is open as unknown, forget the street."""
        ...
