"""Runs SUMO's netconvert, which turns plain XML into a net with junction shapes and internal lanes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import sumo

from edge.errors import ConfigError
from sim_videos.scenario import JunctionSpec
from sim_videos.world.plain import plain_files


def make_net(junction: JunctionSpec, work: Path) -> Path:
    """Writes junction.net.xml of a parametric junction into work; ConfigError with netconvert's own words."""
    plain = plain_files(junction)
    for name, text in (("nod", plain.nodes), ("edg", plain.edges), ("con", plain.connections)):
        (work / f"junction.{name}.xml").write_text(text, encoding="utf-8")
    net = work / "junction.net.xml"
    command = [
        str(Path(sumo.SUMO_HOME) / "bin" / "netconvert"),
        *("--node-files", "junction.nod.xml", "--edge-files", "junction.edg.xml"),
        *("--connection-files", "junction.con.xml", "--output-file", net.name),
        *("--offset.disable-normalization", "true", "--no-turnarounds", "true"),
        *("--walkingareas", "true", "--junctions.corner-detail", "8", "--junctions.internal-link-detail", "12"),
        *("--precision", "3", "--lefthand", str(junction.left_hand_traffic).lower()),
    ]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 or not net.exists():
        said = next((line for line in done.stderr.splitlines() if line.startswith("Error")), done.stderr[:200].strip())
        raise ConfigError(f"junction: netconvert cannot build it ({said}); correct its arms")
    return net
