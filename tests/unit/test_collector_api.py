"""The API: unknown is null, times are data's, mistakes are answered with one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response

from collector.api import close_api, collector_health, create_api
from collector.database import Database, open_database
from collector.ingest import IngestState
from collector.queries import Queries
from collector.store import Store
from edge.clock import NS_PER_S, ReplayClock
from edge.incident import Stage
from edge.messages import Stream, ThinnedBody
from edge.types import Kind
from tests.collector_cabinet import Cabinet, crossing, health, incident, lanes, signal, summary

#: Wall time of the collector's clock at its instant 0: a day after the data.
TODAY_NS = 1_777_723_200 * NS_PER_S


class Office:
    """A store and an API over one database, without broker or page."""

    def __init__(self, database: Database) -> None:
        self.clock = ReplayClock(TODAY_NS)
        self.store = Store(database.writer, self.clock)
        self.state = IngestState(broker_connected=True, broker_reason=None)
        app = create_api(
            Queries(database.reader, self.clock),
            lambda: collector_health(self.state, broker="127.0.0.1:1883", database=database.name),
        )
        close_api(app)
        self._transport = ASGITransport(app, raise_app_exceptions=False)

    def ask(self, path: str, method: str = "GET", query: dict[str, str] | None = None) -> Response:
        async def exchange() -> Response:
            async with AsyncClient(transport=self._transport, base_url="http://office") as client:
                return await client.request(method, path, params=query)

        return asyncio.run(exchange())

    def get(self, path: str, status: int = 200, **query: str) -> Any:
        answer = self.ask(f"/api/v1/{path}", query={k.rstrip("_"): v for k, v in query.items()})
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = open_database(str(tmp_path / "town.sqlite"))
    yield Office(database)
    database.close()


def test_an_empty_office_says_so(office: Office) -> None:
    assert office.get("sites") == {"sites": []}
    answer = office.get("health")
    assert answer["nodes"] == []
    assert answer["collector"]["ok"] is True
    assert "no site 'a1'" in office.get("queues", 404, site="a1")["error"]


def test_sites_know_their_latest_record_and_movements(office: Office) -> None:
    cabinet = Cabinet()
    office.store.ingest([cabinet.status("online", ["SBT", "NBT"], ["nb1"]), cabinet.record(crossing("EBT"), 90)])
    (site,) = office.get("sites")["sites"]
    assert site == {
        "org": "town",
        "site": "a1",
        "nodes": 1,
        "nodes_online": 1,
        "latest": "2026-05-01T12:01:30Z",
        "movements": ["SBT", "NBT", "EBT"],
        "lanes": ["nb1"],
    }


def test_counts_tell_none_from_zero(office: Office) -> None:
    cabinet = Cabinet()
    office.store.ingest(
        [
            cabinet.status("online", ["NBT", "SBT", "EBT"]),
            cabinet.record(crossing("NBT"), 10),
            cabinet.record(crossing("NBT", Kind.BUS), 59.999),
            cabinet.record(crossing("NBT"), 60),
            cabinet.record(summary({"NBT": {Kind.CAR: 1, Kind.BUS: 1}, "SBT": {}, "EBT": None}, known_s=30), 60),
        ]
    )
    answer = office.get("counts", site="a1", from_="2026-05-01T12:00:00Z", to="2026-05-01T12:03:00Z", interval="60")
    assert (answer["from"], answer["to"], answer["interval_s"]) == ("2026-05-01T12:00:00Z", "2026-05-01T12:03:00Z", 60)
    found = {m["movement"]: [(i["known_s"], i["counts"]) for i in m["intervals"]] for m in answer["movements"]}
    none: dict[str, int] = dict.fromkeys(map(str, Kind), 0)
    assert found == {
        "NBT": [(30.0, none | {"car": 1, "bus": 1}), (0.0, none | {"car": 1}), (0.0, None)],
        "SBT": [(30.0, none), (0.0, None), (0.0, None)],
        "EBT": [(0.0, None)] * 3,
    }


def test_a_summary_off_the_minute_is_known_in_both_intervals_it_touches(office: Office) -> None:
    cabinet = Cabinet()
    office.store.ingest([cabinet.record(summary({"NBT": {}}), 80)])
    answer = office.get("counts", site="a1", from_="2026-05-01T12:00:00Z", to="2026-05-01T12:02:00Z")
    (movement,) = answer["movements"]
    assert [interval["known_s"] for interval in movement["intervals"]] == [40.0, 20.0]
    assert all(interval["counts"]["car"] == 0 for interval in movement["intervals"])


def test_counts_default_to_the_hour_that_ends_with_the_data(office: Office) -> None:
    office.store.ingest([Cabinet().record(crossing(), 30)])
    answer = office.get("counts", site="a1")
    assert (answer["from"], answer["to"]) == ("2026-05-01T11:01:00Z", "2026-05-01T12:01:00Z")
    intervals = answer["movements"][0]["intervals"]
    assert len(intervals) == 60
    assert intervals[-1]["counts"]["car"] == 1
    assert all(interval["counts"] is None for interval in intervals[:-1])
    quarters = office.get("counts", site="a1", interval="15m")
    assert (quarters["from"], quarters["to"]) == ("2026-05-01T11:15:00Z", "2026-05-01T12:15:00Z")


def test_lost_crossings_are_told(office: Office) -> None:
    cabinet = Cabinet()
    office.store.ingest([cabinet.record(crossing(), seq=n) for n in (1, 3)])
    office.store.ingest([cabinet.record(ThinnedBody(of=Stream.CROSSING, from_seq=1), seq=5)])
    assert office.get("counts", site="a1")["crossings_lost"] == 3


def test_queues_are_the_latest_and_say_when_they_are_not_live(office: Office) -> None:
    cabinet = Cabinet()
    office.store.ingest([cabinet.status("online", lanes=["nb2", "nb1"])])
    office.store.ingest([cabinet.record(lanes(nb1=4, nb2=4), 1), cabinet.record(lanes(nb1=0, nb2=None), 2)])
    first, second = office.get("queues", site="town/a1")["lanes"]
    assert (first["lane"], first["queue_vehicles"], first["presence"]) == ("nb2", None, None)
    assert (second["lane"], second["queue_vehicles"], second["presence"]) == ("nb1", 0, False)
    assert (second["as_of"], second["live"]) == ("2026-05-01T12:00:02Z", True)
    office.store.ingest([cabinet.status("offline")])
    assert not any(lane["live"] for lane in office.get("queues", site="a1")["lanes"])


def test_health_has_each_camera_and_when_the_node_was_seen(office: Office) -> None:
    cabinet = Cabinet()
    office.store.ingest([cabinet.record(health(), 1), cabinet.record(health("failed", "dark", "south"), 2)])
    office.store.ingest([cabinet.record(health("degraded", "glare"), 3)])
    office.clock.advance_to(40 * NS_PER_S)
    (node,) = office.get("health")["nodes"]
    assert (node["state"], node["last_seen_age_s"]) == ("unknown", 40.0)
    assert [(c["camera"], c["state"], c["reason"]) for c in node["cameras"]] == [
        ("north", "degraded", "glare"),
        ("south", "failed", "dark"),
    ]


def test_health_says_what_is_wrong_with_the_collector(office: Office) -> None:
    office.state.broker_connected = False
    office.state.broker_reason = "refused"
    collector = office.get("health")["collector"]
    assert (collector["ok"], collector["broker_reason"]) == (False, "refused")


def test_crossings_come_newest_first(office: Office) -> None:
    cabinet = Cabinet()
    office.store.ingest([cabinet.record(crossing(track_id=n), n, synced=n != 4) for n in range(5)])
    found = office.get("crossings", site="a1", limit="2")["crossings"]
    assert [(c["track_id"], c["clock_synced"]) for c in found] == [(4, False), (3, True)]
    assert (found[0]["since_green_s"], found[0]["waited_s"]) == (None, 0.0)


def test_incidents_are_told_as_they_stand(office: Office) -> None:
    cabinet = Cabinet()
    office.store.ingest([cabinet.record(health(), 0)])
    assert office.get("incidents", site="a1") == {"org": "town", "site": "a1", "going_on": [], "ended": []}
    reports = [(Stage.START, 0.0, 10.0), (Stage.UPDATE, 10.0, 20.0)]
    office.store.ingest([cabinet.record(incident(stage, began_s=began_s), at_s) for stage, at_s, began_s in reports])
    told = office.get("incidents", site="a1")
    (one,) = told["going_on"]
    assert told["ended"] == []
    assert (one["kind"], one["severity"], one["stage"]) == ("stopped_vehicle", "high", "update")
    assert (one["began"], one["seen"], one["ended"]) == ("2026-05-01T11:59:50Z", "2026-05-01T12:00:10Z", None)
    assert one["evidence"] == {"standing_s": 12.5, "ahead_m": None}
    office.store.ingest([cabinet.record(incident(Stage.END, began_s=30.0, lasted_s=28.0), 20.0)])
    told = office.get("incidents", site="a1")
    assert told["going_on"] == []
    assert [one["ended"] for one in told["ended"]] == ["2026-05-01T12:00:18Z"]


def test_an_incident_whose_cabinet_was_killed_does_not_go_on_for_ever(office: Office) -> None:
    cabinet = Cabinet()
    office.store.ingest([cabinet.record(incident(Stage.START), 0)])
    assert len(office.get("incidents", site="a1")["going_on"]) == 1
    office.store.ingest([cabinet.record(health(), 300.0)])
    told = office.get("incidents", site="a1")
    assert told["going_on"] == []
    assert [(one["stage"], one["ended"]) for one in told["ended"]] == [("start", None)]


def test_control_says_who_decides_and_why(office: Office) -> None:
    cabinet = Cabinet()
    assert office.get("control", 404, site="a1")["error"].startswith("no site 'a1'")
    office.store.ingest([cabinet.status("online", ["NBT"], ["nb1"])])
    assert office.get("control", site="a1") == {"org": "town", "site": "a1", "nodes": [], "decisions": []}
    first = signal().model_copy(update={"level": "fixed", "level_reason": "no lane is known", "pattern": "day"})
    then = first.model_copy(update={"requested": [4], "reason": "phase 4 until 40.0"})
    office.store.ingest([cabinet.record(first, 0), cabinet.record(then, 30)])
    told = office.get("control", site="a1", limit="1")
    (now,) = told["nodes"]
    assert {key: now[key] for key in ("level", "level_reason", "since", "since_at_least", "pattern", "live")} == {
        "level": "fixed",
        "level_reason": "no lane is known",
        "since": "2026-05-01T12:00:00Z",
        "since_at_least": True,
        "pattern": "day",
        "live": True,
    }
    assert [(one["requested"], one["reason"]) for one in told["decisions"]] == [([4], "phase 4 until 40.0")]


def test_two_organisations_may_have_a_site_of_one_name(office: Office) -> None:
    office.store.ingest([Cabinet(org="town").status(), Cabinet(org="city").status()])
    assert "city/a1, town/a1" in office.get("queues", 422, site="a1")["error"]
    assert office.get("queues", site="city/a1")["org"] == "city"


@pytest.mark.parametrize(
    ("path", "query", "sentence"),
    [
        ("counts", {}, "site"),
        ("counts", {"site": "Not A Site"}, "site"),
        ("counts", {"site": "a1", "interval": "0"}, "interval '0' is not between"),
        ("counts", {"site": "a1", "interval": "2d"}, "interval '2d' is not between"),
        ("counts", {"site": "a1", "interval": "soon"}, "interval"),
        ("counts", {"site": "a1", "from_": "yesterday"}, "from"),
        ("counts", {"site": "a1", "from_": "2026-05-01T12:00:00"}, "timezone"),
        ("counts", {"site": "a1", "from_": "2026-05-01T13:00:00Z", "to": "2026-05-01T12:00:00Z"}, "exchange"),
        ("counts", {"site": "a1", "from_": "2026-01-01T00:00:00Z"}, "31 days"),
        ("counts", {"site": "a1", "from_": "0001-01-01T00:00:00Z"}, "1970"),
        ("counts", {"site": "a1", "from_": "2026-04-30T12:00:00Z", "interval": "1"}, "3000 intervals"),
        ("crossings", {"site": "a1", "limit": "0"}, "limit"),
        ("crossings", {"site": "a1", "limit": "many"}, "'many'"),
    ],
)
def test_a_mistake_is_answered_with_a_sentence(office: Office, path: str, query: dict[str, str], sentence: str) -> None:
    office.store.ingest([Cabinet().record(crossing())])
    answer = office.get(path, 422, **query)
    assert list(answer) == ["error"]
    assert sentence in answer["error"]


def test_what_is_not_there_is_told_in_json(office: Office) -> None:
    assert "/api/openapi.json" in office.get("nothing", 404)["error"]
    assert office.ask("/api/v1/sites", "POST").json()["error"]


def test_a_database_that_cannot_be_read_is_a_503(office: Office, tmp_path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"town.sqlite{suffix}").unlink(missing_ok=True)
    assert "cannot be read" in office.get("sites", 503)["error"]


def test_the_openapi_document_names_every_path_and_no_page_needs_the_internet(office: Office) -> None:
    document = office.ask("/api/openapi.json").json()
    assert set(document["paths"]) == {
        f"/api/v1/{name}" for name in ("sites", "counts", "queues", "crossings", "control", "incidents", "health")
    }
    assert office.ask("/docs").status_code == office.ask("/redoc").status_code == 404
    assert "default-src 'self'" in office.ask("/api/v1/sites").headers["content-security-policy"]
