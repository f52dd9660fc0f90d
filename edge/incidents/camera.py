"""A camera that cannot be believed is an incident of its own: its approaches run without eyes."""

from __future__ import annotations

from collections.abc import Sequence

from edge.clock import NS_PER_S
from edge.incident import Finding, IncidentKind, Place, Stage
from edge.types import Sight

#: A camera that was blind for less is not worth an operator's look.
LASTS_S = 5.0
_UPDATE_NS = NS_PER_S


class CameraRule:
    """One camera's sight, instant by instant. Not a `Rule`: it speaks when those are blind.

    A camera that sends nothing is seen by `silent`, which time alone calls.
    """

    name = "camera"

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._since_ns: int | None = None
        self._told_ns: int | None = None

    def update(self, sight: Sight) -> Sequence[Finding]:
        """What a frame's sight says."""
        if sight.ok:
            return self._well(sight.t_ns)
        return self._ill(sight.t_ns, sight.reason or "unknown", sight.detail)

    def silent(self, t_ns: int, since_ns: int) -> Sequence[Finding]:
        """No frame since since_ns."""
        if self._since_ns is None:
            self._since_ns = since_ns
        return self._ill(t_ns, "silent", None)

    def _ill(self, t_ns: int, reason: str, detail: str | None) -> Sequence[Finding]:
        if self._since_ns is None:
            self._since_ns = t_ns
        if t_ns - self._since_ns < LASTS_S * NS_PER_S:
            return ()
        if self._told_ns is not None and t_ns - self._told_ns < _UPDATE_NS:
            return ()
        stage = Stage.START if self._told_ns is None else Stage.UPDATE
        self._told_ns = t_ns
        return (self._finding(t_ns, stage, self._since_ns, {"fault": reason, "detail": detail}),)

    def _well(self, t_ns: int) -> Sequence[Finding]:
        since_ns, told = self._since_ns, self._told_ns is not None
        self._since_ns = self._told_ns = None
        if not told or since_ns is None:
            return ()
        return (self._finding(t_ns, Stage.END, since_ns, {}),)

    def _finding(self, t_ns: int, stage: Stage, since_ns: int, evidence: dict[str, str | None]) -> Finding:
        blind_s = round((t_ns - since_ns) / NS_PER_S, 1)
        place = Place(camera=self._camera)
        kind = IncidentKind.CAMERA_FAULT
        return Finding(
            t_ns, self.name, self._camera, kind, stage, place, since_ns, 0.95, {"blind_s": blind_s, **evidence}
        )
