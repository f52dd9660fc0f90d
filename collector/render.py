"""Turns a page view into HTML, section by section. Names from cabinets are escaped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from collector.answers import ControlNow, LaneQueue, NodeHealth
from collector.chart import COLOURS
from collector.view import PageView, SiteView
from edge.types import KINDS, Kind

KIND_NAMES: dict[Kind, str] = {
    Kind.CAR: "Cars",
    Kind.TRUCK: "Trucks",
    Kind.BUS: "Buses",
    Kind.MOTORCYCLE: "Motorcycles",
    Kind.BICYCLE: "Bicycles",
    Kind.PERSON: "On foot",
}
#: Levels of control as people call them.
LEVEL_NAMES = {
    "adaptive": "Adaptive",
    "actuated": "Actuated",
    "fixed": "Fixed time",
    "preempt": "Preemption",
    "flash": "Flash",
}
SEVERITY_BADGES = {"critical": "bad", "high": "bad", "medium": "warn", "low": "warn"}
#: A node that is online but says nothing for so long is called silent.
SILENT_S = 90

_templates = Environment(
    loader=PackageLoader("collector", "web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence above the page; level is `warn` or `bad`."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The four numbers under the heading. live: every lane's node is online."""

    vehicles: int | None
    people: int | None
    queued: int | None
    queued_at_least: bool
    wait_s: float | None
    live: bool


def top(view: PageView) -> str:
    """Brand, broker, list of sites when there are several, notices."""
    return _templates.get_template("top.html").render(view=view, notices=notices_of(view))


def empty(view: PageView) -> str:
    """What stands there before the first message."""
    return _templates.get_template("empty.html").render(view=view)


def foot(view: PageView) -> str:
    """Time zone, counters, version."""
    return _templates.get_template("foot.html").render(view=view)


def heading(shown: SiteView) -> str:
    """The site's name, the hour shown, and four numbers."""
    return _templates.get_template("heading.html").render(shown=shown, latest=_latest(shown), figures=figures_of(shown))


def movements(shown: SiteView) -> str:
    """Table of the last hour's counts; a column for each kind that was seen."""
    counted = [row.counts for row in shown.totals if row.counts is not None]
    kinds = [kind for kind in KINDS if any(counts[kind] for counts in counted)]
    return _templates.get_template("movements.html").render(
        totals=shown.totals,
        kinds=kinds,
        kind_names=KIND_NAMES,
        colours=COLOURS,
        most=max((row.vehicles or 0 for row in shown.totals), default=0) or 1,
        seen=seen,
    )


def lanes(shown: SiteView) -> str:
    """Table of the lanes as last reported."""
    return _templates.get_template("lanes.html").render(
        lanes=shown.lanes,
        live=_live(shown.lanes),
        as_of=max((lane.as_of for lane in shown.lanes), default=None),
        longest=max((lane.queue_vehicles or 0 for lane in shown.lanes), default=0) or 1,
    )


def devices(shown: SiteView) -> str:
    """Nodes and their cameras."""
    return _templates.get_template("devices.html").render(nodes=shown.nodes, node_badge=node_badge, ago=ago)


def control(shown: SiteView) -> str:
    """Who decides, since when, why not a better level; and the latest decisions."""
    return _templates.get_template("control.html").render(
        control=shown.control, level_badge=level_badge, level_names=LEVEL_NAMES
    )


def notices_of(view: PageView) -> list[Notice]:
    """What an operator must know before believing the numbers."""
    notices: list[Notice] = []
    collector = view.collector
    if view.problem is not None:
        notices.append(Notice("bad", view.problem))
    if not collector.broker_connected:
        why = f": {collector.broker_reason}" if collector.broker_reason else ""
        notices.append(Notice("bad", f"Nothing new arrives, the broker is not reachable{why}. Trying again."))
    if collector.storage_reason is not None:
        notices.append(Notice("bad", f"Nothing is stored: {collector.storage_reason}. Cabinets keep their records."))
    if view.selected is not None:
        notices.extend(_site_notices(view.selected))
    return notices


def _site_notices(shown: SiteView) -> list[Notice]:
    notices: list[Notice] = []
    if shown.hour is not None and shown.hour.crossings_lost:
        lost = shown.hour.crossings_lost
        notices.append(Notice("warn", f"Counts may be too low: a full disk at the cabinet gave up {lost} crossings."))
    unsynced = sorted({node.node for node in shown.nodes if any(not c.clock_synced for c in node.cameras)})
    if unsynced:
        notices.append(Notice("warn", f"Times may be wrong: the clock of {', '.join(unsynced)} is not synchronised."))
    return notices


def figures_of(shown: SiteView) -> Figures:
    """Sums over what is known; None where nothing is."""
    vehicles = [row.vehicles for row in shown.totals if row.vehicles is not None]
    # One counted vehicle says nothing of people on foot; a minute that was seen does.
    people = [
        row.counts[Kind.PERSON]
        for row in shown.totals
        if row.counts is not None and (row.known_s > 0 or row.counts[Kind.PERSON])
    ]
    queued = [lane.queue_vehicles for lane in shown.lanes if lane.queue_vehicles is not None]
    waits = [lane.wait_s for lane in shown.lanes if lane.wait_s is not None]
    # Nobody queued is a wait of nothing, but only where every lane is seen.
    nobody = bool(shown.lanes) and all(lane.queue_vehicles == 0 for lane in shown.lanes)
    unseen = any(lane.queue_vehicles is None for lane in shown.lanes)
    return Figures(
        vehicles=sum(vehicles) if vehicles else None,
        people=sum(people) if people else None,
        queued=sum(queued) if queued else None,
        queued_at_least=bool(queued) and (unseen or any(lane.queue_at_least for lane in shown.lanes)),
        wait_s=max(waits) if waits else (0.0 if nobody else None),
        live=_live(shown.lanes),
    )


def node_badge(node: NodeHealth) -> tuple[str, str]:
    """Level and words for a node's state."""
    if node.state == "offline":
        return "bad", "offline"
    if node.state == "unknown":
        return "warn", "state unknown"
    if node.last_seen_age_s > SILENT_S:
        return "warn", "online, but silent"
    return "good", "online"


def incidents(shown: SiteView) -> str:
    """What goes on, with what might be done about it; and what is over."""
    return _templates.get_template("incidents.html").render(incidents=shown.incidents, badges=SEVERITY_BADGES)


def level_badge(now: ControlNow) -> tuple[str, str]:
    """Badge and words for who decides: bad while the lamps flash, a warning where a better level gave way."""
    if now.mode == "flash" or now.fault is not None:
        return "bad", "Lamps flash"
    if now.mode == "startup":
        return "warn", "Starting up"
    if now.level is None:
        return "warn", "Level unknown"
    name = LEVEL_NAMES.get(now.level, now.level)
    return ("good" if now.level_reason is None and now.level not in {"preempt", "flash"} else "warn"), name


def ago(age_s: float) -> str:
    """An age in the largest unit that says enough."""
    if age_s < 2:
        return "just now"
    for limit_s, unit_s, name in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if age_s < limit_s:
            return f"{age_s / unit_s:.0f} {name} ago"
    return f"{age_s / 86_400:.0f} days ago"


def seen(known_s: float) -> str:
    """How much of the hour a camera saw."""
    return f"{known_s / 60:.0f} min" if known_s >= 60 else f"{known_s:.0f} s"


def _latest(shown: SiteView) -> datetime | None:
    return max((node.latest for node in shown.nodes if node.latest is not None), default=None)


def _live(lanes_now: tuple[LaneQueue, ...]) -> bool:
    return all(lane.live for lane in lanes_now)
