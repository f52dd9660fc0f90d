"""`stopline hires`: the same events from wherever they are, whole files or none, and what is wrong in one sentence."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from collector.database import open_database
from collector.store import Store
from edge.cli.main import main
from edge.clock import NS_PER_S, ReplayClock
from edge.messages import HiResBody, Stream, parse_record
from edge.replay.hires_table import HiResTable
from edge.telemetry.hires import HiResEvent
from edge.telemetry.hires_read import Row, in_order
from tests.collector_cabinet import NOON, Cabinet, hires
from tests.unit.test_hires_outbox import Steps
from tests.unit.test_outbox import START_WALL_NS

HEADER = "TimeStamp,DeviceId,EventId,Parameter"
LINES = [
    HEADER,
    "2026-05-01 12:00:05.0,a1,1,2",
    "2026-05-01 12:00:05.2,a1,82,7",
    "2026-05-01 12:01:30.9,a1,7,2",
]


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """An outbox with a record, and with an event that is still to become one."""
    path = tmp_path / "outbox.db"
    steps = Steps(path)
    steps.told(5.04, (1, 2))
    steps.told(5.29, (82, 7))
    steps.told(90.96, (7, 2))
    steps.outbox.close()
    return path


@pytest.fixture
def town(tmp_path: Path, outbox: Path) -> Path:
    """A collector's database that has it all, and two events of another site."""
    path = tmp_path / "town.sqlite"
    steps = Steps(outbox)
    steps.outbox.batch_hires(unfinished=True)
    records = [parse_record(one.payload) for one in steps.outbox.pending(Stream.HIRES)]
    steps.outbox.close()
    database = open_database(str(path))
    other = Cabinet("b2").record(HiResBody(events=[(0, 1, 4), (650, 7, 4)]), at_s=4.0)
    assert Store(database.writer, ReplayClock()).ingest([*records, other]).stored == 3
    database.close()
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a replay."""
    folder = tmp_path / "replayed"
    folder.mkdir()
    with HiResTable(folder / "hires.csv", "a1", lambda t_ns: START_WALL_NS + t_ns) as table:
        table([HiResEvent(round(5.04 * NS_PER_S), 1, 2)])
        # A camera that is late: its event comes after one that was later.
        table([HiResEvent(round(90.96 * NS_PER_S), 7, 2), HiResEvent(round(5.29 * NS_PER_S), 82, 7)])
    return folder


def export(*arguments: object) -> int:
    return main(["hires", "export", *map(str, arguments)])


def test_outbox_database_and_replay_give_the_same_lines(tmp_path: Path, outbox: Path, town: Path, run: Path) -> None:
    for name, source in (
        ("outbox", ["--outbox", outbox]),
        ("database", ["--database", town, "--site", "a1"]),
        ("replay", ["--replay", run]),
    ):
        out = tmp_path / f"{name}.csv"
        assert export(*source, "-o", out) == 0
        assert out.read_text().splitlines() == LINES, name
        assert not list(tmp_path.glob("*.part"))


def test_parquet_has_the_columns_and_types_that_tools_read(tmp_path: Path, outbox: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    out = tmp_path / "it's.parquet"
    assert export("--outbox", outbox, "-o", out) == 0
    with duckdb.connect() as db:
        table = db.read_parquet(str(out))
        assert table.columns == HEADER.split(",")
        assert [str(kind) for kind in table.types] == ["TIMESTAMP", "VARCHAR", "SMALLINT", "SMALLINT"]
        rows = table.fetchall()
    text = [f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 100_000},{d},{c},{p}" for at, d, c, p in rows]
    assert text == LINES[1:]
    assert not list(tmp_path.glob("*.part"))


def test_times_are_those_of_the_zone_asked_for(tmp_path: Path, town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.csv"
    zone = ["--timezone", "Europe/Berlin", "--from", "2026-05-01T14:00:05", "--to", "2026-05-01T12:01:30+00:00"]
    assert export("--database", town, "--site", "a1", *zone, "--json", "-o", out) == 0
    assert out.read_text().splitlines() == [HEADER, "2026-05-01 14:00:05.0,a1,1,2", "2026-05-01 14:00:05.2,a1,82,7"]
    assert json.loads(capsys.readouterr().out) == {"out": str(out), "events": 2, "timezone": "Europe/Berlin"}


def test_all_sites_in_the_order_of_time_or_under_one_name(tmp_path: Path, town: Path) -> None:
    out = tmp_path / "a.csv"
    assert export("--database", town, "-o", out) == 0
    told = [line.split(",")[:3] for line in out.read_text().splitlines()[1:]]
    assert [what[1] for what in told] == ["b2", "a1", "a1", "b2", "a1"]
    assert [what[0] for what in told] == sorted(what[0] for what in told)
    assert export("--database", town, "--site", "b2", "--device", "1136", "-o", out) == 0
    assert [line.split(",")[1] for line in out.read_text().splitlines()[1:]] == ["1136", "1136"]


def test_what_is_wrong_is_said_and_nothing_is_written(
    tmp_path: Path, outbox: Path, town: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.csv"
    out.write_text("what was there")
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as link, link:
        link.execute("CREATE TABLE theirs (a)")
    text = tmp_path / "text"
    text.write_text("no database, but long enough to be taken for one" * 99)
    broken, headless = tmp_path / "broken", tmp_path / "headless"
    for folder, lines in ((broken, [*LINES, "noon,a1,1,2"]), (headless, LINES[1:])):
        folder.mkdir()
        (folder / "hires.csv").write_text("\n".join(lines))
    for arguments, code, why in (
        ([], 78, "nothing given: give one of --outbox, --database, --replay"),
        (["--outbox", outbox, "--replay", run], 78, "--outbox and --replay given: give one"),
        (["--outbox", outbox, "--site", "a1"], 78, "--site is for --database"),
        (["--outbox", tmp_path / "none.db"], 65, "there is no such file"),
        (["--outbox", other], 65, "is no outbox of ours"),
        (["--outbox", text], 65, "cannot be read as an outbox"),
        (["--database", tmp_path / "none.sqlite"], 74, "there is no such file"),
        (["--database", other], 74, "other tables than ours"),
        (["--database", town, "--site", "c3"], 65, "--site c3: has sent nothing to .*there are a1, b2"),
        (["--replay", tmp_path], 65, "hires.csv: cannot be read .*folder of a replay with a plan"),
        (["--replay", broken], 65, "line 5 is no event: noon,a1,1,2"),
        (["--replay", headless], 65, "its first line is not TimeStamp,DeviceId,EventId,Parameter"),
        (["--outbox", outbox, "--timezone", "Mars"], 78, "--timezone Mars: is no time zone"),
        (["--outbox", outbox, "--from", "noon"], 78, "--from noon: is no date and time"),
        (["--outbox", outbox, "--from", "2026-05-02", "--to", "2026-05-01"], 78, "is not before --to 2026-05-01"),
        (["--outbox", outbox, "--from", "2026-05-02"], 65, "has no high-resolution event from 2026-05-02"),
        (["--database", town, "--to", "2026-05-01"], 65, "has no high-resolution event before 2026-05-01"),
        (["--outbox", outbox, "-o", tmp_path / "a.xlsx"], 78, "ends in .csv or .parquet"),
        (["--outbox", outbox, "-o", tmp_path / "missing" / "a.csv"], 78, "there is no folder .*missing; make it"),
    ):
        given = arguments if "-o" in arguments else [*arguments, "-o", out]
        assert export(*given) == code, arguments
        (line,) = capsys.readouterr().err.splitlines()
        assert re.search(why, line), line
    assert out.read_text() == "what was there"
    assert not list(tmp_path.rglob("*.part"))


def test_an_unfinished_file_is_not_left(tmp_path: Path, outbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.csv"
    (tmp_path / "a.csv.part").mkdir()
    assert export("--outbox", outbox, "-o", out) == 74
    assert "cannot write" in capsys.readouterr().err
    assert not out.exists()


def test_reading_changes_nothing_and_may_go_on_beside_writing(tmp_path: Path, outbox: Path) -> None:
    before = outbox.read_bytes()
    assert export("--outbox", outbox, "-o", tmp_path / "a.csv") == 0
    assert outbox.read_bytes() == before
    steps = Steps(outbox)
    steps.told(120.0, (1, 4))
    assert export("--outbox", outbox, "-o", tmp_path / "a.csv") == 0
    assert (tmp_path / "a.csv").read_text().splitlines() == [*LINES, "2026-05-01 12:02:00.0,a1,1,4"]
    steps.outbox.close()


def test_rows_less_than_a_minute_out_of_order_are_put_in_order() -> None:
    rows = [Row(at * NS_PER_S, "a1", 1, 2) for at in (5, 60, 6, 64, 130, 71, 131)]
    assert [row.wall_ns // NS_PER_S for row in in_order(iter(rows))] == [5, 6, 60, 64, 71, 130, 131]


def test_detectors_are_told_as_atspm_wants_them(tmp_path: Path) -> None:
    out = tmp_path / "detectors.csv"
    assert main(["hires", "detectors", "demo", "-o", str(out), "--device", "7"]) == 0
    header, *rows = out.read_text().splitlines()
    assert header == "DeviceId,Phase,Parameter,Function"
    assert rows[0].split(",")[::3] == ["7", "Presence"]
    assert rows[1].split(",")[::3] == ["7", "Yellow_Red"]
    channels = [int(row.split(",")[2]) for row in rows[::2]]
    assert channels == list(range(1, len(channels) + 1))


def test_the_events_of_the_collectors_own_test_have_their_instants(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "town.sqlite"))
    Store(database.writer, ReplayClock()).ingest([Cabinet().record(hires(), at_s=1.0)])
    database.close()
    out = tmp_path / "a.csv"
    assert export("--database", tmp_path / "town.sqlite", "-o", out) == 0
    late = NOON + timedelta(seconds=13.5)
    assert out.read_text().splitlines()[-1] == f"{late:%Y-%m-%d %H:%M:%S}.5,a1,7,2"
