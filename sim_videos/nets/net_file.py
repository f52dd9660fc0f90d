"""A .net.xml as far as signals go: lanes, the connections between them, programs, and who is in whose way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from edge.errors import InputError


@dataclass(frozen=True, slots=True)
class NetLane:
    """One lane. walk: people alone use it, on foot."""

    id: str
    edge: str
    index: int
    length_m: float
    speed_mps: float
    walk: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """From one lane to another; via is the lane inside the junction. signal and link where a light rules it.

    junction and request: its row in the junction's table of who yields to whom.
    """

    from_lane: str
    to_lane: str
    to_edge: str
    via: str | None
    turn: str
    signal: str | None
    link: int | None
    junction: str | None
    request: int | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """One phase of a program: seconds and one letter a link; least and most where it may vary."""

    duration_s: float
    state: str
    min_s: float | None
    max_s: float | None


@dataclass(frozen=True, slots=True)
class Program:
    """A signal's own program."""

    signal: str
    kind: str
    number: str
    offset_s: float
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Right:
    """One row of a junction's table: to whom it must yield, and whose path it crosses."""

    yields_to: frozenset[int]
    foes: frozenset[int]


@dataclass(frozen=True, slots=True)
class RoadNet:
    """All of it. connections by the lane they leave; rights by junction and row."""

    path: Path
    lanes: Mapping[str, NetLane]
    connections: Mapping[str, tuple[Connection, ...]]
    programs: Mapping[str, Program]
    rights: Mapping[tuple[str, int], Right]

    def ruled(self, signal: str) -> tuple[Connection, ...]:
        """The connections of a signal, by link number."""
        found = [c for each in self.connections.values() for c in each if c.signal == signal]
        return tuple(sorted(found, key=lambda c: (c.link or 0, c.from_lane, c.to_lane)))


def read_net(path: Path) -> RoadNet:
    """Read a net; InputError where it is none, or has no signal."""
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - a file the user names, as every input
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a SUMO net, .net.xml") from error
    except ET.ParseError as error:
        raise InputError(f"{path}: is not XML ({error}); give a SUMO net, .net.xml, unpacked") from error
    if root.tag != "net":
        raise InputError(f"{path}: its root is <{root.tag}>, not <net>; give a SUMO net, .net.xml")
    lanes = {lane.id: lane for lane in _lanes(root)}
    rows = _rows(root)
    connections: dict[str, list[Connection]] = {}
    order: dict[str, int] = {}
    for element in root.iter("connection"):
        from_lane = f"{element.get('from', '')}_{element.get('fromLane', '')}"
        to_edge = element.get("to", "")
        for name in (from_lane, f"{to_edge}_{element.get('toLane', '')}"):
            if name not in lanes:
                raise InputError(f"{path}: a connection names lane {name}, which is not there; make the net anew")
        base = rows.get(from_lane)
        number = order.get(from_lane, 0)
        order[from_lane] = number + 1
        link = element.get("linkIndex")
        connections.setdefault(from_lane, []).append(
            Connection(
                from_lane,
                f"{to_edge}_{element.get('toLane', '')}",
                to_edge,
                element.get("via"),
                element.get("dir", ""),
                element.get("tl"),
                None if link is None else int(link),
                None if base is None else base,
                number,
            )
        )
    numbered = _numbered(root, connections)
    programs = {program.signal: program for program in _programs(root)}
    if not programs:
        raise InputError(f"{path}: has no traffic light (<tlLogic>), so there is nothing to control; give another net")
    return RoadNet(path, lanes, numbered, programs, dict(_rights(root)))


def _lanes(root: ET.Element) -> Iterator[NetLane]:
    for edge in root.iter("edge"):
        for element in edge.iter("lane"):
            walk = element.get("allow") == "pedestrian" or edge.get("function") in {"walkingarea", "crossing"}
            yield NetLane(
                element.get("id", ""),
                edge.get("id", ""),
                int(element.get("index", "0")),
                float(element.get("length", "0")),
                float(element.get("speed", "0")),
                walk,
            )


def _rows(root: ET.Element) -> dict[str, str]:
    """Lane → the junction it leads to, where that has a table."""
    rows = {}
    for junction in root.iter("junction"):
        if junction.find("request") is not None:
            for lane in junction.get("incLanes", "").split():
                rows[lane] = junction.get("id", "")
    return rows


def _numbered(root: ET.Element, connections: Mapping[str, list[Connection]]) -> dict[str, tuple[Connection, ...]]:
    """Rows of a junction's table count its incoming lanes in their order, and each lane's connections in the file's."""
    first: dict[str, int] = {}
    for junction in root.iter("junction"):
        if junction.find("request") is None:
            continue
        count = 0
        for lane in junction.get("incLanes", "").split():
            first[lane] = count
            count += len(connections.get(lane, ()))
    numbered = {}
    for lane, each in connections.items():
        base = first.get(lane)
        numbered[lane] = tuple(
            Connection(
                c.from_lane,
                c.to_lane,
                c.to_edge,
                c.via,
                c.turn,
                c.signal,
                c.link,
                c.junction,
                None if base is None or c.request is None else base + c.request,
            )
            for c in each
        )
    return numbered


def _programs(root: ET.Element) -> Iterator[Program]:
    for element in root.iter("tlLogic"):
        stretches = tuple(
            Stretch(
                float(phase.get("duration", "0")),
                phase.get("state", ""),
                _float(phase, "minDur"),
                _float(phase, "maxDur"),
            )
            for phase in element.iter("phase")
        )
        offset = element.get("offset", "0")
        yield Program(
            element.get("id", ""),
            element.get("type", "static"),
            element.get("programID", "0"),
            0.0 if offset == "begin" else float(offset),
            stretches,
        )


def _rights(root: ET.Element) -> Iterator[tuple[tuple[str, int], Right]]:
    for junction in root.iter("junction"):
        for row in junction.iter("request"):
            key = (junction.get("id", ""), int(row.get("index", "0")))
            yield key, Right(_bits(row.get("response", "")), _bits(row.get("foes", "")))


def _bits(text: str) -> frozenset[int]:
    """Row numbers of a bit string, which SUMO writes with row 0 at the right."""
    return frozenset(i for i, letter in enumerate(reversed(text)) if letter == "1")


def _float(element: ET.Element, key: str) -> float | None:
    text = element.get(key)
    return None if text is None else float(text)
