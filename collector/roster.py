"""The nodes that ever spoke: who they are, how they are, and what they call their movements and lanes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert, select, update

from collector.rows import Row
from collector.tables import nodes
from edge.clock import wall_ns_of
from edge.messages import CrossingBody, LanesBody, RecordMessage, StatusMessage, SummaryBody

#: (org, site, node)
NodeKey = tuple[str, str, str]


def node_id(link: Connection, key: NodeKey, now_ns: int) -> int:
    """The node's row, made where it is new, and marked as seen now."""
    org, site, node = key
    found = link.scalar(select(nodes.c.id).where(nodes.c.org == org, nodes.c.site == site, nodes.c.node == node))
    if found is not None:
        link.execute(update(nodes).where(nodes.c.id == found).values(seen_ns=now_ns))
        return int(found)
    row: Row = {"org": org, "site": site, "node": node, "movements": [], "lanes": [], "seen_ns": now_ns}
    return int(link.execute(insert(nodes).values(row).returning(nodes.c.id)).scalar_one())


def take_status(link: Connection, who: int, status: StatusMessage) -> None:
    """Online or offline, and the order in which the site lists its movements and lanes."""
    told: Row = {"state": status.state, "version": status.version}
    link.execute(update(nodes).where(nodes.c.id == who).values(told))
    known = link.execute(select(nodes.c.movements, nodes.c.lanes).where(nodes.c.id == who)).one()
    # None is taken away: its records are still here, and a last will may list none.
    _set_names(link, who, known, [*status.movements, *known.movements], [*status.lanes, *known.lanes])


def take_records(link: Connection, who: int, records: Sequence[RecordMessage]) -> None:
    """The time of the node's latest record, and names it has not told by status."""
    latest_ns = max(wall_ns_of(record.ts) for record in records)
    known = link.execute(select(nodes.c.movements, nodes.c.lanes, nodes.c.latest_ns).where(nodes.c.id == who)).one()
    if known.latest_ns is None or known.latest_ns < latest_ns:
        link.execute(update(nodes).where(nodes.c.id == who).values(latest_ns=latest_ns))
    named = [_names_in(record) for record in records]
    movements = [movement for movements, _ in named for movement in movements]
    lanes = [lane for _, lanes in named for lane in lanes]
    _set_names(link, who, known, [*known.movements, *movements], [*known.lanes, *lanes])


def _set_names(link: Connection, who: int, known: object, movements: Iterable[str], lanes: Iterable[str]) -> None:
    unique: Row = {"movements": list(dict.fromkeys(movements)), "lanes": list(dict.fromkeys(lanes))}
    if any(getattr(known, column) != names for column, names in unique.items()):
        link.execute(update(nodes).where(nodes.c.id == who).values(unique))


def _names_in(record: RecordMessage) -> tuple[list[str], list[str]]:
    body = record.body
    if isinstance(body, CrossingBody):
        return [body.movement], []
    if isinstance(body, SummaryBody):
        return [count.movement for count in body.movements], [lane.lane for lane in body.lanes]
    if isinstance(body, LanesBody):
        return [], [lane.lane for lane in body.lanes]
    return [], []
