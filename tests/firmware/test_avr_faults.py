"""What the lamps do when the chip itself fails: hangs, brown-out, shorted outputs, flipped bits, unplugged inputs."""

from __future__ import annotations

import random

import pytest

from benchmarks.avr.boards import CYCLES_PER_MS
from benchmarks.avr.cabinet import RELAY_FALLS_MS, AvrCabinet, Lamps
from benchmarks.avr.running import GREEN, OTHERS
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
    green._take()
    assert green.lamps == frozen
    assert green.edges == [hung_at]
    assert not green.relay_held()
    assert green.starts == []
    # The watchdog restarts the chip. All pins float; it hangs again, dark, so it restarts again and again.
    green.chip.run_us(100_000)
    green._take()
    assert [start.mcusr & WDRF for start in green.starts][:1] == [WDRF]
    assert (green.starts[0].cycle - hung_at) / CYCLES_PER_MS < 150
    assert green.lamps == Lamps()
    assert not green.relay_held()


def test_watchdog_restart_is_a_latched_fault_until_a_person_resets(green: AvrCabinet) -> None:
    original = green.chip.ask(f"peek {green.chip.address('clock_now_ms')} 4")
    assert original
    # The tick's own interrupt is switched off for good: the clock stands still, the program waits for it.
    green.chip.ask("poke 111 00")  # TIMSK1
    assert not green.tick()
    green.chip.run_us(150_000)
    green._take()
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


def test_brown_out_is_dark_and_told(green: AvrCabinet) -> None:
    green.chip.restart("b", 200_000)
    green.chip.run_us(5_000)
    green._take()
    assert green.lamps == Lamps()
    green.hello()
    assert green.heard.hello is not None
    assert (green.heard.hello.cause, green.heard.hello.copies) == (2, 2)
    assert green.heard.hello.table_crc == green.crc
    # Nothing goes on by itself: start-up, with all its red, only when asked.
    green.ticks(50)
    assert not green.lamps.relay
    assert green.until(lambda: green.lamps.green != 0, 8000, GREEN)
    assert green.broken == []


def test_latched_fault_outlives_the_power(green: AvrCabinet) -> None:
    def conflict(lamps: Lamps) -> Sense:
        return Sense(0, lamps.red, lamps.yellow, lamps.green | 0b1111, lamps.walk)

    green.switches.sense = conflict
    assert green.until(lambda: green.fault == Fault.CONFLICT, 1000, GREEN)
    green.ticks(20)
    green.switches.sense = None
    green.chip.restart("p", 2_000_000)
    green.hello()
    green.ticks(50, GREEN)
    assert green.fault == Fault.CONFLICT
    assert not green.lamps.relay
    green.switches.reset = True
    green.ticks(5, GREEN)
    green.switches.reset = False
    assert green.until(lambda: green.lamps.green != 0, 8000, GREEN)
    # And what a person has cleared stays cleared.
    green.ticks(20, GREEN)
    green.chip.restart("p", 2_000_000)
    green.hello()
    green.ticks(20, GREEN)
    assert green.fault == 0
    assert green.broken == []


@pytest.mark.parametrize("level", [0, 1])
def test_output_that_does_not_follow_flashes(green: AvrCabinet, level: int) -> None:
    channel = green.table.channels[0 if level == 0 else 3]
    assert channel.green is not None
    pin = green.board.lamps[channel.green]
    assert green.chip.driven(pin) != bool(level) or green.board.name == "2560"
    green.chip.ask(f"stuck {green.board.lamps[_green_pin(green, level)]} {level}")
    green.ticks(10, GREEN)
    assert green.fault == PINS
    assert not green.lamps.relay
    assert green.broken == []


def _green_pin(green: AvrCabinet, level: int) -> int:
    """Output of a green that is lit where it is to be held low, and of one that is dark otherwise."""
    for i, channel in enumerate(green.table.channels):
        if bool(green.lamps.green >> i & 1) != bool(level) and channel.green is not None:
            return channel.green
    raise AssertionError


