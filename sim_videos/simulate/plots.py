"""The pictures of a simulation's report: delay by movement, queues over time, what the lamps showed."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

from edge.replay.decided import level_changes
from edge.replay.signal_rows import draw_row, mark_levels, name_rows, spans_of, within
from edge.replay.svg import (
    FAINT,
    INK,
    LINE,
    PAPER,
    SERIES,
    Plot,
    as_svg,
    axes_at,
    figure,
    legend,
    time_axis,
)
from sim_videos.simulate.result import Run

#: The signal is drawn for no longer than this.
TIMELINE_S = 600.0


def delay_by_movement(runs: Sequence[Run]) -> Plot | None:
    """Bars of mean delay, one colour a run; None where nobody was delayed."""
    movements = list(dict.fromkeys(name for run in runs for name in run.movements))
    if not movements or not any(one.delay_s for run in runs for one in run.movements.values()):
        return None
    fig = figure(264)
    axes = axes_at(fig, 34, 190)
    width = 0.8 / len(runs)
    words = []
    for number, run in enumerate(runs):
        waits = [run.movements[name].delay_s if name in run.movements else None for name in movements]
        left = [i - 0.4 + (number + 0.5) * width for i in range(len(movements))]
        axes.bar(
            left,
            [wait or 0.0 for wait in waits],
            width,
            color=SERIES[number % len(SERIES)],
            edgecolor=PAPER,
            linewidth=1,
            label=run.name,
        )
        told = ", ".join(
            f"{name} {wait:.0f} s" for name, wait in zip(movements, waits, strict=True) if wait is not None
        )
        words.append(f"{run.name}: {told}")
    axes.set_xticks(range(len(movements)), movements)
    axes.tick_params(axis="x", labelcolor=INK, labelsize=12)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", color=LINE, linewidth=1)
    axes.set_ylabel("s a vehicle", color=FAINT, fontsize=12)
    legend(axes)
    return as_svg(fig, "delay", "Mean delay by movement. " + "; ".join(words))


def queue_over_time(runs: Sequence[Run]) -> Plot | None:
    """Lines of vehicles queued in all lanes together, one a run; None for runs of no length."""
    drawn = [run for run in runs if len(run.series.times_s) > 1]
    if not drawn:
        return None
    fig = figure(250)
    axes = axes_at(fig, 34, 178)
    end_s, words = 0.0, []
    for number, run in enumerate(drawn):
        series = run.series
        totals = [sum(values[i] for values in series.queued.values()) for i in range(len(series.times_s))]
        axes.plot(series.times_s, totals, color=SERIES[number % len(SERIES)], linewidth=2, label=run.name)
        end_s = max(end_s, series.times_s[-1])
        words.append(f"{run.name} at most {max(totals)}")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(axis="y", color=LINE, linewidth=1)
    axes.set_ylabel("vehicles", color=FAINT, fontsize=12)
    time_axis(axes, 0.0, end_s)
    legend(axes)
    return as_svg(fig, "queued", "Vehicles queued in all lanes over time: " + ", ".join(words))


def signal_timeline(run: Run, name: str) -> Plot:
    """What each phase showed, a row a phase, for TIMELINE_S at most; marks where the level changed."""
    phases = sorted(run.series.shown)
    height = 26
    fig = figure(height * len(phases) + 42)
    axes = axes_at(fig, 12, height * len(phases))
    end_s = min(run.seconds, TIMELINE_S)
    greens = []
    for y, phase in enumerate(phases):
        spans = within(spans_of(run.series.shown[phase], run.seconds), 0.0, end_s)
        draw_row(axes, y, spans)
        green_s = sum(until_s - begin_s for begin_s, until_s, shown in spans if shown == "green")
        greens.append(f"phase {phase} {green_s:.0f} s")
    name_rows(axes, [f"phase {phase}" for phase in phases])
    time_axis(axes, 0.0, end_s)
    mark_levels(axes, [one.t_s for one in level_changes(run.decisions) if one.t_s < end_s])
    return as_svg(fig, name, f"Signal of {run.name}. Green in {end_s:.0f} s: " + ", ".join(greens))
