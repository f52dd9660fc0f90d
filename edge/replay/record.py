"""Reading back what a replay wrote: events.jsonl as one value.

Report and evaluation both start here, so a replay that was stopped, or killed,
is read like any other; a last line that was cut off is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.clock import NS_PER_S
from edge.errors import InputError
from edge.replay.files import EVENTS

Event = Mapping[str, Any]

#: What every reader takes from the run event.
_MUST = frozenset({"site", "movements"})


@dataclass(frozen=True, slots=True)
class Record:
    """One replay. `run` is its first event; `end` its last, None where it never ended."""

    run: Event
    end: Event | None
    events: tuple[Event, ...]

    def of(self, kind: str) -> list[Event]:
        """Events of one kind, in the order written."""
        return [event for event in self.events if event["kind"] == kind]

    @property
    def last_s(self) -> float:
        """Seconds from the start of the recording to its last event."""
        return max((event["t_ns"] for event in self.events), default=0) / NS_PER_S


def read(folder: Path, must: frozenset[str] = _MUST) -> Record:
    """The record in a replay's folder; InputError says what is missing or which line is damaged.

    must: what the run event has to say.
    """
    path = folder / EVENTS
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give the folder that `stopline replay … --out` wrote") from error
    complete, _, _cut = text.rpartition("\n")
    events = [_event(path, number, line) for number, line in enumerate(complete.splitlines(), start=1)]
    if not events or events[0]["kind"] != "run" or not must.issubset(events[0]):
        raise InputError(f"{path}: does not begin with a whole run event; replay the video again")
    end = events[-1] if events[-1]["kind"] == "end" else None
    return Record(events[0], end, tuple(events))


def _event(path: Path, number: int, line: str) -> Event:
    try:
        event = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{path} line {number}: not JSON ({error.msg}); replay the video again") from error
    if not isinstance(event, dict) or not isinstance(event.get("kind"), str) or not isinstance(event.get("t_ns"), int):
        raise InputError(f"{path} line {number}: an event needs `kind` and `t_ns`; replay the video again")
    return event
