"""What every rule must do, ours and any that is added."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from edge.clock import NS_PER_S
from edge.incident import Finding, IncidentKind, Stage, StillObject
from edge.incidents.road import Road
from edge.incidents.rules import rules_of
from edge.incidents.scene import Rule, SceneNow
from edge.types import Crossing, Interval, Kind
from tests.incident_street import (
    CAMERA,
    GREEN,
    RED,
    Actor,
    begun,
    drives,
    findings,
    queue_and_discharge,
    scenes,
    site,
    stands,
    told,
)

K = IncidentKind


@dataclass(frozen=True)
class Provoked:
    """A street that a rule speaks of, and in which all is over before it ends."""

    kind: K
    street: Callable[[], list[SceneNow]]


def until(actor: Actor, end_s: float) -> Actor:
    """The same, towed away at end_s."""
    return Actor(actor.track_id, lambda t_s: actor.at(t_s) if t_s < end_s else None, actor.kind)


def _ran_red(t_s: float) -> tuple[Crossing, ...]:
    if not math.isclose(t_s, 12.0):
        return ()
    t_ns = round(t_s * NS_PER_S)
    return (Crossing(t_ns, "NBT", Kind.CAR, "NB1", 7, t_ns - 2 * NS_PER_S, 12.0, 0.0),)


def _slow() -> list[Actor]:
    return [drives(10 + i, 1.75, 2.5, from_s=-20.0 + 8 * i, y=-60) for i in range(5)]


def _near() -> list[Actor]:
    # The second one's front is where their ways cross a fifth of a second after the first one's rear has left.
    across = Actor(2, lambda t_s: (-12.0 + 8.0 * (t_s - 5.0), 12.0) if 4.0 <= t_s < 9.0 else None)
    late_s = 5.0 + 13.75 / 8.0 - 4.5 / 12.0 - 0.2
    return [drives(1, 1.75, 12.0, from_s=late_s - 92.0 / 12.0), across]


def _load(t_s: float) -> tuple[StillObject, ...]:
    return (StillObject(3, (1.7, -30.0), (1.2, 0.8), 0, 0.8),) if t_s < 25 else ()


PROVOKED: dict[str, Provoked] = {
    "stopped_vehicle": Provoked(K.STOPPED_VEHICLE, lambda: scenes([until(stands(1, 1.75, -30, from_s=4), 25)], 40)),
    "wrong_way": Provoked(K.WRONG_WAY, lambda: scenes([drives(1, 1.75, -8.0, from_s=4, y=-5)], 40)),
    "crash": Provoked(
        K.CRASH,
        lambda: scenes([until(stands(1, 1.75, -30, from_s=3), 25), until(stands(2, 1.75, -34.6, from_s=4), 25)], 40),
    ),
    "spillback": Provoked(
        K.SPILLBACK,
        lambda: scenes(
            [until(Actor(1, lambda t_s: (-6.0, max(-6.0, 20.0 - 8.0 * t_s))), 25),
             until(Actor(2, lambda t_s: (-6.0, max(-12.0, 24.0 - 9.0 * t_s))), 25)], 40
        ),
    ),
    "blocked_box": Provoked(K.BLOCKED_BOX, lambda: scenes([until(stands(1, 1.75, 12, from_s=4), 25)], 40, RED)),
    "pedestrian_on_carriageway": Provoked(
        K.PEDESTRIAN,
        lambda: scenes([until(Actor(1, lambda t_s: (1.7, -30.0 + 0.3 * t_s), Kind.PERSON), 25)], 40),
    ),
    "lost_load": Provoked(K.LOST_LOAD, lambda: scenes([], 40, objects=_load)),
    "slow_lane": Provoked(K.SLOW_LANE, lambda: scenes(_slow(), 240, fps=5)),
    "closed_lane": Provoked(
        K.CLOSED_LANE, lambda: scenes([drives(1, 1.75, 12.0, from_s=3)], 40, closed=frozenset({"NB1"}))
    ),
    "red_running": Provoked(K.RED_RUNNING, lambda: scenes([], 40, ((-9.0, Interval.GREEN), (5.0, Interval.RED)),
                                                          crossings=_ran_red)),
    "near_miss": Provoked(K.NEAR_MISS, lambda: scenes(_near(), 40)),
    "low_visibility": Provoked(
        K.LOW_VISIBILITY, lambda: scenes([], 80, contrast=lambda t_s: 0.2 if 2 <= t_s < 25 else 0.9)
    ),
}  # fmt: skip

NAMES = [rule.name for rule in rules_of(site(), Road(site(), CAMERA))]
pytestmark = pytest.mark.parametrize("name", NAMES)


def make(name: str, **incidents: object) -> Rule:
    """A new rule of that name, as a site has it."""
    where = site(**incidents)
    return next(rule for rule in rules_of(where, Road(where, CAMERA)) if rule.name == name)


def test_it_speaks_of_its_own_kind_where_it_is_provoked(name: str) -> None:
    found = begun(told(make(name), PROVOKED[name].street()))
    assert [one.kind for one in found] == [PROVOKED[name].kind] * max(1, len(found))
    assert make(name).kinds == {PROVOKED[name].kind}


def test_every_start_is_followed_by_one_end_and_updates_at_most_once_a_second(name: str) -> None:
    last: dict[str, int] = {}
    for one in findings(told(make(name), PROVOKED[name].street())):
        assert one.rule == name
        assert 0.0 < one.confidence <= 1.0
        assert one.since_ns <= one.t_ns
        match one.stage:
            case Stage.START:
                assert one.key not in last
                last[one.key] = one.t_ns
            case Stage.UPDATE:
                assert one.t_ns - last[one.key] >= NS_PER_S
                last[one.key] = one.t_ns
            case Stage.END:
                del last[one.key]
            case Stage.MOMENT:
                assert one.key not in last
    assert not last, "the street is empty in the end"


def test_evidence_is_numbers_with_units_or_words(name: str) -> None:
    units = (
        "_s",
        "_m",
        "_mps",
        "_mps2",
        "_deg",
        "_share",
        "vehicles",
        "drove_round",
        "contrast",
        "lowest",
        "phase",
        "score",
    )
    for one in begun(told(make(name), PROVOKED[name].street())):
        assert one.evidence
        for key, value in one.evidence.items():
            assert isinstance(value, str | type(None)) or key.endswith(units), key


def test_the_same_street_gives_the_same_findings(name: str) -> None:
    street = PROVOKED[name].street()
    assert told(make(name), street) == told(make(name), street)


def test_blind_ends_what_is_open_once_and_says_why(name: str) -> None:
    rule = make(name)
    started: set[str] = set()
    street = PROVOKED[name].street()
    for scene in street:
        for one in findings(rule.update(scene)):
            if one.stage is Stage.START:
                started.add(one.key)
            elif one.stage is Stage.END:
                started.discard(one.key)
        if started:
            break
    t_ns = scene.t_ns + 1
    ended = findings(rule.blind(t_ns, "dark"))
    assert {one.key for one in ended} == started
    assert all(one.stage is Stage.END and one.evidence["ended"] == "unknown: dark" for one in ended)
    assert not rule.blind(t_ns + 1, "dark")


def test_after_blindness_it_starts_afresh(name: str) -> None:
    rule = make(name)
    street = PROVOKED[name].street()
    told(rule, street[:30])
    rule.blind(street[30].t_ns - 1, "dark")
    later = told(rule, street[30:])
    assert all(isinstance(one, Finding) or one.reason for one in later)
    assert len(findings(later, Stage.START)) == len(findings(later, Stage.END))


@pytest.mark.parametrize("shows", [GREEN, RED, None], ids=["green", "red", "dark"])
def test_an_empty_street_says_nothing(name: str, shows: tuple[tuple[float, Interval], ...] | None) -> None:
    assert not told(make(name), scenes([], 120, shows, fps=2, contrast=lambda _t_s: 0.9))


@pytest.mark.parametrize("shows", [GREEN, None], ids=["green", "dark"])
def test_free_flow_says_nothing(name: str, shows: tuple[tuple[float, Interval], ...] | None) -> None:
    flow = [drives(i, (-1.75, 1.75)[i % 2], 11.0 + i % 3, from_s=1.6 * i) for i in range(40)]
    walkers = [Actor(100, lambda t_s: (-9.0 + 0.25 * t_s, 5.0), Kind.PERSON)]
    assert not told(make(name), scenes([*flow, *walkers], 60, shows, contrast=lambda _t_s: 0.9))


def test_a_queue_at_red_and_its_discharge_say_nothing(name: str) -> None:
    red = (4.0, 45.0)
    shows = ((-30.0, Interval.GREEN), (0.0, Interval.YELLOW), (4.0, Interval.RED), (45.0, Interval.GREEN))
    queue = [
        *queue_and_discharge([2.0 * i for i in range(9)], 1.75, 90, red, noise_m=0.15, seed=1),
        *queue_and_discharge([1.0 + 3.1 * i for i in range(8)], -1.75, 90, red, first_id=50, noise_m=0.15, seed=2),
    ]
    assert not told(make(name), scenes(queue, 90, shows, contrast=lambda _t_s: 0.9))


def test_a_kind_that_is_off_has_no_rule(name: str) -> None:
    kind = PROVOKED[name].kind
    where = site(off=(kind.value,))
    assert name not in {rule.name for rule in rules_of(where, Road(where, CAMERA))}
