"""All rules of one camera: from what its vision says of a frame to what they say of it.

VisionResult, SignalState, Scenery ─→ IncidentWatch.update ─→ findings, silenced
"""

from __future__ import annotations

from calibration.site import Site
from edge.frames import VisionResult
from edge.incident import Scenery
from edge.incidents.road import Road
from edge.incidents.rules import rules_of
from edge.incidents.scene import Rule, Said, SceneNow
from edge.types import SignalState


class IncidentWatch:
    """One camera of a site; KeyError when the site has no such camera. Give it every frame in the order of time."""

    def __init__(self, site: Site, camera_id: str, rules: tuple[Rule, ...] | None = None) -> None:
        self.camera_id = camera_id
        self.road = Road(site, camera_id)
        self._rules = rules if rules is not None else rules_of(site, self.road)
        self._closed = frozenset(site.incidents.closed_lanes)
        self._blind = False
        self._last_ns: int | None = None

    def update(
        self,
        result: VisionResult,
        signal: SignalState | None,
        scenery: Scenery | None,
        t_ns: int,
        closed_lanes: frozenset[str] = frozenset(),
    ) -> tuple[Said, ...]:
        """What the rules say of one frame; closed_lanes: those that works close now, besides the site's own.

        Where the camera is not to be believed every rule ends what it has open, once. ValueError when time does not
        advance.
        """
        if self._last_ns is not None and t_ns <= self._last_ns:
            raise ValueError(f"time must advance: had {self._last_ns} ns, got {t_ns} ns")
        self._last_ns = t_ns
        if not result.sight.ok:
            return self.blind(t_ns, result.sight.reason or "camera not to be believed")
        self._blind = False
        scene = SceneNow(
            t_ns,
            self.camera_id,
            result.tracks,
            result.crossings,
            result.lanes,
            signal,
            scenery,
            self._closed | closed_lanes,
        )
        return tuple(said for rule in self._rules for said in rule.update(scene))

    def blind(self, t_ns: int, reason: str) -> tuple[Said, ...]:
        """The camera is not to be believed from t_ns on (or its frames ceased); said once."""
        if self._blind:
            return ()
        self._blind = True
        return tuple(said for rule in self._rules for said in rule.blind(t_ns, reason))
