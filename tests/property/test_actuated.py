"""Actuated control under any demand at all: lawful, calm, and nobody is left waiting."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.control.actuated import ActuatedSettings
from edge.control.calls import CallSettings
from edge.types import Interval, LaneDemand
from tests.actuated_street import Run, coming, empty, phases_of, queued, run, unseen
from tests.signal_tables import EIGHT, LOPSIDED, TWO

FORGOTTEN_S = 20.0
SETTINGS = ActuatedSettings(calls=CallSettings(forgotten_s=FORGOTTEN_S))
#: Kinds of lane: what it shows at a tenth of a second.
LOOKS = ("empty", "queued", "coming", "unseen", "flickers", "blinks")


def short(signal: Signal) -> Signal:
    """The same signal with maxima so short that many cycles fit into a test."""
    phases = tuple(phase.model_copy(update={"max_green_s": 14.0}) for phase in signal.phases)
    return signal.model_copy(update={"phases": phases})


SIGNALS = tuple(short(signal) for signal in (EIGHT, TWO, LOPSIDED))
#: For 40 s each: what the lanes of phases 1, 2, 3 … look like.
DAYS = st.lists(st.tuples(*(st.sampled_from(LOOKS) for _ in range(8))), min_size=3, max_size=4)


def lane(look: str, phase: int, tenth: int) -> LaneDemand:
    match look:
        case "queued":
            return queued(phase)
        case "coming":
            return coming(phase, 50.0 - tenth % 50, 10.0)
        case "unseen":
            return unseen(phase)
        case "flickers":
            return queued(phase) if tenth % 2 else unseen(phase)
        case "blinks":
            return queued(phase) if tenth % 70 < 3 else empty(phase)
    return empty(phase)


def ran(signal: Signal, day: list[tuple[str, ...]]) -> Run:
    def lanes(t_s: float) -> tuple[LaneDemand, ...]:
        looks = day[min(int(t_s // 40), len(day) - 1)]
        return tuple(lane(looks[p - 1], p, round(t_s * 10)) for p in phases_of(signal))

    return run(signal, lanes, 40.0 * len(day), settings=SETTINGS)


def longest_red_s(signal: Signal) -> float:
    """No phase may be red for longer: forgotten, then every other one to its maximum."""
    times = {p.number: p.max_green_s + p.yellow_s + p.red_clearance_s for p in signal.phases}
    walks_s = max((p.walk_s or 0) + (p.ped_clearance_s or 0) for p in signal.phases)
    groups = [max(sum(times[p] for p in ring[g]) for ring in signal.rings) for g in range(len(signal.rings[0]))]
    return FORGOTTEN_S + sum(groups) + walks_s + 1.0


@given(st.sampled_from(SIGNALS), DAYS)
@settings(max_examples=25, deadline=None)
def test_no_demand_breaks_a_law_makes_it_waver_or_lets_a_phase_starve(
    signal: Signal, day: list[tuple[str, ...]]
) -> None:
    # the laws of lamps are asserted while it runs
    done = ran(signal, day)
    assert done.refused == 0
    least_ns = {p.number: p.min_green_s * NS_PER_S for p in signal.phases}
    for (before, _), (after, state) in itertools.pairwise(zip(done.requests, done.states, strict=True)):
        for phase in before.phases - after.phases:
            # calm: what is asked for is asked for until it has been served
            assert state.intervals[phase] is Interval.GREEN
            assert state.t_ns - state.since_ns[phase] >= least_ns[phase]
        for phase in after.phases - before.phases:
            assert state.intervals[phase] in {Interval.RED, Interval.RED_CLEARANCE}, "a green given up is given up"
    for phase in phases_of(signal):
        greens_s = [0.0, *(at for at, p in done.greens if p == phase), done.states[-1].t_ns / NS_PER_S]
        lasted_s = [0.0]
        for at_s, until_s in itertools.pairwise(greens_s):
            red = [s for s in done.states if at_s <= s.t_ns / NS_PER_S < until_s]
            lasted_s.append(sum(s.intervals[phase] is not Interval.GREEN for s in red) / 10)
        assert max(lasted_s) <= longest_red_s(signal)


@given(st.sampled_from(SIGNALS), DAYS)
@settings(max_examples=5, deadline=None)
def test_the_same_demand_gives_the_same_requests(signal: Signal, day: list[tuple[str, ...]]) -> None:
    assert ran(signal, day).requests == ran(signal, day).requests
