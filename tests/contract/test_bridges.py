"""What every bridge to the lamps does, whatever is behind it.

A new bridge is one more row of BRIDGES: a name, and how to rig one up for a timing table.
Its core must take time from the bridge's caller (a settable timer), as the real core
does when it is compiled for the host; `Rig.pass_to` lets that time pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

from calibration.site import Signal
from edge.clock import NS_PER_MS, NS_PER_S
from edge.errors import DeviceError
from edge.seams import Bridge
from edge.types import Interval, PedInterval, PhaseRequest, SignalState
from firmware_bridge.recording import RecordingBridge
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of_signal
from tests.gpio_pins import Rack, wired
from tests.lamp_laws import Witness
from tests.serial_cabinet import PacedBridge
from tests.signal_tables import EIGHT

G, Y, C, R = Interval.GREEN, Interval.YELLOW, Interval.RED_CLEARANCE, Interval.RED
STARTUP_S = 4.0
START_NS = 5 * NS_PER_S
#: The eight phases with the start-up that every row has.
TIMED = EIGHT.model_copy(update={"startup_flash_s": 0.0, "startup_red_s": STARTUP_S})


@dataclass(frozen=True)
class Rig:
    """A bridge, and what lets time pass up to an instant where nobody asks it anything."""

    bridge: Bridge
    pass_to: Callable[[int], object] = lambda _t_ns: None


@dataclass(frozen=True)
class BridgeCase:
    """within_s: how late an interval may be told to have begun, for a core behind a wire."""

    name: str
    rig: Callable[[Signal], Rig]
    within_s: float = 0.0


def recording(signal: Signal) -> Rig:
    return Rig(RecordingBridge(signal, lambda _line: None, startup_s=STARTUP_S))


def simulated(signal: Signal) -> Rig:
    return Rig(SimulatedBridge(table_of_signal(signal)))


def gpio(signal: Signal) -> Rig:
    switches = dict.fromkeys(("manual_flash", "door", "reset", "stop_time"))
    rack = Rack(wired(signal, first=2, **switches), start_ns=START_NS)
    return Rig(rack.bridge, rack.pass_to)


def serial(signal: Signal) -> Rig:
    """The firmware's C behind a pseudo terminal."""
    bridge = PacedBridge(Path(mkdtemp(prefix="stopline-")), table_of_signal(signal))
    return Rig(bridge, bridge.pass_to)


BRIDGES = (
    BridgeCase("recording", recording),
    BridgeCase("simulated", simulated),
    BridgeCase("gpio", gpio, within_s=0.01),  # asked at the tick after the request
    BridgeCase("serial", serial, within_s=0.05),
)


class Driver:
    """Asks every 100 ms, as the control loop does, and lets a witness see every state."""

    def __init__(self, case: BridgeCase, signal: Signal) -> None:
        self._rig = case.rig(signal)
        self.bridge = self._rig.bridge
        self.within_ns = round(case.within_s * NS_PER_S)
        self.startup_s = STARTUP_S
        self.witness = Witness(signal)
        self.start_ns = self._t_ns = START_NS

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

    def ask_seldom(self, phases: set[int], until_s: float) -> None:
        """Ask every 0.9 s until so long after the start, as long as a request may live, and never look."""
        while self._t_ns < self.start_ns + round(until_s * NS_PER_S):
            self.bridge.request(PhaseRequest(self._t_ns, frozenset(phases), "test", 1000))
            self._t_ns += 900 * NS_PER_MS
            self._rig.pass_to(self._t_ns)

    def look(self, at_s: float) -> SignalState:
        """The state so long after the start."""
        self._t_ns = self.start_ns + round(at_s * NS_PER_S)
        self._rig.pass_to(self._t_ns)
        return self.bridge.state(self._t_ns)

    def _pass(self, seconds: float) -> None:
        self._t_ns += round(seconds * NS_PER_S)
        self._rig.pass_to(self._t_ns)
        self.state()


@pytest.fixture(params=BRIDGES, ids=lambda case: case.name)
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    driver = Driver(request.param, TIMED)
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
    driver.ask({2, 6}, driver.startup_s + 1, ttl_ms=1000)
    state = driver.ask(phases, 0.8)
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
    assert driver.state().mode in {"startup", "flash"}
    state = driver.wait(driver.startup_s + 0.1)
    assert state.mode == "flash"
    assert state.fault is not None


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
    """A caller that asks once in 0.9 s and never looks gets the same instants as one that asks every 100 ms."""

    def at(since_ns: int, instant_s: float) -> bool:
        return 0 <= since_ns - driver.start_ns - round(instant_s * NS_PER_S) <= driver.within_ns

    driver.ask_seldom({6}, 10.0)  # green from 4 s: asked for until 10.8 s, minimum over at 12 s
    driver.ask_seldom({8}, 20.0)  # yellow 4 s, red clearance 2 s: green from 18 s, asked for until 21.6 s
    state = driver.look(20.7)
    assert state.intervals[6] is R
    assert at(state.since_ns[6], 18)
    assert state.intervals[8] is G
    assert at(state.since_ns[8], 18)
    state = driver.look(60)  # minimum over at 25 s, yellow 3.5 s, red clearance 1 s
    assert state.mode == "flash"
    assert all(at(since_ns, 29.5) for since_ns in state.since_ns.values())


def test_a_request_may_not_outlive_a_second(driver: Driver) -> None:
    driver.ask({4}, driver.startup_s + 8)
    state = driver.ask({4}, 1.0, ttl_ms=1001)
    assert shown(state) == {4: Y}
    assert state.fault is not None
    assert shown(driver.ask({4}, driver.startup_s + 15, ttl_ms=1000)) == {4: G}


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
