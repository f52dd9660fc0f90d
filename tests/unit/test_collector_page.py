"""What the page is drawn from: unknown is a dash with a name, and names cannot become markup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import render
from collector.api import collector_health
from collector.chart import chart_options
from collector.database import open_database
from collector.ingest import IngestState
from collector.queries import Queries
from collector.store import Store
from collector.view import PageView, Views
from edge.clock import NS_PER_S, ReplayClock
from edge.messages import SignalBody, Stream, ThinnedBody
from edge.types import Kind
from tests.collector_cabinet import Cabinet, crossing, health, lanes, signal, summary


class Desk:
    """A store and the views over it."""

    def __init__(self, path: Path) -> None:
        self.database = open_database(str(path))
        self.clock = ReplayClock(1_777_723_200 * NS_PER_S)
        self.store = Store(self.database.writer, self.clock)
        self.state = IngestState(broker_connected=True, broker_reason=None)
        self.views = Views(
            Queries(self.database.reader, self.clock),
            lambda: collector_health(self.state, broker="b:1", database="d"),
            self.clock,
        )

    def page(self, site: str | None = None) -> PageView:
        self.clock.advance_to(self.clock.now_ns() + NS_PER_S)
        return self.views.page(site)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "town.sqlite")
    yield desk
    desk.database.close()


def test_nothing_yet(desk: Desk) -> None:
    view = desk.page()
    assert view.selected is None
    assert "b:1" in render.empty(view)
    assert render.notices_of(view) == []
    assert "No site &#39;x&#39;" in render.top(desk.page("x"))


def test_views_are_shared_for_a_moment(desk: Desk) -> None:
    before = desk.page()
    desk.store.ingest([Cabinet().status()])
    assert desk.views.page(None) is before
    assert desk.page().sites


def test_the_first_site_that_is_online_is_shown(desk: Desk) -> None:
    desk.store.ingest([Cabinet("a1").status("offline"), Cabinet("b2").status("online")])
    selected = desk.page().selected
    assert selected is not None
    assert selected.site.site == "b2"


def test_unknown_is_a_dash_and_never_zero(desk: Desk) -> None:
    cabinet = Cabinet()
    desk.store.ingest([cabinet.status("online", ["NBT", "SBT", "EBT"], ["nb1", "nb2"])])
    desk.store.ingest(
        [
            cabinet.record(summary({"NBT": {}, "SBT": None}), 60),
            cabinet.record(crossing("EBT"), 61),
            cabinet.record(lanes(nb1=0, nb2=None), 61),
        ]
    )
    shown = desk.page().selected
    assert shown is not None
    assert [(row.movement, row.vehicles) for row in shown.totals] == [("NBT", 0), ("SBT", None), ("EBT", 1)]
    figures = render.figures_of(shown)
    assert (figures.vehicles, figures.people, figures.queued, figures.queued_at_least) == (1, 0, 0, True)
    assert figures.wait_s is None
    unknown_lane = render.lanes(shown).split('data-lane="nb2"')[1].split("</tr>")[0]
    assert unknown_lane.count('title="unknown"') == 5
    assert ">0<" not in unknown_lane
    known_lane = render.lanes(shown).split('data-lane="nb1"')[1].split("</tr>")[0]
    assert ">0<" in known_lane
    assert known_lane.count('title="unknown"') == 1


def test_the_chart_greys_what_is_unknown_but_not_what_is_still_to_come(desk: Desk) -> None:
    cabinet = Cabinet()
    desk.store.ingest([cabinet.record(summary({"NBT": {}}), 60), cabinet.record(crossing("NBT"), 200)])
    shown = desk.page().selected
    assert shown is not None
    assert shown.hour is not None
    for dark in (False, True):
        bars, unknown = chart_options(shown.hour, dark=dark)["series"]
        assert bars["data"][-4:] == [0, None, None, 1]
        assert unknown["data"][-5:] == [1, None, 1, None, None]
    assert "NBT: 1 vehicles" in chart_options(shown.hour, dark=False)["aria"]["label"]["description"]


def test_names_from_cabinets_are_escaped(desk: Desk) -> None:
    cabinet = Cabinet()
    evil = "<script>alert(1)</script>"
    desk.store.ingest([cabinet.status("online", [evil], [evil]), cabinet.record(health("failed", evil, evil))])
    desk.store.ingest([cabinet.record(crossing(evil)), cabinet.record(lanes(**{evil: 1}))])
    view = desk.page()
    assert view.selected is not None
    drawn = [draw(view.selected) for draw in (render.heading, render.movements, render.lanes, render.devices)]
    assert evil not in "".join([*drawn, render.top(view), render.foot(view)])
    assert "&lt;script&gt;" in drawn[1]


def test_what_an_operator_must_know_is_said(desk: Desk) -> None:
    cabinet = Cabinet()
    desk.store.ingest(
        [
            cabinet.record(ThinnedBody(of=Stream.CROSSING, from_seq=1), seq=7),
            cabinet.record(health(), synced=False),
        ]
    )
    desk.state.broker_connected = False
    desk.state.broker_reason = "broker b:1 not reachable: refused"
    desk.state.storage_reason = "the disk is full"
    said = " ".join(notice.text for notice in render.notices_of(desk.page()))
    for part in ("not reachable", "the disk is full", "gave up 7 crossings", "clock of cabinet"):
        assert part in said


def test_a_silent_node_is_not_called_online(desk: Desk) -> None:
    desk.store.ingest([Cabinet().status("online")])
    for age_s, badge in [(10, ("good", "online")), (100, ("warn", "online, but silent"))]:
        desk.clock.advance_to(age_s * NS_PER_S)
        selected = desk.page().selected
        assert selected is not None
        assert render.node_badge(selected.nodes[0]) == badge
    assert [render.ago(s) for s in (0, 30, 300, 9000, 10**6)] == [
        "just now",
        "30 s ago",
        "5 min ago",
        "2 h ago",
        "12 days ago",
    ]


def test_people_on_foot_are_not_vehicles(desk: Desk) -> None:
    cabinet = Cabinet()
    desk.store.ingest([cabinet.record(crossing("PED-N", Kind.PERSON), 1), cabinet.record(crossing("NBT"), 2)])
    shown = desk.page().selected
    assert shown is not None
    figures = render.figures_of(shown)
    assert (figures.vehicles, figures.people) == (1, 1)


def test_who_decides_since_when_and_why(desk: Desk) -> None:
    cabinet = Cabinet()
    desk.store.ingest([cabinet.status("online", ["NBT"], ["nb1"])])
    blind = "no adaptive control: 3 of 8 lanes are known"
    steps = [
        (0, decided("adaptive", [2, 6], "phase 2 held, expected saving 94 veh·s")),
        (10, decided("adaptive", [4, 8], "11 queued on phase 4, oldest 38 s")),
        (12, decided("adaptive", [4, 8], "phase 4 goes on")),
        (20, decided("actuated", [4, 8], f"{blind}; phase 4 extended", blind)),
        (30, decided("actuated", [2, 6], f"{blind}; phase 4 gapped out after 12.0 s", blind)),
    ]
    desk.store.ingest([cabinet.record(body, at_s) for at_s, body in steps])
    shown = desk.page().selected
    assert shown is not None
    (now,) = shown.control.nodes
    assert (now.level, now.level_reason, now.since_at_least, now.requested) == ("actuated", blind, False, [2, 6])
    assert now.since is not None
    assert f"{now.since:%H:%M:%S}" == "12:00:20"
    told = [(f"{one.ts:%S}", one.level, one.level_changed) for one in shown.control.decisions]
    assert told == [
        ("30", "actuated", False),
        ("20", "actuated", True),
        ("10", "adaptive", False),
        ("00", "adaptive", False),
    ], "a step that asks for the same is no decision"
    html = render.control(shown)
    assert "phase 4 gapped out after 12.0 s" in html
    assert render.level_badge(now) == ("warn", "Actuated")
    assert html.count('class="sl-changed"') == 1


@pytest.mark.parametrize(
    ("changes", "badge"),
    [
        ({"level": "adaptive"}, ("good", "Adaptive")),
        ({"level": "fixed"}, ("good", "Fixed time")),
        ({"level": "fixed", "level_reason": "no lane is known"}, ("warn", "Fixed time")),
        ({"level": "preempt"}, ("warn", "Preemption")),
        ({"level": None}, ("warn", "Level unknown")),
        ({"level": "adaptive", "mode": "flash", "fault": "conflict of 2 and 4"}, ("bad", "Lamps flash")),
        ({"level": "adaptive", "mode": "startup"}, ("warn", "Starting up")),
    ],
)
def test_the_badge_of_each_level(desk: Desk, changes: dict[str, object], badge: tuple[str, str]) -> None:
    cabinet = Cabinet()
    desk.store.ingest([cabinet.record(signal().model_copy(update=changes))])
    shown = desk.page().selected
    assert shown is not None
    assert render.level_badge(shown.control.nodes[0]) == badge
    html = render.control(shown)
    assert ("conflict of 2 and 4" in html) == ("fault" in changes)
    assert "last known" in html, "a node that never said that it is online"


def test_a_level_that_goes_on_for_longer_than_is_looked_back_has_held_at_least_so_long(desk: Desk) -> None:
    cabinet = Cabinet()
    days = [cabinet.record(decided("fixed", [2], f"plan {i}"), 43_200 * i) for i in range(5)]
    desk.store.ingest([cabinet.record(decided("actuated", [4], "before"), -86_400), *days])
    shown = desk.page().selected
    assert shown is not None
    (now,) = shown.control.nodes
    assert now.since_at_least
    assert now.since is not None
    assert (now.as_of - now.since).total_seconds() == 43_200
    assert "or longer" in render.control(shown)


def test_a_site_that_only_counts_says_so(desk: Desk) -> None:
    desk.store.ingest([Cabinet().status("online", ["NBT"], ["nb1"])])
    shown = desk.page().selected
    assert shown is not None
    assert shown.control.nodes == []
    assert "only counts so far" in render.control(shown)


def test_reasons_cannot_become_markup(desk: Desk) -> None:
    evil = "<script>alert(1)</script>"
    desk.store.ingest([Cabinet().record(decided(evil, [2], evil, evil))])
    shown = desk.page().selected
    assert shown is not None
    assert evil not in render.control(shown)


def decided(level: str, phases: list[int], reason: str, level_reason: str | None = None) -> SignalBody:
    """A change of lamps with who decided."""
    return signal().model_copy(
        update={"level": level, "requested": phases, "reason": reason, "level_reason": level_reason}
    )
