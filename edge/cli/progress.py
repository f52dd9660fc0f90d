"""How far a replay has come, on stderr: a bar on a terminal, a line every tenth elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from edge.clock import NS_PER_S, Clock

#: Frames between lines where the length of the recording is not known.
_EVERY_FRAMES = 1000


class _FrameRate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} frames/s")


class ReplayProgress:
    """Tell it the number of frames done; a context manager."""

    def __init__(self, name: str, frames_total: int | None, clock: Clock, console: Console | None = None) -> None:
        self._console = console if console is not None else Console(file=sys.stderr)
        self._name = name
        self._total = frames_total
        self._clock = clock
        self._began_ns = clock.now_ns()
        self._tenths = 0
        self._bar: Progress | None = None
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.completed:.0f}/{task.total:.0f}" if frames_total else "{task.completed:.0f}"),
                _FrameRate(),
                TimeRemainingColumn(),
                console=self._console,
                get_time=lambda: clock.now_ns() / NS_PER_S,
            )
            self._task = self._bar.add_task(name, total=frames_total)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, frames: int) -> None:
        """So many frames are done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=frames)
            return
        tenths = frames // _EVERY_FRAMES if self._total is None else 10 * frames // self._total
        if tenths > self._tenths:
            self._tenths = tenths
            self._console.print(self._line(frames), highlight=False, soft_wrap=True)

    def _line(self, frames: int) -> str:
        elapsed_s = (self._clock.now_ns() - self._began_ns) / NS_PER_S
        rate = frames / elapsed_s if elapsed_s > 0 else 0.0
        if self._total is None or rate == 0:
            return f"{self._name}: frame {frames}, {rate:.1f} frames/s"
        left_s = max(0, self._total - frames) / rate
        return (
            f"{self._name}: {100 * frames // self._total} %, frame {frames} of {self._total}, "
            f"{rate:.1f} frames/s, {left_s:.0f} s left"
        )
