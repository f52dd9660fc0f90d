"""Incidents of a site out of their reports: the newest report of each tells how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from collector import tables
from collector.answers import IncidentNow
from edge.clock import NS_PER_S, instant_utc

#: A report without an end is not believed to go on for ever where its cabinet was killed: it is told again every 10 s.
SILENT_NS = 120 * NS_PER_S
#: One that was never told to end is looked for no further back.
_LOOK_BACK_NS = 86_400 * NS_PER_S


def going_on(link: Connection, node_ids: Sequence[int]) -> list[IncidentNow]:
    """Those without an end that were told of lately, newest first."""
    return [_answer(row) for row, fresh in _open(link, node_ids) if fresh]


def ended(link: Connection, node_ids: Sequence[int], limit: int) -> list[IncidentNow]:
    """The latest `limit` that are over, newest first; ended None: nobody told, the cabinet was killed."""
    table = tables.incident_reports
    over = _reports(node_ids).where(table.c.ended_ns.is_not(None)).order_by(table.c.ts_ns.desc(), table.c.seq.desc())
    rows = [*link.execute(over.limit(limit)).all(), *(row for row, fresh in _open(link, node_ids) if not fresh)]
    return [_answer(row) for row in sorted(rows, key=lambda row: row.began_ns, reverse=True)[:limit]]


def _open(link: Connection, node_ids: Sequence[int]) -> list[tuple[Row[Any], bool]]:
    """The newest report of each incident without an end, and whether it is of now; newest first."""
    table = tables.incident_reports
    found: list[tuple[Row[Any], bool]] = []
    for node_id in node_ids:
        heard_ns = _heard_ns(link, node_id)
        own = and_(table.c.node_id == node_id, table.c.ts_ns >= heard_ns - _LOOK_BACK_NS)
        newest = select(table.c.incident, func.max(table.c.ts_ns).label("last")).where(own).group_by(table.c.incident)
        last = newest.subquery()
        same = and_(last.c.incident == table.c.incident, last.c.last == table.c.ts_ns)
        rows = link.execute(_reports([node_id]).join(last, same).order_by(table.c.seq)).all()
        latest = {row.incident: row for row in rows}
        found += [(row, row.ts_ns >= heard_ns - SILENT_NS) for row in latest.values() if row.ended_ns is None]
    return sorted(found, key=lambda one: one[0].began_ns, reverse=True)


def _reports(node_ids: Sequence[int]) -> Any:
    table, node = tables.incident_reports, tables.nodes
    return (
        select(table, node.c.node, node.c.state)
        .join(node, node.c.id == table.c.node_id)
        .where(table.c.node_id.in_(node_ids))
    )


def _heard_ns(link: Connection, node_id: int) -> int:
    """When the node last told anything of its road, by its own records."""
    latest = 0
    for table in (tables.incident_reports, tables.health, tables.movement_summaries):
        newest = link.scalar(select(func.max(table.c.ts_ns)).where(table.c.node_id == node_id))
        latest = max(latest, newest or 0)
    return latest


def _answer(row: Row[Any]) -> IncidentNow:
    return IncidentNow(
        incident=row.incident,
        node=row.node,
        live=row.state == "online",
        kind=row.kind,
        severity=row.severity,
        stage=row.stage,
        confidence=row.confidence,
        began=instant_utc(row.began_ns),
        seen=instant_utc(row.seen_ns),
        ended=None if row.ended_ns is None else instant_utc(row.ended_ns),
        approach=row.approach,
        lane=row.lane,
        movement=row.movement,
        camera=row.camera,
        from_stop_m=row.from_stop_m,
        pos_m=row.pos_m,
        evidence=row.evidence,
        sources=row.sources,
        actions=row.actions,
    )
