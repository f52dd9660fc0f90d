"""A cabinet in a process of its own: control and a GPIO bridge on mock pins that tell each edge on stdout.

    python -m benchmarks.fault_rows.gpio_child [hang-control|hang-tick|raise]

A line is `nanoseconds pin level`, or `law` and the name of one that was broken. The
argument says what goes wrong when a line comes on stdin; without one it runs until it is
killed.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

from gpiozero.pins.mock import MockFactory, MockPin

from benchmarks.fault_rows.junction import CYCLE, signal
from calibration.site import Wiring
from edge.cli.stopping import StopSignals
from edge.clock import NS_PER_MS, NS_PER_S, SystemClock
from edge.types import PhaseRequest
from firmware_bridge.gpio_bridge import GpioBridge
from firmware_bridge.host.core import CoreInputs, CoreOutputs, Witness
from firmware_bridge.table import TimingTable, table_of_signal, to_bytes

_CLOCK = SystemClock()


class ToldPin(MockPin):
    """Tells each edge as an output."""

    def _set_state(self, value: float) -> None:
        before = self.state
        super()._set_state(value)
        if before != self.state:
            sys.stdout.write(f"{_CLOCK.now_ns()} {self.info.name.removeprefix('GPIO')} {int(self.state)}\n")
            sys.stdout.flush()


class Watch:
    """The laws of the lamps, seen at every tick."""

    def __init__(self, table: TimingTable) -> None:
        self._witness = Witness(to_bytes(table))

    def __call__(self, inputs: CoreInputs, outputs: CoreOutputs, step_ms: int, credited_ms: int) -> None:
        law = self._witness.see(inputs, outputs, step_ms, credited_ms)
        if law is not None:
            sys.stdout.write(f"law {law}\n")
            sys.stdout.flush()


class Hanging(GpioBridge):
    """A bridge whose tick can be made to hang for ever."""

    hang = False

    def tick(self) -> None:
        if self.hang:
            threading.Event().wait()
        super().tick()


def _hanging(table: TimingTable, wiring: Wiring) -> Hanging:
    return Hanging(table, wiring, _CLOCK, MockFactory(pin_class=ToldPin), watch=Watch(table))


def _listen(told: threading.Event) -> None:
    sys.stdin.readline()
    told.set()


def main() -> None:
    """Run the cycle ten times a second until told."""
    wrong = sys.argv[1] if len(sys.argv) > 1 else ""
    table, wiring = table_of_signal(signal(board_pins=True)), signal(board_pins=True).wiring
    assert wiring is not None
    with suppress(OSError):  # as its unit does in a cabinet; without the right to it, whoever started us tries again
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(20))
    told = threading.Event()
    threading.Thread(target=_listen, args=(told,), daemon=True).start()
    with StopSignals() as stopping, _hanging(table, wiring) as bridge:
        due_ns = _CLOCK.now_ns()
        began_ns = due_ns
        while stopping.reason() is None:
            if told.is_set() and wrong:
                if wrong == "raise":
                    raise RuntimeError("a fault of the program")
                bridge.hang = wrong == "hang-tick"
                threading.Event().wait()
            phases = CYCLE[(due_ns - began_ns) // (8 * NS_PER_S) % 2][0]
            bridge.request(PhaseRequest(_CLOCK.now_ns(), phases, "cycle"))
            due_ns += 100 * NS_PER_MS
            _CLOCK.sleep_until(due_ns)


if __name__ == "__main__":
    main()
