"""The report's plots, as SVG that takes its colours and fonts from the page.

Colours are drawn as place holders and replaced by CSS variables, so one picture
serves a light page, a dark one and paper. Text stays text: it can be searched and
read aloud.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from edge.clock import NS_PER_S
from edge.replay.record import Event, Record

WIDTH_PX = 900
_LEFT_PX = 74
_RIGHT_PX = 24
#: A timeline longer than this is drawn in rows of this length.
PANEL_S = 600.0
PANELS_MAX = 18

#: Colour drawn → CSS colour put in its place.
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--faint)",
    "#030303": "var(--line)",
    "#040404": "var(--paper)",
    "#050501": "var(--green)",
    "#050502": "var(--yellow)",
    "#050503": "var(--red)",
    "#050504": "var(--blind)",
    **{f"#0606{i:02x}": f"var(--s{i})" for i in range(1, 9)},
}
_INK, _FAINT, _LINE, _PAPER, _GREEN, _YELLOW, _RED, _BLIND, *SERIES = _COLOURS

#: What a phase shows → colour, height of the bar (red is the thin one, as on a time-space diagram).
_INTERVALS: dict[str, tuple[str, float]] = {
    "green": (_GREEN, 0.56),
    "yellow": (_YELLOW, 0.56),
    "flash_yellow": (_YELLOW, 0.28),
    "red_clearance": (_RED, 0.3),
    "flash_red": (_RED, 0.2),
    "red": (_RED, 0.1),
}
#: Marker of each class; unlisted ones are cars.
_MARKERS = {"truck": "s", "bus": "D", "motorcycle": "^", "bicycle": "v", "person": "P"}


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture: its SVG, and in words what it shows for those who cannot see it."""

    svg: str
    alt: str


def _figure(height_px: float) -> Figure:
    return Figure(figsize=(WIDTH_PX / 72, height_px / 72), dpi=72)


def _axes(fig: Figure, top_px: float, height_px: float) -> Axes:
    """Axes placed from the top in pixels, with the left margin that all plots share."""
    total = fig.get_figheight() * 72
    width = (WIDTH_PX - _LEFT_PX - _RIGHT_PX) / WIDTH_PX
    axes = fig.add_axes((_LEFT_PX / WIDTH_PX, 1 - (top_px + height_px) / total, width, height_px / total))
    axes.set_facecolor("none")
    axes.tick_params(length=0, labelsize=12, labelcolor=_FAINT, pad=6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_LINE)
    axes.set_axisbelow(True)
    return axes


