"""The picture of a series: limits where they belong, gaps and learning shaded, alarms named."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from edge.incident import IncidentKind, Severity
from edge.replay.charts_page import Charted, render
from edge.replay.control_charts import chart, limits, outside
from edge.replay.local_ticks import ticks
from edge.statistics.followed import Followed, Mark, Point
from edge.statistics.profile import Usual
from edge.statistics.sensor import Fault

START_S = 1_777_852_800
LONDON = ZoneInfo("Europe/London")
USUAL = Usual(10.0, 1.0)
PLAIN = Point(START_S, 10.0, None, USUAL, 0.0, 0.0, 1.0, learning=False)
#: Of the first panel: where 0 and the greatest limit with its margin, 13 * 1.08, are drawn.
BOTTOM_PX, TOP_PX, TOP = 253.0, 63.0, 13 * 1.08


def followed(*points: Point, marks: tuple[Mark, ...] = (), learning_until_s: int | None = None) -> Followed:
    placed = tuple(replace(point, unix_s=START_S + 300 * i) for i, point in enumerate(points))
    return Followed(placed, marks, 5.0, 300.0, learning_until_s)


def svg(what: Followed) -> str:
    return chart(what, "NB1 occupancy", "c0", LONDON).svg


def y_px(value: float) -> float:
    return BOTTOM_PX - value / TOP * (BOTTOM_PX - TOP_PX)


def test_limits_are_three_spreads_about_the_level_and_not_below_zero() -> None:
    assert limits(PLAIN) == (7.0, 13.0)
    assert limits(replace(PLAIN, usual=Usual(1.0, 1.0))) == (0.0, 4.0)
    assert limits(replace(PLAIN, usual=None)) is None


@pytest.mark.parametrize(
    ("point", "said"),
    [
        (replace(PLAIN, value=13.1), True),
        (replace(PLAIN, value=6.9), True),
        (replace(PLAIN, value=13.0), False),
        (replace(PLAIN, value=None), False),
        (replace(PLAIN, value=99.0, fault=Fault.FROZEN), False),
        (replace(PLAIN, value=99.0, usual=None), False),
    ],
)
def test_only_a_believed_reading_is_beyond_known_limits(point: Point, said: bool) -> None:
    assert outside(point) is said


def test_the_band_is_drawn_between_the_limits() -> None:
    drawn = svg(followed(*[PLAIN] * 5))
    height = float(re.search(r'viewBox="0 0 900 (\d+)"', drawn)[1])  # type: ignore[index]
    (shape,) = re.findall(r'<use xlink:href="#(\w+)"[^>]*fill: var\(--s1\); fill-opacity', drawn)
    path = re.search(rf'id="{shape}" d="([^"]*)"', drawn)
    assert path is not None
    at = sorted({height + float(y) for y in re.findall(r"[ML] \S+ (\S+)", path[1])})
    assert at == pytest.approx([y_px(13), y_px(7)], abs=0.2)


def test_the_threshold_is_a_line_at_its_evidence() -> None:
    drawn = svg(followed(*[replace(PLAIN, evidence=0.5)] * 5))
    dashed = re.findall(r'd="M 74 (\S+) \nL 876 (\S+) \n"[^>]*stroke-dasharray[^>]*stroke: var\(--red\)', drawn)
    assert len(dashed) == 5, "two of EWMA, two of CUSUM, the threshold"
    bottom, top = 253 + 3 * 30 + 3 * 74.0, 253 + 3 * 30 + 2 * 74.0
    assert float(dashed[-1][0]) == pytest.approx(bottom - (bottom - top) / 1.15, abs=0.2)
    assert "alarm from 5 (alarm_threshold)" in drawn


def lines(drawn: str, colour: str) -> list[str]:
    return re.findall(rf'd="([^"]*)" clip-path[^>]*stroke: var\({colour}\); stroke-width: 1.1;', drawn)


def heights(path: str) -> list[float]:
    return [float(y) for y in re.findall(r"[ML] \S+ (\S+)", path)]


def test_the_unknown_parts_the_line_is_shaded_and_never_drawn_as_zero() -> None:
    unknown = replace(PLAIN, value=None, ewma=None, cusum=None, evidence=None)
    (whole,) = lines(svg(followed(*[PLAIN] * 7)), "--ink")
    (parted,) = lines(svg(followed(PLAIN, PLAIN, PLAIN, unknown, PLAIN, PLAIN, PLAIN)), "--ink")
    assert (whole.count("M"), parted.count("M")) == (1, 2)
    assert heights(parted) == pytest.approx([y_px(10)] * len(heights(parted)), abs=0.2), "nowhere down to zero"
    assert "var(--blind)" in svg(followed(PLAIN, PLAIN, unknown, PLAIN, PLAIN))
    assert "var(--blind)" not in svg(followed(*[PLAIN] * 5))


def test_a_reading_alone_between_gaps_is_seen() -> None:
    unknown = replace(PLAIN, value=None)
    drawn = svg(followed(unknown, unknown, PLAIN, unknown, unknown))
    assert re.search(r'<use [^>]*style="fill: var\(--ink\); stroke: var\(--ink\)"', drawn)


def test_values_of_a_faulty_sensor_are_drawn_apart() -> None:
    faulty = replace(PLAIN, value=4.0, fault=Fault.FROZEN)
    drawn = svg(followed(PLAIN, PLAIN, faulty, faulty, PLAIN, PLAIN))
    (believed,) = lines(drawn, "--ink")
    (doubted,) = lines(drawn, "--faint")
    assert y_px(4) not in [pytest.approx(y, abs=0.2) for y in heights(believed)]
    assert heights(doubted) == pytest.approx([y_px(4)] * 2, abs=0.2)


def test_learning_is_shaded_and_says_until_when() -> None:
    learning = replace(PLAIN, learning=True, usual=None)
    over = svg(followed(learning, learning, PLAIN))
    assert "learning until Mon 2026-05-04 01:10" in over
    assert over.count("fill: var(--s5)") == 4, "over each panel"
    still = followed(learning, learning, learning, learning_until_s=START_S + 86_400)
    assert "learning until Tue 2026-05-05 01:00" in svg(still)
    assert "learning" not in svg(followed(*[PLAIN] * 5))


def test_alarms_and_faults_are_named_with_severity_and_local_time() -> None:
    alarm = Mark(START_S + 300, IncidentKind.CONGESTION, Severity.HIGH, "collective", 20.0, 10.0, 2.6, 0.9)
    fault = Mark(START_S + 900, IncidentKind.SENSOR_FAULT, Severity.MEDIUM, "frozen", 4.0, 10.0)
    what = followed(*[PLAIN] * 9, marks=(alarm, fault))
    drawn = svg(what)
    assert "1 congestion, high, Mon 2026-05-04 01:05" in drawn
    assert "2 sensor fault (frozen), medium, Mon 2026-05-04 01:15" in drawn
    page = render([Charted("NB1 <occupancy>", None, what, 2)], "A & B", "x.csv", LONDON, 5.0)
    assert "NB1 &lt;occupancy&gt;" in page
    assert "2 readings left out: the time" in page
    assert "goes on" in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!#)', page), "nothing from elsewhere"


def test_many_alarms_keep_at_most_what_there_is_room_for() -> None:
    marks = tuple(
        Mark(START_S + 3 * i, IncidentKind.CONGESTION, Severity.LOW, "point", 1.0, 1.0, 1.0, 0.5) for i in range(200)
    )
    drawn = svg(followed(*[PLAIN] * 9, marks=marks))
    assert drawn.count("congestion, low, Mon") < 10
    page = render([Charted("NB1", None, followed(*[PLAIN] * 9, marks=marks), 0)], "A", "x.csv", LONDON, 5.0)
    assert page.count('<td class="left">congestion</td>') == 200


@pytest.mark.parametrize("value", [None, 0.0])
def test_a_series_of_nothing_or_of_zero_is_drawn(value: float | None) -> None:
    point = Point(START_S, value, None, None, None, None, None, learning=True)
    assert svg(followed(point)).startswith("<svg")
    assert svg(followed(*[point] * 4)).startswith("<svg")


def test_ticks_are_midnights_of_the_street_over_summer_time() -> None:
    start_s = 1_792_699_200  # Thursday 2026-10-22 20:00 UTC; clocks go back on the 25th
    days = ticks(start_s, start_s + 8 * 86_400, LONDON)
    assert [text for _, text in days][:4] == ["Fri 23 Oct", "Sat 24 Oct", "Sun 25 Oct", "Mon 26 Oct"]
    steps = {b - a for (a, _), (b, _) in pairwise(days)}
    assert steps == {86_400, 90_000}
    hours = ticks(start_s, start_s + 8 * 3600, LONDON)
    assert [text for _, text in hours][:2] == ["21:00", "22:00"]
    assert len(ticks(0, 3 * 365 * 86_400, LONDON)) <= 12
