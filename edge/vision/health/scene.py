"""Troubles of the picture itself: dazzled, knocked, blurred, dirty, and what fog hides."""

from __future__ import annotations

import math

import numpy as np

from edge.clock import NS_PER_S
from edge.frames import ImageBGR
from edge.vision.health.holding import Held, Level
from edge.vision.health.look import Look, look_at
from edge.vision.health.memory import HealthMemory, Remembered
from edge.vision.health.normal import N_LIGHTS, Normal, light_of
from edge.vision.health.pointing import Pointing
from edge.vision.health.settings import SightSettings
from edge.vision.health.structure import Loss, Structure
from edge.vision.health.trouble import Trouble

#: The normal is learned only from looks that lost less than this: a share of structure, px of blur, of glare.
_CLEAR_CONTRAST, _CLEAR_BLUR_PX, _CLEAR_GLARE, _CLEAR_DIRTY = 0.75, 0.9, 0.05, 0.05
#: Rows of tiles that are ground rather than sky in most pictures of a junction.
_GROUND_FROM = 3
_SAVE_FIRST_NS, _SAVE_EVERY_NS = 60 * NS_PER_S, 3600 * NS_PER_S


class SceneHealth:
    """Judges looks at one camera's picture against its own normal, which it learns."""

    def __init__(self, settings: SightSettings, focal_px: float | None, memory: HealthMemory | None) -> None:
        self._learn_looks = settings.learn_looks
        self._normals = [Normal.unknown() for _ in range(N_LIGHTS)]
        # The view is looked at every second time.
        self._pointing = Pointing(settings.learn_looks // 2, focal_px)
        self._structure = Structure()
        self._memory = memory
        kept = None if memory is None else memory.load()
        if kept is not None:
            self._normals = kept.normals
            self._pointing.adopt(kept.references)
        self._held = {
            "dazzled": Held(settings.dazzled), "knocked": Held(settings.knocked), "dirty": Held(settings.dirty),
            "blurred": Held(settings.blurred), "low_visibility": Held(settings.low_visibility),
        }  # fmt: skip
        self._words: dict[str, str] = {}
        self._shift_limit_px = settings.knocked.blind
        self._light: int | None = None
        self._looks = 0
        self._contrasts: list[float] = []
        self._save_ns: int | None = None
        self.contrast: float | None = None

    def blind(self) -> None:
        """The picture shows nothing: what was seen before is not compared with what comes after."""
        self._structure.forget()
        self._light = None
        self.contrast = None

    def troubles(self) -> list[Trouble]:
        """What is wrong as of the latest look, the worse kinds first."""
        return [
            Trouble(self._name(reason, held.level), self._words.get(reason, ""), held.level is Level.BLIND)
            for reason, held in self._held.items()
            if held.level
        ]

    def update(self, t_ns: int, image: ImageBGR) -> None:
        """Look at one picture."""
        look = look_at(t_ns, image)
        self._looks += 1
        light = self._light_now(look)
        normal = self._normals[light]
        known = normal.count >= self._learn_looks
        glare = self._glare(look, normal if known else None)
        loss = Loss(None, None, None)
        if glare > _CLEAR_GLARE:
            self._structure.forget()  # what the light swallowed was not lost
        elif known:
            loss = self._structure.update(look, normal)
        clear = _clear(loss, glare) and not any(held.level for name, held in self._held.items() if name != "knocked")
        moved_px = self._pointing.update(look, light, clear=clear) if self._looks % 2 == 0 else None
        if clear and self._held["knocked"].level is not Level.BLIND:
            normal.learn(look)
        self._judge(t_ns, loss, glare, moved_px)
        self._keep(t_ns)

    def _light_now(self, look: Look) -> int:
        light = light_of(look)
        if light != self._light:
            self._structure.forget()
            self._light = light
        return light

    def _judge(self, t_ns: int, loss: Loss, glare: float | None, moved_px: float | None) -> None:
        knocked = self._held["knocked"].level is Level.BLIND or moved_px == math.inf
        # A picture of another place has lost everything that was in this one.
        blur_px, dirty, contrast = (None, None, None) if knocked else (loss.blur_px, loss.dirty, loss.contrast)
        self._measured("knocked", t_ns, moved_px, self._pointing.spoken() if moved_px is not None else "")
        self._measured("dazzled", t_ns, glare, f"{glare or 0:.0%} of the ground is saturated")
        self._measured("blurred", t_ns, blur_px, f"edges are {2.36 * (blur_px or 0):.0f} px wider than usual")
        self._measured("dirty", t_ns, dirty, f"{dirty or 0:.0%} of the picture shows nothing behind")
        if contrast is None:
            self.contrast = None
            self._contrasts.clear()
            return
        self._contrasts = [*self._contrasts[-8:], contrast]
        self.contrast = float(np.median(self._contrasts))
        self._measured("low_visibility", t_ns, 1 - self.contrast, f"{self.contrast:.0%} of the usual contrast")

    def _measured(self, reason: str, t_ns: int, value: float | None, words: str) -> None:
        self._held[reason].update(t_ns, value)
        if value is not None:
            self._words[reason] = words

    def _glare(self, look: Look, normal: Normal | None) -> float:
        """Share of the ground that is saturated, less what usually is."""
        now = float(look.saturated[_GROUND_FROM:].mean())
        usual = float(normal.saturated[_GROUND_FROM:].mean()) if normal is not None else 0.0
        return max(0.0, now - usual)

    def _name(self, reason: str, level: Level) -> str:
        return "shifted" if reason == "knocked" and level is Level.TOLD else reason

    def _keep(self, t_ns: int) -> None:
        if self._memory is None:
            return
        if self._save_ns is None:
            self._save_ns = t_ns + _SAVE_FIRST_NS
        if t_ns < self._save_ns:
            return
        self._save_ns = t_ns + _SAVE_EVERY_NS
        self._memory.save(Remembered(self._pointing.references, self._normals))


def _clear(loss: Loss, glare: float) -> bool:
    """Whether a look may be learned from."""
    if glare > _CLEAR_GLARE or (loss.contrast is not None and loss.contrast < _CLEAR_CONTRAST):
        return False
    return (loss.blur_px or 0.0) < _CLEAR_BLUR_PX and (loss.dirty or 0.0) < _CLEAR_DIRTY
