"""report.html: one page a traffic engineer can read, print and send; no asset from elsewhere.

Made from events.jsonl alone, plus the facts of the run that may differ between two
equal replays (versions, file names, speed), which `run.json` keeps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import jinja2

from edge.clock import NS_PER_S
from edge.replay import incident_pictures, plots
from edge.replay.decided import decided_in, level_changes
from edge.replay.files import REPORT
from edge.replay.incident_rows import rows_of
from edge.replay.outputs import write_whole
from edge.replay.record import Event, Record
from edge.replay.svg import clock_text

_EXAMPLES = 3
#: So many decisions are listed.
_LISTED = 300
#: So many incidents have their picture.
PICTURED = 60


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One line of the totals. on_green is how many passed while green; speed, wait and on_green None where unknown."""

    id: str
    direction: str | None
    counts: tuple[int | None, ...]
    total: int
    speed_kmh: float | None
    waited_s: float | None
    on_green: int | None


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """Why some road users were not counted, with a few of them to look up in the video."""

    reason: str
    count: int
    examples: tuple[str, ...]
    more: int


def write(folder: Path, record: Record, facts: Mapping[str, object]) -> Path:
    """Write the report of a replay into its folder; StorageError when the disk is full."""
    path = folder / REPORT
    write_whole(path, render(record, facts))
    return path


