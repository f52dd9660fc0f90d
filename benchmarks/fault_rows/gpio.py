"""Faults injected into the GPIO bridge: a real process that is killed, stopped or hangs, and pins that fail.

The relay outside is modelled as wiring.md has it: it drops when the heartbeat has had no
edge for its hold, or when its pin is released. Times of these rows are of this machine's
clock, for the process is a real one.
"""

from __future__ import annotations

import select
import signal as signals
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from benchmarks.fault_rows import FaultRow, gpio_bench
from benchmarks.fault_rows.junction import BEAT, RELAY, signal
from calibration.channels import together
from calibration.site import Wiring
from edge.clock import NS_PER_MS, NS_PER_S, SystemClock
from edge.errors import DeviceError

BRIDGE = "gpio"
#: Without an edge for so long the relay outside drops: between 0.5 and 1 s.
HOLD_NS = 750 * NS_PER_MS
_CLOCK = SystemClock()
_TRIES = 5


@dataclass
class Outside:
    """What stands outside the computer: pins as they were last told, and the relay."""

    wiring: Wiring
    levels: dict[int, int] = field(default_factory=dict)
    last_beat_ns: int | None = None
    dropped_ns: int | None = None
    broken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._beside = together(signal(board_pins=True))

    def told(self, t_ns: int, pin: int, level: int) -> None:
        """One edge. Lamps are judged where the relay holds, for else the cabinet flashes by itself."""
        if pin == BEAT:
            self._drop_at(t_ns)
            self.last_beat_ns = t_ns
        self.levels[pin] = level
        if pin == RELAY:
            self.dropped_ns = None if level else t_ns
        if self.held(t_ns):
            self._judge()

    def held(self, t_ns: int) -> bool:
        """Whether the relay holds the lamps to the pins."""
        self._drop_at(t_ns)
        return bool(self.levels.get(RELAY)) and self.dropped_ns is None and self.last_beat_ns is not None

    def lit(self) -> set[str]:
        """Channels with another lamp than red."""
        return {
            name
            for name, head in self.wiring.heads.items()
            if self.levels.get(head.yellow) or self.levels.get(head.green)
        }

    def _drop_at(self, t_ns: int) -> None:
        if self.last_beat_ns is not None and self.dropped_ns is None and t_ns - self.last_beat_ns > HOLD_NS:
            self.dropped_ns = self.last_beat_ns + HOLD_NS

    def _judge(self) -> None:
        lit = self.lit()
        if any(other not in self._beside[one] for one in lit for other in lit):
            self.broken.add("no conflict")
        for head in self.wiring.heads.values():
            if sum(self.levels.get(pin, 0) for pin in (head.red, head.yellow, head.green)) > 1:
                self.broken.add("one lamp")


class Cabinet:
    """The child process, and what its pins have done."""

    def __init__(self, wrong: str = "") -> None:
        wiring = signal(board_pins=True).wiring
        assert wiring is not None
        self.outside = Outside(wiring)
        command = [sys.executable, "-m", "benchmarks.fault_rows.gpio_child", *([wrong] if wrong else [])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self._rest = b""

    def watch(self, until: Callable[[], bool], most_s: float) -> bool:
        """Take edges until something is so; whether it came to be."""
        assert self.process.stdout is not None
        end_ns = _CLOCK.now_ns() + round(most_s * NS_PER_S)
        while not until():
            if _CLOCK.now_ns() > end_ns:
                return False
            if select.select([self.process.stdout], [], [], 0.02)[0]:
                data = self.process.stdout.read(65536)
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines:
                    if line.startswith(b"law "):
                        self.outside.broken.add(line[4:].decode())
                        continue
                    t_ns, pin, level = map(int, line.split())
                    self.outside.told(t_ns, pin, level)
                if not data:
                    _CLOCK.sleep_until(_CLOCK.now_ns() + 20 * NS_PER_MS)
        return True

    def green(self) -> bool:
        """Go through start-up; False where that does not come, for this machine stalled the process: latched."""
        greens = [head.green for head in self.outside.wiring.heads.values()]
        return self.watch(lambda: any(self.outside.levels.get(pin) for pin in greens), 12)

    def until_dropped(self, most_s: float = 60) -> bool:
        return self.watch(lambda: not self.outside.held(_CLOCK.now_ns()), most_s)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def running(wrong: str = "") -> Iterator[Cabinet]:
    """A cabinet with a green lit; DeviceError where this machine is too busy for one."""
    for _ in range(_TRIES):
        cabinet = Cabinet(wrong)
        try:
            if cabinet.green():
                yield cabinet
                return
        finally:
            cabinet.close()
    raise DeviceError("this machine stalls a process for longer than half a second; try when it has less to do")


def rows() -> list[FaultRow]:
    """All of them: those of real processes, then those under a settable clock."""
    return [
        _row("kill -9 of the process", "", lambda one: one.process.kill(), _froze),
        _stopped(),
        _row("SIGTERM", "", lambda one: one.process.terminate(), _orderly),
        _row("control hangs, ticks go on", "hang-control", _tell, _orderly),
        _row("the tick hangs", "hang-tick", _tell, _froze),
        _row("control raises", "raise", _tell, _orderly),
        *gpio_bench.rows(),
    ]


def _row(fault: str, wrong: str, inject: Callable[[Cabinet], object], judge: Callable[[Cabinet], str]) -> FaultRow:
    with running(wrong) as cabinet:
        began_ns = _CLOCK.now_ns()
        inject(cabinet)
        did = judge(cabinet) if cabinet.until_dropped() else "LAMPS GO ON"
        return _told(fault, did, cabinet.outside, began_ns)


def _stopped() -> FaultRow:
    """Stopped, and let go on after the relay outside has dropped: it may not pick up where it was."""
    with running() as cabinet:
        began_ns = _CLOCK.now_ns()
        cabinet.process.send_signal(signals.SIGSTOP)
        cabinet.until_dropped()
        told = _told("SIGSTOP, then SIGCONT", "", cabinet.outside, began_ns)
        cabinet.process.send_signal(signals.SIGCONT)
        before = cabinet.outside.last_beat_ns
        cabinet.watch(lambda: cabinet.outside.last_beat_ns != before, 5)
        stayed = not cabinet.watch(lambda: bool(cabinet.outside.levels.get(RELAY)), 5)
        then = "flash is latched" if stayed else "LAMPS GO ON WHERE THEY WERE"
        did = f"lamps froze, the relay outside dropped; let go on, {then}"
        return replace(told, what_lamps_did=did, laws_broken=tuple(sorted(cabinet.outside.broken)))


def _told(fault: str, did: str, outside: Outside, began_ns: int) -> FaultRow:
    took_ms = None if outside.dropped_ns is None else (outside.dropped_ns - began_ns) / NS_PER_MS
    return FaultRow(fault, BRIDGE, did, took_ms, tuple(sorted(outside.broken)))


def _tell(cabinet: Cabinet) -> None:
    assert cabinet.process.stdin is not None
    cabinet.process.stdin.write(b"now\n")


def _froze(cabinet: Cabinet) -> str:
    lit = sorted(cabinet.outside.lit())
    return f"lamps froze ({' and '.join(lit) or 'all red'} lit); the relay outside dropped by itself"


def _orderly(cabinet: Cabinet) -> str:
    if cabinet.outside.lit():
        return "DROPPED WITH A GREEN OR YELLOW LIT"
    return "each green served, yellow, red clearance, then flash"
