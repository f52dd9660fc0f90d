"""Reads the database for the API and the page; writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, and_, func, select
from sqlalchemy.exc import SQLAlchemyError

from collector import tables
from collector.answers import (
    CameraHealth,
    Control,
    Counts,
    Crossings,
    CrossingSeen,
    Incidents,
    LaneQueue,
    NodeHealth,
    NodeState,
    Queues,
    Site,
)
from collector.counts import count_intervals
from collector.database import reason_of
from collector.decisions import control_now, decisions
from collector.incidents import ended, going_on
from collector.sequence import Span
from edge.clock import NS_PER_S, Clock, instant_utc
from edge.errors import InputError, StorageError
from edge.messages import Stream

#: Latest health records of a node that are searched for one of each camera.
_HEALTH_SEARCHED = 200


class UnknownSiteError(InputError):
    """A site that no record or status ever came from."""


@dataclass(frozen=True, slots=True)
class SiteRef:
    """A site and the ids of its nodes. latest_ns is by the nodes' clocks, None before a first record."""

    org: str
    site: str
    node_ids: tuple[int, ...]
    latest_ns: int | None
    movements: tuple[str, ...]


class Queries:
    """The reading side of the database; may be used by many threads."""

    def __init__(self, reader: Engine, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def sites(self) -> list[Site]:
        """Every known site, by organisation and name."""
        by_site: dict[tuple[str, str], list[Row[tuple[object, ...]]]] = {}
        with _reading(self._reader) as link:
            for row in link.execute(select(tables.nodes).order_by(tables.nodes.c.node)):
                by_site.setdefault((row.org, row.site), []).append(row)
        return [
            Site(
                org=org,
                site=site,
                nodes=len(rows),
                nodes_online=sum(row.state == "online" for row in rows),
                latest=max((instant_utc(row.latest_ns) for row in rows if row.latest_ns is not None), default=None),
                movements=_named([movement for row in rows for movement in row.movements]),
                lanes=_named([lane for row in rows for lane in row.lanes]),
            )
            for (org, site), rows in sorted(by_site.items())
        ]

    def site(self, name: str) -> SiteRef:
        """The site called `site` or `org/site`; UnknownSiteError, or InputError when it is not unique."""
        org, _, site = name.rpartition("/")
        table = tables.nodes
        wanted = and_(table.c.site == site, table.c.org == org) if org else table.c.site == site
        with _reading(self._reader) as link:
            rows = link.execute(select(table).where(wanted).order_by(table.c.node)).all()
        orgs = sorted({row.org for row in rows})
        if not orgs:
            raise UnknownSiteError(f"no site {name!r} has sent anything: GET /api/v1/sites lists those that have")
        if len(orgs) > 1:
            raise InputError(f"{len(orgs)} organisations have a site {name!r}: write one of {_listed(orgs, site)}")
        return SiteRef(
            org=orgs[0],
            site=site,
            node_ids=tuple(row.id for row in rows),
            latest_ns=max((row.latest_ns for row in rows if row.latest_ns is not None), default=None),
            movements=tuple(_named([movement for row in rows for movement in row.movements])),
        )

    def counts(self, site: SiteRef, from_ns: int, to_ns: int, interval_s: int) -> Counts:
        """Counts from the whole interval that holds `from_ns` to the one that ends at or after `to_ns`."""
        interval_ns = interval_s * NS_PER_S
        start_ns = from_ns // interval_ns * interval_ns
        end_ns = -(-to_ns // interval_ns) * interval_ns
        with _reading(self._reader) as link:
            return Counts(
                org=site.org,
                site=site.site,
                from_=instant_utc(start_ns),
                to=instant_utc(end_ns),
                interval_s=interval_s,
                crossings_lost=_lost(link, site.node_ids, Stream.CROSSING),
                movements=count_intervals(link, site.node_ids, site.movements, Span(start_ns, end_ns), interval_ns),
            )

    def queues(self, site: SiteRef) -> Queues:
        """The latest live lanes of each node of a site."""
        lanes: list[LaneQueue] = []
        with _reading(self._reader) as link:
            for node_id in site.node_ids:
                lanes.extend(_lanes_now(link, node_id))
        return Queues(org=site.org, site=site.site, lanes=lanes)

    def control(self, site: SiteRef, limit: int) -> Control:
        """Who controls the lamps of each node, and the latest `limit` decisions."""
        with _reading(self._reader) as link:
            now = [one for node_id in site.node_ids if (one := control_now(link, node_id)) is not None]
            decided = decisions(link, site.node_ids, limit) if now else []
        return Control(org=site.org, site=site.site, nodes=now, decisions=decided)

    def incidents(self, site: SiteRef, limit: int) -> Incidents:
        """Incidents that go on, and the latest `limit` that ended."""
        with _reading(self._reader) as link:
            now, over = going_on(link, site.node_ids), ended(link, site.node_ids, limit)
        return Incidents(org=site.org, site=site.site, going_on=now, ended=over)

    def crossings(self, site: SiteRef, limit: int) -> Crossings:
        """The latest `limit` road users counted, newest first."""
        table, node, record = tables.crossings, tables.nodes, tables.records
        query = (
            select(table, node.c.node, record.c.clock_synced)
            .join(node, node.c.id == table.c.node_id)
            .join(record, and_(record.c.stream_id == table.c.stream_id, record.c.seq == table.c.seq))
            .where(table.c.node_id.in_(site.node_ids))
            .order_by(table.c.ts_ns.desc(), table.c.seq.desc())
            .limit(limit)
        )
        with _reading(self._reader) as link:
            rows = link.execute(query).mappings().all()
        seen = [CrossingSeen.model_validate({**row, "ts": instant_utc(row["ts_ns"])}) for row in rows]
        return Crossings(org=site.org, site=site.site, crossings=seen)

    def passages(self, site: SiteRef, from_ns: int, to_ns: int) -> list[tuple[str, float | None, float | None]]:
        """(lane, headway in s, s it stood) of everybody counted in a time on a known lane, in the order of time."""
        table = tables.crossings
        query = (
            select(table.c.lane, table.c.headway_s, table.c.waited_s)
            .where(table.c.node_id.in_(site.node_ids), table.c.ts_ns >= from_ns, table.c.ts_ns < to_ns)
            .where(table.c.lane.is_not(None))
            .order_by(table.c.ts_ns, table.c.stream_id, table.c.seq)
        )
        with _reading(self._reader) as link:
            return [(row.lane, row.headway_s, row.waited_s) for row in link.execute(query)]

    def nodes(self, site: SiteRef | None = None) -> list[NodeHealth]:
        """The nodes of a site, or all, with the latest health of each of their cameras."""
        now_ns = self._clock.wall_ns(self._clock.now_ns())
        table = tables.nodes
        query = select(table).order_by(table.c.org, table.c.site, table.c.node)
        if site is not None:
            query = query.where(table.c.id.in_(site.node_ids))
        with _reading(self._reader) as link:
            return [
                NodeHealth(
                    org=row.org,
                    site=row.site,
                    node=row.node,
                    state=_node_state(row.state),
                    version=row.version,
                    last_seen=instant_utc(row.seen_ns),
                    last_seen_age_s=max(0, now_ns - row.seen_ns) / NS_PER_S,
                    latest=None if row.latest_ns is None else instant_utc(row.latest_ns),
                    cameras=_cameras(link, row.id),
                )
                for row in link.execute(query)
            ]


@contextmanager
def _reading(reader: Engine) -> Iterator[Connection]:
    """A connection in one consistent snapshot; database failures become StorageError."""
    try:
        with reader.connect() as link, link.begin():
            yield link
    except SQLAlchemyError as error:
        raise StorageError(f"the database cannot be read: {reason_of(error)}") from error


def _named(names: Sequence[str]) -> list[str]:
    """Each name once, in the order in which the cabinet told them."""
    return list(dict.fromkeys(names))


def _listed(orgs: Sequence[str], site: str) -> str:
    return ", ".join(f"{org}/{site}" for org in orgs)


def _node_state(state: str | None) -> NodeState:
    if state == "online":
        return "online"
    return "offline" if state == "offline" else "unknown"


def _lost(link: Connection, node_ids: Sequence[int], stream: Stream) -> int:
    """Records that thinning took: those of its ranges that were not stored before."""
    span, owner, record = tables.thinned, tables.streams, tables.records
    query = (
        select(span.c.stream_id, span.c.first, span.c.last)
        .join(owner, owner.c.id == span.c.stream_id)
        .where(owner.c.node_id.in_(node_ids), owner.c.stream == stream.value)
    )
    lost = 0
    for stream_id, first, last in link.execute(query).all():
        kept = select(func.count()).where(record.c.stream_id == stream_id, record.c.seq.between(first, last))
        lost += last - first + 1 - (link.scalar(kept) or 0)
    return lost


def _lanes_now(link: Connection, node_id: int) -> list[LaneQueue]:
    table, node = tables.lane_states, tables.nodes
    newest = link.execute(
        select(table.c.stream_id, table.c.seq)
        .where(table.c.node_id == node_id)
        .order_by(table.c.ts_ns.desc(), table.c.seq.desc())
        .limit(1)
    ).first()
    if newest is None:
        return []
    query = (
        select(table, node.c.node, node.c.state, node.c.lanes)
        .join(node, node.c.id == table.c.node_id)
        .where(table.c.stream_id == newest.stream_id, table.c.seq == newest.seq)
    )
    rows = sorted(link.execute(query).mappings(), key=lambda row: row["lanes"].index(row["lane"]))
    return [
        LaneQueue.model_validate({**row, "as_of": instant_utc(row["ts_ns"]), "live": row["state"] == "online"})
        for row in rows
    ]


def _cameras(link: Connection, node_id: int) -> list[CameraHealth]:
    table, record = tables.health, tables.records
    query = (
        select(table, record.c.clock_synced)
        .join(record, and_(record.c.stream_id == table.c.stream_id, record.c.seq == table.c.seq))
        .where(table.c.node_id == node_id)
        .order_by(table.c.ts_ns.desc(), table.c.seq.desc())
        .limit(_HEALTH_SEARCHED)
    )
    latest: dict[str | None, CameraHealth] = {}
    for row in link.execute(query).mappings():
        if row["camera"] not in latest:
            latest[row["camera"]] = CameraHealth.model_validate({**row, "as_of": instant_utc(row["ts_ns"])})
    return [latest[camera] for camera in sorted(latest, key=lambda name: (name is not None, name or ""))]
