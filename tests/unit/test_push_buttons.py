"""Push buttons and recalls under every controller, on the real core: remembered until walk, told, recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calibration.buttons import Button
from calibration.load import SITES_DIR, read_site
from calibration.preempts import PreemptInput
from calibration.site import Site
from edge.control.placed import without_lane
from edge.control.push_buttons import PushButtons
from edge.live.cabinet import Inputs
from edge.messages import HiResBody, RecallCommand
from edge.stages.chain import CONTROL_NAMES, ControlName
from edge.telemetry.commands import Received
from edge.types import Interval, PedInterval, PhaseRequest, SignalState
from tests.unit.test_cabinet import SITE, Commands, Views, Writer, run

WALK = {"walk_s": 7.0, "ped_clearance_s": 6.0, "ped_recall": False}
ONE = "number = 1\nphase = 2\n"
EXAMPLE = (SITES_DIR / "example.toml").read_text("utf-8")


def walking(**phase: object) -> Site:
    """Both phases have a walk, called by button 1 (phase 4) and 7 (phase 2)."""
    assert SITE.signal is not None
    phases = tuple(one.model_copy(update={**WALK, **phase}) for one in SITE.signal.phases)
    buttons = (
        Button(number=1, phase=4, inputs=(PreemptInput(gpio=21),)),
        Button(number=7, phase=2, inputs=(PreemptInput(gpio=22),)),
    )
    signal = SITE.signal.model_copy(update={"phases": phases})
    return SITE.model_copy(update={"signal": signal, "buttons": buttons, "preempts": ()})


def pressed_at(*seconds: float, number: int = 1) -> Callable[[], frozenset[int]]:
    """Pressed for one step at those seconds; asked once a step."""
    step = iter(range(10**6))
    due = {round(10 * one) for one in seconds}
    return lambda: frozenset({number} if next(step) in due else ())


def walks(told: list[tuple[PhaseRequest, SignalState]], phase: int) -> list[float]:
    """When each walk of a phase began, s."""
    shown = [state.pedestrian.get(phase) is PedInterval.WALK for _, state in told]
    return [i / 10 for i in range(1, len(shown)) if shown[i] and not shown[i - 1]]


@pytest.mark.parametrize("control", CONTROL_NAMES)
def test_a_press_is_remembered_until_walk_and_then_over(control: ControlName) -> None:
    inputs = Inputs(Views(lambda _t, _c: True), buttons=pressed_at(20))
    writer = Writer()
    told = run(walking(), inputs, 150, control=control, writer=writer)
    began = walks(told, 4)
    assert len(began) == 1, "one press, one walk"
    assert 20 < began[0] < 110
    assert walks(told, 2) == []
    if control != "fixed":
        (asked,) = {request.reason for request, _ in told[202:203]}
        assert "4 (pedestrian call)" in asked
    events = [(code, number) for body in writer.kept if isinstance(body, HiResBody) for _, code, number in body.events]
    pedestrian = [one for one in events if one[0] in {45, 89, 90}]
    assert set(pedestrian[:2]) == {(90, 1), (45, 4)}
    assert pedestrian[2:] == [(89, 1)]


def test_without_a_press_nobody_walks_and_an_empty_phase_is_left_out() -> None:
    told = run(walking(), Inputs(Views(lambda _t, _c: True)), 100, control="adaptive")
    assert walks(told, 2) == walks(told, 4) == []


def test_a_press_for_a_green_that_nobody_wants_ended_walks_in_it() -> None:
    told = run(walking(), Inputs(Views(lambda _t, _c: True), buttons=pressed_at(40, number=7)), 60, control="adaptive")
    assert told[395][1].intervals[2] is Interval.GREEN
    assert len(walks(told, 2)) == 1


def test_a_press_during_walk_needs_no_other() -> None:
    buttons = PushButtons({1: 4}, lambda: (1, 9))
    state = SignalState(0, {4: Interval.GREEN}, {4: 0}, {4: PedInterval.WALK})
    buttons.look(state)
    assert buttons.held == {1}, "9 is no button here"
    assert not buttons.waiting
    buttons.look(SignalState(0, {4: Interval.GREEN}, {4: 0}, {4: PedInterval.CLEARANCE}))
    assert buttons() == {4}


def recall(ttl_s: float = 60) -> Received:
    command = RecallCommand(id="r", sent=datetime(2026, 5, 1, tzinfo=UTC), ttl_s=ttl_s, phases=[4])
    return Received("recall", command, ttl_s)


def greens(told: list[tuple[PhaseRequest, SignalState]], phase: int) -> list[float]:
    return [i / 10 for i, (_, state) in enumerate(told) if state.intervals[phase] is Interval.GREEN]


def test_a_recall_is_served_by_adaptive_control_as_a_call_while_it_holds() -> None:
    commands = Commands((30, recall()))
    told = run(SITE, Inputs(Views(lambda _t, _c: True), commands), 100, control="adaptive")
    assert commands.answers == [None]
    assert not [t for t in greens(told, 4) if t < 30], "nobody is there"
    plain = run(SITE, Inputs(Views(lambda _t, _c: True)), 60, control="adaptive")
    # By and by it is served for whoever may have come unseen; the recall is served before.
    assert 30 < greens(told, 4)[0] < greens(plain, 4)[0] - 5
    waiting = [request for request, state in told[302:890] if state.intervals[4] is not Interval.GREEN]
    assert all("also called: phase 4 (recall)" in request.reason for request in waiting)
    assert all(4 in (request.facts.called or ()) for request in waiting if request.facts is not None)
    assert "also called" not in told[-1][0].reason


def test_phases_that_no_lane_leads_to_are_named_and_never_left_to_the_planner() -> None:
    assert SITE.signal is not None
    assert without_lane(SITE.signal, [frozenset({2})]) == (4,)
    lanes = tuple(one.model_copy(update={"phase": None}) if one.id == "eb1" else one for one in SITE.lanes)
    movements = tuple(one for one in SITE.movements if one.id != "EBT")
    site = SITE.model_copy(update={"lanes": lanes, "movements": movements, "preempts": ()})
    told = run(site, Inputs(Views(lambda _t, _c: True)), 2, control="adaptive")
    assert told[-1][0].reason.startswith("no adaptive control: it failed (ConfigError: no lane leads to phase 4")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("number = 1\nphase = 9\ninputs = [{ gpio = 21 }]\n", ["buttons[1]", "no phase 9", "one with a walk: "]),
        ("number = 1\nphase = 1\ninputs = [{ gpio = 21 }]\n", ["phase 1 has no walk", "walk_s and ped_clearance_s"]),
        ("number = 1\nphase = 2\ninputs = [{ inverted = true }]\n", ["inputs[1]", "neither gpio nor port"]),
        ("number = 1\nphase = 2\ninputs = [{ gpio = 4 }, { gpio = 4 }]\n", ["pin 4 is buttons[1]", "already"]),
        (
            f"{ONE}inputs = [{{ gpio = 4 }}]\n[[buttons]]\n{ONE}inputs = [{{ gpio = 5 }}]\n",
            ["button 1 is there twice", "number it anew"],
        ),
    ],
)
def test_buttons_that_call_nothing_are_refused(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f"{EXAMPLE}\n[[buttons]]\n{text}", "utf-8")
    found = [one.sentence() for one in read_site(path)[1]]
    assert len(found) == 1, found
    for word in words:
        assert word in found[0]
    path.write_text(f"{EXAMPLE}\n[[buttons]]\nnumber = 1\nphase = 2\ninputs = [{{ gpio = 21 }}]\n", "utf-8")
    assert read_site(path)[1] == ()
