"""Coordinated-actuated control on the real core: yield points, permissive periods, force-offs.

One plan of 80 s on eight phases of 5 s least green, 3 s yellow and 1 s red clearance; phases 2 and 6
are coordinated. Force-offs: 1 and 5 at 10, 2 and 6 (the yield point) at 36, 3 and 7 at 54, 4 and 8 at 76.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from calibration.plans import Plan
from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.control.actuated import ActuatedController, ActuatedSettings
from edge.control.calls import CallSettings
from edge.control.coordinate import Coordination
from edge.control.coordinator import Coordinator
from edge.types import Ending, LaneDemand, PedInterval, SignalState
from tests.plan_sheets import clock, entry
from tests.signal_tables import phase, short_walk
from tests.unit.engineer.plan_run import Ran, lane, run

EIGHT = Signal(phases=tuple(phase(n) for n in range(1, 9)), rings=(((1, 2), (3, 4)), ((5, 6), (7, 8))))
SPLITS_S = {1: 14, 2: 26, 3: 18, 4: 22, 5: 14, 6: 26, 7: 18, 8: 22}
END = 1e9
Spans = tuple[tuple[float, float], ...]


def plan(**keys: Any) -> Plan:
    return Plan(name="peak", number=3, cycle_s=80, splits_s=SPLITS_S, coordinated=(2, 6), **keys)


def coordinated(sheet: Plan, signal: Signal = EIGHT, presses: tuple[tuple[float, int], ...] = ()) -> ActuatedController:
    waiting = sorted(presses)
    now_s = 0.0

    def buttons() -> frozenset[int]:
        return frozenset(waiting.pop(0)[1] for _ in range(sum(at_s <= now_s for at_s, _ in waiting)))

    coordinator = Coordinator(clock(signal, [sheet]), signal)

    def coordinate(state: SignalState) -> Coordination:
        nonlocal now_s
        now_s = state.t_ns / NS_PER_S
        return coordinator(state)

    settings = ActuatedSettings(calls=CallSettings(forgotten_s=None))
    return ActuatedController(signal, sheet, settings, coordinate=coordinate, ped_calls=buttons)


def waiting(spans: Mapping[int, Spans], t_s: float) -> dict[str, LaneDemand]:
    """Every lane is seen; one vehicle waits in those whose spans say so."""
    queued = {n for n, times in spans.items() if any(from_s <= t_s < to_s for from_s, to_s in times)}
    return {f"L{n}": lane(n, queue=int(n in queued)) for n in range(1, 9)}


def ran(sheet: Plan, spans: Mapping[int, Spans], seconds: float) -> Ran:
    return run(coordinated(sheet), EIGHT, seconds, lambda t_s: waiting(spans, t_s))


@dataclass(frozen=True)
class Row:
    """there: phase → from when to when a vehicle waits. greens: phase → its greens that ended."""

    name: str
    about: str
    there: Mapping[int, Spans]
    greens: Mapping[int, list[tuple[float, float]]]
    keys: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 130


ALWAYS: Spans = ((0, END),)
ROWS = (
    Row(
        "everybody",
        "With everybody waiting it is fixed time: each phase its split.",
        dict.fromkeys(range(1, 9), ALWAYS),
        {
            1: [(0, 10), (80, 90)],
            2: [(14, 36), (94, 116)],
            3: [(40, 54)],
            4: [(58, 76)],
            5: [(0, 10), (80, 90)],
            6: [(14, 36), (94, 116)],
            7: [(40, 54)],
            8: [(58, 76)],
        },
    ),
    Row(
        "fixed force-off",
        "Phase 3 gaps out at 45.5; with a fixed force-off 4 begins early and has what 3 left.",
        {2: ALWAYS, 6: ALWAYS, 3: ((0, 45),), 7: ((0, 45),), 4: ALWAYS, 8: ALWAYS},
        {2: [(0, 36), (80, 116)], 3: [(40, 45.5)], 4: [(49.5, 76)], 1: []},
    ),
    Row(
        "floating force-off",
        "With a floating one 4 has its split of 18 s green, and what 3 left is for the coordinated phases.",
        {2: ALWAYS, 6: ALWAYS, 3: ((0, 45),), 7: ((0, 45),), 4: ALWAYS, 8: ALWAYS},
        {2: [(0, 36), (71.5, 116)], 3: [(40, 45.5)], 4: [(49.5, 67.5)]},
        {"force_off": "floating"},
    ),
    Row(
        "held until the yield point",
        "A call for 4 at once, nobody on the coordinated phases: they are held until 36 all the same.",
        {4: ((1, 41),)},
        {2: [(0, 36)], 4: [(40, 45)], 8: [(40, 45)]},
    ),
    Row(
        "early return is held",
        "Phase 2 is back at 49; the call for 4 at 55 waits for the next yield point.",
        {4: ((1, 41), (55, END))},
        {2: [(0, 36), (49, 116)], 4: [(40, 45)]},
    ),
    Row(
        "permissive period",
        "Nobody calls at 36; a call at 60 is served, for 4 s clearance and 5 s least green still fit before 76.",
        {4: ((60, END),)},
        {2: [(0, 60), (80, 116)], 4: [(64, 76)]},
    ),
    Row(
        "permissive period is over",
        "They do not fit from 67 on (and a second): a call at 69 waits for the next cycle.",
        {4: ((69, END),)},
        {2: [(0, 116)], 4: []},
    ),
    Row(
        "permissive period by the sheet",
        "Where the sheet says until 50, a call at 60 waits.",
        {4: ((60, END),)},
        {2: [(0, 116)], 4: []},
        {"permissive_s": {4: (36, 50)}},
    ),
    Row(
        "coordinated phases actuated",
        "Held until 26, 10 s before the force-off; 2 and 6 have nobody and gap out there, which gives 4 more.",
        {4: ALWAYS},
        {2: [(0, 26), (80, 106)], 4: [(30, 76)]},
        {"coordinated_actuated_s": 10},
    ),
    Row(
        "coordinated phases extended",
        "With traffic on 2 until 31 it gaps out 0.6 s later, with more it would be forced off at 36.",
        {4: ALWAYS, 2: ((0, 31),)},
        {2: [(0, 31.5), (80, 106)], 4: [(35.5, 76)]},
        {"coordinated_actuated_s": 10},
    ),
    Row(
        "recall of the plan",
        "A max recall of the plan keeps 4 green until its force-off though nobody comes.",
        {},
        {2: [(0, 36), (80, 116)], 4: [(40, 76)]},
        {"recall": {4: "max"}},
    ),
    Row(
        "maximum counts",
        "Unless the plan inhibits it, the maximum of 40 s ends 4 before its force-off at 76.",
        {3: (), 4: ALWAYS},
        {2: [(0, 26)], 4: [(30, 70)]},
        {"coordinated_actuated_s": 10, "inhibit_max": False},
        75,
    ),
    Row(
        "a lagging left turn",
        "Phase 1 lags: 2 yields at 22 and 1 has its split after it, 6 goes on until 36.",
        {1: ALWAYS, 4: ALWAYS, 8: ALWAYS},
        {2: [(0, 22), (80, 102)], 1: [(26, 36), (106, 116)], 6: [(0, 36), (80, 116)], 4: [(40, 76)]},
        {"sequence": (((2, 1), (3, 4)), ((5, 6), (7, 8)))},
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
def test_the_pattern_is_kept_as_the_sheet_says(row: Row) -> None:
    shown = ran(plan(**row.keys), row.there, row.seconds)
    assert {phase: shown.of(phase) for phase in row.greens} == row.greens, row.about


def test_records_say_pattern_second_and_how_greens_ended() -> None:
    shown = ran(plan(), dict.fromkeys(range(1, 9), ALWAYS), 80)
    facts = [request.facts for request in shown.requests]
    endings = {(step / 10, p): how for step, fact in enumerate(facts) if fact for p, how in fact.endings.items()}
    assert endings[36.0, 2] is Ending.FORCE_OFF
    assert endings[54.0, 3] is Ending.FORCE_OFF
    now = facts[300]
    assert now is not None
    assert now.pattern is not None
    assert (now.pattern.number, now.cycle_second) == (3, 30.0)
    assert now.held == frozenset({2, 6})
    assert "plan 'peak', cycle second 30.0 of 80" in shown.reason_at(30)


def test_a_walk_begins_only_while_it_fits_before_the_force_off() -> None:
    """Walk 5 and clearance 6 s by button. At 60 they fit: 64 + 11 < 76. At 63 the green does, and they do not."""
    walking = short_walk(phase(4, walk_s=5, ped_clearance_s=6).model_copy(update={"ped_recall": False}))
    signal = EIGHT.model_copy(update={"phases": tuple(walking if p.number == 4 else p for p in EIGHT.phases)})

    def walks(at_s: float) -> tuple[list[tuple[float, float]], bool]:
        controller = coordinated(plan(), signal, ((at_s, 4),))
        # The witness would want a walk in every green; here they walk only when they called.
        shown = run(controller, signal, 78, lambda t_s: waiting({4: ((at_s, END),)}, t_s), laws=EIGHT)
        return shown.of(4), any(state.pedestrian.get(4) is PedInterval.WALK for state in shown.states)

    assert walks(60) == ([(64, 76)], True)
    assert walks(63.5) == ([(67.5, 76)], False)


def test_without_a_plan_for_it_operation_is_free() -> None:
    sheet = plan().model_copy(update={"coordinated": ()})
    coordination = Coordinator(clock(EIGHT, [sheet]), EIGHT)
    state = ran(plan(), {}, 0.1).states[0]
    assert coordination(state).pattern is None
    assert coordination(state).reason == "plan 'peak' coordinates no phase"
    by_hour = Coordinator(clock(EIGHT, [plan()], [entry("00:00", "free")]), EIGHT)
    assert by_hour(state).permitted is None
    assert by_hour(state).reason == "free since 00:00"
