"""The table of injected faults judges rows, and the quick ones of its rows keep every law."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import faults
from benchmarks.fault_rows import FaultRow, core, gpio
from benchmarks.fault_rows.junction import CYCLE, Stage
from firmware_bridge.host.core import CoreInputs

GOOD = FaultRow("a fault", "core", "flash, latched: CLOCK, after 3 ticks", 30.0, ())


def run(rows: list[FaultRow], monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(core, "rows", lambda: rows)
    monkeypatch.setattr(sys, "argv", ["faults", "--quick", *words])
    with pytest.raises(SystemExit) as ended:
        faults.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def many(*extra: FaultRow) -> list[FaultRow]:
    return [FaultRow(f"fault {i}", "core", "flash", None, ()) for i in range(20)] + list(extra)


def test_good_rows_end_with_0_and_are_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    assert run(many(GOOD), monkeypatch, "--json", str(file)) == 0
    assert len(json.loads(file.read_text())["figures"]["rows"]) == 21


@pytest.mark.parametrize(
    "bad",
    [
        FaultRow("a fault", "core", "flash", None, ("no conflict",)),
        FaultRow("a fault", "core", "LAMPS GO ON", None, ()),
    ],
)
def test_a_broken_law_or_lamps_that_go_on_end_with_1(
    bad: FaultRow, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(many(bad), monkeypatch) == 1
    assert "MISSED" in capsys.readouterr().out


def test_too_few_faults_end_with_1_and_an_unknown_bridge_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run([GOOD], monkeypatch) == 1
    monkeypatch.setattr(sys, "argv", ["faults", "--only", "smoke-signals"])
    with pytest.raises(SystemExit) as ended:
        faults.main()
    assert ended.value.code == 2


def test_quick_rows_of_the_core_keep_every_law() -> None:
    rows = [
        core.conflicts_at_every_boundary(),
        *core.bad_requests(),
        *core.senses(),
        core.disagreement(),
        core.overstay(),
    ]
    assert [row for row in rows if row.laws_broken] == []
    assert [row for row in rows if any(word.isupper() and len(word) > 3 for word in faults._words(row))] == []
    assert "lamps differ from an undisturbed twin's in 0 ticks" in rows[0].what_lamps_did


def test_the_stage_sees_a_broken_law() -> None:
    """A stage that is lied to about time: a yellow that the core's clock ran through is not 3 s long."""
    stage = Stage()
    stage.up(CYCLE[0][0])
    stage.ask(CYCLE[0][0], 13_000)
    for _ in range(400):
        stage.step(CoreInputs(CYCLE[1][0]), 10, 1)
    assert "yellow in full" in stage.broken


def test_a_killed_process_leaves_lamps_to_the_relay_outside() -> None:
    row = gpio._row("kill -9", "", lambda cabinet: cabinet.process.kill(), gpio._froze)
    assert row.laws_broken == ()
    assert row.what_lamps_did.startswith("lamps froze (2 and 6 lit); the relay outside dropped")
    assert row.simulated_ms is not None
    assert row.simulated_ms <= gpio.HOLD_NS / 1e6 + 100
