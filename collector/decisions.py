"""Who controls a junction, since when and why not a better level; and what was decided lately, with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from collector import tables
from collector.answers import ControlNow, Decision
from edge.clock import NS_PER_S, instant_utc

#: How far back it is looked for when a level began. A longer time is told as at least so long.
LOOK_BACK_NS = 86_400 * NS_PER_S
#: So many changes of lamps are read for each decision that is asked for: yellow, red and green are one each.
_CHANGES_EACH = 8


def control_now(link: Connection, node_id: int) -> ControlNow | None:
    """The latest change of lamps of a node, and the level that was decided at; None where no lamps were told."""
    row = link.execute(_changes([node_id]).limit(1)).first()
    if row is None:
        return None
    since_ns, at_least = _since(link, node_id, row.level, row.ts_ns)
    return ControlNow(
        node=row.node,
        live=row.state == "online",
        as_of=instant_utc(row.ts_ns),
        mode=row.mode,
        fault=row.fault,
        level=row.level,
        since=None if since_ns is None else instant_utc(since_ns),
        since_at_least=at_least,
        level_reason=row.level_reason,
        pattern=row.pattern,
        preempt_number=row.preempt_number,
        preempt_stage=row.preempt_stage,
        requested=row.requested,
        reason=row.reason,
    )


def decisions(link: Connection, node_ids: Sequence[int], limit: int) -> list[Decision]:
    """The latest steps at which something else was asked for, or somebody else asked; newest first."""
    rows = link.execute(_changes(node_ids).limit(_CHANGES_EACH * limit)).all()
    found: list[Decision] = []
    before: dict[str, Row[Any]] = {}
    for row in reversed(rows):
        last = before.get(row.node)
        before[row.node] = row
        if last is None or _asked(last) != _asked(row):
            changed = last is not None and last.level != row.level
            found.append(
                Decision(
                    ts=instant_utc(row.ts_ns),
                    node=row.node,
                    level=row.level,
                    level_changed=changed,
                    level_reason=row.level_reason,
                    preempt_number=row.preempt_number,
                    preempt_stage=row.preempt_stage,
                    requested=row.requested,
                    reason=row.reason,
                )
            )
    return found[: -limit - 1 : -1]


def _asked(row: Row[Any]) -> tuple[object, ...]:
    return (sorted(row.requested), row.level, row.preempt_number, row.preempt_stage)


def _changes(node_ids: Sequence[int]) -> Any:
    """Changes of lamps with who decided them, newest first."""
    change, decided, node = tables.signal_changes, tables.signal_decisions, tables.nodes
    same = and_(decided.c.stream_id == change.c.stream_id, decided.c.seq == change.c.seq)
    return (
        select(
            change,
            node.c.node,
            node.c.state,
            decided.c.level,
            decided.c.level_reason,
            decided.c.pattern,
            decided.c.preempt_number,
            decided.c.preempt_stage,
        )
        .join(node, node.c.id == change.c.node_id)
        .outerjoin(decided, same)
        .where(change.c.node_id.in_(node_ids))
        .order_by(change.c.ts_ns.desc(), change.c.stream_id.desc(), change.c.seq.desc())
    )


def _since(link: Connection, node_id: int, level: str | None, now_ns: int) -> tuple[int | None, bool]:
    """(when the level began, whether it may have begun before that); (None, False) where no level was told."""
    if level is None:
        return None, False
    decided = tables.signal_decisions
    own = and_(decided.c.node_id == node_id, decided.c.ts_ns > now_ns - LOOK_BACK_NS, decided.c.ts_ns <= now_ns)
    other_ns = link.scalar(select(func.max(decided.c.ts_ns)).where(own, decided.c.level != level))
    first = select(func.min(decided.c.ts_ns)).where(own, decided.c.level == level)
    if other_ns is None:
        return link.scalar(first), True
    return link.scalar(first.where(decided.c.ts_ns >= other_ns)), False
