"""charts.html: the control charts of a site's series on one page; no asset from elsewhere, nothing that runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2

from edge.replay.control_charts import CUSUM_LIMIT, LIMIT_SD, chart, label, outside, time_text
from edge.replay.outputs import write_whole
from edge.replay.svg import Plot
from edge.replay.thinning import gaps, runs
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
    """One series on the page. unknown_h: without a reading; infinite where there is none.

    outside: readings beyond their limits. learning: until when, None once it has learned."""

    name: str
    unit: str | None
    first: str
    last: str
    readings: int
    unknown_h: float
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
        unknown_h=_unknown_s(one.followed) / 3600,
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
    ended = "goes on" if mark.until_s is None else f"until {_end_text(mark.unix_s, mark.until_s, zone)}"
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


def _end_text(start_s: int, end_s: int, zone: ZoneInfo) -> str:
    """The hour alone where it is of the same day."""
    start, end = time_text(start_s, zone), time_text(end_s, zone)
    return end[-5:] if start[:-5] == end[:-5] else end


def _unknown_s(followed: Followed) -> float:
    """Seconds for which there is no reading, or an unknown one."""
    times_s = [point.unix_s for point in followed.points]
    parts = runs(times_s, [point.value for point in followed.points], followed.interval_s)
    between = gaps(times_s, parts)
    # From the last known reading to the next: the first of its intervals was known.
    return sum(max(end - start - followed.interval_s, 0.0) for start, end in between) if parts else math.inf


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
