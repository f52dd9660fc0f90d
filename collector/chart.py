"""Options of the page's chart: road users by movement over time, for Apache ECharts.

Stacked bars, one colour a movement. Where nothing is known the background is grey,
since no bar would read as no traffic.
"""

from __future__ import annotations

from typing import Any

from collector.answers import Counts
from edge.types import VEHICLE_KINDS, Kind

#: Okabe and Ito (2008), told apart with any kind of colour vision; then Tol's muted scheme.
COLOURS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00",
    "#AA4499", "#999933", "#44AA99", "#882255", "#117733", "#88CCEE",
)  # fmt: skip
#: The last minutes are known only when their summary has come: they are not called unknown.
PENDING_S = 120


def chart_options(counts: Counts, *, dark: bool) -> dict[str, Any]:
    """A chart of counts; text and grid in colours that contrast with a dark or light page."""
    ink, grid = ("#c9d1d9", "#30363d") if dark else ("#475569", "#e2e8f0")
    grey = "rgba(148,163,184,.22)" if dark else "rgba(100,116,139,.16)"
    starts = [interval.start for interval in counts.movements[0].intervals] if counts.movements else []
    labels = [start.strftime("%H:%M:%S" if counts.interval_s < 60 else "%H:%M") for start in starts]
    text = {"color": ink, "fontSize": 12}
    return {
        "animation": False,
        "aria": {"enabled": True, "label": {"description": _described(counts)}},
        "grid": {"left": 8, "right": 12, "top": 28, "bottom": 40, "containLabel": True},
        "legend": {"type": "scroll", "bottom": 0, "textStyle": text, "pageTextStyle": text, "itemWidth": 14},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
        "xAxis": [
            {
                "type": "category",
                "data": labels,
                "axisLabel": text | {"hideOverlap": True},
                "axisLine": {"lineStyle": {"color": grid}},
                "axisTick": {"show": False},
            },
            # A second pair of axes, so that the grey columns are as wide as an interval.
            {"type": "category", "data": labels, "show": False},
        ],
        "yAxis": [
            {
                "type": "value",
                "minInterval": 1,
                "name": "road users",
                "nameTextStyle": text | {"align": "left"},
                "axisLabel": text,
                "splitLine": {"lineStyle": {"color": grid}},
            },
            {"type": "value", "min": 0, "max": 1, "show": False},
        ],
        "series": [*_bars(counts), _unknown(counts, grey)],
    }


def _bars(counts: Counts) -> list[dict[str, Any]]:
    return [
        {
            "name": movement.movement,
            "type": "bar",
            "stack": "counted",
            "data": [None if i.counts is None else sum(i.counts.values()) for i in movement.intervals],
            "itemStyle": {"color": COLOURS[index % len(COLOURS)]},
            "barCategoryGap": "20%",
        }
        for index, movement in enumerate(counts.movements)
    ]


def _unknown(counts: Counts, grey: str) -> dict[str, Any]:
    """A grey column, full height, for each interval of which no movement knows anything."""
    columns: list[int | None] = []
    for index in range(len(counts.movements[0].intervals) if counts.movements else 0):
        intervals = [movement.intervals[index] for movement in counts.movements]
        age_s = (counts.to - intervals[0].start).total_seconds() - counts.interval_s
        unknown = age_s >= PENDING_S and all(interval.counts is None for interval in intervals)
        columns.append(1 if unknown else None)
    return {
        "name": "unknown",
        "type": "bar",
        "xAxisIndex": 1,
        "yAxisIndex": 1,
        "data": columns,
        "itemStyle": {"color": grey},
        "barCategoryGap": "0%",
        "silent": True,
        "tooltip": {"show": False},
        "z": 0,
    }


def _described(counts: Counts) -> str:
    """The chart in words, for those who cannot see it."""
    parts = []
    for movement in counts.movements:
        known = [interval.counts for interval in movement.intervals if interval.counts is not None]
        vehicles = sum(minute[kind] for minute in known for kind in VEHICLE_KINDS)
        people = sum(minute[Kind.PERSON] for minute in known)
        parts.append(
            f"{movement.movement}: {vehicles} vehicles, {people} on foot" if known else f"{movement.movement}: unknown"
        )
    span = f"{counts.from_:%H:%M} to {counts.to:%H:%M} UTC"
    return f"Road users by movement every {counts.interval_s} seconds, {span}. " + "; ".join(parts)
