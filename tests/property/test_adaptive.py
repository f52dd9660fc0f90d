"""Laws of the planner for any traffic: nothing incompatible, no chatter, nobody starves, the same in, the same out."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import NS_PER_S
from edge.control.adaptive.controller import AdaptiveController
from edge.control.adaptive.settings import AdaptiveSettings
from tests import queue_toy

pytest.importorskip("edge.control.adaptive._planner", reason="the planner was not compiled: no C compiler")

_SECONDS = 150
_LIMIT_S = 40.0
#: At the limit one green may have just begun, and another phase may be overdue before: least green, yellow, clearance.
_TURN_S = 2 * (5.0 + 3.0 + 1.0) + 2.0

_TIMES = st.lists(st.floats(0, _SECONDS - 1, allow_nan=False), max_size=40).map(sorted)
_TRAFFIC = st.fixed_dictionaries({2: _TIMES, 3: _TIMES, 4: _TIMES})
_BLIND = st.sets(st.sampled_from((2, 3, 4)), max_size=2).map(sorted)


def _controller() -> AdaptiveController:
    return AdaptiveController(queue_toy.CROSS, AdaptiveSettings(limit_s=_LIMIT_S))


@settings(max_examples=15, deadline=None)
@given(_TRAFFIC, _BLIND)
def test_what_it_asks_for_may_be_green_together_and_is_not_taken_back_within_a_second(
    traffic: dict[int, list[float]], blind: list[int]
) -> None:
    ran = queue_toy.run(_controller(), traffic, _SECONDS, blind)
    changed: dict[int, list[tuple[int, bool]]] = {2: [], 3: [], 4: []}
    for request in ran.requests:
        for pair in combinations(sorted(request.phases), 2):
            assert any(set(pair) <= stage for stage in queue_toy.CROSS.stages)
        assert request.reason
        for phase, changes in changed.items():
            asked = phase in request.phases
            if not changes or changes[-1][1] is not asked:
                changes.append((request.t_ns, asked))
    for changes in changed.values():
        for (before_ns, _), (after_ns, _) in pairwise(changes[1:]):
            assert after_ns - before_ns >= NS_PER_S, "asked for and taken back within a second"


@settings(max_examples=15, deadline=None)
@given(_TRAFFIC, _BLIND)
def test_nobody_who_calls_waits_beyond_the_limit_and_a_turn(traffic: dict[int, list[float]], blind: list[int]) -> None:
    ran = queue_toy.run(_controller(), traffic, _SECONDS, blind)
    assert max(ran.longest_s.values()) <= _LIMIT_S + _TURN_S


@settings(max_examples=5, deadline=None)
@given(_TRAFFIC)
def test_the_same_traffic_gives_the_same_requests(traffic: dict[int, list[float]]) -> None:
    first, second = (queue_toy.run(_controller(), traffic, 60) for _ in range(2))
    assert first.requests == second.requests


@settings(max_examples=5, deadline=None)
@given(_TRAFFIC)
def test_phases_come_whatever_nobody_sees(traffic: dict[int, list[float]]) -> None:
    ran = queue_toy.run(_controller(), traffic, _SECONDS, (2, 3, 4))
    for phase in (2, 3, 4):
        assert any(phase in request.phases for request in ran.requests)
