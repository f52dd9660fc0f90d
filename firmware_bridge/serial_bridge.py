"""The bridge to a microcontroller on a serial port.

    request ─→ DeviceSession ─→ port ─→ firmware ─→ lamps
    state   ←─ DeviceSession ←─ port ←─ reports, 10 a second

Software asks by a table whose CRC both sides hold, or not at all. A port that is gone is
opened again with backoff, and begins with the same check.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress

from edge.clock import NS_PER_MS, NS_PER_S, Clock
from edge.errors import ConfigError, DeviceError
from edge.types import PhaseRequest, SignalState
from firmware_bridge.asking import Asking
from firmware_bridge.device_session import DeviceSession
from firmware_bridge.seen import fault_text, signal_state
from firmware_bridge.serial_port import SerialPort
from firmware_bridge.table_bytes import crc_of, to_bytes
from firmware_bridge.timing_table import TimingTable
from firmware_bridge.wire import WireCounts
from firmware_bridge.wire_messages import Answer, DeviceHello, FaultNotice, Kind, Report, Result
from firmware_bridge.wire_words import TABLES_FAULT, fate_text, result_text

BAUD = 115_200
#: A report older than this is no measurement of now.
STALE_NS = 300 * NS_PER_MS
#: Waits between attempts to open a port that is gone.
BACKOFF_NS = (NS_PER_S // 2, NS_PER_S, 2 * NS_PER_S, 5 * NS_PER_S)
#: The beginning of an interval is not moved for less than this by another report of it.
_STEADY_NS = 20 * NS_PER_MS
#: How often the listener looks after what is to be sent again, and `wait` after what it waits for.
_LOOK_S = 0.05
_WAIT_NS = 5 * NS_PER_MS


class SerialBridge:
    """Implements `Bridge` on a controller behind `port`, by the timing table of the site.

    listen: a thread takes reports as they come, so that they bear the time they came at.
    Without it whoever calls `request`, `state` or `pump` takes them; for tests.

    The first attempt to open the port fails at once with DeviceError; later ones are made
    again by themselves.
    """

    def __init__(self, table: TimingTable, port: str, clock: Clock, *, baud: int = BAUD, listen: bool = True) -> None:
        self._table = table
        self._path, self._baud, self._clock = port, baud, clock
        self._session = DeviceSession(table, crc_of(to_bytes(table)), baud)
        self._asking = Asking(table)
        self._state: SignalState | None = None
        self._lock = threading.RLock()
        self._closed = False
        self._trouble = ""
        self._attempts = 0
        self._retry_ns = 0
        self.reconnects = 0
        self._port: SerialPort | None = SerialPort(port, baud)
        self._wake_read, self._wake_write = os.pipe()
        self._listener: threading.Thread | None = None
        self.pump()
        if listen:
            self._listener = threading.Thread(target=self._listen, name="serial-bridge", daemon=True)
            self._listener.start()

    def request(self, request: PhaseRequest) -> None:
        """Send it, or refuse it here where the core would. DeviceError where no controller would hear it."""
        with self._lock:
            self._check(request.t_ns)
            left_ms = self._asking.left_ms(request, max(request.t_ns, self._clock.now_ns()))
            if left_ms is None:
                return
            self._write(self._session.request(request.phases, left_ms, request.ped_calls))
            if self._port is None:
                raise DeviceError(self._trouble)

    def state(self, t_ns: int) -> SignalState:
        """The newest measurement, whose own instant it bears. DeviceError where it is older than 300 ms."""
        with self._lock:
            self._check(t_ns)
            state, report = self._state, self._session.report
            if state is None or report is None:
                raise DeviceError(f"{self._path}: no report has come yet")
            refused = self._asking.refused or fate_text(report.fate)
            fault = fault_text(report.fault, report.why)
            if refused is not None and not report.fault:
                fault = f"request refused: {refused}"
            return SignalState(
                state.t_ns, state.intervals, state.since_ns, state.pedestrian, state.mode, fault, modelled=False
            )

    def close(self) -> None:
        """Free the port; the controller ends the greens by itself. A second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            os.write(self._wake_write, b"x")
        if self._listener is not None:
            self._listener.join()
        self._drop("the serial bridge is closed; open another for another run")
        os.close(self._wake_read)
        os.close(self._wake_write)

    def pump(self) -> None:
        """Take what has come, send what is due, open a port that was gone; never waits."""
        with self._lock:
            t_ns = self._clock.now_ns()
            self._reopen(t_ns)
            if self._port is None:
                return
            try:
                while data := self._port.read():
                    if self._session.receive(data, t_ns):
                        self._look()
            except DeviceError as error:
                self._drop(str(error))
                return
            synced = self._clock.synced()
            self._write(self._session.due(t_ns, self._clock.wall_ns(t_ns) // NS_PER_S if synced else None))

    def wait(self, until: Callable[[], bool], timeout_s: float) -> bool:
        """Pump until something is so, or the time is over by the bridge's clock; whether it is."""
        end_ns = self._clock.now_ns() + round(timeout_s * NS_PER_S)
        while True:
            self.pump()
            if until():
                return True
            now_ns = self._clock.now_ns()
            if now_ns >= end_ns:
                return False
            self._clock.sleep_until(now_ns + _WAIT_NS)

    def wait_ready(self, timeout_s: float = 3.0) -> None:
        """Wait for a controller that runs the site's table and reports; DeviceError with what is wrong."""
        if not self.wait(lambda: self.problem() is None, timeout_s):
            raise DeviceError(self.problem() or f"{self._path}: no report has come yet")

    def wait_hello(self, timeout_s: float = 3.0) -> DeviceHello:
        """Wait for any controller, whatever table it runs; DeviceError where none answers."""
        self.wait(lambda: self.hello is not None and self.report is not None, timeout_s)
        if self.hello is None:
            raise DeviceError(self.problem() or f"{self._path}: no signal controller answers")
        return self.hello

    def problem(self) -> str | None:
        """Why the lamps cannot be asked or told now; None where they can."""
        if self._port is None:
            return self._trouble
        problem = self._session.problem(self._clock.now_ns(), STALE_NS)
        return None if problem is None else f"{self._path}: {problem}"

    def load(self, timeout_s: float = 10.0) -> None:
        """Give the controller the site's table, and wait for it to be stored.

        ConfigError where the table is not for this controller, DeviceError where it did not come to that.
        """
        self.wait_hello()
        table = to_bytes(self._table)
        with self._lock:
            self._session.load(table, crc_of(table))
        self._answered(Kind.LOAD_COMMIT, timeout_s, "the table was not loaded")

    def reset(self, timeout_s: float = 3.0) -> None:
        """Clear the latched fault; DeviceError where there is none, or nobody is at the cabinet."""
        self.wait_hello()
        report = self.report
        if report is None or not report.fault:
            raise DeviceError(f"{self._path}: no fault is latched, so there is nothing to reset")
        with self._lock:
            self._session.reset(report.fault)
        self._answered(Kind.RESET, timeout_s, "the fault was not reset")

    @property
    def hello(self) -> DeviceHello | None:
        """What the controller said of itself; None where it has not yet."""
        return self._session.hello

    @property
    def report(self) -> Report | None:
        """The newest report, whatever table it is by."""
        return self._session.report

    @property
    def requests(self) -> int:
        """Number of the newest request sent; `report.request` comes to it when the controller has it."""
        return self._session.requests

    @property
    def counts(self) -> WireCounts:
        """Frames from the controller that changed nothing; those it counted are in `report`."""
        return self._session.counts

    @property
    def traffic(self) -> tuple[int, int]:
        """Bytes read and written since the port was opened; 0 and 0 without one."""
        port = self._port
        return (0, 0) if port is None else (port.bytes_read, port.bytes_written)

    @property
    def refused(self) -> int:
        """Requests that were refused on this side."""
        return self._asking.refusals

    def take_faults(self) -> list[FaultNotice]:
        """Faults latched since the last call, with the controller's time of day where it knows it."""
        with self._lock:
            faults = list(self._session.faults)
            self._session.faults.clear()
            return faults

    def _check(self, t_ns: int) -> None:
        """Pump, then DeviceError where the lamps cannot be asked or told at t_ns."""
        if self._closed:
            raise DeviceError(self._trouble or "the serial bridge is closed; open another for another run")
        self.pump()
        if self._port is None:
            raise DeviceError(self._trouble)
        problem = self._session.problem(max(t_ns, self._clock.now_ns()), STALE_NS)
        if problem is not None:
            raise DeviceError(f"{self._path}: {problem}")

    def _look(self) -> None:
        """Read the newest report as lamps."""
        session, report = self._session, self._session.report
        if report is None or session.measured_ns is None:
            return
        if report.table_crc != session.table_crc or len(report.channels) != len(self._table.channels):
            return
        state = signal_state(
            self._table,
            t_ns=session.measured_ns,
            tick_ns=session.measured_ns,
            mode=report.mode,
            intervals=tuple(channel.interval for channel in report.channels),
            ages_ms=tuple(channel.age_ms for channel in report.channels),
            peds=tuple(channel.ped for channel in report.channels),
            fault=None,
        )
        self._state = state if self._state is None else _steady(self._state, state)

    def _answered(self, kind: Kind, timeout_s: float, failed: str) -> None:
        answers: list[Answer] = []

        def answered() -> bool:
            while self._session.answers:
                answers.append(self._session.answers.popleft())
            return any(answer.to == kind or answer.result != Result.DONE for answer in answers)

        if not self.wait(answered, timeout_s):
            raise DeviceError(f"{self._path}: {failed}: no answer came in {timeout_s:g} s")
        bad = next((answer for answer in answers if answer.result != Result.DONE), None)
        if bad is None:
            return
        text = f"{self._path}: {failed}: {result_text(bad)}"
        raise (ConfigError if bad.result in TABLES_FAULT else DeviceError)(text)

    def _write(self, data: bytes) -> None:
        if not data or self._port is None:
            return
        try:
            self._port.write(data)
        except DeviceError as error:
            self._drop(str(error))

    def _drop(self, trouble: str) -> None:
        """The port is gone: free it, and try again after a while."""
        if self._port is not None:
            self._port.close()
        self._port = None
        self._trouble = trouble
        self._state = None
        self._session.cut()
        self._attempts = 0
        self._retry_ns = self._clock.now_ns() + BACKOFF_NS[0]

    def _reopen(self, t_ns: int) -> None:
        if self._port is not None or self._closed or t_ns < self._retry_ns:
            return
        try:
            self._port = SerialPort(self._path, self._baud)
        except DeviceError as error:
            self._trouble = str(error)
            self._attempts += 1
            self._retry_ns = t_ns + BACKOFF_NS[min(self._attempts, len(BACKOFF_NS) - 1)]
        else:
            self.reconnects += 1

    def _listen(self) -> None:
        while not self._closed:
            port = self._port
            with suppress(OSError, ValueError):  # the port was closed meanwhile: pump finds out
                select.select([self._wake_read, *([] if port is None else [port.fileno()])], [], [], _LOOK_S)
            if not self._closed:
                self.pump()


def _steady(before: SignalState, now: SignalState) -> SignalState:
    """The same, but an interval that goes on keeps the beginning it had."""
    since_ns = {
        number: before.since_ns[number]
        if before.intervals[number] is now.intervals[number] and abs(before.since_ns[number] - t_ns) <= _STEADY_NS
        else t_ns
        for number, t_ns in now.since_ns.items()
    }
    return SignalState(now.t_ns, now.intervals, since_ns, now.pedestrian, now.mode, now.fault, modelled=now.modelled)
