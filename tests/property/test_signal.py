"""Lamps under any requests at all, and fixed-time control at any instant."""

from __future__ import annotations

import json
from typing import Literal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from calibration.signal_timing import conflicts
from calibration.site import Plan, Signal
from edge.clock import NS_PER_MS, NS_PER_S
from edge.control.fixed import FixedTimeController
from edge.control.plan import CompiledPlan
from edge.types import Demand, Interval, PhaseRequest, SignalState
from firmware_bridge.recording import MAX_TTL_MS, RecordingBridge
from tests.lamp_laws import Witness
from tests.signal_tables import EIGHT, LOPSIDED, TABLES, TWO

#: Shorter than the shortest interval of the tables, so that the witness misses none.
LOOK_NS = 400 * NS_PER_MS

SIGNALS = st.sampled_from([EIGHT, TWO, LOPSIDED])
#: Any phases: sound, conflicting, unknown. Gaps and lives from too short to too long.
REQUESTS = st.lists(
    st.tuples(
        st.integers(0, 9_000),
        st.one_of(
            st.sampled_from([{2, 6}, {4, 8}, {1, 5}, {3, 8}, {2}, {4}, {6}, {3}, set[int]()]),
            st.sets(st.integers(0, 17), max_size=4),
        ),
        st.one_of(st.integers(-10, 2 * MAX_TTL_MS), st.just(9_500)),
        st.integers(-3_000, 0),
    ),
    min_size=1,
    max_size=14,
)
Asked = list[tuple[int, set[int], int, int]]


def drive(signal: Signal, asked: Asked, witness: Witness | None) -> tuple[SignalState, list[str], int]:
    """The state in the end, the record, and how many were refused; the witness looks in between."""
    lines: list[str] = []
    bridge = RecordingBridge(signal, lines.append, startup_s=2.0)
    bridge.state(0)
    now_ns = 0
    for gap_ms, phases, ttl_ms, late_ms in asked:
        for t_ns in range(now_ns, now_ns + gap_ms * NS_PER_MS, LOOK_NS):
            if witness is not None:
                witness.see(bridge.state(t_ns))
        now_ns += gap_ms * NS_PER_MS
        sent_ns = max(0, now_ns + late_ms * NS_PER_MS)
        if witness is not None:
            witness.see(bridge.state(now_ns))
        bridge.request(PhaseRequest(sent_ns, frozenset(phases), "any", ttl_ms))
    end_ns = now_ns + 40 * NS_PER_S
    if witness is not None:
        for t_ns in range(now_ns, end_ns, LOOK_NS):
            witness.see(bridge.state(t_ns))
    return bridge.state(end_ns), lines, bridge.refused


@given(SIGNALS, REQUESTS)
# Found by chance: a red of 1 ms before flash, and a request at the instant that flash begins.
@example(LOPSIDED, [(0, {2, 6}, 9_500, 0), (1_883, {2}, 118, 0), (118, {2, 6}, 1, 0)])
@example(EIGHT, [(0, {2, 6}, 9_500, 0), (1_882, {2, 6}, 1, 0), (118, {2, 6}, 9_500, 0)])
@settings(max_examples=150, deadline=None)
def test_no_requests_whatever_break_the_laws_of_lamps(signal: Signal, asked: Asked) -> None:
    state, lines, refused = drive(signal, asked, Witness(signal))
    assert state.mode == "flash", "silence in the end is answered by flash"
    assert set(state.intervals.values()) == {Interval.FLASH_RED}
    records = [json.loads(line) for line in lines]
    assert len(records) == len(asked)
    assert sum("refused" in record for record in records) == refused
    pairs = conflicts(signal)
    known = {phase.number for phase in signal.phases}
    for record in records:
        if "refused" not in record:
            assert set(record["phases"]) <= known
            assert not [pair for pair in pairs if pair <= set(record["phases"])]


@given(SIGNALS, REQUESTS)
@settings(max_examples=75, deadline=None)
def test_looking_changes_nothing(signal: Signal, asked: Asked) -> None:
    on_time: Asked = [(gap_ms, phases, ttl_ms, 0) for gap_ms, phases, ttl_ms, _ in asked]
    assert drive(signal, on_time, None) == drive(signal, on_time, Witness(signal))


@given(
    st.sampled_from(TABLES),
    st.lists(st.tuples(st.integers(0, 10**12), st.sets(st.integers(1, 8))), min_size=1, max_size=20),
    st.sampled_from(["startup", "running", "flash"]),
)
@settings(max_examples=100, deadline=None)
def test_fixed_time_asks_only_for_what_may_run_together(
    table: tuple[Signal, Plan],
    instants: list[tuple[int, set[int]]],
    mode: Literal["startup", "running", "flash"],
) -> None:
    signal, plan = table
    controller = FixedTimeController(CompiledPlan.of(plan, signal), zero_ns=3 * NS_PER_S)
    pairs = conflicts(signal)
    for t_ns, green in instants:
        shown = {p.number: Interval.GREEN if p.number in green else Interval.RED for p in signal.phases}
        state = SignalState(t_ns, shown, dict.fromkeys(shown, 0), mode=mode)
        request = controller.update(Demand(t_ns, {}), state)
        assert request.phases <= shown.keys()
        assert not [pair for pair in pairs if pair <= request.phases]
