"""Actuated control by the table of scenarios, on the real core."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from calibration.site import Plan, Signal
from edge.clock import NS_PER_S
from edge.control.actuated import ActuatedController, ActuatedSettings
from edge.control.calls import CallSettings
from edge.controller import Controller
from tests.unit.engineer.actuated_table import SCENARIOS
from tests.unit.engineer.sheet import Scenario, Shown, render, run

PAGE = Path(__file__).parents[3] / "docs" / "engineer-tests.md"
BEGIN, END = "<!-- actuated: written by the tests -->\n", "<!-- end of actuated -->\n"
#: Nothing is called only because it was not green for long, so that each row shows its own rule alone.
SETTINGS = ActuatedSettings(calls=CallSettings(forgotten_s=None))


def make(scenario: Scenario) -> Callable[[Signal, Callable[[], frozenset[int]]], Controller]:
    splits_s, wanted = scenario.splits_s, scenario.coordination
    plan = None if splits_s is None else Plan(name="sheet", cycle_s=sum(splits_s.values()), splits_s=dict(splits_s))
    return lambda signal, buttons: ActuatedController(
        signal,
        plan,
        SETTINGS,
        detectors=scenario.detectors,
        coordinate=None if wanted is None else lambda state: wanted(state.t_ns / NS_PER_S),
        ped_calls=buttons,
    )


@cache
def shown(number: int) -> Shown:
    return run(SCENARIOS[number], make(SCENARIOS[number]))


@pytest.mark.parametrize("number", range(len(SCENARIOS)), ids=lambda n: SCENARIOS[n].name.replace(" ", "-"))
def test_the_signal_does_what_the_sheet_says(number: int) -> None:
    scenario, seen = SCENARIOS[number], shown(number)
    assert tuple(seen.greens) == scenario.greens
    assert tuple(seen.walks) == scenario.walks
    for text in scenario.says:
        assert any(text in reason for reason in seen.reasons), text


def test_the_page_shows_what_was_run(update_golden: bool) -> None:
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    sections = "\n".join(render(scenario, shown(n)) for n, scenario in enumerate(SCENARIOS))
    text = before + BEGIN + "\n" + sections + "\n" + END + rest.partition(END)[2]
    if update_golden:
        PAGE.write_text(text, "utf-8")
    assert PAGE.read_text("utf-8") == text, "run this test with --update-golden and read the difference"
