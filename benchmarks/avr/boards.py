"""The two boards of the firmware: which pin is which, as in firmware/avr/README.md."""

from __future__ import annotations

import fcntl
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import which

import firmware_bridge
from edge.errors import DeviceError

FIRMWARE = Path(firmware_bridge.__file__).parent / "firmware" / "avr"
HZ = 16_000_000
CYCLES_PER_MS = HZ // 1000


class ToolsMissingError(DeviceError):
    """avr-gcc or simavr is not installed."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A port letter and a bit of it."""

    port: str
    bit: int

    def __str__(self) -> str:
        return f"{self.port}{self.bit}"


@dataclass(frozen=True, slots=True)
class AvrBoard:
    """number is that of firmware_bridge.boards; lamps are the pins of the logical outputs in order."""

    name: str
    chip: str
    number: int
    channels: int
    lamps: tuple[Pin, ...]
    relay: Pin
    heartbeat: Pin
    switch: Pin
    chain: tuple[Pin, Pin, Pin]
    flash_bytes: int
    ram_bytes: int

    @property
    def elf(self) -> Path:
        """The program, where make puts it."""
        return FIRMWARE / "build" / f"stopline-{self.name}.elf"


def _pins(port: str, *bits: int) -> tuple[Pin, ...]:
    return tuple(Pin(port, bit) for bit in bits)


B328 = AvrBoard(
    "328p",
    "atmega328p",
    1,
    4,
    _pins("D", *range(2, 8)) + _pins("B", *range(6)),
    Pin("C", 0),
    Pin("C", 1),
    Pin("C", 5),
    (Pin("C", 2), Pin("C", 3), Pin("C", 4)),
    32 * 1024,
    2048,
)
B2560 = AvrBoard(
    "2560",
    "atmega2560",
    2,
    12,
    tuple(pin for port in "ACLFKB" for pin in _pins(port, *range(8))) + _pins("H", 3, 4, 5, 6),
    Pin("E", 4),
    Pin("E", 5),
    Pin("J", 1),
    (Pin("E", 3), Pin("G", 5), Pin("J", 0)),
    256 * 1024,
    8192,
)


@cache
def built() -> None:
    """Firmware and simulator, made where they are not up to date.

    ToolsMissingError without avr-gcc or simavr, AssertionError where they do not compile.
    """
    for tool, package in (("avr-gcc", "gcc-avr avr-libc"), ("make", "make"), ("cc", "gcc")):
        if which(tool) is None:
            raise ToolsMissingError(f"no {tool}: apt install {package}")
    if not Path("/usr/include/simavr/sim_avr.h").exists():
        raise ToolsMissingError("no simavr: apt install simavr libsimavr-dev libelf-dev")
    # One at a time: tests run in several processes.
    with (FIRMWARE / ".building").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(
            ["make", "-s", "-C", str(FIRMWARE), "all", "sim"], capture_output=True, text=True, check=False
        )
    if made.returncode:
        raise AssertionError(f"make -C {FIRMWARE} failed:\n{made.stderr}")


@cache
def symbols(elf: Path) -> dict[str, int]:
    """Addresses by name: data memory counts from 0, as the chip does."""
    listed = subprocess.run(["avr-nm", str(elf)], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in listed.splitlines():
        address, kind, name = line.split() if len(line.split()) == 3 else ("", "", "")
        if address:
            found[name] = int(address, 16) & (0xFFFF if kind in "bBdDnN" or int(address, 16) >= 0x800000 else 0xFFFFFF)
    return found


@cache
def layout(board: AvrBoard) -> dict[str, int]:
    """Offsets and sizes of the chip's structs, as sim/layout.c names them."""
    told = FIRMWARE / "build" / board.name / "layout.o"
    listed = subprocess.run(["avr-nm", "-S", str(told)], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1]: int(line.split()[1], 16) - 1 for line in listed.splitlines() if len(line.split()) == 4}
