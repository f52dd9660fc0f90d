"""What phases showed, as spans: without gaps, and cut at the edges of a picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.replay.signal_rows import draw_row, name_rows, spans_of, within
from edge.replay.svg import axes_at, figure

CHANGES = [(0.0, "red"), (4.0, "green"), (9.5, "yellow")]


def test_each_interval_lasts_to_the_next_change() -> None:
    assert spans_of(CHANGES, 12.0) == [(0.0, 4.0, "red"), (4.0, 9.5, "green"), (9.5, 12.0, "yellow")]
    assert spans_of([], 12.0) == []


def test_what_lies_outside_is_cut_off() -> None:
    assert within(spans_of(CHANGES, 12.0), 5.0, 9.5) == [(5.0, 9.5, "green")]


@given(
    times=st.lists(st.integers(0, 100), unique=True, min_size=1).map(sorted),
    edges=st.tuples(st.integers(-10, 120), st.integers(-10, 120)).map(sorted),
)
def test_cut_spans_fill_the_picture_where_anything_is_known(times: list[int], edges: list[int]) -> None:
    low, high = edges
    cut = within(spans_of([(float(t), "red") for t in times], 100.0), low, high)
    assert sum(end - begin for begin, end, _ in cut) == pytest.approx(max(0, min(100, high) - max(times[0], low)))
    assert all(low <= begin < end <= high for begin, end, _ in cut)


def test_a_row_has_a_bar_for_each_span_and_the_first_row_is_on_top() -> None:
    axes = axes_at(figure(100), 8, 60)
    draw_row(axes, 1, spans_of(CHANGES, 12.0))
    name_rows(axes, ["phase 2", "phase 4"])
    assert len(axes.collections) == 3
    assert [label.get_text() for label in axes.get_yticklabels()] == ["phase 2", "phase 4"]
    assert axes.yaxis_inverted()