def _svg(fig: Figure, name: str, alt: str) -> Plot:
    buffer = io.StringIO()
    # the salt keeps ids repeatable, and apart from those of the page's other plots
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        fig.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.DOTALL)
    # ids such as axes_1 would appear once a plot; only those that are referred to matter
    svg = re.sub(r' id="(?:figure|axes|patch|text|matplotlib|xtick|ytick|line2d|legend|[A-Z])[^"]*"', "", svg)
    svg = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', f'role="img" aria-label="{escape(alt)}"', svg, count=1)
    svg = re.sub(r"font: (?:bold |700 )?([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    for drawn, css in _COLOURS.items():
        svg = svg.replace(drawn, css)
    return Plot(re.sub(r"\n\s*", "\n", svg), alt)


def clock_text(t_s: float, _position: object = None) -> str:
    """`1:05` for 65 s, `1:02:05` beyond an hour."""
    minutes, seconds = divmod(round(t_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _time_axis(axes: Axes, start_s: float, end_s: float, labelled: bool = True) -> None:
    axes.set_xlim(start_s, max(end_s, start_s + 1.0))
    span = end_s - start_s
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
    axes.xaxis.set_major_locator(MultipleLocator(next((s for s in steps if span / s <= 12), 21600)))
    axes.xaxis.set_major_formatter(FuncFormatter(clock_text))
    axes.tick_params(labelbottom=labelled)


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
    fig = _figure(232)
    axes = _axes(fig, 34, 160)
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
                edgecolor=_PAPER,
            )
            bottom = [a + b for a, b in zip(bottom, heights, strict=True)]
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    axes.set_ylim(0, max(max(bottom) * 1.08, 1.08))
    axes.grid(axis="y", color=_LINE, linewidth=1)
    _time_axis(axes, 0, record.last_s)
    _legend(axes)
    every = f"{width_s:g} s" if width_s < 60 else f"{width_s / 60:g} min"
    axes.set_ylabel(f"per {every}", color=_FAINT, fontsize=12)
    totals = Counter(c["movement"] for c in crossings)
    alt = f"Road users counted per {every}, by movement. In all: " + ", ".join(
        f"{m} {totals[m]}" for m in movements if totals[m]
    )
    return _svg(fig, "counts", alt)


def queues_over_time(record: Record) -> Plot | None:
    """One row a lane that has a stop line: vehicles standing; grey where the camera could not tell."""
    lanes = [lane["id"] for lane in record.run["lanes"] if lane["stop_line"]]
    times, by_lane = _lane_series(record, lanes)
    if not lanes or not times:
        return None
    row = 58
    fig = _figure(row * len(lanes) + 40)
    known = [v for values in by_lane.values() for v in values if v is not None]
    top = max([*known, 2])
    words = []
    for i, lane in enumerate(lanes):
        axes = _axes(fig, 8 + i * row, row - 14)
        values = by_lane[lane]
        colour = SERIES[i % len(SERIES)]
        axes.fill_between(times, [v or 0 for v in values], step="post", color=colour, alpha=0.25, linewidth=0)
        axes.step(times, [float("nan") if v is None else v for v in values], where="post", color=colour, linewidth=2)
        for start, end in _unknown_spans(times, values):
            axes.axvspan(start, end, facecolor=_BLIND, linewidth=0)
        axes.set_ylim(0, top * 1.15)
        axes.yaxis.set_major_locator(MultipleLocator(max(1, round(top / 2))))
        axes.grid(axis="y", color=_LINE, linewidth=1)
        axes.text(-0.035, 0.5, lane, transform=axes.transAxes, color=_INK, fontsize=13, ha="right", va="center")
        _time_axis(axes, 0, record.last_s, labelled=i == len(lanes) - 1)
        longest = max((v for v in values if v is not None), default=None)
        words.append(f"{lane} {'unknown' if longest is None else f'at most {longest}'}")
    return _svg(fig, "queues", "Vehicles queued in each lane over time: " + ", ".join(words))


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
    fig = _figure(height * len(rows) + 66)
    axes = _axes(fig, 30, height * len(rows))
    crossings = [c for c in record.of("crossing") if start_s <= c["t_ns"] / NS_PER_S < end_s]
    for y, (_, movement, phase) in enumerate(rows):
        for begin, until, shown in phase_spans(record, phase):
            colour, thick = _INTERVALS[shown]
            a, b = max(begin, start_s), min(until, end_s)
            if a < b:
                axes.broken_barh([(a, b - a)], (y - thick / 2, thick), facecolor=colour, linewidth=0)
        _dots(axes, y, [c for c in crossings if c["movement"] == movement])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    axes.tick_params(axis="y", labelcolor=_INK, labelsize=13)
    _time_axis(axes, start_s, end_s)
    _class_legend(axes, crossings)
    alt = f"Signal and passings from {clock_text(start_s)} to {clock_text(end_s)}: {len(crossings)} road users"
    return _svg(fig, name, alt)


def phase_spans(record: Record, phase: int | None) -> list[tuple[float, float, str]]:
    """(start s, end s, interval) of what one phase showed; empty where the phase is unknown."""
    changes: list[tuple[float, str]] = []
    for event in record.of("signal"):
        shown = next((p["interval"] for p in event["phases"] if p["phase"] == phase), None)
        if shown is not None and (not changes or changes[-1][1] != shown):
            changes.append((event["t_ns"] / NS_PER_S, shown))
    ends = [t for t, _ in changes[1:]] + [record.last_s]
    return [(t, end, shown) for (t, shown), end in zip(changes, ends, strict=True)] if changes else []


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
            color=_INK,
            markeredgecolor=_PAPER,
            markeredgewidth=1.5,
            clip_on=False,
            zorder=3,
        )


def _class_legend(axes: Axes, crossings: Sequence[Event]) -> None:
    for kind in sorted({c["class"] for c in crossings}, key=lambda k: (k != "car", k)):
        marker = _MARKERS.get(kind, "o")
        axes.plot([], [], marker, color=_INK, markersize=8, markeredgecolor=_PAPER, markeredgewidth=1.5, label=kind)
    if crossings:
        _legend(axes)


def _legend(axes: Axes) -> None:
    keywords: dict[str, Any] = {"handlelength": 1, "handleheight": 1, "columnspacing": 1.4, "handletextpad": 0.5}
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.008, 1.0),
        ncols=9,
        frameon=False,
        fontsize=12,
        labelcolor=_INK,
        **keywords,
    )
