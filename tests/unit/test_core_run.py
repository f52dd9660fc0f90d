"""Ticks in a row in C: the same as one by one, with a witness that misses none of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.host.core import CoreInputs, CoreOutputs, SignalCore, Witness, credited_ms
from firmware_bridge.table_bytes import to_bytes
from firmware_bridge.timing_table import Channel, TimingTable

CHANNELS = (
    Channel(2, "2", frozenset({0, 1}), frozenset(), 500, 300, 200),
    Channel(6, "6", frozenset({0, 1}), frozenset(), 400, 300, 0),
    Channel(4, "4", frozenset({2}), frozenset(), 500, 350, 150),
)
TABLE = TimingTable(0, CHANNELS, 0, 300, frozenset(), frozenset(), 7)
ASKS = (frozenset({2, 6}), frozenset({4}), frozenset({6}), frozenset[int]())


def one_by_one(core: SignalCore, times_ms: range, inputs: CoreInputs, every: int) -> CoreOutputs:
    outputs = None
    for i, now_ms in enumerate(times_ms):
        asks = i % every == 0 if every else i == 0
        outputs = core.tick(now_ms, inputs if asks else replace(inputs, request=None))
    assert outputs is not None
    return outputs


@given(
    st.lists(st.tuples(st.sampled_from(ASKS), st.integers(1, 9), st.sampled_from((0, 1, 10))), min_size=1, max_size=12),
    st.sampled_from((10, 20, 100)),
)
def test_a_row_of_ticks_is_the_same_as_each_by_itself(
    asks: list[tuple[frozenset[int], int, int]], step_ms: int
) -> None:
    data = to_bytes(TABLE)
    rows, single = SignalCore(data), SignalCore(data)
    witness = Witness(data)
    before_ms = now_ms = 0
    for phases, seconds, every in asks:
        times_ms = range(now_ms, now_ms + 1000 * seconds, step_ms)
        inputs = CoreInputs(phases, 1000)
        shown, broken = rows.run(before_ms, times_ms, inputs, witness, every)
        assert shown == one_by_one(single, times_ms, inputs, every)
        assert bytes(rows.state_memory) == bytes(single.state_memory)
        assert broken is None
        before_ms, now_ms = times_ms[-1], now_ms + 1000 * seconds


def test_the_witness_sees_a_tick_in_the_middle() -> None:
    """By the witness's table phase 2 must be green for 7 s; the core that knows of 5 s breaks that on the way."""
    core = SignalCore(to_bytes(TABLE))
    witness = Witness(to_bytes(replace(TABLE, channels=(replace(CHANNELS[0], min_green_cs=700), *CHANNELS[1:]))))
    core.boot(0)
    now_ms, green = 0, 0
    while not green:
        outputs, broken = core.run(
            now_ms, range(now_ms + 10, now_ms + 20, 10), CoreInputs(frozenset({2}), 300), witness
        )
        now_ms, green = now_ms + 10, outputs.green
        assert broken is None
    _, broken = core.run(now_ms, range(now_ms + 10, now_ms + 10_000, 10), CoreInputs(frozenset({4}), 300), witness, 10)
    assert broken == ("min green in full", now_ms + 5000)


@pytest.mark.parametrize("times_ms", [range(0), range(0, 100, 101), range(0, 1000, 500)])
def test_ticks_that_the_core_would_not_credit_are_refused(times_ms: range) -> None:
    data = to_bytes(TABLE)
    core = SignalCore(data)
    if credited_ms(times_ms.step) == times_ms.step and len(times_ms):
        pytest.skip("a step that is credited")
    with pytest.raises(ValueError, match="ticks 1 to 100 ms apart"):
        core.run(0, times_ms, CoreInputs(), Witness(data))
