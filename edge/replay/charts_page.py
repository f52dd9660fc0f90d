"""charts.html: the control charts of a site's series on one page; no asset from elsewhere, nothing that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2

from edge.replay.control_charts import CUSUM_LIMIT, LIMIT_SD, chart, label, outside, time_text
from edge.replay.outputs import write_whole
from edge.replay.svg import Plot
from edge.statistics.followed import Followed, Mark


@dataclass(frozen=True, slots=True)
class Charted:
    """A series to draw. unit: of its values, None where not known. left_out: readings whose time went backwards."""

    name: str
    unit: str | None
    followed: Followed
    left_out: int


@dataclass(frozen=True, slots=True)
class Section:
    """One series on the page. outside: readings beyond their limits. learning: until when, None once it has learned."""

    name: str
    unit: str | None
    first: str
    last: str
    readings: int
    unknown: int
    outside: int
    left_out: int
    alarms: int
    faults: int
    learning: str | None
    plot: Plot
    marks: tuple[Mapping[str, str], ...]


def write(path: Path, series: Sequence[Charted], site_name: str, source: str, zone: ZoneInfo, threshold: float) -> None:
    """Write the page, whole or not at all; every series has readings. StorageError where it cannot be written."""
    write_whole(path, render(series, site_name, source, zone, threshold))


def render(series: Sequence[Charted], site_name: str, source: str, zone: ZoneInfo, threshold: float) -> str:
    """The page. zone: of the site, for every time on it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("charts.html.j2").render(
        site_name=site_name,
        source=source,
        zone=str(zone),
        threshold=f"{threshold:g}",
        limit_sd=f"{LIMIT_SD:g}",
        cusum_limit=f"{CUSUM_LIMIT:g}",
        sections=[_section(one, f"charts{number}", zone) for number, one in enumerate(series)],
    )


def _section(one: Charted, name: str, zone: ZoneInfo) -> Section:
    points, marks = one.followed.points, one.followed.marks
    until_s = one.followed.learning_until_s
    return Section(
        name=one.name,
        unit=one.unit,
        first=time_text(points[0].unix_s, zone),
        last=time_text(points[-1].unix_s, zone),
        readings=len(points),
        unknown=sum(point.value is None for point in points),
        outside=sum(outside(point) for point in points),
        left_out=one.left_out,
        alarms=sum(mark.ratio is not None for mark in marks),
        faults=sum(mark.ratio is None for mark in marks),
        learning=None if until_s is None else time_text(until_s, zone),
        plot=chart(one.followed, one.name, name, zone),
        marks=tuple(_row(mark, zone) for mark in marks),
    )


def _row(mark: Mark, zone: ZoneInfo) -> Mapping[str, str]:
    fault = mark.ratio is None
    ended = "goes on" if mark.until_s is None else f"until {time_text(mark.until_s, zone)}"
    return {
        "when": time_text(mark.unix_s, zone),
        "what": label(mark).rsplit(",", 1)[0],
        "severity": mark.severity.value,
        "shape": ended if fault else mark.what,
        "value": _text(mark.value),
        "expected": _text(mark.expected),
        "ratio": "" if mark.ratio is None else f"{mark.ratio:.2f}",
        "confidence": "" if mark.confidence is None else f"{mark.confidence:.2f}",
    }


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
