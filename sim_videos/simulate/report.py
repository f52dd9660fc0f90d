"""report.html of a simulation: one page, no asset from elsewhere, in the dress of a replay's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from edge.replay import incident_pictures
from edge.replay import report as replay_report
from edge.replay.decided import level_changes
from edge.replay.incident_rows import rows_of
from edge.replay.svg import Plot, clock_text
from sim_videos.simulate import plots, table
from sim_videos.simulate.result import NONE, PERFECT, Run

#: So many decisions of a run are listed.
_LISTED = 150


@dataclass(frozen=True, slots=True)
class Headline:
    """A tile: what it is, and how much."""

    name: str
    value: str


def render(title: str, about: str, runs: Sequence[Run], facts: Mapping[str, object], beyond: Sequence[str] = ()) -> str:
    """The page of one or more runs of the same scenario; ValueError without a run.

    beyond: a sentence for each thing of the scenario's timetable that the runs did not reach.
    """
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
        (run.name, plots.signal_timeline(run, f"signal{number}")) for number, run in enumerate(runs)
    ]
    noticing = next((run for run in runs if run.noticed is not None), None)
    told = () if noticing is None or noticing.noticed is None else noticing.noticed.events
    noticed = rows_of(told)
    ground = {} if noticing is None or noticing.noticed is None else noticing.noticed.ground
    seen = [run for run in runs if run.eyesight is not None]
    return environment.get_template("simulation.html.j2").render(
        title=title,
        about=about,
        runs=runs,
        duration=clock_text(runs[0].seconds),
        headlines=headlines(runs),
        rows=table.rows(runs),
        movement_rows=table.movement_rows(runs),
        delay_plot=plots.delay_by_movement(runs),
        queue_plot=plots.queue_over_time(runs),
        timelines=timelines,
        decisions=[(run.name, run.decisions) for run in runs],
        listed=_LISTED,
        level_changes=[(run.name, one) for run in runs for one in level_changes(run.decisions)],
        waits=[(run.name, wait) for run in runs for wait in run.waits],
        clock=clock_text,
        timeline_cut=any(run.seconds > plots.TIMELINE_S for run in runs),
        counts=seen[0].eyesight.counts if seen and seen[0].eyesight is not None else {},
        counts_of=seen[0].name if seen else "",
        incidents=runs[0].incidents if noticing is None else noticing.incidents,
        noticing=noticing,
        told_after=[]
        if noticing is None or noticing.noticed is None
        else [noticing.noticed.after_s(one) for one in noticing.incidents],
        noticed=noticed,
        incident_line=incident_pictures.time_line(noticed, runs[0].seconds),
        incident_pictures=[incident_pictures.picture(row, ground) for row in noticed[: replay_report.PICTURED]],
        pictured=replay_report.PICTURED,
        facts=facts,
        beyond=beyond,
    )


def headlines(runs: Sequence[Run]) -> list[Headline]:
    """Delay of each run, and what the camera costs against perfect eyes where both were run."""
    tiles = [
        Headline(f"Delay, {run.name}", table.UNKNOWN if run.all.delay_s is None else f"{run.all.delay_s:.1f} s")
        for run in runs
    ]
    ratio = camera_cost(runs)
    if ratio is not None:
        tiles.append(Headline("Through the camera ÷ perfect eyes", f"{ratio:.2f}"))
    return tiles


def camera_cost(runs: Sequence[Run]) -> float | None:
    """Delay of the first controller that was run both ways, seen by camera over by perfect eyes; None without both."""
    delays = {(run.control, run.eyes): run.all.delay_s for run in runs}
    for (control, eyes), delay_s in delays.items():
        perfect_s = delays.get((control, PERFECT))
        if eyes not in {PERFECT, NONE} and delay_s is not None and perfect_s:
            return delay_s / perfect_s
    return None
