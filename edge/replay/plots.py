"""The report's plots: counts and queues over time, the signal and who passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, MultipleLocator

from edge.clock import NS_PER_S
from edge.replay.decided import decided_in, level_changes
from edge.replay.record import Event, Record
from edge.replay.signal_rows import Span, draw_row, mark_levels, name_rows, spans_of, within
from edge.replay.svg import (
    BLIND,
    FAINT,
    INK,
    LINE,
    PAPER,
    SERIES,
    Plot,
    as_svg,
    axes_at,
    clock_text,
    figure,
    legend,
    time_axis,
)

#: A timeline longer than this is drawn in rows of this length.
PANEL_S = 600.0
PANELS_MAX = 18

#: Marker of each class; unlisted ones are cars.
_MARKERS = {"truck": "s", "bus": "D", "motorcycle": "^", "bicycle": "v", "person": "P"}


def blind_spans(record: Record) -> list[tuple[float, float]]:
    """(start s, end s) of each time for which the camera could not be believed."""
    sights = [(event["t_ns"] / NS_PER_S, bool(event["ok"])) for event in record.of("sight")]
    ends = [t for t, _ in sights[1:]] + [record.last_s]
    return [(t, end) for (t, ok), end in zip(sights, ends, strict=False) if not ok]


def _draw_blind(axes: Axes, record: Record) -> None:
    for start, end in blind_spans(record):
        axes.axvspan(start, end, facecolor=BLIND, linewidth=0, zorder=0)


def bar_width_s(duration_s: float) -> float:
    """A round interval that cuts the recording into at most 40 bars."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
    return float(next((s for s in steps if duration_s / s <= 40), 7200))


