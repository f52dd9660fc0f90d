"""One AVR in simavr, in lock-step: commands out, events back. The commands are told in sim/avrsim.c.

chip = Chip(B328)
chip.run_us(10_000)
for event in chip.taken(): …
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from benchmarks.avr.boards import FIRMWARE, AvrBoard, Pin, built, symbols


@dataclass(frozen=True, slots=True)
class Pins:
    """From this cycle on the port drives the bits of ddr, to these levels."""

    cycle: int
    port: str
    ddr: int
    levels: int


@dataclass(frozen=True, slots=True)
class Sent:
    """The chip began to send a byte."""

    cycle: int
    byte: int


@dataclass(frozen=True, slots=True)
class TickDone:
    """A tick was complete: lamps driven, heartbeat turned, watchdog fed."""

    cycle: int
    began: int


@dataclass(frozen=True, slots=True)
class Started:
    """The chip started; mcusr: 1 power, 2 reset line, 4 brown-out, 8 watchdog."""

    cycle: int
    mcusr: int


Event = Pins | Sent | TickDone | Started


class CrashedError(Exception):
    """The simulator refused a command, or the program left its memory."""


class Chip:
    """A chip just powered up, nothing run yet."""

    def __init__(self, board: AvrBoard, elf: Path | None = None) -> None:
        built()
        self.board = board
        self.elf = elf or board.elf
        self.cycle = 0
        self.levels: dict[str, tuple[int, int]] = {}
        self._events: list[Event] = []
        self._process = subprocess.Popen(
            [str(FIRMWARE / "build" / "avrsim"), board.chip, str(self.elf)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        latch, clock, data = board.chain
        self.ask(f"chain {latch} {clock} {data}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the simulator."""
        process = self._process
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def ask(self, command: str) -> str:
        """Send a command; its answer. Events that came before it are kept for `taken`."""
        return self.ask_all([command])[0]

    def ask_all(self, commands: list[str]) -> list[str]:
        """Several commands in one go, and their answers."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write("".join(command + "\n" for command in commands))
        stdin.flush()
        return [self._answer(command, stdout) for command in commands]

    def _answer(self, command: str, stdout: IO[str]) -> str:
        for line in stdout:
            if line[0] == "=":
                return line[2:-1]
            if line[0] == "!":
                raise CrashedError(f"{command}: {line[2:-1]}")
            self._events.append(self._event(line))
        raise CrashedError(f"{command}: the simulator ended")

    def _event(self, line: str) -> Event:
        kind, cycle, *rest = line.split()
        match kind:
            case "P":
                port, ddr, levels = rest[0], int(rest[1], 16), int(rest[2], 16)
                self.levels[port] = (ddr, levels)
                return Pins(int(cycle), port, ddr, levels)
            case "U":
                return Sent(int(cycle), int(rest[0], 16))
            case "K":
                return TickDone(int(cycle), int(rest[0]))
            case _:
                return Started(int(cycle), int(rest[0], 16))

    def taken(self) -> list[Event]:
        """Events since taken last, in their order."""
        events, self._events = self._events, []
        return events

    def run_us(self, us: int) -> None:
        """Go on for so long."""
        self.cycle = int(self.ask(f"run {us}"))

    def run_cycles(self, cycles: int) -> None:
        """Go on for so many cycles."""
        self.cycle = int(self.ask(f"cycles {cycles}"))

    def run_tick(self, most_us: int = 30_000) -> None:
        """Go on until the next tick is complete, or for most_us where none comes."""
        self.cycle = int(self.ask(f"tick {most_us}"))

    def feed(self, data: bytes) -> None:
        """Bytes to the chip from now on, as fast as its line takes them."""
        if data:
            self.ask(f"feed {data.hex()}")

    def switch(self, pin: Pin, level: int) -> None:
        """A level on an input."""
        self.ask(f"switch {pin} {level}")

    def driven(self, pin: Pin) -> bool:
        """Whether the pin is driven high now; what floats is low, by the resistor to ground."""
        ddr, levels = self.levels.get(pin.port, (0, 0))
        return bool(ddr & levels & 1 << pin.bit)

    def address(self, name: str) -> int:
        """Of a symbol of the program."""
        return symbols(self.elf)[name]

    def peek(self, name: str, count: int, offset: int = 0) -> bytes:
        """Memory of a variable."""
        return bytes.fromhex(self.ask(f"peek {self.address(name) + offset} {count}"))

    def poke(self, name: str, data: bytes, offset: int = 0) -> None:
        """Overwrite it."""
        self.ask(f"poke {self.address(name) + offset} {data.hex()}")

    def eeprom(self, at: int, count: int) -> bytes:
        """EEPROM from there."""
        return bytes.fromhex(self.ask(f"eeprom {at} {count}"))

    def burn(self, at: int, data: bytes) -> None:
        """Overwrite EEPROM."""
        self.ask(f"burn {at} {data.hex()}")

    def hang(self, function: str, interrupts: bool) -> None:
        """From its next call on this function never returns; without interrupts the clock stops too."""
        # sei or cli, then a jump to itself.
        code = bytes.fromhex("7894" if interrupts else "f894") + bytes.fromhex("ffcf")
        self.ask(f"flash {self.address(function)} {code.hex()}")

    def restart(self, cause: str, away_us: int) -> None:
        """Power (`p`), supply (`b`) or the reset line (`e`) is away so long."""
        self.cycle = int(self.ask(f"restart {cause} {away_us}"))

    @contextmanager
    def branch(self) -> Iterator[None]:
        """What is done inside happens to a copy: afterwards the chip is where it was."""
        before = self.cycle, dict(self.levels), list(self._events)
        self.ask("branch")
        try:
            yield
        finally:
            if self._process.poll() is None:
                self.ask("join")
            self.cycle, self.levels, self._events = before[0], before[1], before[2]
