"""Incidents of a replay: told in its events, drawn in its report, found again in its tracks, explained and scored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from calibration.site import Site
from edge.cli.incidents import app
from edge.cli.incidents_score import IncidentScore
from edge.clock import NS_PER_S
from edge.errors import InputError
from edge.frames import Detections, VisionResult
from edge.incident import IncidentKind, Place, Silenced
from edge.incidents.limits import limits_of
from edge.incidents.road import Road
from edge.incidents.rules import rules_of
from edge.replay import files, record, report
from edge.replay.frame_log import FrameLog, seen_frame
from edge.replay.incident_rows import rows_of, where
from edge.replay.incident_story import story
from edge.replay.noticed import IncidentLog, Trails, ground_facts, silenced_fields
from edge.replay.outputs import EventLog
from edge.replay.record import Event
from edge.replay.rerun import rerun
from edge.stages.noticing import Noticing
from edge.types import Kind, Sight, Track
from sim_videos.score.happenings import HappeningScore, Noticed, Spell
from tests import incident_street
from tests.replay.sample import FACTS, run_event

SITE: Site = incident_street.site()
CAMERA = incident_street.CAMERA
HERTZ = 10


def track(number: int, x_m: float, y_m: float, vel_mps: tuple[float, float], t_s: float) -> Track:
    x, y = incident_street.px(x_m, y_m)
    box = (x - 8, y - 18, x + 8, y + 18)
    speed = (vel_mps[0] ** 2 + vel_mps[1] ** 2) ** 0.5
    return Track(round(t_s * NS_PER_S), number, Kind.CAR, 0.9, box, (x, y), (x_m, y_m), vel_mps, speed, 0.2, t_s, True)


def wrong_way_s(t_s: float) -> Sequence[Track]:
    """One car drives south in a lane that leads north, from second 2 on; another comes the right way."""
    tracks = [track(2, 1.75, -60 + 8 * t_s, (0.0, 8.0), t_s)] if t_s < 7 else []
    if 2 <= t_s < 8:
        tracks.append(track(1, -1.75, -2 - 8 * (t_s - 2), (0.0, -8.0), t_s))
    return tracks


def results() -> list[VisionResult]:
    out = []
    for index in range(14 * HERTZ):
        t_ns = index * NS_PER_S // HERTZ
        seen = tuple(wrong_way_s(index / HERTZ))
        sight = Sight(t_ns, CAMERA, True)
        out.append(VisionResult(t_ns, index, CAMERA, sight, Detections.empty(t_ns), seen, (), (), ()))
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a replay leaves of it: events.jsonl and the tracks."""
    path = tmp_path_factory.mktemp("run")
    events = EventLog(path / files.EVENTS)
    facts = {key: value for key, value in run_event(14).items() if key not in {"kind", "t_ns"}}
    events.write("run", 0, {**facts, "incidents": True, "ground": ground_facts(SITE, [CAMERA])})
    log = IncidentLog(Noticing(SITE, [CAMERA], wall_ns=lambda t_ns: t_ns), events.write)
    with FrameLog(path / files.FRAMES) as frames:
        for result in results():
            frames.write(seen_frame(result))
            log.see(None, result, None)
    log.finish(14 * NS_PER_S)
    events.write("end", 14 * NS_PER_S, {"frames": 140, "frames_total": 140, "stopped": None})
    events.close()
    return path


def told(events: Sequence[Event]) -> list[tuple[str, str]]:
    return [(event["incident"], event["stage"]) for event in events if event["kind"] == "incident"]


def test_the_events_tell_its_start_with_who_was_where_and_its_end(folder: Path) -> None:
    events = record.read(folder).events
    stages = told(events)
    assert stages[0] == ("wrong_way", "start")
    assert stages[-1] == ("wrong_way", "end")
    start = next(event for event in events if event["kind"] == "incident")
    assert start["t_ns"] <= 7 * NS_PER_S
    assert {one["id"] for one in start["scene"]} == {1, 2}
    (mine,) = (one for one in start["scene"] if one["id"] == 1)
    assert mine["trail_m"][0][1] > mine["trail_m"][-1][1], "it came from the stop line"
    assert all("scene" not in event for event in events[-2:])


def test_the_report_draws_it_where_it_was(folder: Path) -> None:
    done = record.read(folder)
    page = report.render(done, FACTS)
    assert "wrong way" in page
    assert "Incidents over time: wrong way at 0:0" in page
    cut = page[page.index('<svg viewBox="0 0 460 320"') :]
    drawing = ET.fromstring(cut[: cut.index("</svg>") + 6])  # noqa: S314 - our own page
    dots = [circle for circle in drawing.iter("circle") if circle.find("title") is not None]
    concerned = [dot for dot in dots if dot.get("fill") == "var(--red)"]
    assert (len(dots), len(concerned)) == (2, 1)
    title = concerned[0].find("title")
    assert title is not None
    assert title.text == "car 1, 8.0 m/s"
    assert 0 < float(concerned[0].get("cx", "-1")) < 460
    assert 0 < float(concerned[0].get("cy", "-1")) < 320


def test_a_quiet_run_says_that_none_was_noticed_and_one_that_did_not_look_says_nothing() -> None:
    quiet = record.Record({**run_event(14), "incidents": True}, None, (run_event(14),))
    assert "None was noticed." in report.render(quiet, FACTS)
    assert "<h2>Incidents</h2>" not in report.render(record.Record(run_event(14), None, (run_event(14),)), FACTS)


