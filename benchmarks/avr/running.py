"""A cabinet on its way to what a fault is tried on: a table loaded, greens lit."""

from __future__ import annotations

from benchmarks.avr.boards import B328, CYCLES_PER_MS, AvrBoard
from benchmarks.avr.cabinet import AvrCabinet
from benchmarks.avr.chip import Pins
from benchmarks.avr.tables import eight_phases, four_phases
from firmware_bridge.timing_table import TimingTable
from firmware_bridge.wire_messages import Result

#: What is green in `running`: the start-up phases of both tables.
GREEN = frozenset({2, 6})
OTHERS = frozenset({4, 8})


def table_of(board: AvrBoard) -> TimingTable:
    """As many channels as the board has."""
    return four_phases(board) if board is B328 else eight_phases(board)


def loaded(board: AvrBoard) -> AvrCabinet:
    """A new chip that has just stored its table, both copies of it, over the wire."""
    cabinet = AvrCabinet(board, table_of(board))
    answer = cabinet.load()
    assert answer.result == Result.DONE, answer
    assert cabinet.until(lambda: cabinet.chip.peek("whole", 2) == b"\1\1", 10_000)
    return cabinet


def running(board: AvrBoard) -> AvrCabinet:
    """Start-up over, phases 2 and 6 green; all that holds them is served."""
    cabinet = loaded(board)
    if not cabinet.until(lambda: cabinet.lamps.green != 0, 8000, GREEN):
        raise AssertionError("no green")
    cabinet.ticks(1300, GREEN)
    return cabinet


def ask_at(cabinet: AvrCabinet, phase_cycles: int) -> int:
    """Ask for `GREEN` so many cycles from now; the cycle at which the last byte has arrived."""
    chip = cabinet.chip
    chip.run_cycles(phase_cycles)
    data = cabinet.host.request(GREEN)
    begun = int(chip.ask(f"feed {data.hex()}"))
    divisor = int.from_bytes(bytes.fromhex(chip.ask("peek 196 2")), "little")
    return begun + len(data) * (divisor + 1) * 8 * 11


def yellow_begins(cabinet: AvrCabinet, most_us: int) -> int | None:
    """Go on for so long; the cycle at which the first yellow came on, read from the pins alone."""
    yellow = {cabinet.board.lamps[channel.yellow] for channel in cabinet.table.channels if channel.yellow is not None}
    cabinet.chip.taken()
    cabinet.chip.run_us(most_us)
    for event in cabinet.chip.taken():
        if isinstance(event, Pins) and any(
            pin.port == event.port and event.ddr & event.levels & 1 << pin.bit for pin in yellow
        ):
            return event.cycle
    return None


def ms(cycles: int) -> float:
    """Of the chip's clock."""
    return cycles / CYCLES_PER_MS
