"""A signal controller behind a real pseudo terminal, in step with the bridge: one time for both.

The bytes cross the kernel; before each tick of 10 ms the device waits until it has all that
the bridge has written, and after it the bridge until it has all that came back. So a test
gives the same result however slow the machine is.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

from edge.clock import NS_PER_MS, NS_PER_S
from edge.errors import DeviceError
from edge.types import PhaseRequest, SignalState
from firmware_bridge.host.emulated_device import EmulatedDevice
from firmware_bridge.host.emulator import TICK_MS, Emulator
from firmware_bridge.host.pty_line import PtyLine
from firmware_bridge.serial_bridge import SerialBridge
from firmware_bridge.table_bytes import to_bytes
from firmware_bridge.timing_table import TimingTable

#: So fast that what a frame takes on the line is less than a millisecond.
BAUD = 4_000_000
#: For bytes to cross the kernel; it takes microseconds.
PATIENCE_S = 5.0
TICK_NS = TICK_MS * NS_PER_MS


class _AwaitedLine(PtyLine):
    """Reads all that was written to it, waiting for the kernel to hand it over."""

    def __init__(self, link: Path) -> None:
        self.written: Callable[[], int] = lambda: 0
        super().__init__(link)

    def read(self) -> bytes:
        awaited = self.written()
        data = super().read()
        while self._ends is not None and self.bytes_read < awaited:
            if not select.select([self._ends[0]], [], [], PATIENCE_S)[0]:
                raise AssertionError(f"{awaited - self.bytes_read} bytes were lost in the kernel")
            data += super().read()
        return data


class SerialCabinet:
    """Clock, emulated device and, once `connect` is called, bridge.

    stored: the table in its memory; that of `table` unless given, None for none.
    start_ns: cabinet time at which it is powered up.
    """

    def __init__(
        self,
        folder: Path,
        table: TimingTable,
        *,
        stored: bytes | TimingTable | None = None,
        empty: bool = False,
        start_ns: int = 10 * NS_PER_S,
        device_ms: int = 0,
        board: int = 0,
    ) -> None:
        self.table = table
        held = to_bytes(stored) if isinstance(stored, TimingTable) else stored or to_bytes(table)
        self._line = _AwaitedLine(folder / "controller")
        self._board = board
        self.emulator = Emulator(self._powered(None if empty else held, device_ms), self._line, device_ms)
        self._now_ns = self._tick_ns = start_ns
        self._wall_ns = 1_795_000_000 * NS_PER_S
        self._bridge: SerialBridge | None = None
        self._line.written = self._written
        # Counters of the line when the bridge opened the port that it has now.
        self._port: object = None
        self._line_read = self._line_written = 0

    def _powered(self, table: bytes | None, now_ms: int) -> EmulatedDevice:
        return EmulatedDevice(table, now_ms, board=self._board, first_session=self._sessions())

    _boots = 0

    def _sessions(self) -> int:
        self._boots += 1000
        return self._boots

    @property
    def device(self) -> EmulatedDevice:
        """The controller."""
        return self.emulator.device

    @property
    def line(self) -> PtyLine:
        """The controller's end of the line."""
        return self._line

    @property
    def bridge(self) -> SerialBridge:
        """The one connected."""
        assert self._bridge is not None
        return self._bridge

    def connect(self) -> SerialBridge:
        """A bridge on the port, without a listener: `advance` lets it look."""
        self._bridge = SerialBridge(self.table, self._line.path, self, baud=BAUD, listen=False)
        return self._bridge

    def reboot(self, table: bytes | None = None) -> None:
        """The controller restarts with what it has stored; the line stays."""
        self.emulator.device = self._powered(table or to_bytes(self.table), 0)
        self.emulator.now_ms = 0

    def advance(self, seconds: float) -> None:
        """Let time pass for both, 10 ms at a time."""
        self.sleep_until(self._now_ns + round(seconds * NS_PER_S))

    def ask(self, phases: set[int], for_s: float, ttl_ms: int = 300) -> SignalState:
        """Ask every 100 ms, as the control loop does, whatever the bridge says; the state after it."""
        for _ in range(round(for_s * 10)):
            self.try_to_ask(phases, ttl_ms)
            self.advance(0.1)
        return self.bridge.state(self._now_ns)

    def try_to_ask(self, phases: set[int], ttl_ms: int = 300) -> None:
        """Once; what a control loop does with DeviceError is to go on."""
        try:
            self.bridge.request(PhaseRequest(self._now_ns, frozenset(phases), "test", ttl_ms))
        except DeviceError:
            return

    # edge.clock.Clock

    def now_ns(self) -> int:
        return self._now_ns

    def wall_ns(self, t_ns: int) -> int:
        return self._wall_ns + t_ns

    def synced(self) -> bool:
        return True

    def sleep_until(self, t_ns: int) -> None:
        while self._tick_ns + TICK_NS <= t_ns:
            self._tick_ns += TICK_NS
            self._now_ns = self._tick_ns
            self.emulator.tick()
            self._catch_up()
        self._now_ns = max(self._now_ns, t_ns)

    def _written(self) -> int:
        """Bytes that the controller's end must have read, to have all from the bridge."""
        bridge = self._bridge
        if bridge is None or bridge._port is None:
            return 0
        if bridge._port is not self._port:  # opened since we looked last: what came before was thrown away
            self._port = bridge._port
            self._line_read = self._line.bytes_read
            self._line_written = self._line.bytes_written - bridge.traffic[0]
        return self._line_read + bridge.traffic[1]

    def _catch_up(self) -> None:
        """Let the bridge look until it has all that the controller has written."""
        bridge = self._bridge
        if bridge is None:
            return
        bridge.pump()
        self._written()
        while (port := bridge._port) is not None and self._line_written + bridge.traffic[0] < self._line.bytes_written:
            if not select.select([port.fileno()], [], [], PATIENCE_S)[0]:
                raise AssertionError("bytes were lost in the kernel")
            bridge.pump()


class PacedBridge:
    """A `Bridge` whose cabinet's time is that of its caller, connected before the first instant it hears of."""

    def __init__(self, folder: Path, table: TimingTable) -> None:
        self._folder, self._table = folder, table
        self._cabinet: SerialCabinet | None = None

    def request(self, request: PhaseRequest) -> None:
        self.pass_to(request.t_ns)
        self._connected(request.t_ns).bridge.request(request)

    def state(self, t_ns: int) -> SignalState:
        self.pass_to(t_ns)
        return self._connected(t_ns).bridge.state(t_ns)

    def pass_to(self, t_ns: int) -> None:
        """Let time pass."""
        self._connected(t_ns).sleep_until(t_ns)

    def close(self) -> None:
        cabinet = self._connected(NS_PER_S)
        cabinet.bridge.close()
        cabinet.line.unplug()
        rmtree(self._folder, ignore_errors=True)

    def _connected(self, t_ns: int) -> SerialCabinet:
        if self._cabinet is None:
            self._cabinet = SerialCabinet(self._folder, self._table, start_ns=t_ns - NS_PER_S)
            self._cabinet.connect().wait_ready()
            self._cabinet.sleep_until(t_ns)
        return self._cabinet
