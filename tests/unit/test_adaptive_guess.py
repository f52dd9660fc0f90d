"""What is guessed of a lane: cases that have together what was learned, and a first vehicle that does not move."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from edge.clock import NS_PER_S
from edge.control.adaptive.guess import Guess, Learned
from edge.control.adaptive.heads import Heads
from edge.control.junction import JunctionModel, LaneModel, PhaseModel, Surroundings, Way
from edge.types import Interval, LaneDemand, SignalState

SHARES = {1: 0.7, 2: 0.3}
LANES = (
    LaneModel("shared", (Way(1, 0.7), Way(2, 0.3, yields_to=frozenset({5}))), 100.0, 13.0, approach="north"),
    LaneModel("beside", (Way(3, 1.0),), 100.0, 13.0, approach="north"),
    LaneModel("across", (Way(5, 1.0),), 100.0, 13.0, approach="south"),
)
MODEL = JunctionModel(
    "J",
    tuple(PhaseModel(number, 5.0, 3.0, 0.0, 60.0) for number in (1, 2, 3, 5)),
    LANES,
    (frozenset({1, 2, 5}), frozenset({1, 5}), frozenset({3})),
)
STANDS = LaneDemand("shared", 1, True, (), 2, 9.0, 0.3)


def learned(**more: float) -> Learned:
    return Learned(
        SHARES, SHARES, more.get("rate", 0.1), more.get("found", 1.0), int(more.get("gone", 0)), more.get("came", 0.0)
    )


def test_all_cases_together_and_any_few_vehicles_of_one_have_the_lanes_shares() -> None:
    assert Counter(Guess(learned(), 3, case, 10).turn() for case in range(10)) == {1: 7, 2: 3}
    one = Guess(learned(), 3)
    assert Counter(one.turn() for _ in range(100))[2] in range(28, 33)


def test_a_vehicle_keeps_its_turn_when_those_before_it_have_gone() -> None:
    before, after = Guess(learned(gone=4), 1, 2, 4), Guess(learned(gone=6), 1, 2, 4)
    assert [before.turn() for _ in range(12)][2:] == [after.turn() for _ in range(10)]


def test_a_known_turn_is_not_guessed_and_the_cases_stay_at_the_same_vehicles() -> None:
    assert [Guess(learned(), cases=cases).turn(2) for cases in (1, 4)] == [2, 2]
    told, guessed = Guess(learned(), 1, 2, 4), Guess(learned(), 1, 2, 4)
    told.turn(2), guessed.turn()
    assert [told.turn() for _ in range(9)] == [guessed.turn() for _ in range(9)]
    only = Guess(learned())
    assert [only.turn() for _ in range(10)].count(1) == 7


def test_the_first_has_shares_of_its_own() -> None:
    one = Guess(Learned({1: 1.0}, {2: 1.0}, 0.1, 1.0), cases=2)
    assert [one.turn() for _ in range(3)] == [2, 1, 1]


def test_the_unseen_are_as_many_as_are_missed() -> None:
    one, unseen = Guess(learned(found=0.8), cases=4), 0
    for _ in range(400):
        unseen += one.unseen()
        one.turn()
    assert unseen == pytest.approx(100, abs=3)
    assert not Guess(learned()).unseen()


def test_those_beyond_the_view_come_at_the_rate_and_nearer_with_time() -> None:
    coming = Guess(learned(rate=0.2, came=0.0), 1, 1, 4).coming(5.0, 50.0)
    assert len(coming) == pytest.approx(9, abs=1)
    assert all(5.0 <= at_s < 50.0 and weight == 1.0 for at_s, _, weight in coming)
    later = Guess(learned(rate=0.2, came=0.2), 1, 1, 4).coming(5.0, 50.0)
    assert [at_s - 1.0 for at_s, _, _ in coming if at_s >= 6.0] == pytest.approx(
        [at_s for at_s, _, _ in later if at_s < 49.0]
    )


def test_the_only_case_has_the_mean_of_those_beyond_the_view_and_they_stay_where_they_are() -> None:
    coming = Guess(learned(rate=0.05, came=0.0)).coming(5.0, 53.0)
    assert sum(weight for _, _, weight in coming) == pytest.approx(0.05 * 48.0)
    assert np.average([at_s for at_s, _, _ in coming], weights=[weight for _, _, weight in coming]) == 29.0
    assert sum(weight for _, phase, weight in coming if phase == 2) == pytest.approx(0.3 * 0.05 * 48.0, abs=0.3)
    assert Guess(learned(rate=0.05, came=0.4)).coming(5.0, 53.0) == coming


@pytest.mark.parametrize("cases", [1, 4])
def test_nobody_comes_where_nobody_ever_came(cases: int) -> None:
    assert Guess(learned(rate=0.0), cases=cases).coming(5.0, 50.0) == []
    assert Guess(learned(rate=0.1), cases=cases).coming(50.0, 50.0) == []


NOTHING = Surroundings(0, {}, (), stands={})


def _watch(
    heads: Heads, green: set[int], seconds: int, demand: LaneDemand = STANDS, around: Surroundings = NOTHING
) -> dict[int, float]:
    for t_s in range(20, 20 + seconds):
        shown = {phase.phase: Interval.GREEN if phase.phase in green else Interval.RED for phase in MODEL.phases}
        signal = SignalState(t_s * NS_PER_S, shown, dict.fromkeys(shown, 10 * NS_PER_S))
        heads.look(signal, {"shared": demand}, around)
    return dict(heads.shares(LANES[0], SHARES, demand))


def test_who_stays_although_it_may_go_straight_wants_to_turn() -> None:
    heads = Heads(MODEL)
    assert _watch(heads, {1}, 2)[1] > 0.6
    assert _watch(heads, {1}, 6)[2] > 0.9
    heads.passed("shared")
    assert heads.shares(LANES[0], SHARES, STANDS) == SHARES


def test_who_stays_although_all_turns_of_its_lane_are_green_wants_another_lane() -> None:
    assert _watch(Heads(MODEL), {1, 2}, 8)[3] > 0.8


@pytest.mark.parametrize(
    ("green", "around"),
    [
        ({1}, replace(NOTHING, stands={2: 1})),
        ({2, 5}, NOTHING),
        ({3}, NOTHING),
        ({1}, replace(NOTHING, passed=None)),
        ({1}, replace(NOTHING, unwatched=frozenset({"shared"}))),
    ],
    ids=["somebody in the box before it", "must yield", "red", "nobody knows who leaves", "nor of this lane"],
)
def test_reasons_to_stand_that_tell_nothing(green: set[int], around: Surroundings) -> None:
    seen = _watch(Heads(MODEL), green, 9, around=around)
    assert {phase: seen[phase] for phase in SHARES} == pytest.approx(SHARES, abs=0.02)


def test_a_queue_that_moves_tells_nothing() -> None:
    moves = LaneDemand("shared", 1, True, ((3.0, 4.0),), 1, 9.0, 0.3)
    assert _watch(Heads(MODEL), {1}, 9, moves) == SHARES
