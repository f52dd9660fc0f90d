"""A signal controller on a pseudo terminal, to try the serial bridge without hardware.

    python -m firmware_bridge.host.emulator --table table.bin
    stopline bridge monitor site.toml --port (the port it names)

Runs the firmware's own C at the pace of this machine's clock. Drives nothing.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from edge.clock import NS_PER_MS, SystemClock
from edge.errors import InputError, StoplineError
from firmware_bridge.host.core import table_fault
from firmware_bridge.host.emulated_device import EmulatedDevice, Pins
from firmware_bridge.host.pty_line import PtyLine

TICK_MS = 10


def _as_it_is(data: bytes) -> bytes:
    return data


class Emulator:
    """A device joined to a line, under the caller's milliseconds.

    to_device and to_host may damage what passes, as a bad line does.
    """

    def __init__(self, device: EmulatedDevice, line: PtyLine, now_ms: int = 0) -> None:
        self.device = device
        self.line = line
        self.now_ms = now_ms
        self.to_device: Callable[[bytes], bytes] = _as_it_is
        self.to_host: Callable[[bytes], bytes] = _as_it_is

    def tick(self) -> None:
        """10 ms of the device's life: what has come, one step, what it says."""
        self.now_ms += TICK_MS
        if data := self.line.read():
            self.device.receive(self.to_device(data))
        self.device.tick(self.now_ms)
        if data := self.device.sent():
            self.line.write(self.to_host(data))


def _table_in(path: Path) -> bytes:
    data = path.read_bytes()
    try:
        table_fault(data)
    except ValueError as error:
        raise InputError(f"{path}: {error}; write it with stopline bridge table SITE -o FILE") from error
    return data


def main(arguments: list[str] | None = None) -> int:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m firmware_bridge.host.emulator",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", type=Path, metavar="FILE", help="stored table: stopline bridge table SITE -o FILE")
    parser.add_argument("--port", type=Path, metavar="LINK", help="name for the port, for example /tmp/controller")
    parser.add_argument("--board", type=int, default=0, help="kind of board it pretends to be (1: ATmega328P)")
    parser.add_argument(
        "--door", action="store_true", help="somebody is at the cabinet: loading and reset are honoured"
    )
    options = parser.parse_args(arguments)
    try:
        table = None if options.table is None else _table_in(options.table)
        device = EmulatedDevice(table, board=options.board)
    except OSError as error:
        sys.stderr.write(f"{options.table}: {error.strerror}; write it with stopline bridge table SITE -o FILE\n")
        return InputError.exit_code
    except StoplineError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    device.pins = Pins(door=options.door)
    emulator = Emulator(device, PtyLine(options.port))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    clock = SystemClock()
    start_ns = clock.now_ns()
    try:
        sys.stdout.write(f"{emulator.line.path}\n")
        sys.stdout.flush()
        while True:
            clock.sleep_until(start_ns + (emulator.now_ms + TICK_MS) * NS_PER_MS)
            emulator.tick()
    except KeyboardInterrupt:
        return 0
    finally:
        emulator.line.unplug()


if __name__ == "__main__":
    sys.exit(main())
