"""Control charts of one series as a picture: value and limits, EWMA, CUSUM, evidence; alarms and faults over all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from edge.clock import NS_PER_S, instant_utc
from edge.incident import IncidentKind
from edge.replay.local_ticks import ticks
from edge.replay.svg import BLIND, FAINT, INK, LINE, PAPER, RED, SERIES, YELLOW, Plot, as_svg, axes_at, figure
from edge.replay.thinning import column_s, gaps, groups, peaks, runs
from edge.statistics.followed import Followed, Mark, Point

#: Of Shewhart's and the EWMA's limits, in standard deviations.
LIMIT_SD: Final = 3.0
#: Page's decision interval for a slack of half a deviation, in deviations summed up.
CUSUM_LIMIT: Final = 5.0

DAY_S: Final = 86_400
_SEVERITY = {"critical": RED, "high": RED, "medium": YELLOW, "low": FAINT}
_WIDE_PX = 802  # of the axes, as svg.axes_at makes them
_LABEL_ROWS, _ROW_PX, _CHAR_PX = 3, 17, 6.3
_TOP_PX = 12 + _LABEL_ROWS * _ROW_PX
_VALUE_PX, _SMALL_PX, _BETWEEN_PX = 190, 74, 30


def time_text(unix_s: int, zone: ZoneInfo) -> str:
    """Local time of the site, to the minute, after the day of the week."""
    return f"{instant_utc(unix_s * NS_PER_S).astimezone(zone):%a %Y-%m-%d %H:%M}"


def limits(point: Point) -> tuple[float, float] | None:
    """Lower and upper limit for one reading. Nothing that a street's sensor counts is below zero."""
    if point.usual is None:
        return None
    away = LIMIT_SD * point.usual.spread
    return max(point.usual.level - away, 0.0), point.usual.level + away


def outside(point: Point) -> bool:
    """Whether a reading that may be believed is beyond its limits."""
    band, value = limits(point), point.believed
    return band is not None and value is not None and not band[0] <= value <= band[1]


def chart(followed: Followed, title: str, name: str, zone: ZoneInfo) -> Plot:
    """The picture of one series that has readings. name: unlike that of any other picture of the page."""
    points = followed.points
    small = 3
    fig = figure(_TOP_PX + _VALUE_PX + small * (_SMALL_PX + _BETWEEN_PX) + 34)
    value = axes_at(fig, _TOP_PX, _VALUE_PX)
    below = [
        axes_at(fig, _TOP_PX + _VALUE_PX + _BETWEEN_PX + i * (_SMALL_PX + _BETWEEN_PX), _SMALL_PX) for i in range(small)
    ]
    _values(value, followed)
    _lines(below[0], followed, "EWMA, standard deviations", lambda point: point.ewma, LIMIT_SD)
    _lines(below[1], followed, "CUSUM, standard deviations summed up", lambda point: point.cusum, CUSUM_LIMIT)
    _evidence(below[2], followed)
    start_s, end_s = points[0].unix_s, max(points[-1].unix_s, points[0].unix_s + 60)
    for axes in (value, *below):
        _learning(axes, points)
        _marks(axes, followed.marks, end_s)
        _time_axis(axes, start_s, end_s, zone, labelled=axes is below[-1])
    _labels(value, followed.marks, start_s, end_s, zone)
    if followed.learning_until_s is not None or any(point.learning for point in points):
        _learning_text(value, followed, zone)
    said = "; ".join(f"{mark.kind.value} at {time_text(mark.unix_s, zone)}" for mark in followed.marks[:20])
    alt = f"{title} with control limits, EWMA, CUSUM and evidence: {said or 'no alarm, no sensor fault'}"
    plot = as_svg(fig, name, alt)
    # A tenth of a pixel is enough, and makes a page of many series half as large.
    short = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d)\d+", r"\1", path[0]), plot.svg)
    return Plot(short, plot.alt)


def _values(axes: Axes, followed: Followed) -> None:
    points = followed.points
    _draw_band(axes, points, followed.interval_s)
    believed = _believed(followed)
    doubted = [point.value if point.fault is not None else None for point in points]
    _draw_gaps(axes, points, [point.value for point in points], followed.interval_s)
    _draw_line(axes, points, doubted, followed.interval_s, FAINT)
    _draw_line(axes, points, believed, followed.interval_s, INK)
    _draw_outside(axes, points)
    known = [point.value for point in points if point.value is not None]
    tops = [band[1] for point in points if (band := limits(point)) is not None]
    top, bottom = max([*known, *tops], default=1.0), min([0.0, *known])
    axes.set_ylim(bottom * 1.08, top * 1.08 if top > bottom else bottom + 1.0)
    _grid(axes, 4)


