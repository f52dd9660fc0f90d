"""Light, weather and colours drawn at random, so that training pictures have little in common."""

from __future__ import annotations

import numpy as np

from sim_videos.render.palette import Palette
from sim_videos.render.renderer import Style
from sim_videos.render.sensor import Sensor
from sim_videos.scenario import LookSpec


def random_look(rng: np.random.Generator) -> LookSpec:
    """Any hour and weather: half of them by day, a fifth about dusk and dawn, the rest by night."""
    part = float(rng.random())
    if part < 0.5:
        hour = rng.uniform(6.5, 18.5)
    elif part < 0.7:
        hour = rng.choice((rng.uniform(19.0, 21.2), rng.uniform(3.4, 6.0)))
    else:
        hour = rng.choice((rng.uniform(21.2, 23.9), rng.uniform(0.0, 3.0)))
    rain = float(rng.uniform(0.2, 1.0)) if rng.random() < 0.25 else 0.0
    wet = 1.0 if rain > 0 else float(rng.uniform(0.2, 1.0)) if rng.random() < 0.15 else 0.0
    fog = float(rng.uniform(60, 400)) if rng.random() < 0.08 else None
    cloud = float(rng.beta(0.7, 0.7))
    return LookSpec(
        hour=round(float(hour), 2), cloud=round(cloud, 2), rain=round(rain, 2), wet=round(wet, 2), fog_m=fog
    )


def random_style(rng: np.random.Generator) -> Style:
    """Any camera's own way of seeing: exposure, noise, softness, compression, colour; and the street's colours."""
    sensor = Sensor(
        noise=float(rng.gamma(2.0, 1.3)),
        jpeg=int(rng.integers(28, 93)),
        soft_px=float(rng.uniform(0.0, 1.1)),
        vignette=float(rng.uniform(0.0, 0.4)),
        saturation=float(rng.choice((0.0, rng.uniform(0.4, 1.4)), p=(0.08, 0.92))),
    )
    return Style(
        palette=Palette(shift=int(rng.integers(100)), tint=round(float(rng.uniform(0, 0.5)), 2)),
        sensor=sensor,
        exposure=float(np.exp(rng.normal(0.0, 0.28))),
        sodium=bool(rng.random() < 0.35),
    )
