"""What drivers there are: SUMO vehicle types of every make, several variants each, and the usual city mix.

Variants differ in following time, gap kept standing, eagerness and reaction at green, so
that a queue does not stand like a ruler. SUMO user documentation, "Definition of
Vehicles, Vehicle Types, and Routes"; car following is the Intelligent Driver Model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

import numpy as np

from edge.errors import ConfigError
from edge.types import Kind
from sim_videos.makes import MAKES, Make

VARIANTS = 8
#: Share of makes where a scenario gives none: a European city by day, bicycles apart.
CITY_MIX: Mapping[str, float] = {
    "hatch": 0.30,
    "saloon": 0.22,
    "estate": 0.10,
    "suv": 0.15,
    "pickup": 0.02,
    "van": 0.09,
    "box_van": 0.03,
    "lorry": 0.03,
    "articulated": 0.01,
    "bus": 0.02,
    "motorcycle": 0.03,
}
#: Of an ambulance on its way, which drives with its lamps and past red ones.
BEACON_TYPE = "ambulance!"
#: Of what stands invisibly in a lane where a mishap keeps traffic out.
OBSTACLE_TYPE = "obstacle"
_CLASS = {Kind.CAR: "passenger", Kind.TRUCK: "truck", Kind.BUS: "bus", Kind.MOTORCYCLE: "motorcycle"}


def check_mix(where: str, mix: Mapping[str, float]) -> None:
    """ConfigError for a make that does not exist or does not drive, or shares that do not add up to 1."""
    drivable = [name for name, make in MAKES.items() if make.kind is not Kind.PERSON]
    for name in mix:
        if name not in drivable:
            raise ConfigError(f"{where}.mix: there is no vehicle {name!r}; use {', '.join(drivable)}")
    if abs(sum(mix.values()) - 1) > 1e-3:
        raise ConfigError(f"{where}.mix: the shares add up to {sum(mix.values()):g}; make it 1")


def vehicle_type(make: str, variant: int) -> str:
    """SUMO's id of a make's variant."""
    return f"{make}.{variant % VARIANTS}"


def vehicle_types(rng: np.random.Generator) -> Iterator[ET.Element]:
    """Every vType of a run, as XML; the same generator state gives the same types."""
    for make in MAKES.values():
        if make.kind is Kind.PERSON:
            continue
        for variant in range(VARIANTS):
            driver = _driver(make, vehicle_type(make.name, variant), rng)
            if variant % 4 == 0:
                # One in four loses patience and drives into a junction that it may not clear.
                driver.set("jmIgnoreKeepClearTime", f"{rng.uniform(4, 10):.1f}")
            yield driver
    ambulance = _driver(MAKES["ambulance"], BEACON_TYPE, rng)
    ambulance.set("vClass", "emergency")
    ambulance.set("speedFactor", "1.2")
    for key, value in (
        ("jmDriveAfterRedTime", "1000"),
        ("jmDriveRedSpeed", "5"),
        ("jmIgnoreKeepClearTime", "0"),
    ):
        ambulance.set(key, value)
    ET.SubElement(ambulance, "param", key="has.bluelight.device", value="true")
    yield ambulance
    obstacle = {
        "vClass": "passenger",
        "length": "1.5",
        "width": "1.6",
        "minGap": "0.5",
        "maxSpeed": "0.1",
        "sigma": "0",
    }
    yield ET.Element("vType", {"id": OBSTACLE_TYPE, **obstacle})
    for variant in range(VARIANTS):
        speed_mps = float(np.clip(rng.normal(1.35, 0.2), 0.8, 1.9))
        person = {"vClass": "pedestrian", "length": "0.45", "width": "0.55", "minGap": "0.25"}
        yield ET.Element("vType", {"id": vehicle_type("person", variant), **person, "maxSpeed": f"{speed_mps:.3f}"})


def _driver(make: Make, name: str, rng: np.random.Generator) -> ET.Element:
    bicycle = make.kind is Kind.BICYCLE
    heavy = make.length_m > 6
    tau_s = float(np.clip(rng.normal(1.05 if heavy else 0.86, 0.1), 0.65, 1.4))
    gap_m = float(np.clip(rng.normal(0.9 if bicycle else 2.1, 0.4), 0.6, 3.4))
    # SUMO stops this far before the line; people vary, few stop on it.
    line_m = float(np.clip(rng.normal(1.0, 0.5), 0.3, 2.5))
    factor = float(np.clip(rng.normal(0.97 if heavy else 1.02, 0.07), 0.82, 1.18))
    return ET.Element(
        "vType",
        {
            "id": name,
            "vClass": "bicycle" if bicycle else _CLASS[make.kind],
            "length": f"{make.length_m}",
            "width": f"{make.width_m}",
            "height": f"{make.height_m}",
            "accel": f"{make.accel_mps2 * rng.uniform(0.85, 1.1):.3f}",
            "decel": f"{make.decel_mps2 * 0.65:.3f}",
            "emergencyDecel": "8.0",
            "maxSpeed": f"{make.top_mps * (rng.uniform(0.7, 1.0) if bicycle else 1.0):.3f}",
            "speedFactor": f"{factor:.3f}",
            "speedDev": "0",
            "carFollowModel": "IDM",
            "tau": f"{tau_s:.3f}",
            "minGap": f"{gap_m:.3f}",
            "jmStoplineGap": f"{line_m:.3f}",
            "startupDelay": f"{float(np.clip(rng.normal(0.35, 0.2), 0.0, 0.9)):.3f}",
            "jmTimegapMinor": f"{rng.uniform(1.0, 2.2):.3f}",
            "lcStrategic": "2",
            # Before a signal drivers spread over the lanes.
            "lcKeepRight": "0",
            # Nobody slides sideways while standing.
            "lcMaxSpeedLatStanding": "0",
            "lcMaxSpeedLatFactor": "0.3",
            "lcCooperative": f"{rng.uniform(0.5, 1.0):.3f}",
        },
    )
