"""The core behind the letters: yellow, all-red, right of way, and no lamp that goes from yellow to green."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pytest

from edge.clock import NS_PER_S
from edge.types import PhaseRequest
from sim_videos.nets.cabinet import Cabinet
from sim_videos.nets.junction import Junction, Times, network
from sim_videos.nets.net_file import read_net
from tests.unit.nets import tee

BOTH, LEFT, SIDE = frozenset({1, 2}), frozenset({1}), frozenset({3})


def junction(tmp_path: Path, red_clearance_s: float) -> Junction:
    return network(read_net(tee.write(tmp_path)), Times(red_clearance_s=red_clearance_s)).junctions["J"]


def shown(one: Junction, asked: Sequence[frozenset[int]]) -> tuple[list[tuple[str, int]], Cabinet]:
    """Letters with the seconds that they lasted, for what was asked each second."""
    begin_ns = 100 * NS_PER_S
    cabinet = Cabinet(one, begin_ns)
    letters = []
    for i, phases in enumerate(asked):
        state = cabinet.state()
        assert state.t_ns == begin_ns + i * NS_PER_S
        letters.append(cabinet.letters(cabinet.ask(PhaseRequest(state.t_ns, phases, "test"))))
        cabinet.advance()
    return [(what, len(list(same))) for what, same in groupby(letters)], cabinet


def test_the_programs_first_stage_is_green_from_the_first_second(tmp_path: Path) -> None:
    letters, _ = shown(junction(tmp_path, 0.0), [BOTH] * 4)
    assert letters == [("GgGGrr", 4)]


def test_a_change_without_all_red(tmp_path: Path) -> None:
    letters, cabinet = shown(junction(tmp_path, 0.0), [*[BOTH] * 5, *[SIDE] * 10])
    assert letters == [("GgGGrr", 5), ("yyyyrr", 3), ("rrrrGG", 7)]
    assert cabinet.laws_broken == 0


def test_a_change_with_all_red(tmp_path: Path) -> None:
    letters, _ = shown(junction(tmp_path, 2.0), [*[BOTH] * 5, *[SIDE] * 10])
    assert letters == [("GgGGrr", 5), ("yyyyrr", 3), ("rrrrrr", 2), ("rrrrGG", 5)]


def test_a_phase_of_both_stages_stays_green_and_yields_until_the_other_has_cleared(tmp_path: Path) -> None:
    letters, _ = shown(junction(tmp_path, 2.0), [*[BOTH] * 5, *[LEFT] * 8])
    assert letters == [("GgGGrr", 5), ("Ggyyrr", 3), ("Ggrrrr", 2), ("GGrrrr", 3)]


def test_the_minimum_is_served_whatever_is_asked(tmp_path: Path) -> None:
    letters, _ = shown(junction(tmp_path, 0.0), [*[BOTH] * 3, *[SIDE] * 4, *[BOTH] * 12])
    assert letters[1] == ("yyyyrr", 3)
    assert letters[2] == ("rrrrGG", 5)


@pytest.mark.parametrize("red_clearance_s", [0.0, 2.0])
def test_a_phase_that_is_asked_for_again_while_it_ends_is_red_in_between(
    tmp_path: Path, red_clearance_s: float
) -> None:
    letters, cabinet = shown(junction(tmp_path, red_clearance_s), [*[BOTH] * 5, SIDE, *[BOTH] * 8])
    assert [what for what, _ in letters] == ["GgGGrr", "yyyyrr", "rrrrrr", "GgGGrr"]
    assert letters[2][1] == max(1, red_clearance_s)
    assert cabinet.laws_broken == 0


def test_phases_that_conflict_are_refused(tmp_path: Path) -> None:
    letters, cabinet = shown(junction(tmp_path, 0.0), [*[BOTH] * 5, frozenset({1, 3})])
    assert letters == [("GgGGrr", 6)]
    assert cabinet.refused == 1
