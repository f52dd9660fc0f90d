"""Thresholds from a site's own past: within the budget, from files and databases, with unknown and bad input told."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from collector.database import open_database
from collector.tables import lane_summaries, nodes
from edge.cli.incidents import app
from edge.cli.incidents_series import of_collector, of_file
from edge.cli.incidents_tune import tuned
from edge.errors import InputError

LONDON = ZoneInfo("Europe/London")


def week(folder: Path, *, spikes: int = 0, minutes: int = 7 * 288, step_min: int = 5) -> Path:
    """A week of occupancy that follows the day, with noise and some spikes."""
    rng = np.random.default_rng(7)
    at = np.arange(minutes)
    values = 0.4 + 0.3 * np.sin(at * 2 * np.pi * step_min / 1440) + rng.normal(0, 0.02, minutes)
    values[rng.choice(np.arange(minutes // 2, minutes), spikes, replace=False)] += 3.0
    start = datetime(2026, 5, 4, tzinfo=LONDON).replace(tzinfo=None)
    rows = [f"{start + timedelta(minutes=int(i) * step_min)},{value:.4f}" for i, value in zip(at, values, strict=True)]
    path = folder / "nb1.csv"
    path.write_text("\n".join(["timestamp,occupancy", *rows, ""]), encoding="utf-8")
    return path


def test_a_larger_budget_allows_a_lower_threshold_and_keeps_within_it(tmp_path: Path) -> None:
    series = of_file(week(tmp_path, spikes=6), LONDON)
    found = {budget: tuned(series, budget)[0] for budget in (0.15, 0.5, 3.0)}
    assert found[0.15].threshold > found[3.0].threshold
    for budget, row in found.items():
        assert row.alarms <= budget * row.days, budget
    assert found[0.5].days == pytest.approx(7, abs=0.01)


def test_local_time_makes_the_hour_of_the_week(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("timestamp,flow\n2026-05-04 00:00:00,1\n2026-05-04T00:00:00+00:00,\n", encoding="utf-8")
    (series,) = of_file(path, LONDON)
    assert [reading.moment.week_s for reading in series.readings] == [0, 3600], "Monday, in summer time"
    assert [reading.values for reading in series.readings] == [(1.0,), (None,)]


def test_an_hour_told_twice_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"2026-10-25 01:{minute:02d}:00,{minute}" for minute in (*range(0, 60, 15), *range(0, 60, 15))]
    path.write_text("\n".join(["timestamp,flow", *rows]), encoding="utf-8")
    (series,) = of_file(path, LONDON)
    assert (len(series.readings), series.left_out) == (4, 4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1"),
        ("time,flow\n", "line 1"),
        ("timestamp,flow\nyesterday,1\n", "line 2: 'yesterday' is no time"),
        ("timestamp,flow\n2026-05-04 00:00,many\n", "line 2: 'many' is no number"),
        ("timestamp,flow\n2026-05-04 00:00\n", "line 2: has 1 cells"),
    ],
)
def test_a_file_that_is_wrong_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        of_file(path, LONDON)


def test_too_little_is_still_learning(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="still learning"):
        tuned(of_file(week(tmp_path, minutes=20), LONDON), 0.05)


def test_minutes_of_lanes_come_from_a_collector(tmp_path: Path) -> None:
    where = str(tmp_path / "office.db")
    rng = np.random.default_rng(3)
    database = open_database(where)
    with database.writer.begin() as link:
        link.execute(
            insert(nodes).values(
                id=1, org="town", site="a1", node="cabinet", movements=[], lanes=["nb1"], seen_ns=0, latest_ns=0
            )
        )
    database.close()
    with pytest.raises(InputError, match="no minutes"):
        of_collector(where, 7, LONDON)
    _minutes(where, rng.normal(0.4, 0.05, 3 * 1440).clip(0, 1).tolist())
    series = of_collector(where, 2, LONDON)
    assert {one.quantity for one in series} == {"occupancy", "speed", "queue", "wait"}
    occupancy = next(one for one in series if one.quantity == "occupancy")
    assert (occupancy.sensor, len(occupancy.readings)) == ("a1/cabinet/nb1", 2 * 1440)
    shown = CliRunner().invoke(app, ["tune", "--db", where, "--days", "2", "--alarms-per-day", "1", "--json"])
    assert shown.exit_code == 0, shown.output
    rows = {row["quantity"]: row for row in json.loads(shown.output)}
    assert set(rows) == {"occupancy", "all"}, "what was never known is not tuned"
    assert rows["all"]["alarms"] <= 2
    assert rows["all"]["threshold"] >= 1


def _minutes(where: str, occupancy: list[float]) -> None:
    link = sqlite3.connect(where)
    names = [column.name for column in lane_summaries.columns]
    row = dict.fromkeys(names) | {"stream_id": 1, "node_id": 1, "lane": "nb1", "interval_s": 60.0, "known_s": 60.0}
    rows = [
        tuple((row | {"seq": i, "ts_ns": (1_777_852_800 + 60 * i) * 10**9, "occupancy": value})[name] for name in names)
        for i, value in enumerate(occupancy, start=1)
    ]
    marks = ",".join("?" * len(names))
    link.executemany(f"INSERT INTO lane_summaries ({','.join(names)}) VALUES ({marks})", rows)  # noqa: S608
    link.commit()
    link.close()
