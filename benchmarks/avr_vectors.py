"""The vectors of the signal core on both AVR chips, as machine code in simavr.

    python -m benchmarks.avr_vectors [--quick] [--json FILE]

Called: sl_tick of the firmware's own image, with every input of every scenario, every field of every
tick compared. Wired: through the serial line and the pins, lamps, relay and fault of every tick
compared, and the laws of the lamps. --quick takes every ninth scenario.
"""

from __future__ import annotations

from benchmarks.avr.boards import B328, B2560, AvrBoard, ToolsMissingError, built
from benchmarks.avr.called import CalledCore
from benchmarks.avr.vectors import called, can_be_wired, wired, wrong_tables
from benchmarks.goals import Goal, arguments, cannot_run, finish
from firmware_bridge.vectors.files import read_scenarios


def main() -> None:
    """Run them, name what differs."""
    chosen = arguments(__doc__).parse_args()
    try:
        built()
    except ToolsMissingError as error:
        cannot_run(str(error))
    goals: list[Goal] = []
    figures: dict[str, dict[str, int]] = {}
    for board in (B328, B2560):
        row = _board(board, 9 if chosen.quick else 1)
        figures[board.name] = row
        print(f"{board.name}: " + ", ".join(f"{name} {count}" for name, count in row.items()), flush=True)
        goals += [
            Goal(f"{board.name}: {name}", row[name], 0, at_least=False)
            for name in ("called that differ", "wired that differ", "tables judged otherwise")
        ]
    finish(goals, figures, chosen.json)


def _board(board: AvrBoard, stride: int) -> dict[str, int]:
    fitting = [scenario for scenario, _ in read_scenarios() if scenario.table[1] <= board.channels][::stride]
    core = CalledCore(board)
    apart = [difference for scenario in fitting if (difference := called(core, scenario))]
    tables, wrong = wrong_tables(core)
    core.chip.close()
    can = [scenario for scenario in fitting if can_be_wired(scenario, board)]
    wired_apart = [difference for scenario in can if (difference := wired(scenario, board))]
    for told in (*map(str, (*apart, *wired_apart)), *wrong):
        print(f"{board.name}: {told}")
    return {
        "scenarios called": len(fitting),
        "called that differ": len(apart),
        "scenarios wired": len(can),
        "wired that differ": len(wired_apart),
        "tables": tables,
        "tables judged otherwise": len(wrong),
    }


if __name__ == "__main__":
    main()
