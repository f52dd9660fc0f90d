"""Control by rings over the stages of a junction's own program, against the real core."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from edge.clock import NS_PER_S
from edge.control.actuated import ActuatedController
from edge.control.junction import Surroundings
from edge.types import Demand, LaneDemand
from sim_videos.nets.cabinet import Cabinet
from sim_videos.nets.junction import Junction, Times, network
from sim_videos.nets.net_file import read_net
from sim_videos.nets.staged import Staged, staged_signal
from tests.unit.nets import tee

LANES = {"E_0": 1, "E_1": 1, "W_0": 2, "S_0": 3}


@pytest.fixture
def junction(tmp_path: Path) -> Junction:
    return network(read_net(tee.write(tmp_path)), Times()).junctions["J"]


def lane(name: str, queued: int) -> LaneDemand:
    turns = (LANES[name],) * queued
    return LaneDemand(name, LANES[name], queued > 0, (), queued, 5.0 if queued else None, 0.0, turns)


def run(
    junction: Junction, seconds: int, queued: dict[str, range], box: dict[range, dict[int, int]] | None = None
) -> list[tuple[str, int]]:
    """Letters with how long they lasted. queued: lane → the seconds in which one vehicle stands at its line."""
    now_s = 0

    def around(t_ns: int) -> Surroundings:
        inside = next((what for when, what in (box or {}).items() if now_s in when), {})
        return Surroundings(t_ns, inside)

    cabinet = Cabinet(junction, 0)
    controller = Staged(junction, ActuatedController(staged_signal(junction)), around)
    letters = []
    for now_s in range(seconds):
        lanes = {name: lane(name, int(now_s in queued.get(name, range(0)))) for name in LANES}
        request = controller.update(Demand(now_s * NS_PER_S, lanes), cabinet.state())
        letters.append(cabinet.letters(cabinet.ask(request)))
        cabinet.advance()
    return [(what, len(list(same))) for what, same in groupby(letters)]


def test_it_rests_where_nobody_calls(junction: Junction) -> None:
    assert run(junction, 30, {}) == [("GgGGrr", 30)]


def test_a_stage_that_nobody_calls_is_skipped(junction: Junction) -> None:
    shown = [what for what, _ in run(junction, 30, {"S_0": range(2, 20)})]
    assert shown == ["GgGGrr", "yyyyrr", "rrrrGG"]


def test_the_next_green_waits_for_a_clear_box(junction: Junction) -> None:
    free = run(junction, 30, {"S_0": range(2, 20)})
    held = run(junction, 30, {"S_0": range(2, 20)}, {range(11): {1: 1}})
    yellow_over = sum(seconds for _, seconds in free[:2])
    assert yellow_over < 11
    assert held[:2] == free[:2]
    assert held[2] == ("rrrrrr", 11 - yellow_over)


def test_and_no_longer_than_six_seconds(junction: Junction) -> None:
    shown = run(junction, 40, {"S_0": range(2, 30)}, {range(40): {1: 1}})
    assert shown[2] == ("rrrrrr", 6)
    assert shown[3][0] == "rrrrGG"


def test_whose_paths_do_not_cross_may_stay_in_the_box(junction: Junction) -> None:
    # Phase 2 begins beside phase 1: that somebody of 1 is inside holds nobody.
    shown = run(junction, 60, {"S_0": range(2, 14), "W_0": range(14, 60)}, {range(20, 60): {1: 1, 2: 1}})
    assert "GgGGrr" in [what for what, _ in shown[3:]]
    after = [what for what, _ in shown]
    assert "rrrrrr" not in after
