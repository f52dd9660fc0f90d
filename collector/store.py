"""Stores what arrived, each record once, in one transaction for a whole batch.

When `ingest` returns, everything in the batch is committed and may be acknowledged.
When it raises, nothing of the batch is. Several collectors may share one database: rows
are locked in a fixed order, of nodes by name and of streams by id.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from collector import tables
from collector.arrivals import Arrival, Poison
from collector.database import reason_of
from collector.roster import NodeKey, node_id, take_records, take_status
from collector.rows import Row, envelope_row, natural_rows
from collector.sequence import Span, advance, union
from edge.clock import Clock
from edge.errors import StorageError
from edge.messages import AckMessage, RecordMessage, StatusMessage, Stream, ThinnedBody, topic

_log = logging.getLogger(__name__)

#: Live lanes come once a second; the last quarter of an hour of them stays.
LANES_KEPT = 900
#: Poison payloads kept; a cabinet that speaks wrongly must not fill the disk.
QUARANTINE_KEPT = 1000
_PAYLOAD_KEPT = 4096

StreamKey = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An ack and the topic of the node that waits for it."""

    topic: str
    message: AckMessage


@dataclass(slots=True)
class Outcome:
    """What one batch came to; `acks` may be sent now."""

    acks: list[Acknowledgement] = field(default_factory=list)
    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0


