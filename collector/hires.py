"""High-resolution events out of the collector's database, in the order of time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import SQLAlchemyError

from collector.database import Database, reason_of
from collector.tables import hires_events, nodes
from edge.errors import InputError, StorageError

#: (UTC ns, org, site, node, code, parameter)
Event = tuple[int, str, str, str, int, int]
_CHUNK = 10_000


def count(database: Database, begin_ns: int | None, end_ns: int | None, sites: Collection[str]) -> int:
    """How many events of these sites (of all where none is named) are from begin_ns to before end_ns.

    InputError for a site that never sent anything; StorageError where the database cannot be read.
    """
    try:
        with database.reader.connect() as link:
            known = set(link.scalars(select(nodes.c.site)))
            for site in sites:
                if site not in known:
                    raise InputError(
                        f"--site {site}: has sent nothing to {database.name}; there are {', '.join(sorted(known))}"
                    )
            return link.scalar(_within(select(func.count()), begin_ns, end_ns, sites)) or 0
    except SQLAlchemyError as error:
        raise StorageError(f"database {database.name} cannot be read: {reason_of(error)}") from error


def events(database: Database, begin_ns: int | None, end_ns: int | None, sites: Collection[str]) -> Iterator[Event]:
    """The events that `count` counts. Errors are the same."""
    table = hires_events.c
    what = select(table.ts_ns, nodes.c.org, nodes.c.site, nodes.c.node, table.code, table.parameter)
    query = _within(what, begin_ns, end_ns, sites).order_by(
        table.ts_ns, nodes.c.id, table.stream_id, table.seq, table.place
    )
    try:
        with database.reader.connect() as link:
            for row in link.execution_options(yield_per=_CHUNK).execute(query):
                yield (row[0], row[1], row[2], row[3], row[4], row[5])
    except SQLAlchemyError as error:
        raise StorageError(f"database {database.name} cannot be read: {reason_of(error)}") from error


def _within(query: Select[Any], begin_ns: int | None, end_ns: int | None, sites: Collection[str]) -> Select[Any]:
    query = query.select_from(hires_events).join(nodes, nodes.c.id == hires_events.c.node_id)
    if begin_ns is not None:
        query = query.where(hires_events.c.ts_ns >= begin_ns)
    if end_ns is not None:
        query = query.where(hires_events.c.ts_ns < end_ns)
    return query.where(nodes.c.site.in_(sites)) if sites else query
