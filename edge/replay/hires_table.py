"""hires.csv: the high-resolution events of a run, line by line as they happen."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.replay.outputs import LineFile
from edge.telemetry.hires_event import HiResEvent
from edge.telemetry.hires_text import COLUMNS, stamp, write_rows


class HiResTable(LineFile):
    """A sink of `HiResTap`. TimeStamp is UTC by `wall_ns`; it begins at 1970 where nobody knows the time of day."""

    def __init__(self, path: Path, device: str, wall_ns: Callable[[int], int]) -> None:
        super().__init__(path)
        self._device = device
        self._wall_ns = wall_ns
        self.write_line(",".join(COLUMNS))

    def __call__(self, events: Sequence[HiResEvent]) -> None:
        """Append the events of one step; StorageError when the disk does not take them."""
        text = io.StringIO()
        write_rows(text, ((stamp(self._wall_ns(e.t_ns)), self._device, int(e.code), e.parameter) for e in events))
        self.write_text(text.getvalue())
