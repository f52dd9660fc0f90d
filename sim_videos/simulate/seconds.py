"""Seconds of the scene as cabinet time."""

from __future__ import annotations

from edge.clock import NS_PER_S


def ns_of(t_s: float) -> int:
    """Nanoseconds of cabinet time; both count from the first frame."""
    return round(t_s * NS_PER_S)