def render(record: Record, facts: Mapping[str, object]) -> str:
    """The page. `facts` are name → value as they are to be read."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    crossings = record.of("crossing")
    kinds = kinds_of(record)
    rows = movement_rows(record, kinds)
    decisions = decided_in(record)
    incidents = rows_of(record.of("incident"))
    ground = record.run.get("ground", {})
    return environment.get_template("report.html.j2").render(
        run=record.run,
        kinds=kinds,
        rows=rows,
        column_totals=[sum(row.counts[i] or 0 for row in rows) for i in range(len(kinds))],
        total=len(crossings),
        stopped=stopped_text(record),
        blind_s=blind_s(record),
        reasons=reason_rows(record),
        not_counted=len(record.of("not_counted")),
        duration=clock_text(record.last_s),
        counts_plot=plots.counts_over_time(record),
        queues_plot=plots.queues_over_time(record),
        timelines=plots.timelines(record),
        panels_cut=record.last_s > plots.PANEL_S * plots.PANELS_MAX,
        has_signal=bool(record.of("signal")),
        decisions=decisions,
        listed=_LISTED,
        level_changes=[("replay", one) for one in level_changes(decisions)],
        looked_for_incidents=bool(record.run.get("incidents")),
        incidents=incidents,
        incident_line=incident_pictures.time_line(incidents, record.last_s),
        incident_pictures=[incident_pictures.picture(row, ground) for row in incidents[:PICTURED]],
        pictured=PICTURED,
        silenced=len(record.of("silenced")),
        clock=clock_text,
        facts=facts,
        settings=record.run.get("settings", {}),
    )


def readable(facts: Mapping[str, Any]) -> dict[str, object]:
    """run.json as a person reads it: name → text, unknown left out."""
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    rows = {
        "video": facts["video"],
        "recorded": facts["recorded"],
        "frames": None if facts["frames_total"] is None else f"{facts['frames']} of {facts['frames_total']}",
        "speed": None if facts["fps"] is None else f"{facts['fps']:.1f} frames/s",
        "took": f"{facts['elapsed_s']:.1f} s",
        "detector": facts["detector"],
        "detector, per frame": None if facts["detector_ms"] is None else f"{facts['detector_ms']:.1f} ms",
        "threads": facts["threads"],
        "machine": facts["machine"],
        "versions": versions,
    }
    return {name: value for name, value in rows.items() if value is not None}


def kinds_of(record: Record) -> list[str]:
    """Classes that any movement of the site counts, in the order of `Kind`."""
    return list(dict.fromkeys(kind for m in record.run["movements"] for kind in m["kinds"]))


def movement_rows(record: Record, kinds: Sequence[str]) -> list[MovementRow]:
    """Totals of every movement of the site, counted or not."""
    by_movement: dict[str, list[Event]] = {m["id"]: [] for m in record.run["movements"]}
    for crossing in record.of("crossing"):
        by_movement[crossing["movement"]].append(crossing)
    rows = []
    for movement in record.run["movements"]:
        mine = by_movement[movement["id"]]
        counted = Counter(crossing["class"] for crossing in mine)
        speed_mps = _mean(mine, "speed_mps")
        greens = [(a, b) for a, b, shown in plots.phase_spans(record, movement["phase"]) if shown == "green"]
        rows.append(
            MovementRow(
                id=movement["id"],
                direction=movement["direction"],
                # a class that the movement does not count is not a count of zero
                counts=tuple(counted[kind] if kind in movement["kinds"] else None for kind in kinds),
                total=len(mine),
                speed_kmh=None if speed_mps is None else speed_mps * 3.6,
                waited_s=_mean(mine, "waited_s"),
                on_green=sum(any(a <= c["t_ns"] / NS_PER_S < b for a, b in greens) for c in mine)
                if greens and mine
                else None,
            )
        )
    return rows


def _mean(events: Sequence[Event], key: str) -> float | None:
    known = [event[key] for event in events if event[key] is not None]
    return fmean(known) if known else None


def reason_rows(record: Record) -> list[ReasonRow]:
    """Not-counted road users by reason, the most frequent first."""
    groups: dict[str, list[Event]] = {}
    for event in record.of("not_counted"):
        groups.setdefault(event["reason"], []).append(event)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        ReasonRow(
            reason,
            len(events),
            tuple(_example(event) for event in events[:_EXAMPLES]),
            max(0, len(events) - _EXAMPLES),
        )
        for reason, events in ordered
    ]


def _example(event: Event) -> str:
    near = f" near {event['movement']}" if event["movement"] is not None else ""
    (x, y), at = event["last_px"], clock_text(event["t_ns"] / NS_PER_S)
    return (
        f"{event['class']} {event['track_id']}{near}, last at {at} in pixel {x:.0f}, {y:.0f} "
        f"after {event['travelled_m']:.1f} m"
    )


def stopped_text(record: Record) -> str | None:
    """What a reader must know when the replay is not whole; None when it is."""
    end = record.end
    if end is None:
        return "This replay was cut off before its end; all that was written is shown."
    if end["stopped"] is None:
        return None
    total = "an unknown number" if end["frames_total"] is None else end["frames_total"]
    return f"Stopped after frame {end['frames']} of {total}: {end['stopped']}."


def blind_s(record: Record) -> float:
    """Seconds for which the camera could not be believed."""
    return sum(end - start for start, end in plots.blind_spans(record))


def summary(record: Record) -> dict[str, Any]:
    """The numbers of a replay for `--json`: totals by movement and class, by direction, by reason."""
    movements = {m["id"]: m for m in record.run["movements"]}
    totals: dict[str, Counter[str]] = {name: Counter() for name in movements}
    directions: Counter[str] = Counter({m["direction"]: 0 for m in movements.values() if m["direction"] is not None})
    for crossing in record.of("crossing"):
        totals[crossing["movement"]][crossing["class"]] += 1
        direction = movements[crossing["movement"]]["direction"]
        if direction is not None:
            directions[direction] += 1
    return {
        "site": record.run["site"],
        "kinds": kinds_of(record),
        "movements": {
            name: {"total": counts.total(), **{kind: counts[kind] for kind in movements[name]["kinds"]}}
            for name, counts in totals.items()
        },
        "directions": dict(directions),
        "frames": record.end["frames"] if record.end else None,
        "frames_total": record.run["frames_total"],
        "stopped": record.end["stopped"] if record.end else "cut off",
        "duration_s": round(record.last_s, 3),
        "not_counted": {row.reason: row.count for row in reason_rows(record)},
    }
