"""From frames to incidents told: rules, blind and silent cameras, planned works, reactions, pictures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from calibration.incidents import Incidents, Works
from edge.clock import NS_PER_S
from edge.frames import Frame, VisionResult
from edge.incident import Finding, Incident, IncidentKind, Place, Severity, Stage
from edge.incidents.reactions import Reactions, reactions
from edge.incidents.snapshots import Snapshots
from edge.stages.noticing import Noticing
from tests.junction import junction, seen

SITE = junction()
BEGAN_NS = round(datetime(2026, 11, 21, 8, tzinfo=UTC).timestamp() * NS_PER_S)


def wall_ns(t_ns: int) -> int:
    return BEGAN_NS + t_ns


def at(t_s: float) -> int:
    return round(t_s * NS_PER_S)


def told(noticing: Noticing, results: list[VisionResult], until_s: int) -> list[Incident]:
    """Frames at their times and a tick each second."""
    out: list[Incident] = []
    for second in range(until_s + 1):
        for result in results:
            if at(second) <= result.t_ns < at(second + 1):
                out += noticing.see(None, result, None)
        out += noticing.tick(at(second + 1))
    return out


def test_a_blind_camera_is_an_incident_with_a_name_and_calls_its_phases() -> None:
    noticing = Noticing(SITE, ["north", "east"], wall_ns=wall_ns)
    frames = [seen(t / 2, blind="covered" if 20 <= t < 60 else None) for t in range(100)]
    (start,) = [one for one in told(noticing, frames[:56], 28) if one.stage is Stage.START]
    assert (start.kind, start.id, start.place.camera) == (IncidentKind.CAMERA_FAULT, "20261121T080015Z-1", "north")
    assert (start.started_ns, start.t_ns) == (at(10), at(15))
    assert start.evidence["fault"] == "covered"
    assert noticing.reactions() == Reactions(recall=frozenset({2}), because=(start.id,))
    ends = [one for one in told(noticing, frames[60:], 50) if one.stage is Stage.END]
    assert [(one.id, one.ended_ns) for one in ends] == [(start.id, at(30))]
    assert noticing.reactions() == Reactions()


def test_a_camera_that_sends_nothing_is_one_too() -> None:
    noticing = Noticing(SITE, ["north"], wall_ns=wall_ns)
    (start,) = [one for one in told(noticing, [seen(float(t)) for t in range(5)], 15) if one.stage is Stage.START]
    assert (start.evidence["fault"], start.started_ns) == ("silent", at(4))


def test_a_moment_of_darkness_is_nobodys_business() -> None:
    frames = [seen(t / 2, blind="dark" if 20 <= t < 26 else None) for t in range(60)]
    assert told(Noticing(SITE, ["north"], wall_ns=wall_ns), frames, 30) == []


def finding(t_s: float, kind: IncidentKind = IncidentKind.STOPPED_VEHICLE, place: Place | None = None) -> Finding:
    place = place or Place(approach="NB", lane="nb1", camera="north")
    return Finding(at(t_s), "rule", "1", kind, Stage.START, place, at(t_s), 0.9)


def test_planned_works_explain_what_happens_in_their_lanes_and_hours() -> None:
    works = Works(
        name="gas main",
        begins=datetime(2026, 11, 21, 8, 0, 10, tzinfo=UTC),
        ends=datetime(2026, 11, 21, 9, tzinfo=UTC),
        lanes=("nb1",),
    )
    site = SITE.model_copy(update={"incidents": Incidents(works=(works,))})
    noticing = Noticing(site, ["north"], wall_ns=wall_ns)
    assert noticing.hear([finding(20)]) == []
    assert [one.reason for one in noticing.silenced()] == ["planned: gas main"]
    assert len(noticing.hear([finding(21, place=Place(approach="EB", lane="eb1"))])) == 1
    early = Noticing(site, ["north"], wall_ns=wall_ns)
    assert len(early.hear([finding(5)])) == 1, "they have not begun"


def incident(kind: IncidentKind, place: Place) -> Incident:
    return Incident(0, "i1", kind, Severity.HIGH, Stage.UPDATE, 0.9, place, 0, 0, None, {}, ())


def test_what_incidents_ask_of_control() -> None:
    blocked = incident(IncidentKind.BLOCKED_BOX, Place(movement="NBT"))
    assert reactions(SITE, [blocked]).hold == {"NBT"}
    stubborn = SITE.model_copy(update={"incidents": Incidents(hold_blocked_exits=False)})
    assert reactions(stubborn, [blocked]) == Reactions()
    from_north = replace(incident(IncidentKind.BLOCKED_BOX, Place(camera="north")), evidence={"from_lane": "nb1"})
    assert reactions(SITE, [from_north]).hold == {"NBT"}, "and nobody on foot"
    crash = incident(IncidentKind.CRASH, Place(approach="NB"))
    assert reactions(SITE, [crash]) == Reactions(), "the site names no preemption for it"
    prepared = SITE.model_copy(update={"incidents": Incidents(preempt_on_crash=3)})
    assert reactions(prepared, [crash]) == Reactions(preempt=frozenset({3}), because=("i1",))


def test_a_picture_is_kept_where_wanted_and_its_failure_silences_nothing(tmp_path: Path) -> None:
    noticing = Noticing(SITE, ["north"], wall_ns=wall_ns, snapshots=Snapshots(tmp_path / "p"))
    image = np.zeros((360, 640, 3), np.uint8)
    for t in range(7):
        result = seen(float(t), blind="covered")
        started = noticing.see(Frame("north", t, result.t_ns, image), result, None)
        if started:
            break
    assert [one.name for one in (tmp_path / "p").iterdir()] == [f"{started[0].id}.jpg"]
    lost = Noticing(SITE, ["north"], wall_ns=wall_ns, snapshots=Snapshots(tmp_path / "q"))
    (tmp_path / "q").rmdir()
    for t in range(7):
        result = seen(float(t), blind="covered")
        started = lost.see(Frame("north", t, result.t_ns, image), result, None)
        if started:
            break
    assert started
