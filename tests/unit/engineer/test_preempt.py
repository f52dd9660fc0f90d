"""An emergency vehicle calls in every interval of every phase, on the real core.

Each row: what the lamps show when the call comes, where in that interval, and for whom. The laws
hold whatever is asked (a witness of lamps sees each tick), nothing is shortened, and right of
way comes as soon as what was in its way has been served.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

import pytest

from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.control.loop import ControlLoop
from edge.control.preempt import PreemptController
from edge.control.preempt_calls import Preemption
from edge.types import Demand, Ending, Interval, PedInterval, PhaseRequest, SignalState
from firmware_bridge.host.core import CoreInputs, CoreOutputs, Witness
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of_signal, to_bytes
from tests.signal_tables import phase

STEP_NS = NS_PER_S // 10
NOBODY = Demand(0, {})
SIGNAL = Signal(
    phases=(
        phase(1),
        phase(2, min_green_s=8, yellow_s=4, red_clearance_s=1.5, walk_s=7, ped_clearance_s=6),
        phase(3, red_clearance_s=0),
        phase(4, min_green_s=7, yellow_s=3.5, walk_s=7, ped_clearance_s=8),
        phase(5),
        phase(6, min_green_s=8, yellow_s=4, red_clearance_s=2),
        phase(7),
        phase(8, min_green_s=7, yellow_s=3.5),
    ),
    rings=(((1, 2), (3, 4)), ((5, 6), (7, 8))),
    startup_flash_s=0,
)
TABLE = table_of_signal(SIGNAL)
TIMES = {one.number: one for one in SIGNAL.phases}
#: Who asks whom: main street with its left turn, side street, one that runs along with half of what is green.
FOR = (frozenset({2, 5}), frozenset({4, 7}), frozenset({1, 5}))
STAGES = (frozenset({1, 5}), frozenset({2, 6}), frozenset({3, 7}), frozenset({4, 8}))


def ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)


@dataclass
class Steady:
    """Asks for what the test says."""

    phases: frozenset[int]
    name: str = "steady"

    def update(self, demand: Demand, signal: SignalState) -> PhaseRequest:  # noqa: ARG002 - part of the seam
        return PhaseRequest(signal.t_ns, self.phases, "steady")


@dataclass
class Street:
    """A junction under preemption, in steps of 0.1 s on the real core, each tick of it before the witness."""

    rows: tuple[Preemption, ...]
    inner: Steady = field(default_factory=lambda: Steady(STAGES[0]))
    called: Collection[int] = ()
    step: int = 0
    asked: list[PhaseRequest] = field(default_factory=list)
    seen: list[SignalState] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        laws = Witness(to_bytes(TABLE))

        def watch(inputs: CoreInputs, outputs: CoreOutputs, step_ms: int, credited: int) -> None:
            law = laws.see(inputs, outputs, step_ms, credited)
            if law is not None:
                self.broken.append(law)

        self.bridge = SimulatedBridge(TABLE, watch=watch)
        self.loop = ControlLoop(PreemptController(self.rows, self.inner, lambda _t_ns: self.called), self.bridge)

    @property
    def now(self) -> SignalState:
        return self.seen[-1]

    @property
    def t_s(self) -> float:
        return self.now.t_ns / NS_PER_S

    def one(self) -> PhaseRequest:
        """One step; the lamps of `now` are those that it was decided on."""
        request, state = self.loop.step(NOBODY, self.step * STEP_NS)
        self.step += 1
        self.asked.append(request)
        self.seen.append(state)
        assert self.broken == []
        return request

    def until(self, over: Callable[[], bool], patience_s: float = 120.0) -> float:
        """Step until it is so; the seconds that took."""
        began = self.step
        while not (self.seen and over()):
            self.one()
            assert self.step - began < patience_s * 10, f"waited {patience_s} s in vain"
        return (self.step - began) / 10

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.one()

    def green(self, phases: frozenset[int]) -> bool:
        return all(self.now.intervals[number] is Interval.GREEN for number in phases)

    def stages(self) -> list[str]:
        """Stages of preemption one after the other; "-" is normal control."""
        told: list[str] = []
        for request in self.asked:
            now = None if request.facts is None else request.facts.preempt
            spoken = "-" if now is None else f"{now.number} {now.stage}"
            if not told or told[-1] != spoken:
                told.append(spoken)
        return told


def row(
    number: int,
    phases: frozenset[int],
    *,
    priority: int = 1,
    delay: float = 0.0,
    min_dwell: float = 8.0,
    max_presence: float = 180.0,
    exit_phases: frozenset[int] = frozenset(),
    reservice: float = 0.0,
) -> Preemption:
    return Preemption(
        number,
        f"p{number}",
        phases,
        priority,
        ns(delay),
        ns(min_dwell),
        ns(max_presence),
        exit_phases,
        ns(reservice),
    )


def owed_s(state: SignalState, asked: frozenset[int], ped_age_s: dict[int, float]) -> float:
    """The longest that anything shown now must still be served before all of `asked` can be green."""
    longest = 0.0
    for number, shown in state.intervals.items():
        times, age_s = TIMES[number], (state.t_ns - state.since_ns[number]) / NS_PER_S
        left = 0.0
        if shown is Interval.GREEN and number not in asked:
            walking = state.pedestrian.get(number)
            ped = times.ped_clearance_s or 0.0
            if walking is PedInterval.WALK:
                left = max(0.0, (times.walk_s or 0.0) - ped_age_s[number]) + ped
            elif walking is PedInterval.CLEARANCE:
                left = max(0.0, ped - ped_age_s[number])
            left = max(left, times.min_green_s - age_s, 0.0) + times.yellow_s + times.red_clearance_s
        elif shown is Interval.YELLOW:
            left = times.yellow_s - age_s + times.red_clearance_s
        elif shown is Interval.RED_CLEARANCE:
            left = times.red_clearance_s - age_s
        longest = max(longest, left)
    return longest


INTERVALS: tuple[str, ...] = ("green", "yellow", "red_clearance", "walk", "clearance")


def rows_of_every_interval() -> Iterator[tuple[int, str, float, frozenset[int]]]:
    """Phase, interval, how much of it is over (0 to 1), and who calls."""
    for number, times in TIMES.items():
        for interval in INTERVALS:
            if interval in {"walk", "clearance"} and times.walk_s is None:
                continue
            if interval == "red_clearance" and not times.red_clearance_s:
                continue
            for share, phases in itertools.product((0.0, 0.95), FOR):
                yield number, interval, share, phases
            yield number, interval, 0.5, FOR[number % len(FOR)]


def length_s(number: int, interval: str) -> float:
    times = TIMES[number]
    served = {
        "green": max(times.min_green_s, (times.walk_s or 0) + (times.ped_clearance_s or 0)),
        "yellow": times.yellow_s,
        "red_clearance": times.red_clearance_s,
        "walk": times.walk_s or 0.0,
        "clearance": times.ped_clearance_s or 0.0,
    }
    return served[interval]


@pytest.mark.parametrize("number", sorted(TIMES))
def test_right_of_way_comes_from_every_interval_within_what_had_to_be_served(number: int) -> None:
    for at, interval, share, phases in rows_of_every_interval():
        if at == number:
            _call_in(number, interval, share, phases)


def _call_in(number: int, interval: str, share: float, phases: frozenset[int]) -> None:
    stage = next(one for one in STAGES if number in one)
    others = next(one for one in STAGES if not one & stage and one != phases)
    street = Street((row(1, phases, min_dwell=5),), Steady(others))
    ped_since: dict[int, tuple[PedInterval, float]] = {}

    def look() -> None:
        for walker, shown in street.now.pedestrian.items():
            if ped_since.get(walker, (None, 0.0))[0] is not shown:
                ped_since[walker] = (shown, street.t_s)

    def shows() -> bool:
        look()
        walking = street.now.pedestrian.get(number)
        return interval in {street.now.intervals[number].value, "" if walking is None else walking.value}

    # Nobody is on the crossing any more when what comes after its green is wanted.
    street.until(lambda: street.green(others))
    street.inner.phases = stage

    def reached() -> bool:
        look()
        return street.green(stage)

    street.until(reached)
    if interval in {"yellow", "red_clearance"}:
        street.inner.phases = others
    street.until(shows)
    for _ in range(int(share * length_s(number, interval) * 10)):
        street.one()
        look()
    street.called = {1}
    street.one()
    look()
    call = street.step
    bound_s = owed_s(street.now, phases, {walker: street.t_s - since for walker, (_, since) in ped_since.items()})
    first = street.asked[-1]
    assert first.phases == phases, "the call is answered in its own step"
    greens = {p for p, shown in street.now.intervals.items() if shown is Interval.GREEN}
    assert first.facts is not None
    assert dict(first.facts.endings) == dict.fromkeys(greens - phases, Ending.PREEMPT)
    street.until(lambda: street.green(phases))
    took_s = (street.step - call) / 10
    assert took_s <= bound_s + 0.11, f"{number} {interval} {share}: {took_s} s for {bound_s} s owed"


def test_stages_one_after_the_other_and_back() -> None:
    street = Street((row(1, FOR[0], delay=2, min_dwell=6),), Steady(STAGES[3]))
    street.until(lambda: street.green(STAGES[3]))
    street.run(20)
    street.called = {1}
    began_s = street.t_s
    street.until(lambda: street.green(FOR[0]))
    assert street.t_s - began_s == pytest.approx(2 + 3.5 + 1, abs=0.3)
    street.called = ()
    street.until(lambda: street.asked[-1].phases == STAGES[3])
    since_s = max(street.now.since_ns[number] for number in FOR[0]) / NS_PER_S
    assert street.t_s - since_s == pytest.approx(6, abs=0.15)
    assert street.stages() == ["-", "1 delay", "1 entry", "1 dwell", "-"]
    street.until(lambda: street.green(STAGES[3]))


def test_it_dwells_while_the_call_lasts_and_says_why() -> None:
    street = Street((row(1, FOR[0], min_dwell=5),))
    street.until(lambda: street.green(STAGES[0]))
    street.called = {1}
    street.run(40)
    assert street.asked[-1].phases == FOR[0]
    assert "preempt 1 (p1), dwell: phase 2 and 5 has right of way for" in street.asked[-1].reason
    assert "at least 5 s; called for 39.9 s" in street.asked[-1].reason
    street.called = ()
    street.one()
    assert street.asked[-1].phases == STAGES[0]


def test_a_vehicle_that_passes_before_its_green_leaves_a_whole_dwell() -> None:
    street = Street((row(1, FOR[1], min_dwell=6),))
    street.until(lambda: street.green(STAGES[0]))
    street.called = {1}
    street.one()
    street.called = ()
    street.until(lambda: street.asked[-1].phases == STAGES[0])
    assert street.stages() == ["-", "1 entry", "1 dwell", "-"]


def test_the_delay_forgets_a_call_that_ends_within_it() -> None:
    street = Street((row(1, FOR[1], delay=3),))
    street.until(lambda: street.green(STAGES[0]))
    street.called = {1}
    street.run(2.9)
    assert "in its delay; steady" in street.asked[-1].reason
    street.called = ()
    street.run(5)
    assert street.stages() == ["-", "1 delay", "-"]


def test_a_call_that_never_ends_has_failed_and_is_let_go_of() -> None:
    street = Street((row(1, FOR[1], min_dwell=5, max_presence=30),))
    street.until(lambda: street.green(STAGES[0]))
    street.called = {1}
    began_s = street.t_s
    street.until(lambda: street.asked[-1].phases == STAGES[0] and len(street.stages()) > 1)
    assert street.t_s - began_s == pytest.approx(30, abs=0.25)
    street.run(60)
    assert street.stages() == ["-", "1 entry", "1 dwell", "-"], "until the call has ended once"
    street.called = ()
    street.one()
    street.called = {1}
    street.run(1)
    assert street.stages()[-1] == "1 entry"


def test_exit_phases_are_green_before_normal_control_goes_on() -> None:
    rows = (Preemption(1, "p1", FOR[0], min_dwell_ns=ns(5), exit_phases=STAGES[3]),)
    street = Street(rows, Steady(STAGES[0]))
    street.until(lambda: street.green(STAGES[0]))
    street.called = {1}
    street.until(lambda: street.green(FOR[0]))
    street.called = ()
    street.until(lambda: street.green(STAGES[3]))
    street.one()
    assert street.asked[-1].phases == STAGES[0]
    assert street.stages() == ["-", "1 entry", "1 dwell", "1 exit", "-"]
    exits = [request for request in street.asked if request.facts and request.facts.preempt]
    ended = [request.facts.endings for request in exits if request.facts and request.facts.endings]
    assert [dict(one) for one in ended] == [{1: Ending.PREEMPT}, {2: Ending.PREEMPT, 5: Ending.PREEMPT}]


def test_the_lower_priority_takes_over_and_the_other_is_served_after_it() -> None:
    rows = (row(1, FOR[0], priority=2, min_dwell=5), row(2, FOR[1], priority=1, min_dwell=5))
    street = Street(rows, Steady(STAGES[2]))
    street.until(lambda: street.green(STAGES[2]))
    street.called = {1}
    street.until(lambda: street.green(FOR[0]))
    street.called = {1, 2}
    street.one()
    assert street.asked[-1].phases == FOR[1]
    street.until(lambda: street.green(FOR[1]))
    street.called = {1}
    street.until(lambda: street.green(FOR[0]))
    street.called = ()
    street.run(10)
    assert street.stages() == ["-", "1 entry", "1 dwell", "2 entry", "2 dwell", "1 entry", "1 dwell", "-"]


def test_an_equal_or_higher_priority_waits_for_the_end_of_the_dwell() -> None:
    street = Street((row(1, FOR[0], min_dwell=5), row(2, FOR[1], min_dwell=5)))
    street.until(lambda: street.green(STAGES[0]))
    street.called = {2}
    street.until(lambda: street.green(FOR[1]))
    street.called = {1, 2}
    street.run(15)
    assert street.asked[-1].phases == FOR[1]
    street.called = {1}
    street.one()
    assert street.asked[-1].phases == FOR[0]


def test_the_same_one_does_not_begin_again_within_its_time_of_reservice() -> None:
    street = Street((row(1, FOR[1], min_dwell=5, reservice=20),))
    street.until(lambda: street.green(STAGES[0]))
    street.called = {1}
    street.until(lambda: street.green(FOR[1]))
    street.called = ()
    street.until(lambda: street.asked[-1].phases == STAGES[0])
    over_s = street.t_s
    street.called = {1}
    street.until(lambda: street.asked[-1].phases == FOR[1])
    assert street.t_s - over_s == pytest.approx(20, abs=0.15)


def test_a_call_that_flickers_brings_no_contradictory_asks_within_a_second() -> None:
    street = Street((row(1, FOR[1], min_dwell=1),))
    street.until(lambda: street.green(STAGES[0]))
    for step in range(1200):
        street.called = {1} if step % 3 == 0 else ()
        street.one()
    changes = [i for i in range(1, len(street.asked)) if street.asked[i].phases != street.asked[i - 1].phases]
    assert len(changes) > 4
    assert min(b - a for a, b in itertools.pairwise(changes)) >= 10


def test_in_flash_it_asks_and_a_call_that_ends_there_is_forgotten() -> None:
    street = Street((row(1, FOR[1]),))
    street.run(2)
    assert street.now.mode == "startup"
    street.called = {1}
    street.one()
    assert street.asked[-1].phases == FOR[1]
    assert "waits, the lamps are in startup" in street.asked[-1].reason
    street.called = ()
    street.one()
    assert street.asked[-1].phases == STAGES[0]
