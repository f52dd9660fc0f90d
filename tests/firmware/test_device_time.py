"""A device's milliseconds as cabinet time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.clock import NS_PER_MS, NS_PER_S
from firmware_bridge.device_time import DeviceTime

WRAP = 2**32


def test_a_report_that_is_heard_late_is_placed_where_it_was_made() -> None:
    device = DeviceTime()
    assert device.cabinet_ns(1000, 5 * NS_PER_S) == 5 * NS_PER_S
    late_ns = device.cabinet_ns(1100, 5 * NS_PER_S + 180 * NS_PER_MS)
    assert abs(late_ns - 5 * NS_PER_S - 100 * NS_PER_MS) <= 1 * NS_PER_MS
    assert device.cabinet_ns(1200, 5 * NS_PER_S + 200 * NS_PER_MS) == 5 * NS_PER_S + 200 * NS_PER_MS


def test_a_first_report_that_was_late_is_made_good_by_the_next() -> None:
    device = DeviceTime()
    device.cabinet_ns(0, 90 * NS_PER_MS)
    assert device.cabinet_ns(100, 100 * NS_PER_MS) == 100 * NS_PER_MS


@given(
    st.integers(0, WRAP - 1),
    st.floats(-0.008, 0.008),
    st.lists(st.tuples(st.integers(10, 120), st.integers(0, 40)), min_size=1, max_size=200),
)
def test_it_follows_a_clock_that_drifts_and_wraps(first_ms: int, drift: float, reports: list[tuple[int, int]]) -> None:
    """Never more wrong than the lateness of reports; 8 in 1000 is a poor resonator."""
    device = DeviceTime()
    true_ms, start_ns = 0, 77 * NS_PER_S
    device.cabinet_ns(first_ms, start_ns)
    for step_ms, late_ms in reports:
        true_ms += step_ms
        made_ns = start_ns + true_ms * NS_PER_MS
        told_ms = (first_ms + round(true_ms * (1 + drift))) % WRAP
        found_ns = device.cabinet_ns(told_ms, made_ns + late_ms * NS_PER_MS)
        assert -2 * NS_PER_MS <= found_ns - made_ns <= (late_ms + 2) * NS_PER_MS


def test_it_follows_a_slow_clock_for_an_hour() -> None:
    device = DeviceTime()
    for tenths in range(36_000):
        true_ns = tenths * 100 * NS_PER_MS
        found_ns = device.cabinet_ns(round(tenths * 100 * 0.995), true_ns)
    assert abs(found_ns - true_ns) <= 2 * NS_PER_MS
