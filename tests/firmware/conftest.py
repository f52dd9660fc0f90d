"""AVR cabinets that many tests start from: each works on a copy of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.avr.boards import B328, B2560, AvrBoard, ToolsMissingError, built
from benchmarks.avr.cabinet import AvrCabinet
from benchmarks.avr.running import loaded, running


def _tools() -> None:
    try:
        built()
    except ToolsMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session", params=[B328, B2560], ids=lambda board: board.name)
def board(request: pytest.FixtureRequest) -> AvrBoard:
    """Each of the two boards, its firmware built."""
    _tools()
    chosen: AvrBoard = request.param
    return chosen


@pytest.fixture(scope="session")
def green_avr(board: AvrBoard) -> Iterator[AvrCabinet]:
    """Phases 2 and 6 green for long."""
    with running(board) as cabinet:
        yield cabinet


@pytest.fixture
def green(green_avr: AvrCabinet) -> Iterator[AvrCabinet]:
    """A copy of `green_avr` for one test."""
    with green_avr.branch():
        yield green_avr


@pytest.fixture(scope="session")
def green_328p() -> Iterator[AvrCabinet]:
    """An ATmega328P with phases 2 and 6 green for long."""
    _tools()
    with running(B328) as cabinet:
        yield cabinet


@pytest.fixture
def small(green_328p: AvrCabinet) -> Iterator[AvrCabinet]:
    """A copy of `green_328p` for one test."""
    with green_328p.branch():
        yield green_328p


@pytest.fixture(scope="session")
def loaded_328p() -> Iterator[AvrCabinet]:
    """An ATmega328P with its table stored, flashing: nothing was asked."""
    _tools()
    with loaded(B328) as cabinet:
        yield cabinet


@pytest.fixture
def flashing(loaded_328p: AvrCabinet) -> Iterator[AvrCabinet]:
    """A copy of `loaded_328p` for one test."""
    with loaded_328p.branch():
        yield loaded_328p
