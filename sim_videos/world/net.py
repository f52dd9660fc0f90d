"""A SUMO net file as typed values: lanes, connections, crossings, and the one signalised junction.

Format: SUMO user documentation, "SUMO Road Networks". Metres are those of the net,
moved so that the junction's node is the origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from edge.errors import ConfigError
from sim_videos.state import PointM
from sim_videos.street import LaneUse, Line


@dataclass(frozen=True, slots=True)
class NetLane:
    """One lane. length_m is SUMO's, which may differ a little from that of line_m."""

    id: str
    edge: str
    index: int
    line_m: Line
    width_m: float
    length_m: float
    speed_limit_mps: float
    use: LaneUse
    bicycles: bool
    inside: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """From lane to lane, over via (internal lanes in order). index is its place in the signal's state."""

    lane: str
    to_lane: str
    via: tuple[str, ...]
    turning: str
    index: int | None


@dataclass(frozen=True, slots=True)
class NetCrossing:
    """One pedestrian crossing: edges are those it leads across; index as above."""

    edge: str
    lane: str
    edges: tuple[str, ...]
    outline_m: Line
    axis_m: tuple[PointM, PointM]
    index: int | None


@dataclass(frozen=True, slots=True)
class Net:
    """What Stopline needs of a net around one signalised junction.

    origin_m: where the junction's middle lies in the net's own metres. links: number of
    characters of the signal's state. sources: node an edge comes from, targets: where it ends.
    """

    path: Path
    junction: str
    signal: str
    links: int
    left_hand: bool
    origin_m: PointM
    outline_m: Line
    lanes: dict[str, NetLane]
    edges: dict[str, tuple[str, ...]]
    sources: dict[str, str]
    targets: dict[str, str]
    connections: tuple[Connection, ...]
    crossings: tuple[NetCrossing, ...]


def read_net(path: Path, junction: str | None) -> Net:
    """The net around a junction, or around its only signalised one; ConfigError names what is wrong."""
    try:
        root = ET.parse(path).getroot()  # noqa: S314  a net the operator made; expat bounds entity expansion
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give a SUMO net file (.net.xml) as junction.net") from error
    except ET.ParseError as error:
        raise ConfigError(f"{path}: is not XML ({error}); give a SUMO net file (.net.xml)") from error
    if root.tag != "net":
        raise ConfigError(f"{path}: is no SUMO net but <{root.tag}>; give the .net.xml that netconvert wrote")
    try:
        return _read(root, path, junction)
    except (KeyError, ValueError) as error:
        raise ConfigError(f"{path}: is not a whole SUMO net ({error}); write it anew with netconvert") from error


def _read(root: ET.Element, path: Path, wanted: str | None) -> Net:
    middle = _signalised(root, path, wanted)
    name = middle.attrib["id"]
    origin_m = (float(middle.attrib["x"]), float(middle.attrib["y"]))
    if root.find("edge[@id]") is None:
        raise ValueError("no edges")
    lanes: dict[str, NetLane] = {}
    edges: dict[str, tuple[str, ...]] = {}
    for edge in root.iter("edge"):
        read = tuple(_lane(edge, lane, origin_m) for lane in edge.iter("lane"))
        edges[edge.attrib["id"]] = tuple(lane.id for lane in read)
        lanes.update((lane.id, lane) for lane in read)
    ends = [edge for edge in root.iter("edge") if "from" in edge.attrib]
    linked = list(root.iter("connection"))
    signal = next(
        (link.attrib["tl"] for link in linked if "tl" in link.attrib and _leads_into(link.attrib["from"], ends, name)),
        None,
    )
    if signal is None:
        raise ConfigError(f"{path}: junction {name} has no signal; make it a traffic_light one, or name another")
    indices = [int(link.attrib["linkIndex"]) for link in linked if link.get("tl") == signal]
    return Net(
        path=path,
        junction=name,
        signal=signal,
        links=max(indices) + 1,
        left_hand=root.get("lefthand") == "true",
        origin_m=origin_m,
        outline_m=_points(middle.attrib["shape"], origin_m),
        lanes=lanes,
        edges=edges,
        sources={edge.attrib["id"]: edge.attrib["from"] for edge in ends},
        targets={edge.attrib["id"]: edge.attrib["to"] for edge in ends},
        connections=tuple(_connections(linked)),
        crossings=tuple(_crossings(root, linked, signal, name, lanes)),
    )


