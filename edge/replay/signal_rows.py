"""Rows of what signal phases showed, as the reports of a replay and of a simulation draw them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes

from edge.replay.svg import GREEN, INK, RED, YELLOW

#: (start s, end s, what was shown).
Span = tuple[float, float, str]

#: What a phase shows → colour, height of the bar (red is the thin one, as on a time-space diagram).
_INTERVALS: dict[str, tuple[str, float]] = {
    "green": (GREEN, 0.56),
    "yellow": (YELLOW, 0.56),
    "flash_yellow": (YELLOW, 0.28),
    "red_clearance": (RED, 0.3),
    "flash_red": (RED, 0.2),
    "red": (RED, 0.1),
}


def spans_of(changes: Sequence[tuple[float, str]], end_s: float) -> list[Span]:
    """What was shown from each change (s) to the next, the last one to end_s."""
    ends = [t_s for t_s, _ in changes[1:]] + [end_s]
    return [(t_s, until_s, shown) for (t_s, shown), until_s in zip(changes, ends, strict=False)]


def within(spans: Iterable[Span], start_s: float, end_s: float) -> list[Span]:
    """The parts of spans that lie between two times."""
    cut = [(max(begin_s, start_s), min(until_s, end_s), shown) for begin_s, until_s, shown in spans]
    return [span for span in cut if span[0] < span[1]]


def draw_row(axes: Axes, y: int, spans: Iterable[Span]) -> None:
    """Bars along the row at y."""
    for begin_s, until_s, shown in spans:
        colour, thick = _INTERVALS[shown]
        axes.broken_barh([(begin_s, until_s - begin_s)], (y - thick / 2, thick), facecolor=colour, linewidth=0)


def mark_levels(axes: Axes, times_s: Iterable[float]) -> None:
    """A dashed line with a triangle above the rows wherever another level of control took over."""
    for t_s in times_s:
        axes.axvline(t_s, color=INK, linewidth=1.2, linestyle=(0, (3, 2)), zorder=4)
        # In the axes' own height, so that it stands above the rows however many there are.
        axes.plot([t_s], [1.0], "v", color=INK, markersize=8, transform=axes.get_xaxis_transform(), clip_on=False)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """The rows from the top, one a unit, each with its name before it."""
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=INK, labelsize=13)
