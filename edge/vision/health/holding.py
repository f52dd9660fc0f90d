"""Hysteresis: a trouble must last before it is told, and be clearly gone before it is no more."""

from __future__ import annotations

from enum import IntEnum

from edge.clock import NS_PER_S
from edge.vision.health.settings import Limits


class Level(IntEnum):
    """How bad one trouble is."""

    NONE = 0
    TOLD = 1
    BLIND = 2


class Held:
    """The level of one trouble, from one measured value after the other."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.level = Level.NONE
        self._other_since_ns: int | None = None
        self._heading = 0

    def update(self, t_ns: int, value: float | None) -> Level:
        """value None: not measured now, and nothing changes."""
        if value is None:
            return self.level
        raw = self._raw(value)
        heading = (raw > self.level) - (raw < self.level)
        if heading != self._heading:
            self._heading = heading
            self._other_since_ns = t_ns if heading else None
        limits = self._limits
        slowly = limits.told_for_s is not None and self.level is Level.NONE and raw is Level.TOLD
        for_s = limits.told_for_s if slowly and limits.told_for_s is not None else limits.for_s
        if self._other_since_ns is not None and t_ns - self._other_since_ns >= for_s * NS_PER_S:
            self.level = raw
            self._heading, self._other_since_ns = 0, None
        return self.level

    def _raw(self, value: float) -> Level:
        """The level of a value; one that is held goes only when the value is clearly below its limit."""
        limits = self._limits
        for level, limit in ((Level.BLIND, limits.blind), (Level.TOLD, limits.told)):
            if limit is not None and value >= limit * (limits.gone if self.level >= level else 1.0):
                return level
        return Level.NONE
