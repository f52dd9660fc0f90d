"""Progress: a bar on a terminal, ten lines elsewhere; signals as a wish to stop."""

from __future__ import annotations

import io
import os
import signal

import pytest
from rich.console import Console

from edge.cli.progress import ReplayProgress
from edge.cli.stopping import StopSignals
from edge.clock import ReplayClock


def lines_of(total: int | None, frames: int) -> list[str]:
    clock, file = ReplayClock(), io.StringIO()
    with ReplayProgress("clip.mp4", total, clock, Console(file=file, width=60)) as progress:
        for done in range(1, frames + 1):
            clock.advance_to(done * 100_000_000)
            progress.update(done)
    return file.getvalue().splitlines()


def test_ten_lines_with_rate_and_time_left() -> None:
    lines = lines_of(200, 200)
    assert len(lines) == 10
    assert lines[0] == "clip.mp4: 10 %, frame 20 of 200, 10.0 frames/s, 18 s left"
    assert lines[-1] == "clip.mp4: 100 %, frame 200 of 200, 10.0 frames/s, 0 s left"


def test_few_frames_give_no_more_lines_than_frames() -> None:
    assert len(lines_of(3, 3)) == 3


def test_without_a_total_a_line_every_thousand() -> None:
    assert lines_of(None, 2500) == [f"clip.mp4: frame {n}, 10.0 frames/s" for n in (1000, 2000)]


def test_a_terminal_gets_a_bar_with_rate() -> None:
    clock, file = ReplayClock(), io.StringIO()
    console = Console(file=file, force_terminal=True, width=100)
    with ReplayProgress("clip.mp4", 50, clock, console) as progress:
        for done in range(1, 51):
            clock.advance_to(done * 100_000_000)
            progress.update(done)
    assert "50/50" in file.getvalue()
    assert "frames/s" in file.getvalue()


@pytest.mark.parametrize(
    ("number", "reason", "code"), [(signal.SIGINT, "Ctrl-C", 130), (signal.SIGTERM, "SIGTERM", 143)]
)
def test_a_signal_is_a_wish(number: signal.Signals, reason: str, code: int) -> None:
    before = signal.getsignal(number)
    with StopSignals() as stopping:
        assert (stopping.reason(), stopping.exit_code) == (None, 0)
        os.kill(os.getpid(), number)
        assert (stopping.reason(), stopping.exit_code) == (reason, code)
    assert signal.getsignal(number) is before


def test_a_second_interrupt_interrupts() -> None:
    with StopSignals() as stopping:
        os.kill(os.getpid(), signal.SIGINT)
        assert stopping.reason() == "Ctrl-C"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
