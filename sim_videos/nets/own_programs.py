"""The net's own program, and what SUMO makes of it when it is let vary: what our controllers are compared with.

SUMO runs these by itself; neither the core nor a controller of ours is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from sim_videos.nets.net_file import Program, Stretch

OwnName = Literal["own", "own yellow", "sumo actuated"]
#: Greens of SUMO's actuated program where the net says nothing of them, s.
_LEAST_S, _MOST_S = 5.0, 50.0


def additional_file(
    path: Path, programs: Mapping[str, Program], name: OwnName, yellow_s: float, red_clearance_s: float = 0.0
) -> Path:
    """Write the programs of a net as SUMO's additional file with these yellows; `own` is for nobody to change."""
    root = ET.Element("additional")
    for program in programs.values():
        logic = ET.SubElement(
            root,
            "tlLogic",
            id=program.signal,
            type="actuated" if name == "sumo actuated" else "static",
            programID="stopline",
            offset=f"{program.offset_s:g}",
        )
        for stretch, after in zip(program.stretches, (*program.stretches[1:], program.stretches[0]), strict=True):
            _stretch(logic, stretch, name, yellow_s)
            if _is_yellow(stretch) and red_clearance_s:
                ET.SubElement(logic, "phase", duration=f"{red_clearance_s:g}", state=_cleared(stretch, after))
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def _stretch(logic: ET.Element, stretch: Stretch, name: OwnName, yellow_s: float) -> None:
    if _is_yellow(stretch):
        ET.SubElement(logic, "phase", duration=f"{yellow_s:g}", state=stretch.state)
    elif name == "sumo actuated":
        ET.SubElement(
            logic,
            "phase",
            duration=f"{stretch.duration_s:g}",
            state=stretch.state,
            minDur=f"{_LEAST_S if stretch.min_s is None else stretch.min_s:g}",
            maxDur=f"{_MOST_S if stretch.max_s is None else stretch.max_s:g}",
        )
    else:
        ET.SubElement(logic, "phase", duration=f"{stretch.duration_s:g}", state=stretch.state)


def _cleared(stretch: Stretch, after: Stretch) -> str:
    """All that was yellow, or is to begin, is red; what goes on being green does, with its letter of before."""
    pairs = zip(stretch.state, after.state, strict=True)
    return "".join(was if was == then or {was, then} <= {"G", "g"} else "r" for was, then in pairs)


def _is_yellow(stretch: Stretch) -> bool:
    return any(letter in "yYu" for letter in stretch.state)
