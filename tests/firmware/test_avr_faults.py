"""What the lamps do when the chip itself fails: hangs, brown-out, shorted outputs, flipped bits, unplugged inputs."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from benchmarks.avr.boards import CYCLES_PER_MS, layout
from benchmarks.avr.cabinet import RELAY_FALLS_MS, AvrCabinet
from benchmarks.avr.running import GREEN, OTHERS
from benchmarks.avr.street import Lamps
from firmware_bridge.host.core import Fault, Sense, Why
from firmware_bridge.wire_messages import Result

WATCHDOG, PINS, INPUTS, MEMORY = 17, 20, 21, 18
WDRF, BORF = 0x08, 0x04


@pytest.mark.parametrize("interrupts", [True, False], ids=["main loop", "everything"])
def test_hang_drops_the_relay_and_restarts(green: AvrCabinet, interrupts: bool) -> None:
    green.chip.hang("sl_tick", interrupts)
    frozen = green.lamps
    hung_at = green.chip.cycle
    green.edges.clear()
    green.edges.append(hung_at)
    # The lamps freeze, the heartbeat does not go on: the relay outside falls by itself.
    green.chip.run_us(RELAY_FALLS_MS * 1000 + 1000)
    green.absorb()
    assert green.lamps == frozen
    assert green.edges == [hung_at]
    assert not green.relay_held()
    assert green.starts == []
    # The watchdog restarts the chip. All pins float; it hangs again, dark, so it restarts again and again.
    green.chip.run_us(100_000)
    green.absorb()
    assert [start.mcusr & WDRF for start in green.starts][:1] == [WDRF]
    assert (green.starts[0].cycle - hung_at) / CYCLES_PER_MS < 150
    assert green.lamps == Lamps()
    assert not green.relay_held()


def test_watchdog_restart_is_a_latched_fault_until_a_person_resets(green: AvrCabinet) -> None:
    # The tick's own interrupt is switched off for good: the clock stands still, the program waits for it.
    green.chip.ask("poke 111 00")  # TIMSK1
    assert not green.tick()
    green.chip.run_us(150_000)
    green.absorb()
    assert len(green.starts) == 1
    green.hello()
    assert green.heard.hello is not None
    assert green.heard.hello.cause == 3
    green.ticks(100, GREEN)
    assert green.fault == WATCHDOG
    assert not green.lamps.relay
    assert green.reset_fault(WATCHDOG).result == Result.NOBODY_THERE
    green.switches.door_open = True
    green.ticks(5)
    assert green.reset_fault(WATCHDOG).result == Result.DONE
    green.switches.door_open = False
    assert green.until(lambda: green.lamps.green != 0, 8000, GREEN)
    assert green.broken == []


def test_brown_out_is_dark_and_told(small: AvrCabinet) -> None:
    small.chip.restart("b", 200_000)
    small.chip.run_us(5_000)
    small.absorb()
    assert small.lamps == Lamps()
    small.hello()
    assert small.heard.hello is not None
    assert (small.heard.hello.cause, small.heard.hello.copies) == (2, 2)
    assert small.heard.hello.table_crc == small.host.crc
    # Nothing goes on by itself: start-up, with all its red, only when asked.
    small.ticks(50)
    assert not small.lamps.relay
    assert small.until(lambda: small.lamps.green != 0, 8000, GREEN)
    assert small.broken == []


def test_latched_fault_outlives_the_power(small: AvrCabinet) -> None:
    def conflict(lamps: Lamps) -> Sense:
        return Sense(0, lamps.red, lamps.yellow, lamps.green | 0b1111, lamps.walk)

    small.switches.sense = conflict
    assert small.until(lambda: small.fault == Fault.CONFLICT, 1000, GREEN)
    small.ticks(20)
    small.switches.sense = None
    small.chip.restart("p", 2_000_000)
    small.hello()
    small.ticks(50, GREEN)
    assert small.fault == Fault.CONFLICT
    assert not small.lamps.relay
    small.switches.reset = True
    small.ticks(5, GREEN)
    small.switches.reset = False
    assert small.until(lambda: small.lamps.green != 0, 8000, GREEN)
    # And what a person has cleared stays cleared.
    small.ticks(20, GREEN)
    small.chip.restart("p", 2_000_000)
    small.hello()
    small.ticks(20, GREEN)
    assert small.fault == 0
    assert small.broken == []


@pytest.mark.parametrize("level", [0, 1])
def test_output_that_does_not_follow_flashes(small: AvrCabinet, level: int) -> None:
    """A lit green held low by a short, and a dark one held high."""
    held = next(c for i, c in enumerate(small.table.channels) if bool(small.lamps.green >> i & 1) != bool(level))
    assert held.green is not None
    small.chip.ask(f"stuck {small.board.lamps[held.green]} {level}")
    small.ticks(10, GREEN)
    assert small.fault == PINS
    assert not small.lamps.relay
    assert small.broken == []


def test_input_registers_unplugged_flash(small: AvrCabinet) -> None:
    small.ticks(5, GREEN)
    small.switches.chain = False
    small.ticks(5, GREEN)
    assert small.fault == 0, "a bad reading or two are noise"
    small.ticks(20, GREEN)
    assert small.fault == INPUTS
    assert not small.lamps.relay


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bit_of_the_table_flashes_at_once(small: AvrCabinet, seed: int) -> None:
    random_ = random.Random(seed)
    at = random_.randrange(len(small.data))
    byte = small.chip.peek("table", 1, at)[0]
    small.chip.poke("table", bytes([byte ^ 1 << random_.randrange(8)]), at)
    small.tick(GREEN)
    assert small.fault in {Fault.TABLE, Fault.TABLE_CRC}
    assert not small.lamps.relay
    assert small.lamps.green == 0


def test_changed_interval_of_any_channel_flashes_at_once(small: AvrCabinet) -> None:
    where = layout(small.board)
    for channel in range(small.board.channels):
        at = where["at_device_core"] + where["at_core_channel"] + channel * where["bytes_of_channel"]
        with small.branch():
            shown = small.chip.peek("device", 1, at)[0]
            small.chip.poke("device", bytes([shown ^ 1]), at)
            small.tick(GREEN)
            assert small.fault == Fault.STATE
            assert not small.lamps.relay


def test_overwritten_guard_word_flashes(small: AvrCabinet) -> None:
    small.chip.poke("__heap_start", b"\0")
    small.tick(GREEN)
    assert small.fault == MEMORY
    assert not small.lamps.relay


def test_door_brings_an_orderly_flash(small: AvrCabinet) -> None:
    small.switches.door_open = True
    small.ticks(1, GREEN)
    assert small.lamps.relay
    assert small.until(lambda: not small.lamps.relay, 20_000, GREEN)
    assert small.heard.report is not None
    assert small.broken == []
    small.ticks(20, GREEN)
    assert small.heard.report.why == Why.MANUAL
    small.switches.door_open = False
    assert small.until(lambda: small.lamps.green != 0, 8000, GREEN)
    assert small.broken == []


def test_stop_time_holds_the_intervals(small: AvrCabinet) -> None:
    assert small.until(lambda: small.lamps.yellow != 0, 20_000, OTHERS)
    small.switches.stop_time = True
    small.ticks(1000, OTHERS)
    assert small.lamps.yellow != 0
    small.switches.stop_time = False
    assert small.until(lambda: small.lamps.yellow == 0, 4000, OTHERS)
    assert small.broken == []


def test_sensed_lamps_that_are_right_change_nothing(small: AvrCabinet) -> None:
    small.switches.sense = lambda lamps: Sense(0, lamps.red, lamps.yellow, lamps.green, lamps.walk)
    small.ticks(2000, OTHERS)
    assert small.fault == 0
    assert small.broken == []


@pytest.mark.parametrize(
    ("fault", "most_ms", "change"),
    [
        (Fault.CONFLICT, 330, lambda s: Sense(0, s.red, s.yellow, s.green | 0b1111, s.walk)),
        (Fault.RED_FAIL, 830, lambda s: Sense(0, 0, s.yellow, s.green, s.walk)),
        (Fault.DUAL, 1030, lambda s: Sense(0, s.red | s.green, s.yellow, s.green, s.walk)),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_sensed_fault_flashes_in_its_time(
    small: AvrCabinet, fault: Fault, most_ms: int, change: Callable[[Lamps], Sense]
) -> None:
    small.switches.sense = change
    begun = small.t_ms
    assert small.until(lambda: not small.lamps.relay, 2000, GREEN)
    assert small.fault == fault
    assert small.t_ms - begun <= most_ms
    assert small.broken == []
