"""Pictures of incidents: when each was, and where everybody was at its moment, seen from above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from edge.replay.incident_rows import IncidentRow
from edge.replay.record import Event
from edge.replay.svg import BLIND, INK, PAPER, RED, YELLOW, Plot, as_svg, axes_at, clock_text, figure, time_axis

_SEVERITY = {"critical": RED, "high": RED, "medium": YELLOW, "low": BLIND}
#: So many are drawn along the time; the table has them all.
_MOST = 40
_WIDTH_PX, _HEIGHT_PX = 460, 320
#: Metres around the place, and the farthest that is drawn.
_MARGIN_M, _LEAST_M, _MOST_M = 6.0, 24.0, 55.0


def time_line(rows: Sequence[IncidentRow], last_s: float) -> Plot | None:
    """A bar for each incident from its beginning to its end, and a mark where it was told; None without any."""
    if not rows:
        return None
    drawn = list(rows[:_MOST])
    height = 38
    fig = figure(height * len(drawn) + 40)
    axes = axes_at(fig, 8, height * len(drawn))
    axes.set_ylim(len(drawn) - 0.6, -0.7)
    axes.set_yticks([])
    end_s = max(last_s, 1.0)
    for y, row in enumerate(drawn):
        colour = _SEVERITY.get(row.severity, BLIND)
        until_s = end_s if row.ended_s is None else row.ended_s
        axes.barh(y, max(until_s - row.began_s, 0.004 * end_s), left=row.began_s, height=0.32, color=colour)
        axes.plot([row.told_s], [y], "D", markersize=7, color=INK, markeredgecolor=PAPER, markeredgewidth=1.2)
        late = row.began_s > 0.6 * end_s
        axes.annotate(
            f"{row.kind}, {row.where.split(',')[0]}",
            (until_s if late else row.began_s, y),
            xytext=(0, 10),
            textcoords="offset points",
            va="bottom",
            ha="right" if late else "left",
            fontsize=12,
            color=INK,
        )
    time_axis(axes, 0.0, end_s)
    told = "; ".join(f"{row.kind} at {clock_text(row.began_s)}" for row in drawn)
    return as_svg(fig, "incidents", f"Incidents over time: {told}")


def picture(row: IncidentRow, ground: Mapping[str, Any]) -> Plot | None:
    """The tracks at the moment at which an incident was first told, on its camera's lanes; None without either."""
    event = row.first
    lanes = ground.get(event["camera"]) if event["camera"] is not None else None
    scene = event.get("scene")
    if not lanes or scene is None:
        return None
    view = _View.around(event, scene, lanes)
    shapes = [_lane(view, lane) for lane in lanes]
    shapes += [_road_user(view, one, one["id"] in event["tracks"]) for one in scene]
    if event["pos_m"] is not None:
        x, y = view.at(event["pos_m"])
        shapes.append(f'<circle cx="{x}" cy="{y}" r="15" fill="none" stroke="var(--red)" stroke-width="2"/>')
    shapes.append(view.scale())
    concerned = len(event["tracks"])
    alt = f"Seen from above when {row.kind} was told: {len(scene)} road users, {concerned} of them concerned"
    svg = f'<svg viewBox="0 0 {_WIDTH_PX} {_HEIGHT_PX}" role="img" aria-label="{escape(alt)}">'
    return Plot(f"{svg}{''.join(shapes)}</svg>", alt)


class _View:
    """A window on the ground: north is up, as in the site's metres."""

    def __init__(self, middle_m: tuple[float, float], half_m: float) -> None:
        self._middle_m = middle_m
        self._px_per_m = _HEIGHT_PX / (2 * half_m)

    @classmethod
    def around(cls, event: Event, scene: Sequence[Mapping[str, Any]], lanes: Sequence[Mapping[str, Any]]) -> _View:
        """Around those concerned, or the place, or else the stop lines."""
        at = [one["trail_m"][-1] for one in scene if one["id"] in event["tracks"]]
        at += [event["pos_m"]] if event["pos_m"] is not None else []
        own = [lane["stop_m"] for lane in lanes if lane["stop_m"] is not None and lane["id"] == event["lane"]]
        at += own if at else own or [lane["stop_m"] for lane in lanes if lane["stop_m"] is not None]
        at = at or [lane["outline_m"][0] for lane in lanes]
        (west, east), (south, north) = ((min(axis), max(axis)) for axis in zip(*at, strict=True))
        half_m = min(max((east - west) / 2, (north - south) / 2) + _MARGIN_M, _MOST_M)
        first = at[0]
        middle = ((west + east) / 2, (south + north) / 2)
        # Too far apart for one picture: those concerned come first.
        return cls(middle if half_m < _MOST_M else (first[0], first[1]), max(half_m, _LEAST_M))

    def at(self, pos_m: Sequence[float]) -> tuple[float, float]:
        """Pixel of a place."""
        (mx, my), k = self._middle_m, self._px_per_m
        return round(_WIDTH_PX / 2 + (pos_m[0] - mx) * k, 1), round(_HEIGHT_PX / 2 - (pos_m[1] - my) * k, 1)

    def points(self, places_m: Sequence[Sequence[float]]) -> str:
        """For the attribute `points`; far corners are drawn at the edge of what numbers can hold."""
        px = (self.at(place) for place in places_m)
        return " ".join(f"{min(max(x, -9999), 9999):g},{min(max(y, -9999), 9999):g}" for x, y in px)

    def scale(self) -> str:
        """Ten metres."""
        length, y = round(10 * self._px_per_m, 1), _HEIGHT_PX - 12
        return (
            f'<path d="M12 {y}h{length}" stroke="var(--ink)" stroke-width="2"/>'
            f'<text x="12" y="{y - 6}" font-size="12" fill="var(--faint)">10 m</text>'
        )


def _lane(view: _View, lane: Mapping[str, Any]) -> str:
    shape = f'<polygon points="{view.points(lane["outline_m"])}" fill="var(--card)" stroke="var(--line)"/>'
    if lane["stop_m"] is None:
        return shape
    x, y = view.at(lane["stop_m"])
    name = escape(str(lane["id"]))
    # Upright, so that names of lanes side by side do not run into each other.
    turned = f'font-size="11" transform="rotate(-90 {x} {y})" fill="var(--faint)"'
    return f'{shape}<text x="{x}" y="{y}" dx="4" dy="4" {turned}>{name}</text>'


def _road_user(view: _View, one: Mapping[str, Any], concerned: bool) -> str:
    colour = "var(--red)" if concerned else "var(--s1)"
    x, y = view.at(one["trail_m"][-1])
    radius = 4 if one["class"] in {"person", "bicycle"} else 6
    speed = "speed unknown" if one["speed_mps"] is None else f"{one['speed_mps']:.1f} m/s"
    title = escape(f"{one['class']} {one['id']}, {speed}")
    trail = f'<polyline points="{view.points(one["trail_m"])}" fill="none" stroke="{colour}" stroke-width="2"/>'
    return f'<g>{trail}<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"><title>{title}</title></circle></g>'
