"""Ctrl-C and SIGTERM as a wish to stop: what runs is finished properly, then the process ends."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

_Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None
_NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class StopSignals:
    """While entered, the first signal only asks to stop; a second Ctrl-C interrupts at once.

    `reason` is None until then; `exit_code` is 128 plus the signal's number.
    """

    def __init__(self) -> None:
        self._received: signal.Signals | None = None
        self._before: dict[signal.Signals, _Handler] = {}

    def reason(self) -> str | None:
        """The name of the signal that came, None before."""
        return None if self._received is None else _NAMES[self._received]

    @property
    def exit_code(self) -> int:
        """0 before any signal, then 130 or 143."""
        return 0 if self._received is None else 128 + self._received

    def __enter__(self) -> Self:
        for number in _NAMES:
            self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._received is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._received = signal.Signals(number)
