"""The story of one incident in sentences: what, where, since when, by which rule, and what was silenced near it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from edge.clock import NS_PER_S
from edge.errors import InputError
from edge.incidents.limits import limits_of
from edge.replay.incident_rows import IncidentRow, measured, rows_of, where, words
from edge.replay.record import Event
from edge.replay.svg import clock_text

#: What was silenced so long before or after it, and so far from it, is near it.
_NEAR_S, _NEAR_M = 60.0, 30.0
#: So many silences are told.
_MOST = 12


def story(events: Sequence[Event], incident: str) -> list[str]:
    """Sentences; InputError where no event tells of that incident, naming those that are told."""
    rows = rows_of(events)
    row = next((row for row in rows if row.id == incident), None)
    if row is None:
        known = ", ".join(one.id for one in rows[:20]) or "none at all"
        raise InputError(f"incident {incident!r} is not told here; told are {known}")
    told = [event for event in events if event["kind"] == "incident" and event["id"] == incident]
    return [
        *_what(row),
        *_changes(told),
        *_why(row, told),
        *_near([event for event in events if event["kind"] == "silenced"], row),
        f"What to do: {'; '.join(row.actions)}." if row.actions else "The table of actions names none for it.",
    ]


def _what(row: IncidentRow) -> Iterator[str]:
    yield f"{row.kind.capitalize()}, {row.severity}, {row.where} (camera {row.last['camera'] or 'unknown'})."
    if row.moment:
        yield f"It happened at {clock_text(row.began_s)} and was told at {clock_text(row.told_s)}."
        return
    ended = "still went on at the last telling" if row.ended_s is None else f"ended at {clock_text(row.ended_s)}"
    yield (
        f"It began at {clock_text(row.began_s)}, was told {row.delay_s:.1f} s later, at {clock_text(row.told_s)}, "
        f"and {ended}."
    )


def _changes(told: Sequence[Event]) -> Iterator[str]:
    """Where kind or severity became another while it went on."""
    for before, after in pairwise(told):
        at = clock_text(after["t_ns"] / NS_PER_S)
        if before["incident"] != after["incident"]:
            yield f"At {at} more was known: a {words(after['incident'])}, no longer a {words(before['incident'])}."
        if before["severity"] != after["severity"]:
            yield f"At {at} its severity became {after['severity']}, until then {before['severity']}."


def _why(row: IncidentRow, told: Sequence[Event]) -> Iterator[str]:
    count = len(row.last["sources"])
    by = "one rule" if count == 1 else f"{count} rules that err apart from each other"
    yield f"Seen by {by}: {', '.join(row.sources)}. Confidence {row.confidence:.2f}."
    first = {name: value for name, value in told[0]["evidence"].items() if value is not None}
    if first:
        said = ", ".join(" ".join(measured(name, value)) for name, value in first.items())
        yield f"When it was first told: {said}."
    for source in row.last["sources"]:
        limits = limits_of(source)
        if limits is None:
            continue
        against = [
            f"{words(name)} {measured(name, first[name])[1]} against {measured(name, limit)[1]}"
            for name, limit in limits.values.items()
            if name in first
        ]
        if against:
            yield f"Against limits of the same name: {'; '.join(against)}."
        numbers = ", ".join(f"{name} {value:g}" for name, value in limits.values.items() if not isinstance(value, str))
        yield f"Limits of {words(source)}: {numbers}."
        yield f"They mean: {limits.words}"
    if row.last["tracks"]:
        yield f"Tracks: {', '.join(str(track) for track in row.last['tracks'])}."


def _near(silenced: Sequence[Event], row: IncidentRow) -> Iterator[str]:
    near = [event for event in silenced if _is_near(event, row)]
    if not near:
        yield "Nothing near it was silenced."
        return
    for event in near[:_MOST]:
        kind, rule = words(event["incident"]), words(event["rule"])
        yield (
            f"At {clock_text(event['t_ns'] / NS_PER_S)} {rule} kept silent on a {kind} ({where(event)}): "
            f"{event['reason']}."
        )
    if len(near) > _MOST:
        yield f"So it was {len(near) - _MOST} more times."


def _is_near(event: Event, row: IncidentRow) -> bool:
    t_s = event["t_ns"] / NS_PER_S
    until_s = math.inf if row.ended_s is None else row.ended_s
    if not row.began_s - _NEAR_S <= t_s <= until_s + _NEAR_S:
        return False
    mine, other = row.first["pos_m"], event["pos_m"]
    if mine is not None and other is not None and math.dist(mine, other) <= _NEAR_M:
        return True
    if event["lane"] is not None and row.last["lane"] is not None:
        return bool(event["lane"] == row.last["lane"])
    return (mine is None or other is None) and bool(event["camera"] == row.last["camera"])
