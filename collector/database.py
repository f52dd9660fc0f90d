"""Opens the database: one connection pool that writes, one that only reads.

The only place that knows which database it is. SQLite is set to write-ahead logging
with a sync on every commit, since an acknowledged record must survive a power cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, make_url, select, update
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from collector.tables import SCHEMA, metadata, nodes, schema_version
from edge.errors import StorageError

#: How long SQLite waits for another writer before it says "locked", in seconds.
_BUSY_S = 2.0


@dataclass(frozen=True, slots=True)
class Database:
    """`writer` begins transactions that hold the write lock; `reader` cannot write on SQLite.

    name is for people and has no password in it.
    """

    writer: Engine
    reader: Engine
    name: str

    def close(self) -> None:
        """Close every connection; the database is then a complete file."""
        self.reader.dispose()
        self.writer.dispose()


def open_database(where: str) -> Database:
    """Open or create the database in a file or at an SQLAlchemy URL.

    StorageError says why it cannot be used: folder missing, not a database, of a later
    version, server not reachable, driver not installed.
    """
    url = _url(where)
    if url.get_backend_name() == "sqlite":
        name = url.database or ""
        writer, reader = _sqlite(url, "IMMEDIATE"), _sqlite(url, "DEFERRED", "PRAGMA query_only=ON")
    else:
        name = url.render_as_string(hide_password=True)
        writer, reader = _server(url, name), _server(url, name)
    database = Database(writer, reader, name)
    try:
        with writer.begin() as link:
            _prepare(link, name)
    except SQLAlchemyError as error:
        database.close()
        raise StorageError(f"database {name} cannot be used ({reason_of(error)}): give another with --db") from error
    except StorageError:
        database.close()
        raise
    return database


@contextmanager
def open_to_read(where: str) -> Iterator[Engine]:
    """A database that is there already, to be read and nothing else; closed when left.

    StorageError where it is not a collector's, or cannot be read.
    """
    url = _url(where)
    reader = (
        _sqlite(url, "DEFERRED", "PRAGMA query_only=ON") if url.get_backend_name() == "sqlite" else _server(url, where)
    )
    name = url.render_as_string(hide_password=True)
    try:
        with reader.connect() as link:
            if not {nodes.name, schema_version.name} <= set(inspect(link).get_table_names()):
                raise StorageError(f"database {name} is not a collector's: give one that a collector wrote")
        yield reader
    except SQLAlchemyError as error:
        raise StorageError(f"database {name} cannot be read ({reason_of(error)}): give a collector's") from error
    finally:
        reader.dispose()


def reason_of(error: SQLAlchemyError) -> str:
    """The database's own words, without the statement and its parameters."""
    original = getattr(error, "orig", None)
    return " ".join(str(error if original is None else original).split())


def _url(where: str) -> URL:
    if "://" not in where:
        where = f"sqlite:///{where}"
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise StorageError(
            f"--db {where} is no database URL: give a file, or for example postgresql://user@host/stopline"
        ) from error
    if url.get_backend_name() == "sqlite":
        if url.database in {None, "", ":memory:"}:
            raise StorageError("--db names no file: a collector's records must outlive it, so give a file")
        folder = Path(str(url.database)).absolute().parent
        if not folder.is_dir():
            raise StorageError(f"database {url.database} cannot be created: make the folder {folder} or change --db")
    return url


def _sqlite(url: URL, begin: str, *pragmas: str) -> Engine:
    # isolation_level None: the driver begins no transaction by itself, so that ours take
    # the write lock at once instead of failing half-way when they want it.
    engine = create_engine(url, connect_args={"isolation_level": None, "timeout": _BUSY_S})

    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON", *pragmas):
            cursor.execute(pragma)
        cursor.close()

    def start(link: Connection) -> None:
        link.exec_driver_sql(f"BEGIN {begin}")

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", start)
    return engine


def _server(url: URL, name: str) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise StorageError(
            f"database {name} needs a driver that is not installed ({error}): install it, for example with "
            "pip install 'psycopg[binary]' and a URL that begins with postgresql+psycopg://"
        ) from error


def _prepare(link: Connection, name: str) -> None:
    """Create the tables in an empty database, and those that an older one lacks; refuse a later version's."""
    present = set(inspect(link).get_table_names())
    if not present:
        metadata.create_all(link)
        link.execute(insert(schema_version).values(version=SCHEMA))
        return
    version = link.scalar(select(schema_version.c.version)) if schema_version.name in present else None
    if version is None:
        raise StorageError(f"database {name} holds other tables than ours: give another with --db")
    if version < SCHEMA:
        # What later versions brought are whole tables; those that were there are as they were.
        metadata.create_all(link)
        link.execute(update(schema_version).values(version=SCHEMA))
    elif version > SCHEMA:
        raise StorageError(
            f"database {name} has schema {version}, this collector knows {SCHEMA}: use the stopline that wrote it"
        )
