"""One high-resolution event, and the detector channels that events of detectors name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class HiResEvent:
    """What happened at `t_ns`, cabinet time: `hires_codes` says what the code is and what its parameter."""

    t_ns: int
    code: int
    parameter: int


@dataclass(frozen=True, slots=True)
class Channel:
    """A detector channel: presence at the stop line of a lane, or a zone `before_m` upstream of it (advance).

    lanes: it is on while it is on in any of them.
    """

    number: int
    lanes: tuple[str, ...]
    kind: Literal["presence", "advance"] = "presence"
    before_m: float = 0.0


def numbered(lanes: Iterable[str]) -> tuple[Channel, ...]:
    """A presence channel for each lane, numbered from 1 in the order given."""
    return tuple(Channel(number, (lane,)) for number, lane in enumerate(lanes, start=1))