def test_kept_tracks_give_the_same_incidents(folder: Path) -> None:
    (camera,) = SITE.cameras
    again, before = rerun(folder, SITE, camera), record.read(folder).events
    assert told(again) == told(before)
    assert [row.began_s for row in rows_of(again)] == pytest.approx([row.began_s for row in rows_of(before)], abs=0.11)


def test_a_site_without_that_kind_tells_none_of_it(folder: Path) -> None:
    site = incident_street.site(off=["wrong_way"])
    (camera,) = site.cameras
    assert "wrong_way" not in {kind for kind, _ in told(rerun(folder, site, camera))}


def test_tracks_of_an_earlier_version_are_refused(tmp_path: Path) -> None:
    (camera,) = SITE.cameras
    with pytest.raises(InputError, match="--keep-tracks"):
        rerun(tmp_path, SITE, camera)
    with FrameLog(tmp_path / files.FRAMES) as frames:
        frames.write(seen_frame(results()[0]).model_copy(update={"crossings": None}))
    with pytest.raises(InputError, match="earlier version"):
        rerun(tmp_path, SITE, camera)


def test_the_command_writes_what_explain_and_evaluate_then_take(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.cli.incidents.load_site", lambda _name: SITE)
    shown = CliRunner().invoke(app, ["replay", str(folder), "--site", "a1", "--json"])
    assert shown.exit_code == 0, shown.output
    (row,) = json.loads(shown.output)
    assert (folder / files.INCIDENTS).read_text("utf-8").count('"kind": "incident"') >= 2
    said = CliRunner().invoke(app, ["explain", row["id"], "--run", str(folder)])
    assert said.exit_code == 0
    assert said.output.startswith("Wrong way, critical, lane NB2")
    (folder / files.INCIDENTS).unlink()


def test_a_story_names_rule_limits_and_what_was_silenced_near_it(folder: Path) -> None:
    events = list(record.read(folder).events)
    (row, *_) = rows_of(events)
    near = Silenced(
        5 * NS_PER_S,
        "stopped_vehicle",
        "1",
        IncidentKind.STOPPED_VEHICLE,
        Place(row.first["approach"], row.first["lane"], None, row.first["camera"]),
        "it waits at red",
    )
    far = {**silenced_fields(near), "kind": "silenced", "t_ns": 500 * NS_PER_S, "reason": "much later"}
    events += [{**silenced_fields(near), "kind": "silenced", "t_ns": near.t_ns}, far]
    text = "\n".join(story(events, row.id))
    assert "Limits of wrong way" in text
    assert "kept silent on a stopped vehicle" in text
    assert "it waits at red" in text
    assert "much later" not in text
    with pytest.raises(InputError, match=row.id):
        story(events, "20200101T000000Z-1")


def test_every_rule_has_its_limits_told() -> None:
    for rule in rules_of(SITE, Road(SITE, CAMERA)):
        limits = limits_of(rule.name)
        assert limits is not None, rule.name
        assert limits.values
        assert limits.words
    assert limits_of("ewma") is None


def test_a_gap_of_hours_costs_one_tick() -> None:
    class Counts:
        ticks = 0

        def see(self, *_what: object) -> list[object]:
            return []

        def tick(self, _t_ns: int) -> list[object]:
            self.ticks += 1
            return []

        def silenced(self) -> list[object]:
            return []

    counts = Counts()
    log = IncidentLog(counts, lambda *_: None)  # type: ignore[arg-type]
    first = results()[0]
    for t_s in (0.0, 0.5, 1.0, 1.5, 2.0, 7200.0, 7200.5):
        log.see(
            None, VisionResult(round(t_s * NS_PER_S), 0, CAMERA, first.sight, first.detections, (), (), (), ()), None
        )
    assert counts.ticks == 3


def test_trails_are_bounded_and_of_those_who_are_there() -> None:
    trails = Trails()
    for index in range(1000):
        trails.add(index * 40_000_000, (track(1, 0.0, index * 0.1, (0.0, 2.5), index * 0.04),))
    (one,) = trails.scene()
    assert 8 <= len(one["trail_m"]) <= 13
    trails.add(41 * NS_PER_S, ())
    assert trails.scene() == []


def test_places_in_words() -> None:
    nothing = dict.fromkeys(("lane", "movement", "approach", "from_stop_m", "camera"))
    assert where(nothing) == "place unknown"
    assert where({**nothing, "camera": "mast"}) == "camera mast"
    assert where({**nothing, "lane": "nb1", "from_stop_m": 25.8}) == "lane nb1, 26 m before the stop line"
    assert where({**nothing, "approach": "NB", "from_stop_m": -3.0}) == "approach NB, 3 m beyond the stop line"


def test_rates_are_unknown_without_anything_to_measure_them_by() -> None:
    crash = Spell("crash", "NB1", 10.0, 40.0)
    some = IncidentScore(HappeningScore((Noticed(crash, 4.0), Noticed(crash, None)), 2), 43_200.0)
    assert (some.rate, some.mean_s, some.false_per_day) == (0.5, 4.0, 4.0)
    none = IncidentScore(HappeningScore((), 0), 0.0)
    assert (none.rate, none.mean_s, none.false_per_day) == (None, None, None)
