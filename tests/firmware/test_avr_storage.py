"""Two copies of the table in EEPROM, on the chip: damaged ones, power that fails at any byte, tables for others."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from benchmarks.avr.cabinet import AvrCabinet
from benchmarks.avr.running import GREEN
from benchmarks.avr.stored import HEAD_BYTES, copy_at, copy_bytes
from firmware_bridge.host.core import Why
from firmware_bridge.table_bytes import to_bytes
from firmware_bridge.wire_messages import Result

STORAGE = 16
COPY_BYTES = HEAD_BYTES + 24 + 4 * 28


def _restart(cabinet: AvrCabinet) -> None:
    cabinet.chip.restart("p", 100_000)
    cabinet.hello()


def _damage(cabinet: AvrCabinet, copy: int, at: int, flip: int = 0x10) -> None:
    where = copy_at(cabinet.board, copy) + at
    cabinet.chip.burn(where, bytes([cabinet.chip.eeprom(where, 1)[0] ^ flip]))


def _runs(cabinet: AvrCabinet) -> bool:
    return cabinet.until(lambda: cabinet.lamps.green != 0, 8000, GREEN)


@pytest.mark.parametrize("copy", [0, 1])
@pytest.mark.parametrize("at", [0, 3, 5, 6, HEAD_BYTES, HEAD_BYTES + 70, COPY_BYTES - 1])
def test_one_damaged_copy_and_the_other_is_used_and_copied(flashing: AvrCabinet, copy: int, at: int) -> None:
    _damage(flashing, copy, at)
    _restart(flashing)
    assert flashing.heard.hello is not None
    assert flashing.heard.hello.table_crc == flashing.host.crc
    assert flashing.until(lambda: flashing.chip.peek("whole", 2) == b"\1\1", 4000)
    _restart(flashing)
    assert flashing.heard.hello.copies == 2
    assert flashing.heard.hello.table_crc == flashing.host.crc


def test_one_damaged_copy_and_the_lamps_run(flashing: AvrCabinet) -> None:
    _damage(flashing, 0, HEAD_BYTES + 40)
    _restart(flashing)
    assert _runs(flashing)
    assert flashing.broken == []


def test_old_copy_with_a_damaged_generation_is_not_taken_for_the_newer(flashing: AvrCabinet) -> None:
    """As after power failed between a new table and its second copy, and then a bit of the old one flipped."""
    old, new = copy_bytes(flashing.data, generation=5), copy_bytes(_new_table(flashing), generation=6)
    flashing.chip.burn(copy_at(flashing.board, 0), new)
    flashing.chip.burn(copy_at(flashing.board, 1), old[:3] + bytes([old[3] ^ 0x10]) + old[4:])
    _restart(flashing)
    assert flashing.heard.hello is not None
    assert flashing.heard.hello.table_crc == int.from_bytes(_new_table(flashing)[2:4], "little")


def test_newer_of_two_whole_copies_is_used_though_generations_wrap(flashing: AvrCabinet) -> None:
    flashing.chip.burn(copy_at(flashing.board, 0), copy_bytes(flashing.data, generation=0xFFFF))
    flashing.chip.burn(copy_at(flashing.board, 1), copy_bytes(_new_table(flashing), generation=0))
    _restart(flashing)
    assert flashing.heard.hello is not None
    assert flashing.heard.hello.table_crc == int.from_bytes(_new_table(flashing)[2:4], "little")


def test_both_damaged_and_it_flashes_with_a_fault(flashing: AvrCabinet) -> None:
    _damage(flashing, 0, HEAD_BYTES + 40)
    _damage(flashing, 1, HEAD_BYTES + 41)
    _restart(flashing)
    assert flashing.heard.hello is not None
    assert (flashing.heard.hello.table_crc, flashing.heard.hello.copies) == (0, 0)
    assert not _runs(flashing)
    assert flashing.fault == STORAGE
    assert not flashing.lamps.relay
    assert flashing.lamps.red == 0, "without a table nobody knows which lamp is which"
    # A person opens the door, loads the table anew, and clears the fault.
    flashing.switches.door_open = True
    flashing.ticks(5)
    assert flashing.load().result == Result.DONE
    assert flashing.reset_fault(STORAGE).result == Result.DONE
    flashing.switches.door_open = False
    assert _runs(flashing)


def _new_table(cabinet: AvrCabinet) -> bytes:
    first, *others = cabinet.table.channels
    return to_bytes(replace(cabinet.table, channels=(replace(first, min_green_cs=700), *others)))


def test_power_fails_at_any_byte_of_a_new_table(flashing: AvrCabinet) -> None:
    """Old or new, whole: never none, never a mixture."""
    random_ = random.Random(7)
    flashing.switches.door_open = True
    flashing.ticks(5)
    new = _new_table(flashing)
    found = set()
    for cut_us in [random_.randrange(1_200_000) for _ in range(40)]:
        with flashing.branch():
            begun = flashing.chip.peek("now", 1)
            assert begun == b"\0"
            flashing.host.load(new)
            flashing.until(lambda: flashing.chip.peek("now", 1) != b"\0", 2000)
            flashing.chip.run_us(cut_us)
            flashing.chip.restart("p", 50_000)
            flashing.hello()
            assert flashing.heard.hello is not None
            found.add(flashing.heard.hello.table_crc)
            assert flashing.fault == 0
    assert found == {flashing.host.crc, int.from_bytes(new[2:4], "little")}


def test_power_fails_while_a_fault_is_written(flashing: AvrCabinet) -> None:
    """Half a record of a fault is a fault: only a person clears it."""
    flashing.chip.burn(16, bytes([4]))
    _restart(flashing)
    assert not _runs(flashing)
    assert flashing.fault == STORAGE


def test_new_table_needs_somebody_at_the_cabinet(flashing: AvrCabinet) -> None:
    assert flashing.load(_new_table(flashing)).result == Result.NOBODY_THERE
    assert _runs(flashing)


@pytest.mark.parametrize("board", [0, 2])
def test_table_for_another_board_is_refused(flashing: AvrCabinet, board: int) -> None:
    flashing.switches.door_open = True
    flashing.ticks(5)
    answer = flashing.load(to_bytes(replace(flashing.table, board=board)))
    assert answer.result in {Result.WRONG_BOARD, Result.NOT_STORED}
    flashing.switches.door_open = False
    assert _runs(flashing)


def test_table_with_an_output_that_the_board_lacks_is_refused(flashing: AvrCabinet) -> None:
    flashing.switches.door_open = True
    flashing.ticks(5)
    first, *others = flashing.table.channels
    beyond = replace(flashing.table, channels=(replace(first, red=12), *others))
    assert flashing.load(to_bytes(beyond)).result == Result.NOT_STORED
    flashing.switches.door_open = False
    assert _runs(flashing)


def test_request_for_another_table_lights_nothing(flashing: AvrCabinet) -> None:
    flashing.host.crc ^= 1
    try:
        flashing.ticks(800, GREEN)
        assert not flashing.lamps.relay
        assert flashing.heard.report is not None
        assert flashing.heard.report.why == Why.NOT_AGREED
    finally:
        flashing.host.crc ^= 1
