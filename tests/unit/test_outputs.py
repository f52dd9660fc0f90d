"""Lines survive a stop and a full disk; unknown is an empty cell; equal events are equal bytes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.site import Gate, Movement
from edge.errors import InputError, StorageError
from edge.replay.outputs import CountTable, CrossingTable, EventLog, plain, write_whole
from edge.replay.record import read
from edge.types import Crossing, Kind

S = 1_000_000_000
GATE = Gate(line_px=((0, 0), (9, 0)))
EBT = Movement(
    id="EBT",
    approach="EB",
    camera="c",
    entry=GATE,
    exit=GATE,
    direction="rightward",
    kinds=(Kind.CAR, Kind.BUS),
)


def crossing(t_s: float, kind: Kind = Kind.CAR, **fields: Any) -> Crossing:
    known: dict[str, Any] = {"lane": None, "entered_ns": None, "speed_mps": None, "waited_s": None, "track_id": 7}
    return Crossing(t_ns=round(t_s * S), movement="EBT", kind=kind, **(known | fields))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_events_are_sorted_rounded_and_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.write("lanes", 5, {"z": 1.23456, "a": None, "phases": frozenset({6, 2}), "n": -0.0001})
        assert path.read_text() == '{"a":null,"kind":"lanes","n":0.0,"phases":[2,6],"t_ns":5,"z":1.235}\n'


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    with EventLog(tmp_path / "e") as log, pytest.raises(ValueError, match="unknown is None"):
        log.write("lanes", 0, {"speed_mps": float("nan")})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_rounding_twice_changes_nothing(value: Any) -> None:
    once = plain(value)
    assert json.dumps(plain(once)) == json.dumps(once)


def test_a_full_disk_is_a_storage_error_and_closing_is_quiet() -> None:
    log = EventLog(Path("/dev/full"))
    with pytest.raises(StorageError, match=r"/dev/full: No space left on device.*stays readable"):
        log.write("run", 0, {})
    log.close()
    log.close()


def test_a_folder_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"):
        EventLog(tmp_path / "nowhere" / "events.jsonl")


def test_whole_files_are_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_whole(path, "old")
    write_whole(path, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "new"


def test_crossings_have_empty_cells_for_unknown(tmp_path: Path) -> None:
    path = tmp_path / "crossings.csv"
    with CrossingTable(path, (EBT,), None) as table:
        table.add(crossing(12.3456))
        table.add(crossing(20, Kind.BUS, lane="E1", entered_ns=15 * S, speed_mps=8.25, waited_s=0.0, since_green_s=3.5))
    unknown, known = rows_of(path)
    assert (unknown["entry_s"], unknown["speed_mps"], unknown["since_green_s"], unknown["waited_s"]) == ("",) * 4
    assert (unknown["exit_s"], unknown["direction"], unknown["class"]) == ("12.346", "rightward", "car")
    assert (known["entry_s"], known["waited_s"], known["class"], known["lane"]) == ("15.000", "0.000", "bus", "E1")
    assert known["exit_utc"] == ""


def test_crossings_carry_wall_time_when_the_start_is_known(tmp_path: Path) -> None:
    path = tmp_path / "crossings.csv"
    with CrossingTable(path, (EBT,), 0) as table:
        table.add(crossing(90.5))
    assert rows_of(path)[0]["exit_utc"] == "1970-01-01T00:01:30.500Z"


def test_counts_are_rectangular_with_zeros_and_a_short_last_interval(tmp_path: Path) -> None:
    table = CountTable(tmp_path / "counts.csv", (EBT,), 60, None)
    for t_s in range(91):
        table.see(t_s * S, ok=True)
    for t_s in (1, 2, 61):
        table.add(crossing(t_s))
    table.write()
    rows = rows_of(table.path)
    assert [(r["interval_start_s"], r["interval_s"], r["class"], r["count"]) for r in rows] == [
        ("0.000", "60.000", "car", "2"),
        ("0.000", "60.000", "bus", "0"),
        ("60.000", "30.000", "car", "1"),
        ("60.000", "30.000", "bus", "0"),
    ]
    assert [r["known_s"] for r in rows] == ["60.000", "60.000", "30.000", "30.000"]


def test_counts_of_a_blind_interval_are_empty_not_zero(tmp_path: Path) -> None:
    table = CountTable(tmp_path / "counts.csv", (EBT,), 10, None)
    for t_s in range(31):
        table.see(t_s * S, ok=not 10 < t_s <= 20)
    table.write()
    rows = rows_of(table.path)
    assert [(r["count"], r["known_s"]) for r in rows if r["class"] == "car"] == [
        ("0", "10.000"),
        ("", "0.000"),
        ("0", "10.000"),
    ]


def test_counts_of_nothing_seen_are_a_header(tmp_path: Path) -> None:
    table = CountTable(tmp_path / "counts.csv", (EBT,), 60, None)
    table.write()
    assert rows_of(table.path) == []


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=30), st.integers(1, 90))
def test_known_time_adds_up_to_the_recording(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], k: int
) -> None:
    table = CountTable(tmp_path_factory.mktemp("c") / "counts.csv", (EBT,), k, None)
    t_ms = 0
    table.see(0, ok=True)
    for step in steps:
        t_ms += step
        table.see(t_ms * 1_000_000, ok=True)
    table.write()
    cars = [row for row in rows_of(table.path) if row["class"] == "car"]
    assert sum(float(row["known_s"]) for row in cars) == pytest.approx(t_ms / 1000)
    assert all(row["known_s"] == row["interval_s"] for row in cars)


def test_a_record_whose_last_line_was_cut_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(
        '{"kind":"run","movements":[],"site":"s","t_ns":0}\n{"kind":"crossing","t_ns":2000000000}\n{"kind":"cro'
    )
    record = read(tmp_path)
    assert (len(record.events), record.end, record.last_s) == (2, None, 2.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "run event"),
        ('{"kind":"end","t_ns":0}\n', "run event"),
        ('{"kind":"run","t_ns":0}\nnonsense\n', "line 2: not JSON"),
        ('{"kind":"run","t_ns":0}\n[]\n', "line 2"),
    ],
)
def test_a_damaged_record_names_the_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "events.jsonl").write_text(text)
    with pytest.raises(InputError, match=says):
        read(tmp_path)


def test_a_folder_without_a_record_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stopline replay"):
        read(tmp_path / "nothing")
