"""Faults of the GPIO bridge that need no process of their own: mock pins under a settable clock."""

from __future__ import annotations

from collections.abc import Iterator

from gpiozero.pins.mock import MockFactory, MockPin

from benchmarks.fault_rows import FaultRow
from benchmarks.fault_rows.junction import CYCLE, RELAY, signal
from edge.clock import NS_PER_MS, ReplayClock
from edge.errors import DeviceError
from edge.types import PhaseRequest
from firmware_bridge.core_run import TICK_NS
from firmware_bridge.gpio_bridge import GpioBridge
from firmware_bridge.host.core import CoreInputs, CoreOutputs, Fault, Witness
from firmware_bridge.table import table_of_signal, to_bytes

BRIDGE = "gpio"
INSTANTS_MS = range(3000, 29_000, 650)


class FailingPin(MockPin):
    """A pin that cannot be made high from some time on."""

    failing = False

    def _set_state(self, value: float) -> None:
        if self.failing and value:
            raise OSError(5, "Input/output error")
        super()._set_state(value)


class Bench:
    """A bridge on mock pins, stepped every 10 ms through the cycle."""

    def __init__(self) -> None:
        table, wiring = table_of_signal(signal(board_pins=True)), signal(board_pins=True).wiring
        assert wiring is not None
        self.wiring = wiring
        self.clock = ReplayClock()
        self.factory = MockFactory(pin_class=FailingPin)
        self.broken: list[str] = []
        self.fault = 0
        self._witness = Witness(to_bytes(table))
        self.bridge = GpioBridge(table, wiring, self.clock, self.factory, threaded=False, watch=self._see)

    def run(self, until_ms: int) -> None:
        """The cycle, asked for every 100 ms, up to an instant."""
        while (now_ns := self.clock.now_ns() + TICK_NS) <= until_ms * NS_PER_MS:
            self.clock.advance_to(now_ns)
            now_ms = now_ns // NS_PER_MS
            if now_ms % 100 == 0:
                phases = CYCLE[0][0] if now_ms % 25_000 < 16_000 else CYCLE[1][0]
                self.bridge.request(PhaseRequest(now_ns, phases, "cycle"))
            self.bridge.tick()

    @property
    def held(self) -> bool:
        """Whether the relay is held."""
        return bool(self.factory.pin(RELAY).state)

    def _see(self, inputs: CoreInputs, outputs: CoreOutputs, step_ms: int, credited_ms: int) -> None:
        law = self._witness.see(inputs, outputs, step_ms, credited_ms)
        self.fault = outputs.fault
        if law is not None:
            self.broken.append(law)


def rows() -> list[FaultRow]:
    """All of them."""
    return [*_stalls(), _pins_fail()]


def _stalls() -> Iterator[FaultRow]:
    for stall_ms in (90, 490, 600):
        benches, held, faults = [], 0, set()
        for at_ms in INSTANTS_MS:
            bench = Bench()
            bench.run(at_ms)
            bench.clock.advance_to(bench.clock.now_ns() + stall_ms * NS_PER_MS)
            bench.bridge.tick()
            held += bench.held
            faults.add(bench.fault)
            bench.run(at_ms + 5000)
            benches.append(bench)
        went_on = held == len(benches)
        if stall_ms > 500:
            did = "flash at once, latched" if held == 0 and faults == {19} else f"{held} WENT ON"
        else:
            did = "lamps stay longer and go on" if went_on and faults == {int(Fault.OK)} else f"{held} went on, NOT ALL"
        laws = tuple(sorted({law for bench in benches for law in bench.broken}))
        yield FaultRow(
            f"a tick {stall_ms} ms late", BRIDGE, f"{did}; {len(benches)} instants", 0.0 if held == 0 else None, laws
        )


def _pins_fail() -> FaultRow:
    """Each lamp's pin in turn cannot be switched on when its time comes."""
    dropped, longest_ms, laws = 0, 0.0, set()
    pins = [pin for head in signal_heads() for pin in head]
    for pin in pins:
        bench = Bench()
        bench.run(3200)
        failing = bench.factory.pin(pin)
        assert isinstance(failing, FailingPin)
        failing.failing = True
        for until_ms in range(3210, 40_000, 10):
            try:
                bench.run(until_ms)
            except DeviceError:
                dropped += not bench.held
                longest_ms = max(longest_ms, bench.clock.now_ns() / NS_PER_MS - until_ms)
                break
        laws |= set(bench.broken)
    did = f"relay dropped in the same tick, {dropped} of {len(pins)} pins"
    did += "" if dropped == len(pins) else " NOT ALL"
    return FaultRow("a lamp's pin cannot be switched on", BRIDGE, did, longest_ms, tuple(sorted(laws)))


def signal_heads() -> list[list[int]]:
    """Pins of each head."""
    wiring = signal(board_pins=True).wiring
    assert wiring is not None
    return [[pin for _, pin in head if pin is not None] for head in wiring.heads.values()]
