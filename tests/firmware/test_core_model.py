"""The lamp model of replay and the core: the same lamps for the same requests.

They were written apart: one in events at their own instants, the other in ticks. In a tick
the core hears a request before anything ends. So that the model does too, the n-th request
comes n ns before its tick, and whatever follows from earlier ones is later than that.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.signal_timing import conflicts
from calibration.site import Phase, Signal
from edge.clock import NS_PER_MS
from edge.types import Interval, PedInterval, PhaseRequest
from firmware_bridge.host import core
from firmware_bridge.recording import RecordingBridge
from firmware_bridge.vectors.tables import PED_RECALL, SHORT_WALK, Row, Table
from tests.signal_tables import EIGHT, LOPSIDED, TWO

INTERVALS = {
    core.Interval.RED: Interval.RED,
    core.Interval.GREEN: Interval.GREEN,
    core.Interval.YELLOW: Interval.YELLOW,
    core.Interval.CLEARANCE: Interval.RED_CLEARANCE,
    core.Interval.FLASHING: Interval.FLASH_RED,
}
PEDS = {
    core.Ped.DONT_WALK: PedInterval.DONT_WALK,
    core.Ped.WALK: PedInterval.WALK,
    core.Ped.CLEARANCE: PedInterval.CLEARANCE,
    core.Ped.DARK: PedInterval.DARK,
}
MODES = {core.Mode.FLASH: "flash", core.Mode.STARTUP: "startup", core.Mode.RUN: "running"}


def cleared(signal: Signal) -> Signal:
    """Every phase with a red clearance: without one the core shows red for a tick, the model not at all."""
    phases = tuple(
        phase if phase.red_clearance_s else phase.model_copy(update={"red_clearance_s": 0.5}) for phase in signal.phases
    )
    return signal.model_copy(update={"phases": phases})


def table_of(signal: Signal) -> Table:
    """The signal's phases as the core's table, pedestrians with every green."""
    against = conflicts(signal)
    numbers = [phase.number for phase in signal.phases]

    def row(phase: Phase) -> Row:
        beside = tuple(
            index
            for index, other in enumerate(numbers)
            if other != phase.number and frozenset((phase.number, other)) not in against
        )
        return Row(
            phase.number,
            beside,
            min_green_cs=round(phase.min_green_s * 100),
            yellow_cs=round(phase.yellow_s * 100),
            red_clearance_cs=round(phase.red_clearance_s * 100),
            walk_cs=round((phase.walk_s or 0) * 100),
            ped_clearance_cs=round((phase.ped_clearance_s or 0) * 100),
            flags=PED_RECALL | SHORT_WALK,
        )

    return Table(tuple(row(phase) for phase in signal.phases))


@pytest.mark.parametrize("signal", [TWO, EIGHT, LOPSIDED], ids=["two", "eight", "lopsided"])
@settings(max_examples=40)
@given(data=st.data())
def test_the_same_lamps(signal: Signal, data: st.DataObject) -> None:
    signal = cleared(signal)
    numbers = [phase.number for phase in signal.phases]
    real = core.SignalCore(table_of(signal).to_bytes())
    model = RecordingBridge(signal, lambda _: None, startup_s=6.0)
    t_ms, nth = 10, 1
    # The model begins in start-up without being asked, so the first request is a good one.
    model.request(PhaseRequest(t_ms * NS_PER_MS - 1, frozenset(numbers[:1]), "test", 300))
    compare(model, real.tick(t_ms, core.CoreInputs(request=frozenset(numbers[:1]), ttl_ms=300)), numbers, t_ms)
    for _ in range(data.draw(st.integers(2, 25))):
        phases = data.draw(
            st.one_of(
                st.frozensets(st.sampled_from(numbers), min_size=1, max_size=2),
                st.frozensets(st.sampled_from(numbers), max_size=1),
                st.just(frozenset({numbers[0], 16})),
            )
        )
        ttl_ms = data.draw(st.sampled_from([300, 990, 10, 500]))
        times = data.draw(st.integers(1, 40))
        gap_ms = data.draw(st.sampled_from([10, 90, 300, 1500, 9000]))
        for _ in range(times if gap_ms < ttl_ms else 1):
            t_ms += 10
            nth += 1
            model.request(PhaseRequest(t_ms * NS_PER_MS - nth, phases, "test", ttl_ms))
            outputs = real.tick(t_ms, core.CoreInputs(request=phases, ttl_ms=ttl_ms))
            compare(model, outputs, numbers, t_ms)
            for _ in range(gap_ms // 10 - 1):
                t_ms += 10
                outputs = real.tick(t_ms, core.CoreInputs())
                if t_ms % 50 == 0:
                    compare(model, outputs, numbers, t_ms)
            compare(model, outputs, numbers, t_ms)


def compare(model: RecordingBridge, outputs: core.CoreOutputs, numbers: list[int], t_ms: int) -> None:
    """Every lamp of the model at this instant is the core's."""
    state = model.state(t_ms * NS_PER_MS)
    assert state.mode == MODES[outputs.mode], t_ms
    assert [state.intervals[number] for number in numbers] == [INTERVALS[shown] for shown in outputs.intervals], t_ms
    for index, number in enumerate(numbers):
        if number in state.pedestrian:
            assert state.pedestrian[number] is PEDS[outputs.peds[index]], t_ms
