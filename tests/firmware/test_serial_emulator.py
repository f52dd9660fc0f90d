"""The emulator as a program of its own, and the bridge's listening thread, at this machine's pace."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.errors import DeviceError
from edge.types import PhaseRequest
from firmware_bridge.serial_bridge import SerialBridge
from firmware_bridge.table import table_of_signal, to_bytes
from tests.signal_tables import TWO

TABLE = table_of_signal(TWO.model_copy(update={"startup_flash_s": 0.0, "startup_red_s": 3.0}))
COMMAND = (sys.executable, "-m", "firmware_bridge.host.emulator")
#: For what takes milliseconds on a machine with nothing else to do.
PATIENCE_S = 20.0


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    path = tmp_path / "table.bin"
    path.write_bytes(to_bytes(TABLE))
    command = [*COMMAND, "--table", str(path), "--port", str(tmp_path / "controller"), "--door"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{tmp_path / 'controller'}\n"
        yield process
        process.kill()


def test_a_listening_bridge_drives_an_emulator_and_notices_its_death(
    emulator: subprocess.Popen[str], tmp_path: Path
) -> None:
    clock = SystemClock()
    bridge = SerialBridge(TABLE, str(tmp_path / "controller"), clock)
    try:
        bridge.wait_ready(PATIENCE_S)
        bridge.request(PhaseRequest(clock.now_ns(), frozenset({2}), "test", 1000))

        def heard() -> bool:
            return bridge.report is not None and bridge.report.request == bridge.requests

        assert bridge.wait(heard, PATIENCE_S)
        assert bridge.state(clock.now_ns()).mode == "startup"
        emulator.kill()
        assert bridge.wait(lambda: bridge.problem() is not None, PATIENCE_S)
        with pytest.raises(DeviceError):
            bridge.state(clock.now_ns())
    finally:
        bridge.close()


def test_reports_are_taken_without_anybody_asking(emulator: subprocess.Popen[str], tmp_path: Path) -> None:
    """Only the thread looks here: this one waits on the clock."""
    clock = SystemClock()
    bridge = SerialBridge(TABLE, str(tmp_path / "controller"), clock)
    try:
        end_ns = clock.now_ns() + round(PATIENCE_S * 1e9)
        while bridge.report is None and clock.now_ns() < end_ns:
            clock.sleep_until(clock.now_ns() + 1_000_000)
        assert bridge.report is not None
    finally:
        bridge.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_emulator_ends_quietly_and_takes_its_port_away(
    emulator: subprocess.Popen[str], tmp_path: Path, how: signal.Signals
) -> None:
    emulator.send_signal(how)
    assert emulator.wait(PATIENCE_S) == 0
    assert not (tmp_path / "controller").is_symlink()


@pytest.mark.parametrize(
    ("data", "says"),
    [(None, "No such file"), (b"short", "it has 24, and 28"), (bytes(24 + 28 * 30), "it has 24, and 28")],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, data: bytes | None, says: str) -> None:
    path = tmp_path / "table.bin"
    if data is not None:
        path.write_bytes(data)
    done = subprocess.run([*COMMAND, "--table", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 65
    assert says in done.stderr
    assert str(path) in done.stderr