def _evidence(axes: Axes, followed: Followed) -> None:
    evidence = [point.evidence for point in followed.points]
    most = max([value for value in evidence if value is not None], default=0.0)
    axes.axhline(followed.threshold, color=RED, linewidth=1.3, linestyle=(0, (5, 3)))
    _draw_gaps(axes, followed.points, _believed(followed), followed.interval_s)
    _draw_line(axes, followed.points, evidence, followed.interval_s, SERIES[0])
    axes.set_ylim(0, 1.15 * max(most, followed.threshold))
    _title(axes, f"Evidence, bars; alarm from {followed.threshold:g} (alarm_threshold)")
    _grid(axes, 3)


def _lines(axes: Axes, followed: Followed, title: str, value_of: Callable[[Point], float | None], limit: float) -> None:
    values = [value_of(point) for point in followed.points]
    for at in (-limit, limit):
        axes.axhline(at, color=RED, linewidth=1.1, linestyle=(0, (2, 2)))
    axes.axhline(0, color=LINE, linewidth=1)
    _draw_gaps(axes, followed.points, _believed(followed), followed.interval_s)
    _draw_line(axes, followed.points, values, followed.interval_s, SERIES[0])
    most = max([abs(value) for value in values if value is not None], default=0.0)
    axes.set_ylim(-1.1 * max(most, 1.3 * limit), 1.1 * max(most, 1.3 * limit))
    _title(axes, f"{title}; limits ±{limit:g}")
    _grid(axes, 3)


def _draw_line(
    axes: Axes, points: Sequence[Point], values: Sequence[float | None], interval_s: float, colour: str
) -> None:
    """Runs as one line with breaks; a reading alone between gaps as a dot."""
    times_s = [point.unix_s for point in points]
    width_s = column_s(times_s)
    x: list[float] = []
    y: list[float] = []
    alone: list[int] = []
    for run in runs(times_s, values, interval_s, width_s):
        kept = peaks(times_s, values, run, width_s)
        if len(kept) == 1:
            alone += kept
            continue
        x += [*(times_s[at] / DAY_S for at in kept), times_s[kept[-1]] / DAY_S]
        y += [*(_number(values[at]) for at in kept), float("nan")]
    axes.plot(x, y, color=colour, linewidth=1.1, solid_joinstyle="round", zorder=2.5)
    if alone:
        at_x, at_y = [times_s[at] / DAY_S for at in alone], [_number(values[at]) for at in alone]
        axes.plot(at_x, at_y, ".", color=colour, markersize=3.5, zorder=2.5)


