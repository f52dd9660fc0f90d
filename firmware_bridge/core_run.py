"""The signal core in this process, on its own milliseconds, with the request that waits for the next tick.

    run = CoreRun(table, t_ns)
    run.tick(t_ns, Switches())           10 ms apart or less
    run.tick(t_ns, Switches(), (frozenset({2, 6}), 300, frozenset()))

Both sides of the agreement on the table's CRC are here: the bytes that the core runs are
those that the caller made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.clock import NS_PER_MS
from edge.types import SignalState
from firmware_bridge.host.core import CoreInputs, CoreOutputs, Sense, SignalCore, credited_ms
from firmware_bridge.seen import fault_text, signal_state
from firmware_bridge.table_bytes import to_bytes
from firmware_bridge.timing_table import TimingTable

#: Between two ticks.
TICK_NS = 10 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class Switches:
    """What people and hardware at the cabinet do. platform_fault: 0, or a number from 16 up."""

    manual_flash: bool = False
    stop_time: bool = False
    reset: bool = False
    platform_fault: int = 0
    sense: Sense | None = None


#: Nobody is at the cabinet.
NOBODY = Switches()
#: Phases, time to live in ms, pedestrian calls.
Ask = tuple[frozenset[int], int, frozenset[int]]
#: Sees each tick: what went in, what came out, ms since the tick before, ms credited to intervals.
Watcher = Callable[[CoreInputs, CoreOutputs, int, int], None]


class CoreRun:
    """A booted core whose clock stood at first_ms at t_ns. CoreMissingError where it was not compiled."""

    def __init__(
        self, table: TimingTable, t_ns: int, *, first_ms: int = 0, watch: Watcher | None = None, agreed: bool = True
    ) -> None:
        self.table = table
        self._core = SignalCore(to_bytes(table))
        self._zero_ns = t_ns - first_ms * NS_PER_MS
        self._watch = watch
        self._agreed = agreed
        self._tick_ns = t_ns
        self._core.boot(first_ms)
        self.outputs = self.tick(t_ns, NOBODY)

    @property
    def tick_ns(self) -> int:
        """When the core was last stepped, in the caller's time, rounded down to whole ms of the core's."""
        return self._tick_ns

    def tick(self, t_ns: int, switches: Switches, ask: Ask | None = None) -> CoreOutputs:
        """One step to t_ns, whatever lies between; the outputs are kept, too."""
        now_ms = (t_ns - self._zero_ns) // NS_PER_MS
        phases, ttl_ms, ped_calls = (None, 300, frozenset[int]()) if ask is None else ask
        inputs = CoreInputs(
            phases,
            ttl_ms,
            ped_calls,
            self._agreed,
            switches.manual_flash,
            switches.stop_time,
            switches.reset,
            switches.platform_fault,
            switches.sense,
        )
        outputs = self._core.tick(now_ms, inputs)
        step_ms = now_ms - (self._tick_ns - self._zero_ns) // NS_PER_MS
        self._tick_ns = self._zero_ns + now_ms * NS_PER_MS
        self.outputs = outputs
        if self._watch is not None:
            self._watch(inputs, outputs, max(step_ms, 0), credited_ms(step_ms, switches.stop_time))
        return outputs

    def state(self, t_ns: int, refused: str | None, *, modelled: bool) -> SignalState:
        """The lamps since the last tick, told as of t_ns; refused: why the newest request was not taken."""
        out = self.outputs
        fault = fault_text(out.fault, out.why)
        return signal_state(
            self.table,
            t_ns=t_ns,
            tick_ns=self._tick_ns,
            mode=out.mode,
            intervals=out.intervals,
            ages_ms=out.ages_ms,
            peds=out.peds,
            fault=f"request refused: {refused}" if refused is not None and not out.fault else fault,
            modelled=modelled,
        )
