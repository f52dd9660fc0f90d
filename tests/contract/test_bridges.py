"""What every bridge to the lamps does, whatever is behind it.

A new bridge is one more row of BRIDGES: a name, and how to make one for a timing table.
Its core must take time from the bridge's caller (a settable timer), as the real core
does when it is compiled for the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from calibration.site import Signal
from edge.clock import NS_PER_MS, NS_PER_S
from edge.errors import DeviceError
from edge.seams import Bridge
from edge.types import Interval, PedInterval, PhaseRequest, SignalState
from firmware_bridge.recording import RecordingBridge
from tests.lamp_laws import Witness
from tests.signal_tables import EIGHT

G, Y, C, R = Interval.GREEN, Interval.YELLOW, Interval.RED_CLEARANCE, Interval.RED


@dataclass(frozen=True)
class BridgeCase:
    name: str
    make: Callable[[Signal], Bridge]
    startup_s: float


BRIDGES = (BridgeCase("recording", lambda signal: RecordingBridge(signal, lambda _line: None, startup_s=4.0), 4.0),)


class Driver:
    """Asks every 100 ms, as the control loop does, and lets a witness see every state."""

    def __init__(self, case: BridgeCase, signal: Signal) -> None:
        self.bridge = case.make(signal)
        self.startup_s = case.startup_s
        self.witness = Witness(signal)
        self._t_ns = 5 * NS_PER_S

    def ask(self, phases: set[int], for_s: float, ttl_ms: int = 300) -> SignalState:
        """The state after having asked for so long."""
        for _ in range(round(for_s * 10)):
            self.bridge.request(PhaseRequest(self._t_ns, frozenset(phases), "test", ttl_ms))
            self._pass(0.1)
        return self.state()

    def wait(self, for_s: float) -> SignalState:
        """The state after having asked for nothing for so long."""
        for _ in range(round(for_s * 10)):
            self._pass(0.1)
        return self.state()

    def state(self) -> SignalState:
        state = self.bridge.state(self._t_ns)
        self.witness.see(state)
        return state

    def _pass(self, seconds: float) -> None:
        self._t_ns += round(seconds * NS_PER_S)
        self.state()


@pytest.fixture(params=BRIDGES, ids=lambda case: case.name)
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    driver = Driver(request.param, EIGHT)
    yield driver
    driver.bridge.close()


def shown(state: SignalState) -> dict[int, Interval]:
    return {number: interval for number, interval in state.intervals.items() if interval is not R}


def test_starts_in_all_red_even_when_asked_at_once(driver: Driver) -> None:
    state = driver.ask({2, 6}, driver.startup_s - 0.2)
    assert state.mode == "startup"
    assert shown(state) == {}
    assert shown(driver.ask({2, 6}, 0.3)) == {2: G, 6: G}


def test_serves_what_is_asked_and_nothing_else(driver: Driver) -> None:
    state = driver.ask({2, 6}, driver.startup_s + 1)
    assert (state.mode, state.fault) == ("running", None)
    assert shown(state) == {2: G, 6: G}


def test_green_lasts_its_minimum_though_no_longer_asked_for(driver: Driver) -> None:
    driver.ask({1}, driver.startup_s + 0.5)
    assert shown(driver.ask({5}, 4.0)) == {1: G, 5: G}
    assert shown(driver.ask({5}, 1.0)) == {1: Y, 5: G}


def test_yellow_and_red_clearance_are_served_in_full_before_a_conflicting_green(driver: Driver) -> None:
    driver.ask({6}, driver.startup_s + 10)  # min green 8, yellow 4, red clearance 2
    assert shown(driver.ask({4, 8}, 3.8)) == {6: Y}
    assert shown(driver.ask({4, 8}, 1.8)) == {6: C}
    assert shown(driver.ask({4, 8}, 0.5)) == {4: G, 8: G}


def test_a_phase_without_red_clearance_goes_from_yellow_to_red(driver: Driver) -> None:
    driver.ask({3}, driver.startup_s + 6)
    assert shown(driver.ask({4}, 2.8)) == {3: Y}
    assert shown(driver.ask({4}, 0.4)) == {4: G}


def test_a_yellow_is_finished_though_its_phase_is_asked_for_again(driver: Driver) -> None:
    driver.ask({1}, driver.startup_s + 6)
    driver.ask({5}, 1.0)
    assert shown(driver.ask({1, 5}, 1.0)) == {1: Y, 5: G}
    assert shown(driver.ask({1, 5}, 3.0)) == {1: G, 5: G}


@pytest.mark.parametrize("phases", [{2, 4}, {1, 2}, {2, 6, 8}, {9}, {2, 16}])
def test_conflicting_or_unknown_phases_are_refused_and_the_lamps_go_on(driver: Driver, phases: set[int]) -> None:
    driver.ask({2, 6}, driver.startup_s + 1, ttl_ms=5000)
    state = driver.ask(phases, 2.0)
    assert shown(state) == {2: G, 6: G}
    assert state.fault is not None
    assert "refused" in state.fault
    assert driver.ask({2, 6}, 0.2).fault is None


def test_silence_ends_green_in_order_and_then_flashes(driver: Driver) -> None:
    driver.ask({2, 6}, driver.startup_s + 12)  # pedestrians of phase 2 take 11 s
    assert shown(driver.wait(0.5)) == {2: Y, 6: Y}
    assert shown(driver.wait(4.0)) == {2: C, 6: C}
    state = driver.wait(2.0)
    assert state.mode == "flash"
    assert state.fault is not None
    assert set(state.intervals.values()) == {Interval.FLASH_RED}


def test_silence_from_the_start_flashes_after_startup(driver: Driver) -> None:
    assert driver.state().mode == "startup"
    assert driver.wait(driver.startup_s + 0.1).mode == "flash"


def test_flash_is_left_through_startup(driver: Driver) -> None:
    driver.wait(driver.startup_s + 1)
    state = driver.ask({4}, driver.startup_s - 0.2)
    assert (state.mode, shown(state)) == ("startup", {})
    assert shown(driver.ask({4}, 0.5)) == {4: G}


def test_a_request_that_comes_while_greens_are_being_ended_is_served(driver: Driver) -> None:
    driver.ask({4}, driver.startup_s + 8)
    driver.wait(1.0)
    assert shown(driver.ask({2}, 5.0)) == {2: G}


def test_asking_for_no_phase_is_all_red_and_no_fault(driver: Driver) -> None:
    driver.ask({4}, driver.startup_s + 8)
    state = driver.ask(set(), 10.0)
    assert (state.mode, state.fault, shown(state)) == ("running", None, {})


def test_pedestrians_walk_and_clear_before_green_ends(driver: Driver) -> None:
    state = driver.ask({2}, driver.startup_s + 4.5)
    assert state.pedestrian == {2: PedInterval.WALK}
    assert driver.ask({4}, 1.0).pedestrian == {2: PedInterval.CLEARANCE}
    state = driver.ask({4}, 5.0)
    assert (shown(state), state.pedestrian) == ({2: G}, {2: PedInterval.CLEARANCE})
    state = driver.ask({4}, 1.0)
    assert (shown(state), state.pedestrian) == ({2: Y}, {2: PedInterval.DONT_WALK})


def test_intervals_end_at_their_own_instants_when_nobody_looks(driver: Driver) -> None:
    """A caller that asks once in 5 s gets the same instants as one that asks every 100 ms."""
    bridge = driver.bridge
    second = NS_PER_S
    start = round(driver.startup_s)
    bridge.request(PhaseRequest(0, frozenset({6}), "test", 10_000))
    bridge.request(PhaseRequest((start + 5) * second, frozenset({6}), "test", 10_000))
    bridge.request(PhaseRequest((start + 10) * second, frozenset({8}), "test", 10_000))
    state = bridge.state((start + 19) * second)
    assert (state.intervals[6], state.since_ns[6]) == (R, (start + 16) * second)
    assert (state.intervals[8], state.since_ns[8]) == (G, (start + 16) * second)
    state = bridge.state((start + 60) * second)  # ran out at 20 s, when the least green of 7 s is not over
    assert state.mode == "flash"
    assert set(state.since_ns.values()) == {(start + 23) * second + 3500 * NS_PER_MS + 1 * second}


def test_time_never_runs_back(driver: Driver) -> None:
    later = driver.ask({4}, driver.startup_s + 2)
    assert driver.bridge.state(0) == later


def test_nothing_is_answered_after_close(driver: Driver) -> None:
    driver.bridge.close()
    driver.bridge.close()
    with pytest.raises(DeviceError):
        driver.bridge.state(0)
    with pytest.raises(DeviceError):
        driver.bridge.request(PhaseRequest(0, frozenset(), "test"))
