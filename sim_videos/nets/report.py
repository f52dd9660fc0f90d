"""report.html and the table of a simulated net: controllers side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from edge.replay import report as replay_report
from edge.replay.decided import LONGEST, Wait, level_changes
from edge.replay.svg import Plot, clock_text
from sim_videos.nets import plots
from sim_videos.nets.junction import Network
from sim_videos.nets.ledger import NetRun

UNKNOWN = "–"
#: So many decisions of a junction in a run are listed.
_LISTED = 150


@dataclass(frozen=True, slots=True)
class Row:
    """One measure; cells in the order of the runs."""

    name: str
    cells: tuple[str, ...]


def rows(runs: Sequence[NetRun]) -> list[Row]:
    """Delay, who got through, who stood, what the lamps did, and whether the laws held."""
    made = [
        Row("delay a vehicle, mean", tuple(_seconds(run.result.delay.mean_s) for run in runs)),
        Row("delay, half of all under", tuple(_seconds(_part(run, 50)) for run in runs)),
        Row("delay, 95 % under", tuple(_seconds(_part(run, 95)) for run in runs)),
        Row("vehicles", tuple(str(run.result.delay.vehicles) for run in runs)),
        Row("still on their way", tuple(str(run.result.delay.unfinished) for run in runs)),
        Row("never got in", tuple(str(run.result.delay.waiting) for run in runs)),
        Row("standing, mean", tuple(f"{_standing(run):.1f}" for run in runs)),
        Row("changes of phases", tuple(str(sum(log.changes for log in run.junctions.values())) for run in runs)),
        Row("a decision, 99 % under", tuple(f"{decision_ms(run):.1f} ms" for run in runs)),
        Row("laws broken", tuple(str(len(run.result.violations) + run.result.laws_broken) for run in runs)),
    ]
    names = list(dict.fromkeys(name for run in runs for name in run.junctions))
    if len(names) > 1:
        for name in names:
            cells = tuple(f"{np.mean(run.junctions[name].standing or [0]):.1f}" for run in runs)
            made.append(Row(f"standing, {name}", cells))
    return made


def decision_ms(run: NetRun) -> float:
    """99th percentile of the time that a decision took."""
    times = sorted(run.result.decision_s)
    return 1000 * times[int(0.99 * (len(times) - 1))] if times else 0.0


def to_json(run: NetRun) -> dict[str, Any]:
    """Figures of a run for run.json."""
    delay = run.result.delay
    return {
        "control": run.control,
        "eyes": run.eyes,
        "seed": run.seed,
        "seconds": run.seconds,
        "stopped": run.stopped,
        "delay_s": delay.mean_s,
        "delay_p50_s": _part(run, 50),
        "delay_p95_s": _part(run, 95),
        "vehicles": delay.vehicles,
        "unfinished": delay.unfinished,
        "never_departed": delay.waiting,
        "standing_mean": _standing(run),
        "changes": {name: log.changes for name, log in run.junctions.items()},
        "decision_p99_ms": decision_ms(run),
        "violations": [f"{one.signal}, {one.t_s} s, {one.law}: {one.said}" for one in run.result.violations[:100]],
        "laws_broken_in_core": run.result.laws_broken,
        "requests_refused": run.result.refused,
        "elapsed_s": run.elapsed_s,
    }


def render(title: str, network: Network, runs: Sequence[NetRun], facts: Mapping[str, object]) -> str:
    """The page of one or more runs of the same traffic; ValueError without a run."""
    if not runs:
        raise ValueError("a report needs at least one run")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([Path(__file__).parent, Path(replay_report.__file__).parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    timelines: list[tuple[str, Plot]] = [
        (f"{junction}, {run.name}", plots.signal_timeline(run, junction, f"signal{number}-{i}"))
        for i, junction in enumerate(network.junctions)
        for number, run in enumerate(runs)
    ]
    logs = [(f"{junction}, {run.name}", run.junctions[junction]) for junction in network.junctions for run in runs]
    return environment.get_template("nets.html.j2").render(
        title=title,
        runs=runs,
        duration=clock_text(runs[0].seconds),
        headlines=[(run.name, _seconds(run.result.delay.mean_s)) for run in runs],
        rows=rows(runs),
        spread_plot=plots.delay_spread(runs),
        queue_plot=plots.queue_over_time(runs),
        timelines=timelines,
        decisions=[(name, log.book.decisions) for name, log in logs],
        listed=_LISTED,
        level_changes=[(name, one) for name, log in logs for one in level_changes(log.book.decisions)],
        waits=_waits(runs),
        clock=clock_text,
        timeline_cut=any(run.seconds > plots.TIMELINE_S for run in runs),
        phases=_phases(network),
        facts=facts,
    )


def _waits(runs: Sequence[NetRun]) -> list[tuple[str, Wait]]:
    """The longest of each run, over all its junctions."""
    rows: list[tuple[str, Wait]] = []
    for run in runs:
        own = [(f"{run.name}, {name}", wait) for name, log in run.junctions.items() for wait in log.book.longest()]
        rows += sorted(own, key=lambda row: -row[1].waited_s)[:LONGEST]
    return rows


def _phases(network: Network) -> list[tuple[str, int, str]]:
    """(junction, phase, its turns from lane to road)."""
    made = []
    for name, junction in network.junctions.items():
        for phase in junction.grouping.phases:
            turns = [
                f"{connection.from_lane} → {connection.to_edge}"
                for link in junction.grouping.links_of(phase)
                for connection in link.connections
            ]
            made.append((name, phase, ", ".join(dict.fromkeys(turns))))
    return made


def _part(run: NetRun, percent: float) -> float | None:
    return float(np.percentile(run.result.delay.each_s, percent)) if run.result.delay.each_s else None


def _standing(run: NetRun) -> float:
    return float(sum(np.mean(log.standing or [0]) for log in run.junctions.values()))


def _seconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f} s"
