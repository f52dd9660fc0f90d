"""The recording bridge: what it writes, and when its modelled lamps change."""

from __future__ import annotations

import json

import pytest

from edge.clock import NS_PER_S
from edge.types import Interval, PhaseRequest
from firmware_bridge.recording import MAX_TTL_MS, RecordingBridge
from tests.signal_tables import EIGHT, TWO


def request(t_s: float, phases: set[int], ttl_ms: int = 300, reason: str = "why") -> PhaseRequest:
    return PhaseRequest(round(t_s * NS_PER_S), frozenset(phases), reason, ttl_ms)


def keep_asking(bridge: RecordingBridge, phases: set[int], from_s: float, until_s: float) -> None:
    """Ask every half second in [from_s, until_s), each time for a second."""
    for half in range(round(from_s * 2), round(until_s * 2)):
        bridge.request(request(half / 2, phases, ttl_ms=MAX_TTL_MS))


def test_each_request_is_one_line_with_its_keys_in_order() -> None:
    lines: list[str] = []
    bridge = RecordingBridge(EIGHT, lines.append)
    bridge.request(request(1.5, {6, 2}, reason="fixed plan 'day' – naïve"))
    bridge.request(request(1.6, {2, 4}))
    assert lines == [
        '{"t_ns":1500000000,"phases":[2,6],"reason":"fixed plan \'day\' – naïve","ttl_ms":300}\n',
        '{"t_ns":1600000000,"phases":[2,4],"reason":"why","ttl_ms":300,"refused":"phases 2 and 4 conflict"}\n',
    ]
    assert bridge.refused == 1


@pytest.mark.parametrize(
    ("late", "why"),
    [
        (request(1.5, {17}), "there is no phase 17"),
        (request(1.5, {3, 4, 2}), "phases 2 and 3 conflict"),
        (request(1.5, {2}, ttl_ms=0), f"ttl_ms must be 1 to {MAX_TTL_MS}"),
        (request(1.5, {2}, ttl_ms=MAX_TTL_MS + 1), f"ttl_ms must be 1 to {MAX_TTL_MS}"),
        (request(0.5, {2}, ttl_ms=500), "it came after its time to live"),
        (request(0.9, {2}, ttl_ms=MAX_TTL_MS), "it is older than the one before"),
    ],
)
def test_says_why_it_refused(late: PhaseRequest, why: str) -> None:
    lines: list[str] = []
    bridge = RecordingBridge(EIGHT, lines.append)
    bridge.request(request(1.0, {2}, ttl_ms=MAX_TTL_MS))
    bridge.request(late)
    assert json.loads(lines[-1])["refused"] == why
    assert bridge.state(3 * NS_PER_S // 2).fault == f"request refused: {why}"


def test_a_refused_request_does_not_prolong_the_one_before() -> None:
    bridge = RecordingBridge(TWO, lambda _line: None, startup_s=0)
    keep_asking(bridge, {2}, 0, 7.5)
    assert bridge.state(7 * NS_PER_S).intervals[2] is Interval.GREEN
    bridge.request(request(7.9, {2, 4}, ttl_ms=MAX_TTL_MS))
    state = bridge.state(8 * NS_PER_S)
    assert (state.intervals[2], state.since_ns[2]) == (Interval.YELLOW, 8 * NS_PER_S)


def test_an_interval_has_ended_at_its_very_instant() -> None:
    bridge = RecordingBridge(TWO, lambda _line: None, startup_s=6)
    keep_asking(bridge, {2}, 0, 6)
    assert bridge.state(6 * NS_PER_S - 1).mode == "startup"
    state = bridge.state(6 * NS_PER_S)
    assert (state.mode, state.intervals[2], state.since_ns[2]) == ("running", Interval.GREEN, 6 * NS_PER_S)
    keep_asking(bridge, {2}, 6, 9)
    ends_s = {13: Interval.YELLOW, 16: Interval.RED_CLEARANCE, 18: Interval.RED}  # min green 7, yellow 3, clearance 2
    asked_s = 9
    for end_s, shown in ends_s.items():
        keep_asking(bridge, {4}, asked_s, end_s)
        asked_s = end_s
        assert bridge.state(end_s * NS_PER_S - 1).intervals[2] is not shown
        assert bridge.state(end_s * NS_PER_S).intervals[2] is shown
    assert bridge.state(18 * NS_PER_S).intervals[4] is Interval.GREEN


def test_states_given_out_are_not_changed_later() -> None:
    bridge = RecordingBridge(TWO, lambda _line: None, startup_s=0)
    before = bridge.state(0)
    bridge.request(request(0, {2}))
    assert before.intervals[2] is not Interval.GREEN
    assert bridge.state(0).intervals[2] is Interval.GREEN
