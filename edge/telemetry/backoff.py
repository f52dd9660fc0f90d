"""Waiting times between attempts, doubling to a bound, with jitter so that a town does not knock at once."""

from __future__ import annotations

from random import Random

from edge.clock import NS_PER_S


class Backoff:
    """`next_ns` grows from about `first_s` to at most `limit_s`; `reset` after a success.

    Each wait is drawn from the upper half of its bound ("equal jitter"; Brooker,
    Exponential Backoff and Jitter, 2015).
    """

    def __init__(self, rng: Random, *, first_s: float = 1.0, limit_s: float = 60.0) -> None:
        if not 0 < first_s <= limit_s:
            raise ValueError(f"need 0 < first_s <= limit_s, got {first_s} and {limit_s}")
        self._rng = rng
        self._first_s = first_s
        self._limit_s = limit_s
        self._bound_s = first_s

    def next_ns(self) -> int:
        """How long to wait before the next attempt."""
        bound_s = self._bound_s
        self._bound_s = min(2 * bound_s, self._limit_s)
        return int(bound_s * (0.5 + 0.5 * self._rng.random()) * NS_PER_S)

    def reset(self) -> None:
        """Begin again with `first_s`."""
        self._bound_s = self._first_s
