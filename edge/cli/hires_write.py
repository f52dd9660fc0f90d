"""Writes high-resolution events into a CSV or Parquet file that is whole or not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo
from pathlib import Path

from edge.errors import ConfigError, StorageError
from edge.telemetry.hires_read import Row
from edge.telemetry.hires_text import COLUMNS, stamp, write_rows

SUFFIXES = (".csv", ".parquet")
_TYPES = {"TimeStamp": "TIMESTAMP", "DeviceId": "VARCHAR", "EventId": "SMALLINT", "Parameter": "SMALLINT"}
#: Rows between two words on how far it is.
_SAY_ROWS = 1000


def check_out(out: Path) -> None:
    """ConfigError where the name does not say which kind of file it is to be, or there is no folder for it."""
    if out.suffix not in SUFFIXES:
        raise ConfigError(f"--out {out}: write a name that ends in .csv or .parquet")
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"--out {out}: there is no folder {out.absolute().parent}; make it first")
    if out.suffix == ".parquet":
        import duckdb  # noqa: F401  a missing extra is told before anything is read


def write(
    rows: Iterable[Row], out: Path, zone: tzinfo | None, device: str | None, on_row: Callable[[int], None]
) -> int:
    """Write events in the order given; how many. StorageError where the disk does not take them.

    device stands in place of the rows' own, where given. on_row is told how many are done.
    """
    table = out.with_name(f"{out.name}.part")
    parquet = out.with_name(f"{out.name}.parquet.part")
    done = 0

    def cells() -> Iterator[tuple[object, ...]]:
        nonlocal done
        for row in rows:
            yield stamp(row.wall_ns, zone), device or row.device, row.code, row.parameter
            done += 1
            if done % _SAY_ROWS == 0:
                on_row(done)

    try:
        with table.open("w", encoding="utf-8", newline="") as file:
            write_rows(file, [COLUMNS])
            write_rows(file, cells())
        if out.suffix == ".parquet":
            _to_parquet(table, parquet)
            parquet.replace(out)
        else:
            table.replace(out)
    except OSError as error:
        raise StorageError(
            f"cannot write {out}: {error.strerror or error}; free space or choose another --out"
        ) from error
    finally:
        for part in (table, parquet):
            if part.is_file():
                part.unlink()
    on_row(done)
    return done


def _to_parquet(table: Path, parquet: Path) -> None:
    import duckdb

    try:
        with duckdb.connect() as db:
            db.read_csv(str(table), header=True, dtype=_TYPES).write_parquet(str(parquet))
    except duckdb.Error as error:
        raise StorageError(f"cannot write {parquet}: {' '.join(str(error).split())}") from error
