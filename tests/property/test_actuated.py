"""Actuated control under any demand and any sheet at all: lawful, calm, and nobody is left waiting."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.control.actuated import ActuatedSettings
from edge.control.calls import CallSettings
from edge.control.coordinate import Coordination
from edge.types import Interval, LaneDemand, SignalState
from tests.actuated_street import Run, coming, empty, phases_of, queued, run, unseen
from tests.signal_tables import EIGHT, LOPSIDED, TWO

FORGOTTEN_S = 20.0
SETTINGS = ActuatedSettings(calls=CallSettings(forgotten_s=FORGOTTEN_S))
#: Kinds of lane: what it shows at a tenth of a second.
LOOKS = ("empty", "queued", "coming", "unseen", "flickers", "blinks", "stuck")
#: Within so long nothing may be asked for, taken back and asked for again.
CALM_NS = NS_PER_S


@st.composite
def sheets(draw: st.DrawFn) -> Signal:
    """A signal with maxima so short that many cycles fit into a test, and any of the keys of actuated control."""
    signal = draw(st.sampled_from((EIGHT, TWO, LOPSIDED)))
    phases = tuple(
        phase.model_copy(
            update={
                "max_green_s": 14.0,
                "max2_green_s": 9.0,
                "recall": draw(st.sampled_from(("none", "none", "none", "min", "max", "soft"))),
                "lock": draw(st.booleans()),
                "dual_entry": draw(st.sampled_from((None, None, True, False))),
                "conditional_service": draw(st.booleans()),
                "ped_recycle": draw(st.booleans()),
            }
        )
        for phase in signal.phases
    )
    rest, gap = draw(st.sampled_from(("green", "red"))), draw(st.booleans())
    return signal.model_copy(update={"phases": phases, "rest": rest, "simultaneous_gap": gap})


#: For 40 s each: what the lanes of phases 1, 2, 3 … look like.
DAYS = st.lists(st.tuples(*(st.sampled_from(LOOKS) for _ in range(8))), min_size=2, max_size=3)
#: For 2.3 s each: phases that a pattern forces off, holds, and lets begin.
WISHES = st.lists(
    st.tuples(
        st.frozensets(st.integers(1, 8)), st.frozensets(st.integers(1, 8), max_size=3), st.frozensets(st.integers(1, 8))
    ),
    min_size=5,
    max_size=12,
)


def lane(look: str, phase: int, tenth: int) -> LaneDemand:
    stands = LaneDemand(f"L{phase}", phase, True, (), 0, None, 0.0)
    looks = {
        "empty": empty(phase),
        "queued": queued(phase),
        "coming": coming(phase, 50.0 - tenth % 50, 10.0),
        "unseen": unseen(phase),
        "flickers": queued(phase) if tenth % 2 else unseen(phase),
        "blinks": queued(phase) if tenth % 70 < 3 else empty(phase),
        "stuck": stands,
    }
    return looks[look]


def ran(
    signal: Signal,
    day: list[tuple[str, ...]],
    coordinate: Callable[[SignalState], Coordination] | None = None,
    begin_ns: int = 0,
) -> Run:
    def lanes(t_s: float) -> tuple[LaneDemand, ...]:
        looks = day[min(int(t_s // 40), len(day) - 1)]
        return tuple(lane(looks[p - 1], p, round(t_s * 10)) for p in phases_of(signal))

    def pressed(t_s: float) -> frozenset[int]:
        return frozenset({2, 4} if round(t_s * 10) % 233 == 0 else ())

    return run(
        signal,
        lanes,
        40.0 * len(day),
        settings=SETTINGS,
        coordinate=coordinate,
        pressed=pressed,
        begin_ns=begin_ns,
    )


def longest_red_s(signal: Signal) -> float:
    """No phase may be red for longer: forgotten, then every other one to its maximum, some of them twice."""
    times = {p.number: p.max_green_s + p.yellow_s + p.red_clearance_s for p in signal.phases}
    walks_s = max((p.walk_s or 0) + (p.ped_clearance_s or 0) for p in signal.phases)
    twice_s = sum(times[p.number] for p in signal.phases if p.conditional_service)
    groups = [max(sum(times[p] for p in ring[g]) for ring in signal.rings) for g in range(len(signal.rings[0]))]
    return FORGOTTEN_S + sum(groups) + walks_s + twice_s + 1.0


def stays_calm(done: Run, signal: Signal) -> None:
    """What is asked for is asked for until it has been served, and what was given up comes back only after its red."""
    assert done.refused == 0
    least_ns = {p.number: p.min_green_s * NS_PER_S for p in signal.phases}
    given_up_ns: dict[int, int] = {}
    for (before, _), (after, state) in itertools.pairwise(zip(done.requests, done.states, strict=True)):
        for phase in before.phases - after.phases:
            assert state.intervals[phase] is Interval.GREEN
            assert state.t_ns - state.since_ns[phase] >= least_ns[phase]
            given_up_ns[phase] = state.t_ns
        for phase in after.phases - before.phases:
            assert state.intervals[phase] in {Interval.RED, Interval.RED_CLEARANCE}, "a green given up is given up"
            assert state.t_ns - given_up_ns.get(phase, -CALM_NS) >= CALM_NS
        assert after.facts is not None
        assert after.facts.endings.keys() <= before.phases - after.phases


@given(sheets(), DAYS)
@settings(max_examples=15, deadline=None)
def test_no_demand_breaks_a_law_makes_it_waver_or_lets_a_phase_starve(
    signal: Signal, day: list[tuple[str, ...]]
) -> None:
    # the laws of lamps are asserted while it runs
    done = ran(signal, day)
    stays_calm(done, signal)
    for phase in phases_of(signal):
        greens_s = [0.0, *(at for at, p in done.greens if p == phase), done.states[-1].t_ns / NS_PER_S]
        lasted_s = [0.0]
        for at_s, until_s in itertools.pairwise(greens_s):
            red = [s for s in done.states if at_s <= s.t_ns / NS_PER_S < until_s]
            lasted_s.append(sum(s.intervals[phase] is not Interval.GREEN for s in red) / 10)
        assert max(lasted_s) <= longest_red_s(signal)


@given(sheets(), DAYS, WISHES)
@settings(max_examples=8, deadline=None)
def test_no_pattern_makes_it_waver(
    signal: Signal,
    day: list[tuple[str, ...]],
    wishes: list[tuple[frozenset[int], frozenset[int], frozenset[int]]],
) -> None:
    def coordinate(state: SignalState) -> Coordination:
        force_off, hold, permitted = wishes[int(state.t_ns / NS_PER_S / 2.3) % len(wishes)]
        return Coordination(None, 0.0, force_off, hold, permitted or None, permitted or None, "any", max_set=2)

    done = ran(signal, day[:1], coordinate)
    stays_calm(done, signal)
    for (before, _), (after, state) in itertools.pairwise(zip(done.requests, done.states, strict=True)):
        _, hold, permitted = wishes[int(state.t_ns / NS_PER_S / 2.3) % len(wishes)]
        assert not (before.phases - after.phases) & hold, "a held green does not end"
        if permitted and before.t_ns > 0:
            assert after.phases - before.phases <= permitted, "what the pattern does not permit is not begun"


@given(sheets(), DAYS, st.integers(1, 10**15))
@settings(max_examples=4, deadline=None)
def test_the_same_demand_gives_the_same_requests_at_any_time_of_any_day(
    signal: Signal, day: list[tuple[str, ...]], begin_ns: int
) -> None:
    first, second = ran(signal, day[:1]), ran(signal, day[:1], begin_ns=begin_ns)
    assert [(r.phases, r.reason, r.ped_calls, r.facts) for r in first.requests] == [
        (r.phases, r.reason, r.ped_calls, r.facts) for r in second.requests
    ]
    assert [r.t_ns + begin_ns for r in first.requests] == [r.t_ns for r in second.requests]
