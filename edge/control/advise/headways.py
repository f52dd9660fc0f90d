"""Saturation headway of a lane, measured where queues leave.

Highway Capacity Manual, 6th edition, chapter 31, section 5: from the fifth vehicle of a queue to the
last that stood, in at least 15 queues of eight or more. No lamps are needed: a queue is
vehicles that have stood and follow each other closely.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean

from edge.control.advise.flows import Passage

#: Further apart than this, two vehicles are not of one queue that leaves, s.
_APART_S = 5.0
_FIRST_STEADY = 5
_LEAST_LONG = 8
LEAST_QUEUES = 15


@dataclass(frozen=True, slots=True)
class Headway:
    """headway_s: the mean of `vehicles` headways in `queues` queues."""

    headway_s: float
    vehicles: int
    queues: int


def measured_headways(passages: Iterable[Passage]) -> dict[str, Headway]:
    """Lane → its saturation headway; lanes with fewer queues than the manual asks for are left out."""
    by_lane: dict[str, list[Passage]] = {}
    for passage in passages:
        by_lane.setdefault(passage.lane, []).append(passage)
    measured = {}
    for lane, own in by_lane.items():
        queues = [queue[_FIRST_STEADY - 1 :] for queue in _queues(own) if len(queue) >= _LEAST_LONG]
        steady = [headway_s for queue in queues for headway_s in queue]
        if len(queues) >= LEAST_QUEUES:
            measured[lane] = Headway(fmean(steady), len(steady), len(queues))
    return measured


def _queues(passages: list[Passage]) -> Iterator[list[float]]:
    """Headways of each queue that left; of its first vehicle, too, which says nothing."""
    queue: list[float] = []
    for passage in passages:
        stood = passage.waited_s is not None and passage.waited_s > 0
        close = passage.headway_s is not None and passage.headway_s <= _APART_S
        if queue and stood and close and passage.headway_s is not None:
            queue.append(passage.headway_s)
            continue
        yield queue
        queue = [0.0] if stood else []
    yield queue
