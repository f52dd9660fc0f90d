"""`stopline incidents charts`: a page from a file or a collector, whole or not at all."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from calibration.load import load_site
from collector.database import open_database
from collector.tables import nodes
from edge.cli.incidents import app
from edge.cli.incidents_charts import draw, quantity_of
from edge.errors import InputError
from edge.statistics.alarm import Quantity
from tests.unit.test_incidents_tune import _minutes

SITE = load_site("demo")
JAM_DAY, JAM_HOUR = 8, 11


def made(folder: Path) -> Path:
    """Ten days of occupancy, five minutes a reading, that follow the hour; a jam, no link, a frozen sensor."""
    rng = np.random.default_rng(11)
    rows = ["timestamp,occupancy"]
    for i in range(10 * 288):
        at = datetime(2026, 5, 4) + timedelta(minutes=5 * i)  # noqa: DTZ001 a CSV's time is the site's
        hour = at.hour + at.minute / 60
        usual = 0.06 + 0.26 * np.exp(-(((hour - 8) / 1.6) ** 2)) + 0.3 * np.exp(-(((hour - 17) / 2) ** 2))
        value = max(usual + rng.normal(0, 0.012), 0.0)
        since = i - (JAM_DAY * 288 + JAM_HOUR * 12)
        if 0 <= since < 14:
            value = 0.62 + 0.2 * min(since, 6) / 6 + rng.normal(0, 0.02)
        if 9 * 288 + 150 <= i < 9 * 288 + 200:
            value = 0.171
        rows.append(f"{at},{'' if 1758 <= i < 1808 else f'{value:.3f}'}")
    path = folder / "NB1.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_page_of_a_file_marks_the_jam_and_the_frozen_sensor_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "charts.html"
    shown = CliRunner().invoke(app, ["charts", str(made(tmp_path)), "--site", "demo", "-o", str(out)])
    assert shown.exit_code == 0, shown.output
    assert shown.output.replace("\n", "").endswith("1 series, 1 alarm, 1 sensor fault")
    page = out.read_text("utf-8")
    assert re.search(r"1 congestion, low, Tue 2026-05-12 11:[0-3]\d", page), "in the first half hour of it"
    assert "learning until Tue 2026-05-05 00:00" in page
    assert "<td>2880</td><td>4.2 h</td>" in page, "readings, unknown"
    assert re.search(r"2 sensor fault \(frozen\), medium, Wed 2026-05-13 13:\d\d", page)
    assert "until 16:40" in page
    assert f"alarm from {SITE.incidents.alarm_threshold:g} (alarm_threshold)" in page
    assert str(tmp_path) not in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["NB1.csv", "charts.html"]


def test_a_page_of_a_collectors_database_has_each_lane_and_the_lane_asked_for(tmp_path: Path) -> None:
    where = str(tmp_path / "office.db")
    database = open_database(where)
    with database.writer.begin() as link:
        link.execute(
            insert(nodes).values(
                id=1, org="town", site="a1", node="cabinet", movements=[], lanes=["nb1"], seen_ns=0, latest_ns=0
            )
        )
    database.close()
    _minutes(where, np.random.default_rng(3).normal(0.4, 0.05, 300).clip(0, 1).tolist())
    out = tmp_path / "charts.html"
    assert draw(where, SITE, out, 7, None).series == 4
    assert draw(where, SITE, out, 7, "occupancy").series == 1
    page = out.read_text("utf-8")
    assert "a1/cabinet/nb1 occupancy" in page
    assert "share of time" in page
    assert "Still learning, until" in page
    with pytest.raises(InputError, match="--only left: is in the name of no series; there are a1/cabinet/nb1"):
        draw(where, SITE, out, 7, "left")


@pytest.mark.parametrize(
    ("text", "out", "said"),
    [
        ("timestamp,flow\n", "a.html", "holds no readings"),
        ("timestamp,flow\n2026-05-04 00:00,many\n", "a.html", "line 2: 'many' is no number"),
        ("timestamp,flow\n2026-05-04 00:00,1\n", "none/a.html", "is no folder"),
        ("timestamp,flow\n2026-05-04 00:00,1\n", ".", "is a folder"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_the_old_page(tmp_path: Path, text: str, out: str, said: str) -> None:
    source = tmp_path / "a.csv"
    source.write_text(text, encoding="utf-8")
    (tmp_path / "a.html").write_text("old", encoding="utf-8")
    with pytest.raises(InputError, match=said):
        draw(str(source), SITE, tmp_path / out, 7, None)
    assert (tmp_path / "a.html").read_text("utf-8") == "old"


def test_a_source_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        draw(str(tmp_path / "none.csv"), SITE, tmp_path / "a.html", 7, None)


def test_a_single_reading_and_a_column_never_known_are_drawn(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("timestamp,flow,speed\n2026-05-04 00:00,1,\n", encoding="utf-8")
    assert draw(str(source), SITE, tmp_path / "a.html", 7, None).series == 2


@pytest.mark.parametrize(
    ("column", "quantity"),
    [("occupancy", Quantity.OCCUPANCY), ("EB1.flow", Quantity.FLOW), ("Speed", Quantity.SPEED), ("value", None)],
)
def test_what_a_column_measures_is_read_from_its_name(column: str, quantity: Quantity | None) -> None:
    assert quantity_of(column) is quantity
