"""Light on the faces of what moves: all of a frame at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim_videos.render.light import Light, bgr
from sim_videos.render.mesh import Material
from sim_videos.state import RoadUser

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLINK_S = 0.72
_GLOSSY = np.array([m in {Material.PAINT, Material.WHITE, Material.CARGO, Material.HEADLAMP} for m in Material])
_GLASSY = np.array([m in {Material.GLASS, Material.SALOON} for m in Material])
_LAMPS = (Material.HEADLAMP, Material.TAIL_LAMP, Material.LEFT_INDICATOR, Material.RIGHT_INDICATOR, Material.BEACON)


def burning(user: RoadUser, t_s: float, *, headlamps: bool) -> dict[Material, float]:
    """How brightly each of a road user's lamps burns now; what is dark is left out."""
    lit: dict[Material, float] = {}
    motor = user.make != "person"
    if headlamps and motor:
        lit[Material.HEADLAMP] = 1.0
        lit[Material.TAIL_LAMP] = 0.35
    elif user.make == "motorcycle":
        lit[Material.HEADLAMP] = 0.8
    if user.braking and user.make not in {"person", "bicycle"}:
        lit[Material.TAIL_LAMP] = 1.0
    blink = ((t_s + user.user_id * 0.137) % _BLINK_S) < _BLINK_S * 0.55
    if blink and user.make not in {"person", "bicycle"}:
        if user.indicator > 0 or user.hazard:
            lit[Material.LEFT_INDICATOR] = 1.0
        if user.indicator < 0 or user.hazard:
            lit[Material.RIGHT_INDICATOR] = 1.0
    if user.beacon and (t_s * 2.1 + user.user_id * 0.3) % 1.0 < 0.5:
        lit[Material.BEACON] = 1.0
    return lit


#: Light that a burning lamp itself gives off.
LAMP_COLOUR = {
    Material.HEADLAMP: bgr(1.0, 0.96, 0.88) * 6.0,
    Material.TAIL_LAMP: bgr(2.8, 0.03, 0.02),
    Material.LEFT_INDICATOR: bgr(2.8, 0.95, 0.03),
    Material.RIGHT_INDICATOR: bgr(2.8, 0.95, 0.03),
    Material.BEACON: bgr(0.35, 0.9, 3.4) * 1.3,
}


def lamp_table(users: Sequence[RoadUser], t_s: float, light: Light) -> Array:
    """(n, materials, 3) light given off by the lamps of each road user, above what falls on them."""
    table = np.zeros((len(users), len(Material), 3))
    for row, user in enumerate(users):
        for material, strength in burning(user, t_s, headlamps=light.headlamps).items():
            table[row, material] = LAMP_COLOUR[material] * strength / light.exposure**0.5
    return table


def face_light(
    normals: Array, heights: Array, albedo: Array, material: Ints, view: Array, sunlit: Array, lamp: Array, light: Light
) -> Array:
    """(f, 3) linear light that leaves each face towards the camera.

    normals, view (f, 3): outward, and from the face to the camera, unit vectors. heights (f,) of the
    faces' middles over the road. sunlit (f,) 0..1, lamp (f,): street lamps on level ground there.
    """
    up = normals[:, 2]
    sun = np.array(light.sun_direction)
    # The sky from above, the road's reflection from below; less of both near the ground.
    open_sky = 0.60 + 0.40 * up
    sill = np.clip(0.62 + heights * 0.35, 0.0, 1.0)
    ambient = (open_sky * sill)[:, None] * light.sky + (0.10 * (1 - up))[:, None] * (
        light.sky + light.sun * sunlit[:, None]
    ) * 0.6
    direct = (np.clip(normals @ sun, 0, 1) * sunlit)[:, None] * light.sun if light.casts_shadows else 0.0
    night = (lamp * np.clip(0.35 + 0.65 * up, 0, 1))[:, None] * light.lamp
    lit = albedo * (ambient + direct + night)
    # Schlick 1994: what shines mirrors the sky, the more so the flatter it is looked at.
    facing = np.clip((normals * view).sum(axis=1), 0.0, 1.0)
    mirrored = 2 * facing[:, None] * normals - view
    sky_share = np.clip(mirrored[:, 2] * 1.6 + 0.15, 0, 1)[:, None]
    scene = (
        light.horizon * (0.55 * sky_share)
        + light.zenith * (0.45 * sky_share)
        + (1 - sky_share) * 0.10 * (light.sky + light.sun)
    )
    scene = scene + (lamp * 0.25)[:, None] * light.lamp
    base = np.where(_GLASSY[material], 0.06, np.where(_GLOSSY[material], 0.045, 0.0))
    fresnel = base + (base > 0) * (0.9 - base) * (1 - facing) ** 5
    out = lit * (1 - fresnel)[:, None] + scene * fresnel[:, None]
    if light.casts_shadows:
        glint = np.clip(mirrored @ sun, 0, 1) ** 90 * sunlit
        out = out + (glint * (base > 0) * 1.2)[:, None] * light.sun
    return np.asarray(out, np.float64)