def test_input_registers_unplugged_flash(green: AvrCabinet) -> None:
    green.ticks(5, GREEN)
    green.switches.chain = False
    green.ticks(5, GREEN)
    assert green.fault == 0, "a bad reading or two are noise"
    green.ticks(20, GREEN)
    assert green.fault == INPUTS
    assert not green.lamps.relay


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bit_of_the_table_flashes_at_once(green: AvrCabinet, seed: int) -> None:
    random_ = random.Random(seed)
    at = random_.randrange(len(green.data))
    byte = green.chip.peek("table", 1, at)[0]
    green.chip.poke("table", bytes([byte ^ 1 << random_.randrange(8)]), at)
    green.tick(GREEN)
    assert green.fault in {Fault.TABLE, Fault.TABLE_CRC}
    assert not green.lamps.relay
    assert green.lamps.green == 0


def test_flipped_bits_of_intervals_and_mode_flash_at_once(green: AvrCabinet) -> None:
    """Wherever the state stands in memory: what is shown is found by its guard bytes."""
    state = green.chip.peek("device", 900 if green.board.channels == 12 else 370)
    guard = bytes([1, 0, 0xFE])  # green, don't walk, and the complement
    places = [i for i in range(len(state)) if state[i : i + 3] == guard]
    assert places
    for at in places:
        with green.branch():
            green.chip.poke("device", bytes([2]), at)
            green.tick(GREEN)
            assert green.fault == Fault.STATE
            assert not green.lamps.relay


def test_overwritten_guard_word_flashes(green: AvrCabinet) -> None:
    green.chip.poke("__heap_start", b"\0")
    green.tick(GREEN)
    assert green.fault == MEMORY
    assert not green.lamps.relay


def test_door_brings_an_orderly_flash(green: AvrCabinet) -> None:
    green.switches.door_open = True
    green.ticks(1, GREEN)
    assert green.lamps.relay
    assert green.until(lambda: not green.lamps.relay, 20_000, GREEN)
    assert green.heard.report is not None
    assert green.broken == []
    green.ticks(20, GREEN)
    assert green.heard.report.why == Why.MANUAL
    green.switches.door_open = False
    assert green.until(lambda: green.lamps.green != 0, 8000, GREEN)
    assert green.broken == []


def test_stop_time_holds_the_intervals(green: AvrCabinet) -> None:
    assert green.until(lambda: green.lamps.yellow != 0, 20_000, OTHERS)
    green.switches.stop_time = True
    green.ticks(1000, OTHERS)
    assert green.lamps.yellow != 0
    green.switches.stop_time = False
    assert green.until(lambda: green.lamps.yellow == 0, 4000, OTHERS)
    assert green.broken == []


def test_sensed_lamps_that_are_right_change_nothing(green: AvrCabinet) -> None:
    green.switches.sense = lambda lamps: Sense(0, lamps.red, lamps.yellow, lamps.green, lamps.walk)
    green.ticks(2000, OTHERS)
    assert green.fault == 0
    assert green.broken == []


@pytest.mark.parametrize(
    ("fault", "most_ms", "change"),
    [
        (Fault.CONFLICT, 330, lambda s: Sense(0, s.red, s.yellow, s.green | 0b1111, s.walk)),
        (Fault.RED_FAIL, 830, lambda s: Sense(0, 0, s.yellow, s.green, s.walk)),
        (Fault.DUAL, 1030, lambda s: Sense(0, s.red | s.green, s.yellow, s.green, s.walk)),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_sensed_fault_flashes_in_its_time(green: AvrCabinet, fault: Fault, most_ms: int, change) -> None:
    green.switches.sense = change
    begun = green.t_ms
    assert green.until(lambda: not green.lamps.relay, 2000, GREEN)
    assert green.fault == fault
    assert green.t_ms - begun <= most_ms
    assert green.broken == []
