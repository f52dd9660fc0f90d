"""The outbox as a file: how it is begun, recognised, checked and set aside.

A file that SQLite calls damaged is renamed with its log and kept for whoever wants to
recover it, and a new one is begun under a new epoch. A lock file beside it (`….lock`)
is held shared by each transaction and exclusively while files change names, so that no
process commits into a file that another has just set aside.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.errors import ConfigError, StorageError
from edge.telemetry import hires_gather
from edge.telemetry.identity import NodeIdentity

#: `STOP` in ASCII: says that an SQLite file is an outbox of ours.
APPLICATION_ID = 0x53544F50
FORMAT = 1

_SCHEMA = """
CREATE TABLE outbox (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch TEXT NOT NULL, org TEXT NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL,
  set_aside TEXT,
  movements TEXT NOT NULL DEFAULT '[]', lanes TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE stream (
  name TEXT PRIMARY KEY,
  last_seq INTEGER NOT NULL DEFAULT 0, thinned INTEGER NOT NULL DEFAULT 0,
  records INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE record (
  stream TEXT NOT NULL, seq INTEGER NOT NULL,
  first_seq INTEGER NOT NULL, bytes INTEGER NOT NULL, thinned INTEGER NOT NULL, payload TEXT NOT NULL,
  PRIMARY KEY (stream, seq)
) WITHOUT ROWID;
"""

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file itself is wrong, rather than the disk, a lock or us."""
    return primary_code(error) in _DAMAGED


def primary_code(error: sqlite3.Error) -> int | None:
    """SQLite's result code without its extension; None for errors of the Python binding."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


class FileLock:
    """The lock file beside an outbox; a separate one for each process and thread."""

    def __init__(self, path: Path) -> None:
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StorageError(f"cannot open {path}: {error.strerror}; give a folder that can be written") from error

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Held while a transaction runs."""
        fcntl.flock(self._fd, fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Held while the file is begun, checked or set aside."""
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def take(self) -> bool:
        """Hold it until `close`; False where another holds it."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Let go; safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_outbox(path: Path, identity: NodeIdentity, *, damaged_inode: int | None = None) -> sqlite3.Connection:
    """A connection to the outbox at `path`, begun there if need be. Call with the lock held exclusively.

    damaged_inode names a file that failed in use and is set aside even if a check finds
    nothing wrong with it. ConfigError where the file is another program's or another
    node's; StorageError where it cannot be opened.
    """
    set_aside: Path | None = None
    try:
        if path.exists() and (path.stat().st_ino == damaged_inode or _is_damaged(path)):
            set_aside = _set_aside(path)
        db = _connect(path)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"cannot open the outbox {path}: {error}") from error
    try:
        if set_aside is None and _is_ours(db, path):
            _refuse_other_node(db, path, identity)
        else:
            _begin(db, identity, set_aside)
        # Files begun before there were such events lack it.
        db.execute(hires_gather.SCHEMA)
    except sqlite3.Error as error:
        db.close()
        raise StorageError(f"cannot begin the outbox {path}: {error}") from error
    except ConfigError:
        db.close()
        raise
    return db


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=30.0, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_size_limit = 4194304")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _is_damaged(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=30.0)) as db:
            answer = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        if is_damage(error):
            return True
        raise
    return bool(answer != ("ok",))


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _is_ours(db: sqlite3.Connection, path: Path) -> bool:
    """False for a new, empty file."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == 0 and tables == 0:
        return False
    if application != APPLICATION_ID:
        raise ConfigError(f"{path} is an SQLite file of another program, not an outbox: choose another path")
    if version != FORMAT:
        raise ConfigError(f"{path} is an outbox of format {version}, this version knows {FORMAT}: choose another path")
    return True


def _refuse_other_node(db: sqlite3.Connection, path: Path, identity: NodeIdentity) -> None:
    org, site, node = db.execute("SELECT org, site, node FROM outbox").fetchone()
    if (org, site, node) != (identity.org, identity.site, identity.node):
        raise ConfigError(
            f"{path} is the outbox of {org}/{site}/{node}, not of {identity}: one file serves one node, choose another"
        )


def _begin(db: sqlite3.Connection, identity: NodeIdentity, set_aside: Path | None) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        db.execute(
            "INSERT INTO outbox (one, epoch, org, site, node, set_aside) VALUES (1, ?, ?, ?, ?, ?)",
            (secrets.token_hex(8), identity.org, identity.site, identity.node, set_aside and str(set_aside)),
        )
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {FORMAT}")
        db.execute("COMMIT")
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