def _signalised(root: ET.Element, path: Path, wanted: str | None) -> ET.Element:
    known = {node.attrib["id"]: node for node in root.iter("junction") if node.get("type") != "internal"}
    signalised = [name for name, node in known.items() if node.get("type", "").startswith("traffic_light")]
    if not signalised:
        raise ConfigError(f"{path}: no junction of this net has a signal; Stopline needs one that has")
    if wanted is None:
        if len(signalised) > 1:
            raise ConfigError(f"{path}: has {len(signalised)} signals; name one of {_some(signalised)} as junction")
        return known[signalised[0]]
    if wanted not in known:
        raise ConfigError(f"{path}: there is no junction {wanted!r}; those with a signal are {_some(signalised)}")
    if wanted not in signalised:
        raise ConfigError(f"{path}: junction {wanted} has no signal; those that have are {_some(signalised)}")
    return known[wanted]


def _leads_into(edge: str, ends: list[ET.Element], node: str) -> bool:
    return any(end.attrib["id"] == edge and end.attrib["to"] == node for end in ends)


def _lane(edge: ET.Element, lane: ET.Element, origin_m: PointM) -> NetLane:
    function = edge.get("function", "normal")
    allowed = lane.get("allow", "").split()
    barred = lane.get("disallow", "").split()
    if function in {"crossing", "walkingarea"} or allowed == ["pedestrian"]:
        use = LaneUse.WALKERS
    elif allowed and set(allowed) <= {"bicycle", "pedestrian"}:
        use = LaneUse.BICYCLES
    elif "passenger" in allowed or (not allowed and "passenger" not in barred and "all" not in barred):
        use = LaneUse.VEHICLES
    else:
        use = LaneUse.BICYCLES if "bicycle" in allowed else LaneUse.WALKERS
    return NetLane(
        id=lane.attrib["id"],
        edge=edge.attrib["id"],
        index=int(lane.attrib["index"]),
        line_m=_points(lane.attrib["shape"], origin_m),
        width_m=float(lane.get("width", "3.2")),
        length_m=float(lane.attrib["length"]),
        speed_limit_mps=float(lane.attrib["speed"]),
        use=use,
        bicycles="bicycle" in allowed or (not allowed and "bicycle" not in barred and "all" not in barred),
        inside=function != "normal",
    )


def _connections(linked: list[ET.Element]) -> list[Connection]:
    """Those between lanes of streets (not the ways of walkers), each with every internal lane it leads over."""
    onward = {f"{link.attrib['from']}_{link.attrib['fromLane']}": link.get("via") for link in linked}
    found = []
    for link in linked:
        if link.attrib["from"].startswith(":") or link.attrib["to"].startswith(":"):
            continue
        via: list[str] = []
        following = link.get("via")
        while following is not None and following not in via:
            via.append(following)
            following = onward.get(following)
        index = link.get("linkIndex")
        found.append(
            Connection(
                lane=f"{link.attrib['from']}_{link.attrib['fromLane']}",
                to_lane=f"{link.attrib['to']}_{link.attrib['toLane']}",
                via=tuple(via),
                turning=link.get("dir", "s"),
                index=None if index is None else int(index),
            )
        )
    return found


def _crossings(
    root: ET.Element, linked: list[ET.Element], signal: str, junction: str, lanes: dict[str, NetLane]
) -> list[NetCrossing]:
    into = {
        link.attrib["to"]: int(link.attrib["linkIndex"])
        for link in linked
        if link.get("tl") == signal and link.attrib["to"].startswith(f":{junction}_c")
    }
    found = []
    for edge in root.iter("edge"):
        name = edge.attrib["id"]
        if edge.get("function") != "crossing" or not name.startswith(f":{junction}_c"):
            continue
        lane = lanes[f"{name}_0"]
        axis_m = (lane.line_m[0], lane.line_m[-1])
        found.append(
            NetCrossing(
                edge=name,
                lane=lane.id,
                edges=tuple(edge.attrib["crossingEdges"].split()),
                outline_m=_strip(axis_m, lane.width_m),
                axis_m=axis_m,
                index=into.get(name),
            )
        )
    return found


def _strip(axis_m: tuple[PointM, PointM], width_m: float) -> Line:
    """The rectangle about an axis; SUMO's own outline follows the junction's corners."""
    (x1, y1), (x2, y2) = axis_m
    long_m = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1e-6)
    nx, ny = -(y2 - y1) / long_m * width_m / 2, (x2 - x1) / long_m * width_m / 2
    return ((x1 + nx, y1 + ny), (x2 + nx, y2 + ny), (x2 - nx, y2 - ny), (x1 - nx, y1 - ny))


def _points(text: str, origin_m: PointM) -> Line:
    pairs = (point.split(",") for point in text.split())
    return tuple((round(float(p[0]) - origin_m[0], 6), round(float(p[1]) - origin_m[1], 6)) for p in pairs)


def _some(names: list[str]) -> str:
    return ", ".join(sorted(names)[:8]) + (", …" if len(names) > 8 else "")
