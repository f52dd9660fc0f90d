"""What the firmware needs of its chips: program memory, RAM, stack, and cycles of a tick, in simavr.

    python -m benchmarks.avr_figures [--quick] [--json FILE]

The stack is what was ever touched of free memory; the ticks are of a new chip that is loaded, started,
taken through a full cycle with every pedestrian called, lamp sense fitted, a request in every tick and
noise on its line, then let fall silent.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import asdict, dataclass

from benchmarks.avr.boards import B328, B2560, CYCLES_PER_MS, AvrBoard, ToolsMissingError, built
from benchmarks.avr.cabinet import TICK_MS, AvrCabinet
from benchmarks.avr.running import GREEN, OTHERS, table_of
from benchmarks.goals import Goal, arguments, cannot_run, finish
from firmware_bridge.host.core import Sense

#: Free of program memory, and of RAM below the deepest stack seen.
SPARE_FLASH_BYTES = {"328p": 8 * 1024, "2560": 128 * 1024}
SPARE_RAM_BYTES = {"328p": 300, "2560": 2000}
#: BOARD_TICK_TAKES_MS of firmware/avr/board_*.h.
TICK_TAKES_MS = {"328p": 3, "2560": 5}


@dataclass(frozen=True, slots=True)
class AvrFigures:
    """Of one board. usual: ticks but those that leave flash, where the whole table is checked; cycles at 16 MHz."""

    board: str
    flash_bytes: int
    static_bytes: int
    stack_bytes: int
    free_bytes: int
    ticks: int
    mean_cycles: int
    usual_worst_cycles: int
    worst_cycles: int


def figures(board: AvrBoard, busy_ticks: int = 4000) -> AvrFigures:
    """Measure one board, with so many ticks of everything at once."""
    built()
    text, data, bss = _sizes(board)
    with AvrCabinet(board, table_of(board)) as cabinet:
        chip = cabinet.chip
        heap = chip.address("__heap_start") & 0xFFFF
        painted = int(chip.ask(f"paint {heap + 4}"))
        cabinet.load()
        # A chip that stands in flash with a table, until it leaves it: the longest tick.
        started = _ticks(cabinet)
        cabinet.switches.sense = lambda lamps: Sense(0, lamps.red, lamps.yellow, lamps.green, lamps.walk)
        cabinet.until(lambda: cabinet.lamps.relay, 8000, GREEN)
        leaving = _ticks(cabinet)
        everybody = frozenset(range(1, 9)) if board is B2560 else frozenset()
        noise = random.Random(1)
        for i in range(busy_ticks):
            asked = GREEN if i // 500 % 2 else OTHERS
            if i % 7 == 0:
                cabinet.host.send(noise.randbytes(30))
            cabinet.tick(asked, ped=everybody)
        usual = _ticks(cabinet)
        cabinet.ticks(1200)
        ending = _ticks(cabinet)
        free = int(chip.ask(f"stack {heap + 4}"))
        assert not cabinet.broken, cabinet.broken[:3]
        assert not cabinet.fault
    parts = (started, leaving, usual, ending)
    return AvrFigures(
        board.name,
        text + data,
        data + bss,
        painted - free,
        free,
        sum(part[0] for part in parts),
        sum(part[2] for part in parts) // sum(part[0] for part in parts),
        max(started[1], usual[1], ending[1]),
        max(part[1] for part in parts),
    )


def goals(measured: AvrFigures) -> list[Goal]:
    """What must hold of a board."""
    name = measured.board
    board = B328 if name == B328.name else B2560
    spare = board.flash_bytes - measured.flash_bytes
    takes = TICK_TAKES_MS[name] * CYCLES_PER_MS
    return [
        Goal(f"{name}: program memory to spare, bytes", spare, SPARE_FLASH_BYTES[name], at_least=True),
        Goal(f"{name}: RAM never touched, bytes", measured.free_bytes, SPARE_RAM_BYTES[name], at_least=True),
        Goal(f"{name}: worst usual tick, cycles", measured.usual_worst_cycles, takes, at_least=False),
        Goal(f"{name}: worst tick, cycles", measured.worst_cycles, TICK_MS * CYCLES_PER_MS, at_least=False),
    ]


def _ticks(cabinet: AvrCabinet) -> tuple[int, int, int]:
    """Count, longest and sum in cycles, since asked last."""
    count, worst, _, total = map(int, cabinet.chip.ask("ticks").split())
    return count, worst, total


def _sizes(board: AvrBoard) -> tuple[int, int, int]:
    told = subprocess.run(["avr-size", str(board.elf)], capture_output=True, text=True, check=True).stdout
    text, data, bss, *_ = map(int, told.splitlines()[1].split()[:3])
    return text, data, bss


def main() -> None:
    """Measure both boards, print, check."""
    chosen = arguments(__doc__).parse_args()
    try:
        measured = [figures(board, 1500 if chosen.quick else 4000) for board in (B328, B2560)]
    except ToolsMissingError as error:
        cannot_run(str(error))
    print(f"{'':26}" + "".join(f"{row.board:>12}" for row in measured))
    for label, name in (
        ("program memory, bytes", "flash_bytes"),
        ("static RAM, bytes", "static_bytes"),
        ("deepest stack, bytes", "stack_bytes"),
        ("RAM never touched, bytes", "free_bytes"),
        ("ticks", "ticks"),
        ("mean tick, cycles", "mean_cycles"),
        ("worst usual tick, cycles", "usual_worst_cycles"),
        ("worst tick, cycles", "worst_cycles"),
    ):
        print(f"{label:26}" + "".join(f"{getattr(row, name):>12}" for row in measured))
    finish([goal for row in measured for goal in goals(row)], {row.board: asdict(row) for row in measured}, chosen.json)


if __name__ == "__main__":
    main()
