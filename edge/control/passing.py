"""What junctions of a street tell each other: who has passed a stop line, and by which way out.

    neighbour's cameras ─→ Departure ─→ street ─→ Announced ─→ `Surroundings.coming`

A neighbour makes arrivals of it before its own cameras see them. One value is one vehicle
that was seen to go, so nothing is said of those that no camera saw.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Self

from edge.clock import NS_PER_S
from edge.control.junction import JunctionModel
from edge.errors import ProtocolError

#: Announced vehicles are forgotten when they are so late, s: parked, or turned off between.
_LATE_S = 20.0


@dataclass(frozen=True, slots=True)
class Departure:
    """One vehicle over a stop line of `junction` at t_ns on phase `phase`, leaving by road `exit`."""

    t_ns: int
    junction: str
    phase: int
    exit: str

    def to_json(self) -> str:
        """As it goes over the wire: one line."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """ProtocolError for what is no departure."""
        try:
            data = json.loads(line)
        except ValueError as error:
            raise ProtocolError(f"no departure of a neighbour: {line[:80]}") from error
        match data:
            case {"t_ns": int(t_ns), "junction": str(junction), "phase": int(phase), "exit": str(leaves)}:
                return cls(t_ns, junction, phase, leaves)
        raise ProtocolError(f"a departure with a value missing or of the wrong kind: {line[:80]}")


#: (neighbour, its exit) → lanes of this junction that it leads to, each with the way there in s.
Fed = Mapping[tuple[str, str], tuple[tuple[str, float], ...]]


class Announced:
    """Vehicles on their way from the neighbours to one junction.

    A vehicle that may come by several lanes is taken to come by the one that was given the
    fewest so far. Whoever should be in the own cameras' view by now is no longer told of.
    """

    def __init__(self, model: JunctionModel, fed: Fed, view_m: float) -> None:
        self._fed = fed
        self._in_view_s = {lane.lane: min(view_m, lane.length_m) / max(lane.speed_mps, 1.0) for lane in model.lanes}
        self._given = dict.fromkeys(self._in_view_s, 0)
        self._due_ns: dict[str, list[int]] = {lane: [] for lane in self._in_view_s}

    def hear(self, departures: Iterable[Departure]) -> None:
        """Take in what neighbours told."""
        for one in departures:
            ways = self._fed.get((one.junction, one.exit), ())
            if ways:
                lane, travel_s = min(ways, key=lambda way: self._given[way[0]])
                self._given[lane] += 1
                self._due_ns[lane].append(one.t_ns + round(travel_s * NS_PER_S))

    def coming(self, t_ns: int) -> Mapping[str, tuple[float, ...]]:
        """Lane → seconds until each vehicle that is not in view yet would reach the stop line unhindered."""
        told = {}
        for lane, due_ns in self._due_ns.items():
            due_ns[:] = sorted(at for at in due_ns if at - t_ns > -_LATE_S * NS_PER_S)
            ahead = tuple((at - t_ns) / NS_PER_S for at in due_ns if (at - t_ns) / NS_PER_S > self._in_view_s[lane])
            if ahead:
                told[lane] = ahead
        return told
