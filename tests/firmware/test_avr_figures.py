"""Program memory, RAM and cycles of a tick on both boards: within what the boards promise."""

from __future__ import annotations

from benchmarks.avr.boards import AvrBoard
from benchmarks.avr_figures import figures, goals


def test_sizes_and_ticks_are_within_their_goals(board: AvrBoard) -> None:
    measured = figures(board, busy_ticks=1200)
    print(measured)
    assert [goal.name for goal in goals(measured) if not goal.holds] == []
