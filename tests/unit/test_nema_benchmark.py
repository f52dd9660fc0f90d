"""The benchmark against SUMO's NEMA program: both run the same traffic by the same sheet, and what is compared."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import nema
from benchmarks.nema_street import Street, Times


def row(load: float, seed: int, control: str, delay_s: float, laws_broken: int = 0) -> nema.Row:
    return nema.Row(load, seed, control, 100, delay_s, 1.0, 40, 0.9, 0.1, laws_broken)


def test_ours_is_held_against_the_better_passage_time_of_each_load() -> None:
    rows = [
        row(0.3, 1, "ours", 21.0),
        row(0.3, 1, "a", 20.0),
        row(0.3, 1, "b", 30.0),
        row(1.0, 1, "ours", 50.0),
        row(1.0, 1, "a", 60.0),
        row(1.0, 1, "b", 40.0),
    ]
    light, heavy, laws = nema._goals(rows)
    assert light.value == pytest.approx(1.05)
    assert light.holds
    assert heavy.value == pytest.approx(1.25)
    assert not heavy.holds
    assert laws.holds
    assert not nema._goals([*rows, row(1.0, 2, "ours", 1.0, laws_broken=1)])[-1].holds


def test_both_carry_the_same_traffic_by_the_same_sheet(tmp_path: Path) -> None:
    scenario = nema.scenario(0.6, 60.0).model_copy(update={"warm_up_s": 30.0})
    street = Street(scenario, 1, Times(), tmp_path)
    ours, theirs = street.ours(), street.nema()
    assert ours.vehicles == theirs.vehicles > 10
    assert ours.laws_broken == 0
    for outcome in (ours, theirs):
        assert outcome.greens > 0
        assert outcome.gap_outs + outcome.max_outs == pytest.approx(1.0)
        assert 0 < outcome.delay_s < 60
    program = ET.parse(tmp_path / "nema.add.xml").getroot()  # noqa: S314 - our own
    sheet = {phase.number: phase for phase in street.signal.phases}
    for phase in program.iter("phase"):
        mine = sheet[int(phase.attrib["name"])]
        assert float(phase.attrib["minDur"]) == mine.min_green_s
        assert float(phase.attrib["maxDur"]) == mine.max_green_s
        assert float(phase.attrib["yellow"]) == mine.yellow_s
        assert float(phase.attrib["red"]) == mine.red_clearance_s
        assert set(phase.attrib["state"]) <= set("rG")
