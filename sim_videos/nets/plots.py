"""The pictures of a net's report: how delay is spread, who stood when, what the lamps showed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from edge.replay.decided import level_changes
from edge.replay.signal_rows import draw_row, mark_levels, name_rows, spans_of, within
from edge.replay.svg import FAINT, LINE, SERIES, Plot, as_svg, axes_at, figure, legend, time_axis
from sim_videos.nets.ledger import NetRun

#: The signal is drawn for no longer than this.
TIMELINE_S = 600.0
#: Queues are drawn as means over this.
_QUEUE_S = 30


def delay_spread(runs: Sequence[NetRun]) -> Plot | None:
    """Share of vehicles with no more than a delay, one line a run; None where nobody drove."""
    drawn = [run for run in runs if run.result.delay.each_s]
    if not drawn:
        return None
    fig = figure(270)
    axes = axes_at(fig, 34, 180)
    words, most_s = [], 0.0
    for number, run in enumerate(drawn):
        delays = np.sort(np.array(run.result.delay.each_s))
        share = 100 * np.arange(1, len(delays) + 1) / len(delays)
        axes.plot(delays, share, color=SERIES[number % len(SERIES)], linewidth=2, label=run.name)
        most_s = max(most_s, float(np.percentile(delays, 99)))
        words.append(f"{run.name}: half under {np.median(delays):.0f} s, 95 % under {np.percentile(delays, 95):.0f} s")
    axes.set_xlim(0, max(most_s, 1.0))
    axes.set_ylim(0, 100)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", color=LINE, linewidth=1)
    axes.set_ylabel("% of vehicles", color=FAINT, fontsize=12)
    axes.set_xlabel("delay, s", color=FAINT, fontsize=12)
    legend(axes)
    return as_svg(fig, "spread", "How delay is spread over vehicles. " + "; ".join(words))


def queue_over_time(runs: Sequence[NetRun]) -> Plot | None:
    """Vehicles that stand before all lights together, one line a run; None for runs of no length."""
    drawn = [run for run in runs if run.seconds > 1]
    if not drawn:
        return None
    fig = figure(250)
    axes = axes_at(fig, 34, 178)
    words, end_s = [], 0
    for number, run in enumerate(drawn):
        totals = np.sum([log.standing for log in run.junctions.values()], axis=0, dtype=float)
        width = min(_QUEUE_S, len(totals))
        means = np.convolve(totals, np.ones(width) / width, mode="valid")
        times_s = np.arange(len(means)) + width / 2
        axes.plot(times_s, means, color=SERIES[number % len(SERIES)], linewidth=2, label=run.name)
        end_s = max(end_s, run.seconds)
        words.append(f"{run.name} {totals.mean():.1f} on the average, at most {totals.max():.0f}")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(axis="y", color=LINE, linewidth=1)
    axes.set_ylabel("vehicles", color=FAINT, fontsize=12)
    time_axis(axes, 0.0, float(end_s))
    legend(axes)
    return as_svg(fig, "standing", "Vehicles that stand before the lights over time: " + ", ".join(words))


def signal_timeline(run: NetRun, junction: str, name: str) -> Plot:
    """What each phase of a junction showed, a row a phase, for TIMELINE_S at most; marks where the level changed."""
    shown = run.junctions[junction].shown
    phases = sorted(shown)
    height = 22
    fig = figure(height * len(phases) + 42)
    axes = axes_at(fig, 12, height * len(phases))
    end_s = min(float(run.seconds), TIMELINE_S)
    greens = []
    for y, phase in enumerate(phases):
        spans = within(spans_of(shown[phase], float(run.seconds)), 0.0, end_s)
        draw_row(axes, y, spans)
        green_s = sum(until_s - begin_s for begin_s, until_s, what in spans if what == "green")
        greens.append(f"phase {phase} {green_s:.0f} s")
    name_rows(axes, [f"phase {phase}" for phase in phases])
    time_axis(axes, 0.0, end_s)
    mark_levels(axes, [one.t_s for one in level_changes(run.junctions[junction].book.decisions) if one.t_s < end_s])
    return as_svg(fig, name, f"Signal of {junction}, {run.name}. Green in {end_s:.0f} s: " + ", ".join(greens))