def counts_over_time(record: Record) -> Plot | None:
    """Stacked bars of road users by movement; None when nothing was counted."""
    crossings = record.of("crossing")
    movements = [m["id"] for m in record.run["movements"]]
    if not crossings:
        return None
    width_s = bar_width_s(record.last_s)
    bins = Counter((c["movement"], int(c["t_ns"] / NS_PER_S // width_s)) for c in crossings)
    last = int(record.last_s // width_s)
    fig = figure(232)
    axes = axes_at(fig, 34, 160)
    bottom = [0] * (last + 1)
    for i, movement in enumerate(movements):
        heights = [bins[movement, b] for b in range(last + 1)]
        if any(heights):
            left = [b * width_s for b in range(last + 1)]
            axes.bar(
                left,
                heights,
                width_s,
                bottom,
                align="edge",
                color=SERIES[i % len(SERIES)],
                label=movement,
                linewidth=1.5,
                edgecolor=PAPER,
            )
            bottom = [a + b for a, b in zip(bottom, heights, strict=True)]
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    axes.set_ylim(0, max(max(bottom) * 1.08, 1.08))
    axes.grid(axis="y", color=LINE, linewidth=1)
    _draw_blind(axes, record)
    time_axis(axes, 0, record.last_s)
    legend(axes)
    every = f"{width_s:g} s" if width_s < 60 else f"{width_s / 60:g} min"
    axes.set_ylabel(f"per {every}", color=FAINT, fontsize=12)
    totals = Counter(c["movement"] for c in crossings)
    alt = f"Road users counted per {every}, by movement. In all: " + ", ".join(
        f"{m} {totals[m]}" for m in movements if totals[m]
    )
    return as_svg(fig, "counts", alt)


def queues_over_time(record: Record) -> Plot | None:
    """One row a lane that has a stop line: vehicles standing; grey where the camera could not tell."""
    lanes = [lane["id"] for lane in record.run["lanes"] if lane["stop_line"]]
    times, by_lane = _lane_series(record, lanes)
    if not lanes or not times:
        return None
    row = 58
    fig = figure(row * len(lanes) + 40)
    known = [v for values in by_lane.values() for v in values if v is not None]
    top = max([*known, 2])
    words = []
    for i, lane in enumerate(lanes):
        axes = axes_at(fig, 8 + i * row, row - 14)
        values = by_lane[lane]
        colour = SERIES[i % len(SERIES)]
        axes.fill_between(times, [v or 0 for v in values], step="post", color=colour, alpha=0.25, linewidth=0)
        axes.step(times, [float("nan") if v is None else v for v in values], where="post", color=colour, linewidth=2)
        for start, end in _unknown_spans(times, values):
            axes.axvspan(start, end, facecolor=BLIND, linewidth=0)
        axes.set_ylim(0, top * 1.15)
        axes.yaxis.set_major_locator(MultipleLocator(max(1, round(top / 2))))
        axes.grid(axis="y", color=LINE, linewidth=1)
        axes.text(-0.035, 0.5, lane, transform=axes.transAxes, color=INK, fontsize=13, ha="right", va="center")
        time_axis(axes, 0, record.last_s, labelled=i == len(lanes) - 1)
        longest = max((v for v in values if v is not None), default=None)
        words.append(f"{lane} {'unknown' if longest is None else f'at most {longest}'}")
    return as_svg(fig, "queues", "Vehicles queued in each lane over time: " + ", ".join(words))


def _lane_series(record: Record, lanes: Sequence[str]) -> tuple[list[float], dict[str, list[int | None]]]:
    events = record.of("lanes")
    times = [event["t_ns"] / NS_PER_S for event in events]
    by_lane: dict[str, list[int | None]] = {lane: [] for lane in lanes}
    for event in events:
        now = {lane["lane"]: lane["queue_vehicles"] for lane in event["lanes"]}
        for lane in lanes:
            by_lane[lane].append(now.get(lane))
    if times and record.last_s > times[-1]:
        times.append(record.last_s)
        for values in by_lane.values():
            values.append(values[-1])
    return times, by_lane


def _unknown_spans(times: Sequence[float], values: Sequence[int | None]) -> list[tuple[float, float]]:
    return [(a, b) for a, b, v in zip(times, times[1:], values, strict=False) if v is None]


def timelines(record: Record) -> list[Plot]:
    """Signal and passings, a row a movement (and a phase without one), in panels of PANEL_S."""
    count = min(int(record.last_s // PANEL_S) + 1, PANELS_MAX)
    if count == 1:
        return [_timeline(record, 0.0, max(record.last_s, 1.0), "timeline0")]
    return [_timeline(record, i * PANEL_S, (i + 1) * PANEL_S, f"timeline{i}") for i in range(count)]


def _timeline(record: Record, start_s: float, end_s: float, name: str) -> Plot:
    rows: list[tuple[str, str | None, int | None]] = [(m["id"], m["id"], m["phase"]) for m in record.run["movements"]]
    with_movement = {phase for _, _, phase in rows}
    rows += [(f"phase {p}", None, p) for p in record.run["phases"] if p not in with_movement]
    height = 30
    fig = figure(height * len(rows) + 66)
    axes = axes_at(fig, 30, height * len(rows))
    _draw_blind(axes, record)
    crossings = [c for c in record.of("crossing") if start_s <= c["t_ns"] / NS_PER_S < end_s]
    for y, (_, movement, phase) in enumerate(rows):
        draw_row(axes, y, within(phase_spans(record, phase), start_s, end_s))
        _dots(axes, y, [c for c in crossings if c["movement"] == movement])
    name_rows(axes, [label for label, _, _ in rows])
    time_axis(axes, start_s, end_s)
    mark_levels(axes, [one.t_s for one in level_changes(decided_in(record)) if start_s <= one.t_s < end_s])
    _class_legend(axes, crossings)
    alt = f"Signal and passings from {clock_text(start_s)} to {clock_text(end_s)}: {len(crossings)} road users"
    return as_svg(fig, name, alt)


def phase_spans(record: Record, phase: int | None) -> list[Span]:
    """What one phase showed; empty where the phase is unknown."""
    changes: list[tuple[float, str]] = []
    for event in record.of("signal"):
        shown = next((p["interval"] for p in event["phases"] if p["phase"] == phase), None)
        if shown is not None and (not changes or changes[-1][1] != shown):
            changes.append((event["t_ns"] / NS_PER_S, shown))
    return spans_of(changes, record.last_s)


def _dots(axes: Axes, y: int, crossings: Sequence[Event]) -> None:
    by_marker: dict[str, list[float]] = {}
    for crossing in crossings:
        by_marker.setdefault(_MARKERS.get(crossing["class"], "o"), []).append(crossing["t_ns"] / NS_PER_S)
    for marker, times in by_marker.items():
        axes.plot(
            times,
            [y] * len(times),
            marker,
            markersize=8,
            color=INK,
            markeredgecolor=PAPER,
            markeredgewidth=1.5,
            clip_on=False,
            zorder=3,
        )


def _class_legend(axes: Axes, crossings: Sequence[Event]) -> None:
    for kind in sorted({c["class"] for c in crossings}, key=lambda k: (k != "car", k)):
        marker = _MARKERS.get(kind, "o")
        axes.plot([], [], marker, color=INK, markersize=8, markeredgecolor=PAPER, markeredgewidth=1.5, label=kind)
    if crossings:
        legend(axes)
