"""The firmware as machine code: what its pins do over a cycle, when requests stop, when clocks wrap."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from benchmarks.avr.boards import AvrBoard
from benchmarks.avr.cabinet import TICK_MS, AvrCabinet
from benchmarks.avr.running import GREEN, OTHERS, ask_at, ms, table_of, yellow_begins
from firmware_bridge.host.core import Interval, Mode, Why

#: Random instants at which the last request arrives, on the two boards together: 200.
ARRIVALS = 100


def test_new_chip_is_dark_until_its_first_tick_and_then_flashes(board: AvrBoard) -> None:
    with AvrCabinet(board, table_of(board)) as cabinet:
        cabinet.chip.run_us(9_000)
        assert not any(cabinet.chip.driven(pin) for pin in (*board.lamps, board.relay, board.heartbeat))
        assert {level for _, level in cabinet.chip.levels.values()} == {0}
        cabinet.ticks(200)
        assert not cabinet.lamps.relay
        cabinet.hello()
        assert cabinet.heard.report is not None
        assert cabinet.heard.report.why == Why.NO_TABLE


def test_full_cycle_keeps_the_laws(green: AvrCabinet) -> None:
    assert green.lamps.green
    green.ticks(1800, OTHERS)
    assert green.lamps.green & 0b1100 or green.lamps.green & 0b10001000
    green.ticks(1500, GREEN)
    green.ticks(1500)
    assert green.heard.report is not None
    assert (green.heard.report.mode, green.heard.report.why) == (Mode.FLASH, Why.SILENCE)
    assert not green.lamps.relay
    assert green.broken == []


def test_report_on_the_wire_says_what_the_pins_show(green: AvrCabinet) -> None:
    for lit in ("green", "yellow", "green"):
        assert green.until(_lit(green, lit), 20_000, OTHERS)
        green.ticks(30, OTHERS)  # the newest report is then of what is still shown
        report = green.heard.report
        assert report is not None
        for lamp, interval in (("green", Interval.GREEN), ("yellow", Interval.YELLOW)):
            said = sum(1 << i for i, row in enumerate(report.channels) if row.interval == interval)
            assert getattr(green.lamps, lamp) == said


def _lit(cabinet: AvrCabinet, lamp: str) -> Callable[[], bool]:
    return lambda: getattr(cabinet.lamps, lamp) != 0


def test_requests_stop_and_yellow_begins_in_300_ms_and_a_tick(green_avr: AvrCabinet) -> None:
    random_ = random.Random(green_avr.board.number)
    waited = []
    for _ in range(ARRIVALS):
        with green_avr.branch():
            arrived = ask_at(green_avr, random_.randrange(160_000))
            begun = yellow_begins(green_avr, 330_000)
            assert begun is not None
            waited.append(ms(begun - arrived))
    assert max(waited) <= 300 + TICK_MS
    assert min(waited) > 290
    assert max(waited) - min(waited) > 5, "the arrivals were not spread over a tick"


def test_heartbeat_is_a_square_wave_of_ticks(green: AvrCabinet) -> None:
    green.edges.clear()
    green.ticks(100, GREEN)
    assert len(green.edges) == 100
    gaps = [ms(later - before) for before, later in zip(green.edges, green.edges[1:], strict=False)]
    assert 7 < min(gaps) <= max(gaps) < 13
    assert green.relay_held()


@pytest.mark.parametrize("before_ms", [2000, 100])
def test_clock_wraps_after_49_days_and_nothing_is_cut(green: AvrCabinet, before_ms: int) -> None:
    """The clock, and all that was taken from it, is set near its wrap; then a change of phases runs over it."""
    green.set_clock((1 << 32) - before_ms)
    green.ticks(1500, OTHERS)
    assert green.clock_ms() < 20_000
    assert green.broken == []
    assert green.fault == 0
    assert green.lamps.green & 0b1100 or green.lamps.green & 0b10001000


def test_clock_that_jumps_cuts_nothing(green: AvrCabinet) -> None:
    green.until(lambda: green.lamps.yellow != 0, 20_000, OTHERS)
    green.set_clock(green.clock_ms() + 3_600_000, only_clock=True)
    green.ticks(1500, OTHERS)
    assert green.broken == []
