"""The signal core in this process, its lamps on GPIO pins: for a Pi without a microcontroller.

    control ── request ─→ mailbox ─┐
    switches, senses ─────────────→ tick every 10 ms ─→ lamps, flash relay, one edge of the heartbeat

A relay outside, held by the heartbeat's edges, puts the lamps to flash when this process is
killed, stopped or hangs; wiring.md has its diagram. Where a control process must not stand
beside a detector's load, a microcontroller on the serial port is the better bridge.
"""

from __future__ import annotations

import atexit
import threading
from dataclasses import replace
from types import TracebackType
from typing import Self

from gpiozero import Factory

from calibration.site import Wiring
from edge.clock import NS_PER_MS, NS_PER_S, Clock
from edge.errors import ConfigError, DeviceError
from edge.types import PhaseRequest, SignalState
from firmware_bridge.asking import Asking
from firmware_bridge.boards import GPIO, board_name
from firmware_bridge.core_run import TICK_NS, Ask, CoreRun, Watcher
from firmware_bridge.gpio_pins import LampPins
from firmware_bridge.timing_table import TimingTable

#: A state older than this is no measurement.
STALE_NS = 250 * NS_PER_MS
#: Between two ticks; after a longer stop the relay outside may have dropped, so the lamps flash, latched. Lamps that
#: stand still show nothing that conflicts, so the relay may hold for a little longer than this: 0.5 to 1 s.
STALL_NS = 500 * NS_PER_MS
#: SL_FAULT_OVERRUN of wire/sl_device.h.
_OVERRUN = 19


class GpioBridge:
    """Implements `Bridge`. A context manager; leaving it closes.

    With threaded (as in a cabinet) a thread of its own ticks every 10 ms by the clock;
    without, the caller calls `tick`. factory: gpiozero's pin factory, the board's own if
    left out. ConfigError for a table of another board, DeviceError where a pin cannot be had.
    """

    def __init__(
        self,
        table: TimingTable,
        wiring: Wiring,
        clock: Clock,
        factory: Factory | None = None,
        *,
        threaded: bool = True,
        watch: Watcher | None = None,
    ) -> None:
        if table.board != GPIO.number:
            raise ConfigError(
                f'signal.wiring.board: the table is for {board_name(table.board)}; write board = "gpio" with its pins'
            )
        self._clock = clock
        self._asking = Asking(table)
        self._mail: list[PhaseRequest] = []
        self._lock = threading.Lock()
        self._failed: str | None = None
        self._closed = False
        self._retire_ns: int | None = None
        self._longest_end_ns = _longest_end_ns(table)
        #: Ticks that came more than one period late.
        self.late_ticks = 0
        self._run = CoreRun(table, clock.now_ns(), watch=watch)
        self._pins = LampPins(table, wiring, factory)
        atexit.register(self._pins.release)
        self._thread: threading.Thread | None = None
        if threaded:
            self._thread = threading.Thread(target=self._go, name="lamps", daemon=True)
            self._thread.start()

    @property
    def refused(self) -> int:
        """Requests refused so far."""
        return self._asking.refusals

    def request(self, request: PhaseRequest) -> None:
        """Ask at the next tick. DeviceError when ticks have ended."""
        with self._lock:
            self._check()
            self._mail.append(request)

    def state(self, t_ns: int) -> SignalState:
        """The lamps as of the last tick. DeviceError when it lies more than 250 ms before t_ns, or ticks have ended."""
        with self._lock:
            self._check()
            late_ns = t_ns - self._run.tick_ns
            if late_ns > STALE_NS:
                raise DeviceError(
                    f"the lamps were last stepped {late_ns // NS_PER_MS} ms ago; this computer is too busy"
                )
            return self._run.state(self._run.tick_ns, self._asking.refused, modelled=False)

    def tick(self) -> None:
        """One step of the core, and the pins after it. A pin that fails drops the relay and ends ticks: DeviceError."""
        with self._lock:
            self._check()
            try:
                now_ns, switches = self._clock.now_ns(), self._pins.switches()
                if now_ns - self._run.tick_ns > STALL_NS:
                    switches = replace(switches, platform_fault=_OVERRUN)
                self._run.tick(now_ns, switches, self._newest(now_ns))
                self._pins.show(self._run.outputs)
                self._pins.beat()
            except BaseException as wrong:
                self._failed = f"ticks have ended and the lamps are at flash: {wrong}"
                self._pins.release()
                raise

    def close(self) -> None:
        """End greens in order, then flash, then let the pins go; at once without a thread. Again: nothing."""
        if self._closed:
            return
        try:
            if self._thread is not None:
                self._retire_ns = self._clock.now_ns() + self._longest_end_ns
                self._thread.join()
        finally:
            self._closed = True
            self._pins.release()
            atexit.unregister(self._pins.release)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _go(self) -> None:
        """The thread: ticks until retired and at flash. What was slept through is not caught up."""
        due_ns = self._clock.now_ns()
        while not self._retired():
            try:
                self.tick()
            except DeviceError:
                return  # told by every later call
            due_ns += TICK_NS
            now_ns = self._clock.now_ns()
            if now_ns > due_ns + TICK_NS:
                self.late_ticks += 1
                due_ns = now_ns
            self._clock.sleep_until(due_ns)

    def _retired(self) -> bool:
        if self._closed:
            return True
        if self._retire_ns is None:
            return False
        return not self._run.outputs.flash_relay or self._clock.now_ns() > self._retire_ns

    def _newest(self, now_ns: int) -> Ask | None:
        """What to ask of the core in this tick: the last of the mail that can be taken, with all its calls."""
        mail, self._mail = self._mail, []
        ask: Ask | None = None
        if self._retire_ns is not None:
            return None
        for request in mail:
            left_ms = self._asking.left_ms(request, now_ns)
            if left_ms is not None:
                calls = request.ped_calls if ask is None else ask[2] | request.ped_calls
                ask = (request.phases, left_ms, calls)
        return ask

    def _check(self) -> None:
        if self._closed:
            raise DeviceError("the GPIO bridge is closed; open another for another run")
        if self._failed is not None:
            raise DeviceError(self._failed)


def _longest_end_ns(table: TimingTable) -> int:
    """How long an orderly end may take at most: the longest green that is owed, yellow, red clearance, some grace."""
    longest_cs = max(
        max(channel.min_green_cs, channel.walk_cs + channel.ped_clearance_cs)
        + channel.yellow_cs
        + channel.red_clearance_cs
        for channel in table.channels
    )
    return longest_cs * 10 * NS_PER_MS + max(NS_PER_S, 2 * table.startup_red_cs * 10 * NS_PER_MS)
