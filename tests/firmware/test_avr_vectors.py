"""The core's vectors on the chips; all of them by `python -m benchmarks.avr_vectors`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.avr.boards import AvrBoard
from benchmarks.avr.called import CalledCore
from benchmarks.avr.vectors import called, wired, wrong_tables
from firmware_bridge.vectors.files import read_scenarios

SCENARIOS = {scenario.name: scenario for scenario, _ in read_scenarios()}
#: One for each kind of thing the core does.
CALLED = (
    "startup-phases-again",
    "change-of-mind-in-yellow",
    "call-in-clearance-of-walk",
    "stop-time-in-yellow",
    "sensed-red-fail",
    "reset",
    "table-changed",
    "back-in-yellow",
    "wrap",
)
WIRED = ("silence-in-ped-clearance", "refused-conflict-in-yellow", "sensed-conflict")


@pytest.fixture
def core(board: AvrBoard, image_core: Callable[[AvrBoard], CalledCore]) -> CalledCore:
    """The core in the image of a board."""
    return image_core(board)


@pytest.mark.parametrize("name", CALLED)
def test_core_of_the_image(core: CalledCore, name: str) -> None:
    assert called(core, SCENARIOS[name]) is None


def test_tables_judged_by_the_image(core: CalledCore) -> None:
    judged, wrong = wrong_tables(core)
    assert judged > 40
    assert wrong == []


@pytest.mark.parametrize("name", WIRED)
def test_through_line_and_pins(board: AvrBoard, name: str) -> None:
    assert wired(SCENARIOS[name], board) is None
