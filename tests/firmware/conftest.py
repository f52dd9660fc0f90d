"""AVR cabinets that many tests start from: each test works on a copy of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from benchmarks.avr.boards import B328, B2560, AvrBoard, ToolsMissingError, built
from benchmarks.avr.cabinet import AvrCabinet
from benchmarks.avr.called import CalledCore
from benchmarks.avr.running import loaded, running


@pytest.fixture(scope="session")
def avr_tools() -> None:
    """Firmware and simulator, built; without the tools for it the test is skipped."""
    try:
        built()
    except ToolsMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(params=[B328, B2560], ids=lambda board: board.name)
def board(request: pytest.FixtureRequest, avr_tools: None) -> AvrBoard:
    """Each of the two boards."""
    chosen: AvrBoard = request.param
    return chosen


# Cached here and not by a parametrized fixture: in random order that would be made anew at each change of boards.
@pytest.fixture(scope="session")
def running_avr(avr_tools: None) -> Iterator[Callable[[AvrBoard], AvrCabinet]]:
    """By board: phases 2 and 6 green for long. Work in its `branch`."""
    with ExitStack() as stack:
        yield cache(lambda board: stack.enter_context(running(board)))


@pytest.fixture(scope="session")
def image_core(avr_tools: None) -> Iterator[Callable[[AvrBoard], CalledCore]]:
    """By board: the core in the firmware's image."""

    def make(board: AvrBoard) -> CalledCore:
        core = CalledCore(board)
        stack.callback(core.chip.close)
        return core

    with ExitStack() as stack:
        yield cache(make)


@pytest.fixture
def green_avr(board: AvrBoard, running_avr: Callable[[AvrBoard], AvrCabinet]) -> AvrCabinet:
    """Phases 2 and 6 green, on each board. Work in its `branch`."""
    return running_avr(board)


@pytest.fixture
def green(green_avr: AvrCabinet) -> Iterator[AvrCabinet]:
    """A copy of `green_avr` for one test."""
    with green_avr.branch():
        yield green_avr


@pytest.fixture
def small(running_avr: Callable[[AvrBoard], AvrCabinet]) -> Iterator[AvrCabinet]:
    """The same for one test, on an ATmega328P alone."""
    cabinet = running_avr(B328)
    with cabinet.branch():
        yield cabinet


@pytest.fixture(scope="session")
def loaded_328p(avr_tools: None) -> Iterator[AvrCabinet]:
    """An ATmega328P with its table stored, flashing: nothing was asked."""
    with loaded(B328) as cabinet:
        yield cabinet


@pytest.fixture
def flashing(loaded_328p: AvrCabinet) -> Iterator[AvrCabinet]:
    """A copy of `loaded_328p` for one test."""
    with loaded_328p.branch():
        yield loaded_328p
