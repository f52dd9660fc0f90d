"""A corridor of signals made on the spot, with its traffic: for tests, examples and machines without other nets.

    N1    N2
W ──J1────J2── E       two lanes and a left-turn lane to every stop line
    S1    S2
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from edge.errors import ConfigError
from sim_videos.nets.run import Scenario

_ARM_M, _SPACING_M = 220.0, 260.0
_SPEED_MPS = 13.9


@dataclass(frozen=True, slots=True)
class Traffic:
    """Vehicles an hour that enter from each end of the corridor and from each side road; shares that turn."""

    main_vph: float = 700.0
    side_vph: float = 350.0
    left: float = 0.15
    right: float = 0.15


def made_corridor(
    folder: Path, *, junctions: int = 2, seconds: int = 900, seed: int = 1, traffic: Traffic | None = None
) -> Scenario:
    """Write corridor.net.xml and corridor.rou.xml; ConfigError with netconvert's words, or without SUMO."""
    net = folder / "corridor.net.xml"
    _plain(folder, junctions)
    try:
        import sumo
    except ModuleNotFoundError as error:
        raise ConfigError("SUMO is missing: pip install 'stopline[sim]'") from error
    command = [
        str(Path(sumo.SUMO_HOME) / "bin" / "netconvert"),
        *("--node-files", "corridor.nod.xml", "--edge-files", "corridor.edg.xml", "--output-file", net.name),
        *("--no-turnarounds", "true", "--tls.default-type", "static", "--tls.left-green.time", "6"),
        *("--tls.yellow.time", "3", "--junctions.corner-detail", "0"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 or not net.exists():
        raise ConfigError(f"corridor: netconvert cannot build it ({done.stderr.strip()[:200]})")
    routes = folder / "corridor.rou.xml"
    _routes(routes, junctions, seconds, seed, traffic if traffic is not None else Traffic())
    return Scenario("corridor", net, routes, 0, seconds)


def _plain(folder: Path, junctions: int) -> None:
    nodes, edges = ET.Element("nodes"), ET.Element("edges")
    row = ["W", *(f"J{i}" for i in range(1, junctions + 1)), "E"]

    def node(name: str, x_m: float, y_m: float, kind: str = "priority") -> None:
        ET.SubElement(nodes, "node", id=name, x=f"{x_m}", y=f"{y_m}", type=kind)

    def road(one: str, other: str) -> None:
        for begin, end in ((one, other), (other, one)):
            lanes = "3" if end.startswith("J") else "2"
            ET.SubElement(
                edges,
                "edge",
                id=f"{begin}{end}",
                attrib={"from": begin, "to": end},
                numLanes=lanes,
                speed=f"{_SPEED_MPS}",
            )

    for i in range(1, junctions + 1):
        x_m = (i - 1) * _SPACING_M
        node(f"J{i}", x_m, 0.0, "traffic_light")
        node(f"N{i}", x_m, _ARM_M)
        node(f"S{i}", x_m, -_ARM_M)
        road(f"N{i}", f"J{i}")
        road(f"S{i}", f"J{i}")
    node("W", -_ARM_M, 0.0)
    node("E", (junctions - 1) * _SPACING_M + _ARM_M, 0.0)
    for one, other in pairwise(row):
        road(one, other)
    ET.ElementTree(nodes).write(folder / "corridor.nod.xml")
    ET.ElementTree(edges).write(folder / "corridor.edg.xml")


def _routes(path: Path, junctions: int, seconds: int, seed: int, traffic: Traffic) -> None:
    """Trips at random times, each with where it leaves drawn turn by turn."""
    rng = np.random.default_rng(seed)
    sources = [("W", traffic.main_vph), ("E", traffic.main_vph)]
    sources += [(f"{side}{i}", traffic.side_vph) for i in range(1, junctions + 1) for side in "NS"]
    trips = [
        (float(depart_s), source, _sink(source, junctions, rng, traffic))
        for source, vph in sources
        for depart_s in np.sort(rng.uniform(0, seconds, rng.poisson(vph * seconds / 3600)))
    ]
    root = ET.Element("routes")
    ET.SubElement(root, "vType", id="car", length="4.5", minGap="2", speedDev="0.1")
    row = ["W", *(f"J{i}" for i in range(1, junctions + 1)), "E"]

    def edge(place: str, inward: bool) -> str:
        at = {"W": row[1], "E": row[-2]}.get(place, f"J{place[1:]}")
        return f"{place}{at}" if inward else f"{at}{place}"

    for number, (depart_s, source, sink) in enumerate(sorted(trips)):
        attributes = {"from": edge(source, inward=True), "to": edge(sink, inward=False)}
        ET.SubElement(
            root, "trip", id=f"v{number}", type="car", depart=f"{depart_s:.2f}", departLane="best", attrib=attributes
        )
    ET.ElementTree(root).write(path)


def _sink(source: str, junctions: int, rng: np.random.Generator, traffic: Traffic) -> str:
    heading = {"W": 1, "E": -1}.get(source, 0)
    at = {"W": 1, "E": junctions}.get(source, 0) or int(source[1:])
    if heading == 0:
        turn = rng.uniform()
        opposite = {"N": "S", "S": "N"}[source[0]]
        if turn >= traffic.left + traffic.right:
            return f"{opposite}{at}"
        heading = 1 if (source[0] == "N") == (turn < traffic.left) else -1
        at += heading
    while 1 <= at <= junctions:
        turn = rng.uniform()
        if turn < traffic.left:
            return f"{'N' if heading > 0 else 'S'}{at}"
        if turn < traffic.left + traffic.right:
            return f"{'S' if heading > 0 else 'N'}{at}"
        at += heading
    return "E" if heading > 0 else "W"
