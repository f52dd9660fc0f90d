"""Incidents of a run as rows of a report: one each, from all events that told of it.

events `incident` ─→ IncidentRow ─→ table, time line, pictures
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.clock import NS_PER_S
from edge.replay.record import Event

#: Ending of a name → unit, and how many of it make one of the name's own.
_UNITS = (("_mps2", "m/s²"), ("_mps", "m/s"), ("_deg", "°"), ("_px", "px"), ("_s", "s"), ("_m", "m"))


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident, all times in seconds of the run. told_s: when it was first told. ended_s: None while it goes on.

    moment: over as it was told. first: its first event, whose scene is that of the moment; last: its last.
    """

    id: str
    kind: str
    severity: str
    where: str
    began_s: float
    told_s: float
    ended_s: float | None
    moment: bool
    confidence: float
    evidence: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    actions: tuple[str, ...]
    first: Event
    last: Event

    @property
    def delay_s(self) -> float:
        """From when it began to when it was told."""
        return self.told_s - self.began_s


def rows_of(events: Iterable[Event]) -> list[IncidentRow]:
    """A row for each incident, in the order in which they were first told."""
    by_id: dict[str, list[Event]] = {}
    for event in events:
        if event["kind"] == "incident":
            by_id.setdefault(event["id"], []).append(event)
    return [_row(told) for told in by_id.values()]


def _row(told: Sequence[Event]) -> IncidentRow:
    first, last = told[0], told[-1]
    # What goes on is told with numbers of the moment; those of an end may be of something else.
    shown = next((event for event in reversed(told) if event["stage"] != "end"), last)
    ended_ns = last["ended_ns"]
    return IncidentRow(
        id=first["id"],
        kind=words(last["incident"]),
        severity=last["severity"],
        where=where(last),
        began_s=last["began_ns"] / NS_PER_S,
        told_s=first["t_ns"] / NS_PER_S,
        ended_s=None if ended_ns is None else ended_ns / NS_PER_S,
        moment=first["stage"] == "moment",
        confidence=last["confidence"],
        evidence=tuple(spoken(shown["evidence"])),
        sources=tuple(words(source) for source in last["sources"]),
        actions=tuple(last["actions"]),
        first=first,
        last=last,
    )


def words(name: str) -> str:
    """`stopped_vehicle` → stopped vehicle."""
    return name.replace("_", " ")


def where(event: Mapping[str, Any]) -> str:
    """The place in words, from the lane outward."""
    parts = []
    if event["lane"] is not None:
        parts.append(f"lane {event['lane']}")
    elif event["movement"] is not None:
        parts.append(event["movement"])
    elif event["approach"] is not None:
        parts.append(f"approach {event['approach']}")
    from_stop_m = event["from_stop_m"]
    if from_stop_m is not None:
        beyond = "before" if from_stop_m >= 0 else "beyond"
        parts.append(f"{abs(from_stop_m):.0f} m {beyond} the stop line")
    if not parts and event["camera"] is not None:
        parts.append(f"camera {event['camera']}")
    return ", ".join(parts) or "place unknown"


def spoken(evidence: Mapping[str, float | int | str | None]) -> Iterable[tuple[str, str]]:
    """Name in words and value with its unit; what is unknown is left out."""
    for name, value in evidence.items():
        if value is None:
            continue
        yield measured(name, value)


def measured(name: str, value: float | str) -> tuple[str, str]:
    """`standing_s`, 18.1 → standing, 18.1 s."""
    for ending, unit in _UNITS:
        if name.endswith(ending) and not isinstance(value, str):
            return words(name.removesuffix(ending)), f"{value:g} {unit}"
    return words(name), words(value) if isinstance(value, str) else f"{value:g}"
