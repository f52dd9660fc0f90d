"""Several sensors odd at about the same time: one happening, and how far it reaches.

one sensor, or several of one site    local
two sites of one corridor             corridor
two corridors                         network
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge.errors import InputError
from edge.statistics.alarm import Alarm, Reach

LEAST_SENSORS: Final = 2


@dataclass(frozen=True, slots=True)
class Stands:
    """Where a sensor stands."""

    site: str
    corridor: str


@dataclass(frozen=True, slots=True)
class Collective:
    """Several sensors at once. since_s: of the first of them. confidence: that not all of them are wrong."""

    reach: Reach
    sensors: tuple[str, ...]
    since_s: int
    confidence: float


class Together:
    """Which alarms of the last window_s belong together. Bounded: the last alarm of each known sensor."""

    def __init__(self, places: Mapping[str, Stands], *, window_s: int = 900) -> None:
        """places: every sensor that may alarm. InputError where window_s is not above 0."""
        if window_s <= 0:
            raise InputError(f"together: window_s {window_s}; give more than 0")
        self._places = dict(places)
        self._window_s = window_s
        self._last: dict[str, tuple[int, float]] = {}

    def update(self, sensor: str, alarm: Alarm) -> Collective | None:
        """What it makes of one more alarm; None while it stands alone. InputError for a sensor without a place."""
        if sensor not in self._places:
            raise InputError(f"together: sensor {sensor} has no place; add it to the site description")
        now_s = alarm.moment.unix_s
        self._last[sensor] = (now_s, alarm.confidence)
        recent = {name: seen for name, seen in self._last.items() if abs(now_s - seen[0]) <= self._window_s}
        if len(recent) < LEAST_SENSORS:
            return None
        doubt = 1.0
        for _, sure in recent.values():
            doubt *= 1 - sure
        return Collective(self._reach(recent), tuple(sorted(recent)), min(s for s, _ in recent.values()), 1 - doubt)

    def _reach(self, sensors: Mapping[str, object]) -> Reach:
        places = [self._places[name] for name in sensors]
        if len({place.corridor for place in places}) > 1:
            return Reach.NETWORK
        return Reach.CORRIDOR if len({place.site for place in places}) > 1 else Reach.LOCAL

    def fields(self) -> dict[str, Any]:
        """What JSON holds of it."""
        return {"last": {name: list(seen) for name, seen in self._last.items()}}

    def take_back(self, fields: Mapping[str, Any]) -> None:
        """The reverse."""
        self._last = {name: (seen[0], seen[1]) for name, seen in fields["last"].items()}
