"""`stopline site plan`: splits as bars and as a picture, what runs on a day, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge.cli.main import main
from tests.unit.test_site_plans import SHEET


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "sheet.toml"
    path.write_text(SHEET, "utf-8")
    return path


def test_it_shows_every_ring_and_what_runs_on_a_day(sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "plan", str(sheet), "--date", "2026-11-23"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "plan 1 day: cycle 90 s, offset 0 s, shortway"
    # 14 s of 90 on 72 letters: phase 1 has 9.4 s green, 3.6 s yellow and 1 s red.
    assert lines[1].startswith("  ring 1  11111111yyr2222")
    assert lines[4].startswith("  ring 1  2222"), "it leads in this plan"
    assert lines[-4:] == [
        "Monday 2026-11-23, America/Chicago:",
        "  00:00  day (since Sunday 09:15)",
        "  06:30  am-peak (since 06:30)",
        "  09:15  day (since 09:15)",
    ]


def test_a_day_as_json_and_a_night_of_clock_change(sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet.write_text(SHEET.replace('from = "06:30"', 'from = "02:30"').replace('"mon", "tue"', '"sun", "mon"'), "utf-8")
    assert main(["site", "plan", str(sheet), "--date", "2026-03-08", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(run["from"], run["plan"]) for run in shown["runs"]] == [
        ("00:00", "day"),
        ("03:00", "am-peak"),
        ("09:15", "day"),
    ]


def test_the_picture_has_each_phase_once_a_plan(sheet: Path, tmp_path: Path) -> None:
    picture = tmp_path / "sheet.svg"
    assert main(["site", "plan", str(sheet), "--picture", str(picture)]) == 0
    drawn = ElementTree.parse(picture)  # noqa: S314 - our own
    texts = ["".join(node.itertext()) for node in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert sum(text.startswith("3 ") for text in texts) == 2
    assert "6* 29.5 s" in texts
    assert "plan 1 day: cycle 90 s, offset 0 s, shortway" in texts


def test_refusals_name_what_to_do(sheet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "plan", str(sheet), "--date", "2026-02-30"]) == 2
    assert "'2026-02-30' is not a date" in capsys.readouterr().err
    assert main(["site", "plan", str(sheet), "--picture", str(tmp_path / "none" / "p.svg")]) == 74
    assert "cannot be written" in capsys.readouterr().err
    sheet.write_text(SHEET[: SHEET.index("[[plans]]")], "utf-8")
    assert main(["site", "plan", str(sheet)]) == 78
    assert "plan: is missing" in capsys.readouterr().err


def test_validate_counts_the_plans(sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "validate", str(sheet)]) == 0
    assert "8 phases, 2 plans;" in capsys.readouterr().out
    assert main(["site", "validate", str(sheet), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["plans"] == ["day", "am-peak"]