def _draw_band(axes: Axes, points: Sequence[Point], interval_s: float) -> None:
    """Level and limits; of a column of many readings, the widest."""
    times_s = [point.unix_s for point in points]
    width_s = column_s(times_s)
    bands = [limits(point) for point in points]
    levels = [None if point.usual is None else point.usual.level for point in points]
    for run in runs(times_s, levels, interval_s, width_s):
        x, low, high, level = [], [], [], []
        for group in groups(times_s, run, width_s):
            known = [band for at in group if (band := bands[at]) is not None]
            x.append(times_s[group[len(group) // 2]] / DAY_S)
            low.append(min(band[0] for band in known))
            high.append(max(band[1] for band in known))
            level.append(sum(_number(levels[at]) for at in group) / len(group))
        axes.fill_between(x, low, high, color=SERIES[0], alpha=0.2, linewidth=0, zorder=1)
        # A long series' value fills its columns: what it is judged by is then drawn over it.
        over = 2.6 if width_s > 0 else 2.0
        axes.plot(x, level, color=SERIES[0], linewidth=1.4, zorder=over)
        if width_s > 0:
            axes.plot(x, low, x, high, color=SERIES[0], linewidth=0.7, zorder=over)


def _draw_outside(axes: Axes, points: Sequence[Point]) -> None:
    """Readings beyond their limits; of a column the farthest off."""
    times_s = [point.unix_s for point in points]
    beyond = [at for at, point in enumerate(points) if outside(point)]
    if not beyond:
        return
    far = [max(group, key=lambda at: _off(points[at])) for group in groups(times_s, beyond, column_s(times_s))]
    x, y = [times_s[at] / DAY_S for at in far], [_number(points[at].value) for at in far]
    axes.plot(x, y, "o", color=SERIES[1], markersize=3.6, markeredgecolor=PAPER, markeredgewidth=0.4, zorder=2.7)


def _off(point: Point) -> float:
    return 0.0 if point.usual is None or point.value is None else abs(point.usual.off(point.value))


def _draw_gaps(axes: Axes, points: Sequence[Point], values: Sequence[float | None], interval_s: float) -> None:
    times_s = [point.unix_s for point in points]
    parts = runs(times_s, values, interval_s, column_s(times_s))
    spans = [(start / DAY_S, (end - start) / DAY_S) for start, end in gaps(times_s, parts)]
    if spans:
        axes.broken_barh(
            spans, (0, 1), transform=axes.get_xaxis_transform(), facecolor=BLIND, alpha=0.75, linewidth=0, zorder=0.5
        )


def _learning(axes: Axes, points: Sequence[Point]) -> None:
    learning = [point.unix_s for point in points if point.learning]
    if learning:
        axes.axvspan(
            learning[0] / DAY_S, learning[-1] / DAY_S, facecolor=SERIES[4], alpha=0.16, linewidth=0, zorder=0.3
        )  # fmt: skip


def _learning_text(axes: Axes, followed: Followed, zone: ZoneInfo) -> None:
    last_s = max(point.unix_s for point in followed.points if point.learning)
    until = followed.learning_until_s
    if until is None:
        after = [point.unix_s for point in followed.points if point.unix_s > last_s]
        until = after[0] if after else last_s
    axes.text(
        followed.points[0].unix_s / DAY_S, 0.97, f" learning until {time_text(until, zone)}", fontsize=11,
        color=FAINT, va="top", transform=axes.get_xaxis_transform(), zorder=4,
    )  # fmt: skip


def _marks(axes: Axes, marks: Sequence[Mark], end_s: int) -> None:
    for mark in marks:
        colour = _SEVERITY[mark.severity.value]
        if mark.kind is IncidentKind.SENSOR_FAULT:
            until_s = end_s if mark.until_s is None else mark.until_s
            axes.axvspan(mark.unix_s / DAY_S, until_s / DAY_S, facecolor=colour, alpha=0.16, linewidth=0, zorder=0.6)
            axes.axvline(mark.unix_s / DAY_S, color=colour, linewidth=1, linestyle=(0, (1, 2)), zorder=1.5)
        else:
            axes.axvline(mark.unix_s / DAY_S, color=colour, linewidth=1.2, zorder=1.5)


def _labels(axes: Axes, marks: Sequence[Mark], start_s: int, end_s: int, zone: ZoneInfo) -> None:
    """Number, class, severity and time above the value; the number alone where there is no room for all."""
    free_px = [-1e9] * _LABEL_ROWS
    for number, mark in enumerate(marks, start=1):
        at_px = (mark.unix_s - start_s) / (end_s - start_s) * _WIDE_PX
        whole = f"{number} {label(mark)}, {time_text(mark.unix_s, zone)}"
        for text in (whole, str(number)):
            long_px = len(text) * _CHAR_PX + 10
            left_px = at_px if at_px + long_px < _WIDE_PX + 20 else at_px - long_px
            row = next((i for i, free in enumerate(free_px) if free <= left_px), None)
            if row is not None:
                break
        else:
            continue  # the table below the picture has them all
        free_px[row] = left_px + long_px
        colour = _SEVERITY[mark.severity.value]
        axes.annotate(
            text, (mark.unix_s / DAY_S, 1.0), xycoords=axes.get_xaxis_transform(),
            xytext=(3 if left_px == at_px else -3, 6 + row * _ROW_PX), textcoords="offset points",
            ha="left" if left_px == at_px else "right", fontsize=11.5, color=INK, annotation_clip=False,
        )  # fmt: skip
        axes.plot(
            [mark.unix_s / DAY_S], [1.0], "D" if mark.ratio is not None else "X", transform=axes.get_xaxis_transform(),
            color=colour, markersize=7, markeredgecolor=PAPER, markeredgewidth=1, clip_on=False, zorder=5,
        )  # fmt: skip


def label(mark: Mark) -> str:
    """`congestion, high`, `sensor fault (frozen), medium`."""
    kind = mark.kind.value.replace("_", " ")
    what = f" ({mark.what.replace('_', ' ')})" if mark.kind is IncidentKind.SENSOR_FAULT else ""
    return f"{kind}{what}, {mark.severity.value}"


def _time_axis(axes: Axes, start_s: int, end_s: int, zone: ZoneInfo, *, labelled: bool) -> None:
    axes.set_xlim(start_s / DAY_S, end_s / DAY_S)
    marked = ticks(start_s, end_s, zone)
    axes.set_xticks([at_s / DAY_S for at_s, _ in marked], [text for _, text in marked])
    axes.grid(axis="x", color=LINE, linewidth=0.6)
    axes.tick_params(labelbottom=labelled)


def _title(axes: Axes, text: str) -> None:
    axes.text(0, 1.04, text, transform=axes.transAxes, color=FAINT, fontsize=12, va="bottom")


def _grid(axes: Axes, most: int) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(most, min_n_ticks=2))
    axes.grid(axis="y", color=LINE, linewidth=0.8)


def _believed(followed: Followed) -> list[float | None]:
    return [point.believed for point in followed.points]


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
