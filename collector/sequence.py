"""Which sequence numbers of a stream are accounted for.

Everything up to `acked` is, and beyond it the spans are: records that came before a
gap was filled. An acknowledgement never passes a gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """Sequence numbers from `first` to `last`, both included."""

    first: int
    last: int


def union(spans: Iterable[Span]) -> list[Span]:
    """The same numbers in the fewest spans, ascending; those that touch are joined."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.first <= joined[-1].last + 1:
            joined[-1] = Span(joined[-1].first, max(joined[-1].last, span.last))
        else:
            joined.append(span)
    return joined


def advance(acked: int, spans: Iterable[Span]) -> tuple[int, list[Span]]:
    """The highest number without a gap below it, and the spans that stay beyond it."""
    ahead = union([Span(1, acked), *spans] if acked else spans)
    if ahead and ahead[0].first == 1:
        return ahead[0].last, ahead[1:]
    return 0, ahead
