"""The firmware behind a real pseudo terminal, as any program sees it. No time is asserted: it is not paced exactly."""

from __future__ import annotations

import os
import select
import subprocess
import termios
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.avr.boards import B328, FIRMWARE
from firmware_bridge.link import Link
from firmware_bridge.wire import FROM_DEVICE, FROM_HOST
from firmware_bridge.wire_messages import DeviceHello, Kind, device_message, host_hello

#: For a machine that does something else too.
PATIENCE_S = 30


@pytest.fixture
def port(avr_tools: None) -> Iterator[Path]:
    """A simulated ATmega328P at the end of a serial port."""
    chip = subprocess.Popen(
        [FIRMWARE / "build" / "avrsim", "--pty", B328.chip, B328.elf], stdout=subprocess.PIPE, text=True
    )
    assert chip.stdout is not None
    try:
        # uart_pty says some things of its own before.
        yield next(Path(line.strip()) for line in chip.stdout if line.startswith("/dev/"))
    finally:
        chip.kill()
        chip.wait()
        chip.stdout.close()


def test_hello_over_a_real_port(port: Path) -> None:
    line = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(line, termios.TCSANOW)
        link = Link(FROM_HOST, FROM_DEVICE)
        hello = None
        for nonce in range(PATIENCE_S * 4):
            os.write(line, link.plain(Kind.HELLO, host_hello(0, nonce).payload()))
            while hello is None and select.select([line], [], [], 0.25)[0]:
                messages = [device_message(frame.kind, frame.payload) for frame in link.receive(os.read(line, 256))]
                hello = next((message for message in messages if isinstance(message, DeviceHello)), None)
            if hello is not None:
                break
        assert hello is not None
        assert (hello.board, hello.most_channels, hello.table_crc) == (B328.number, B328.channels, 0)
    finally:
        os.close(line)
