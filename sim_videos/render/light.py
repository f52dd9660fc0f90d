"""Light of the hour and the weather: where the sun stands, what it and the sky give, how far one sees.

Colours are (3,) blue, green, red, linear, 1.0 being a white surface in full sun at exposure 1.
The year stands still at midsummer, 52° north, so that 20.5 h is dusk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_videos.scenario import LookSpec

Array = NDArray[np.float64]

_LATITUDE_RAD = math.radians(52.0)
_DECLINATION_RAD = math.radians(23.4)
#: Optical depth at which one has lost sight of things: a tenth of their contrast is left.
FOG = 2.3
#: Below this elevation street lamps burn, and drivers have their lamps on somewhat above it.
_LAMPS_DEG, _HEADLAMPS_DEG = 1.0, 6.0


def bgr(red: float, green: float, blue: float) -> Array:
    """A linear colour, in the order of the picture's channels."""
    return np.array((blue, green, red), np.float64)


@dataclass(frozen=True, slots=True)
class Light:
    """sun is its direct light on a surface facing it, from sun_direction (a unit vector towards it); sky
    that of the whole sky on a level surface; lamp the colour of street lamps. zenith and horizon
    are the sky's own colours. night (0..1) grows after sunset. exposure multiplies everything.
    """

    sun_direction: tuple[float, float, float]
    sun: Array
    sky: Array
    lamp: Array
    zenith: Array
    horizon: Array
    night: float
    street_lamps: bool
    headlamps: bool
    exposure: float
    fog_m: float
    wet: float
    rain: float

    @property
    def casts_shadows(self) -> bool:
        """Whether the sun is up and strong enough to be told from the sky."""
        return self.sun_direction[2] > 0.05 and float(self.sun.mean()) > 0.12 * float(self.sky.mean())

    def shown(self, linear: Array | NDArray[np.float32]) -> Array:
        """Linear colours → 0..255 as the camera shows them, with a soft shoulder."""
        x = np.maximum(linear * self.exposure, 0.0)
        return np.asarray(255.0 * np.power(1.0 - np.exp(-1.45 * x), 1 / 2.2), np.float64)

    def clear(self, distance_m: Array) -> Array:
        """Share of what stands at these distances that shows through the air (Koschmieder 1924), a tenth at fog_m."""
        return np.asarray(np.exp(-FOG * distance_m / self.fog_m), np.float64)


def sun_at(hour: float) -> tuple[float, float, float]:
    """(x east, y north, z up) towards the sun at local solar time; z is the sine of its elevation."""
    angle = (hour - 12.0) * math.pi / 12.0
    up = math.sin(_LATITUDE_RAD) * math.sin(_DECLINATION_RAD)
    up += math.cos(_LATITUDE_RAD) * math.cos(_DECLINATION_RAD) * math.cos(angle)
    east = -math.cos(_DECLINATION_RAD) * math.sin(angle)
    north = math.cos(_LATITUDE_RAD) * math.sin(_DECLINATION_RAD)
    north -= math.sin(_LATITUDE_RAD) * math.cos(_DECLINATION_RAD) * math.cos(angle)
    return east, north, up


def light_of(look: LookSpec, *, sodium: bool = False, exposure: float = 1.0) -> Light:
    """Light of a scenario's look. sodium: orange street lamps instead of white ones; exposure: of the camera."""
    direction = sun_at(look.hour)
    elevation = math.degrees(math.asin(direction[2]))
    day = _smooth(elevation, -7.0, 12.0)
    low = 1.0 - _smooth(elevation, 2.0, 22.0)
    cover = max(look.cloud, 0.85 if look.rain > 0.05 else 0.0, 0.9 if look.fog_m is not None else 0.0)
    strength = 1.15 * _smooth(elevation, -0.8, 14.0) * (1.0 - cover) ** 1.1
    sun = strength * (bgr(1.0, 0.93, 0.82) * (1 - low) + bgr(1.0, 0.62, 0.3) * low)
    grey = bgr(0.92, 0.97, 1.0)
    blue = bgr(0.62, 0.80, 1.05) * (1 - low) + bgr(0.62, 0.68, 0.95) * low
    tint = blue * (1 - cover) + grey * cover
    sky = tint * (0.20 + 0.30 * cover - 0.12 * max(look.rain, 0.5 * look.wet)) * day + bgr(0.010, 0.012, 0.018)
    glow = low * day * (1 - cover)
    horizon = (bgr(0.75, 0.84, 0.95) * (1 - glow) + bgr(1.0, 0.62, 0.42) * glow) * (0.9 * day) + bgr(0.03, 0.028, 0.032)
    zenith = (bgr(0.20, 0.38, 0.72) * (1 - cover) + bgr(0.62, 0.66, 0.70) * cover) * day * 0.9
    horizon = horizon * (1 - cover) + bgr(0.80, 0.83, 0.86) * cover * (0.85 * day) + bgr(0.02, 0.02, 0.022) * cover
    if look.fog_m is not None:
        # Fog is as bright as the sky it scatters, which the camera must not take for white.
        horizon = horizon * (0.35 + 0.3 * min(1.0, look.fog_m / 600.0))
    level = float(sky.mean()) + float(sun.mean()) * max(direction[2], 0.0)
    # The camera opens up as light fades, though not enough to make day of night.
    gain = exposure * (1.75 - 0.45 * look.rain * day) / (level + 0.17 + 0.16 * (1.0 - day))
    return Light(
        sun_direction=direction,
        sun=sun,
        sky=sky,
        lamp=bgr(1.0, 0.62, 0.28) if sodium else bgr(1.0, 0.88, 0.70),
        zenith=zenith + bgr(0.008, 0.009, 0.016),
        horizon=horizon,
        night=1.0 - day,
        street_lamps=elevation < _LAMPS_DEG,
        headlamps=elevation < _HEADLAMPS_DEG or look.rain > 0.2 or look.fog_m is not None,
        exposure=gain,
        fog_m=min(look.fog_m or 9000.0, 9000.0 - 7800.0 * min(1.0, look.rain * 1.1)),
        wet=max(look.wet, min(1.0, look.rain * 1.6)),
        rain=look.rain,
    )


def _smooth(x: float, low: float, high: float) -> float:
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)
