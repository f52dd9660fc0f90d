"""Control in a process of its own: views, commands, contacts and records joined, on the real core."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from calibration.plans import Plan
from calibration.preempts import Preempt
from calibration.site import Site
from edge.bus import decode, encode
from edge.clock import NS_PER_S, ReplayClock
from edge.control.adaptive.controller import AdaptiveController
from edge.control.policy import Policy
from edge.control.tally import Count, Tally
from edge.control.view import View
from edge.errors import SiteError, StorageError
from edge.incidents.reactions import Reactions
from edge.live.cabinet import Cabinet, Inputs
from edge.messages import Body, HiResBody, PreemptCommand, RecallCommand, SignalBody
from edge.stages.chain import ControlName, known_of
from edge.telemetry.commands import Received
from edge.types import Interval, PhaseRequest, Sight, SignalState
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of
from tests.junction import junction, lane

SITE = junction().model_copy(
    update={
        "plan": Plan(name="day", cycle_s=60, splits_s={2: 30, 4: 30}),
        "preempts": (Preempt(number=1, name="engine", approach="EB", min_dwell_s=5),),
    }
)


class Views:
    """Both cameras see an empty street, as long as `seen` says so."""

    def __init__(self, seen: Callable[[float, str], bool], lane_of_east: str = "eb1") -> None:
        self._seen = seen
        self._lanes = {"north": "nb1", "east": lane_of_east}

    def latest(self, t_ns: int) -> list[View]:
        t_s = t_ns / NS_PER_S
        return [
            View(Sight(t_ns, camera, True), (lane(t_s, name, presence=False, queue=0),), {name: ()})
            for camera, name in self._lanes.items()
            if self._seen(t_s, camera)
        ]

    def close(self) -> None:
        """Nothing is open."""


class Commands:
    """Commands at their second, and what they were answered."""

    def __init__(self, *due: tuple[float, Received]) -> None:
        self._due = list(due)
        self.now_s = 0.0
        self.answers: list[str | None] = []

    def received(self) -> list[Received]:
        now = [one for t_s, one in self._due if t_s <= self.now_s]
        self._due = [one for one in self._due if one[0] > self.now_s]
        return now

    def answer(self, received: Received, refused: str | None) -> None:
        del received
        self.answers.append(refused)


class Writer:
    """In place of the outbox's thread; from `fails_from` on its disk is full."""

    def __init__(self, fails_from: int = 10**9) -> None:
        self.kept: list[Body] = []
        self.tried = 0
        self._fails_from = fails_from

    def append_many(self, records: Iterable[tuple[int, Body]]) -> None:
        self.tried += 1
        if self.tried > self._fails_from:
            raise StorageError("the disk is full")
        self.kept += [body for _, body in records]


