"""Traffic, camera and side of the road drawn at random, for training pictures that have little in common.

Light, weather, colours and the sensor are varied by `sim_videos.render.randomise`.
"""

from __future__ import annotations

import math

import numpy as np

from sim_videos.compass import HEADING_DEG
from sim_videos.makes import MAKES
from sim_videos.scenario import CameraSpec, Scenario

#: Expected share of each make; much more of the rare ones than a street has.
_TRAINING_MIX = {
    "hatch": 0.18,
    "saloon": 0.15,
    "estate": 0.08,
    "suv": 0.11,
    "pickup": 0.04,
    "van": 0.11,
    "box_van": 0.05,
    "lorry": 0.05,
    "articulated": 0.03,
    "bus": 0.07,
    "motorcycle": 0.14,
}
#: How far shares stray from that: less is further.
_CONCENTRATION = 25.0
#: Sizes of common cameras, and how often each is drawn.
_SIZES = (((640, 360), 0.45), ((352, 288), 0.25), ((480, 360), 0.1), ((640, 480), 0.1), ((960, 540), 0.1))
#: How often a camera hangs above a lane and looks down on roofs, with few vehicles that fill the picture.
_OVERHEAD = 0.2


def varied(scenario: Scenario, rng: np.random.Generator, *, cameras: int) -> Scenario:
    """The same streets and mishaps with other traffic, seen by so many other cameras, perhaps driving on the left."""
    arms = scenario.junction.arms
    approaches = [arm.approach for arm in arms] or [camera.facing for camera in scenario.cameras]
    names = [name for name in _TRAINING_MIX if name in MAKES]
    shares = rng.dirichlet([_CONCENTRATION * _TRAINING_MIX[name] for name in names])
    mix = dict(zip(names, (float(share) for share in shares), strict=True))
    busy = float(rng.uniform(0.3, 1.3))
    # A bay of a junction of three arms may lead nowhere when everything is mirrored.
    left_hand = len(arms) == 4 and bool(rng.random() < 0.4)
    return scenario.model_copy(
        update={
            "junction": scenario.junction.model_copy(update={"left_hand_traffic": left_hand}),
            "seed": int(rng.integers(1, 2**31)),
            "warm_up_s": float(rng.integers(40, 120)),
            "demand": tuple(
                row.model_copy(update={"vehicles_per_h": row.vehicles_per_h * busy, "mix": mix})
                for row in scenario.demand
            ),
            "walkers": tuple(
                row.model_copy(update={"walkers_per_h": min(900.0, row.walkers_per_h * float(rng.uniform(0.5, 5.0)))})
                for row in scenario.walkers
            ),
            "cyclists_per_h": {approach: float(rng.uniform(20, 260)) for approach in approaches},
            "cameras": tuple(_camera(number, str(rng.choice(approaches)), rng) for number in range(cameras)),
            "camera_faults": (),
        }
    )


def _camera(number: int, facing: str, rng: np.random.Generator) -> CameraSpec:
    size_px = _SIZES[int(rng.choice(len(_SIZES), p=[share for _, share in _SIZES]))][0]
    return CameraSpec.model_validate(
        {
            "id": f"mast-{number}",
            "facing": facing,
            "size_px": size_px,
            "fov_deg": float(rng.uniform(36.0, 84.0)),
            "k1": float(rng.uniform(-0.25, 0.05)),
            **(_above(facing, rng) if rng.random() < _OVERHEAD else _across(rng)),
        }
    )


def _across(rng: np.random.Generator) -> dict[str, object]:
    """On a mast on the far side of the junction."""
    return {
        "height_m": float(rng.uniform(5.5, 14.0)),
        "beyond_m": float(rng.uniform(8.0, 42.0)),
        "aside_m": float(rng.uniform(-14.0, 14.0)),
        "aim_m": float(rng.uniform(-4.0, 40.0)),
        "roll_deg": float(rng.normal(0.0, 1.0)),
    }


def _above(facing: str, rng: np.random.Generator) -> dict[str, object]:
    """Over the approach, turned any way, its axis meeting the road within some metres of the mast's foot."""
    heading = math.radians(HEADING_DEG[facing])
    before, aside = float(rng.uniform(12.0, 50.0)), float(rng.uniform(-6.0, 10.0))
    return {
        "height_m": float(rng.uniform(5.0, 13.0)),
        "pos_m": (
            aside * math.sin(heading) - before * math.cos(heading),
            -aside * math.cos(heading) - before * math.sin(heading),
        ),
        "aim_m": float(np.clip(before - 14.0 + rng.uniform(-7.0, 7.0), -20.0, 150.0)),
        "roll_deg": float(np.clip(rng.normal(0.0, 8.0), -20.0, 20.0)),
    }
