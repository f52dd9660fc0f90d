"""An acknowledgement never passes a gap."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collector.sequence import Span, advance, union

spans = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 6)).map(lambda s: Span(s[0], s[0] + s[1])), max_size=12)


def numbers(some: list[Span]) -> set[int]:
    return {number for span in some for number in range(span.first, span.last + 1)}


@given(spans)
def test_union_keeps_the_numbers_in_the_fewest_spans(some: list[Span]) -> None:
    joined = union(some)
    assert numbers(joined) == numbers(some)
    assert all(before.last + 1 < after.first for before, after in pairwise(joined))


@given(spans, st.integers(0, 20))
def test_advance_stops_at_the_first_gap(some: list[Span], acked: int) -> None:
    reached, rest = advance(acked, some)
    accounted = numbers(some) | set(range(1, acked + 1))
    assert reached >= acked
    assert set(range(1, reached + 1)) <= accounted
    assert reached + 1 not in accounted
    assert numbers(rest) == {number for number in accounted if number > reached}
    assert advance(reached, rest) == (reached, rest)
