"""One incident per happening, told once, with what it brings along and what explains it away."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import NS_PER_S
from edge.incident import Finding, Incident, IncidentKind, Place, Severity, Silenced, Stage
from edge.incidents.actions import EXPLAINS, TABLE, severity_of
from edge.incidents.book import BookSettings, IncidentBook

K = IncidentKind
LANE = Place(approach="NB", lane="nb1", camera="north", from_stop_m=20.0, pos_m=(0.0, -20.0))


def finding(
    t_s: float,
    kind: IncidentKind = K.STOPPED_VEHICLE,
    stage: Stage = Stage.START,
    place: Place = LANE,
    key: str = "7",
    since_s: float | None = None,
) -> Finding:
    t_ns = round(t_s * NS_PER_S)
    since_ns = t_ns if since_s is None else round(since_s * NS_PER_S)
    return Finding(t_ns, kind.value, key, kind, stage, place, since_ns, 0.8, {"standing_s": t_s}, (7,))


def book(**more: object) -> IncidentBook:
    return IncidentBook(lambda _t_ns, number: f"i{number}", **more)  # type: ignore[arg-type]


def at(t_s: float) -> int:
    return round(t_s * NS_PER_S)


def run(one: IncidentBook, until_s: int, findings: list[Finding]) -> list[Incident]:
    """Findings at their times, a tick each second, and the end of the run."""
    told: list[Incident] = []
    for second in range(until_s + 1):
        told += one.take([f for f in findings if at(second) <= f.t_ns < at(second + 1)])
        told += one.tick(at(second))
    return told


def test_one_happening_is_told_as_it_starts_goes_on_and_ends() -> None:
    told = run(book(), 60, [finding(5, since_s=2), finding(30, stage=Stage.END)])
    assert [(one.stage, one.t_ns // NS_PER_S) for one in told] == [
        (Stage.START, 5),
        (Stage.UPDATE, 15),
        (Stage.UPDATE, 25),
        (Stage.END, 35),
    ]
    last = told[-1]
    assert (last.id, last.started_ns, last.ended_ns) == ("i1", at(2), at(30))
    assert last.severity is Severity.HIGH
    assert last.actions == TABLE[K.STOPPED_VEHICLE].actions
    assert last.tracks == (7,)


def test_what_comes_and_goes_is_one_and_waits_longer_each_time() -> None:
    flapping = [
        one
        for begin in (5, 15, 28)
        for one in (finding(begin, key=str(begin)), finding(begin + 6, stage=Stage.END, key=str(begin)))
    ]
    told = run(book(), 90, flapping)
    assert [one.stage for one in told if one.stage is not Stage.UPDATE] == [Stage.START, Stage.END]
    assert told[-1].t_ns == at(34 + 20), "5 s of waiting were doubled twice"
    assert told[-1].ended_ns == at(34)


def test_a_crash_takes_over_the_stopped_vehicle_and_brings_the_jam_with_it() -> None:
    here = Place(approach="NB", lane="nb2", camera="north", pos_m=(3.5, -22.0))
    told = run(
        book(),
        40,
        [
            finding(5),
            finding(9, K.CRASH, place=here, since_s=4),
            finding(20, K.SLOW_LANE, place=replace(LANE, pos_m=None)),
            finding(21, K.CONGESTION, place=replace(LANE, pos_m=None, camera=None)),
        ],
    )
    assert {one.id for one in told} == {"i1"}
    assert [one.kind for one in told][:2] == [K.STOPPED_VEHICLE, K.CRASH]
    assert told[-1].severity is Severity.CRITICAL
    assert told[-1].started_ns == at(4)
    assert set(told[-1].sources) == {"stopped_vehicle", "crash", "slow_lane", "congestion"}
    assert told[-1].confidence > 0.95
    assert told[-1].evidence["slow_lane.standing_s"] == 20.0
    assert told[-1].evidence["standing_s"] == 9.0


def test_another_place_is_another_happening() -> None:
    far = Place(approach="EB", lane="eb1", camera="east", pos_m=(60.0, 0.0))
    told = run(book(), 20, [finding(5), finding(6, place=far, key="8")])
    assert [one.id for one in told if one.stage is Stage.START] == ["i1", "i2"]


def test_a_moment_is_told_once_though_two_rules_or_frames_see_it() -> None:
    place = Place(movement="NBT", camera="north", pos_m=(0.0, 3.0))
    moments = [finding(t, K.NEAR_MISS, Stage.MOMENT, place) for t in (5, 5.5, 6.5, 20)]
    told = run(book(), 30, moments)
    assert [(one.stage, one.t_ns // NS_PER_S) for one in told] == [(Stage.MOMENT, 5), (Stage.MOMENT, 20)]


def test_what_is_off_or_explained_is_silent_and_says_why_once() -> None:
    until_ns = at(20)

    def works(one: Finding) -> str | None:
        return "planned: gas main" if one.place.lane == "nb1" and one.t_ns < until_ns else None

    one = book(explained=works)
    updates = [finding(float(t), stage=Stage.UPDATE, since_s=5) for t in range(6, 30)]
    told = run(one, 30, [finding(5), *updates])
    assert told[0].stage is Stage.START
    assert told[0].t_ns == until_ns, "it outlasts what explained it"
    assert [(s.reason, s.t_ns) for s in one.silenced()] == [("planned: gas main", at(5))]
    silent = book(off=frozenset({K.STOPPED_VEHICLE}))
    assert run(silent, 30, [finding(5)]) == []
    assert [type(s) for s in silent.silenced()] == [Silenced]


def test_severity_grows_with_time_and_lanes() -> None:
    assert severity_of(K.STOPPED_VEHICLE, 10, {}) is Severity.HIGH
    assert severity_of(K.STOPPED_VEHICLE, 301, {}) is Severity.CRITICAL
    assert severity_of(K.SPILLBACK, 10, {"lanes_blocked": 2}) is Severity.HIGH


def test_every_kind_has_its_row_and_nothing_explains_itself_in_a_circle() -> None:
    assert set(TABLE) == set(IncidentKind)
    for kind, brought in EXPLAINS.items():
        assert kind not in brought
        assert not any(kind in EXPLAINS.get(other, ()) for other in brought), kind


_events = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.sampled_from([K.STOPPED_VEHICLE, K.CRASH, K.SLOW_LANE, K.CONGESTION, K.LOST_LOAD]),
        st.sampled_from(["nb1", "nb2", "eb1"]),
        st.integers(1, 30),
    ),
    max_size=12,
)


@given(_events)
@settings(max_examples=150, deadline=None)
def test_every_incident_starts_once_and_ends_once(events: list[tuple[int, IncidentKind, str, int]]) -> None:
    findings = []
    for number, (begin, kind, lane, lasts) in enumerate(events):
        place = Place(approach=lane[:2].upper(), lane=lane, camera="north")
        findings.append(finding(begin, kind, place=place, key=str(number)))
        findings.append(finding(begin + lasts, kind, Stage.END, place, key=str(number)))
    one = book(settings=BookSettings())
    told = run(one, 100, sorted(findings, key=lambda f: (f.t_ns, f.stage is Stage.START)))
    told += one.finish(at(101))
    assert one.open == ()
    for name in {i.id for i in told}:
        stages = [i.stage for i in told if i.id == name]
        assert stages[0] is Stage.START
        assert stages[-1] is Stage.END
        assert set(stages[1:-1]) <= {Stage.UPDATE}
    begun = min((f.t_ns for f in findings), default=None)
    assert (begun is None) == (told == [])
