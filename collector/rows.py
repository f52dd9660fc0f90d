"""Turns a record into rows of its natural tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Table

from collector import tables
from edge.clock import NS_PER_MS, NS_PER_S, wall_ns_of
from edge.messages import (
    CrossingBody,
    CycleBody,
    HealthBody,
    HiResBody,
    IncidentBody,
    LanesBody,
    RecordMessage,
    SignalBody,
    SummaryBody,
)

Row = dict[str, Any]
_TENTH_NS = 100 * NS_PER_MS


def envelope_row(record: RecordMessage, stream_id: int) -> Row:
    """The row of `records`, whose key makes ingest idempotent."""
    return {
        "stream_id": stream_id,
        "seq": record.seq,
        "ts_ns": wall_ns_of(record.ts),
        "t_ns": record.t_ns,
        "clock_synced": record.clock_synced,
    }


def natural_rows(record: RecordMessage, stream_id: int, node_id: int) -> Iterator[tuple[Table, Row]]:
    """Every row of a record's body, with the table it goes to; none for a thinned range."""
    key: Row = {"stream_id": stream_id, "seq": record.seq, "node_id": node_id, "ts_ns": wall_ns_of(record.ts)}
    if isinstance(record.body, HiResBody):
        # Events have instants of their own: full tenths of a second, whatever the clock's last digits.
        begin_ns = round(key["ts_ns"] / _TENTH_NS) * _TENTH_NS
        for place, (late, code, parameter) in enumerate(record.body.events):
            event: Row = {"place": place, "ts_ns": begin_ns + late * _TENTH_NS, "code": code, "parameter": parameter}
            yield tables.hires_events, key | event
        return
    if isinstance(record.body, IncidentBody):
        yield tables.incident_reports, key | _incident_row(record.body, key["ts_ns"])
        return
    for table, row in _body_rows(record):
        yield table, key | row


def _body_rows(record: RecordMessage) -> Iterator[tuple[Table, Row]]:
    body = record.body
    if isinstance(body, CrossingBody):
        yield tables.crossings, body.model_dump(mode="json", exclude={"stream"})
    elif isinstance(body, HealthBody):
        yield tables.health, body.model_dump(mode="json", exclude={"stream"})
    elif isinstance(body, LanesBody):
        for lane in body.lanes:
            yield tables.lane_states, lane.model_dump(mode="json")
    elif isinstance(body, SummaryBody):
        yield from _summary_rows(body)
    elif isinstance(body, CycleBody):
        yield tables.cycles, body.model_dump(mode="json", exclude={"stream", "phases"})
        for phase in body.phases:
            yield tables.cycle_phases, phase.model_dump(mode="json")
    elif isinstance(body, SignalBody):
        decided = {"level", "level_reason", "preempt", "pattern"}
        yield tables.signal_changes, body.model_dump(mode="json", exclude={"stream", "phases", *decided})
        if body.level is not None:
            yield tables.signal_decisions, _decision_row(body)
        for shown in body.phases:
            yield tables.signal_phases, shown.model_dump(mode="json")


def _decision_row(body: SignalBody) -> Row:
    preempt = body.preempt
    return {
        "level": body.level,
        "level_reason": body.level_reason,
        "pattern": body.pattern,
        "preempt_number": None if preempt is None else preempt.number,
        "preempt_stage": None if preempt is None else preempt.stage,
    }


def _incident_row(body: IncidentBody, ts_ns: int) -> Row:
    """With instants in place of the times before the record's."""
    began_ns = ts_ns - round(body.began_s * NS_PER_S)
    row = body.model_dump(mode="json", exclude={"stream", "place", "began_s", "seen_s", "lasted_s"})
    return (
        row
        | body.place.model_dump(mode="json")
        | {
            "began_ns": began_ns,
            "seen_ns": ts_ns - round(body.seen_s * NS_PER_S),
            "ended_ns": None if body.lasted_s is None else began_ns + round(body.lasted_s * NS_PER_S),
        }
    )


def _summary_rows(body: SummaryBody) -> Iterator[tuple[Table, Row]]:
    for movement in body.movements:
        row = movement.model_dump(mode="json", exclude={"counts"})
        yield tables.movement_summaries, row | {"interval_s": body.interval_s, "counted": movement.counts is not None}
        for kind, count in (movement.counts or {}).items():
            counted: Row = {"movement": movement.movement, "kind": kind.value, "count": count}
            yield tables.movement_counts, counted
    for lane in body.lanes:
        yield tables.lane_summaries, lane.model_dump(mode="json") | {"interval_s": body.interval_s}
