"""A long series drawn with few points: no peak is lost, and what is unknown parts the line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.replay.thinning import COLUMNS, column_s, gaps, groups, peaks, runs

LONG = 20_000


def test_a_single_peak_and_a_single_hollow_of_a_long_series_survive() -> None:
    times_s = [60 * i for i in range(LONG)]
    values: list[float | None] = [5.0] * LONG
    values[12_345], values[12_347] = 99.0, 0.5
    width_s = column_s(times_s)
    (run,) = runs(times_s, values, 60, width_s)
    kept = peaks(times_s, values, run, width_s)
    assert len(kept) <= 2 * (COLUMNS + 1)
    assert {12_345, 12_347} <= set(kept)
    assert kept == sorted(kept)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=300), st.integers(2, 40))
def test_every_column_keeps_its_least_and_greatest(values: list[float], columns: int) -> None:
    times_s = list(range(0, 300 * len(values), 300))
    width_s = column_s(times_s, columns)
    whole = list(range(len(values)))
    kept = peaks(times_s, values, whole, width_s)
    assert kept == sorted(set(kept))
    for group in groups(times_s, whole, width_s):
        inside = [values[at] for at in kept if at in group]
        assert min(inside) == min(values[at] for at in group)
        assert max(inside) == max(values[at] for at in group)


def test_a_short_series_is_drawn_whole() -> None:
    times_s = [60 * i for i in range(500)]
    assert column_s(times_s) == 0
    assert peaks(times_s, [float(i % 7) for i in range(500)], list(range(500)), 0) == list(range(500))


def test_unknown_readings_and_holes_in_time_part_the_line() -> None:
    times_s = [0, 60, 120, 180, 240, 1000, 1060]
    values = [None, 1.0, None, 2.0, 3.0, 4.0, None]
    parts = runs(times_s, values, 60)
    assert parts == [[1], [3, 4], [5]]
    assert gaps(times_s, parts) == [(0, 60), (60, 180), (240, 1000), (1000, 1060)]


def test_one_reading_that_is_late_is_no_hole() -> None:
    assert runs([0, 60, 190, 250], [1.0, 1.0, 1.0, 1.0], 60) == [[0, 1, 2, 3]]


def test_a_gap_of_a_column_or_more_is_kept_in_a_long_series() -> None:
    times_s = [60 * i for i in range(LONG)]
    width_s = column_s(times_s)
    values: list[float | None] = [1.0] * LONG
    values[500] = None  # a twentieth of a pixel
    values[9000:9100] = [None] * 100
    parts = runs(times_s, values, 60, width_s)
    assert gaps(times_s, parts) == [(60 * 8999, 60 * 9100)]


def test_nothing_known_is_one_gap() -> None:
    assert gaps([0, 60, 120], runs([0, 60, 120], [None, None, None], 60)) == [(0, 120)]
    assert gaps([], []) == []
