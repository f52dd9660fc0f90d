"""Any interleaving of what can happen to the core: the witness must find every law kept."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from firmware_bridge.host.core import (
    CoreInputs,
    CoreOutputs,
    Fault,
    Mode,
    Sense,
    SignalCore,
    Witness,
    credited_ms,
)
from firmware_bridge.vectors.tables import CROSSING, EIGHT, FOUR, WALKERS, Table

TABLES = (CROSSING, WALKERS, FOUR, EIGHT)
#: Where the clock stands: anywhere, and often just before it wraps.
READINGS = st.one_of(st.integers(0, 2**32 - 1), st.integers(2**32 - 5000, 2**32 - 1), st.just(0))


class Cabinet(RuleBasedStateMachine):
    """A core with its witness; each rule lets time pass at least for one tick where it changes something."""

    @initialize(table=st.sampled_from(TABLES), now_ms=READINGS)
    def power_up(self, table: Table, now_ms: int) -> None:
        self.table = table
        self.bytes = table.to_bytes()
        self.phases = [row.number for row in table.rows if row.number]
        self.now_ms = now_ms
        self.held = CoreInputs()
        self.core = SignalCore(self.bytes)
        self.core.boot(now_ms)
        self.witness = Witness(self.bytes)
        self.outputs: CoreOutputs | None = None

    def tick(self, inputs: CoreInputs, clock_ms: int = 10, real_ms: int = 10) -> CoreOutputs:
        """One tick, looked at by the witness."""
        self.now_ms += clock_ms
        outputs = self.core.tick(self.now_ms, inputs)
        broken = self.witness.see(inputs, outputs, real_ms, credited_ms(clock_ms, inputs.stop_time))
        assert broken is None, f"{broken}: {self.outputs} and then {outputs}"
        assert outputs.fault == Fault.OK or outputs.mode is Mode.FLASH
        self.outputs = outputs
        return outputs

    @rule(data=st.data(), ttl_ms=st.sampled_from([300, 1000, 10, 1]), steps=st.integers(0, 60))
    def ask(self, data: st.DataObject, ttl_ms: int, steps: int) -> None:
        """Ask for compatible phases, again every 100 ms, for steps of 100 ms."""
        first = data.draw(st.sampled_from(self.phases))
        index = [row.number for row in self.table.rows].index(first)
        beside = [self.table.rows[other].number for other in self.table.rows[index].beside]
        phases = frozenset(
            {first, *data.draw(st.sets(st.sampled_from(beside), max_size=1) if beside else st.just(set()))}
        )
        for _ in range(steps + 1):
            self.tick(replace(self.held, request=phases - {0}, ttl_ms=ttl_ms))
            for _ in range(9):
                self.tick(self.held)

    @rule(order=st.randoms(use_true_random=False), ticks=st.integers(1, 400))
    def change(self, order: random.Random, ticks: int) -> None:
        """Another phase is asked for every few seconds, in ticks of 50 ms; it stops anywhere."""
        for count in range(ticks):
            if count % 100 == 0:
                phases = frozenset({order.choice(self.phases)})
            self.tick(replace(self.held, request=phases), 50, 50)

    @rule(phases=st.frozensets(st.integers(1, 16), max_size=4), ttl_ms=st.integers(0, 1002))
    def ask_anything(self, phases: frozenset[int], ttl_ms: int) -> None:
        """A request that is mostly refused; a refused one is told so."""
        outputs = self.tick(replace(self.held, request=phases, ttl_ms=ttl_ms))
        if not phases <= set(self.phases) or not 1 <= ttl_ms <= 1000:
            assert outputs.refused or outputs.fault

    @rule(ticks=st.integers(1, 400), tick_ms=st.sampled_from([10, 10, 1, 7, 50, 100, 130]))
    def silence(self, ticks: int, tick_ms: int) -> None:
        """No request for a while; a request dies, and in the end the lamps flash."""
        for _ in range(ticks):
            outputs = self.tick(self.held, tick_ms, tick_ms)
        if ticks * tick_ms > 1000:
            assert outputs.mode is not Mode.RUN or outputs.why.name != "RUNNING"

    @rule(calls=st.frozensets(st.integers(1, 16), max_size=3))
    def call(self, calls: frozenset[int]) -> None:
        self.tick(replace(self.held, ped_calls=calls))

    @rule(agreed=st.booleans(), manual=st.booleans(), stop=st.booleans())
    def turn(self, agreed: bool, manual: bool, stop: bool) -> None:
        """Switches and agreement are as they are until turned again."""
        self.held = CoreInputs(agreed=agreed, manual_flash=manual, stop_time=stop)
        self.tick(self.held)

    @rule()
    def all_is_well(self) -> None:
        """The switches are off again, and phases are asked for until one is green."""
        self.held = CoreInputs()
        if self.outputs is not None and self.outputs.fault:
            self.reset()
        for _ in range(120):
            outputs = self.tick(CoreInputs(request=frozenset(self.phases[:1])), 100, 100)
        assert outputs.mode is Mode.RUN

    @rule(code=st.integers(0, 255))
    def platform_fault(self, code: int) -> None:
        outputs = self.tick(replace(self.held, platform_fault=code))
        assert (outputs.mode is Mode.FLASH and outputs.fault) or not code

    @precondition(lambda self: self.outputs is not None and self.outputs.fault)
    @rule()
    def reset(self) -> None:
        """A person lets go of the button, presses it, and lets go."""
        for pressed in (False, True, False):
            outputs = self.tick(replace(self.held, reset=pressed, sense=None))
        assert outputs.fault == Fault.OK

    @rule(fitted=st.integers(0, 1023), lamps=st.tuples(*[st.integers(0, 1023)] * 4), ticks=st.integers(1, 130))
    def sensed(self, fitted: int, lamps: tuple[int, int, int, int], ticks: int) -> None:
        """Lamps are sensed as anything at all for a while."""
        inputs = replace(self.held, sense=Sense(fitted, *lamps))
        for _ in range(ticks):
            self.tick(inputs)

    @rule(jump_ms=st.one_of(st.integers(101, 2**31), st.integers(-(2**31) + 1, -1)))
    def jump(self, jump_ms: int) -> None:
        """The clock is set, ahead or back, while 10 ms pass."""
        self.tick(self.held, jump_ms)

    @rule(ticks=st.integers(1, 260))
    def clock_stands(self, ticks: int) -> None:
        for _ in range(ticks):
            outputs = self.tick(self.held, 0, 0)
        assert ticks < 251 or outputs.fault

    @rule(reading=READINGS)
    def clock_is_set(self, reading: int) -> None:
        step_ms = (reading - self.now_ms) % 2**32
        self.tick(self.held, step_ms, step_ms if step_ms <= 100 else 10)

    @rule(chance=st.randoms(use_true_random=False))
    def flip_state(self, chance: random.Random) -> None:
        """One bit of the state flips; wherever it is, no lamp may break a law by it."""
        self.core.state_memory[chance.randrange(len(self.core.state_memory))] ^= 1 << chance.randrange(8)
        self.tick(self.held)

    @rule(chance=st.randoms(use_true_random=False))
    def flip_table(self, chance: random.Random) -> None:
        """One bit of the table flips and is seen; then the table is as it was."""
        byte, bit = chance.randrange(len(self.bytes)), 1 << chance.randrange(8)
        self.core.table_memory[byte] ^= bit
        outputs = self.tick(self.held)
        assert outputs.mode is Mode.FLASH
        assert outputs.fault
        self.core.table_memory[byte] ^= bit

    @rule()
    def power_cycle(self) -> None:
        self.core.boot(self.now_ms)
        self.witness = Witness(self.bytes)
        self.tick(self.held)


def test_no_interleaving_breaks_a_law() -> None:
    run_state_machine_as_test(Cabinet, settings=settings(max_examples=120, stateful_step_count=30, deadline=None))


@pytest.mark.parametrize("table", TABLES, ids=["crossing", "walkers", "four", "eight"])
def test_every_flipped_bit(table: Table) -> None:
    """Each bit of state and table, one after the other, in a green with walk: the laws hold, and most are a fault."""
    data = table.to_bytes()
    phases = frozenset(table.rows[index].number for index in (table.startup or (1,)))
    faults = 0
    start = SignalCore(data)
    now_ms = 0
    for now_ms in range(10, 12000, 10):
        start.tick(now_ms, CoreInputs(request=phases, ped_calls=phases))
    good = bytes(start.state_memory)
    count = len(start.state_memory)
    core = SignalCore(data)
    for byte in range(count):
        for bit in range(8):
            core.state_memory[:] = good
            core.state_memory[byte] ^= 1 << bit
            outputs = core.tick(now_ms + 10, CoreInputs(request=phases))
            assert outputs.mode is Mode.FLASH or outputs.green == (1 << len(table.rows)) - 1 - outputs.red
            faults += outputs.fault == Fault.STATE
    assert faults > 0.7 * 8 * count
