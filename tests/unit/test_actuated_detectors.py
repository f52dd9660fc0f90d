"""Detectors as control reads them, and when they are no longer believed."""

from __future__ import annotations

from collections.abc import Callable

from calibration.detectors import Detector, detectors_of
from calibration.load import SITES_DIR, read_site
from edge.clock import NS_PER_S
from edge.control.detectors import DetectorFault, Detectors, DetectorState
from edge.types import Demand, Interval, LaneDemand, SignalState

STEP_NS = NS_PER_S // 10
Lane = Callable[[float], LaneDemand]


def seen(name: str, phase: int, *, there: bool) -> LaneDemand:
    return LaneDemand(name, phase, there, (), int(there), None, 0.0)


def unseen(name: str, phase: int) -> LaneDemand:
    return LaneDemand(name, phase, None, None, None, None, None)


class Watched:
    """Two detectors under lamps that are given: phase 4 is green while `green` says so."""

    def __init__(self, first: Detector, green: Callable[[float], bool] = lambda _t_s: False) -> None:
        self._detectors = Detectors((first, Detector(channel=2, lane="L2", phase=2)))
        self._green = green
        self._since_ns = 0
        self._was = False

    def run(self, until_s: float, lane: Lane, other: Lane, from_s: float = 0.0) -> list[DetectorState]:
        """The first detector's state at each tenth of a second."""
        states = []
        for step in range(round(from_s * 10), round(until_s * 10)):
            t_s, t_ns = step / 10, step * STEP_NS
            now = self._green(t_s)
            if now is not self._was:
                self._was, self._since_ns = now, t_ns
            shown = {2: Interval.RED, 4: Interval.GREEN if now else Interval.RED}
            signal = SignalState(t_ns, shown, {2: 0, 4: self._since_ns})
            demand = Demand(t_ns, {"L4": lane(t_s), "L2": other(t_s)})
            states.append(self._detectors.update(demand, signal)[0])
        return states


def quiet(t_s: float) -> LaneDemand:
    return seen("L2", 2, there=False)


def busy(t_s: float) -> LaneDemand:
    return seen("L2", 2, there=t_s % 2 < 1)


def test_a_vehicle_that_waits_through_a_long_red_is_not_stuck() -> None:
    watched = Watched(Detector(channel=1, lane="L4", phase=4, max_presence_s=20.0))
    states = watched.run(60, lambda _t: seen("L4", 4, there=True), quiet)
    assert all(state.fault is None and state.calls for state in states)


def test_one_that_is_still_there_after_a_whole_green_is_stuck_until_the_lane_was_free() -> None:
    watched = Watched(Detector(channel=1, lane="L4", phase=4, max_presence_s=20.0), lambda t_s: 5 <= t_s < 12)
    states = watched.run(40, lambda t_s: seen("L4", 4, there=t_s < 30), quiet)
    first = next(i for i, state in enumerate(states) if state.fault is DetectorFault.STUCK_ON)
    assert first == 200
    assert states[first].said() == "detector 1 (L4) stuck on for 20 s"
    assert not any(state.calls or state.extends for state in states[first:320])
    back = next(i for i, state in enumerate(states[first:], first) if state.fault is None)
    assert back == 320 - 1, "free from 30 s on, believed when it has been for 2 s"


def test_a_green_that_began_before_the_vehicle_came_proves_nothing() -> None:
    watched = Watched(Detector(channel=1, lane="L4", phase=4, max_presence_s=20.0), lambda t_s: t_s < 12)
    states = watched.run(60, lambda t_s: seen("L4", 4, there=t_s >= 8), quiet)
    assert all(state.fault is None for state in states)


def test_a_silent_detector_is_stuck_only_where_others_see_traffic() -> None:
    detector = Detector(channel=1, lane="L4", phase=4, no_activity_s=60.0)
    night = Watched(detector).run(120, lambda _t: seen("L4", 4, there=False), quiet)
    assert all(state.fault is None for state in night)
    day = Watched(detector).run(120, lambda _t: seen("L4", 4, there=False), busy)
    first = next(i for i, state in enumerate(day) if state.fault is DetectorFault.STUCK_OFF)
    assert first == 600
    assert all(state.fault is DetectorFault.STUCK_OFF for state in day[first:])


def test_a_single_vehicle_brings_a_silent_detector_back() -> None:
    watched = Watched(Detector(channel=1, lane="L4", phase=4, no_activity_s=60.0))
    states = watched.run(100, lambda t_s: seen("L4", 4, there=t_s >= 80), busy)
    assert states[799].fault is DetectorFault.STUCK_OFF
    assert states[800].fault is None
    assert states[800].calls


def test_time_without_sight_is_no_silence() -> None:
    watched = Watched(Detector(channel=1, lane="L4", phase=4, no_activity_s=60.0))
    states = watched.run(102, lambda t_s: unseen("L4", 4) if 10 <= t_s < 50 else seen("L4", 4, there=False), busy)
    assert {state.fault for state in states[100:500]} == {DetectorFault.UNKNOWN}
    assert next(i for i, state in enumerate(states) if state.fault is DetectorFault.STUCK_OFF) >= 999


def test_detectors_that_are_not_to_be_judged_are_believed() -> None:
    detector = Detector(channel=1, lane="L4", phase=4, max_presence_s=None, no_activity_s=None)
    always = Watched(detector, lambda t_s: 5 <= t_s < 12).run(400, lambda _t: seen("L4", 4, there=True), busy)
    assert all(state.fault is None for state in always)


def test_an_extending_detector_does_not_call_and_a_calling_one_does_not_extend() -> None:
    there: Lane = lambda _t: seen("L4", 4, there=True)  # noqa: E731
    extends = Watched(Detector(channel=1, lane="L4", phase=4, use="extend"), lambda t_s: t_s >= 1)
    assert [(s.calls, s.extends) for s in extends.run(2, there, quiet)[::10]] == [(False, True), (False, True)]
    calls = Watched(Detector(channel=1, lane="L4", phase=4, use="call"), lambda t_s: t_s >= 1)
    assert [(s.calls, s.extends) for s in calls.run(2, there, quiet)[::10]] == [(True, False), (True, False)]


def test_delay_begins_anew_when_the_green_is_over() -> None:
    watched = Watched(Detector(channel=1, lane="L4", phase=4, delay_s=3.0), lambda t_s: 5 <= t_s < 10)
    states = watched.run(20, lambda _t: seen("L4", 4, there=True), quiet)
    calls = [i / 10 for i, state in enumerate(states) if state.calls]
    assert calls[0] == 3.0
    assert next(at_s for at_s in calls if at_s >= 10) == 13.0


def test_without_detectors_in_its_file_every_lane_with_a_phase_of_a_site_is_one() -> None:
    site, _ = read_site(SITES_DIR / "example.toml")
    assert site is not None
    found = detectors_of(site)
    served = [lane for lane in site.lanes if lane.phase is not None]
    assert [(d.channel, d.lane, d.phase) for d in found] == [
        (number, lane.id, lane.phase) for number, lane in enumerate(served, start=1)
    ]


def test_detectors_take_the_phase_of_their_lane_and_stand_in_order_of_channel() -> None:
    site, _ = read_site(SITES_DIR / "example.toml")
    assert site is not None
    lane = next(lane for lane in site.lanes if lane.phase is not None)
    given = (Detector(channel=9, lane=lane.id), Detector(channel=3, lane=lane.id, phase=7))
    found = detectors_of(site.model_copy(update={"detectors": given}))
    assert [(d.channel, d.phase) for d in found] == [(3, 7), (9, lane.phase)]
