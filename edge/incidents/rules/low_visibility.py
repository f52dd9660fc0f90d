"""Smoke, fog or spray: the picture has lost contrast, though the camera works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import IncidentKind, Place
from edge.incidents.scene import Said, SceneNow
from edge.incidents.spells import Spells


@dataclass(frozen=True, slots=True)
class LowVisibilitySettings:
    """low, high: contrast as a share of that of clear days at the same hour; by Koschmieder's law 0.4 at 40 m is a
    meteorological range of some 170 m, where fog warnings begin (MTO, FHWA: 150 to 250 m). lasted_s: below `low` so
    long: a lorry's smoke passes sooner. over_s: above `high` so long. linger_s: contrast unknown for so long ends it.
    """

    low: float = 0.4
    high: float = 0.55
    lasted_s: float = 10.0
    over_s: float = 30.0
    linger_s: float = 60.0


class LowVisibility:
    """One finding for the camera."""

    name: ClassVar[str] = "low_visibility"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.LOW_VISIBILITY})

    def __init__(self, settings: LowVisibilitySettings | None = None) -> None:
        self._settings = settings if settings is not None else LowVisibilitySettings()
        self._spells = Spells(self.name, self._settings.linger_s)
        self._low_ns: int | None = None
        self._clear_ns: int | None = None
        self._lowest = 1.0

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Starts, updates and ends of this instant."""
        s, t_ns, key = self._settings, scene.t_ns, scene.camera
        contrast = None if scene.scenery is None else scene.scenery.contrast
        if contrast is None:
            return self._spells.over(t_ns)
        self._low_ns = (self._low_ns or t_ns) if contrast < (s.high if key in self._spells else s.low) else None
        self._clear_ns = (self._clear_ns or t_ns) if contrast >= s.high else None
        self._lowest = min(self._lowest, contrast) if self._low_ns is not None else contrast
        is_open = key in self._spells
        if not is_open and (self._low_ns is None or t_ns - self._low_ns < s.lasted_s * NS_PER_S):
            return self._spells.over(t_ns)
        if is_open and self._clear_ns is not None and t_ns - self._clear_ns >= s.over_s * NS_PER_S:
            return self._spells.close(t_ns, key)
        evidence = {"contrast": round(contrast, 2), "lowest": round(self._lowest, 2)}
        since_ns = self._low_ns if self._low_ns is not None else t_ns
        confidence = round(min(0.95, 0.6 + (s.high - min(contrast, s.high))), 2)
        place = Place(camera=scene.camera)
        return self._spells.say(t_ns, key, IncidentKind.LOW_VISIBILITY, place, since_ns, confidence, evidence)

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """Nothing is known any more."""
        self._low_ns = self._clear_ns = None
        return self._spells.blind(t_ns, reason)
