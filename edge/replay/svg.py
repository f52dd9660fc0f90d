"""Pictures for the report: matplotlib figures as SVG that takes colours and fonts from the page.

Colours are drawn as place holders and replaced by CSS variables, so one picture
serves a light page, a dark one and paper. Text stays text: it can be searched and
read aloud.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from html import escape

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

WIDTH_PX = 900
_LEFT_PX = 74
_RIGHT_PX = 24
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
INK, FAINT, LINE, PAPER, GREEN, YELLOW, RED, BLIND, *SERIES = _COLOURS


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture: its SVG, and in words what it shows for those who cannot see it."""

    svg: str
    alt: str


def figure(height_px: float) -> Figure:
    return Figure(figsize=(WIDTH_PX / 72, height_px / 72), dpi=72)


def axes_at(fig: Figure, top_px: float, height_px: float) -> Axes:
    """Axes placed from the top in pixels, with the left margin that all plots share."""
    total = fig.get_figheight() * 72
    width = (WIDTH_PX - _LEFT_PX - _RIGHT_PX) / WIDTH_PX
    axes = fig.add_axes((_LEFT_PX / WIDTH_PX, 1 - (top_px + height_px) / total, width, height_px / total))
    axes.set_facecolor("none")
    axes.tick_params(length=0, labelsize=12, labelcolor=FAINT, pad=6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.set_axisbelow(True)
    return axes


def as_svg(fig: Figure, name: str, alt: str) -> Plot:
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


def time_axis(axes: Axes, start_s: float, end_s: float, labelled: bool = True) -> None:
    axes.set_xlim(start_s, max(end_s, start_s + 1.0))
    span = end_s - start_s
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
    axes.xaxis.set_major_locator(MultipleLocator(next((s for s in steps if span / s <= 12), 21600)))
    axes.xaxis.set_major_formatter(FuncFormatter(clock_text))
    axes.tick_params(labelbottom=labelled)


def legend(axes: Axes) -> None:
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.008, 1.0),
        ncols=9,
        frameon=False,
        fontsize=12,
        labelcolor=INK,
        handlelength=1,
        handleheight=1,
        columnspacing=1.4,
        handletextpad=0.5,
    )
