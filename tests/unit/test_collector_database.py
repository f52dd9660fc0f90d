"""A database that cannot be used is named with the fix; one that can outlives a power cut."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Table, func, insert, make_url, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateTable

from collector.database import open_database
from collector.tables import SCHEMA, hires_events, metadata, nodes, schema_version
from edge.errors import StorageError


def test_commits_are_synced_and_readers_cannot_write(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "town.sqlite"))
    with database.writer.connect() as link:
        assert link.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert link.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert link.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    with database.reader.connect() as link, pytest.raises(OperationalError, match="readonly"):
        link.execute(update(nodes).values(state="online"))
    database.close()


def test_it_opens_again(tmp_path: Path) -> None:
    for _ in range(2):
        open_database(str(tmp_path / "town.sqlite")).close()


def test_what_cannot_be_used_is_named_with_the_fix(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no database at all, but long enough to be read as one" * 100)
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as link, link:
        link.execute("CREATE TABLE theirs (a)")
    link.close()
    for where, why in [
        (str(tmp_path / "missing" / "town.sqlite"), "make the folder"),
        (str(tmp_path), "--db"),
        (str(text), "not a database"),
        (str(other), "other tables"),
        (":memory:", "no file"),
        ("sqlite://", "no file"),
        ("nonsense://here", "driver"),
        ("://", "URL"),
    ]:
        with pytest.raises(StorageError, match=why):
            open_database(where)


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "town.sqlite"))
    with database.writer.begin() as link:
        link.execute(update(schema_version).values(version=99))
    database.close()
    with pytest.raises(StorageError, match="schema 99"):
        open_database(str(tmp_path / "town.sqlite"))


def test_an_older_database_is_given_the_tables_it_lacks(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "town.sqlite"))
    with database.writer.begin() as link:
        link.execute(insert(nodes).values(org="town", site="a1", node="c", movements=[], lanes=[], seen_ns=1))
        hires_events.drop(link)
        link.execute(update(schema_version).values(version=1))
    database.close()
    again = open_database(str(tmp_path / "town.sqlite"))
    with again.reader.connect() as link:
        assert link.scalar(select(schema_version.c.version)) == SCHEMA
        assert link.scalar(select(func.count()).select_from(hires_events)) == 0
        assert link.scalar(select(nodes.c.site)) == "a1"
    again.close()


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: str(table.name))
def test_every_table_can_be_made_in_postgresql(table: Table) -> None:
    assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=make_url("postgresql://").get_dialect()()))
