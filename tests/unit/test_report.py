"""The report says what the record says, needs nothing else, and shows unknown as unknown."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.replay import plots, report
from edge.replay.record import Record
from edge.replay.svg import clock_text
from tests.replay.sample import FACTS, LANES, MOVEMENTS, S, run_event, sample_record

VOID = {"meta", "br", "link", "hr", "img", "input"}


class Page(HTMLParser):
    """Collects cells by row and every address; notes tags that were not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [v or "" for k, v in attrs if k in {"src", "href", "xlink:href"}]
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if self.rows and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += " ".join(data.split())


@pytest.fixture(scope="module")
def record() -> Record:
    return sample_record(300)


@pytest.fixture(scope="module")
def page(record: Record) -> str:
    return report.render(record, FACTS)


def test_totals_are_those_of_the_record(record: Record, page: str) -> None:
    rows = {row[0]: row for row in Page(page).rows if row}
    for name, *_ in MOVEMENTS:
        mine = [c for c in record.of("crossing") if c["movement"] == name]
        assert rows[name][8] == str(len(mine))
        assert rows[name][2] == (str(sum(c["class"] == "car" for c in mine)) if name != "P2" else "")
    assert rows["All"][8] == str(len(record.of("crossing")))


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    parsed = Page(page)
    assert [a for a in parsed.addresses if not a.startswith("#")] == []
    assert "<script" not in page
    assert re.findall(r"url\((?!#)", page) == []
    assert "@import" not in page
    assert (parsed.open, parsed.crossed) == ([], [])


def test_plots_have_words_and_take_their_colours_from_the_page(page: str) -> None:
    svgs = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(svgs) == 3
    ids: list[str] = []
    for svg in svgs:
        root = ET.fromstring(svg)  # noqa: S314 - our own output
        assert root.get("role") == "img"
        assert len(root.get("aria-label") or "") > 30
        ids += [e.get("id", "") for e in root.iter() if e.get("id")]
        referred = set(re.findall(r"url\(#([^)]*)\)", svg)) | set(re.findall(r'href="#([^"]*)"', svg))
        assert referred <= {e.get("id") for e in root.iter()}
    assert len(ids) == len(set(ids))
    drawn = set(re.findall(r"#[0-9a-f]{6}", "".join(svgs)))
    assert drawn <= {"#000000"}  # matplotlib's default of invisible shapes


def test_it_is_the_same_each_time(record: Record, page: str) -> None:
    assert report.render(record, FACTS) == page


def test_stopped_is_said_at_the_top() -> None:
    page = report.render(sample_record(30, stopped="SIGINT"), FACTS)
    assert "Stopped after frame 750 of 750: SIGINT." in page
    assert page.index("Stopped after") < page.index("<h2>")


def test_cut_off_is_said() -> None:
    record = sample_record(30)
    cut = Record(record.run, None, record.events[:-1])
    assert "cut off" in report.render(cut, FACTS)
    assert report.summary(cut)["stopped"] == "cut off"


def test_blind_time_is_said_and_drawn(page: str) -> None:
    assert "For 12.0 s the camera could not be believed" in page
    assert "var(--blind)" in page


def test_blind_until_the_end() -> None:
    run = run_event(10)
    events = (
        run,
        {"kind": "sight", "t_ns": 0, "ok": True, "reason": None},
        {"kind": "sight", "t_ns": 4 * S, "ok": False, "reason": "dark"},
        {"kind": "end", "t_ns": 10 * S, "frames": 250, "frames_total": 250, "stopped": None},
    )
    assert report.blind_s(Record(run, events[-1], events)) == 6.0


def test_an_empty_record_still_makes_a_page() -> None:
    run = {**run_event(10), "lanes": [], "movements": [], "phases": []}
    page = report.render(Record(run, None, (run,)), {})
    assert "Nothing was counted." in page
    assert "No lane of this site has a stop line" in page


def test_names_cannot_break_the_page(record: Record) -> None:
    run = {**record.run, "site_name": "<script>alert(1)</script> & Sons"}
    page = report.render(Record(run, record.end, record.events), {"video": '"><img src=x>'})
    assert "<script" not in page
    assert "<img" not in page


def test_not_counted_by_reason_with_examples(record: Record) -> None:
    rows = report.reason_rows(record)
    assert [row.count for row in rows] == sorted((row.count for row in rows), reverse=True)
    assert sum(row.count for row in rows) == len(record.of("not_counted"))
    assert all(len(row.examples) == min(3, row.count) and row.more == row.count - len(row.examples) for row in rows)


def test_summary_holds_every_movement_and_direction(record: Record) -> None:
    summary = report.summary(record)
    assert set(summary["movements"]) == {name for name, *_ in MOVEMENTS}
    by_direction = sum(c["movement"] != "P2" for c in record.of("crossing"))
    assert sum(summary["directions"].values()) == by_direction
    assert sum(m["total"] for m in summary["movements"].values()) == len(record.of("crossing"))
    assert (summary["frames"], summary["duration_s"], summary["stopped"]) == (7500, 300.0, None)


def test_speeds_and_waits_that_nobody_measured_are_unknown() -> None:
    row = next(r for r in report.movement_rows(Record(run_event(5), None, ()), ["car"]) if r.id == "NBT")
    assert (row.total, row.speed_kmh, row.waited_s, row.on_green) == (0, None, None, None)


def test_phase_spans_tile_the_recording(record: Record) -> None:
    spans = plots.phase_spans(record, 2)
    assert spans[0][0] == 0.0
    assert spans[-1][1] == record.last_s
    assert all(a[1] == b[0] and a[2] != b[2] for a, b in pairwise(spans))
    assert plots.phase_spans(record, 9) == []


def test_a_long_recording_has_a_panel_each_ten_minutes() -> None:
    record = sample_record(1300)
    assert len(plots.timelines(record)) == 3


@settings(deadline=None)
@given(st.floats(0.1, 90_000))
def test_bars_are_never_too_many(duration_s: float) -> None:
    assert 1 <= duration_s / plots.bar_width_s(duration_s) + 1 <= 42


@pytest.mark.parametrize(("t_s", "text"), [(0, "0:00"), (65, "1:05"), (59.6, "1:00"), (3725, "1:02:05")])
def test_clock_text(t_s: float, text: str) -> None:
    assert clock_text(t_s) == text


def test_queue_plot_names_each_lane(record: Record) -> None:
    plot = plots.queues_over_time(record)
    assert plot is not None
    assert all(f"{lane} at most" in plot.alt for lane, _ in LANES)


def test_written_in_one_step(tmp_path: Path, record: Record) -> None:
    path = report.write(tmp_path, record, FACTS)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text().startswith("<!doctype html>")