def run(
    site: Site, inputs: Inputs, seconds: float, *, control: ControlName = "actuated", writer: Writer | None = None
) -> list[tuple[PhaseRequest, SignalState]]:
    clock = ReplayClock()
    bridge = SimulatedBridge(table_of(site))
    told = []
    with Cabinet(site, control, bridge, clock, inputs, writer) as cabinet:
        for tenth in range(round(seconds * 10)):
            if isinstance(inputs.commands, Commands):
                inputs.commands.now_s = tenth / 10
            clock.advance_to(tenth * NS_PER_S // 10)
            told.append(cabinet.step(clock.now_ns()))
    assert bridge.refused == 0
    return told


def level(request: PhaseRequest) -> str:
    assert request.facts is not None
    return request.facts.level


def received(number: int) -> Received:
    command = PreemptCommand(id=f"c{number}", sent=datetime(2026, 5, 1, tzinfo=UTC), ttl_s=20, number=number)
    return Received("preempt", command, 20)


def test_a_command_preempts_is_answered_and_recorded() -> None:
    commands = Commands((30, received(1)), (31, received(4)))
    writer = Writer()
    told = run(SITE, Inputs(Views(lambda _t, _c: True), commands), 70, writer=writer)
    assert commands.answers == [None, "the site has no preemption 4, only 1"]
    stages = [request.facts.preempt.stage for request, _ in told if request.facts and request.facts.preempt]
    assert list(dict.fromkeys(stages)) == ["entry", "dwell"]
    dwell = [state for request, state in told if request.facts and request.facts.preempt]
    assert dwell[-1].intervals[4] is Interval.GREEN
    assert len(stages) == 200, "as long as the command holds"
    signals = [body for body in writer.kept if isinstance(body, SignalBody)]
    assert {(body.level, body.preempt and body.preempt.stage) for body in signals} >= {
        ("actuated", None),
        ("preempt", "entry"),
        ("preempt", "dwell"),
    }
    codes = {code for body in writer.kept if isinstance(body, HiResBody) for _, code, _ in body.events}
    assert {102, 105, 107} <= codes, "preempt call on, entry started, begin of dwell"


def test_contacts_call_too() -> None:
    told = run(SITE, Inputs(contacts=lambda t_ns: (1,) if t_ns >= 30 * NS_PER_S else ()), 40, control="fixed")
    assert told[-1][0].facts is not None
    assert told[-1][0].facts.preempt is not None


@pytest.mark.parametrize("control", ["fixed", "actuated"])
def test_a_crash_calls_the_preemption_that_the_site_names_and_lets_go_of_it(control: ControlName) -> None:
    clock = ReplayClock()
    bridge = SimulatedBridge(table_of(SITE))
    preempted: list[bool] = []
    with Cabinet(SITE, control, bridge, clock, Inputs(Views(lambda _t, _c: True))) as cabinet:
        for tenth in range(600):
            clock.advance_to(tenth * NS_PER_S // 10)
            if tenth in {100, 300}:
                cabinet.react(Reactions(preempt=frozenset({1, 9})) if tenth == 100 else Reactions())
            request, _ = cabinet.step(clock.now_ns())
            preempted.append(request.facts is not None and request.facts.preempt is not None)
    assert bridge.refused == 0
    assert (any(preempted[:100]), all(preempted[110:290]), any(preempted[400:])) == (False, True, False)


def test_incidents_recall_phases_that_the_site_has_beside_those_of_commands() -> None:
    policy = Policy(known_of(SITE))
    state = SignalState(0, {2: Interval.RED, 4: Interval.RED}, {2: 0, 4: 0})
    policy.react({4, 99}, ())
    assert policy.recalled(None)(state).recall == {4}
    policy.take(RecallCommand(id="r", sent=datetime(2026, 5, 1, tzinfo=UTC), ttl_s=20, phases=[2]), 20, 0)
    assert policy.recalled(None)(state).recall == {2, 4}
    policy.react((), ())
    assert policy.recalled(None)(state).recall == {2}


def test_cameras_that_die_cost_their_lanes_and_then_the_level() -> None:
    def seen(t_s: float, camera: str) -> bool:
        return t_s < 20 or (camera == "north" and t_s < 40) or t_s > 60

    told = run(SITE, Inputs(Views(seen)), 80)
    levels = [level(request) for request, _ in told]
    assert levels[:420] == ["actuated"] * 420, "one of two cameras is enough"
    assert levels[425:700] == ["fixed"] * 275
    assert levels[715:] == ["actuated"] * 85
    east = [request.reason for request, _ in told[230:400]]
    assert any("eb1 unknown" in reason for reason in east)


#: North's one lane is shared by NBT (phase 2) and NBL (phase 1).
SHARED = SITE.model_copy(
    update={
        "movements": (
            *(one.model_copy(update={"lanes": ("nb1",)} if one.id == "NBT" else {}) for one in SITE.movements),
            SITE.movements[0].model_copy(update={"id": "NBL", "phase": 1, "lanes": ("nb1",)}),
        ),
        "signal": SITE.signal.model_copy(  # type: ignore[union-attr]
            update={
                "phases": (
                    SITE.signal.phases[0].model_copy(update={"number": 1}),  # type: ignore[union-attr]
                    *SITE.signal.phases,  # type: ignore[union-attr]
                ),
                "rings": (((1, 2), (4,)),),
            }
        ),
        "plan": None,
        "preempts": (),
    }
)


class Counting(Views):
    """Of four vehicles that leave nb1, one a second, three turn left. Every third view arrives, after 20 s one in 20.

    Each goes over the wire. A second process of the camera begins at 60 s.
    """

    def latest(self, t_ns: int) -> list[View]:
        tenth = t_ns * 10 // NS_PER_S
        if tenth % (3 if tenth < 200 else 20):
            return []
        since = 0 if tenth < 600 else 600
        gone = (tenth - since) // 10
        left = gone * 3 // 4
        counts = tuple(
            Count("nb1", movement, number, t_ns) for movement, number in (("NBL", left), ("NBT", gone - left)) if number
        )
        tally = Tally(since * NS_PER_S // 10, counts)
        return [
            decode(encode(replace(view, tally=tally if view.sight.camera == "north" else None)))
            for view in super().latest(t_ns)
        ]


def test_adaptive_control_learns_turns_from_what_cameras_count(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[AdaptiveController] = []

    class Watched(AdaptiveController):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            made.append(self)

    monkeypatch.setattr("edge.stages.chain.AdaptiveController", Watched)
    told = run(SHARED, Inputs(Counting(lambda _t, _c: True)), 120, control="adaptive")
    assert level(told[-1][0]) == "adaptive"
    (one,) = made
    shares = one._traffic.shares("nb1")
    assert shares[1] == pytest.approx(0.75, abs=0.04), "half and half, before any was seen"
    assert one._traffic.rate_veh_s("nb1") == pytest.approx(0.68, abs=0.08), "one a second, from 0.06 beforehand on"
    assert one._traffic.rate_veh_s("eb1") == pytest.approx(0.06), "east counts nothing, which is not the same as nobody"


def test_a_full_disk_ends_records_and_not_control(caplog: pytest.LogCaptureFixture) -> None:
    writer = Writer(fails_from=3)
    told = run(SITE, Inputs(Views(lambda _t, _c: True)), 30, writer=writer)
    assert told[-1][1].mode == "running"
    assert writer.tried == 4
    assert [r.message for r in caplog.records if r.levelname == "ERROR"] == [
        "no more records are kept, control goes on: the disk is full"
    ]


def test_a_camera_of_another_site_file_is_told_once_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    told = run(SITE, Inputs(Views(lambda _t, _c: True, lane_of_east="wb7")), 15)
    assert level(told[-1][0]) == "actuated"
    assert [r.message for r in caplog.records if r.levelname == "ERROR"] == [
        "camera east speaks of lane 'wb7', which is not its own here"
    ]


def test_a_site_without_signal_is_refused() -> None:
    site = junction(signal=False)
    with pytest.raises(SiteError, match="signal: is missing"):
        Cabinet(site, "fixed", SimulatedBridge(table_of(SITE)), ReplayClock())
