"""The collector's tables.

`records` has one row for every record ever stored, under the key that makes ingest
idempotent: (stream, seq), where a stream is (org, site, node, epoch, name). Each kind
of record has its natural tables beside it. Instants are UTC nanoseconds since 1970;
NULL is unknown, never zero. Only types that SQLite and PostgreSQL share are used.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

#: 2: hires_events. 3: signal_decisions. 4: incident_reports.
SCHEMA = 4

metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

nodes = Table(
    "nodes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("org", String(63), nullable=False),
    Column("site", String(63), nullable=False),
    Column("node", String(63), nullable=False),
    # online, offline, or NULL before the first status message.
    Column("state", String(16)),
    Column("version", Text),
    Column("movements", JSON, nullable=False),
    Column("lanes", JSON, nullable=False),
    # By the collector's clock: when anything last came from the node.
    Column("seen_ns", BigInteger, nullable=False),
    # By the node's clock: the latest record; NULL before the first.
    Column("latest_ns", BigInteger),
    UniqueConstraint("org", "site", "node"),
)

streams = Table(
    "streams",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("epoch", String(32), nullable=False),
    Column("stream", String(16), nullable=False),
    # Every seq up to this one is accounted for.
    Column("acked", BigInteger, nullable=False),
    UniqueConstraint("node_id", "epoch", "stream"),
)


def _spans(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("stream_id", ForeignKey("streams.id"), primary_key=True),
        Column("first", BigInteger, primary_key=True, autoincrement=False),
        Column("last", BigInteger, nullable=False),
    )


#: Accounted for, but beyond a gap; and what a cabinet with a full disk gave up.
ahead = _spans("ahead")
thinned = _spans("thinned")

records = Table(
    "records",
    metadata,
    Column("stream_id", ForeignKey("streams.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("ts_ns", BigInteger, nullable=False),
    Column("t_ns", BigInteger, nullable=False),
    Column("clock_synced", Boolean, nullable=False),
)


def _of_record(name: str, *columns: Column[Any], **keys: TypeEngine[Any]) -> Table:
    """A natural table: rows belong to a record, `keys` tell several of one record apart."""
    return Table(
        name,
        metadata,
        Column("stream_id", Integer, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        *(Column(key, kind, primary_key=True, autoincrement=False) for key, kind in keys.items()),
        Column("node_id", ForeignKey("nodes.id"), nullable=False),
        Column("ts_ns", BigInteger, nullable=False),
        *columns,
        ForeignKeyConstraint(["stream_id", "seq"], ["records.stream_id", "records.seq"]),
        Index(f"{name}_by_time", "node_id", "ts_ns"),
    )


crossings = _of_record(
    "crossings",
    Column("movement", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("lane", Text),
    Column("track_id", BigInteger, nullable=False),
    Column("entered_t_ns", BigInteger),
    Column("speed_mps", Float),
    Column("waited_s", Float),
    Column("since_green_s", Float),
    Column("headway_s", Float),
)

# ts_ns is the end of the interval. `counted` is false where the camera saw nothing of it.
movement_summaries = _of_record(
    "movement_summaries",
    Column("interval_s", Float, nullable=False),
    Column("known_s", Float, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("mean_speed_mps", Float),
    movement=Text(),
)
movement_counts = _of_record("movement_counts", Column("count", BigInteger), movement=Text(), kind=String(16))
lane_summaries = _of_record(
    "lane_summaries",
    Column("interval_s", Float, nullable=False),
    Column("known_s", Float, nullable=False),
    Column("occupancy", Float),
    Column("max_queue_vehicles", BigInteger),
    Column("max_queue_m", Float),
    Column("max_wait_s", Float),
    Column("mean_speed_mps", Float),
    Column("mean_headway_s", Float),
    lane=Text(),
)

cycles = _of_record(
    "cycles",
    Column("number", BigInteger, nullable=False),
    Column("cycle_s", Float, nullable=False),
    Column("plan", Text, nullable=False),
)
cycle_phases = _of_record(
    "cycle_phases",
    Column("green_s", Float, nullable=False),
    Column("yellow_s", Float, nullable=False),
    Column("red_clearance_s", Float, nullable=False),
    Column("crossings", BigInteger),
    Column("crossings_on_red", BigInteger),
    phase=BigInteger(),
)

signal_changes = _of_record(
    "signal_changes",
    Column("mode", String(16), nullable=False),
    Column("fault", Text),
    Column("requested", JSON, nullable=False),
    Column("reason", Text, nullable=False),
)
# Who decided, where the cabinet says so: a table of its own, since older databases gain whole tables only.
signal_decisions = _of_record(
    "signal_decisions",
    Column("level", String(16), nullable=False),
    Column("level_reason", Text),
    Column("pattern", Text),
    Column("preempt_number", BigInteger),
    Column("preempt_stage", String(16)),
)
signal_phases = _of_record(
    "signal_phases",
    Column("interval", String(16), nullable=False),
    Column("age_s", Float, nullable=False),
    phase=BigInteger(),
)

health = _of_record(
    "health",
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("camera", Text),
    Column("fps", Float),
    Column("frames", BigInteger, nullable=False),
    Column("frames_dropped", BigInteger, nullable=False),
    Column("camera_restarts", BigInteger),
    Column("detector", Text),
    Column("detector_ms", Float),
    Column("outbox_records", BigInteger),
    Column("outbox_thinned", BigInteger),
)

# Every report of every incident; began_ns, seen_ns are instants, ended_ns NULL while it goes on.
incident_reports = _of_record(
    "incident_reports",
    Column("incident", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("began_ns", BigInteger, nullable=False),
    Column("seen_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger),
    Column("approach", Text),
    Column("lane", Text),
    Column("movement", Text),
    Column("camera", Text),
    Column("from_stop_m", Float),
    Column("pos_m", JSON),
    Column("evidence", JSON, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("actions", JSON, nullable=False),
    Column("tracks", JSON, nullable=False),
)

# The last quarter of an hour only: see collector.store.
lane_states = _of_record(
    "lane_states",
    Column("presence", Boolean),
    Column("vehicles", BigInteger),
    Column("queue_vehicles", BigInteger),
    Column("queue_m", Float),
    Column("queue_at_least", Boolean, nullable=False),
    Column("wait_s", Float),
    Column("speed_mps", Float),
    lane=Text(),
)

# ts_ns is that of the event, to a tenth of a second; `place` its place in the record.
hires_events = _of_record(
    "hires_events",
    Column("code", Integer, nullable=False),
    Column("parameter", Integer, nullable=False),
    place=Integer(),
)

#: Natural tables in an order in which rows can be inserted.
NATURAL: tuple[Table, ...] = (
    crossings,
    movement_summaries,
    movement_counts,
    lane_summaries,
    cycles,
    cycle_phases,
    signal_changes,
    signal_decisions,
    signal_phases,
    health,
    lane_states,
    hires_events,
    incident_reports,
)

# Payloads that were not understood, once each, with how often they came.
quarantine = Table(
    "quarantine",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # The first 4 KiB.
    Column("payload", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
)
