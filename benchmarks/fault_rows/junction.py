"""The junction that faults are injected into, and the stage on which lamps are watched by their laws."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from calibration.site import Head, Phase, Signal, Wiring
from firmware_bridge.host.core import CoreInputs, CoreOutputs, Interval, Sense, SignalCore, Witness, credited_ms
from firmware_bridge.table import TimingTable, table_of_signal, to_bytes

RELAY, BEAT, RESET = 0, 1, 27


def signal(*, board_pins: bool = False) -> Signal:
    """Two streets of two rings; pedestrians beside phase 2. Short times, so that many intervals fit into a run."""
    times = {"max_green_s": 20.0, "yellow_s": 3.0, "red_clearance_s": 1.0}
    phases = (
        Phase(number=2, min_green_s=5, walk_s=7, ped_clearance_s=5, **times),
        Phase(number=4, min_green_s=5, **times),
        Phase(number=6, min_green_s=7, **times),
        Phase(number=8, min_green_s=5, **times),
    )
    wiring = None
    if board_pins:
        heads = {
            "2": Head(red=4, yellow=5, green=6, walk=7, dont_walk=8),
            "4": Head(red=9, yellow=10, green=11),
            "6": Head(red=12, yellow=13, green=14),
            "8": Head(red=15, yellow=16, green=17),
        }
        wiring = Wiring(board="gpio", heads=heads, flash_relay=RELAY, heartbeat=BEAT, reset=RESET)
    return Signal(
        phases=phases,
        rings=(((2,), (4,)), ((6,), (8,))),
        startup_flash_s=0,
        startup_red_s=3,
        wiring=wiring,
    )


#: Requests that follow each other in a cycle, and how long each is asked for in ms.
CYCLE = ((frozenset({2, 6}), 16_000), (frozenset({4, 8}), 9_000))
STEP_MS = 10
ASK_EVERY = 10


class Stage:
    """A core and a witness, stepped every 10 ms. `broken` collects every law that was broken."""

    def __init__(self, first_ms: int = 0, *, table: TimingTable | None = None) -> None:
        self.table = table_of_signal(signal()) if table is None else table
        data = to_bytes(self.table)
        self.core = SignalCore(data)
        self.core.boot(first_ms)
        self._witness = Witness(data)
        self.now_ms = first_ms
        self.ticks = 0
        self.broken: list[str] = []
        self.out = self.step(CoreInputs(), 0)

    def step(self, inputs: CoreInputs, clock_step_ms: int = STEP_MS, real_ms: int | None = None) -> CoreOutputs:
        """One tick after clock_step_ms of the core's clock, while real_ms really passed (the same unless given)."""
        self.now_ms += clock_step_ms
        self.out = self.core.tick(self.now_ms, inputs)
        real_ms = max(0, clock_step_ms) if real_ms is None else real_ms
        law = self._witness.see(inputs, self.out, real_ms, credited_ms(clock_step_ms, inputs.stop_time))
        if law is not None:
            self.broken.append(law)
        self.ticks += 1
        return self.out

    def ask(self, phases: frozenset[int], ms: int, ttl_ms: int = 300, sense: Sense | None = None) -> CoreOutputs:
        """Ask every 100 ms for so long."""
        for tick in range(ms // STEP_MS):
            self.step(CoreInputs(phases if tick % ASK_EVERY == 0 else None, ttl_ms, sense=sense))
        return self.out

    def until(self, done: Callable[[CoreOutputs], bool], inputs: CoreInputs, most_ms: int) -> int | None:
        """Tick until something shows; how many ms that took, None where it did not."""
        for waited_ms in range(STEP_MS, most_ms + STEP_MS, STEP_MS):
            if done(self.step(inputs)):
                return waited_ms
        return None

    def up(self, phases: frozenset[int] = CYCLE[0][0]) -> None:
        """Through start-up until these phases are green."""
        while not all(self.interval(number) is Interval.GREEN for number in phases):
            self.ask(phases, 100)

    def interval(self, number: int) -> Interval:
        """What a phase shows."""
        return self.out.intervals[next(i for i, channel in enumerate(self.table.channels) if channel.number == number)]


def laws(stages: Iterable[Stage]) -> tuple[str, ...]:
    """Every law that was broken on any of them, once."""
    return tuple(sorted({law for stage in stages for law in stage.broken}))
