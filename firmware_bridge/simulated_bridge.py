"""The signal core under the caller's clock: what the lamps of a cabinet would show, without a cabinet."""

from __future__ import annotations

from collections.abc import Callable

from edge.errors import DeviceError
from edge.types import PhaseRequest, SignalState
from firmware_bridge.asking import Asking, request_line
from firmware_bridge.core_run import NOBODY, TICK_NS, CoreRun, Switches, Watcher
from firmware_bridge.host.core import SignalCore
from firmware_bridge.table_bytes import to_bytes
from firmware_bridge.timing_table import TimingTable


def _no_sink(_line: str) -> None:
    """For callers that keep no record."""


class SimulatedBridge:
    """Implements `Bridge` on the C core; time is that of the requests and of `state`, and never runs back.

    The core is powered up at the first instant it hears of and stepped every 10 ms from
    then on, and at each request. switches says what people at the cabinet do, asked before
    each tick with its instant. sink gets one JSON line for every request, as from
    `RecordingBridge`. watch sees each tick. first_ms is what the core's clock stands at.

    CoreMissingError where the core was not compiled.
    """

    def __init__(
        self,
        table: TimingTable,
        sink: Callable[[str], object] = _no_sink,
        *,
        switches: Callable[[int], Switches] = lambda _t_ns: NOBODY,
        watch: Watcher | None = None,
        first_ms: int = 0,
    ) -> None:
        SignalCore(to_bytes(table))  # a missing core is told at once and not at the first request
        self._table = table
        self._watch = watch
        self._first_ms = first_ms
        self._sink = sink
        self._switches = switches
        self._asking = Asking(table)
        self._run: CoreRun | None = None
        self._now_ns = 0
        self._closed = False

    @property
    def refused(self) -> int:
        """Requests refused so far."""
        return self._asking.refusals

    def request(self, request: PhaseRequest) -> None:
        """Hand it to the core at its own instant, or refuse it. DeviceError after `close`."""
        run = self._at(request.t_ns)
        left_ms = self._asking.left_ms(request, self._now_ns)
        if left_ms is not None:
            asked = (request.phases, left_ms, request.ped_calls)
            if run.tick(self._now_ns, self._switches(self._now_ns), asked).refused:
                self._asking.refuse("the core does not take it")
        self._sink(request_line(request, self._asking.refused))

    def state(self, t_ns: int) -> SignalState:
        """The lamps at t_ns, or at the latest instant heard of where that is later."""
        return self._at(t_ns).state(self._now_ns, self._asking.refused, modelled=True)

    def close(self) -> None:
        """No more requests; a second call does nothing."""
        self._closed = True

    def _at(self, t_ns: int) -> CoreRun:
        if self._closed:
            raise DeviceError("the simulated bridge is closed; open another for another run")
        if self._run is None:
            self._run = CoreRun(self._table, t_ns, first_ms=self._first_ms, watch=self._watch)
            self._now_ns = t_ns
        run = self._run
        self._now_ns = max(self._now_ns, t_ns)
        while (tick_ns := run.tick_ns + TICK_NS) <= self._now_ns:
            run.tick(tick_ns, self._switches(tick_ns))
        return run
