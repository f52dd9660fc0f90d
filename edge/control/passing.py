"""What junctions of a street tell each other: who has passed a stop line, and by which way out.

A neighbour makes arrivals of it before its own cameras see them; the junction itself
learns from its own how many of a lane turn where. One value is one vehicle that was seen
to go, so nothing is said of those that no camera saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Passed:
    """One vehicle over a stop line of `junction` at t_ns, on a green (or yellow) of `phase`.

    exit is the road it left by, as `Way.exit` names it; None where that was not seen.
    """

    t_ns: int
    junction: str
    lane: str
    phase: int
    exit: str | None = None


@runtime_checkable
class Hearing(Protocol):
    """A controller that makes use of it. Told before `update`, in the order of time, own junction and neighbours."""

    def hear(self, passed: Sequence[Passed]) -> None: ...


@dataclass(frozen=True, slots=True)
class Box:
    """The junction's inside at t_ns, as far as it is seen: what a green would run into.

    inside: for each vehicle between a stop line and its way out, the phase that let it in and
    its speed in m/s. blocked: roads out, as `Way.exit` names them, in whose mouth a vehicle stands.
    """

    t_ns: int
    junction: str
    inside: tuple[tuple[int, float], ...]
    blocked: frozenset[str]


@runtime_checkable
class BoxSeeing(Protocol):
    """A controller that holds its next green while the box is not clear. Told before `update`."""

    def see_box(self, box: Box) -> None: ...