class Store:
    """The writing side of the database; used by one thread."""

    def __init__(self, writer: Engine, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock

    def ingest(self, arrivals: Sequence[Arrival]) -> Outcome:
        """Commit a batch. StorageError when the database cannot take it now: try again later.

        A record that the database itself refuses is set aside like any poison, so that
        it does not hold up those around it.
        """
        try:
            try:
                return self._commit(arrivals)
            except IntegrityError:
                # Another collector may have made the same row in this moment; now it is there.
                return self._commit(arrivals)
        except OperationalError as error:
            raise StorageError(f"the database takes no records: {reason_of(error)}") from error
        except SQLAlchemyError as error:
            if len(arrivals) > 1:
                return _together(self.ingest([arrival]) for arrival in arrivals)
            arrival = arrivals[0]
            if isinstance(arrival, Poison):
                raise StorageError(f"the database refuses a quarantined payload: {reason_of(error)}") from error
            _log.warning("record set aside: %s", reason_of(error))
            return self.ingest([_refused(arrival, reason_of(error))])

    def known_acks(self) -> list[Acknowledgement]:
        """How far each node's newest epoch is stored, to tell nodes when we come back."""
        newest = select(func.max(tables.streams.c.id)).group_by(tables.streams.c.node_id, tables.streams.c.stream)
        query = (
            select(tables.nodes, tables.streams)
            .join(tables.streams, tables.streams.c.node_id == tables.nodes.c.id)
            .where(tables.streams.c.id.in_(newest))
        )
        try:
            with self._writer.begin() as link:
                return [
                    _acknowledgement((row.org, row.site, row.node), row.epoch, row.stream, row.acked)
                    for row in link.execute(query)
                ]
        except SQLAlchemyError as error:
            raise StorageError(f"the database cannot be read: {reason_of(error)}") from error

    def _commit(self, arrivals: Sequence[Arrival]) -> Outcome:
        outcome = Outcome()
        now_ns = self._clock.wall_ns(self._clock.now_ns())
        with self._writer.begin() as link:
            self._quarantine(link, [a for a in arrivals if isinstance(a, Poison)], now_ns)
            outcome.quarantined = sum(isinstance(a, Poison) for a in arrivals)
            known = [a for a in arrivals if not isinstance(a, Poison)]
            keys = sorted({(a.org, a.site, a.node) for a in known})
            node_ids = {key: node_id(link, key, now_ns) for key in keys}
            for arrival in known:
                if isinstance(arrival, StatusMessage):
                    take_status(link, node_ids[arrival.org, arrival.site, arrival.node], arrival)
            records = [a for a in known if isinstance(a, RecordMessage)]
            self._store_records(link, records, node_ids, outcome)
        return outcome

    def _store_records(
        self, link: Connection, records: Sequence[RecordMessage], node_ids: dict[NodeKey, int], outcome: Outcome
    ) -> None:
        by_stream: dict[StreamKey, list[RecordMessage]] = defaultdict(list)
        for record in records:
            who = node_ids[record.org, record.site, record.node]
            by_stream[who, record.epoch, record.stream.value].append(record)
        stream_ids = {key: _stream_id(link, key) for key in by_stream}
        fresh: dict[Table, list[Row]] = defaultdict(list)
        for key in sorted(by_stream, key=stream_ids.__getitem__):
            batch, stream_id = by_stream[key], stream_ids[key]
            acked = link.execute(
                select(tables.streams.c.acked).where(tables.streams.c.id == stream_id).with_for_update()
            ).scalar_one()
            new = _new_records(link, stream_id, acked, batch)
            for record in new:
                fresh[tables.records].append(envelope_row(record, stream_id))
                for table, row in natural_rows(record, stream_id, key[0]):
                    fresh[table].append(row)
            ranges = [Span(r.first_seq, r.seq) for r in batch if isinstance(r.body, ThinnedBody)]
            if ranges:
                _replace(link, tables.thinned, stream_id, union([*_spans(link, tables.thinned, stream_id), *ranges]))
            acked = _account(link, stream_id, acked, [Span(r.first_seq, r.seq) for r in batch])
            outcome.stored += len(new)
            outcome.duplicates += len(batch) - len(new) - len(ranges)
            first = batch[0]
            outcome.acks.append(_acknowledgement((first.org, first.site, first.node), key[1], key[2], acked))
        for table in (tables.records, *tables.NATURAL):
            if fresh[table]:
                link.execute(insert(table), fresh[table])
        for key, stream_id in stream_ids.items():
            take_records(link, key[0], by_stream[key])
            if key[2] == Stream.LANES:
                _prune_lanes(link, stream_id)

    @staticmethod
    def _quarantine(link: Connection, poisons: Iterable[Poison], now_ns: int) -> None:
        table = tables.quarantine
        for poison in poisons:
            digest = hashlib.sha256(poison.topic.encode() + b"\0" + poison.payload).hexdigest()
            again = update(table).where(table.c.digest == digest).values(times=table.c.times + 1, last_ns=now_ns)
            if link.execute(again).rowcount:
                continue
            kept = link.scalar(select(func.count()).select_from(table)) or 0
            if kept >= QUARANTINE_KEPT:
                oldest = select(table.c.digest).order_by(table.c.last_ns).limit(kept - QUARANTINE_KEPT + 1)
                link.execute(delete(table).where(table.c.digest.in_(oldest)))
            row: Row = {
                "digest": digest,
                "topic": poison.topic.replace("\0", "\N{REPLACEMENT CHARACTER}"),
                "reason": poison.reason.replace("\0", "\N{REPLACEMENT CHARACTER}"),
                "payload": poison.payload[:_PAYLOAD_KEPT],
                "size": len(poison.payload),
                "times": 1,
                "first_ns": now_ns,
                "last_ns": now_ns,
            }
            link.execute(insert(table), row)


def _acknowledgement(node: NodeKey, epoch: str, stream: str, acked: int) -> Acknowledgement:
    return Acknowledgement(topic(*node, "ack"), AckMessage(epoch=epoch, stream=Stream(stream), seq=acked))


def _refused(arrival: RecordMessage | StatusMessage, reason: str) -> Poison:
    name = arrival.stream.value if isinstance(arrival, RecordMessage) else "status"
    where = topic(arrival.org, arrival.site, arrival.node, name)
    return Poison(where, arrival.model_dump_json().encode(), f"the database refused it: {reason}")


def _together(outcomes: Iterable[Outcome]) -> Outcome:
    total = Outcome()
    for outcome in outcomes:
        total.acks.extend(outcome.acks)
        total.stored += outcome.stored
        total.duplicates += outcome.duplicates
        total.quarantined += outcome.quarantined
    return total


def _stream_id(link: Connection, key: StreamKey) -> int:
    table = tables.streams
    who, epoch, stream = key
    found = link.scalar(
        select(table.c.id).where(table.c.node_id == who, table.c.epoch == epoch, table.c.stream == stream)
    )
    if found is not None:
        return int(found)
    row: Row = {"node_id": who, "epoch": epoch, "stream": stream, "acked": 0}
    return int(link.execute(insert(table).values(row).returning(table.c.id)).scalar_one())


def _new_records(link: Connection, stream_id: int, acked: int, batch: Sequence[RecordMessage]) -> list[RecordMessage]:
    """Those not stored before, each once; a thinned range has no record to store."""
    wanted = {r.seq: r for r in reversed(batch) if not isinstance(r.body, ThinnedBody)}
    table = tables.records
    stored = link.scalars(select(table.c.seq).where(table.c.stream_id == stream_id, table.c.seq.in_(list(wanted))))
    present = set(stored)
    # Old live lanes are not kept, so what was acknowledged may be missing from the table.
    forgotten = acked if batch[0].stream is Stream.LANES else 0
    return [wanted[seq] for seq in sorted(wanted) if seq not in present and seq > forgotten]


def _spans(link: Connection, table: Table, stream_id: int) -> list[Span]:
    rows = link.execute(select(table.c.first, table.c.last).where(table.c.stream_id == stream_id))
    return [Span(first, last) for first, last in rows]


def _replace(link: Connection, table: Table, stream_id: int, spans: Iterable[Span]) -> None:
    link.execute(delete(table).where(table.c.stream_id == stream_id))
    rows: list[Row] = [{"stream_id": stream_id, "first": span.first, "last": span.last} for span in spans]
    if rows:
        link.execute(insert(table), rows)


def _account(link: Connection, stream_id: int, acked: int, spans: Iterable[Span]) -> int:
    """Add spans to what is accounted for; returns the highest seq without a gap below it."""
    before = _spans(link, tables.ahead, stream_id)
    reached, ahead = advance(acked, [*before, *spans])
    if ahead != before:
        _replace(link, tables.ahead, stream_id, ahead)
    if reached != acked:
        link.execute(update(tables.streams).where(tables.streams.c.id == stream_id).values(acked=reached))
    return reached


def _prune_lanes(link: Connection, stream_id: int) -> None:
    newest = link.scalar(select(func.max(tables.records.c.seq)).where(tables.records.c.stream_id == stream_id)) or 0
    acked = select(tables.streams.c.acked).where(tables.streams.c.id == stream_id).scalar_subquery()
    for table in (tables.lane_states, tables.records):
        link.execute(
            delete(table).where(
                table.c.stream_id == stream_id, table.c.seq <= newest - LANES_KEPT, table.c.seq <= acked
            )
        )
