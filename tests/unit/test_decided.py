"""Why, in reports: what counts as a decision, where the level changed, and what explains a long wait."""

from __future__ import annotations

from dataclasses import replace

from edge.clock import NS_PER_S
from edge.replay.decided import LONGEST, Decided, DecisionBook, decided_in, level_changes
from edge.replay.record import Record
from edge.replay.report import render
from edge.types import ControlFacts, Demand, Interval, LaneDemand, PhaseRequest, SignalState


def step(
    book: DecisionBook, t_s: float, phases: set[int], reason: str, level: str = "adaptive", **waits: float | None
) -> None:
    t_ns = round(t_s * NS_PER_S)
    lanes = {name: LaneDemand(name, int(name[-1]), None, None, None, wait_s, 0.0) for name, wait_s in waits.items()}
    request = PhaseRequest(t_ns, frozenset(phases), reason, facts=ControlFacts(level))
    state = SignalState(t_ns, {2: Interval.RED}, {2: 0})
    book.see(Demand(t_ns, lanes), request, state)


def test_a_step_that_asks_for_the_same_decides_nothing() -> None:
    book = DecisionBook(begin_s=100.0)
    step(book, 100, {2}, "phase 2 first")
    step(book, 101, {2}, "phase 2 goes on")
    step(book, 102, {4}, "phase 4 next: 11 queued")
    step(book, 103, {4}, "no lane is known; phase 4 recalled", level="actuated")
    assert book.decisions == [
        Decided(0.0, (2,), "adaptive", False, "phase 2 first"),
        Decided(2.0, (4,), "adaptive", False, "phase 4 next: 11 queued"),
        Decided(3.0, (4,), "actuated", True, "no lane is known; phase 4 recalled"),
    ]
    assert [one.t_s for one in level_changes(book.decisions)] == [3.0]


def test_a_long_wait_has_what_was_served_meanwhile_and_why_its_green_came() -> None:
    book = DecisionBook()
    step(book, 0, {2}, "2 before")
    for t_s in range(10, 51):
        asked, why = ({2}, "2 before") if t_s < 20 else ({6}, "6 has a platoon") if t_s < 45 else ({4}, "4 overdue")
        step(book, t_s, asked, why, lane4=t_s - 10.0, lane6=3.0)
    step(book, 51, {4}, "4 overdue", lane4=1.0, lane6=None)
    (wait,) = book.longest()
    assert (wait.lane, wait.phases, wait.waited_s, wait.ended_s, wait.ended) == ("lane4", (4,), 40.0, 51.0, True)
    assert [one.reason for one in wait.served] == ["6 has a platoon"]
    assert wait.begun is not None
    assert wait.begun.reason == "4 overdue"


def test_whoever_still_stands_is_told_and_the_longest_come_first() -> None:
    book = DecisionBook()
    for lane in range(LONGEST + 3):
        begin_s = 1000.0 * lane
        for late_s in (0, 10, 21 + lane):
            step(book, begin_s + late_s, {2}, "2", lane4=float(late_s))
        step(book, begin_s + 60, {2}, "2", lane4=None)
    step(book, 20_000, {2}, "2", lane4=500.0)
    waits = book.longest()
    assert [wait.waited_s for wait in waits] == [500.0, 28.0, 27.0, 26.0, 25.0]
    assert not waits[0].ended
    assert waits[0].begun is None


def test_a_wait_that_nobody_knows_is_none() -> None:
    book = DecisionBook()
    step(book, 0, {2}, "2", lane4=None)
    step(book, 100, {2}, "2", lane4=None)
    step(book, 101, {2}, "2", lane4=19.0)
    step(book, 102, {2}, "2", lane4=0.0)
    assert book.longest() == ()


def test_a_shared_lane_waits_for_the_turn_of_its_first_vehicle_or_for_all_of_its_phases() -> None:
    for turns, phases in (((7, 4), (7,)), ((None, 4), (4, 7)), (None, (4, 7))):
        book = DecisionBook(phases_of=lambda _lane: frozenset({4, 7}))
        lane = LaneDemand("x", None, True, (), 2, 30.0, 0.0, turns=turns)
        request = PhaseRequest(0, frozenset({2}), "2")
        book.see(Demand(0, {"x": lane}), request, SignalState(0, {}, {}))
        assert book.longest()[0].phases == phases
        assert book.decisions[0].level is None


RUN = {"kind": "run", "t_ns": 0, "site": "x", "site_name": "X", "movements": [], "lanes": [], "phases": [2, 4]}


def signal(t_s: int, level: str | None, shown: str) -> dict[str, object]:
    phases = [{"phase": 2, "interval": shown}, {"phase": 4, "interval": "red"}]
    return {"kind": "signal", "t_ns": t_s * NS_PER_S, "level": level, "phases": phases}


def request(t_s: int, phases: list[int], reason: str) -> dict[str, object]:
    return {"kind": "request", "t_ns": t_s * NS_PER_S, "phases": phases, "reason": reason}


def test_a_replay_tells_what_its_events_know() -> None:
    events = (
        RUN,
        signal(0, "actuated", "red"),
        request(1, [2], "phase 2 (3 queued)"),
        signal(9, "fixed", "green"),
        request(10, [4], "<b>no lane is known</b>; fixed plan 'day'"),
    )
    record = Record(RUN, None, events)
    assert decided_in(record) == [
        Decided(1.0, (2,), "actuated", False, "phase 2 (3 queued)"),
        Decided(10.0, (4,), "fixed", True, "<b>no lane is known</b>; fixed plan 'day'"),
    ]
    page = render(record, {})
    assert "2 decisions, with the reason of each" in page
    assert "another level of control took over" in page
    assert "&lt;b&gt;no lane is known" in page
    assert "<b>no lane" not in page
    without = replace(record, events=(RUN,))
    assert "<h2>Why</h2>" not in render(without, {})
