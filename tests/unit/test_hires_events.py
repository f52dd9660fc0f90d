"""Each high-resolution event: its code, its instant, and that nothing is told which was not so."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.detectors import Detector, each_lane
from edge.clock import NS_PER_MS, NS_PER_S
from edge.telemetry.hires import RESOLUTION_NS, HiResEvent, HiResEvents, body_of
from edge.telemetry.hires_codes import Code
from edge.types import (
    ControlFacts,
    Demand,
    Ending,
    Interval,
    LaneDemand,
    Pattern,
    PedInterval,
    PhaseRequest,
    PreemptNow,
    SignalState,
)
from firmware_bridge.seen import WHYS
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of_signal
from tests.signal_tables import EIGHT, TWO

G, Y, RC, R = Interval.GREEN, Interval.YELLOW, Interval.RED_CLEARANCE, Interval.RED
Told = list[tuple[float, int, int]]


def ns(t_s: float) -> int:
    return round(t_s * NS_PER_S)


def lamps(t_s: float, shown: dict[int, tuple[Interval, float]], **more: object) -> SignalState:
    """Phase → (interval, second in which it began)."""
    return SignalState(
        ns(t_s),
        {phase: interval for phase, (interval, _) in shown.items()},
        {phase: ns(since_s) for phase, (_, since_s) in shown.items()},
        **more,  # type: ignore[arg-type]
    )


def asked(t_s: float, facts: ControlFacts | None = None) -> PhaseRequest:
    return PhaseRequest(ns(t_s), frozenset(), "", facts=facts)


def plainly(events: Iterable[HiResEvent]) -> Told:
    return [(event.t_ns / NS_PER_S, int(event.code), event.parameter) for event in events]


class Cabinet:
    """Two phases, 2 and 4, in two barrier groups; steps as one tells them, without flash status and pattern."""

    def __init__(self, *detectors: Detector) -> None:
        self.events = HiResEvents(TWO, detectors)
        self.shown: dict[int, tuple[Interval, float]] = {2: (R, 0.0), 4: (R, 0.0)}
        self.last_s = 0.0
        self.step(0.0)

    def step(
        self,
        t_s: float,
        shown: dict[int, tuple[Interval, float]] | None = None,
        *lanes: LaneDemand,
        facts: ControlFacts | None = None,
        unmeasured: bool = False,
        **more: object,
    ) -> Told:
        """Events up to a step at t_s; the lamps were measured before it, too, unless it comes unmeasured."""
        told: list[HiResEvent] = []
        while not unmeasured and t_s - self.last_s > 2.0:
            self.last_s += 2.0
            before = lamps(self.last_s, self.shown)
            told += self.events.update(Demand(before.t_ns, {}), asked(self.last_s), before)
        self.last_s = t_s
        self.shown = self.shown | (shown or {})
        demand = Demand(ns(t_s), {lane.lane: lane for lane in lanes})
        told += self.events.update(demand, asked(t_s, facts), lamps(t_s, self.shown, **more))
        return [one for one in plainly(told) if one[1:] not in {(173, 2), (131, 254), (150, 0)}]


def test_a_phase_from_green_to_red_with_the_instants_of_its_intervals() -> None:
    one = Cabinet()
    assert one.step(10.0, {2: (G, 9.93)}) == [(9.93, 0, 2), (9.93, 1, 2)]
    assert one.step(16.9) == []
    assert one.step(17.0) == [(16.93, 3, 2)]
    assert one.step(21.3, {2: (Y, 21.22)}) == [(21.22, 7, 2), (21.22, 8, 2)]
    assert one.step(24.3, {2: (RC, 24.22)}) == [(24.22, 9, 2), (24.22, 10, 2)]
    assert one.step(26.3, {2: (R, 26.22)}) == [(26.22, 11, 2), (26.22, 12, 2)]


def test_a_green_of_exactly_its_minimum_completes_it() -> None:
    one = Cabinet()
    one.step(10.0, {2: (G, 10.0)})
    assert one.step(17.0, {2: (Y, 17.0)}) == [(17.0, 3, 2), (17.0, 7, 2), (17.0, 8, 2)]
    two = Cabinet()
    two.step(10.0, {2: (G, 10.0)})
    assert two.step(12.0, {2: (Interval.FLASH_RED, 12.0)}, mode="flash") == [
        (12.0, 7, 2),
        (12.0, 12, 2),
        (12.0, 173, 1),
    ], "its minimum was not completed"


def test_no_red_clearance_has_no_events() -> None:
    one = Cabinet()
    one.step(10.0, {4: (G, 10.0)})
    one.step(18.0, {4: (Y, 18.0)})
    assert one.step(21.5, {4: (R, 21.5)}) == [(21.5, 9, 4), (21.5, 12, 4)]


def test_a_barrier_is_crossed_by_the_first_green_of_the_next_group() -> None:
    one = Cabinet()
    one.step(1.0, {2: (G, 1.0)})
    for at_s, shown in ((9.0, Y), (12.0, RC), (14.0, R)):
        one.step(at_s, {2: (shown, at_s)})
    assert one.step(14.1, {4: (G, 14.05)}) == [(14.05, 31, 1), (14.05, 0, 4), (14.05, 1, 4)]
    for at_s, shown in ((23.0, Y), (26.5, RC), (27.5, R)):
        one.step(at_s, {4: (shown, at_s)})
    assert (27.5, 31, 2) in one.step(27.5, {2: (G, 27.5)})


def test_pedestrians_and_a_walk_that_begins_with_its_green() -> None:
    one = Cabinet()
    dont, walk = {2: PedInterval.DONT_WALK}, {2: PedInterval.WALK}
    one.step(5.0, pedestrian=dont)
    assert one.step(5.1, {2: (G, 5.04)}, pedestrian=walk) == [(5.04, 0, 2), (5.04, 1, 2), (5.04, 21, 2)]
    assert one.step(7.0, pedestrian={2: PedInterval.CLEARANCE}) == [(7.0, 22, 2)]
    assert one.step(9.0, pedestrian=dont) == [(9.0, 23, 2)]
    assert one.step(9.1, pedestrian={2: PedInterval.DARK}) == [(9.1, 24, 2)]


def test_what_was_not_measured_is_not_told() -> None:
    one = Cabinet()
    one.step(1.0, {2: (G, 1.0)})
    assert one.step(7.0, {2: (R, 6.0), 4: (G, 6.5)}, unmeasured=True) == [], "six seconds without a measurement"
    assert one.step(14.0, {4: (Y, 13.5)}, unmeasured=True) == [], "and again"
    assert one.step(17.1, {4: (RC, 17.0)}) == [(17.0, 9, 4), (17.0, 10, 4)]
    taken_over = HiResEvents(TWO, ())
    shown = {2: (G, 3.0), 4: (R, 0.0)}
    assert plainly(taken_over.update(Demand(ns(5), {}), asked(5.0), lamps(5.0, shown))) == [(5.0, 173, 2)]
    assert taken_over.update(Demand(ns(7.5), {}), asked(7.5), lamps(7.5, shown)) == ()
    later = plainly(taken_over.update(Demand(ns(10), {}), asked(10.0), lamps(10.0, shown)))
    assert later == [(10.0, 3, 2)], "a minimum that was not over yet completes"


@pytest.mark.parametrize(
    ("mode", "fault", "told"),
    [
        ("startup", "the start-up flash is not over", [(173, 7)]),
        ("flash", WHYS[4], [(173, 1)]),
        ("flash", WHYS[5], [(173, 4)]),
        ("flash", "latched: a head was sensed with no lamp lit; it stays", [(173, 5), (200, 1)]),
        ("running", "request refused: phases 2 and 4 conflict", []),
    ],
)
def test_flash_status_and_the_alarm_of_the_core(mode: str, fault: str, told: list[tuple[int, int]]) -> None:
    one = Cabinet()
    assert [what[1:] for what in one.step(1.0, mode=mode, fault=fault)] == told
    assert one.step(1.1, mode=mode, fault=fault) == []
    back = [(201, 1)] if (200, 1) in told else []
    after = plainly(one.events.update(Demand(ns(2), {}), asked(2.0), lamps(2.0, one.shown)))
    assert [what[1:] for what in after] == ([(173, 2)] if told else []) + back


@pytest.mark.parametrize(
    ("ending", "code"),
    [("gap_out", 4), ("max_out", 5), ("force_off", 6), ("decided", 6), ("preempt", 20)],
)
def test_why_a_green_ended(ending: str, code: int) -> None:
    one = Cabinet()
    one.step(1.0, {2: (G, 1.0)})
    facts = ControlFacts("actuated", endings={2: Ending(ending), 4: Ending(ending)})
    assert one.step(2.0, facts=facts) == [(2.0, code, 2)], "4 is not green, so it did not end"
    assert one.step(2.1, facts=facts) == [], "once a green"


def test_calls_holds_and_the_check_of_a_green_that_somebody_waits_against() -> None:
    one = Cabinet()
    one.step(1.0, {2: (G, 1.0)})
    calls = ControlFacts("actuated", called=frozenset({2}), held=frozenset({2}))
    assert one.step(1.1, facts=calls) == [(1.1, 41, 2), (1.1, 43, 2)]
    calls = ControlFacts("actuated", called=frozenset({2, 4}), ped_called=frozenset({4}), held=frozenset())
    assert one.step(1.2, facts=calls) == [(1.2, 42, 2), (1.2, 43, 4), (1.2, 45, 4), (1.2, 2, 2)]
    assert one.step(1.3, facts=calls) == []
    assert one.step(1.4, facts=ControlFacts("fixed")) == [(1.4, 44, 2), (1.4, 44, 4)]
    assert one.step(1.5) == [], "a request without facts says nothing"


DAY = Pattern(3, "day", 280.0, 12.4, {2: 140.0, 4: 140.4})


def told_of(facts: ControlFacts, t_s: float, events: HiResEvents) -> Told:
    state = lamps(t_s, {2: (R, 0.0), 4: (R, 0.0)})
    return [one for one in plainly(events.update(Demand(ns(t_s), {}), asked(t_s, facts), state)) if one[1] != 173]


def test_patterns_and_how_the_signal_gets_in_step() -> None:
    events = HiResEvents(TWO, ())
    assert told_of(ControlFacts("actuated"), 0.0, events) == [(0.0, 131, 254), (0.0, 150, 0)]

    def second(t_s: float, cycle_s: float, coordination: str | None) -> list[tuple[int, int]]:
        facts = ControlFacts("actuated", pattern=DAY, cycle_second=cycle_s, coordination=coordination)  # type: ignore[arg-type]
        return [one[1:] for one in told_of(facts, t_s, events)]

    new = [(131, 3), (132, 255), (156, 25), (133, 12), (135, 140), (137, 140)]
    assert second(1.0, 278.0, "add") == [*new, (150, 2)]
    assert second(1.1, 278.08, "add") == []
    assert second(1.2, 278.2, "subtract") == [(150, 3)]
    assert second(1.3, 278.2, "dwell") == [(150, 4)]
    assert second(1.4, 278.2, None) == [], "who does not say is not told of"
    assert second(1.5, 278.38, "in_step") == [(150, 1)]
    zero = ControlFacts("actuated", pattern=DAY, cycle_second=0.38, coordination="in_step")
    assert told_of(zero, 3.5, events) == [(3.12, 150, 5)]
    assert told_of(ControlFacts("preempt", preempt=PreemptNow(1, "entry")), 3.6, events)[0][1] == 102
    after = told_of(ControlFacts("actuated", pattern=DAY, cycle_second=0.58), 3.7, events)
    assert [one[1] for one in after] == [104], "the pattern was only suspended"
    assert told_of(ControlFacts("actuated"), 3.8, events) == [(3.8, 131, 254), (3.8, 150, 0)]


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        (["1 delay", "1 entry", "1 dwell", "1 exit", ""], ["102 1", "105 1", "107 1", "104 1 111 1", ""]),
        (["1 delay", ""], ["102 1", "104 1"]),
        (["1 entry", "1 dwell", ""], ["102 1 105 1", "107 1", "104 1"]),
        (["1 dwell", "2 entry", "2 dwell"], ["102 1 107 1", "104 1 102 2 105 2", "107 2"]),
        (["1 dwell", "1 exit", "1 entry"], ["102 1 107 1", "104 1 111 1", "102 1 105 1"]),
        (["1 exit", "2 entry"], ["111 1", "102 2 105 2"]),
    ],
)
def test_preemption(stages: list[str], told: list[str]) -> None:
    one = Cabinet()
    for number, (stage, expected) in enumerate(zip(stages, told, strict=True)):
        preempt = PreemptNow(int(stage[0]), stage[2:]) if stage else None  # type: ignore[arg-type]
        now = one.step(1.0 + number, facts=ControlFacts("preempt" if preempt else "fixed", preempt=preempt))
        assert " ".join(f"{code} {parameter}" for _, code, parameter in now) == expected


def test_fallback_is_an_alarm() -> None:
    one = Cabinet()
    assert one.step(1.0, facts=ControlFacts("fixed", "camera north is blind")) == [(1.0, 200, 2)]
    assert one.step(1.1, facts=ControlFacts("fixed", "camera south is blind")) == []
    assert one.step(1.2, facts=ControlFacts("actuated")) == [(1.2, 201, 2)]


def lane(
    presence: bool | None,
    arrivals: tuple[tuple[float, float], ...] | None = (),
    age_s: float | None = 0.0,
    name: str = "nb1",
) -> LaneDemand:
    return LaneDemand(name, 2, presence, arrivals, None, None, age_s)


LINE = Detector(channel=1, lane="nb1", phase=2)


def test_a_detector_has_the_instant_of_the_frame_that_showed_it() -> None:
    one = Cabinet(LINE)
    assert one.step(1.0, {}, lane(False)) == []
    assert one.step(1.1, {}, lane(True, age_s=0.07)) == [(1.03, 82, 1)]
    assert one.step(1.2, {}, lane(True, age_s=0.02)) == []
    assert one.step(1.3, {}, lane(False, age_s=0.28)) == [(1.03, 81, 1)], "never before it came on"


def test_an_advance_detector_is_on_while_somebody_moves_through_its_zone() -> None:
    one = Cabinet(Detector(channel=21, lane="nb1", phase=2, kind="advance", distance_m=40.0, length_m=6.0))
    steps = [(50.0, []), (46.0, [82]), (40.0, []), (39.9, [81])]
    for number, (before_m, codes) in enumerate(steps, start=1):
        assert [told[1] for told in one.step(number, {}, lane(False, ((before_m, 9.0),)))] == codes
    assert one.step(5.0, {}, lane(True, ((44.0, 9.0), (60.0, 9.0)))) == [(5.0, 82, 21)]


def test_delay_counts_in_red_and_extension_in_green() -> None:
    slow = Detector(channel=1, lane="nb1", phase=2, delay_s=3.0, extend_s=1.0)
    one = Cabinet(slow)
    one.step(1.0, {}, lane(False))
    assert one.step(2.0, {}, lane(True)) == []
    assert one.step(4.0, {}, lane(False)) == [], "gone before its delay was over"
    one.step(5.0, {}, lane(True))
    assert one.step(8.0, {}, lane(True)) == [(8.0, 82, 1)]
    assert one.step(9.0, {}, lane(False)) == [(9.0, 81, 1)], "no extension in red"
    one.step(10.0, {}, lane(True))
    assert one.step(11.0, {2: (G, 11.0)}, lane(True))[-1] == (11.0, 82, 1), "the green ends the delay"
    assert one.step(12.0, {}, lane(False)) == []
    assert one.step(12.5, {}, lane(True)) == [], "the next one came within the extension"
    one.step(13.0, {}, lane(False))
    assert one.step(14.0, {}, lane(False)) == [(14.0, 81, 1)]
    one.step(15.0, {}, lane(True))
    one.step(16.0, {}, lane(False))
    assert one.step(16.4, {2: (Y, 16.4)}, lane(False))[-1] == (16.4, 81, 1), "the extension ends with the green"


def test_what_no_camera_sees_is_a_fault_and_not_an_empty_lane() -> None:
    one = Cabinet(LINE)
    assert one.step(1.0, {}, lane(None, None, None)) == [(1.0, 85, 1)], "nothing was ever known of it"
    assert one.step(2.0, {}, lane(True)) == [(2.0, 82, 1), (2.0, 83, 1)]
    assert one.step(3.0, {}, lane(None, None, 2.5)) == [(3.0, 81, 1), (3.0, 85, 1)]
    assert one.step(4.0, {}, lane(None, None, 3.5)) == []
    assert one.step(5.0, {}, lane(False)) == [(5.0, 83, 1)]
    assert one.step(5.1) == [], "a demand that does not name the lane tells nothing of it"


def test_stuck_on_needs_a_whole_green_with_nobody_leaving() -> None:
    one = Cabinet(Detector(channel=1, lane="nb1", phase=2, max_presence_s=30.0))
    one.step(1.0, {}, lane(True))
    for t_s in range(2, 60):
        assert one.step(t_s, {}, lane(True)) == [], "who waits through a long red is not stuck"
    one.step(60.0, {2: (G, 60.0)}, lane(True))
    assert all(told[1] != 87 for t_s in range(61, 80) for told in one.step(t_s, {}, lane(True)))
    assert one.step(80.0, {2: (Y, 80.0)}, lane(True))[-1] == (80.0, 87, 1)
    assert one.step(81.0, {}, lane(False)) == [(81.0, 81, 1)]
    assert one.step(82.0, {}, lane(True)) == [(82.0, 82, 1)], "a flicker does not make it well"
    one.step(83.0, {}, lane(False))
    assert one.step(85.0, {}, lane(False)) == [(85.0, 83, 1)]


def test_stuck_off_is_who_sees_nobody_while_others_do() -> None:
    quiet = Detector(channel=1, lane="nb1", phase=2, no_activity_s=60.0)
    other = Detector(channel=2, lane="nb2", phase=2)
    one = Cabinet(quiet, other)
    told: Told = []
    for t_s in range(1, 100):
        told += one.step(t_s, {}, lane(False), lane(t_s % 4 < 2, name="nb2"))
    (faulty,) = [event for event in told if event[2] == 1]
    assert faulty[1] == 86
    assert faulty[0] >= 77, "not before others came on twenty times"
    night = Cabinet(quiet, other)
    assert [night.step(t_s, {}, lane(False), lane(False, name="nb2")) for t_s in range(1, 100)] == [[]] * 99


def test_events_of_the_core_are_the_same_whenever_it_is_asked() -> None:
    signal = EIGHT.model_copy(update={"startup_flash_s": 0.0, "startup_red_s": 3.0})
    bridge = SimulatedBridge(table_of_signal(signal))
    states: list[SignalState] = []
    for tick in range(4500):
        t_ns = tick * 10 * NS_PER_MS
        if tick % 10 == 0:
            phases = frozenset({2, 6} if t_ns < ns(15) else {1, 6} if t_ns < ns(30) else {4, 8})
            bridge.request(PhaseRequest(t_ns, phases, "", 500))
        states.append(bridge.state(t_ns))

    def seen(first: int) -> Told:
        events = HiResEvents(signal, each_lane({}))
        told: Told = []
        for state in states[first::10]:
            told += plainly(events.update(Demand(state.t_ns, {}), PhaseRequest(state.t_ns, frozenset(), ""), state))
        lamps_only = [event for event in told if event[1] < 21 or event[1] == 31]
        return [event for event in lamps_only if event[0] > 3.1]

    every = seen(0)
    assert {1, 3, 7, 8, 9, 10, 11, 12, 31} <= {event[1] for event in every}
    assert all(sorted(seen(first)) == sorted(every) for first in range(1, 10))
    assert all(state.t_ns % RESOLUTION_NS < RESOLUTION_NS for state in states)


@given(
    st.lists(st.tuples(st.integers(0, 10**11), st.sampled_from(list(Code)), st.integers(0, 255)), min_size=1),
    st.integers(0, 10**18),
)
def test_a_body_holds_every_event_at_its_tenth_of_wall_time(raw: list[tuple[int, int, int]], offset_ns: int) -> None:
    begin_ns, body = body_of((HiResEvent(*one) for one in raw), lambda t_ns: t_ns + offset_ns)
    assert (begin_ns + offset_ns) % RESOLUTION_NS == 0
    begin = (begin_ns + offset_ns) // RESOLUTION_NS
    told = sorted((begin + late, code, parameter) for late, code, parameter in body.events)
    assert told == sorted(((t_ns + offset_ns) // RESOLUTION_NS, code, parameter) for t_ns, code, parameter in raw)
    assert [late for late, _, _ in body.events] == sorted(late for late, _, _ in body.events)
    assert body.events[0][0] == 0
