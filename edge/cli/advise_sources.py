"""Where counts for `stopline site advise` come from: a replay, a CSV table, an outbox, the office's database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from calibration.site import Site
from edge.clock import NS_PER_S, SystemClock, wall_ns_of
from edge.control.advise.flows import Counted, Observed, Passage, split_counts
from edge.control.advise.hours import Span
from edge.control.advise.read_csv import read_counts, read_passages
from edge.errors import InputError, StorageError
from edge.messages import CrossingBody, RecordMessage, SummaryBody, parse_record
from edge.replay import files
from edge.telemetry.outbox_file import APPLICATION_ID

_SQLITE = b"SQLite format 3\0"
_INTERVAL_S = 300
#: Without --from, so much of the office's data is read, up to the latest record.
_LOOK_BACK = timedelta(days=7)


def observe(where: str, site: Site, span: Span) -> Observed:
    """What a source tells of a site; InputError where it is none, StorageError where it cannot be read."""
    if "://" in where:
        return _collector(where, site, span)
    path = Path(where)
    if path.is_dir():
        return _folder(path)
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE))
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give a folder that `stopline replay` wrote, a CSV table of "
            "counts, an outbox, or the collector's database"
        ) from error
    if head != _SQLITE:
        return Observed(str(path), read_counts(path))
    return _outbox(path, site) if _is_outbox(path) else _collector(where, site, span)


def _folder(path: Path) -> Observed:
    counts, crossings = path / files.COUNTS, path / files.CROSSINGS
    if not counts.is_file():
        raise InputError(f"{path}: has no {files.COUNTS}; give a folder that `stopline replay … --out` wrote")
    passages = read_passages(crossings) if crossings.is_file() and _has_rows(crossings) else ()
    return Observed(str(path), read_counts(counts), passages)


def _has_rows(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        return sum(1 for _ in zip(file, range(2), strict=False)) > 1


def _is_outbox(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            (application,) = db.execute("PRAGMA application_id").fetchone()
    except sqlite3.Error as error:
        raise StorageError(f"{path}: cannot be read ({error}); give a whole file") from error
    return bool(application == APPLICATION_ID)


def _outbox(path: Path, site: Site) -> Observed:
    """What the cabinet has not had acknowledged yet, and so keeps."""
    counted: list[Counted] = []
    passages: list[Passage] = []
    for record in _records(path):
        if record.site != site.id:
            raise InputError(f"{path}: is the outbox of site {record.site}, not of {site.id}; give that of {site.id}")
        if isinstance(record.body, SummaryBody):
            begin_ns = wall_ns_of(record.ts) - round(record.body.interval_s * NS_PER_S)
            for one in record.body.movements:
                vehicles, heavy = (None, None) if one.counts is None else split_counts(one.counts)
                counted.append(Counted(one.movement, begin_ns, record.body.interval_s, one.known_s, vehicles, heavy))
        elif isinstance(record.body, CrossingBody) and record.body.lane is not None:
            passages.append(Passage(record.body.lane, record.body.headway_s, record.body.waited_s))
    if not counted:
        raise InputError(
            f"{path}: holds no summary of a minute; what the office has acknowledged is in the collector's database"
        )
    note = "the outbox holds only what the office has not acknowledged yet"
    return Observed(str(path), tuple(counted), tuple(passages), (note,))


def _records(path: Path) -> Iterator[RecordMessage]:
    query = "SELECT payload FROM record WHERE stream IN ('summary', 'crossing') ORDER BY stream, seq"
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            for (payload,) in db.execute(query):
                yield parse_record(payload)
    except sqlite3.Error as error:
        raise StorageError(f"{path}: cannot be read ({error}); give a whole outbox") from error


def _collector(where: str, site: Site, span: Span) -> Observed:
    from collector.database import open_to_read
    from collector.queries import Queries, UnknownSiteError

    with open_to_read(where) as reader:
        queries = Queries(reader, SystemClock())
        try:
            ref = queries.site(site.id)
        except UnknownSiteError as error:
            raise InputError(f"{where}: no site {site.id} has sent anything there") from error
        if ref.latest_ns is None:
            raise InputError(f"{where}: site {site.id} has sent no record yet")
        end_ns = ref.latest_ns if span.end is None else wall_ns_of(span.end)
        back_ns = round(_LOOK_BACK.total_seconds()) * NS_PER_S
        begin_ns = end_ns - back_ns if span.begin is None else wall_ns_of(span.begin)
        answer = queries.counts(ref, begin_ns, end_ns, _INTERVAL_S)
        passages = tuple(Passage(*one) for one in queries.passages(ref, begin_ns, end_ns))
    counted = []
    for movement in answer.movements:
        for interval in movement.intervals:
            vehicles, heavy = (None, None) if interval.counts is None else split_counts(interval.counts)
            start_ns = wall_ns_of(interval.start)
            counted.append(Counted(movement.movement, start_ns, float(_INTERVAL_S), interval.known_s, vehicles, heavy))
    notes = [] if span.begin is not None else [f"the {_LOOK_BACK.days} days up to the latest record are used"]
    if answer.crossings_lost:
        notes.append(f"a cabinet's full disk gave up {answer.crossings_lost} crossings: counts may be too low")
    return Observed(where, tuple(counted), passages, tuple(notes))
